#!/usr/bin/env bash
# GNU ddrescue goes on where we stopped, and we where it did: our map and raw partial in its hands, its map and image in ours, raw and E01. In the end
# each has what an undisturbed run has, and both maps say the same of every sector.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq ddrescue ddrescuelog
need_root
sample disk.img $((12 << 20))
holes=(100:1 5000:300 9000:1 9100:1 16384:64 20000:1 24000:2)
cp disk.img expected.img
with_holes expected.img 512 "${holes[@]}"
want=$(sha256sum <expected.img | cut -d' ' -f1)
rules 512 5 "${holes[@]}"
serve faulty_file disk.img medium "${bad[@]}" "slow:5:0:$((12 << 20)):$work/slow" "log:$work/reads"
attach medium/disk

sectors() { ddrescuelog -b 512 -l"$1" "$2" | wc -l; }
# agree MAP MAP: every area of one is an area of the other, and both are done.
agree() {
  local area
  for area in + - '?' '*' /; do
    ddrescuelog -b 512 "-l$area" "$1" >one || fail "ddrescuelog does not read $1"
    ddrescuelog -b 512 "-l$area" "$2" >two || fail "ddrescuelog does not read $2"
    cmp -s one two || fail "$1 and $2 differ in what is '$area'"
  done
  ddrescuelog -q -D "$1" && ddrescuelog -q -D "$2" && fail "done, although sectors were lost" # -D: all rescued?
  [ $(($(sectors '?' "$1") + $(sectors '*' "$1") + $(sectors / "$1"))) = 0 ] || fail "$1: something was left untried"
}
# ddrescue's own work, undisturbed, is the measure.
ddrescue -q -d "$loop" theirs.img theirs.map || fail ddrescue
truncate -s 12M theirs.img
cmp theirs.img expected.img || fail "ddrescue itself gets another image: the test is wrong"

# ---- it goes on from ours: stopped in the copy passes, and in each of the others ----
stop_in() { # PASS: interrupted when this pass has begun; the map on disk has something left for it
  local pid
  : >err; touch slow # so that the pass is still at work when the signal comes
  "$EXHIBIT" acquire "$loop" -o case/x.raw --json --progress json >out 2>err & pid=$!
  phase "$1"
  kill -INT $pid; wait $pid; is $? 130 "exit status of an acquisition interrupted in $1"
  rm slow
}
for pass in max-errors copy trim scrape; do
  rm -rf case; mkdir case
  if [ $pass = max-errors ]; then x 4 acquire "$loop" -o case/x.raw --max-errors 2; else stop_in $pass; fi
  [ $(($(sectors '?' case/x.raw.partial/map) + $(sectors '*' case/x.raw.partial/map) + $(sectors / case/x.raw.partial/map))) -gt 0 ] ||
    fail "$pass: nothing was left to do"
  cp -r case/x.raw.partial ours
  ddrescue -q -d "$loop" ours/x.raw ours/map || fail "ddrescue does not go on from our map ($pass)"
  truncate -s 12M ours/x.raw
  cmp ours/x.raw expected.img || fail "$pass: what ddrescue made of our partial"
  agree ours/map theirs.map
  rm -rf ours
  x 3 acquire --resume case/x.raw --max-errors 0 --json # and so do we
  is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$pass: unreadable"
  cmp case/x.raw expected.img || fail "$pass: what we made of our partial"
  agree case/x.raw.map theirs.map
done

# ---- we go on from its: stopped before scraping, half way through the medium, at the first errors, and done ----
for how in '-n' '-s 6M' '-n -e 2' ''; do
  rm -f half.*
  read -ra options <<<"$how"
  ddrescue -q -d "${options[@]}" "$loop" half.img half.map # its status says that it is not done
  done_there=$(sectors + half.map)
  [ "$done_there" -gt 0 ] || fail "ddrescue $how did nothing"
  for image in case/y.raw case/y.E01; do
    rm -rf case; mkdir case; : >reads
    x 3 acquire "$loop" -o $image --map half.map --rescued half.img --json
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$want" "from ddrescue $how to $image: sha256"
    is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "from ddrescue $how to $image: unreadable"
    agree $image.map theirs.map
    # What it had finished is not read again, but for samples and for the last good sector after an error.
    [ "$how" != '-s 6M' ] || [ "$(awk '$1 + $2 <= 6291456 { n += $2 } END { print n + 0 }' reads)" -lt 1000000 ] ||
      fail "from ddrescue $how to $image: what it finished was read again"
    [ $image = case/y.E01 ] || cmp $image expected.img || fail "from ddrescue $how: the image"
    x 0 verify $image --json; is "$(j .verdict)" match
    # The map alone: what failed there is left for last, the rest is read again.
    x 3 acquire "$loop" -o case/z."${image##*.}" --map half.map --json
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$want" "by ddrescue's map $how alone: sha256"
    agree case/z."${image##*.}".map theirs.map
  done
done
