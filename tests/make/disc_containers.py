"""One disc into the containers people keep discs in. Each writer gives (files, image, layout): {name: bytes}, the file to open, and for every track
where and how it is stored there. Field for field from the descriptions of the formats, not from any program's writer."""
import struct

import disc_sectors as cd

CUE_MODES = {("mode1", 2352): "MODE1/2352", ("mode1", 2048): "MODE1/2048", ("mode2", 2352): "MODE2/2352", ("mode2", 2336): "MODE2/2336",
             ("audio", 2352): "AUDIO", ("mode0", 2352): "MODE0/2352"}
TOC_MODES = {("mode1", 2352): "MODE1_RAW", ("mode1", 2048): "MODE1", ("mode2", 2352): "MODE2_RAW", ("mode2", 2336): "MODE2_FORM_MIX",
             ("audio", 2352): "AUDIO", ("mode0", 2336): "MODE0"}
NRG_MODES = {("mode1", 2048): 0, ("mode2", 2336): 3, ("mode1", 2352): 5, ("mode2", 2352): 6, ("audio", 2352): 7, ("mode1", 2448): 0x0F,
             ("audio", 2448): 0x10, ("mode2", 2448): 0x11}
SHORT = {"mode1": 2048, "mode2": 2336, "audio": 2352, "mode0": 2336}


def pause(track, lba):
    """A sector of a pregap, empty in the way of its track."""
    if track.kind == "audio":
        return bytes(cd.RAW)
    if track.kind == "mode1":
        return cd.mode1(lba, bytes(2048))
    if track.kind == "mode0":
        return cd.mode0(lba)
    return cd.formless(lba, bytes(2336)) if track.formless else cd.form2(lba, bytes([0, 0, 0x20, 0]), bytes(2324))


def sub_of(track, lba, mcn=""):
    index = 0 if lba < track.start else 1 + sum(lba >= track.start + offset for offset in track.indexes)
    relative = lba - track.start if index else track.start - 1 - lba
    q = cd.q_position(track.control, track.number, index, relative, lba)
    if index and mcn and lba % 20 == 7:
        q = cd.q_mcn(track.control, mcn, lba)
    if index and track.isrc and lba % 20 == 13:
        q = cd.q_isrc(track.control, track.isrc, lba)
    return (b"\0" if index else b"\xff") * 12 + q + bytes(72)


def size_of(track, cooked):
    return SHORT[track.kind] if cooked else cd.RAW


def cut(track, sector, cooked):
    if not cooked or track.kind == "audio":
        return sector
    return sector[16:2064] if track.kind == "mode1" else sector[16:]


def stored(track, cooked=False, pregap=True):
    sectors = (track.before if pregap else []) + track.sectors
    return b"".join(cut(track, s, cooked) for s in sectors)


def place(track, stored_pregap, main_bytes=cd.RAW, sub_bytes=0, start=None, pregap=None):
    """How a reader should lay the track out."""
    start = track.start if start is None else start
    return {"number": track.number, "session": track.session, "kind": track.kind, "start": start, "first": start - stored_pregap,
            "sectors": stored_pregap + len(track.sectors), "stored_pregap": stored_pregap,
            "pregap": len(track.before) if pregap is None else pregap, "main_bytes": main_bytes, "sub_bytes": sub_bytes}


def lines(rows):
    return "".join(row + "\r\n" for row in rows).encode()


def cue_track(track, main_bytes, at, pregap="stored"):
    rows = ["  TRACK %02d %s" % (track.number, CUE_MODES[track.kind, main_bytes])]
    rows += ['    TITLE "%s"' % track.title] if track.title else []
    rows += ['    PERFORMER "%s"' % track.performer] if track.performer else []
    flags = [word for bit, word in ((2, "DCP"), (1, "PRE"), (8, "4CH")) if track.control & bit]
    rows += ["    FLAGS " + " ".join(flags)] if flags else []
    rows += ["    ISRC " + track.isrc] if track.isrc else []
    if track.before and pregap == "stored":
        rows.append("    INDEX 00 " + cd.msf_text(at))
        at += len(track.before)
    elif track.before:
        rows.append("    PREGAP " + cd.msf_text(len(track.before)))
    rows.append("    INDEX 01 " + cd.msf_text(at))
    rows += ["    INDEX %02d %s" % (2 + n, cd.msf_text(at + offset)) for n, offset in enumerate(track.indexes)]
    return rows, at + len(track.sectors)


