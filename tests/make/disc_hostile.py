#!/usr/bin/env python3
"""disc_hostile.py FOLDER: descriptors and images that attack a reader, one for each class of fault that readers of these formats have had.

Prints a line for each: file, what must come of it, a word (regular expression) of the message, the class; tab-separated. What must come of it:
    refused   not an image (exit 5), with the line or the offset
    found     the same, or it opens and verify names a finding with that word
    any       accepted or refused; only never a crash, never slow, never much memory
Data files are 'd.bin' (20 sectors of Mode 1) and 'd.iso'."""
import os
import struct
import sys

import disc_containers
import disc_maker
import disc_sectors as cd

out = sys.argv[1]
os.makedirs(out, exist_ok=True)
rows = []


def write(name, data):
    with open(os.path.join(out, name), "wb") as file:
        file.write(data if isinstance(data, bytes) else data.encode())


def case(kind, name, want, word, data):
    write(name, data)
    rows.append("\t".join((name, want, word or ".", kind)))


def patched(data, *changes):
    data = bytearray(data)
    for at, new in changes:
        data[at : at + len(new)] = new
    return bytes(data)


u32, u64, be32, be64 = (lambda n, f=f: struct.pack(f, n) for f in ("<I", "<Q", ">I", ">Q"))
ONES4, ONES8 = b"\xff" * 4, b"\xff" * 8

write("d.bin", b"".join(cd.mode1(n, bytes([n]) * 2048) for n in range(20)))
FILE = 'FILE "d.bin" BINARY\n'
TRACK = "  TRACK 01 MODE1/2352\n"
INDEX = "    INDEX 01 00:00:00\n"
GOOD = FILE + TRACK + INDEX


