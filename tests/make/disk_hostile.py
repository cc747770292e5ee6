#!/usr/bin/env python3
"""disk_hostile.py FOLDER: disk images that attack a reader, one or more for each class of fault that readers of these formats have had.

Prints a line for each: file, the format's row, what must come of it, a word (regular expression) of the message or finding, the class; tab-separated.
What must come of it:
    refused   exit 5, 4 (a file that is not to be had) or 2 (a guard), and the word
    found     the same, or it opens and verify ends with a finding that has the word
    any       accepted or refused; only never a crash, never slow, never much memory
SECRET beside FOLDER is a file outside, whose bytes must never be seen. Everything here is built from the formats' own descriptions."""
import os
import sys
import zlib

from disk_images import MIB, be32, be64, dmg, koly, le16, le32, le64, locator, mish, patched, plist, qcow2, sealed, sparse, sprs, vdi, vhd, vhdx, vmdk

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rows = []


def case(kind, name, form, want, word, data):
    path = os.path.join(out, name)
    with open(path, "wb") as file:
        for at, piece in data if isinstance(data, list) else [(0, data)]:
            file.seek(at)
            file.write(piece.encode() if isinstance(piece, str) else piece)
    rows.append("\t".join((name, form, want, word or ".", kind)))


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
    case(BOMB, "bomb.vmdk", "vmdk", "found", "", sparse(flags=0x30003, packed=1, more=((128 * 512, grain),)))
    case(TEXT, "descriptor-10m.vmdk", "vmdk", "refused", "descriptor|bytes|line|long", vmdk('RW 4 FLAT "%s" 0' % ("a" * 10 * MIB)))
    case(TEXT, "lines-10m.vmdk", "vmdk", "refused", "", vmdk(*['RW 1 ZERO'] * 1000000))
    case(TEXT, "name-70k.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "%s" 0' % ("a" * 70000)))
    case(TEXT, "escape.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "\033]0;x\007$(touch owned);`touch owned`" 0'))
    case(TEXT, "number.vmdk", "vmdk", "refused", "", vmdk('RW 99999999999999999999999999 FLAT "d.raw" 0'))
    case(TEXT, "negative.vmdk", "vmdk", "refused", "", vmdk('RW -4 FLAT "d.raw" 0'))
    case(WRAP, "flat-offset.vmdk", "vmdk", "refused", "", vmdk('RW 4 FLAT "d.raw" 36028797018963967'))


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
    case("ciphertext for data", "aes.qcow2", "qcow2", "refused", "encrypted", qcow2(crypt=1))


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


def sparses():
    case(ZERO, "band-0.sparseimage", "sparseimage", "refused", "", sprs(band=0))
    case(SIZE, "band-max.sparseimage", "sparseimage", "refused", "", sprs(band=0xFFFFFFFF))
    case(SIZE, "total-max.sparseimage", "sparseimage", "refused", "", sprs(total=0xFFFFFFFFFFFFFFFF))
    case(OVERLAP, "bands-twice.sparseimage", "sparseimage", "found", "twice|band", sprs(slots=(1, 1)))
    case(WRAP, "band-far.sparseimage", "sparseimage", "found", "band", sprs(slots=(1, 0xFFFFFFFF)))
    case(CIRCLE, "node-circle.sparseimage", "sparseimage", "refused", "", sprs(node=4096) [:1] + [(4096, b"sprs" + be32(1) + be32(0) + be64(4096) + bytes(4076))])


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