def cue_head(disc):
    rows = ["CATALOG " + disc.mcn] if disc.mcn else []
    rows += ['TITLE "%s"' % disc.title] if disc.title else []
    return rows + (['PERFORMER "%s"' % disc.performer] if disc.performer else [])


def cue(disc, name, cooked=False, pregap="stored"):
    """One BIN. Two sessions in it the way IsoBuster and ImgBurn say so: LEAD-OUT is the place in the BIN where the session ends."""
    rows, data, at, layout, session = cue_head(disc), b"", 0, [], 1
    if len(disc.sessions) > 1:
        rows.append("REM SESSION 01")
    rows.append('FILE "%s.bin" BINARY' % name)
    for track in disc.tracks:
        if track.session != session:
            session = track.session
            rows += ["  REM LEAD-OUT " + cd.msf_text(at), "  REM SESSION %02d" % session]
        more, at = cue_track(track, size_of(track, cooked), at, pregap)
        rows += more
        data += stored(track, cooked, pregap == "stored")
        layout.append(place(track, len(track.before) if pregap == "stored" else 0, size_of(track, cooked)))
    return {name + ".cue": lines(rows), name + ".bin": data}, name + ".cue", layout


def cues(disc, name, cooked=False):
    """A BIN per track, the way redump keeps discs: INDEX 00 first, the constants of the session gap in REM lines."""
    rows, files, layout, session = cue_head(disc), {}, [], 1
    if len(disc.sessions) > 1:
        rows.append("REM SESSION 01")
    if disc.cdtext:
        files[name + ".cdt"] = disc.cdtext
        rows.insert(0, 'CDTEXTFILE "%s.cdt"' % name)
    for track in disc.tracks:
        if track.session != session:
            rows += ["REM LEAD-OUT " + ("01:30:00" if session == 1 else "00:30:00"), "REM SESSION %02d" % track.session,
                     "REM LEAD-IN 01:00:00", "REM PREGAP 00:02:00"]
            session = track.session
        part = "%s (Track %d).bin" % (name, track.number)
        rows.append('FILE "%s" BINARY' % part)
        rows += cue_track(track, size_of(track, cooked), 0)[0]
        files[part] = stored(track, cooked)
        layout.append(place(track, len(track.before), size_of(track, cooked)))
    files[name + ".cue"] = lines(rows)
    return files, name + ".cue", layout


def toc_rows(disc):
    """(session, ADR, control, point, A time, zero, P time) as READ TOC format 2 gives them."""
    rows = []
    for number, tracks in enumerate(disc.sessions, 1):
        first, last, end = tracks[0], tracks[-1], tracks[-1].start + len(tracks[-1].sectors)
        xa = 0x20 if any(t.kind == "mode2" for t in tracks) else 0
        rows.append((number, 1, first.control, 0xA0, (0, 0, 0), 0, (first.number, xa, 0)))
        rows.append((number, 1, last.control, 0xA1, (0, 0, 0), 0, (last.number, 0, 0)))
        rows.append((number, 1, last.control, 0xA2, (0, 0, 0), 0, cd.msf(end)))
        rows += [(number, 1, t.control, t.number, (0, 0, 0), 0, cd.msf(t.start)) for t in tracks]
        if len(disc.sessions) > 1 and number == 1:
            rows.append((1, 5, 4, 0xB0, cd.msf(end + 11250), 2, (79, 59, 74)))
            rows.append((1, 5, 4, 0xC0, (128, 0, 0), 0, (97, 27, 56)))
    return rows


