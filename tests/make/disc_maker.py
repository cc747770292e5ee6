#!/usr/bin/env python3
"""Makes one small disc in many containers, prints the truth about it as JSON, and damages what it made.

    disc_maker.py make VARIANT -o DIR [--name N] [--seed S] [--data ISO] [--containers LIST]
        DIR/<container>/... for each container that can hold the disc. The JSON: {"variant", "mcn", "title", "tracks": [{number, session, kind,
        control, isrc, indexes, "digests": {"raw" | "user" | "sub": {crc32 md5 sha1 sha256}}}], "containers": {name: {"image", "files", "tracks":
        [{number, session, kind, start, first, sectors, stored_pregap, pregap, main_bytes, sub_bytes, "digests": {the same, "pregap", "whole",
        "stored"}}]}}}. Paths are relative to DIR. Digests are of INDEX 01 to the track's end: raw 2352 bytes a sector, user data, 96 linear bytes.
    disc_maker.py dat TRUTH.json CONTAINER              a Logiqx list of the disc's track files
    disc_maker.py flip FILE SECTOR REGION [--form 1|2.1|2.2|2] [--stride B] [--base B] [--sub]
    disc_maker.py append FILE SECTORS zero|noise [--stride B]
    disc_maker.py cut FILE BYTES                        off the end
    disc_maker.py swap FILE FIRST COUNT SECOND COUNT [--stride B]     two runs of sectors change places
    disc_maker.py shift FILE FIRST COUNT SAMPLES        audio of these sectors later (or earlier) by so many samples; zeros come in
    disc_maker.py recode FILE                           how many data sectors this lab would make the same, and of how many
    disc_maker.py late FILE [SECTORS]                   a .sub one (or more) sectors late
"""
import argparse
import hashlib
import json
import os
import sys
import zlib

import disc_containers
import disc_sectors as cd
from disc_sectors import USER


class Track:
    """`before` are the sectors from INDEX 00 to INDEX 01, `sectors` those behind; start is the LBA of INDEX 01; indexes are offsets from it."""

    def __init__(self, kind, count, pregap=0, control=None, isrc="", title="", performer="", indexes=(), form=None):
        self.kind, self.count, self.pregap = kind, count, pregap
        self.control = control if control is not None else 0 if kind == "audio" else 4
        self.isrc, self.title, self.performer, self.indexes, self.form = isrc, title, performer, list(indexes), form
        self.formless = form == "none"


class Disc:
    def __init__(self, sessions, mcn="", title="", performer=""):
        self.sessions, self.mcn, self.title, self.performer, self.cdtext = sessions, mcn, title, performer, b""
        self.tracks = [t for tracks in sessions for t in tracks]


def variants():
    mode1 = lambda n=64: Track("mode1", n)
    return {
        "mixed": lambda: Disc([[mode1(), Track("audio", 24, 32, isrc="USABC0312345"), Track("audio", 16, control=2)]], "1234567890128"),
        "data": lambda: Disc([[mode1(48)]]),
        "audio": lambda: Disc([[Track("audio", 40, control=1, isrc="DEXYZ0100001", title="First & <last>", performer="J\u00fcrgen"),
                                Track("audio", 60, 20, isrc="DEXYZ0100002", title="Second", performer="Someone else", indexes=(15, 45)),
                                Track("audio", 30, 10, title="A title that is longer than one pack of twelve bytes", performer="J\u00fcrgen")]],
                              "4006381333931", "All of it", "J\u00fcrgen"),
        "hidden": lambda: Disc([[Track("audio", 20, 30), Track("audio", 20)]]),
        "xa": lambda: Disc([[Track("mode2", 40, form="mixed"), Track("mode2", 30, 15, form="2"), Track("audio", 20, 10)]]),
        "formless": lambda: Disc([[Track("mode2", 30, form="none")]]),
        "mode0": lambda: Disc([[Track("mode0", 10), mode1(20)]]),
        "two": lambda: Disc([[mode1(40), Track("audio", 20, 10)], [Track("mode1", 30)]]),
        "enhanced": lambda: Disc([[Track("audio", 30), Track("audio", 20, 12)], [Track("mode2", 25, form="1")]]),
    }


