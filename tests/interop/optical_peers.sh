#!/usr/bin/env bash
# Other people's readers on the same discs: sizes and files of an ISO by xorriso, isoinfo, 7z and isosize; sheets by chdman and bchunk; TOC files by
# cdrdao and chdman; a Video CD by vcd-info. What we write they read, with the same layout and the same bytes; where they are known to be wrong, we are
# not. Each part is left out, saying so, where its tool is not installed.
. "$(dirname "$0")/../lib.sh"
need jq python3
make="python3 -B $SRC/tests/make/disc_maker.py"
have() { command -v "$1" >/dev/null || { echo "note: $1 is not installed"; return 1; }; }
convert() { mkdir -p "$(dirname "$2")"; x 0 convert "$1" -o "$2" --no-record --lossy --quiet "${@:3}"; }
track() { "$EXHIBIT" hash "$1" --json --no-record --hash crc32 --quiet 2>/dev/null | jq -r --arg s "$2" '.digests[] | select(.scope == $s) | .value'; }
crc() { python3 -c 'import sys, zlib; print("%08x" % zlib.crc32(sys.stdin.buffer.read()))'; }
parts=0

# ---- ISO
mkdir tree tree/below; cp "$SRC"/LICENSE "$SRC"/README.md tree/; cp "$SRC"/formats/model/*.h tree/below/
images=()
if have genisoimage; then
  genisoimage -quiet -R -J -V PADDED -o padded.iso tree; genisoimage -quiet -no-pad -V TIGHT -o tight.iso tree
  images+=(padded.iso tight.iso)
fi
if have xorriso; then
  xorriso -as mkisofs -quiet -o libisofs.iso tree 2>/dev/null; images+=(libisofs.iso)
fi
if command -v mkudffs >/dev/null; then
  truncate -s 2M udf.iso; mkudffs -b 2048 udf.iso >/dev/null 2>&1 && images+=(udf.iso)
fi
for image in "${images[@]}"; do
  x 0 info $image --json
  is "$(j '.layout.tracks[0]|.mode + " " + (.sectors|tostring)')" "BLOCKS/2048 $(($(stat -c %s $image) / 2048))" $image
  needs=$(j '[.facts[]?|select(.key=="volume")|.value|capture("needs (?<n>[0-9]+) sectors").n|tonumber]|max')
  [ $image != udf.iso ] || { [ "$needs" -le 1024 ] && [ "$needs" -ge 900 ] || fail "udf.iso of 1024 sectors needs $needs"; continue; }
  if have isoinfo; then is "$needs" "$(isoinfo -d -i $image | sed -n 's/^Volume size is: //p')" "what isoinfo says of $image"; fi
  if have isosize; then is "$needs" "$(isosize -d 2048 $image)" "what isosize says of $image"; fi
  if have xorriso; then is "$needs" "$(xorriso -indev stdio:$image 2>&1 | sed -n 's/.* \([0-9]*\) data blocks.*/\1/p')" "what xorriso says of $image"; fi
  if have 7z; then is $((needs * 2048)) "$(7z l $image | sed -n 's/^VolumeSpaceSize: //p' | tail -1)" "what 7z says of $image"; fi
  parts=$((parts + 1))
done

# ---- a data track in a CD image, out again as an ISO: what 7z and xorriso unpack of it is the tree
if [ -e padded.iso ]; then
  $make make mixed -o m --data padded.iso >m.json || fail "no disc"
  $make make data -o d --data padded.iso >d.json || fail "no disc"
  convert d/ccd/disc.ccd made/d.iso --user-data
  cmp made/d.iso padded.iso || fail "the ISO out of a CloneCD image is not the one that went in"
  if have 7z; then 7z x -oseven made/d.iso >/dev/null && diff -r tree seven || fail "7z unpacks something else"; fi
  if have xorriso; then xorriso -osirrox on -indev stdio:made/d.iso -extract / "$work/risen" >/dev/null 2>&1; diff -r tree risen || fail "xorriso unpacks something else"; fi
else
  $make make mixed -o m >m.json || fail "no disc"
  $make make data -o d >d.json || fail "no disc"
fi
$make make audio -o a >a.json && $make make xa -o v >v.json && $make make hidden -o h >h.json || fail "no discs"

# ---- chdman: into its own form and back is the same BIN; frames and pregaps of each track as ours
chd() { # DESCRIPTOR WHOLE-BIN: of our writing
  rm -rf chd; mkdir chd
  chdman createcd -c none -i "$1" -o chd/x.chd >chd/log 2>&1 || { cat chd/log; fail "chdman does not take $1"; }
  chdman extractcd -i chd/x.chd -o chd/x.cue -ob chd/x.bin >chd/log 2>&1 || fail "chdman does not give it back"
  cmp chd/x.bin "$2" || fail "chdman reads other bytes out of $1"
  x 0 info "$1" --json
  is "$(chdman info -v -i chd/x.chd | sed -n 's/.*TRACK:\([0-9]*\) .*FRAMES:\([0-9]*\) .*/\1 \2/p' | tr '\n' ' ')" \
    "$(j '.layout.tracks[] | "\(.number) \(.sectors)"' | tr '\n' ' ')" "frames of $1"
  # ... and its own sheet says what ours does; out of a TOC file it calls a stored pregap PREGAP, which is not the same disc
  case $1 in *.toc) return ;; esac
  tracks=$(jc '[.layout.tracks[]|[.number,.first_lba,.sectors,.start_lba]]')
  x 0 info chd/x.cue --json; is "$(jc '[.layout.tracks[]|[.number,.first_lba,.sectors,.start_lba]]')" "$tracks" "chdman's sheet of $1"
}
jc() { jq -c "$1" "$work/out"; }
if have chdman; then
  for disc in m a v h; do
    convert $disc/ccd/disc.ccd made/$disc/x.cue; chd made/$disc/x.cue $disc/cue/disc.bin
    convert $disc/ccd/disc.ccd made/$disc-toc/x.toc; chd made/$disc-toc/x.toc $disc/cue/disc.bin
    parts=$((parts + 1))
  done
  # Its TOC files give a stored pregap twice: ZERO, then all of it again in the DATAFILE, then START. We read what the file says: behind INDEX 01 the
  # track is as much too long.
  chdman createcd -c none -i m/cue/disc.cue -o m.chd >/dev/null 2>&1; chdman extractcd -i m.chd -o chd/y.toc -ob chd/y.bin >/dev/null 2>&1
  if grep -q '^ZERO' chd/y.toc; then
    x 0 info chd/y.toc --json
    is "$(j '.layout.tracks[1]|.first_lba + .sectors - .start_lba')" $((32 + 24)) "chdman's doubled pregap, as its file says it"
  fi
