"""Seeds for the fuzz targets of Apple's disk images and of packed units, made from the facts of the formats; and those of the sample corpus that are
small enough. python3 disk_seeds.py SEEDS CORPUS"""
import base64, bz2, lzma, os, struct, sys, zlib

seeds, corpus = sys.argv[1], sys.argv[2]


def put(target, name, data):
    os.makedirs(f"{seeds}/{target}", exist_ok=True)
    with open(f"{seeds}/{target}/{name}", "wb") as f:
        f.write(data)


def adc(data):
    return b"".join(bytes([0x80 | len(data[i:i + 128]) - 1]) + data[i:i + 128] for i in range(0, len(data), 128))


def lzvn(data):
    steps = b"".join(bytes([0xE0 | len(data[i:i + 15])]) + data[i:i + 15] for i in range(0, len(data), 15)) + b"\6" + bytes(7)
    return b"bvxn" + struct.pack("<II", len(data), len(steps)) + steps + b"bvx$"


def stored(data):
    return b"bvx-" + struct.pack("<I", len(data)) + data + b"bvx$"


text = (b"what is packed is text, and noise " * 40)[:1024] + bytes(range(256)) * 4
raw = zlib.compressobj(6, zlib.DEFLATED, -15)
packed = [zlib.compress(text), raw.compress(text) + raw.flush(), bz2.compress(text), lzma.compress(text, check=lzma.CHECK_NONE), b"", adc(text), lzvn(text)]
for codec, stream in enumerate(packed):
    put("fuzz_unpack", f"codec{codec}", struct.pack("<BH", codec, len(text)) + stream)
put("fuzz_unpack", "stored", struct.pack("<BH", 6, len(text)) + stored(text))

disk = (text * 24)[:48 * 512]
chunks = [(1, 4, disk[:2048]), (0x80000005, 12, zlib.compress(disk[2048:8192])), (0, 8, b""), (2, 4, b""), (0x80000006, 8, bz2.compress(disk[14336:18432])),
          (0x80000008, 4, lzma.compress(disk[18432:20480], check=lzma.CHECK_NONE)), (0x80000004, 4, adc(disk[20480:22528])),
          (0x80000007, 4, lzvn(disk[22528:24576])), (0xFFFFFFFF, 0, b"")]


def summed(value):
    return struct.pack(">III124x", 2, 32, value)


def udif(fork):
    data, table, sector = b"", b"", 0
    for kind, sectors, stream in chunks:
        table += struct.pack(">IIQQQQ", kind, 0, sector, sectors, len(data), len(stream))
        data, sector = data + stream, sector + sectors
    mish = struct.pack(">4sIQQQII24x", b"mish", 1, 0, sector, 0, 0x808, 0xFFFFFFFE) + summed(0) + struct.pack(">I", len(chunks)) + table
    if fork:
        content = struct.pack(">I", len(mish)) + mish
        listed = struct.pack(">HHH4sHHHHBBHI", 28, 0, 0, b"blkx", 0, 10, 0, 0xFFFF, 0x50, 0, 0, 0)
        place = struct.pack(">IIII", 256, 256 + len(content), len(content), 24 + len(listed))
        part = place + bytes(240) + content + place + bytes(8) + listed
    else:
        part = b"<?xml version='1.0'?><plist version='1.0'><dict><key>resource-fork</key><dict><key>blkx</key><array><dict><key>Name</key><string>d</string>"
        part += b"<key>Data</key><data>" + base64.b64encode(mish) + b"</data></dict></array></dict></dict></plist>"
    place = struct.pack(">QQ", len(data), len(part))
    koly = struct.pack(">4sIIIQQQ", b"koly", 4, 512, 1, 0, 0, len(data)) + (place if fork else bytes(16)) + struct.pack(">II16s", 1, 1, b"u" * 16)
    koly += summed(zlib.crc32(data)) + (bytes(16) if fork else place) + bytes(64 + 16 + 40) + summed(0) + struct.pack(">IQ12x", 1, sector)
    return data + part + koly


put("fuzz_dmg", "plist", udif(False))
put("fuzz_dmg", "fork", udif(True))
header = struct.pack(">4sIIIIQQ28x", b"sprs", 3, 2, 1, 64, 4096 + 2 * 1024, 64) + struct.pack(">II", 3, 1)
node = struct.pack(">4sIIQ36x", b"sprs", 1, 0, 0) + struct.pack(">I", 9)
put("fuzz_dmg", "sparse", header.ljust(4096, b"\0") + text + node.ljust(4096, b"\0") + text[:1024])
for folder, _, names in os.walk(f"{corpus}/disk/dmg"):
    for name in names:
        with open(f"{folder}/{name}", "rb") as f:
            data = f.read(65537)
        if len(data) <= 65536 and name.endswith((".dmg", ".bin", ".sparseimage")) and not data.startswith(b"encrcdsa"):
            put("fuzz_dmg", name, data)
