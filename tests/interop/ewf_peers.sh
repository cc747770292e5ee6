#!/usr/bin/env bash
# What ewf-tools and sleuthkit make of our E01s: they read them, byte for byte, say of them what was meant, and lay out the same sections themselves.
. "$(dirname "$0")/../lib.sh"
need jq ewfverify ewfexport ewfinfo ewfacquire python3
. "$SRC/tests/fault/lib_faults.sh"

# padded FILE SECTOR: its bytes as an E01 holds them, the last sector filled up with zeros.
padded() { cat "$1"; head -c $((($2 - $(stat -c %s "$1") % $2) % $2)) /dev/zero; }
# agree IMAGE FILE SECTOR: every peer reads FILE's bytes out of it.
agree() {
  local want; want=$(padded "$2" "$3" | sha256sum)
  ewfverify -q -d sha1 "$1" >"$work/out" 2>&1 && grep -q SUCCESS "$work/out" || fail "ewfverify of $1"
  ewfexport -q -u -f raw -t export "$1" >"$work/out" 2>&1 || fail "ewfexport of $1"
  is "$(sha256sum <export.raw)" "$want" "what ewfexport finds in $1"
  rm -f export.raw*
  if command -v img_cat >/dev/null; then
    is "$(img_cat "$1" | sha256sum)" "$want" "what sleuthkit finds in $1"
    img_stat "$1" >"$work/out" 2>&1 || fail "img_stat of $1"
    is "$(sed -n 's/^Size of data in bytes:[^0-9]*//p' "$work/out")" "$(padded "$2" "$3" | wc -c)" "size in img_stat"
  fi
}
shows() { grep -qF -- "$1" info || fail "ewfinfo lacks '$1': $(cat info)"; }

# ---- sizes, sector sizes, compressions ----
sample big.bin $((5 << 20))
for sector in 512 2048 4096; do
  for bytes in 1 32768 700000 $((3 << 20)) 4999999; do
    head -c $bytes big.bin >s.bin
    for how in none fast best; do
      rm -f i.E*
      x 0 acquire s.bin -o i.E01 --sector-size $sector --compress $how --hash md5,sha1 --segment 1M --no-record
      agree i.E01 s.bin $sector
    done
  done
  ewfinfo i.E01 >info 2>&1
  shows $'File format:\t\tEnCase 6'
  shows $'Bytes per sector:\t'$sector
  shows $'Number of sectors:\t'$(((4999999 + sector - 1) / sector))
  shows $'Compression level:\tbest compression'
  shows $'MD5:\t\t\t'"$(padded s.bin $sector | md5sum | cut -d' ' -f1)"
  shows $'SHA1:\t\t\t'"$(padded s.bin $sector | sha1sum | cut -d' ' -f1)"
done

# ---- more segments than .E99 ----
openssl enc -aes-128-ctr -nosalt -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null |
  head -c $((105 << 20)) >noise.bin
x 0 acquire noise.bin -o many.E01 --segment 1M --hash md5,sha1 --no-record
[ -f many.E99 ] && [ -f many.EAA ] || fail "no segments past .E99: $(ls | tail -3)"
for file in many.E*; do [ "$(stat -c %s "$file")" -le $((1 << 20)) ] || fail "$file passes 1 MiB"; done
agree many.E01 noise.bin 512
rm -f many.E* noise.bin

# ---- case data ----
x 0 acquire s.bin -o case.E01 --case 'K-7/ä' --exhibit 'X\2' --examiner 'Zürcher, €' --description d --notes $'one\ttab\nand a line' --no-record
TZ=UTC ewfinfo case.E01 >info 2>&1
shows $'Case number:\t\tK-7/ä'
shows $'Evidence number:\tX\\\\2' # a tab in the notes: all values are escaped
shows $'Examiner name:\t\tZürcher, €'
shows $'Notes:\t\t\tone\\ttab\\nand a line\\nexhibit-escaped: 1'
shows $'Software version used:\texhibit'
shows $'Acquisition date:\t'"$(LC_ALL=C date -u '+%a %b')"
x 0 info case.E01 --json
is "$(j .stored.case.notes)" $'one\ttab\nand a line'
is "$(j .stored.case.exhibit)" 'X\2'

# ---- the same sections as ewfacquire, in the same order, with the same chunks at the same places ----
cat >layout.py <<'P'
import struct, sys
def layout(name):
    d = open(name, 'rb').read()
    at, out = 13, [d[:13].hex()]
    while True:
        kind = d[at:at + 16].rstrip(b'\0').decode()
        step, size = struct.unpack('<QQ', d[at + 16:at + 32])
        body, say = d[at + 76:at + size], ''
        if kind in ('table', 'table2'):
            count, _, base = struct.unpack('<IIQ', body[:16])
            entries = struct.unpack('<%dI' % count, body[24:24 + 4 * count])
            say = '%d chunks, base is the sectors section: %s, entries %s' % (count, base == sectors, [e - entries[0] for e in entries] + [entries[0]])
        elif kind == 'sectors':
            sectors, say = at, str(size)
        elif kind in ('volume', 'data'):
            say = body[:36].hex() + body[52:64].hex() + body[80:1048].hex()  # but the flags (a file is not physical), GUID and checksum
        elif kind in ('digest', 'hash', 'done', 'next'):
            say = str(size) + body.hex()
        out.append((kind, say))
        if step == at:
            return out + [len(d) - at]
        at = step
for name in sys.argv[1:]:
    for item in layout(name): print(item)
P
head -c $((3 << 20)) big.bin >layout.raw
for segments in 1M 100M; do
  rm -f ours.E* theirs.E*
  x 0 acquire layout.raw -o ours.E01 --compress none --hash md5,sha1 --segment $segments --no-record
  ewfacquire -q -u -f encase6 -c none -S $(numfmt --from=iec $segments) -g 1 -d sha1 -t theirs "$work/layout.raw" >out 2>&1 || fail "ewfacquire: $(cat out)"
  python3 layout.py ours.E* >ours.txt && python3 layout.py theirs.E* >theirs.txt || fail "a segment cannot be walked"
  diff theirs.txt ours.txt >"$work/out" || fail "another layout than ewfacquire's in segments of $segments"
done

# ---- the list of unreadable sectors ----
need_root
head -c $((4 << 20)) big.bin >disk.img
serve faulty_file disk.img bad bad:$((40 * 512)):1024:5 bad:$((4095 * 512)):512:61
attach bad/disk
x 3 acquire "$loop" -o bad.E01 --hash md5,sha1 --no-record
ewfinfo bad.E01 >info 2>&1
shows 'total number: 2'
shows 'at sector(s): 40 - 41 number: 2'
shows 'at sector(s): 4095 - 4095 number: 1'
for lba in 40 41 4095; do dd if=/dev/zero of=disk.img bs=512 seek=$lba count=1 conv=notrunc status=none; done
agree bad.E01 disk.img 512
