#!/usr/bin/env python3
"""dat_seeds.py SEEDS CORPUS: first inputs for fuzz_dat: lists of discs with the track sizes of its medium, of an ISO, and of things that are none."""
import os
import sys

folder = os.path.join(sys.argv[1], "fuzz_dat")
os.makedirs(folder, exist_ok=True)
HEAD = ('<?xml version="1.0"?>\n<!DOCTYPE datafile PUBLIC "-//Logiqx//DTD ROM Management Datafile//EN" "http://www.logiqx.com/Dats/datafile.dtd">\n'
        "<datafile>\n\t<header>\n\t\t<name>Lab</name>\n\t</header>\n")


def rom(name, size, digest="0"):
    return '\t\t<rom name="%s" size="%d" crc="%s" md5="%s" sha1="%s"/>\n' % (name, size, digest * 8, digest * 32, digest * 40)


def game(name, *roms):
    return '\t<game name="%s">\n\t\t<category>Games</category>\n\t\t<description>%s</description>\n%s\t</game>\n' % (name, name, "".join(roms))


tracks = [rom("disc (Track %d).bin" % (n + 1), size * 2352, "abc"[n]) for n, size in enumerate((300, 350, 350))]
disc = game("Disc", rom("disc.cue", 300), *tracks)
seeds = {
    "disc": HEAD + disc + "</datafile>\n",
    "two": HEAD + disc + game("Other", *tracks[::-1]) + "</datafile>\n",
    "gap": HEAD + game("Gap", tracks[0], rom("disc (Track 2).bin", 200 * 2352), tracks[2]) + "</datafile>\n",
    "iso": HEAD + game("Image", rom("disc.iso", 1474560, "d")) + "</datafile>\n",
    "sha256": HEAD + disc.replace("sha1=", 'sha256="%s" sha1=' % ("e" * 64)) + "</datafile>\n",
    "entities": HEAD + game("A &amp; B &#x41;&#66; &lt;", *tracks) + "</datafile>\n",
    "declared": HEAD.replace('dtd">', 'dtd" [<!ENTITY a "b">]>') + disc + "</datafile>\n",
    "cut": HEAD + disc[:200],
    "machine": HEAD.replace("\n", "\r\n") + disc.replace("game", "machine") + "</datafile>",
    "none": "<html><body>no list</body></html>",
}
texts = {name: text.encode() for name, text in seeds.items()}
texts["utf16"] = seeds["disc"].replace('version="1.0"', 'version="1.0" encoding="UTF-16"').encode("utf-16")
texts["latin"] = seeds["disc"].replace('version="1.0"', 'version="1.0" encoding="ISO-8859-1"').replace("Disc", "D\xefsc").encode("latin-1")
for name, text in texts.items():
    for choice in range(4):
        with open("%s/%s-%d" % (folder, name, choice), "wb") as file:
            file.write(bytes([choice]) + text)
