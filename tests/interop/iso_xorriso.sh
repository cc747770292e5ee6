#!/bin/bash
# Sessions, sizes and boot catalogs of disc images as xorriso tells them, on images of the corpus and on images that it makes.
. "$(dirname "$0")/../lib.sh"
need xorriso jq

# Both lists of sessions of FILE: index, first sector, size.
theirs() { xorriso -indev "stdio:$1" -toc 2>/dev/null | sed -nE 's/^ISO session  : +([0-9]+) , +([0-9]+) , +([0-9]+)s ,.*/\1 \2 \3/p'; }
ours() {
  x "$2" info "$1" --json
  local sessions
  sessions=$(j '.facts[] | select(.key == "session") | .value' | sed -E 's/^([0-9]+) at LBA ([0-9]+): ([0-9]+) sectors$/\1 \2 \3/')
  [ -n "$sessions" ] || sessions=$(j '[.facts[] | select(.key == "volume" and (.value | startswith("ISO 9660 \"")))][0].value' |
    sed -E 's/.* at LBA 16: needs ([0-9]+) sectors.*/1 0 \1/')
  printf '%s\n' "$sessions"
}
same_sessions() { is "$(ours "$1" "${2:-0}")" "$(theirs "$1")" "the sessions of $1"; }

if [ -d "$corpus/optical" ]; then
  for f in libcdio/copying.iso libcdio/copying-rr.iso libcdio/deep-directory.iso libcdio/joliet.iso libcdio/multi_extent_8k.iso \
           libcdio/multi_extent_8k_emul_toc_padded.iso libcdio/multi_extent_8k_joliet.iso debian-made/genisoimage-eltorito.iso \
           debian-made/genisoimage-nopad.iso debian-made/genisoimage-pad150.iso debian-made/xorriso-multisession.iso; do
    cp "$corpus/optical/$f" here.iso && chmod u+w here.iso
    same_sessions here.iso
  done
  cp -f "$corpus/optical/debian-made/genisoimage-eltorito.iso" here.iso
  lba=$(xorriso -indev stdio:here.iso -report_el_torito plain 2>/dev/null | awk '/boot img/ { print $NF }')
  catalog=$(xorriso -indev stdio:here.iso -report_el_torito plain 2>/dev/null | awk '/El Torito catalog/ { print $5 }')
  x 0 info here.iso --json
  j '.facts[] | select(.key == "el_torito") | .value' | grep -q "^catalog at LBA $catalog, .* image at LBA $lba," || fail "El Torito differs"
fi

mkdir tree && sample tree/a 300000 && sample tree/b 5000 && mkdir tree/d && echo c >tree/d/c

# Exact, padded by the maker (inside the volume's size), and cut.
xorriso -as mkisofs -quiet -R -J -V EXACT -no-pad -o exact.img tree 2>/dev/null || fail "xorriso makes no image"
same_sessions exact.img
x 0 info exact.img; says '^format +iso'
grep -q volume-size "$work/out" && fail "an exact image is said to be $(grep volume-size "$work/out")"
bytes=$(stat -c %s exact.img)
head -c $((bytes - 2048)) exact.img >cut.iso; x 0 info cut.iso; says 'volume-size: truncated.*missing: 1'
x 1 verify cut.iso --no-record; says damaged
{ cat exact.img; head -c $((150 * 2048)) /dev/zero; } >padded.iso; x 0 info padded.iso; says 'volume-size: padded: 150 sectors'
{ cat exact.img; head -c 4096 /dev/zero | tr '\0' x; } >appended.iso; x 0 info appended.iso; says 'volume-size: appended: 2 sectors'

# HFS+ beside ISO 9660, with an Apple partition map: one size for all.
xorriso -as mkisofs -quiet -hfsplus -R -V HYBRID -o hfsplus.iso tree 2>/dev/null || fail "xorriso makes no HFS+"
same_sessions hfsplus.iso
x 0 info hfsplus.iso; says 'HFS\+'
grep -q 'volume-size: truncated' "$work/out" && fail "a whole image is called truncated"

# Sessions written into one file.
for n in 1 2 3; do
  echo "$n" >tree/session$n
  xorriso -dev stdio:multi.iso -volid "S$n" -update_r tree / -commit >/dev/null 2>&1 || fail "xorriso writes no session $n"
done
same_sessions multi.iso
[ "$(theirs multi.iso | wc -l)" -ge 3 ] || fail "xorriso lists fewer than three sessions"

# Written anew as an image of a disc, and by way of an E01: the same bytes.
x 0 convert exact.img -o again.iso --no-record --lossy
cmp exact.img again.iso || fail "the copy differs"
x 0 convert exact.img -o disc.E01 --no-record --lossy
x 0 convert disc.E01 -o back.iso --no-record --lossy
cmp exact.img back.iso || fail "the way by E01 loses something"
