#!/usr/bin/env python3
"""disc_seeds.py FOLDER [CORPUS]: seeds for the fuzz targets of optical formats, a folder for each, and in FOLDER/files what their descriptors name.
The targets' own encodings (fuzz_nrg.c, fuzz_iso.c) are made here of whole images, some of the disc maker, the rest of the sample corpus."""
import glob
import os
import shutil
import struct
import subprocess
import sys

SMALL = 65000
here = os.path.dirname(os.path.abspath(__file__))
out = sys.argv[1]
corpus = sys.argv[2] if len(sys.argv) > 2 else "none"


def put(target, name, data):
    os.makedirs(os.path.join(out, target), exist_ok=True)
    with open(os.path.join(out, target, name), "wb") as file:
        file.write(data)


def nrg_tail(data):
    start = struct.unpack(">I", data[-4:])[0] if data[-8:-4] == b"NERO" else struct.unpack(">Q", data[-8:])[0]
    return struct.pack("<I", min(start, 4 << 20)) + data[start : start + SMALL]


def iso_sectors(data):
    """The sectors that hold structures: near the beginning, the places of UDF's anchors, and the end."""
    last = -(-len(data) // 2048)
    wanted = [n for n in list(range(16, 40)) + [0, 1, 256, 257, last - 1, last - 2, last - 257] if 0 <= n < last]
    wanted = [n for n in dict.fromkeys(wanted) if any(data[n * 2048 : n * 2048 + 2048])][:28]
    body = b"".join(data[n * 2048 : n * 2048 + 2048].ljust(2048, b"\0") for n in wanted)
    return struct.pack("<IBB%dI" % len(wanted), last, (last * 2048 - len(data)) // 8, len(wanted), *wanted) + body


def image(path, name):
    with open(path, "rb") as file:
        data = file.read()
    kind = path.rsplit(".", 1)[-1]
    if kind in ("cue", "ccd", "toc", "mds") and len(data) <= SMALL:
        put("fuzz_" + kind, name, data)
    elif kind == "nrg" and len(data) > 12:
        put("fuzz_nrg", name, nrg_tail(data))
    elif kind in ("iso", "udf"):
        put("fuzz_iso", name, iso_sectors(data))
    elif kind == "cdt":
        put("fuzz_cdtext", name, data)


def waves():
    """Headers of the audio files that sheets name: plain, extensible, with a chunk before the samples, AIFF and AIFF-C."""
    chunk = lambda order, kind, body: kind + struct.pack(order + "I", len(body)) + body + b"\0" * (len(body) % 2)
    fmt = struct.pack("<HHIIHH", 1, 2, 44100, 176400, 4, 16)
    wide = struct.pack("<HHIIHH", 0xFFFE, 2, 44100, 176400, 4, 16) + struct.pack("<HHI", 22, 16, 3) + b"\1\0\0\0\0\0\x10\0\x80\0\0\xaa\0\x38\x9b\x71"
    rate = b"\x40\x0e\xac\x44\0\0\0\0\0\0"
    common = struct.pack(">HIH", 2, 588, 16) + rate
    for name, kind, parts in (("plain.wav", b"WAVE", ((b"fmt ", fmt),)), ("wide.wav", b"WAVE", ((b"fmt ", wide), (b"LIST", b"abc")))):
        body = kind + b"".join(chunk("<", k, b) for k, b in parts) + chunk("<", b"data", bytes(2352))
        put("fuzz_wave", name, b"RIFF" + struct.pack("<I", len(body)) + body)
    for name, kind, comm in (("plain.aiff", b"AIFF", common), ("none.aifc", b"AIFC", common + b"NONE\0\0"), ("sowt.aifc", b"AIFC", common + b"sowt\0\0")):
        body = kind + chunk(">", b"COMM", comm) + chunk(">", b"SSND", bytes(8 + 2352))
        put("fuzz_wave", name, b"FORM" + struct.pack(">I", len(body)) + body)


waves()
made, files = os.path.join(out, "made"), os.path.join(out, "files")
os.makedirs(files, exist_ok=True)
for variant in ("mixed", "audio", "xa", "two", "data"):
    subprocess.run([sys.executable, "-B", here + "/../make/disc_maker.py", "make", variant, "-o", made + "/" + variant], check=True,
                   stdout=subprocess.DEVNULL)
    for path in glob.glob(made + "/" + variant + "/*/*.*"):
        container = path.split("/")[-2]
        image(path, "%s-%s-%s" % (variant, container, os.path.basename(path).replace(" ", "_")))
        if variant == "mixed" and path.rsplit(".", 1)[-1] in ("bin", "img", "sub", "mdf", "cdt"):
            shutil.copy(path, files)
for path in sorted(glob.glob(corpus + "/optical/*/*.*")):
    image(path, "corpus-" + os.path.basename(path))
    if path.rsplit(".", 1)[-1] in ("bin", "img", "sub", "cdt", "mdf") and os.path.getsize(path) < 1 << 20:
        shutil.copy(path, files)
shutil.rmtree(made)
