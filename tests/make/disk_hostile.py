#!/usr/bin/env python3
"""disk_hostile.py FOLDER: disk images that attack a reader, one or more for each class of fault that readers of these formats have had.

Prints a line for each: file, the format's row, what must come of it, a word (regular expression) of the message or finding, the class; tab-separated.
What must come of it:
    refused   exit 5, 4 (a file that is not to be had) or 2 (a guard), and the word
    found     the same, or it opens and verify ends with a finding that has the word
    any       accepted or refused; only never a crash, never slow, never much memory
SECRET beside FOLDER is a file outside, whose bytes must never be seen. Everything here is built from the formats' own descriptions."""
import base64
import os
import struct
import sys
import zlib

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rows = []
ONES8 = b"\xff" * 8


def case(kind, name, form, want, word, data):
    path = os.path.join(out, name)
    with open(path, "wb") as file:
        for at, piece in data if isinstance(data, list) else [(0, data)]:
            file.seek(at)
            file.write(piece.encode() if isinstance(piece, str) else piece)
    rows.append("\t".join((name, form, want, word or ".", kind)))


def patched(data, *changes):
    data = bytearray(data)
    for at, new in changes:
        data[at : at + len(new)] = new
    return bytes(data)


le16, le32, le64, be32, be64 = (lambda n, f=f: struct.pack(f, n) for f in ("<H", "<I", "<Q", ">I", ">Q"))
MIB = 1 << 20
PATH = "a path in the image opens a file elsewhere"
WRAP = "offset and length wrap, or leave the file"
SIZE = "a count is a size to allocate"
ZERO = "a zero where something is divided or stepped by"
SHORT = "a block shorter than its header"
BOMB = "more comes out of the packer than there is room"
CIRCLE = "circles and depth"
OVERLAP = "one place, used twice"
TEXT = "text that is long, or that drives the terminal or a shell"
XML = "XML that refers to files or grows"
with open(os.path.join(out, "..", "SECRET"), "w") as secret:
    secret.write("SSSSSSSS" * 512)


# ---- VMDK: a descriptor is a text, and a sparse extent carries one
def vmdk(*lines, cid="12345678", parent="ffffffff", kind="monolithicFlat"):
    return "# Disk DescriptorFile\nversion=1\nCID=%s\nparentCID=%s\ncreateType=\"%s\"\n%s\n" % (cid, parent, kind, "\n".join(lines))


def sparse(capacity=2048, grain=128, gtes=512, gd=21, flags=3, descriptor=(1, 20), packed=0, overhead=128, gte=None, more=(), text=None):
    header = b"KDMV" + le32(1) + le32(flags) + le64(capacity) + le64(grain) + le64(descriptor[0]) + le64(descriptor[1]) + le32(gtes)
    header += le64(0) + le64(gd) + le64(overhead) + b"\0\n \r\n" + le16(packed)
    body = bytearray(overhead * 512 + 128 * 512)
    body[: len(header)] = header
    text = (text if text is not None else vmdk('RW %d SPARSE "x.vmdk"' % capacity, kind="monolithicSparse")).encode()
    body[512 : 512 + len(text)] = text
    if gd != 0xFFFFFFFFFFFFFFFF and gd * 512 + 4 <= len(body):
        body[gd * 512 : gd * 512 + 4] = le32(22)
    for i, entry in enumerate(gte if gte is not None else [overhead]):
        body[22 * 512 + 4 * i : 22 * 512 + 4 * i + 4] = le32(entry)
    for at, new in more:
        body[at : at + len(new)] = new
    return bytes(body)