def ccd(disc, name):
    packs = [disc.cdtext[at : at + 18] for at in range(0, len(disc.cdtext), 18)]
    entries = toc_rows(disc)
    rows = ["[CloneCD]", "Version=3", "[Disc]", "TocEntries=%d" % len(entries), "Sessions=%d" % len(disc.sessions), "DataTracksScrambled=0",
            "CDTextLength=%d" % (18 * len(packs))]
    rows += ["CATALOG=" + disc.mcn] if disc.mcn else []
    if packs:
        rows += ["[CDText]", "Entries=%d" % len(packs)]
        rows += ["Entry %d=%s" % (n, " ".join("%02x" % b for b in pack[:16])) for n, pack in enumerate(packs)]
    for number, tracks in enumerate(disc.sessions, 1):
        mode = {"audio": 0, "mode1": 1, "mode2": 2, "mode0": 0}[tracks[0].kind]
        rows += ["[Session %d]" % number, "PreGapMode=%d" % mode, "PreGapSubC=1"]
    for n, (session, adr, control, point, a, zero, p) in enumerate(entries):
        lba = lambda t: (t[0] * 60 + t[1]) * 75 + t[2] - 150
        rows += ["[Entry %d]" % n, "Session=%d" % session, "Point=0x%02x" % point, "ADR=0x%02x" % adr, "Control=0x%02x" % control, "TrackNo=0",
                 "AMin=%d" % a[0], "ASec=%d" % a[1], "AFrame=%d" % a[2], "ALBA=%d" % lba(a), "Zero=%d" % zero,
                 "PMin=%d" % p[0], "PSec=%d" % p[1], "PFrame=%d" % p[2], "PLBA=%d" % lba(p)]
    img, sub, layout = b"", b"", []
    for tracks in disc.sessions:
        origin = tracks[0].start - len(tracks[0].before)
        for track in tracks:
            at = track.start - origin
            rows += ["[TRACK %d]" % track.number, "MODE=%d" % {"audio": 0, "mode1": 1, "mode2": 2, "mode0": 0}[track.kind]]
            rows += ["ISRC=" + track.isrc] if track.isrc else []
            rows += ["INDEX 0=%d" % (at - len(track.before))] if track.before else []
            rows += ["INDEX 1=%d" % at] + ["INDEX %d=%d" % (2 + n, at + offset) for n, offset in enumerate(track.indexes)]
            img += stored(track)
            sub += b"".join(track.sub_before + track.sub)
            layout.append(place(track, len(track.before), sub_bytes=cd.SUB))
    return {name + ".ccd": lines(rows), name + ".img": img, name + ".sub": sub}, name + ".ccd", layout


def mds(disc, name, with_sub=False):
    """Version 1. Pregaps are told in the extra blocks and not stored; a session's first has the 150 that no image holds."""
    rows, width = toc_rows(disc), cd.RAW + (cd.SUB if with_sub else 0)
    rows = [r for r in rows if r[1] == 1]
    sessions_at = 88
    tracks_at = sessions_at + 24 * len(disc.sessions)
    extras_at = tracks_at + 80 * len(rows)
    footer_at = extras_at + 8 * len(rows)
    name_at = footer_at + 16
    blocks, extras, heads, mdf, layout = b"", b"", b"", b"", []
    row_number = 0
    for number, tracks in enumerate(disc.sessions, 1):
        first, end = tracks[0], tracks[-1].start + len(tracks[-1].sectors)
        mine = [r for r in rows if r[0] == number]
        heads += struct.pack("<iiHBBHHII", first.start - 150, end, number, len(mine), 3, first.number, tracks[-1].number, 0, tracks_at + 80 * row_number)
        for _, adr, control, point, a, zero, p in mine:
            extra_at = extras_at + 8 * row_number
            head = struct.pack("<BBBBB3BB3B", 0, 8 if with_sub else 0, adr << 4 | control, 0, point, *a, zero, *p)
            if point >= 0xA0:
                blocks += head + struct.pack("<IH18sIQII24x", 0, width, b"", 0, 0, 0, 0)
                extras += bytes(8)
            else:
                track = [t for t in tracks if t.number == point][0]
                kind = {"audio": 0xA9, "mode1": 0xAA, "mode2": 0xAB}[track.kind]
                if track.kind == "mode2" and not track.formless:
                    kind = 0xEC
                pregap = len(track.before) + (150 if track is first else 0)
                blocks += bytes([kind]) + head[1:] + struct.pack("<IH18sIQII24x", extra_at, width, b"\2", track.start, len(mdf), 1, footer_at)
                extras += struct.pack("<II", pregap, len(track.sectors))
                subs = [cd.interleave(s) for s in track.sub] if with_sub else [b""] * len(track.sectors)
                mdf += b"".join(s + x for s, x in zip(track.sectors, subs))
                # the 150 of a later session are told by this format alone; those of the first track every reader takes for granted
                layout.append(place(track, 0, sub_bytes=width - cd.RAW, pregap=pregap if number > 1 else len(track.before)))
            row_number += 1
    header = b"MEDIA DESCRIPTOR" + struct.pack("<BBHHHHH8xI24xI12xII", 1, 5, 0, len(disc.sessions), 2, 0, 0, 0, 0, sessions_at, 0)
    assert len(header) == 88, len(header)
    file = header + heads + blocks + extras + struct.pack("<IIII", name_at, 0, 0, 0) + b"*.mdf\0"
    return {name + ".mds": file, name + ".mdf": mdf}, name + ".mds", layout


