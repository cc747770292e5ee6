#!/usr/bin/env bash
# Images that others' readers get wrong without a word, and ours must not. Three zlib DMGs, written directly by hdiutil: dmg2img 1.6.7 leaves their holes
# out and ends with 0. A VHDX whose log is pending: libvhdi gives a gigabyte of zeros, and 7-Zip what was there before the log. Where the other tool is
# installed its answer is looked at, so that this says when it is mended; what is asked of ours does not depend on it.
. "$(dirname "$0")/../lib.sh"
need jq gzip bzip2
[ -d "$corpus/disk" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
lists() { "$EXHIBIT" --help | sed -n '/^formats:/,/^$/p' | grep -q "^  $1 "; }
sum() { sha256sum | cut -c1-64; }
# ours FILE SHA BYTES: read whole, with that digest; and written out as raw that is the same file
ours() {
  x 0 hash "$1" --hash sha256 --json --no-record
  is "$(j '.digests[0].value')" "$2" "the SHA-256 of $1"
  is "$(j '.digests[0].not_good')" 0 "sectors of $1 that are not good"
  rm -rf out.raw*
  x 0 convert "$1" -o out.raw --no-record --hash sha256
  is "$(stat -c %s out.raw)" "$3" "the bytes of $1"
  is "$(sum <out.raw)" "$2" "the raw image of $1"
}

# ---- dmg2img's three
dmg_right() { # FILE SHA BYTES
  ours "$1" "$2" "$3"
  x 0 verify "$1" --no-record --json
  is "$(j .verdict)" consistent "$1"
  jq -e 'any(.findings[]; .check == "stored-checksum" and .outcome == "match")' "$work/out" >/dev/null || fail "$1: no stored checksum is said to hold"
  command -v dmg2img >/dev/null || return 0
  dmg2img -s "$1" theirs.raw >/dev/null 2>&1
  if cmp -s theirs.raw out.raw; then echo "dmg2img reads $1 as we do"; else echo "dmg2img makes $(stat -c %s theirs.raw) bytes of $1, which has $3"; fi
}
cp "$corpus/disk/dmg/dfvfs-hfsplus_zlib.dmg" "$corpus/disk/dmg/dmgwiz-zlib.dmg" . && bunzip2 -c "$corpus/disk/dmg/qemu-simple-dmg.dmg.bz2" >qemu-simple-dmg.dmg || fail "no samples"
dmg_right dfvfs-hfsplus_zlib.dmg c86d3616818e175caca2f6022f49e190e5b1cfe39b2e8f9373119e22aa7eaf58 1954304
dmg_right dmgwiz-zlib.dmg 1407509ff44696aab011815d84951ad2c53cb7345a71d9803b73817c2d2d83cf 10510336
dmg_right qemu-simple-dmg.dmg 20647e0a98a830a6a250b91e0e6d7200a872caea07b87a3c19611f3dd031c9df 1799168

# ---- the VHDX with a pending log
lists vhdx || skip "the three DMGs are right; the program does not list vhdx"
gzip -dc "$corpus/disk/vhdx/discutils-vhdx-log-replay.vhdx.gz" >pending.vhdx || fail "no VHDX"
before=$(sum <pending.vhdx)
chmod a-w pending.vhdx
ours pending.vhdx 3ba3b309425b7ff5e8e0199edceed95226250f880c53b24e8eae93865f3fad5e 1073741824
is "$(od -An -tx1 -j510 -N2 out.raw | tr -d ' ')" 55aa "the end of the first sector, which only the log knows"
x 0 info pending.vhdx --json
jq -e 'any(.findings[]; .check == "log-replay")' "$work/out" >/dev/null || fail "that the log was replayed is not said"
is "$(sum <pending.vhdx)" "$before" "the file after it was read"
if command -v 7z >/dev/null; then
  [ "$(7z x -so -tvhdx pending.vhdx 2>/dev/null | sum)" = "$(sum <out.raw)" ] && echo "7-Zip replays the log" || echo "7-Zip gives another disk of the VHDX"
fi
# ... and every bit of the log's own checksum counts: without its log the image is not quietly read as it was before
cp pending.vhdx torn.vhdx && chmod u+w torn.vhdx
at=$(grep -abo -m1 loge torn.vhdx | head -1 | cut -d: -f1)
[ -n "$at" ] || fail "no entry in the log"
printf '\377' | dd of=torn.vhdx bs=1 seek=$((at + 100)) conv=notrunc status=none
"$EXHIBIT" verify torn.vhdx --json --no-record --hash crc32 --progress none >"$work/out" 2>"$work/err"
case $? in
  0 | 3 | 6) jq -e 'any(.findings[]?; .check | test("log"))' "$work/out" >/dev/null || fail "a torn log is passed over in silence" ;;
  1 | 4 | 5) ;;
  *) fail "a torn log ends otherwise" ;;
esac
