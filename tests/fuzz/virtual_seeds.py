#!/usr/bin/env python3
"""virtual_seeds.py SEEDS CORPUS: first inputs for the fuzz targets of VDI, VHD and QCOW2, of 64 KiB at most: small images made by tests/make/disk_images.py and,
where it is there, by qemu-img; and the beginnings of the corpus. Files that qcow2 images name go to SEEDS/files."""
import glob
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "make"))
import disk_images as make  # noqa: E402

seeds, corpus = sys.argv[1:3]
LONGEST = 65536
os.makedirs(seeds + "/files", exist_ok=True)


def seed(target, name, data):
    if isinstance(data, list):
        whole = bytearray(LONGEST)
        for at, piece in data:
            if at < LONGEST:
                whole[at : at + len(piece)] = piece
        data = bytes(whole[:LONGEST])
    os.makedirs("%s/fuzz_%s" % (seeds, target), exist_ok=True)
    with open("%s/fuzz_%s/%s" % (seeds, target, name), "wb") as file:
        file.write(data[:LONGEST])


for kind in (1, 2, 4):
    seed("vdi", "made-%d" % kind, make.vdi(kind=kind, block=4096, blocks=8, size=32768, data_at=1024, entries=(1, 0, 0xFFFFFFFE)))
seed("vdi", "made-old", make.patched(bytes(2048), (0x40, make.le32(0xBEDA107F) + make.le32(2) + make.le32(1)), (0x160, make.le64(2048) + make.le32(512) + make.le32(4) + make.le32(1)),
                                     (0x1A4, make.le32(0) + b"\xff" * 12)))
for kind in (2, 3, 4):
    seed("vhd", "made-%d" % kind, make.small_vhd(kind=kind))
for version in (2, 3):
    seed("qcow2", "made-%d" % version, make.qcow2(version=version, bits=9, l1_at=1536, size=4096)[:4096])
seed("qcow2", "made-backed", make.qcow2(backing=b"base.raw"))
for pattern, target in (("vdi/*", "vdi"), ("vhd/*.vhd", "vhd"), ("qcow2/*", "qcow2")):
    for path in glob.glob(corpus + "/disk/" + pattern):
        with open(path, "rb") as file:
            seed(target, "corpus-" + os.path.basename(path), file.read(LONGEST))
with open(seeds + "/files/base.raw", "wb") as file:
    file.write(b"B" * 8192)


def qemu(target, form, name, options, size=24576):
    folder = tempfile.mkdtemp()
    raw, path = folder + "/raw", folder + "/image"
    with open(raw, "wb") as file:
        file.write(bytes(4096) + bytes(range(256)) * 32 + b"text " * 800)
        file.truncate(size)
    if subprocess.run(["qemu-img", "convert", "-q", "-O", form, *options, raw, path], stderr=subprocess.DEVNULL).returncode == 0:
        with open(path, "rb") as file:
            seed(target, "qemu-" + name, file.read())
    shutil.rmtree(folder)


if shutil.which("qemu-img"):
    for n, options in enumerate(("compat=0.10,cluster_size=512", "compat=1.1,cluster_size=512", "cluster_size=512,refcount_bits=64", "cluster_size=16k,extended_l2=on",
                                 "cluster_size=512,lazy_refcounts=on", "cluster_size=512,preallocation=metadata")):
        qemu("qcow2", "qcow2", str(n), ["-o", options])
    for n, options in enumerate(("compression_type=zlib,cluster_size=4k", "compression_type=zstd,cluster_size=4k", "compat=0.10,cluster_size=4k")):
        qemu("qcow2", "qcow2", "packed-%d" % n, ["-c", "-o", options])
    qemu("qcow2", "qcow", "v1", [])
    qemu("qcow2", "qcow", "v1-packed", ["-c"])
    for n, options in enumerate(("static=off", "static=on")):
        qemu("vdi", "vdi", str(n), ["-o", options])
    for options in ("subformat=dynamic,force_size=on", "subformat=fixed,force_size=on"):
        qemu("vhd", "vpc", options[10:15], ["-o", options])