class Noise:
    def __init__(self, seed):
        self.seed, self.taken = seed, 0

    def take(self, length):
        self.taken += 1
        return hashlib.shake_128(("%s/%d" % (self.seed, self.taken)).encode()).digest(length)


def volume(sectors):
    """The two descriptors of an ISO 9660 volume of this size, empty but for its root: sectors 16 and 17. The root directory is sector 18."""
    both = lambda n, size: n.to_bytes(size, "little") + n.to_bytes(size, "big")
    record = lambda name: (bytes([34, 0]) + both(18, 4) + both(USER, 4) + bytes([126, 1, 1, 0, 0, 0, 0, 2, 0, 0]) + both(1, 2) + bytes([1, name]))
    d = b"\1CD001\1\0" + b" " * 32 + b"LAB".ljust(32) + bytes(8) + both(sectors, 4) + bytes(32) + both(1, 2) + both(1, 2) + both(USER, 2)
    d += both(10, 4) + (19).to_bytes(4, "little") + bytes(4) + (20).to_bytes(4, "big") + bytes(4) + record(0)
    d += b" " * 623 + (b"2026010100000000\0" * 2 + b"0000000000000000\0" * 2) + b"\1"
    path = b"\1\0" + (18).to_bytes(4, "little") + b"\1\0\0\0"
    path_big = b"\1\0" + (18).to_bytes(4, "big") + b"\0\1\0\0"
    return {16: d, 17: b"\xffCD001\1", 18: record(0) + record(1), 19: path, 20: path_big}


def data_sector(track, lba, n, noise, user):
    if track.kind == "mode1":
        return cd.mode1(lba, user if user is not None else noise.take(2048))
    if track.kind == "mode0":
        return cd.mode0(lba)
    if track.formless:
        return cd.formless(lba, b"\1\2\3\4\5" + noise.take(2331)) # no subheader that repeats itself
    two = track.form == "2" or track.form == "mixed" and n % 4 == 3
    if not two:
        return cd.form1(lba, bytes([0, 0, 0x08 | (0x81 if n == track.count - 1 else 0), 0]), user if user is not None else noise.take(2048))
    return cd.form2(lba, bytes([1, 1, 0x64, 0x7F]), noise.take(2324), n % 8 != 3)