def chunk(kind, body):
    return kind + struct.pack(">I", len(body)) + body


def nrg_end(disc, data, chunks, old):
    if disc.cdtext:
        chunks += chunk(b"CDTX", disc.cdtext)
    chunks += chunk(b"MTYP", struct.pack(">I", 1)) + chunk(b"END!", b"")
    return data + chunks + (struct.pack(">4sI", b"NERO", len(data)) if old else struct.pack(">4sQ", b"NER5", len(data)))


def nrg(disc, name, old=False, cooked=False, with_sub=False):
    """Disc at once: each session's first track with its 150 sectors of pregap. Version 1 (`old`) has CUES in BCD and DAOI."""
    data, chunks, layout = b"", b"", []
    for tracks in disc.sessions:
        first = tracks[0]
        silent = [pause(first, lba) for lba in range(first.start - len(first.before) - 150, first.start - len(first.before))]
        address = (lambda lba: struct.pack(">B3B", 0, *[cd.bcd(n) for n in cd.msf(lba)])) if old else (lambda lba: struct.pack(">i", lba))
        cue_rows = bytes([first.control << 4 | 1, 0, 0, 0]) + address(first.start - len(first.before) - 150)
        dao = b""
        for track in tracks:
            width = size_of(track, cooked) + (cd.SUB if with_sub else 0)
            lead = silent if track is first else []
            at = [len(data)]
            sectors = [cut(track, s, cooked) for s in lead + track.before + track.sectors]
            if with_sub:
                quiet = [sub_of(track, first.start - len(first.before) - 150 + n) for n in range(len(lead))]
                sectors = [s + cd.interleave(x) for s, x in zip(sectors, quiet + track.sub_before + track.sub)]
            data += b"".join(sectors)
            gap = len(lead) + len(track.before)
            at += [at[0] + gap * width, len(data)]
            dao += struct.pack(">12sHB3s" + ("III" if old else "QQQ"), track.isrc.encode(), width, NRG_MODES[track.kind, width], b"\0\0\1", *at)
            head = bytes([track.control << 4 | 1, cd.bcd(track.number)])
            cue_rows += head + b"\0\0" + address(track.start - gap) + head + b"\1\0" + address(track.start)
            for n, offset in enumerate(track.indexes):
                cue_rows += head + bytes([cd.bcd(2 + n), 0]) + address(track.start + offset)
            layout.append(place(track, gap, size_of(track, cooked), width - size_of(track, cooked), pregap=gap))
        end = tracks[-1].start + len(tracks[-1].sectors)
        cue_rows += bytes([tracks[-1].control << 4 | 1, 0xAA, 1, 0]) + address(end)
        xa = 0x20 if any(t.kind == "mode2" for t in tracks) else 0
        dao = struct.pack(">13s5B", disc.mcn.encode(), 0, xa, 0, first.number, tracks[-1].number) + dao
        chunks += chunk(b"CUES" if old else b"CUEX", cue_rows) + chunk(b"DAOI" if old else b"DAOX", struct.pack(">I", len(dao) + 4) + dao)
        chunks += chunk(b"SINF", struct.pack(">I", len(tracks)))
    return {name + ".nrg": nrg_end(disc, data, chunks, old)}, name + ".nrg", layout


def tao(disc, name):
    """Track at once: data as 2048 or 2336 bytes, no pregaps, 150 sectors before each track that the image does not hold."""
    data, chunks, layout, lba, start = b"", b"", [], 0, 0
    for number, tracks in enumerate(disc.sessions):
        rows = b""
        for track in tracks:
            body, width = stored(track, True, False), size_of(track, True)
            rows += struct.pack(">QQII8x", len(data), len(body), NRG_MODES[track.kind, width], lba)
            if track is tracks[0] and number:
                start += 11250 if number == 1 else 6750
            start += 150 if track is not disc.tracks[0] else 0
            layout.append(place(track, 0, width, start=start, pregap=150 if track is not tracks[0] else 0))
            data += body
            lba += len(track.sectors)
            start += len(track.sectors)
        chunks += chunk(b"ETN2", rows) + chunk(b"SINF", struct.pack(">I", len(tracks)))
    return {name + ".nrg": nrg_end(disc, data, chunks, False)}, name + ".nrg", layout