def vmdks():
    for name, path in (("passwd", "/etc/passwd"), ("up", "../SECRET"), ("deep", "a/../../SECRET"), ("device", "/dev/zero"), ("back", "..\\SECRET")):
        case(PATH, "flat-%s.vmdk" % name, "vmdk", "refused", "passwd|SECRET|zero|\\.\\.", vmdk('RW 4 FLAT "%s" 0' % path))
        case(PATH, "parent-%s.vmdk" % name, "vmdk", "refused", "parent|passwd|SECRET|zero|\\.\\.",
             sparse(text=vmdk('RW 2048 SPARSE "x.vmdk"', 'parentFileNameHint="%s"' % path, parent="11111111", kind="monolithicSparse")))
    case(PATH, "raw-device.vmdk", "vmdk", "refused", "device|VMFSRDM|fullDevice|sda|extent", vmdk('RW 2048 FLAT "/dev/sda" 0', kind="fullDevice"))
    os.symlink("../SECRET", os.path.join(out, "link.raw"))
    case(PATH, "flat-link.vmdk", "vmdk", "refused", "link", vmdk('RW 4 FLAT "link.raw" 0'))
    os.mkfifo(os.path.join(out, "pipe.raw"))
    case(PATH, "flat-pipe.vmdk", "vmdk", "refused", "pipe", vmdk('RW 4 FLAT "pipe.raw" 0'))
    case(CIRCLE, "itself.vmdk", "vmdk", "refused", "itself|sparse|KDMV|extent|file|bytes", vmdk('RW 4 SPARSE "itself.vmdk"', kind="twoGbMaxExtentSparse"))
    own = vmdk('RW 2048 SPARSE "own-parent.vmdk"', 'parentFileNameHint="own-parent.vmdk"', cid="12345678", parent="12345678", kind="monolithicSparse")
    case(CIRCLE, "own-parent.vmdk", "vmdk", "refused", "circle|parent", sparse(text=own))
    for a, b in (("circle-a", "circle-b"), ("circle-b", "circle-a")):
        case(CIRCLE, a + ".vmdk", "vmdk", "refused", "circle|parents",
             sparse(text=vmdk('RW 2048 SPARSE "%s.vmdk"' % a, 'parentFileNameHint="%s.vmdk"' % b, parent="12345678", kind="monolithicSparse")))
    case(SIZE, "capacity-max.vmdk", "vmdk", "refused", "", sparse(capacity=0xFFFFFFFFFFFFFFFF))
    case(SIZE, "capacity-2-62.vmdk", "vmdk", "refused", "", sparse(capacity=1 << 53))
    case(SIZE, "gtes-max.vmdk", "vmdk", "refused", "", sparse(gtes=0xFFFFFFFF))
    case(SIZE, "descriptor-max.vmdk", "vmdk", "refused", "descriptor", sparse(descriptor=(1, 1 << 40)))
    case(ZERO, "grain-0.vmdk", "vmdk", "refused", "grain", sparse(grain=0))
    case(ZERO, "gtes-0.vmdk", "vmdk", "refused", "", sparse(gtes=0))
    case(ZERO, "grain-odd.vmdk", "vmdk", "refused", "grain", sparse(grain=127))
    case(WRAP, "gd-max.vmdk", "vmdk", "refused", "", sparse(gd=0x00FFFFFFFFFFFFFF))
    case(WRAP, "grain-far.vmdk", "vmdk", "found", "", sparse(gte=[0xFFFFFFFF]))
    case(OVERLAP, "grains-twice.vmdk", "vmdk", "found", "twice|overlap|grain|already", sparse(gte=[128, 128]))
    case(OVERLAP, "grain-in-header.vmdk", "vmdk", "found", "twice|overlap|grain|already|header", sparse(gte=[2]))
    bomb = zlib.compress(bytes(64 * MIB), 9)
    grain = le64(0) + le32(len(bomb)) + bomb
    case(BOMB, "bomb.vmdk", "vmdk", "found", "", sparse(flags=0x10003, packed=1, more=((128 * 512, grain),)) if len(grain) < 128 * 512 else "")
    case(TEXT, "descriptor-10m.vmdk", "vmdk", "refused", "descriptor|bytes|line|long", vmdk('RW 4 FLAT "%s" 0' % ("a" * 10 * MIB)))
    case(TEXT, "lines-10m.vmdk", "vmdk", "refused", "", vmdk(*['RW 1 ZERO'] * 1000000))
    case(TEXT, "name-70k.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "%s" 0' % ("a" * 70000)))
    case(TEXT, "escape.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "\033]0;x\007$(touch owned);`touch owned`" 0'))
    case(TEXT, "number.vmdk", "vmdk", "refused", "", vmdk('RW 99999999999999999999999999 FLAT "d.raw" 0'))
    case(TEXT, "negative.vmdk", "vmdk", "refused", "", vmdk('RW -4 FLAT "d.raw" 0'))
    case(WRAP, "flat-offset.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "d.raw" 36028797018963967'))


# ---- QCOW2
def qcow2(version=3, backing=b"", bits=16, size=MIB, crypt=0, l1=1, l1_at=3 << 16, refs=(1 << 16, 1), snaps=(0, 0), features=0, length=104, l2=None,
          extra=b"", data=b"", backing_at=None, entries=None):
    name_at = (4096 if backing else 0) if backing_at is None else backing_at
    header = b"QFI\xfb" + be32(version) + be64(name_at) + be32(len(backing)) + be32(bits) + be64(size) + be32(crypt) + be32(l1) + be64(l1_at)
    header += be64(refs[0]) + be32(refs[1]) + be32(snaps[0]) + be64(snaps[1])
    if version == 3:
        header += be64(features) + be64(0) * 2 + be32(4) + be32(length)
    image = bytearray(6 << 16)
    image[: len(header)] = header
    image[length : length + len(extra)] = extra
    image[4096 : 4096 + len(backing)] = backing
    image[1 << 16 : (1 << 16) + 8] = be64(2 << 16)
    for i in range(6):
        image[(2 << 16) + 2 * i : (2 << 16) + 2 * i + 2] = b"\0\1"
    image[3 << 16 : (3 << 16) + 8] = be64(l2 if l2 is not None else (4 << 16) | 1 << 63)
    for i, entry in enumerate(entries if entries is not None else [(5 << 16) | 1 << 63]):
        image[(4 << 16) + 8 * i : (4 << 16) + 8 * i + 8] = be64(entry)
    image[5 << 16 : (5 << 16) + len(data)] = data
    return bytes(image)


def qcows():
    extension = lambda kind, text: be32(kind) + be32(len(text)) + text + bytes(-len(text) % 8)
    for name, text in (("json", b'json:{"driver":"file","filename":"/etc/passwd"}'), ("passwd", b"/etc/passwd"), ("up", b"../SECRET"), ("nbd", b"nbd:localhost:1"),
                       ("fd", b"/dev/fdset/1"), ("proc", b"/proc/self/environ"), ("file", b"file:../SECRET"), ("http", b"http://localhost/x"), ("format", b"%s%n%s%n")):
        case(PATH, "backing-%s.qcow2" % name, "qcow2", "refused", "parent|backing|json|\\.\\.", qcow2(backing=text))
        case(PATH, "data-%s.qcow2" % name, "qcow2", "refused", "data file|json|\\.\\.|cannot open|no file", qcow2(features=4, extra=extension(0x44415441, text)))
    case(PATH, "backing-link.qcow2", "qcow2", "refused", "link", qcow2(backing=b"link.raw"))
    case(PATH, "data-nameless.qcow2", "qcow2", "refused", "another file", qcow2(features=4))
    case(CIRCLE, "itself.qcow2", "qcow2", "refused", "circle|parents", qcow2(backing=b"itself.qcow2"))
    for a, b in (("circle-a", "circle-b"), ("circle-b", "circle-a")):
        case(CIRCLE, a + ".qcow2", "qcow2", "refused", "circle|parents", qcow2(backing=b.encode() + b".qcow2"))
    for n in range(40):
        case(CIRCLE, "chain-%d.qcow2" % n, "qcow2", "refused" if n < 23 else "any", "parents" if n < 23 else "", qcow2(backing=b"chain-%d.qcow2" % (n + 1)))
    case(CIRCLE, "chain-40.qcow2", "qcow2", "any", "", qcow2())
    case(SIZE, "l1-max.qcow2", "qcow2", "refused", "L1", qcow2(l1=0xFFFFFFFF))
    case(SIZE, "l1-32m.qcow2", "qcow2", "refused", "L1", qcow2(l1=(32 << 20) // 8))
    case(SIZE, "size-max.qcow2", "qcow2", "refused", "", qcow2(size=0xFFFFFFFFFFFFFFFF))
    case(SIZE, "size-2-62.qcow2", "qcow2", "refused", "L1", qcow2(size=1 << 62))
    case(SIZE, "refcounts-max.qcow2", "qcow2", "found", "", qcow2(refs=(1 << 16, 0xFFFFFFFF)))
    case(SIZE, "snapshots-max.qcow2", "qcow2", "refused", "snapshots", qcow2(snaps=(0xFFFFFFFF, 4096)))
    case(SIZE, "snapshot-name.qcow2", "qcow2", "found", "snapshot", patched(qcow2(snaps=(1, 8192)), (8192, be64(3 << 16) + be32(1) + b"\xff\xff\xff\xff" + bytes(20) + b"\xff\xff\xff\xff")))
    case(ZERO, "bits-0.qcow2", "qcow2", "refused", "clusters", qcow2(bits=0))
    case(ZERO, "bits-63.qcow2", "qcow2", "refused", "clusters", qcow2(bits=63))
    case(ZERO, "bits-64.qcow2", "qcow2", "refused", "clusters", qcow2(bits=64))
    case(ZERO, "size-0.qcow2", "qcow2", "refused", "disk of 0", qcow2(size=0))
    case(WRAP, "l1-wraps.qcow2", "qcow2", "refused", "L1", qcow2(l1_at=0xFFFFFFFFFFFFFFF8))
    case(WRAP, "backing-wraps.qcow2", "qcow2", "refused", "backing", qcow2(backing=b"x", backing_at=0xFFFFFFFFFFFFFFFF))
    case(WRAP, "header-length.qcow2", "qcow2", "found", "", qcow2(length=104, extra=b"\x01\x02\x03\x04\xff\xff\xff\xff"))
    case(WRAP, "l2-far.qcow2", "qcow2", "found", "", qcow2(l2=0x00FFFFFFFFFF0000 | 1 << 63))
    case(WRAP, "cluster-far.qcow2", "qcow2", "found", "", qcow2(entries=[0x00FFFFFFFFFF0000 | 1 << 63]))
    case(CIRCLE, "l2-is-l1.qcow2", "qcow2", "found", "", qcow2(l2=(3 << 16) | 1 << 63))
    case(OVERLAP, "clusters-twice.qcow2", "qcow2", "found", "twice|overlap|cluster|already", qcow2(entries=[(5 << 16) | 1 << 63] * 3))
    case(OVERLAP, "cluster-is-header.qcow2", "qcow2", "found", "", qcow2(entries=[(1 << 16) | 1 << 63]))
    raw = zlib.compressobj(9, zlib.DEFLATED, -12)
    bomb = raw.compress(bytes(32 * MIB)) + raw.flush()
    case(BOMB, "bomb.qcow2", "qcow2", "found", "", qcow2(entries=[1 << 62 | 127 << 54 | 5 << 16], data=bomb))
    case(BOMB, "compressed-far.qcow2", "qcow2", "found", "", qcow2(entries=[1 << 62 | 255 << 54 | 0x3FFFFFFFFFFF]))
    case("a feature that is not known", "unknown-feature.qcow2", "qcow2", "refused", "feature", qcow2(features=1 << 40))
    case("ciphertext for data", "luks.qcow2", "qcow2", "refused", "encrypted.*LUKS", qcow2(crypt=2))
    case("ciphertext for data", "aes.qcow2", "qcow2", "refused", "encrypted.*AES", qcow2(crypt=1))


# ---- VDI
def vdi(kind=1, blocks=4, block=MIB, size=4 * MIB, map_at=512, data_at=MIB, allocated=2, entries=(0, 1), extra=0, version=0x10001, stored=2):
    h = bytearray(512)
    h[0:16] = b"<<< a disk >>>\n\0"
    h[0x40:0x54] = le32(0xBEDA107F) + le32(version) + le32(0x190) + le32(kind) + le32(0)
    h[0x154:0x15C] = le32(map_at) + le32(data_at)
    h[0x168:0x188] = le32(512) + le32(0) + le64(size) + le32(block) + le32(extra) + le32(blocks) + le32(allocated)
    h[0x188:0x198] = b"u" * 16
    table = b"".join(le32(e) for e in entries) + b"\xff" * 4 * max(0, min(blocks, 4) - len(entries))
    return [(0, bytes(h)), (512, table), (data_at if data_at < 1 << 30 else 4096, b"D" * 4096), (MIB + stored * MIB - 1, b"\0")]


def vdis():
    case(SIZE, "blocks-max.vdi", "vdi", "refused", "map", vdi(blocks=0xFFFFFFFF))
    case(SIZE, "size-max.vdi", "vdi", "refused", "disk of", vdi(size=0xFFFFFFFFFFFFFFFF))
    case(SIZE, "block-max.vdi", "vdi", "refused", "blocks of", vdi(block=0x80000000))
    case(ZERO, "block-0.vdi", "vdi", "refused", "blocks of 0", vdi(block=0))
    case(ZERO, "block-odd.vdi", "vdi", "refused", "blocks of", vdi(block=3 * MIB))
    case(ZERO, "blocks-0.vdi", "vdi", "refused", "", vdi(blocks=0))
    case(WRAP, "map-max.vdi", "vdi", "refused", "map", vdi(map_at=0xFFFFFFFC))
    case(WRAP, "data-in-map.vdi", "vdi", "refused", "map", vdi(data_at=516))
    case(WRAP, "data-far.vdi", "vdi", "found", "", vdi(data_at=0xFFFFFE00))
    case(WRAP, "extra-max.vdi", "vdi", "refused", "extra", vdi(extra=0xFFFFFFFF))
    case(WRAP, "entry-far.vdi", "vdi", "found", "", vdi(entries=(0, 0xFFFFFFFD)))
    case(WRAP, "entry-behind.vdi", "vdi", "found", "", vdi(entries=(0, 3)))
    case(OVERLAP, "entries-twice.vdi", "vdi", "found", "twice|overlap|block|already", vdi(entries=(1, 1)))
    case(CIRCLE, "parent.vdi", "vdi", "refused", "parent", vdi(kind=4))
    case("a type that is not known", "type-9.vdi", "vdi", "refused", "type 9", vdi(kind=9))


# ---- VHD
def vhd_sum(block, at):
    total = sum(block[:at]) + sum(block[at + 4 :])
    return patched(block, (at, be32(~total & 0xFFFFFFFF)))


def vhd(kind=3, size=4 * MIB, block=2 * MIB, entries=2, table=1536, bat=None, parent="", locators=b"", parent_id=bytes(16), header_at=512, tail=True):
    footer = b"conectix" + be32(2) + be32(0x10000) + be64(header_at) + be32(1) + b"test" + be32(1) + b"Wi2k" + be64(size) * 2 + struct.pack(">HBB", 2, 4, 17)
    footer = vhd_sum(footer + be32(kind) + be32(0) + b"v" * 16 + bytes(428), 64)
    header = b"cxsparse" + ONES8 + be64(table) + be32(0x10000) + be32(entries) + be32(block) + be32(0) + parent_id + be32(0) * 2
    header = vhd_sum((header + parent.encode("utf-16-be").ljust(512, b"\0")[:512] + locators.ljust(192, b"\0")).ljust(1024, b"\0"), 36)
    places = bat if bat is not None else [4]
    table_bytes = b"".join(be32(e) for e in places).ljust(512, b"\xff")
    body = [(0, footer), (512, header), (1536, table_bytes), (2048, b"\xff" * 512 + b"D" * 2 * MIB)]
    return body + ([(2048 + 512 + 2 * MIB, footer)] if tail else [])


def vhds():
    case(SIZE, "entries-max.vhd", "vhd", "refused", "", vhd(entries=0xFFFFFFFF))
    case(SIZE, "size-max.vhd", "vhd", "refused", "", vhd(size=0xFFFFFFFFFFFFFE00))
    case(SIZE, "block-max.vhd", "vhd", "refused", "block", vhd(block=0x80000000))
    case(ZERO, "block-0.vhd", "vhd", "refused", "block", vhd(block=0))
    case(ZERO, "block-1.vhd", "vhd", "refused", "block", vhd(block=1))
    case(ZERO, "block-odd.vhd", "vhd", "refused", "block", vhd(block=3 * MIB))
    case(ZERO, "size-0.vhd", "vhd", "refused", "", vhd(size=0))
    case(WRAP, "table-wraps.vhd", "vhd", "refused", "", vhd(table=0xFFFFFFFFFFFFFFF0))
    case(WRAP, "header-wraps.vhd", "vhd", "refused", "", vhd(header_at=0xFFFFFFFFFFFFFF00))
    case(WRAP, "block-far.vhd", "vhd", "found", "", vhd(bat=[0xFFFFFFFE]))
    case(OVERLAP, "blocks-twice.vhd", "vhd", "found", "twice|overlap|block|already", vhd(bat=[4, 4]))
    case(OVERLAP, "block-is-header.vhd", "vhd", "found", "", vhd(bat=[0]))
    for name, path in (("passwd", "/etc/passwd"), ("up", "..\\SECRET"), ("unc", "\\\\server\\share\\x.vhd"), ("long", "a" * 256)):
        case(PATH, "parent-%s.vhd" % name, "vhd", "refused", "parent", vhd(kind=4, parent=path, parent_id=b"p" * 16))
    case(CIRCLE, "itself.vhd", "vhd", "refused", "circle|parent", vhd(kind=4, parent="itself.vhd", parent_id=b"v" * 16))
    case(WRAP, "locator.vhd", "vhd", "refused", "parent|locator", vhd(kind=4, parent_id=b"p" * 16, locators=b"W2ru" + be32(0xFFFFFFFF) * 2 + be32(0) + be64(0xFFFFFFFFFFFFFFF0)))
    case(SHORT, "short.vhd", "vhd", "refused", "", [(0, vhd()[0][1]), (512, b"cxsparse")])


# ---- DMG
def koly(plist_at, plist_bytes, fork=(0, 0), sectors=8, resource=(0, 0), segments=(1, 1), version=4, header=512):
    k = b"koly" + be32(version) + be32(header) + be32(1) + be64(0) + be64(fork[0]) + be64(fork[1]) + be64(resource[0]) + be64(resource[1])
    k += be32(segments[0]) + be32(segments[1]) + bytes(16) + be32(0) * 2 + bytes(128) + be64(plist_at) + be64(plist_bytes)
    return (k.ljust(0x160, b"\0") + be32(0) * 2).ljust(0x1E8, b"\0") + be32(1) + be64(sectors) + bytes(12)


def mish(chunks, sectors=8, first=0, count=None, data_at=0):
    m = b"mish" + be32(1) + be64(first) + be64(sectors) + be64(data_at) + be32(0x208) + be32(0xFFFFFFFE) + bytes(24) + be32(0) * 2 + bytes(128)
    return m + be32(len(chunks) if count is None else count) + b"".join(be32(c[0]) + be32(0) + b"".join(be64(n) for n in c[1:]) for c in chunks)


def plist(*tables, head="", name="x"):
    item = "<dict><key>Attributes</key><string>0x0050</string><key>Data</key><data>%s</data><key>ID</key><string>0</string><key>Name</key><string>%s</string></dict>"
    inner = "".join(item % (base64.b64encode(t).decode(), name) for t in tables)
    return ('<?xml version="1.0" encoding="UTF-8"?>%s<plist version="1.0"><dict><key>resource-fork</key><dict><key>blkx</key><array>%s</array></dict></dict></plist>'
            % (head, inner)).encode()


def dmg(tables=None, fork=b"D" * 4096, text=None, **trailer):
    end = (0xFFFFFFFF, 8, 0, len(fork), 0)
    tables = [mish([(1, 0, 8, 0, 4096), end])] if tables is None else tables
    text = plist(*tables) if text is None else text
    return fork + text + koly(trailer.pop("plist_at", len(fork)), trailer.pop("plist_bytes", len(text)), trailer.pop("fork_range", (0, len(fork))), **trailer)


def dmgs():
    end = (0xFFFFFFFF, 8, 0, 4096, 0)
    case(SIZE, "runs-max.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 0, 4096), end], count=0xFFFFFFFF)]))
    case(SIZE, "runs-2-30.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 0, 4096), end], count=0x06666667)]))
    case(SHORT, "mish-40.dmg", "dmg", "refused", "", dmg([mish([])[:40]]))
    case(SHORT, "mish-0.dmg", "dmg", "refused", "", dmg([b""]))
    case(SHORT, "mish-203.dmg", "dmg", "refused", "", dmg([mish([])[:203]]))
    case(WRAP, "sectors-wrap.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 1 << 55, 0, 4096), end], sectors=1 << 55)], sectors=1 << 55))
    case(WRAP, "run-offset-wraps.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 0xFFFFFFFFFFFFFFF0, 4096), end])]))
    case(WRAP, "table-offset-wraps.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 4096, 4096), end], data_at=0xFFFFFFFFFFFFF000)]))
    case(WRAP, "plist-wraps.dmg", "dmg", "refused", "", dmg(plist_at=0xFFFFFFFFFFFFFF00))
    case(WRAP, "plist-huge.dmg", "dmg", "refused", "", dmg(plist_bytes=1 << 62))
    case(WRAP, "fork-wraps.dmg", "dmg", "refused", "fork", dmg(fork_range=(1 << 63, 1 << 63)))
    case(OVERLAP, "runs-overlap.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 0, 4096), (1, 4, 4, 0, 2048), end])]))
    case(OVERLAP, "tables-overlap.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 8, 0, 4096), end])] * 2))
    case(OVERLAP, "hole.dmg", "dmg", "refused", "", dmg([mish([(1, 0, 2, 0, 1024), (1, 4, 4, 0, 2048), end])]))
    zipped = zlib.compress(bytes(256 * MIB), 9)
    case(BOMB, "bomb.dmg", "dmg", "found", "", dmg([mish([(0x80000005, 0, 8, 0, len(zipped)), (0xFFFFFFFF, 8, 0, 0, 0)])], fork=zipped))
    case(BOMB, "one-run-2-40.dmg", "dmg", "refused", "", dmg([mish([(0x80000005, 0, 1 << 40, 0, 4096), end], sectors=1 << 40)], sectors=1 << 40))
    case(BOMB, "adc-back.dmg", "dmg", "found", "", dmg([mish([(0x80000004, 0, 8, 0, 4096), end])], fork=b"\x7f\xff\xff" * 1365 + b"\0"))
    case(BOMB, "lzfse-none.dmg", "dmg", "found", "", dmg([mish([(0x80000007, 0, 8, 0, 4096), end])], fork=(b"bvx-" + le32(0)) * 512))
    case("a packer that is not known", "kencode.dmg", "dmg", "refused", "KenCode", dmg([mish([(0x80000001, 0, 8, 0, 4096), end])]))
    case(CIRCLE, "segments.dmg", "dmg", "refused", "segment|part", dmg(segments=(1, 0xFFFFFFFF)))
    case(XML, "entity.dmg", "dmg", "refused", "", dmg(text=plist(mish([(1, 0, 8, 0, 4096), end]), head='<!DOCTYPE p [<!ENTITY x SYSTEM "file:///etc/passwd">]>', name="&x;")))
    laughs = "<!DOCTYPE p [<!ENTITY a0 'ha'>%s]>" % "".join("<!ENTITY a%d '%s'>" % (n, ("&a%d;" % (n - 1)) * 10) for n in range(1, 12))
    case(XML, "laughs.dmg", "dmg", "refused", "", dmg(text=plist(mish([(1, 0, 8, 0, 4096), end]), head=laughs, name="&a11;")))
    case(XML, "deep.dmg", "dmg", "refused", "", dmg(text=b"<plist><dict>" + b"<array>" * 200000))
    case(XML, "no-end.dmg", "dmg", "refused", "", dmg(text=b"<plist><dict><key>resource-fork</key>"))
    case(TEXT, "name.dmg", "dmg", "any", "", dmg(text=plist(mish([(1, 0, 8, 0, 4096), end]), name="&#27;]0;x&#7;$(touch owned)\u202e")))
    case(TEXT, "name-10m.dmg", "dmg", "any", "", dmg(text=plist(mish([(1, 0, 8, 0, 4096), end]), name="n" * 10 * MIB)))
    encrypted = b"encrcdsa" + be32(2) + be32(16) + be32(5) + be32(0x80000001) + be32(128) + be32(91) + be32(160) + bytes(16) + be32(512) + be64(4096) + be64(0x1DE00)
    case(SIZE, "keys-max.dmg", "dmg", "refused", "", (encrypted + be32(0xFFFFFFFF)).ljust(0x1EE00, b"\1"))
    record = be32(1) + be64(96) + be64(616)
    key = be32(103) + be32(0) + be32(0xFFFFFFFF) + be32(20) + bytes(32) + be32(8) + bytes(32) + be32(192) + be32(17) + be32(7) + be32(6) + be32(48) + bytes(48)
    case(SIZE, "iterations-max.dmg", "dmg", "refused", "", (encrypted + be32(1) + record + key).ljust(0x1EE00, b"\1"))


# ---- sparse images
def sprs(band=2048, total=8192, slots=(1, 2), node=0, version=3):
    h = b"sprs" + be32(version) + be32(band) + be32(1) + be32(total & 0xFFFFFFFF) + be64(node) + be64(total) + bytes(28)
    return [(0, (h + b"".join(be32(s) for s in slots)).ljust(4096, b"\0")), (4096 + 2 * MIB - 1, b"\0")]


def sparses():
    case(ZERO, "band-0.sparseimage", "sparseimage", "refused", "", sprs(band=0))
    case(SIZE, "band-max.sparseimage", "sparseimage", "refused", "", sprs(band=0xFFFFFFFF))
    case(SIZE, "total-max.sparseimage", "sparseimage", "refused", "", sprs(total=0xFFFFFFFFFFFFFFFF))
    case(OVERLAP, "bands-twice.sparseimage", "sparseimage", "found", "twice|band", sprs(slots=(1, 1)))
    case(WRAP, "band-far.sparseimage", "sparseimage", "found", "band", sprs(slots=(1, 0xFFFFFFFF)))
    case(CIRCLE, "node-circle.sparseimage", "sparseimage", "refused", "", sprs(node=4096) [:1] + [(4096, b"sprs" + be32(1) + be32(0) + be64(4096) + bytes(4076))])


# ---- VHDX: enough of it to be claimed
def crc32c(data):
    r = 0xFFFFFFFF
    for byte in data:
        r ^= byte
        for _ in range(8):
            r = r >> 1 ^ (0x82F63B78 if r & 1 else 0)
    return r ^ 0xFFFFFFFF


def sealed(block):
    return patched(block, (4, le32(crc32c(patched(block, (4, bytes(4)))))))


def guid(text):
    import uuid
    return uuid.UUID(text).bytes_le


def vhdx(size=4 * MIB, block=MIB, sector=512, log=(0, MIB, MIB), regions=None, bat=(6 | 4 << 20,), region_count=None, flags=0, items=None, locator=None, log_data=b""):
    header = b"head" + be32(0) + le64(1) + bytes(32) + (b"L" * 16 if log[0] else bytes(16)) + le16(0) + le16(1) + le32(log[1]) + le64(log[2])
    header = sealed(header.ljust(4096, b"\0"))
    where = regions or [("2DC27766-F623-4200-9D64-115E9BFD4A08", 2 * MIB, MIB, 1), ("8B7CA206-4790-4B9A-B8FE-575F050F886E", 3 * MIB, MIB, 1)]
    table = b"regi" + be32(0) + le32(len(where) if region_count is None else region_count) + le32(0)
    table += b"".join(guid(g) + le64(at) + le32(n) + le32(need) for g, at, n, need in where)
    table = sealed(table.ljust(65536, b"\0"))
    values = [("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", le32(block) + le32(flags), 4), ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", le64(size), 6),
              ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", le32(sector), 6), ("CDA348C7-445D-4471-9CC9-E9885251C556", le32(sector), 6)]
    if locator:
        values.append(("A8D35F2D-B30B-454D-ABF7-D3D84834AB0C", locator, 4))
    meta, body, at = b"metadata" + bytes(2) + le16(len(values) if items is None else items) + bytes(20), b"", 65536
    for name, value, flag in values:
        meta += guid(name) + le32(at + len(body)) + le32(len(value)) + le32(flag) + le32(0)
        body += value
    return [(0, b"vhdxfile"), (65536, header), (131072, header), (196608, table), (262144, table), (MIB, log_data), (2 * MIB, b"".join(le64(b) for b in bat)),
            (3 * MIB, meta.ljust(65536, b"\0") + body), (4 * MIB, b"D" * 4096), (5 * MIB - 1, b"\0")]


def locator(**pairs):
    head, text = guid("B04AEFB7-D19E-4A81-B789-25B8E9445913") + le16(0) + le16(len(pairs)), b""
    at = 20 + 12 * len(pairs)
    for key, value in pairs.items():
        k, v = key.encode("utf-16-le"), value.encode("utf-16-le")
        head += le32(at + len(text)) + le32(at + len(text) + len(k)) + le16(len(k)) + le16(len(v))
        text += k + v
    return head + text


def vhdxs():
    case(SIZE, "size-max.vhdx", "vhdx", "refused", "", vhdx(size=0xFFFFFFFFFFFFFE00))
    case(SIZE, "size-2-46.vhdx", "vhdx", "refused", "", vhdx(size=1 << 46))
    case(SIZE, "regions-max.vhdx", "vhdx", "refused", "region", vhdx(region_count=0xFFFFFFFF))
    case(SIZE, "items-max.vhdx", "vhdx", "refused", "", vhdx(items=65535))
    case(ZERO, "block-0.vhdx", "vhdx", "refused", "block", vhdx(block=0))
    case(ZERO, "sector-0.vhdx", "vhdx", "refused", "sector", vhdx(sector=0))
    case(ZERO, "block-max.vhdx", "vhdx", "refused", "block", vhdx(block=0x80000000))
    case(WRAP, "bat-wraps.vhdx", "vhdx", "refused", "", vhdx(regions=[("2DC27766-F623-4200-9D64-115E9BFD4A08", 0xFFFFFFFFFFF00000, MIB, 1),
                                                                        ("8B7CA206-4790-4B9A-B8FE-575F050F886E", 3 * MIB, MIB, 1)]))
    case(WRAP, "block-far.vhdx", "vhdx", "found", "", vhdx(bat=(6 | 0xFFFFFFFFFFF << 20,)))
    case(OVERLAP, "blocks-twice.vhdx", "vhdx", "found", "twice|overlap|block|already", vhdx(bat=(6 | 4 << 20, 6 | 4 << 20)))
    case(OVERLAP, "block-is-header.vhdx", "vhdx", "found", "", vhdx(bat=(6,)))
    case(OVERLAP, "regions-overlap.vhdx", "vhdx", "found", "", vhdx(regions=[("2DC27766-F623-4200-9D64-115E9BFD4A08", 3 * MIB, MIB, 1),
                                                                                ("8B7CA206-4790-4B9A-B8FE-575F050F886E", 3 * MIB, MIB, 1)]))
    case("a feature that is not known", "region-unknown.vhdx", "vhdx", "refused", "region", vhdx(regions=[
        ("2DC27766-F623-4200-9D64-115E9BFD4A08", 2 * MIB, MIB, 1), ("8B7CA206-4790-4B9A-B8FE-575F050F886E", 3 * MIB, MIB, 1), ("12345678-1234-1234-1234-123456789abc", 5 * MIB, MIB, 1)]))
    entry = b"loge" + be32(0) + le32(0xFFFFF000) + le32(0) + le64(1) + le32(0xFFFFFFFF) + le32(0) + b"L" * 16 + le64(5 * MIB) * 2
    case(SIZE, "log-entry-max.vhdx", "vhdx", "found", "log", vhdx(log=(1, MIB, MIB), log_data=sealed(entry.ljust(4096, b"\0"))))
    case(WRAP, "log-wraps.vhdx", "vhdx", "refused", "log", vhdx(log=(1, MIB, 0xFFFFFFFFFFF00000)))
    case(SIZE, "log-4g.vhdx", "vhdx", "refused", "log", vhdx(log=(1, 0xFFF00000, MIB)))
    zero = b"zero" + le32(0) + le64(1 << 60) + le64(0xFFFFFFFFFFFFF000) + le64(1)
    entry = b"loge" + be32(0) + le32(4096) + le32(0) + le64(1) + le32(1) + le32(0) + b"L" * 16 + le64(5 * MIB) * 2 + zero
    case(WRAP, "log-zero-wraps.vhdx", "vhdx", "found", "log|zero", vhdx(log=(1, MIB, MIB), log_data=sealed(entry.ljust(4096, b"\0"))))
    for name, path in (("passwd", "/etc/passwd"), ("up", "..\\SECRET"), ("itself", "parent-itself.vhdx")):
        case(PATH if name != "itself" else CIRCLE, "parent-%s.vhdx" % name, "vhdx", "refused", "parent",
             vhdx(flags=2, locator=locator(parent_linkage="{00000000-0000-0000-0000-000000000000}", relative_path=path)))


with open(os.path.join(out, "d.raw"), "wb") as file:
    file.write(bytes(4096))
for make in (vmdks, qcows, vdis, vhds, dmgs, sparses, vhdxs):
    make()
print("\n".join(rows))
