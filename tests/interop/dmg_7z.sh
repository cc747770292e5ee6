#!/usr/bin/env bash
# What we write as DMG, read by 7-Zip and by ourselves; and damage to each kind of chunk and each checksum, which must end with 1 and be named.
. "$(dirname "$0")/../lib.sh"
need 7z jq python3 cmp

sample parts.raw 7340544 # text, zeros, noise
{ cat parts.raw; head -c 3145728 /dev/zero; head -c 700928 parts.raw; } >disk.raw
sha=$(sha256sum <disk.raw | cut -d' ' -f1)

written() { # NAME COMPRESSION METHOD
  x 0 convert disk.raw -o "$1" --format dmg --compress "$2" --no-record
  7z t "$1" >"$work/out" 2>"$work/err" || fail "7z t refuses $1"
  says 'Everything is Ok'
  7z l -slt "$1" >"$work/out" 2>"$work/err"
  says "^Method = .*$3"
  7z x -so "$1" 2>/dev/null | cmp - disk.raw || fail "7z x of $1 gives other bytes"
  x 0 verify "$1" --no-record --json
  is "$(j .verdict)" consistent "the verdict on $1"
  is "$(j '.digests[] | select(.algorithm == "sha256") | .value')" "$sha" "the digest of $1"
  x 0 verify "$1" --no-record --against disk.raw
}
written none.dmg none Copy
written fast.dmg fast ZLIB
written best.dmg best XZ
written bzip2.dmg bzip2 BZip2
[ "$(stat -c %s best.dmg)" -lt "$(stat -c %s fast.dmg)" ] && [ "$(stat -c %s fast.dmg)" -lt "$(stat -c %s none.dmg)" ] || fail "sizes"

# A disk smaller than a chunk, one of zeros only, and one whose end is no whole chunk.
head -c 512 disk.raw >small.raw; head -c 5242880 /dev/zero >zeros.raw
for f in small zeros; do
  x 0 convert $f.raw -o $f.dmg --format dmg --no-record
  7z x -so $f.dmg 2>/dev/null | cmp - $f.raw || fail "7z x of $f.dmg"
  x 0 verify $f.dmg --against $f.raw --no-record
done
x 0 convert best.dmg -o back.raw --no-record; cmp back.raw disk.raw || fail "back from best.dmg"

# Sector sizes that a DMG does not know are a loss that must be agreed to; odd ends are refused.
x 2 convert parts.raw -o s4.dmg --format dmg --sector-size 4096 --no-record
says 'sector size of 4096'
head -c 1000 disk.raw >odd.raw; x 2 convert odd.raw -o odd.dmg --format dmg --no-record
says 'whole sectors of 512'

# flip FILE OFFSET: one bit of one byte, in a copy.
flip() {
  cp "$1" flipped.dmg
  python3 - flipped.dmg "$2" <<'PY'
import sys
with open(sys.argv[1], "r+b") as f:
    f.seek(int(sys.argv[2])); b = f.read(1)[0]
    f.seek(int(sys.argv[2])); f.write(bytes([b ^ 1]))
PY
}
damaged() { # what must be said
  x 1 verify flipped.dmg --no-record
  says "$1"
}
for kind in none fast best bzip2; do
  koly=$(($(stat -c %s $kind.dmg) - 512))
  flip $kind.dmg 1000 # text: packed, if anything is
  damaged "whole disk"
  flip $kind.dmg $((koly + 0x160 + 8)); damaged "master"
  flip $kind.dmg $((koly + 0x50 + 8)); damaged "data-fork|data fork"
done
# The noise lies raw in the packed images, too: at the end of the data fork of `parts`, before the last text.
raw=$(python3 - fast.dmg disk.raw <<'PY'
import sys
image, disk = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
print(image.index(disk[6291456:6291456 + 4096]))
PY
)
flip fast.dmg "$raw"; damaged "whole disk"