def toc_text(kind, text):
    return ['  %s "%s"' % (kind, "".join(c if " " <= c <= "~" and c not in '"\\' else "\\%03o" % ord(c) for c in text))] if text else []


def toc(disc, name, cooked=False):
    """cdrdao's TOC with one BIN; audio in it is big-endian."""
    kinds = {t.kind for t in disc.tracks}
    rows, data, layout = ["CD_ROM_XA" if "mode2" in kinds else "CD_ROM" if "mode1" in kinds else "CD_DA"], b"", []
    rows += ['CATALOG "%s"' % disc.mcn] if disc.mcn else []
    if disc.title:
        rows += ["CD_TEXT {", "  LANGUAGE_MAP { 0: EN }", "  LANGUAGE 0 {"] + toc_text("TITLE", disc.title) + toc_text("PERFORMER", disc.performer)
        rows += ["  }", "}"]
    for track in disc.tracks:
        width = size_of(track, cooked)
        rows += ["", "// Track %d" % track.number, "TRACK " + TOC_MODES[track.kind, width], "COPY" if track.control & 2 else "NO COPY"]
        if track.kind == "audio":
            rows += ["PRE_EMPHASIS" if track.control & 1 else "NO PRE_EMPHASIS", "TWO_CHANNEL_AUDIO"]
        rows += ['ISRC "%s"' % track.isrc] if track.isrc else []
        if track.title:
            rows += ["CD_TEXT {", "  LANGUAGE 0 {"] + toc_text("TITLE", track.title) + toc_text("PERFORMER", track.performer) + ["  }", "}"]
        count = len(track.before) + len(track.sectors)
        if track.kind == "audio":
            rows.append('FILE "%s.bin" #%d 0 %s' % (name, len(data), cd.msf_text(count)))
        else:
            rows.append('DATAFILE "%s.bin" #%d %s' % (name, len(data), cd.msf_text(count)))
        rows += ["START " + cd.msf_text(len(track.before))] if track.before else []
        rows += ["INDEX " + cd.msf_text(offset) for offset in track.indexes]
        body = stored(track, cooked)
        data += cd.swap16(body) if track.kind == "audio" else body
        layout.append(place(track, len(track.before), width))
    return {name + ".toc": ("\n".join(rows) + "\n").encode(), name + ".bin": data}, name + ".toc", layout


def iso(disc, name):
    track = disc.tracks[0]
    where = place(track, 0, cd.USER)
    where["kind"] = "blocks"
    return {name + ".iso": b"".join(cd.user_of(s) for s in track.sectors)}, name + ".iso", [where]


CONTAINERS = {
    "cue": cue, "cues": cues, "pregap": lambda d, n: cue(d, n, pregap="unstored"), "ccd": ccd, "mds": mds, "mdssub": lambda d, n: mds(d, n, True),
    "nrg": nrg, "nrg1": lambda d, n: nrg(d, n, True), "nrgsub": lambda d, n: nrg(d, n, with_sub=True), "tao": tao, "toc": toc, "iso": iso,
    "cue-cooked": lambda d, n: cue(d, n, True), "cues-cooked": lambda d, n: cues(d, n, True), "nrg-cooked": lambda d, n: nrg(d, n, cooked=True),
    "toc-cooked": lambda d, n: toc(d, n, True),
}


def fits(disc, container):
    """Can the container hold this disc at all?"""
    kinds = {t.kind for t in disc.tracks}
    if "mode0" in kinds and container not in ("cue", "cues", "ccd"):
        return False
    if container == "iso":
        return len(disc.tracks) == 1 and kinds == {"mode1"}
    if container in ("toc", "toc-cooked"):
        return len(disc.sessions) == 1
    if container == "pregap": # a hidden track would be lost
        return disc.tracks[0].pregap == 0
    if container.endswith("-cooked"):
        return kinds != {"audio"}
    return True
