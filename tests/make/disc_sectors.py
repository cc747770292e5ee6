"""The forms of a CD sector and its subchannel, from ECMA-130, the CD-ROM XA description and IEC 60908: EDC, parities, scrambler, Q, CRC.

Written apart from the program under test, so that each can be wrong alone. Standard library only."""

SYNC = bytes([0] + [255] * 10 + [0])
RAW, USER, SUB = 2352, 2048, 96


def edc_table():
    table = []
    for n in range(256):
        for _ in range(8):
            n = n >> 1 ^ (0xD8018001 if n & 1 else 0)
        table.append(n)
    return table


EDC_TABLE = edc_table()


def edc(data):
    crc = 0
    for byte in data:
        crc = EDC_TABLE[(crc ^ byte) & 255] ^ crc >> 8
    return crc.to_bytes(4, "little")


FORWARD = [(n << 1 ^ (0x11D if n & 128 else 0)) & 255 for n in range(256)]
BACKWARD = [0] * 256
for _n in range(256):
    BACKWARD[_n ^ FORWARD[_n]] = _n


def parity(data, majors, minors, step, advance):
    """One of the two Reed-Solomon product codes over `data`, which starts at the header (byte 12 of the sector)."""
    size = majors * minors
    out = bytearray(majors * 2)
    for major in range(majors):
        at = (major >> 1) * step + (major & 1)
        a = b = 0
        for _ in range(minors):
            byte = data[at]
            at += advance
            if at >= size:
                at -= size
            a = FORWARD[a ^ byte]
            b ^= byte
        a = BACKWARD[FORWARD[a] ^ b]
        out[major], out[major + majors] = a, a ^ b
    return bytes(out)


def parities(sector, header_as_zeros):
    """P and Q (276 bytes) of a sector whose bytes 12 to 2075 are final."""
    data = bytearray(sector[12:2076])
    if header_as_zeros:
        data[0:4] = bytes(4)
    p = parity(data, 86, 24, 2, 86)
    return p + parity(data + p, 52, 43, 86, 88)


def bcd(n):
    return n // 10 << 4 | n % 10


def msf(lba):
    frames = lba + 150
    return frames // 4500, frames // 75 % 60, frames % 75


def msf_text(frames):
    return "%02d:%02d:%02d" % (frames // 4500, frames // 75 % 60, frames % 75)


def header(lba, mode):
    return bytes([bcd(n) for n in msf(lba)] + [mode])


def mode1(lba, user):
    s = SYNC + header(lba, 1) + user
    s += edc(s) + bytes(8)
    return s + parities(s, False)


def form1(lba, subheader, user):
    s = SYNC + header(lba, 2) + subheader * 2 + user
    s += edc(s[16:])
    return s + parities(s, True)


def form2(lba, subheader, user, checked=True):
    s = SYNC + header(lba, 2) + subheader * 2 + user
    return s + (edc(s[16:]) if checked else bytes(4))


def formless(lba, user):
    return SYNC + header(lba, 2) + user


def mode0(lba):
    return SYNC + header(lba, 0) + bytes(2336)


def user_of(sector):
    """The user data of a data sector, by its own mode byte and subheader."""
    mode = sector[15]
    if mode == 1:
        return sector[16:2064]
    if mode == 2 and sector[16:20] == sector[20:24]:
        return sector[24:2348] if sector[18] & 0x20 else sector[24:2072]
    return sector[16:2352]


def scramble(sector):
    out, register = bytearray(sector), 1
    for i in range(12, RAW):
        for bit in range(8):
            out[i] ^= (register & 1) << bit
            register = register >> 1 | ((register & 1) ^ (register >> 1 & 1)) << 14
    return bytes(out)


def crc16(data):
    crc = 0
    for byte in data:
        crc ^= byte << 8
        for _ in range(8):
            crc = (crc << 1 ^ (0x1021 if crc & 0x8000 else 0)) & 0xFFFF
    return (crc ^ 0xFFFF).to_bytes(2, "big")


def q_position(control, track, index, relative, lba):
    q = bytes([control << 4 | 1, bcd(track) if track < 100 else track, bcd(index)])
    q += bytes(bcd(n) for n in msf(abs(relative) - 150)) + b"\0" + bytes(bcd(n) for n in msf(lba))
    return q + crc16(q)


def q_mcn(control, digits, lba):
    number = int.from_bytes(bytes(int(digits[i : i + 2].ljust(2, "0"), 16) for i in range(0, 13, 2)), "big")
    q = bytes([control << 4 | 2]) + number.to_bytes(7, "big") + b"\0" + bytes([bcd(msf(lba)[2])])
    return q + crc16(q)


def q_isrc(control, code, lba):
    bits = 0
    for c in code[:5]:
        bits = bits << 6 | (ord(c) - 0x30)
    bits <<= 2
    for c in code[5:]:
        bits = bits << 4 | int(c)
    q = bytes([control << 4 | 3]) + (bits << 4).to_bytes(8, "big")[0:8] + bytes([bcd(msf(lba)[2])])
    return q + crc16(q)


def interleave(sub):
    """96 bytes with P to W behind each other, to byte i = bit i of P (bit 7) to W (bit 0)."""
    out = bytearray(SUB)
    for channel in range(8):
        for i in range(SUB):
            if sub[channel * 12 + i // 8] >> 7 - i % 8 & 1:
                out[i] |= 128 >> channel
    return bytes(out)


def swap16(data):
    out = bytearray(data)
    out[0::2], out[1::2] = data[1::2], data[0::2]
    return bytes(out)


def cdtext(block):
    """Packs from [(type, [text of the disc, text of track 1, ...])], in ISO 8859-1, with the three size packs."""
    packs, counts = [], {}
    tracks = max(len(texts) for _, texts in block) - 1
    for kind, texts in block:
        stream, starts = b"", []
        for text in texts:
            starts.append(len(stream))
            stream += text.encode("latin-1") + b"\0"
        for at in range(0, len(stream), 12):
            track = max(t for t, start in enumerate(starts) if start <= at)
            packs.append((kind, track, min(at - starts[track], 15), stream[at : at + 12].ljust(12, b"\0")))
            counts[kind] = counts.get(kind, 0) + 1
    counts[0x8F] = 3
    sizes = bytes([0, 1, tracks, 0] + [counts.get(0x80 + n, 0) for n in range(16)] + [len(packs) + 2] + [0] * 7 + [9] + [0] * 7)
    packs += [(0x8F, n, 0, sizes[n * 12 : n * 12 + 12]) for n in range(3)]
    out = b""
    for sequence, (kind, track, position, payload) in enumerate(packs):
        pack = bytes([kind, track, sequence, position]) + payload
        out += pack + crc16(pack)
    return out
