"""disk_images.py: disk images of each format, built from the formats' own descriptions and small, whose every field can be told another value.

Each function gives the bytes of a whole file, or a list of (offset, bytes) where most of it is a hole."""
import base64
import struct
import uuid
import zlib

MIB = 1 << 20
ONES8 = b"\xff" * 8
le16, le32, le64, be32, be64 = (lambda n, f=f: struct.pack(f, n) for f in ("<H", "<I", "<Q", ">I", ">Q"))


def patched(data, *changes):
    data = bytearray(data)
    for at, new in changes:
        data[at : at + len(new)] = new
    return bytes(data)


# ---- VMDK: a descriptor is a text, and a sparse extent carries one
def vmdk(*lines, cid="12345678", parent="ffffffff", kind="monolithicFlat"):
    return "# Disk DescriptorFile\nversion=1\nCID=%s\nparentCID=%s\ncreateType=\"%s\"\n%s\n" % (cid, parent, kind, "\n".join(lines))


def sparse(capacity=2048, grain=128, gtes=512, gd=21, flags=3, descriptor=(1, 20), packed=0, overhead=128, gte=None, more=(), text=None, rgd=0):
    header = b"KDMV" + le32(1) + le32(flags) + le64(capacity) + le64(grain) + le64(descriptor[0]) + le64(descriptor[1]) + le32(gtes)
    header += le64(rgd) + le64(gd) + le64(overhead) + b"\0\n \r\n" + le16(packed)
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


# ---- VDI
def vdi(kind=1, blocks=4, block=MIB, size=4 * MIB, map_at=512, data_at=MIB, allocated=2, entries=(0, 1), extra=0, version=0x10001, stored=2):
    h = bytearray(512)
    h[0:16] = b"<<< a disk >>>\n\0"
    h[0x40:0x54] = le32(0xBEDA107F) + le32(version) + le32(0x190) + le32(kind) + le32(0)
    h[0x154:0x15C] = le32(map_at) + le32(data_at)
    h[0x168:0x188] = le32(512) + le32(0) + le64(size) + le32(block) + le32(extra) + le32(blocks) + le32(allocated)
    h[0x188:0x1A8] = b"u" * 16 + b"m" * 16
    table = b"".join(le32(e) for e in entries) + b"\xff" * 4 * max(0, min(blocks, 4) - len(entries))
    return [(0, bytes(h)), (512, table), (data_at if data_at < 1 << 30 else 4096, b"D" * 4096), (MIB + stored * MIB - 1, b"\0")]


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


def small_vhd(kind=3):
    """Eight blocks of 4096 bytes; the third and the first are stored. Of a fixed one the footer alone is kept."""
    parts = dict(vhd(kind=kind, size=32768, block=4096, entries=8))
    if kind == 2:
        return bytes(range(256)) * 128 + vhd_sum(patched(parts[0], (16, ONES8)), 64)
    table = b"".join(be32(e) for e in (4, 0xFFFFFFFF, 13)).ljust(512, b"\xff")
    block = b"\xff" + bytes(511) + bytes(range(256)) * 16
    return parts[0] + parts[512] + table + block + block + parts[0]


# ---- DMG
def stored_crc(value):
    return bytes(136) if value is None else be32(2) + be32(32) + be32(value) + bytes(124)


def koly(plist_at, plist_bytes, fork=(0, 0), sectors=8, resource=(0, 0), segments=(1, 1), version=4, header=512, fork_crc=None, master=None):
    k = b"koly" + be32(version) + be32(header) + be32(1) + be64(0) + be64(fork[0]) + be64(fork[1]) + be64(resource[0]) + be64(resource[1])
    k += be32(segments[0]) + be32(segments[1]) + bytes(16) + stored_crc(fork_crc) + be64(plist_at) + be64(plist_bytes)
    return (k.ljust(0x160, b"\0") + stored_crc(master)).ljust(0x1E8, b"\0") + be32(1) + be64(sectors) + bytes(12)


def mish(chunks, sectors=8, first=0, count=None, data_at=0, crc=None):
    m = b"mish" + be32(1) + be64(first) + be64(sectors) + be64(data_at) + be32(0x208) + be32(0xFFFFFFFE) + bytes(24) + stored_crc(crc)
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


# ---- sparse images
def sprs(band=2048, total=8192, slots=(1, 2), node=0, version=3):
    h = b"sprs" + be32(version) + be32(band) + be32(1) + be32(total & 0xFFFFFFFF) + be64(node) + be64(total) + bytes(28)
    return [(0, (h + b"".join(be32(s) for s in slots)).ljust(4096, b"\0")), (4096 + 2 * MIB - 1, b"\0")]


# ---- VHDX
def crc32c_entry(r):
    for _ in range(8):
        r = r >> 1 ^ (0x82F63B78 if r & 1 else 0)
    return r


CRC32C = [crc32c_entry(n) for n in range(256)]


def crc32c(data):
    r = 0xFFFFFFFF
    for byte in data:
        r = r >> 8 ^ CRC32C[(r ^ byte) & 255]
    return r ^ 0xFFFFFFFF


