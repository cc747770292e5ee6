#!/usr/bin/env python3
"""vmdk_seeds.py FOLDER: seeds for fuzz_vmdk, of images that qemu-img makes; none where it is not installed. In FOLDER/files what descriptors name."""
import os
import shutil
import struct
import subprocess
import sys

out = sys.argv[1]
if shutil.which("qemu-img") is None:
    sys.exit(0)
seeds, files = os.path.join(out, "fuzz_vmdk"), os.path.join(out, "files")
os.makedirs(seeds, exist_ok=True)
os.makedirs(files, exist_ok=True)


def short(data):
    sectors = [(n, data[n * 512 : n * 512 + 512]) for n in range(-(-len(data) // 512))]
    return struct.pack("<I", len(data)) + b"".join(struct.pack("<H", n) + s.ljust(512, b"\0") for n, s in sectors if any(s))


raw = os.path.join(out, "vmdk.raw")
with open(raw, "wb") as file:
    file.write(b"first grain" + bytes(100 * 1024) + b"another" + bytes(300 * 1024 + 494) + b"the last")
for form in ("monolithicSparse", "streamOptimized", "monolithicFlat", "twoGbMaxExtentSparse"):
    path = os.path.join(files, form + ".vmdk")
    subprocess.run(["qemu-img", "convert", "-O", "vmdk", "-o", "subformat=" + form, raw, path], check=True)
    with open(path, "rb") as file:
        data = file.read()
    with open(os.path.join(seeds, form), "wb") as file:
        file.write(data.rstrip(b"\0") if data[:1] == b"#" else short(data))
    if form == "streamOptimized":  # cut off, with its directory said to be in the footer
        with open(os.path.join(seeds, "cut"), "wb") as file:
            file.write(short(data[:56] + b"\xff" * 8 + data[64:]))
os.remove(raw)
