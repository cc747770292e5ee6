#!/usr/bin/env python3
"""vhdx_seeds.py FOLDER [CORPUS]: seeds for fuzz_vhdx in FOLDER/fuzz_vhdx, in its encoding, out of images that qemu-img makes and those of the sample
corpus, and in FOLDER/files a parent. Where qemu-img is not there, only the samples."""
import bz2
import glob
import gzip
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import uuid

PIECES = 120
out, files = sys.argv[1] + "/fuzz_vhdx", sys.argv[1] + "/files"
corpus = sys.argv[2] if len(sys.argv) > 2 else "none"
os.makedirs(out, exist_ok=True)
os.makedirs(files, exist_ok=True)


def put(name, image):
    """Headers and tables first; of what is behind, what there is room for."""
    image = image[: 64 << 20]
    wanted = [n for n in range(len(image) // 512) if any(image[n * 512 : n * 512 + 512])]
    # of blocks and of the log's sectors no more than begin and end tell anything
    wanted = [n for n in wanted if n < 2048 or 4096 <= n < 8192 or n % 8 in (0, 7)][:PIECES]
    with open(os.path.join(out, name), "wb") as file:
        file.write(struct.pack("<BB%dI" % len(wanted), len(image) >> 20, len(wanted), *wanted))
        file.write(b"".join(image[n * 512 : n * 512 + 512] for n in wanted))


def unclosed(image):
    """The same with its last log entry named by the headers. Checksums are left out where this is read."""
    image = bytearray(image)
    entries = [at for at in range(1 << 20, 2 << 20, 4096) if image[at : at + 4] == b"loge"]
    for at in (65536, 131072):
        image[at + 48 : at + 64] = image[entries[-1] + 32 : entries[-1] + 48]
    return bytes(image)


def region(image, guid):
    at = next(at for at in (196624, 196656) if image[at : at + 4] == bytes.fromhex(guid))
    return struct.unpack_from("<Q", image, at + 16)[0]


def differing(image, parent):
    """An image of qemu's, of blocks of 1 MiB, as a child of another: the flag, a locator, and a block of which a sector bitmap says what is here."""
    image = bytearray(image)
    meta, bat = region(image, "06a27c8b"), region(image, "6677c22d")
    count, locator = struct.unpack_from("<H", image, meta + 10)[0], 65536 + 512
    entry = bytes.fromhex("2d5fd3a80bb34d45abf7d3d84834ab0c") + struct.pack("<IIII", locator, 512, 4, 0)
    image[meta + 32 + 32 * count : meta + 64 + 32 * count] = entry
    struct.pack_into("<H", image, meta + 10, count + 1)
    for n in range(count):
        entry = meta + 32 + 32 * n
        if image[entry : entry + 4] == bytes.fromhex("3767a1ca"):
            image[meta + struct.unpack_from("<I", image, entry + 16)[0] + 4] |= 2
    newer = max((65536, 131072), key=lambda at: struct.unpack_from("<Q", parent, at + 8)[0])
    guid = str(uuid.UUID(bytes_le=bytes(parent[newer + 32 : newer + 48])))
    pairs = [("parent_linkage", "{%s}" % guid), ("relative_path", ".\\parent.vhdx")]
    at, body, table = 64, b"", b""
    for key, value in pairs:
        key, value = key.encode("utf-16le"), value.encode("utf-16le")
        table += struct.pack("<IIHH", at, at + len(key), len(key), len(value))
        body += key + value
        at += len(key) + len(value)
    item = (bytes.fromhex("b7ef4ab09ed1814ab78925b8e9445913") + struct.pack("<HH", 0, len(pairs)) + table).ljust(64, b"\0") + body
    image[meta + locator : meta + locator + len(item)] = item
    bitmap = struct.unpack_from("<Q", image, bat + 8 * 5)[0]
    struct.pack_into("<Q", image, bat + 8 * 4096, bitmap)
    struct.pack_into("<Q", image, bat + 8 * 5, 0)
    image[bat] |= 7
    return bytes(image)


if shutil.which("qemu-img") and shutil.which("qemu-io"):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "seed.vhdx")
        for n, options in enumerate(("block_size=1M", "block_size=8M", "subformat=fixed,block_size=1M", "block_state_zero=off,block_size=2M")):
            subprocess.run(["qemu-img", "create", "-q", "-f", "vhdx", "-o", options, path, "9M"], check=True)
            subprocess.run(["qemu-io", "-f", "vhdx", "-c", "write -q -P 0xA5 0 4k", "-c", "write -q -P 0x5A 5M 4k", path], check=True)
            with open(path, "rb") as file:
                image = file.read()
            put("qemu-%d" % n, image)
            put("qemu-%d-unclosed" % n, unclosed(image))
            if n == 0:
                shutil.copy(path, os.path.join(files, "parent.vhdx"))
                put("qemu-child", differing(image, image))
for path in sorted(glob.glob(corpus + "/disk/vhdx/*")):
    with (bz2 if path.endswith(".bz2") else gzip).open(path) as file:
        put("corpus-" + os.path.basename(path), file.read())