def sealed(block):
    return patched(block, (4, le32(crc32c(patched(block, (4, bytes(4)))))))


def guid(text):
    return uuid.UUID(text).bytes_le


def vhdx(size=4 * MIB, block=MIB, sector=512, log=(0, MIB, MIB), regions=None, bat=(6 | 4 << 20,), region_count=None, flags=0, items=None, locator=None, log_data=b""):
    header = b"head" + be32(0) + le64(1) + bytes(32) + (b"L" * 16 if log[0] else bytes(16)) + le16(0) + le16(1) + le32(log[1]) + le64(log[2])
    header = sealed(header.ljust(4096, b"\0"))
    where = regions or [("2DC27766-F623-4200-9D64-115E9BFD4A08", 2 * MIB, MIB, 1), ("8B7CA206-4790-4B9A-B8FE-575F050F886E", 3 * MIB, MIB, 1)]
    table = b"regi" + be32(0) + le32(len(where) if region_count is None else region_count) + le32(0)
    table += b"".join(guid(g) + le64(at) + le32(n) + le32(need) for g, at, n, need in where)
    table = sealed(table.ljust(65536, b"\0"))
    values = [("CAA16737-FA36-4D43-B3B6-33F0AA44E76B", le32(block) + le32(flags), 4), ("2FA54224-CD1B-4876-B211-5DBED83BF4B8", le64(size), 6),
              ("8141BF1D-A96F-4709-BA47-F233A8FAAB5F", le32(sector), 6), ("CDA348C7-445D-4471-9CC9-E9885251C556", le32(sector), 6),
              ("BECA12AB-B2E6-4523-93EF-C309E000C746", b"i" * 16, 6)]
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


# ---- one small and whole image of each format, for those that try every field or every byte.
WORDS = bytes(range(256)) * 16


def small_vdi():
    parts = dict(vdi(block=4096, blocks=8, size=32768, data_at=1024, entries=(1, 0xFFFFFFFF, 0, 0xFFFFFFFE)))
    return (parts[0] + parts[512][:16].ljust(32, b"\xff")).ljust(1024, b"\0") + WORDS + WORDS[::-1]


def small_qcow2(version=3):
    """Nine clusters of 512 bytes: header, reference table and block, L1, L2, and three of data, one of them packed."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -12)
    packed = packer.compress(b"packed " * 73 + b"!") + packer.flush()
    header = qcow2(version=version, bits=9, size=4096, l1=1, l1_at=3 * 512, refs=(512, 1))[:512]
    clusters = [header, be64(1024), b"\0\1" * 8, be64(4 * 512 | 1 << 63), b"".join(be64(e) for e in (5 * 512 | 1 << 63, 1, 0, 6 * 512 | 1 << 63, 1 << 62 | 7 * 512)),
                WORDS[:512], WORDS[512:1024], packed]
    return b"".join(c.ljust(512, b"\0") for c in clusters)


def small_vmdk():
    text = vmdk('RW 64 SPARSE "x.vmdk"', kind="monolithicSparse")
    copy = [(26 * 512, le32(27)), (27 * 512, le32(32) + le32(0) + le32(40))]
    whole = sparse(capacity=64, grain=8, overhead=32, gte=[32, 0, 40], text=text, rgd=26, more=copy)
    return whole[: 32 * 512] + WORDS + WORDS[::-1]


def small_dmg_parts():
    """The table, the data fork, and what the trailer says."""
    packed, fork = zlib.compress(WORDS, 9), WORDS
    fork += packed
    table_crc = zlib.crc32(WORDS + WORDS + bytes(4096))
    table = mish([(1, 0, 8, 0, 4096), (0x80000005, 8, 8, 4096, len(packed)), (0, 16, 8, 0, 0), (2, 24, 8, 0, 0), (0xFFFFFFFF, 32, 0, len(fork), 0)], sectors=32, crc=table_crc)
    return table, fork, {"sectors": 32, "fork_crc": zlib.crc32(fork), "master": zlib.crc32(be32(table_crc))}


def small_dmg():
    table, fork, trailer = small_dmg_parts()
    return dmg([table], fork=fork, **trailer)


def small_vhdx():
    whole = bytearray(5 * MIB)
    for at, piece in vhdx():
        whole[at : at + len(piece)] = piece
    whole[4 * MIB : 4 * MIB + 4096] = WORDS[:512] + bytes(3584)
    return bytes(whole)


def reseal_vhd(data):
    return vhd_sum(data[:512], 64) + vhd_sum(data[512:1536], 36) + data[1536:-512] + vhd_sum(data[-512:], 64)


def reseal_vhdx(data):
    for at, length in ((65536, 4096), (131072, 4096), (196608, 65536), (262144, 65536)):
        data = data[:at] + sealed(data[at : at + length]) + data[at + length :]
    return data


SMALL = {"vdi": small_vdi, "vhd": small_vhd, "qcow2": small_qcow2, "vmdk": small_vmdk, "dmg": small_dmg, "vhdx": small_vhdx}
