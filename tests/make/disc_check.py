#!/usr/bin/env python3
"""disc_check.py TRUTH.json [CONTAINER|disc INFO.json HASH.json]...: holds what a program says of an image to the disc maker's truth.

INFO has DESIGN's `layout`, HASH its `digests`. With "disc" no container's layout is expected, only the digests of every track that HASH has, which
must be all that the disc has in user data or raw. Prints what differs, one line each; status 1 when anything does."""
import json
import sys

MODES = {("mode1", 2352): "MODE1/2352", ("mode1", 2048): "MODE1/2048", ("mode2", 2352): "MODE2/2352", ("mode2", 2336): "MODE2/2336",
         ("audio", 2352): "AUDIO", ("mode0", 2352): "MODE0/2352", ("blocks", 2048): "BLOCKS/2048"}
BARE = ("mds", "mdssub", "tao", "iso")  # these hold no catalogue number, ISRC or further index
wrong = []


def same(what, got, want):
    if got != want:
        wrong.append("%s is %r, not %r" % (what, got, want))


def check_layout(places, layout, told):
    same("kind", layout.get("kind"), "disc")
    same("tracks", len(layout.get("tracks", [])), len(places))
    for place, got, track in zip(places, layout.get("tracks", []), told["tracks"]):
        name = "track %d's " % place["number"]
        for key, want in (("number", place["number"]), ("session", place["session"]), ("first_lba", place["first"]), ("sectors", place["sectors"]),
                          ("main_bytes", place["main_bytes"]), ("sub_bytes", place["sub_bytes"])):
            same(name + key, got.get(key), want)
        same(name + "mode", got.get("mode", "").split("/")[0], MODES[place["kind"], place["main_bytes"]].split("/")[0])
        if place["kind"] != "blocks" and container != "tao": # track-at-once tables have no control bits
            same(name + "control", got.get("control", 0) & 5, track["control"] & 5)
        if place["kind"] != "blocks":
            for key, want in (("start_lba", place["start"]), ("stored_pregap", place["stored_pregap"]), ("pregap", place["pregap"])):
                same(name + key, got.get(key), want)
        if container not in BARE:
            same(name + "isrc", got.get("isrc", ""), track["isrc"])
            same(name + "indexes", [i["lba"] for i in got.get("indexes", [])], track["indexes"])


def check_disc(layout, told):
    if container not in BARE:
        same("mcn", layout.get("mcn", ""), told["mcn"])
    if container not in ("mds", "mdssub", "iso"):
        same("CD-TEXT", "".join(layout.get("cdtext_packs", [])), told["cdtext"])
        titles = {t["track"]: t.get("title") for t in layout.get("cdtext", [])}
        same("titles", [titles.get(n, "") for n in range(len(told["tracks"]) + 1)], [told["title"]] + [t["title"] for t in told["tracks"]])


def check_digests(tracks, digests, complete):
    got = {}
    for d in digests:
        got.setdefault(d["scope"].lower(), {})[d["algorithm"].lower().replace("-", "")] = d["value"]
    for track in tracks:
        for form, want in track["digests"].items():
            scope = "track:%d/%s" % (track["number"], form)
            if scope not in got and (not complete or form == "raw" and track["kind"] == "blocks"):
                continue
            if scope not in got:
                wrong.append(scope + " has no digest")
                continue
            for algorithm in ("crc32", "md5", "sha1", "sha256"):
                if algorithm in got[scope]:
                    same("%s of %s" % (algorithm, scope), got[scope][algorithm], want[algorithm])
        if not complete and not any("track:%d/%s" % (track["number"], form) in got for form in ("raw", "user")):
            wrong.append("track %d has no digest at all" % track["number"])
    if complete:
        expected = {"track:%d/%s" % (t["number"], form) for t in tracks for form in t["digests"]}
        for scope in got:
            if scope.startswith("track:") and scope not in expected:
                wrong.append(scope + " is not expected")


def load(path):
    with open(path) as file:
        return json.load(file)


told = load(sys.argv[1])
for container, info, hashed in zip(sys.argv[2::3], sys.argv[3::3], sys.argv[4::3]):
    before = len(wrong)
    digests = load(hashed)["digests"]
    if container == "disc":
        check_digests(told["tracks"], digests, False)
    else:
        places = told["containers"][container]["tracks"]
        layout = load(info)["layout"]
        check_layout(places, layout, told)
        check_disc(layout, told)
        check_digests(places, digests, True)
    wrong[before:] = [container + ": " + text for text in wrong[before:]]
print("\n".join(wrong[:60]))
sys.exit(1 if wrong else 0)