fi

# ---- bchunk: track 1 as an ISO, the others as raw audio from INDEX 01 on
if have bchunk; then
  mkdir chunks; bchunk m/cue/disc.bin m/cue/disc.cue chunks/t >/dev/null || fail "bchunk fails"
  is "$(crc <chunks/t01.iso)" "$(track m/cue/disc.cue track:1/user)" "bchunk's track 1"
  is "$(crc <chunks/t02.cdr)" "$(track m/cue/disc.cue track:2/raw)" "bchunk's track 2"
  is "$(crc <chunks/t03.cdr)" "$(track m/cue/disc.cue track:3/raw)" "bchunk's track 3"
  # Where sector sizes are mixed in one BIN it multiplies by one of them, and is wrong: those bytes are not the track's.
  mkdir mixed; bchunk m/cue-cooked/disc.bin m/cue-cooked/disc.cue mixed/t >/dev/null 2>&1
  is "$(track m/cue-cooked/disc.cue track:2/raw)" "$(jq -r '.tracks[1].digests.raw.crc32' m.json)" "mixed sector sizes"
  parts=$((parts + 1))
fi

# ---- cdrdao: it shows our TOC files with our layout, and reads every block of them
shown() { # TOC: number, start, end and pregap of each track in frames
  (cd "$(dirname "$1")" && cdrdao show-toc "$(basename "$1")" 2>/dev/null) | awk '
    /^TRACK/ { n = $2; pregap = 0 }
    / PREGAP/ { gsub(/[()]/, " "); pregap = $3 }
    / START/ { gsub(/[()]/, " "); start = $3 }
    / END/ { gsub(/[()]/, " "); print n, start - pregap, $3 - start + pregap, start }' | tr '\n' ' '
}
ours() { x 0 info "$1" --json; j '.layout.tracks[] | "\(.number) \(.first_lba) \(.sectors) \(.start_lba)"' | tr '\n' ' '; }
if have cdrdao; then
  for disc in m a v h; do
    [ -e made/$disc-toc/x.toc ] || convert $disc/ccd/disc.ccd made/$disc-toc/x.toc
    for toc in made/$disc-toc/x.toc $disc/toc/disc.toc; do
      is "$(ours $toc)" "$(shown $toc)" "$toc as cdrdao shows it"
      blocks=$(x 0 info $toc --json; j .sectors)
      (cd "$(dirname $toc)" && cdrdao read-test --force "$(basename $toc)" 2>&1) | grep -q "Read $blocks blocks" || fail "cdrdao does not read $blocks blocks of $toc"
    done
    parts=$((parts + 1))
  done
  (cd made/a-toc && cdrdao show-toc x.toc 2>/dev/null) >shown; grep -q "CATALOG NUMBER: 4006381333931" shown && grep -q "ISRC DE XYZ 01 00002" shown && grep -q "INDEX  3" shown ||
    fail "cdrdao finds no catalogue number, ISRC or index in ours"
  if [ -d "$corpus/optical" ]; then
    for toc in made-here/l.toc libcdio/t1.toc libcdio/cdda.toc libcdio/cdtext.toc; do
      is "$(ours "$corpus/optical/$toc")" "$(shown "$corpus/optical/$toc")" "$toc as cdrdao shows it"
    done
  fi
fi
if have toc2cue; then # knows no subchannel in the BIN
  convert m/cue/disc.cue made/plain/x.toc
  (cd made/plain && toc2cue x.toc sheet.cue >/dev/null 2>&1)
  is "$(ours made/plain/sheet.cue)" "$(ours m/cue/disc.cue)" "toc2cue's sheet"
fi

# ---- a Video CD of vcdimager's: what vcd-info reads out of our copy is what it reads out of the original
if [ -d "$corpus/optical/debian-made" ] && have vcd-info; then
  convert "$corpus/optical/debian-made/vcd20.cue" made/vcd/x.toc
  vcd-info -b "$corpus/optical/debian-made/vcd20.bin" 2>&1 | sed '/^Source/d' >original
  sed 's/vcd20/x/' "$corpus/optical/debian-made/vcd20.cue" >made/vcd/x.cue # it looks for a sheet beside the BIN
  vcd-info -b made/vcd/x.bin 2>&1 | sed '/^Source/d' >copy
  grep -q "VCD 2.0 detected" original && cmp original copy || fail "vcd-info reads something else out of our copy"
  parts=$((parts + 1))
fi
[ $parts -gt 0 ] || skip "none of xorriso, genisoimage, chdman, bchunk, cdrdao, vcd-info is installed"
echo "$parts parts"
