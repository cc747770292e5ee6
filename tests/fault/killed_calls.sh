#!/usr/bin/env bash
# Killed before a system call that changes something, on a medium with holes, and resumed to the end. Image, digests, list of unreadable sectors, map
# and ledger are right every time, and nothing is left over. EXHIBIT_KILLS: how many calls of each shape's reading; of the last TAIL calls (publishing
# and recording) every EXHIBIT_STEPth (1: each).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of runs, each with its fsyncs
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq sqlite3 timeout
need_root
shim=$BUILD/tests/libfail_nth.so
[ -e "$shim" ] || skip "$shim was not built"
grep -q __asan_init "$EXHIBIT" && skip "the program has ASan's calls"
step=${EXHIBIT_STEP:-16} kills=${EXHIBIT_KILLS:-6}
TAIL=90
sample disk.img $((3 << 20))
sector=4096 # around a failure sectors are read singly: with these there are few, and as many kinds of calls
holes=(12:2 375:1 767:1)
cp disk.img expected.img
with_holes expected.img $sector "${holes[@]}"
rules $sector 5 "${holes[@]}"
serve faulty_file disk.img d "${bad[@]}"
attach d/disk -b $sector
want=$(sha256sum <expected.img | cut -d' ' -f1)
shapes=("$loop one.raw" "$loop parts.001 --segment 1M" "$loop many.E01 --segment 1M --compress none" "$loop once.E01 --segment 1M --compress none --one-pass"
  "$loop once.raw --one-pass" "$work/d/disk file.raw --sector-size $sector" "$work/d/disk file.E01 --sector-size $sector --segment 1M --compress none"
  "$loop away.001 --segment 1M --continue-in $work/second" "$loop away.E01 --segment 1M --compress none --continue-in $work/second")

# run N ARGUMENT...: killed before its Nth call; N 0: not killed. The status is in $got, the number of calls in the file count.
run() {
  local nth=$1; shift
  { env LD_PRELOAD="$shim" FAIL_CALL=any FAIL_KILL=1 FAIL_NTH=$nth FAIL_COUNT=count "$EXHIBIT" acquire "$@" --save-every 1 --json --progress none \
      >out 2>err; } 2>/dev/null # the shell's own word of the kill
  got=$?
}

runs=0
for shape in "${shapes[@]}"; do
  set -- $shape; source=$1 image=case/$2; shift 2
  rm -rf case second; mkdir case second
  run 0 "$source" -o "$image" "$@"
  is $got 3 "$image, not killed"
  total=$(cat count)
  points=()
  for ((i = 0; i < kills; i++)); do points+=($((1 + RANDOM * (total - TAIL) / 32768))); done
  for ((n = total - TAIL + RANDOM % step; n <= total; n += step)); do points+=($n); done
  for n in "${points[@]}"; do
    rm -rf case second; mkdir case second
    what="$image from $source, killed before call $n"
    run $n "$source" -o "$image" "$@"
    runs=$((runs + 1))
    [ $got = 137 ] || is $got 3 "$what: status"
    if [ $got = 137 ]; then
      timeout 60 "$EXHIBIT" acquire "$source" -o "$image" --resume "$@" --json --progress none >out 2>err; again=$?
      # The image may have stood when the run was killed: there is nothing left to say of it.
      [ $again = 3 ] || { [ $again = 0 ] && grep -q finished out; } || fail "$what: the resumed run ended with $again"
    fi
    ls case second | grep -q partial && fail "$what: leaves $(ls -A case second)"
    if [ ! -s out ] || ! grep -q finished out; then
      is "$(jq -r '.digests[]|select(.scope=="media" and .algorithm=="sha256").value' out)" "$want" "$what: sha256"
      is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$what: unreadable"
      is "$(j .verification)" match
    fi
    case $image in
      *.raw) cmp "$image" expected.img || fail "$what: the image" ;;
      *.001) cat {case,second}/*.0?? 2>/dev/null | cmp - expected.img || fail "$what: the parts" ;;
    esac
    same_as_map "$image.map" $sector "${holes[@]}"
    [ -z "$(ls second)" ] || mv second/* case/
    x 0 verify "$image" --json; is "$(j .verdict)" match "$what"
    x 0 log --check --ledger case/ledger.db
    [ -s "$image.record.jsonl" ] || fail "$what: no side record"
  done
done
echo "$runs runs"

# ---- cut when all was in place: a file of somebody else that has the name by now is left alone ----
rm -rf case; mkdir case
{ env LD_PRELOAD="$shim" FAIL_CALL=unlink FAIL_KILL=1 FAIL_NTH=2 "$EXHIBIT" acquire "$loop" -o case/a.raw --no-record --progress none; } >out 2>err
[ -e case/a.raw.partial/publishing ] && [ -e case/a.raw ] || fail "not cut behind the last rename: $(ls -A case case/*)"
cp case/a.raw mine; rm case/a.raw; echo mine >case/a.raw
x 2 acquire --resume case/a.raw; says 'never overwritten'
is "$(cat case/a.raw)" mine "somebody's file"

# ---- a map of that name is never overwritten, nor are our own files by an image of their name ----
rm -rf case; mkdir case; echo mine >case/a.raw.map
x 2 acquire "$loop" -o case/a.raw; says 'never overwritten'
is "$(cat case/a.raw.map)" mine "somebody's map"
for name in map state journal reserve publishing work.raw MAP map.new; do
  x 2 acquire "$loop" -o "case/$name" --format raw; says 'cannot have the name'
done

# ---- cut in the middle of the side record: what is there of it is gone on with, with and without a ledger ----
mount_at ro -t tmpfs none
x 0 log --init --ledger ro/ledger.db
mount -o remount,ro ro
cut_record() { # cut_record BYTES: as `head -c` has them
  local record=case/a.raw.record.jsonl nth
  for nth in 2 3 4 5 6 7 8 9; do # SQLite removes its journals, too
    rm -rf case; mkdir case
    { env LD_PRELOAD="$shim" FAIL_CALL=unlink FAIL_KILL=1 FAIL_NTH=$nth "$EXHIBIT" acquire "$loop" -o case/a.raw --progress none; } >out 2>err
    grep -qs '"acquire-end"' $record && break
  done
  [ -e case/a.raw.partial/state ] || fail "not cut where it was to be"
  head -c "$1" $record >r; cat r >$record
  x 3 acquire --resume case/a.raw --json
  x 0 log --init --ledger new.db
  x 0 log --import $record --ledger new.db
  x 0 log --check --ledger new.db
  rm -f new.db*
  x 0 verify case/a.raw --no-record --json; is "$(j .verdict)" match "with $1 of the record"
}
for kept in 0 1 200 -1 -200 -0; do cut_record $kept; done
export EXHIBIT_LEDGER=$work/ro/ledger.db
for kept in -1 -200 -0; do cut_record $kept; done