def descriptors():
    """(kind, cue, toc): text attacks on both grammars, each the whole file, and the word that its refusal has."""
    number = "a number from the text as an index or a size"
    case(number, "index-max.cue", "refused", "line 3.*", FILE + TRACK + "    INDEX 4294967295 00:00:00\n")
    case(number, "index-100.cue", "refused", "line 4", GOOD + "    INDEX 100 00:00:05\n")
    case(number, "index-negative.cue", "refused", "line 3", FILE + TRACK + "    INDEX -1 00:00:00\n")
    case(number, "track-400.cue", "refused", "line 2", FILE + "  TRACK 400 MODE1/2352\n" + INDEX)
    case(number, "track-0.cue", "refused", "line 2", FILE + "  TRACK 00 MODE1/2352\n" + INDEX)
    case(number, "tracks-100.cue", "refused", "line [0-9]+",
         FILE + "".join("  TRACK %d AUDIO\n    INDEX 01 00:00:%02d\n" % (n, n % 75) for n in range(1, 101)))
    case(number, "tracks-100.toc", "refused", "line [0-9]+|track", "CD_DA\n" + 'TRACK AUDIO\nSILENCE 00:05:00\n' * 100)
    case(number, "sessions-0.cue", "found", "session|line 1", "REM SESSION 00\n" + GOOD)
    case(number, "sessions-100.cue", "found", "session|line 1", "REM SESSION 100\n" + GOOD)
    case(number, "indexes-200.toc", "refused", "line [0-9]+",
         "CD_DA\nTRACK AUDIO\nSILENCE 01:00:00\n" + "".join("INDEX 00:%02d:%02d\n" % (n // 70, n % 70) for n in range(1, 201)))
    case("a fixed buffer for a name", "long-name.cue", "refused", "line 1", 'FILE "%s" BINARY\n' % ("A" * 70000) + TRACK + INDEX)
    case("a fixed buffer for a name", "long-name.toc", "absent", "line 3", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "%s"\n' % ("A" * 70000))
    case("a fixed buffer for a name", "long-title.cue", "any", ".", 'TITLE "%s"\n' % ("B" * 100000) + GOOD)
    case("a fixed buffer for a name", "long-word.cue", "found", "line 4", GOOD + "X" * 300000 + "\n")
    child = "a child before its parent"
    case(child, "index-first.cue", "refused", "line 1", "INDEX 01 00:00:00\n" + GOOD)
    case(child, "index-before-file.cue", "refused", "line 2", TRACK + INDEX + FILE)
    case(child, "isrc-first.cue", "found", "line 1", "ISRC USABC0312345\n" + GOOD)
    case(child, "pregap-first.cue", "refused", "line 1", "PREGAP 00:00:10\n" + GOOD)
    case(child, "start-first.toc", "refused", "line 2", "CD_ROM\nSTART 00:00:01\nTRACK MODE1_RAW\nDATAFILE \"d.bin\"\n")
    case(child, "file-first.toc", "refused", "line 2", "CD_ROM\nDATAFILE \"d.bin\"\nTRACK MODE1_RAW\n")
    case(child, "index-first.toc", "found", "line 3", "CD_ROM\nTRACK MODE1_RAW\nINDEX 00:00:01\nDATAFILE \"d.bin\"\n")
    wraps = "an offset or length that wraps"
    case(wraps, "time-huge.cue", "found", "line 3|data-file|end", FILE + TRACK + "    INDEX 01 99999999999999999999:59:74\n")
    case(wraps, "time-max.cue", "found", "line 3|data-file|end", FILE + TRACK + "    INDEX 01 4294967295:59:74\n")
    case(wraps, "time-59-75.cue", "refused", "line 3", FILE + TRACK + "    INDEX 01 00:60:75\n")
    case(wraps, "pregap-huge.cue", "found", "line 3|lba|minutes", FILE + TRACK + "    PREGAP 715827882:59:74\n" + INDEX)
    case(wraps, "offset-max.toc", "found", "line 3|data-file|end", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin" #18446744073709551615 00:00:10\n')
    case(wraps, "offset-over.toc", "refused", "line 3", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin" #99999999999999999999999 00:00:10\n')
    case(wraps, "offset-minus.toc", "refused", "line 3", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin" #-2352 00:00:10\n')
    case(wraps, "length-max.toc", "found", "line 3|data-file|end", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin" 18446744073709551615\n')
    case(wraps, "silence-max.toc", "found", "line 3|lba|minutes", "CD_DA\nTRACK AUDIO\nSILENCE 18446744073709551615\n")
    case(wraps, "audio-max.toc", "found", "line 3|data-file|end", 'CD_DA\nTRACK AUDIO\nFILE "d.bin" 18446744073709551615 18446744073709551615\n')
    zero = "a field of zero"
    case(zero, "length-0.toc", "found", "line 3|sectors|empty", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin" 0\n')
    case(zero, "track-empty.cue", "found", "line [0-9]+|sectors|empty", GOOD + "  TRACK 02 MODE1/2352\n    INDEX 01 00:00:00\n")
    write("empty.bin", b"")
    case(zero, "file-empty.cue", "found", "line [0-9]+|sectors|empty|data-file", GOOD.replace("d.bin", "empty.bin"))
    case(zero, "empty.cue", "refused", "", "")
    case(zero, "empty.toc", "refused", "", "")
    case("CD-TEXT given twice", "cdtext-twice.cue", "found", "line 2", 'CDTEXTFILE "t.cdt"\nCDTEXTFILE "t.cdt"\n' + GOOD)
    write("t.cdt", cd.cdtext([(0x80, ["Disc", "Track"])]))
    twice = "CD_TEXT { LANGUAGE_MAP { 0: EN } LANGUAGE 0 { TITLE \"x\" } }\n"
    case("CD-TEXT given twice", "cdtext-twice.toc", "any", ".", "CD_ROM\n" + twice * 2 + 'TRACK MODE1_RAW\nDATAFILE "d.bin"\n')
    write("broken.cdt", cd.cdtext([(0x80, ["Disc", "Track"])])[:-7])
    case("a block shorter than its header", "cdtext-cut.cue", "found", "cd-?text|line 1", 'CDTEXTFILE "broken.cdt"\n' + GOOD)


def paths():
    kind = "a path that opens a host file"
    os.makedirs(os.path.join(out, "..", "outside"), exist_ok=True)
    write("../outside/secret.bin", b"".join(cd.mode1(n, b"S" * 2048) for n in range(20)))
    for n, name in enumerate(("../outside/secret.bin", "..\\outside\\secret.bin", "x/../../outside/secret.bin", "..")):
        case(kind, "escape-%d.cue" % n, "refused", "\\.\\.", GOOD.replace("d.bin", name))
        case(kind, "escape-%d.toc" % n, "refused", "\\.\\.", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "%s"\n' % name.replace("\\", "\\\\"))
        mds_named("escape-%d.mds" % n, name, "\\.\\.", kind)
    for n, name in enumerate(("/dev/zero", "/etc/passwd", "C:\\secret.bin", "json:{}", "http://127.0.0.1/x", "//host/share/x.bin")):
        case(kind, "absolute-%d.cue" % n, "absent", "no such|not (be )?found|cannot|not there", GOOD.replace("d.bin", name))
    os.symlink("../outside/secret.bin", os.path.join(out, "link.bin"))
    os.symlink("/dev/zero", os.path.join(out, "zero.bin"))
    os.mkfifo(os.path.join(out, "pipe.bin"))
    os.mkdir(os.path.join(out, "folder.bin"))
    for name in ("link", "zero", "pipe", "folder"):
        case(kind, name + ".cue", "absent", ".", GOOD.replace("d.bin", name + ".bin"))
        case(kind, name + ".toc", "absent", ".", 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "%s.bin"\n' % name)
    case(kind, "cdtext-host.cue", "found", "line 1", 'CDTEXTFILE "/etc/hostname"\n' + GOOD)
    case(kind, "itself.cue", "any", ".", GOOD.replace("d.bin", "itself.cue"))
    formats = "format characters and shell words"
    for n, name in enumerate(("%s%s%n%n.bin", "$(touch owned).bin", "`touch owned`.bin", "a;touch owned;.bin", "-o.bin", "|touch owned", "a\tb.bin")):
        case(formats, "words-%d.cue" % n, "absent", ".", GOOD.replace("d.bin", name))
    for n, title in enumerate(("]]><script>alert(1)</script>", "%n%n%s%x", "\033]0;owned\a\033[2J", "'; DROP TABLE line; --", "\u202egnp.exe")):
        case("text that attacks the report", "title-%d.cue" % n, "shows", ".", 'TITLE "%s"\nPERFORMER "%s"\n' % (title, title) + GOOD)


def encodings():
    kind = "text of every kind"
    case(kind, "bom.cue", "opens", "", b"\xef\xbb\xbf" + GOOD.encode())
    case(kind, "crlf.cue", "opens", "", GOOD.replace("\n", "\r\n"))
    case(kind, "cr.cue", "any", ".", GOOD.replace("\n", "\r"))
    case(kind, "no-newline.cue", "opens", "", GOOD.rstrip("\n"))
    case(kind, "cp1251.cue", "opens", "", 'TITLE "\u041f\u0440\u0438\u0432\u0435\u0442"\n'.encode("cp1251") + GOOD.encode())
    case(kind, "utf16.cue", "refused", "", GOOD.encode("utf-16"))
    case(kind, "nul.cue", "refused", ".", GOOD.replace("  TRACK", "  TR\0ACK"))
    case(kind, "nul-name.cue", "refused", ".", GOOD.replace("d.bin", "d.bin\0.txt"))
    case(kind, "nuls.cue", "refused", "", bytes(5000) + GOOD.encode())
    case(kind, "nul-behind.cue", "any", ".", GOOD.encode() + bytes(100))
    case(kind, "quote-open.cue", "refused", "line 1", GOOD.replace('d.bin"', "d.bin"))
    case(kind, "quotes.cue", "refused", "line 1", GOOD.replace("d.bin", '"' * 100000))
    toc = 'CD_ROM\nTRACK MODE1_RAW\nDATAFILE "d.bin"\n'
    case(kind, "crlf.toc", "opens", "", toc.replace("\n", "\r\n"))
    case(kind, "bom.toc", "any", ".", b"\xef\xbb\xbf" + toc.encode())
    case(kind, "nul.toc", "refused", "line 2", toc.replace("TRACK", "TR\0ACK"))
    case(kind, "quote-open.toc", "refused", "line 3", toc.replace('d.bin"', "d.bin"))
    case(kind, "braces.toc", "refused", "line 2", "CD_ROM\nCD_TEXT " + "{" * 200000)
    case(kind, "braces-closed.toc", "refused", "line 2", "CD_ROM\nCD_TEXT " + "{ LANGUAGE 0 " * 50000 + "}" * 50000 + "\n" + toc)
    case(kind, "octal.toc", "any", ".", 'CD_ROM\nCD_TEXT { LANGUAGE_MAP { 0: EN } LANGUAGE 0 { TITLE "\\777\\000\\9\\" } }\n' + toc)
    case(kind, "binary-unclosed.toc", "refused", "line [0-9]+", "CD_ROM\nCD_TEXT { LANGUAGE_MAP { 0: EN } LANGUAGE 0 { SIZE_INFO { 1, 2, 999")
    size = 10 << 20
    for name, unit, head in (("10mb-lines.cue", "REM x\n", GOOD), ("10mb-one-line.cue", "A", GOOD), ("10mb-quotes.cue", '"', 'TITLE "'),
                             ("10mb-blank.cue", " ", GOOD), ("10mb-lines.toc", "// x\n", toc), ("10mb-braces.toc", "{", "CD_ROM\nCD_TEXT "),
                             ("10mb-lines.ccd", "[Entry 1]\r\n", "[CloneCD]\r\nVersion=3\r\n"), ("10mb-one-line.ccd", "=", "[CloneCD]\r\nVersion=")):
        case("10 MB", name, "refused", "", (head + unit * (size // len(unit)))[:size])
    for name, unit in (("1mb-lines.cue", "REM SESSION 1\n"), ("1mb-titles.cue", 'TITLE "x"\n'), ("1mb-tracks.cue", TRACK), ("1mb-files.cue", FILE)):
        case("10 MB", name, "any", ".", (GOOD + unit * ((1 << 20) // len(unit)))[: (1 << 20) - 10])
    case("10 MB", "1mb-statements.toc", "any", ".", ("CD_DA\nTRACK AUDIO\n" + "SILENCE 1\n" * 100000)[: (1 << 20) - 10])
    case("10 MB", "1mb-entries.ccd", "any", ".", ("[CloneCD]\nVersion=3\n" + "".join("[Entry %d]\n" % n for n in range(70000)))[: (1 << 20) - 10])


def waves():
    chunk = lambda kind, body, length=None: kind + u32(len(body) if length is None else length) + body
    fmt = lambda tag=1, channels=2, rate=44100, align=4, bits=16: chunk(b"fmt ", struct.pack("<HHIIHH", tag, channels, rate, rate * 4 & 0xFFFFFFFF, align, bits))
    samples = chunk(b"data", bytes(2352 * 4))
    riff = lambda body, length=None: b"RIFF" + u32(len(body) + 4 if length is None else length) + b"WAVE" + body
    rate = b"\x40\x0e\xac\x44\0\0\0\0\0\0"
    aiff = lambda comm, body, kind=b"AIFF": b"FORM" + be32(4 + 8 + len(comm) + len(body)) + kind + b"COMM" + be32(len(comm)) + comm + body
    ssnd = lambda offset=0, length=None: b"SSND" + be32(2360 if length is None else length) + be32(offset) + be32(0) + bytes(2352)
    samples_of = {
        "wave-sound.wav": ("opens", riff(fmt() + samples)),
        "wave-data-max.wav": ("found", riff(fmt() + chunk(b"data", bytes(2352 * 4), 0xFFFFFFF0))),
        "wave-chunk-max.wav": ("refused", riff(fmt() + chunk(b"junk", bytes(10), 0xFFFFFFFF) + samples)),
        "wave-chunk-odd.wav": ("refused", riff(fmt() + chunk(b"junk", bytes(10), 0x7FFFFFFF) + samples)),
        "wave-zeros.wav": ("refused", riff(bytes(20000))),
        "wave-no-fmt.wav": ("refused", riff(samples)),
        "wave-fmt-short.wav": ("refused", riff(chunk(b"fmt ", b"\1\0\2\0") + samples)),
        "wave-no-data.wav": ("refused", riff(fmt())),
        "wave-channels-0.wav": ("refused", riff(fmt(channels=0) + samples)),
        "wave-align-0.wav": ("any", riff(fmt(align=0) + samples)),
        "wave-rate-0.wav": ("refused", riff(fmt(rate=0) + samples)),
        "wave-bits-24.wav": ("refused", riff(fmt(bits=24) + samples)),
        "wave-mp3.wav": ("refused", riff(fmt(tag=0x55) + samples)),
        "wave-chunks.wav": ("any", riff(fmt() + chunk(b"junk", b"") * 100000 + samples)),
        "wave-cut.wav": ("refused", riff(fmt() + samples)[:30]),
        "wave-empty.wav": ("refused", b""),
        "aiff-sound.aiff": ("opens", aiff(struct.pack(">HIH", 2, 588, 16) + rate, ssnd())),
        "aiff-offset-max.aiff": ("refused", aiff(struct.pack(">HIH", 2, 588, 16) + rate, ssnd(0xFFFFFFFF))),
        "aiff-length-max.aiff": ("found", aiff(struct.pack(">HIH", 2, 588, 16) + rate, ssnd(0, 0xFFFFFFFF))),
        "aiff-length-0.aiff": ("refused", aiff(struct.pack(">HIH", 2, 588, 16) + rate, ssnd(0, 0))),
        "aiff-rate-nan.aiff": ("refused", aiff(struct.pack(">HIH", 2, 588, 16) + b"\x7f\xff" + b"\xff" * 8, ssnd())),
        "aiff-frames-max.aiff": ("any", aiff(struct.pack(">HIH", 2, 0xFFFFFFFF, 16) + rate, ssnd())),
        "aiff-packed.aiff": ("refused", aiff(struct.pack(">HIH", 2, 588, 16) + rate + b"ima4\0\0", ssnd(), b"AIFC")),
    }
    for name, (want, data) in samples_of.items():
        write(name, data)
        kind = "AIFF" if name.startswith("aiff") else "WAVE"
        case("an audio file's header", name + ".cue", want, ".", 'FILE "%s" %s\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n' % (name, kind))


def lists():
    """Lists of disc images that the sound image good.cue is held against."""
    write("good.cue", GOOD)
    head = '<?xml version="1.0"?>\n'
    rom = '<rom name="d.bin" size="%s" crc="%s" md5="%s" sha1="%s"/>'
    game = '<datafile><game name="g"><description>g</description>%s</game></datafile>'
    good = rom % (47040, "00000000", "0" * 32, "0" * 40)
    laughs = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaaaaaaaaaaaa">' + "".join('<!ENTITY %s "%s">' % (chr(98 + n), ("&%s;" % chr(97 + n)) * 20) for n in range(9)) + "]>"
    for name, text in (("entities", head + laughs + (game % "&j;")),
                       ("external", head + '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + (game % "&x;")),
                       ("remote", head + '<!DOCTYPE d SYSTEM "http://127.0.0.1:9/d.dtd">' + (game % good)),
                       ("parameter", head + '<!DOCTYPE d [<!ENTITY % p SYSTEM "file:///etc/passwd"> %p;]>' + (game % good)),
                       ("deep", head + "<a>" * 200000), ("deep-closed", head + "<datafile>" + "<game name='g'>" * 100000 + "</game>" * 100000 + "</datafile>"),
                       ("size-max", head + game % (rom % ("18446744073709551616", "0" * 8, "0" * 32, "0" * 40))),
                       ("size-minus", head + game % (rom % ("-1", "0" * 8, "0" * 32, "0" * 40))),
                       ("not-hex", head + game % (rom % (47040, "zzzzzzzz", "z" * 32, "z" * 40))), ("hex-short", head + game % (rom % (47040, "00", "00", "00"))),
                       ("hex-long", head + game % (rom % (47040, "0" * 9000, "0" * 9000, "0" * 9000))), ("roms", head + game % (good * 100000)),
                       ("games", head + "<datafile>" + '<game name="g"></game>' * 200000 + "</datafile>"),
                       ("name-long", head + game % good.replace("d.bin", "n" * 1000000)), ("name-tags", head + game % good.replace("d.bin", "]]&gt;&lt;script&gt;")),
                       ("cut", (head + game % good)[:120]), ("nothing", ""), ("other-xml", head + "<html/>"), ("nul", head + "\0" + game % good)):
        write(name + ".dat", text)
        rows.append("\t".join((name + ".dat", "list", ".", "XML: entities, depth, numbers")))


def disc(variant, seed=1):
    made = disc_maker.variants()[variant]()
    disc_maker.fill(made, disc_maker.Noise("hostile/%d" % seed), b"")
    return made


def beside(name, files):
    """The files of a container under another name; gives the descriptor."""
    head = b""
    for path, data in files.items():
        if path.endswith((".mds", ".ccd")):
            head = data
        else:
            write(name + "." + path.rsplit(".", 1)[1], data)
    return head


def ccd():
    files, _, _ = disc_containers.ccd(disc("mixed"), "x")
    head = beside("x", files).decode()

    def change(kind, name, want, word, old, new, count=1):
        if old not in head:
            raise ValueError(old)
        beside(name[:-4], files)
        case(kind, name, want, word, head.replace(old, new, count))
    number = "a number from the text as an index or a size"
    change(number, "entries-max.ccd", "found", "line 4|TocEntries|entries", "TocEntries=6", "TocEntries=4294967295")
    change(number, "cdtext-max.ccd", "found", "line 7|CDText", "CDTextLength=0", "CDTextLength=4294967295")
    change(number, "sessions-0.ccd", "found", "line [0-9]+|session", "Sessions=1", "Sessions=0")
    change(number, "sessions-100.ccd", "found", "line [0-9]+|session", "Sessions=1", "Sessions=100")
    change(number, "session-max.ccd", "refused", "line [0-9]+", "Session=1", "Session=4294967295")
    change(number, "point.ccd", "refused", "line [0-9]+", "Point=0x02", "Point=0x1ff")
    change(number, "track-section.ccd", "refused", "line [0-9]+", "[TRACK 2]", "[TRACK 4294967295]")
    change(number, "index-max.ccd", "refused", "line [0-9]+", "INDEX 0=", "INDEX 4294967295=")
    change(number, "index-twice.ccd", "found", "line [0-9]+|INDEX", "INDEX 0=", "INDEX 1=")
    change("an offset or length that wraps", "plba-max.ccd", "found", "line [0-9]+|PLBA|lba", "PLBA=96", "PLBA=9223372036854775807")
    change("an offset or length that wraps", "plba-minus.ccd", "found", "line [0-9]+|PLBA|lba|order", "PLBA=96", "PLBA=-2147483648")
    change("an offset or length that wraps", "minute.ccd", "found", "line [0-9]+|PLBA|PMin", "PMin=0\r\nPSec=3\r\nPFrame=21", "PMin=999999999\r\nPSec=3\r\nPFrame=21")
    change("an offset or length that wraps", "order.ccd", "found", "line [0-9]+|order|lba|PLBA", "PMin=0\r\nPSec=3\r\nPFrame=21\r\nPLBA=96",
           "PMin=0\r\nPSec=5\r\nPFrame=21\r\nPLBA=246")
    change("a child before its parent", "no-section.ccd", "refused", "", "[CloneCD]\r\n", "")
    change("a child before its parent", "no-entries.ccd", "refused", "", "[Entry ", "[Entri ", 99)
    change("a fixed buffer for a name", "long-key.ccd", "any", ".", "Version=3", "Version=3\r\n" + "K" * 70000 + "=1")
    change("a fixed buffer for a name", "long-isrc.ccd", "found", "line [0-9]+|ISRC", "ISRC=USABC0312345", "ISRC=" + "U" * 70000)
    change("a fixed buffer for a name", "long-catalog.ccd", "found", "line [0-9]+|CATALOG", "CATALOG=1234567890128", "CATALOG=" + "1" * 70000)
    change("text of every kind", "nul.ccd", "found", "line [0-9]+", "Version=3", "Ver\0sion=3")
    files["x.img"] = files["x.img"][:100]
    change("an offset or length that wraps", "short-img.ccd", "found", "data-file|end|img|lead-out", "Version=3", "Version=3")


def mds_named(name, reference, word, kind):
    files, _, _ = disc_containers.mds(disc("data"), "x")
    head = files["x.mds"].replace(b"*.mdf\0", reference.encode() + b"\0")
    case(kind, name, "refused", word, head)


def mds():
    files, _, _ = disc_containers.mds(disc("data"), "x")
    head = beside("m", files)
    session, track0, track = 88, 88 + 24, 88 + 24 + 240 # the first track block that is a track
    extra = struct.unpack("<I", head[track + 12 : track + 16])[0]
    footer = struct.unpack("<I", head[track + 52 : track + 56])[0]

    def change(kind, name, want, word, *changes):
        beside(name[:-4], files)
        case(kind, name, want, word, patched(head, *changes))
    number = "a number from the file as an index or a size"
    change(number, "sessions-0.mds", "refused", "session", (20, b"\0\0"))
    change(number, "sessions-100.mds", "refused", "session|end", (20, b"\x64\0"))
    change(number, "sessions-max.mds", "refused", "session|end", (20, b"\xff\xff"))
    change(number, "blocks-255.mds", "refused", "", (session + 10, b"\xff\xff"))
    change(number, "point-100.mds", "found", "point|track", (track + 4, b"\x64"))
    change(number, "point-0.mds", "found", "point|track", (track + 4, b"\0"))
    change(number, "files-max.mds", "found", "file", (track + 48, ONES4))
    wraps = "an offset or length that wraps"
    change(wraps, "sessions-offset.mds", "refused", "", (80, ONES4))
    change(wraps, "tracks-offset.mds", "refused", "", (session + 20, ONES4))
    change(wraps, "tracks-offset-7fff.mds", "refused", "", (session + 20, u32(0x7FFFFFFF)))
    change(wraps, "extra-offset.mds", "refused", "", (track + 12, u32(0xFFFFFFFC)))
    change(wraps, "footer-offset.mds", "refused", "", (track + 52, u32(0xFFFFFFF8)))
    change(wraps, "name-offset.mds", "refused", "", (footer, ONES4))
    change(wraps, "data-offset.mds", "found", "data-file|end|offset", (track + 40, u64(0xFFFFFFFFFFFFF000)))
    change(wraps, "data-offset-63.mds", "found", "data-file|end|offset", (track + 40, u64(0x7FFFFFFFFFFFFF00)))
    change(wraps, "length-max.mds", "found", "data-file|end|sectors|lba", (extra + 4, ONES4))
    change(wraps, "pregap-max.mds", "found", "pregap|lba|end", (extra, ONES4))
    change(wraps, "start-max.mds", "found", "lba|start|TOC", (track + 36, u32(0x7FFFFFFF)))
    change("a field of zero", "sector-0.mds", "refused", "sector", (track + 16, b"\0\0"))
    change("a field of zero", "length-0.mds", "found", "sector|length|empty", (extra + 4, bytes(4)))
    change("a sector larger than its buffer", "sector-max.mds", "refused", "sector", (track + 16, b"\xff\xff"))
    change("a sector larger than its buffer", "sector-2353.mds", "refused", "sector", (track + 16, struct.pack("<H", 2353)))
    change("a mode nobody has seen", "subchannel.mds", "refused", "subchannel", (track + 1, b"\x20"))
    change("version 2 is refused by name", "v2.mds", "refused", "version 2|v2|MDX|Daemon", (16, b"\2\0"))
    change("a cycle", "tracks-on-header.mds", "refused", "", (session + 20, u32(0)))
    change("a cycle", "extra-on-itself.mds", "any", ".", (track + 12, u32(track)))
    for at in (5, 17, 87, session + 10, track0 + 70, track + 79, footer + 3, len(head) - 1):
        beside("cut-%d" % at, files)
        case("a block shorter than its header", "cut-%d.mds" % at, "refused", "", head[:at])
    beside("wide", files)
    case("an encoding that grows", "wide.mds", "found", ".",
         patched(head, (footer + 4, u32(1)))[: -len(b"*.mdf\0")] + b"\x00\xd8" * 30000 + b"\0\0")
    beside("unended", files)
    case("a fixed buffer for a name", "unended.mds", "refused", "", head[: -len(b"*.mdf\0")] + b"A" * 70000)


def nrg_of(*chunks, data=b"", at=None):
    body = b"".join(disc_containers.chunk(kind, content) for kind, content in chunks)
    return data + body + struct.pack(">4sQ", b"NER5", len(data) if at is None else at)


def nrg():
    data = b"".join(cd.mode1(n - 150, bytes(2048)) for n in range(150)) + open(os.path.join(out, "d.bin"), "rb").read()
    size = len(data)
    start = 150 * 2352
    row = lambda control, track, index, lba: bytes([control << 4 | 1, track, index, 0]) + struct.pack(">i", lba)
    cuex = row(4, 0, 0, -150) + row(4, 1, 0, -150) + row(4, 1, 1, 0) + row(4, 0xAA, 1, 20)

    def daox(width=2352, mode=5, at=(0, start, size), first=1, last=1, head=None):
        body = struct.pack(">13s5B", b"", 0, 0, 0, first, last) + struct.pack(">12sHB3sQQQ", b"", width, mode, b"\0\0\1", *at)
        return (be32(len(body) + 4) if head is None else head) + body
    end = ((b"SINF", be32(1)), (b"MTYP", be32(1)), (b"END!", b""))
    good = ((b"CUEX", cuex), (b"DAOX", daox())) + end
    case("(the sound one)", "good.nrg", "opens", "", nrg_of(*good, data=data))
    number = "a number from the file as an index or a size"
    whole = nrg_of(*good, data=data)
    case(number, "chunk-ffffffff.nrg", "refused", "", patched(whole, (size + 4, ONES4)))
    case(number, "chunk-7fffffff.nrg", "refused", "", patched(whole, (size + 4, u32(0xFFFFFF7F))))
    case(number, "tracks-255.nrg", "refused", "track|DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox(last=255)), *end, data=data))
    case(number, "tracks-turned.nrg", "refused", "track|DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox(first=9, last=2)), *end, data=data))
    case(number, "cue-track.nrg", "refused", "track|BCD|CUEX", nrg_of((b"CUEX", cuex.replace(bytes([0x41, 1]), bytes([0x41, 0x9F]))), (b"DAOX", daox()), *end, data=data))
    case(number, "cue-track-100.nrg", "found", "track|CUEX|cue", nrg_of((b"CUEX", row(4, 0, 0, -150) + b"".join(row(4, disc_containers.cd.bcd(n % 100), 1, n) for n in range(1, 101)) + row(4, 0xAA, 1, 101)), (b"DAOX", daox()), *end, data=data))
    case(number, "sinf-max.nrg", "found", "SINF|track|session", nrg_of((b"CUEX", cuex), (b"DAOX", daox()), (b"SINF", ONES4), *end[1:], data=data))
    case(number, "sinf-0.nrg", "found", "SINF|track|session", nrg_of((b"CUEX", cuex), (b"DAOX", daox()), (b"SINF", bytes(4)), *end[1:], data=data))
    case(number, "sessions-100.nrg", "refused", "", nrg_of(*(((b"CUEX", cuex), (b"DAOX", daox()), (b"SINF", be32(1))) * 100), *end[1:], data=data))
    wraps = "an offset or length that wraps"
    case(wraps, "chain-ffff.nrg", "refused", "", nrg_of(*good, data=data, at=0xFFFFFFFFFFFFFFFF))
    case(wraps, "chain-end.nrg", "refused", "", nrg_of(*good, data=data, at=len(whole)))
    case(wraps, "chain-footer.nrg", "refused", "", nrg_of(*good, data=data, at=len(whole) - 6))
    case(wraps, "end-ffff.nrg", "found", "data-file|end|offset|DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox(at=(0, start, 2**64 - 1))), *end, data=data))
    case(wraps, "all-ffff.nrg", "found", "data-file|end|offset|DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox(at=(2**64 - 2352, 2**64 - 1, 2**64 - 1))), *end, data=data))
    case(wraps, "descending.nrg", "refused", "", nrg_of((b"CUEX", cuex), (b"DAOX", daox(at=(size, start, 0))), *end, data=data))
    case(wraps, "in-chain.nrg", "found", "data-file|end|overlap|chain|tables", nrg_of((b"CUEX", cuex[:-8] + row(4, 0xAA, 1, 21)), (b"DAOX", daox(at=(0, start, size + 2352))), *end, data=data))
    tao = lambda at, length, mode=0, lba=0: (b"ETN2", struct.pack(">QQII8x", at, length, mode, lba))
    case(wraps, "etn2.nrg", "found", "data-file|end|offset|ETN2", nrg_of(tao(2**64 - 16, 32), *end, data=data))
    case(wraps, "etn2-long.nrg", "found", "data-file|end|size|ETN2", nrg_of(tao(0, 2**63), *end, data=data))
    case(wraps, "etn2-lba.nrg", "found", "lba|LBA|begin", nrg_of(tao(0, 20480, lba=0xFFFFFFFF), *end, data=data))
    case(wraps, "lba-max.nrg", "found", "track|CUEX|index", nrg_of((b"CUEX", cuex[:16] + row(4, 1, 1, 0x7FFFFFFF) + cuex[24:]), (b"DAOX", daox()), *end, data=data))
    case("a field of zero", "sector-0.nrg", "refused", "sector", nrg_of((b"CUEX", cuex), (b"DAOX", daox(width=0)), *end, data=data))
    case("a field of zero", "length-0.nrg", "found", "", nrg_of((b"CUEX", cuex), (b"DAOX", daox(at=(0, start, start))), *end, data=data))
    case("a field of zero", "size-0-tao.nrg", "found", "", nrg_of(tao(0, 0), *end, data=data))
    case("a field of zero", "empty-chunks.nrg", "any", ".", nrg_of(*([(b"DINF", b"")] * 100000), *good, data=data))
    case("a field of zero", "empty-chunks-16mb.nrg", "refused", "", nrg_of(*([(b"DINF", b"")] * (2 << 20)), *good, data=data))
    case("a sector larger than its buffer", "sector-max.nrg", "refused", "sector|mode", nrg_of((b"CUEX", cuex), (b"DAOX", daox(width=65535)), *end, data=data))
    case("a mode nobody has seen", "mode-255.nrg", "refused", "mode", nrg_of((b"CUEX", cuex), (b"DAOX", daox(mode=255)), *end, data=data))
    short = "a block shorter than its header"
    case(short, "daox-10.nrg", "refused", "DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox()[:10]), *end, data=data))
    case(short, "daox-22.nrg", "refused", "DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox()[:22]), *end, data=data))
    case(short, "daox-50.nrg", "refused", "DAOX", nrg_of((b"CUEX", cuex), (b"DAOX", daox()[:50]), *end, data=data))
    case(short, "cuex-5.nrg", "refused", "CUEX", nrg_of((b"CUEX", cuex[:5]), (b"DAOX", daox()), *end, data=data))
    case(short, "etn2-31.nrg", "refused", "ETN2", nrg_of((b"ETN2", bytes(31)), *end, data=data))
    case(short, "mtyp-3.nrg", "found", "MTYP", nrg_of(*good[:3], (b"MTYP", b"\0\0\1"), end[2], data=data))
    case(short, "cdtx-17.nrg", "found", "CDTX|CD-TEXT", nrg_of(*good[:2], (b"CDTX", bytes(17)), *end, data=data))
    case(short, "footer-only.nrg", "refused", "", struct.pack(">4sQ", b"NER5", 0))
    case(short, "footer-old.nrg", "refused", "", b"\0\0NERO\0\0\0\0")
    child = "a child before its parent"
    case(child, "daox-alone.nrg", "any", ".", nrg_of((b"DAOX", daox()), *end, data=data))
    case(child, "sinf-first.nrg", "refused", "", nrg_of(end[0], (b"CUEX", cuex), (b"DAOX", daox()), *end[1:], data=data))
    case(child, "end-first.nrg", "refused", "", nrg_of(end[2], *good, data=data))
    case(child, "no-end.nrg", "found", "END!|chain", nrg_of(*good[:-1], data=data))
    packs = cd.cdtext([(0x80, ["Disc", "Track"])])
    case("CD-TEXT given twice", "cdtext-twice.nrg", "any", ".", nrg_of(*good[:2], (b"CDTX", packs), (b"CDTX", packs), *end, data=data))


def iso():
    blocks = [bytes(2048)] * 40
    pvd = bytearray(2048)
    pvd[0:7] = b"\1CD001\1"
    pvd[80:88] = struct.pack("<I", 40) + struct.pack(">I", 40)
    pvd[128:132] = struct.pack("<H", 2048) + struct.pack(">H", 2048)
    pvd[120:124] = pvd[124:128] = struct.pack("<H", 1) + struct.pack(">H", 1)
    pvd[156:190] = struct.pack("<BBI", 34, 0, 20) + struct.pack(">I", 20) + struct.pack("<I", 2048) + struct.pack(">I", 2048) + bytes(16)
    pvd[881] = 1
    end = b"\xffCD001\1".ljust(2048, b"\0")

    def image(first, more=(), size=40):
        all_blocks = list(blocks)
        all_blocks[16], all_blocks[17] = bytes(first), end
        for lba, block in more:
            all_blocks[lba] = bytes(block).ljust(2048, b"\0")
        return b"".join(all_blocks)[: size * 2048]
    case("(the sound one)", "good.iso", "opens", "", image(pvd))
    write("d.iso", image(pvd))
    case("a size that rounds up to zero", "size-max.iso", "found", "truncated|short|end|size", image(patched(pvd, (80, ONES8))))
    case("count times size wraps", "size-block-max.iso", "found", "truncated|short|end|size|block", image(patched(pvd, (80, ONES8), (128, b"\xff\xff\xff\xff"))))
    case("a field of zero", "block-0.iso", "found", "block|size", image(patched(pvd, (128, bytes(4)))))
    case("a field of zero", "volume-0.iso", "found", "size|volume|appended|behind|padd", image(patched(pvd, (80, bytes(8)))))
    case("two copies that differ", "size-differs.iso", "found", "size|endian|differ", image(patched(pvd, (84, be32(41)))))
    case("a record shorter than its fields", "root-1.iso", "any", ".", image(patched(pvd, (156, b"\1"))))
    case("a cycle", "no-terminator.iso", "any", ".", image(pvd)[: 17 * 2048] + (bytes(pvd) * 2000)[: 2000 * 2048])
    case("a block shorter than its header", "cut-pvd.iso", "found", "", image(pvd)[: 16 * 2048 + 700])
    case("a reference number as an index", "eltorito.iso", "any", ".",
         image(pvd, ((17, b"\0CD001\1EL TORITO SPECIFICATION".ljust(71, b"\0") + ONES4), (18, end))))

    def tag(number, lba, body):
        body = body[16:512].ljust(496, b"\0")
        head = struct.pack("<HHBBHHHI", number, 3, 0, 0, 0, int.from_bytes(cd.crc16(body), "big") ^ 0xFFFF, len(body), lba)
        total = (sum(head) - head[4]) & 255
        return head[:4] + bytes([total]) + head[5:] + body
    vrs = ((18, b"\0BEA01\1"), (19, b"\0NSR02\1"), (20, b"\0TEA01\1"))

    def udf(vds, anchor=(512 * 4, 32)):
        data = bytearray(image(pvd, vrs) + bytes(2048 * 260))
        body = bytes(16) + struct.pack("<IIII", *anchor, *anchor)
        for lba in (256, len(data) // 2048 - 1):
            data[lba * 2048 : lba * 2048 + 512] = tag(2, lba, body)
        for lba, number, content in vds:
            data[lba * 2048 : lba * 2048 + 512] = tag(number, lba, content)
        return bytes(data)
    kind = "UDF: counts, extents and pointers from the file"
    case(kind, "udf-vds-max.iso", "any", ".", udf((), (0xFFFFFFFF, 32)))
    case(kind, "udf-vds-far.iso", "found", "udf|UDF|truncated|descriptor", udf((), (32768, 0xFFFFFFF0)))
    case(kind, "udf-vdp-loop.iso", "any", ".", udf([(32, 3, bytes(20) + struct.pack("<II", 2048, 32))]))
    case(kind, "udf-partition-max.iso", "found", "truncated|partition|size|end", udf([(32, 5, bytes(188) + struct.pack("<II", 0xFFFFFFFF, 0xFFFFFFFF)), (33, 8, b"")]))
    case(kind, "udf-maps-max.iso", "any", ".", udf([(32, 6, bytes(212) + u32(0) + bytes(48) + ONES4 + ONES4), (33, 8, b"")]))
    hfs = bytearray(image(pvd))
    hfs[1024:1026] = b"BD"
    hfs[1024 + 18 : 1024 + 30] = struct.pack(">HIIH", 0xFFFF, 0x80000000, 0, 0xFFFF)
    case("count times size wraps", "hfs-max.iso", "found", "truncated|hfs|HFS|size|end", bytes(hfs))
    hfs[1024:1028] = b"H+\0\4"
    hfs[1024 + 40 : 1024 + 48] = be32(0x80000000) + ONES4
    case("count times size wraps", "hfsplus-max.iso", "found", "truncated|hfs|HFS|size|end", bytes(hfs))
    apple = bytearray(image(pvd))
    apple[0:4] = b"ER" + struct.pack(">H", 0)
    apple[512:520] = b"PM\0\0" + ONES4
    case("a field of zero", "apple-0.iso", "any", ".", bytes(apple))


for group in (descriptors, paths, encodings, waves, lists, ccd, mds, nrg, iso):
    group()
print("\n".join(rows))