def fill(disc, noise, data):
    """Numbers, places, sectors and subchannel of every track."""
    lba = 0
    for number, tracks in enumerate(disc.sessions, 1):
        lba += {1: 0, 2: 11400}.get(number, 6900)
        for track in tracks:
            track.number, track.session = disc.tracks.index(track) + 1, number
            if track is disc.tracks[0] and data and track.kind in ("mode1", "mode2"):
                track.count = -(-len(data) // 2048)
            audio_pregap = track.kind == "audio" and track is disc.tracks[0] # a hidden track holds something
            track.start = lba + track.pregap
            track.before = [noise.take(cd.RAW) if audio_pregap else disc_containers.pause(track, lba + n) for n in range(track.pregap)]
            track.sectors = []
            descriptors = volume(track.count) if track.count > 20 and track.start == 0 else {}
            for n in range(track.count):
                user = data[n * 2048 : n * 2048 + 2048].ljust(2048, b"\0") if data and track is disc.tracks[0] else None
                if not data and n in descriptors and track.kind == "mode1":
                    user = descriptors[n].ljust(USER, b"\0")
                track.sectors.append(noise.take(cd.RAW) if track.kind == "audio" else data_sector(track, track.start + n, n, noise, user))
            track.sub_before = [disc_containers.sub_of(track, lba + n) for n in range(track.pregap)]
            track.sub = [disc_containers.sub_of(track, track.start + n, disc.mcn) for n in range(track.count)]
            lba = track.start + track.count
    if disc.title:
        disc.cdtext = cd.cdtext([(0x80, [disc.title] + [t.title for t in disc.tracks]), (0x81, [disc.performer] + [t.performer for t in disc.tracks])])


def digests(data):
    out = {name: hashlib.new(name, data).hexdigest() for name in ("md5", "sha1", "sha256")}
    return dict(out, crc32="%08x" % zlib.crc32(data), bytes=len(data))


def track_digests(track):
    out = {"raw": digests(b"".join(track.sectors)), "sub": digests(b"".join(track.sub))}
    if track.kind != "audio":
        out["user"] = digests(b"".join(cd.user_of(s) for s in track.sectors))
    return out


def place_digests(track, where):
    """What a reader of this one container can say: only what is stored there."""
    out = track_digests(track)
    cooked = where["main_bytes"] < cd.RAW
    if not where["sub_bytes"]:
        del out["sub"]
    if cooked:
        del out["raw"]
    if where["main_bytes"] == 2336:
        out["stored"] = digests(b"".join(s[16:] for s in track.sectors))
    if where["stored_pregap"]:
        lead = where["stored_pregap"] - len(track.before)
        before = [disc_containers.pause(track, where["first"] + n) for n in range(lead)] + track.before
        before = b"".join(disc_containers.cut(track, s, cooked) for s in before)
        out["pregap"] = digests(before)
        out["whole"] = digests(before + disc_containers.stored(track, cooked, False))
    return out


def make(options):
    disc = variants()[options.variant]()
    data = open(options.data, "rb").read() if options.data else b""
    fill(disc, Noise("%s/%d" % (options.variant, options.seed)), data)
    told = {"variant": options.variant, "mcn": disc.mcn, "title": disc.title, "performer": disc.performer, "cdtext": disc.cdtext.hex(), "tracks": [],
            "containers": {}}
    for t in disc.tracks:
        told["tracks"].append({"number": t.number, "session": t.session, "kind": t.kind, "control": t.control, "isrc": t.isrc, "title": t.title,
                               "performer": t.performer, "start": t.start, "pregap": t.pregap, "sectors": t.count,
                               "indexes": [t.start + offset for offset in t.indexes], "digests": track_digests(t)})
    wanted = options.containers.split(",") if options.containers else list(disc_containers.CONTAINERS)
    for container in wanted:
        if not disc_containers.fits(disc, container):
            continue
        files, image, layout = disc_containers.CONTAINERS[container](disc, options.name)
        os.makedirs(os.path.join(options.o, container), exist_ok=True)
        for name, content in files.items():
            with open(os.path.join(options.o, container, name), "wb") as to:
                to.write(content)
        for where, track in zip(layout, disc.tracks):
            where["digests"] = place_digests(track, where)
        told["containers"][container] = {"image": container + "/" + image, "files": sorted(container + "/" + name for name in files), "tracks": layout}
    json.dump(told, sys.stdout, indent=1)
    print()


def dat(options):
    with open(options.truth) as file:
        told = json.load(file)
    print('<?xml version="1.0"?>\n<!DOCTYPE datafile PUBLIC "-//Logiqx//DTD ROM Management Datafile//EN" "http://www.logiqx.com/Dats/datafile.dtd">')
    print('<datafile>\n\t<header>\n\t\t<name>Lab</name>\n\t</header>\n\t<game name="disc">\n\t\t<description>disc</description>')
    for where in told["containers"][options.container]["tracks"]:
        d = where["digests"].get("whole") or where["digests"].get("raw") or where["digests"].get("stored") or where["digests"]["user"]
        print('\t\t<rom name="disc (Track %d).bin" size="%d" crc="%s" md5="%s" sha1="%s"/>'
              % (where["number"], d["bytes"], d["crc32"], d["md5"], d["sha1"]))
    print("\t</game>\n</datafile>")


# Where a byte of each region lies in a raw sector of each form; in the subchannel, in 96 linear bytes.
REGIONS = {
    "1": {"sync": 5, "header": 13, "mode": 15, "user": 1000, "edc": 2065, "zero": 2070, "p": 2100, "q": 2300},
    "2.1": {"sync": 5, "header": 13, "mode": 15, "subheader": 17, "user": 1000, "edc": 2073, "p": 2100, "q": 2300},
    "2.2": {"sync": 5, "header": 13, "mode": 15, "subheader": 17, "user": 1000, "edc": 2349},
    "2": {"sync": 5, "header": 13, "mode": 15, "user": 1000},
    "audio": {"user": 1000},
    "sub": {"p": 3, "q": 20, "q-crc": 23, "r": 30},
}


def edit(path, change):
    with open(path, "r+b") as file:
        data = bytearray(file.read())
        data = change(data)
        file.seek(0)
        file.truncate()
        file.write(data)


def flip(options):
    at = options.base + options.sector * (options.stride or (cd.SUB if options.form == "sub" else cd.RAW)) + REGIONS[options.form][options.region]

    def change(data):
        data[at] ^= options.mask
        return data
    edit(options.file, change)
    print(at)


def append(options):
    more = bytes(options.stride) if options.what == "zero" else None
    noise = Noise("appended")
    edit(options.file, lambda data: data + b"".join(more or noise.take(options.stride) for _ in range(options.sectors)))


def swap(options):
    w = options.stride
    a, b = options.first * w, options.second * w
    ae, be = a + options.count * w, b + options.count2 * w
    edit(options.file, lambda data: data[:a] + data[b:be] + data[ae:b] + data[a:ae] + data[be:])


def shift(options):
    a, b, k = options.first * cd.RAW, (options.first + options.count) * cd.RAW, options.samples * 4

    def change(data):
        run = data[a:b]
        run = (bytes(k) + run[: len(run) - k]) if k >= 0 else run[-k:] + bytes(-k)
        return data[:a] + run + data[b:]
    edit(options.file, change)


def late(options):
    n = options.sectors * cd.SUB
    edit(options.file, lambda data: data[:n] + data[: len(data) - n])


def recode(options):
    """Are the sectors of a raw data image what this lab makes of their user data? Says how many are, and of how many."""
    with open(options.file, "rb") as file:
        data = file.read()
    same = count = 0
    for at in range(0, len(data) - cd.RAW + 1, cd.RAW):
        s = data[at : at + cd.RAW]
        lba = (int("%x" % s[12]) * 60 + int("%x" % s[13])) * 75 + int("%x" % s[14]) - 150
        if s[15] == 1:
            made = [cd.mode1(lba, s[16:2064])]
        elif s[18] & 0x20:
            made = [cd.form2(lba, s[16:20], s[24:2348], checked) for checked in (True, False)]
        else:
            made = [cd.form1(lba, s[16:20], s[24:2072])]
        same, count = same + (s in made), count + 1
    print(same, count)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)

    def command(name, call, *arguments):
        p = commands.add_parser(name)
        p.set_defaults(call=call)
        for argument in arguments:
            flags, keywords = argument if isinstance(argument, tuple) else (argument, {})
            p.add_argument(flags, **keywords)
    number = {"type": int}
    stride = ("--stride", {"type": int, "default": cd.RAW})
    command("make", make, ("variant", {"choices": sorted(variants())}), ("-o", {"required": True}), ("--name", {"default": "disc"}),
            ("--seed", {"type": int, "default": 1}), ("--data", {}), ("--containers", {}))
    command("dat", dat, "truth", "container")
    command("flip", flip, "file", ("sector", number), "region", ("--form", {"default": "1", "choices": sorted(REGIONS)}),
            ("--stride", {"type": int, "default": 0}), ("--base", {"type": int, "default": 0}), ("--mask", {"type": int, "default": 0x11}))
    command("append", append, "file", ("sectors", number), ("what", {"choices": ["zero", "noise"]}), stride)
    command("cut", lambda o: edit(o.file, lambda data: data[: len(data) - o.bytes]), "file", ("bytes", number))
    command("swap", swap, "file", ("first", number), ("count", number), ("second", number), ("count2", number), stride)
    command("shift", shift, "file", ("first", number), ("count", number), ("samples", number))
    command("late", late, "file", ("sectors", {"type": int, "nargs": "?", "default": 1}))
    command("recode", recode, "file")
    options = parser.parse_args()
    options.call(options)


if __name__ == "__main__":
    main()
