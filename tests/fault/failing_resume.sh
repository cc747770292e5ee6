#!/usr/bin/env bash
# A failing medium, and beside it a failing call: a system call fails once, or from then on, or an allocation does, in the first run, or in one that
# resumes. Never a signal; a published image is right; and `acquire --resume` then finishes with the right digests. EXHIBIT_CALLS says how many
# calls of each kind are made to fail, spread over the run (8).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of runs, each with its fsyncs
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq
need_root
shim=$BUILD/tests/libfail_nth.so
[ -e "$shim" ] || skip "$shim was not built"
grep -q __asan_init "$EXHIBIT" && skip "the program has ASan's malloc and calls"
points=${EXHIBIT_CALLS:-8}
sample disk.img $((2 << 20))
sector=4096 # around a failure sectors are read singly: with these there are few, and as many kinds of calls
holes=(12:1 112:3 250:2 511:1)
cp disk.img expected.img
with_holes expected.img $sector "${holes[@]}"
want=$(sha256sum <expected.img | cut -d' ' -f1)
rules $sector 5 "${holes[@]}"
serve faulty_file disk.img medium "${bad[@]}"
attach medium/disk -b $sector
lost=$(list "${holes[@]}")
runs=0 resumed=0

# right FILE: this answer is of the whole medium, and the image on disk is, too.
right() {
  is "$(jq -c '[(.digests[]|select(.scope=="media" and .algorithm=="sha256").value), .unreadable]' "$1")" "[\"$want\",$lost]" "$what: sha256, unreadable"
  case $image in *.raw) cmp -s case/"$image" expected.img || fail "$what: the image" ;; esac
  same_as_map case/"$image".map $sector "${holes[@]}"
}

go_on() { "$EXHIBIT" acquire "$loop" -o case/$image --max-errors 0 --save-every 0 --resume --json --progress none >out 2>err2 </dev/null; }

# failing KIND N ERRNO MORE ARGUMENT...: exhibit with these arguments and this failure, judged; then gone on with.
failing() {
  local kind=$1 n=$2 errno=$3 more=$4; shift 4
  what="$kind $n ($errno${more:+, and on}) in: $*"
  rm -f count
  timeout 60 env LD_PRELOAD="$shim" FAIL_CALL="$kind" FAIL_NTH="$n" FAIL_ERRNO="$errno" ${more:+FAIL_ON=1} FAIL_COUNT=count \
    "$EXHIBIT" "$@" --json --progress none >out 2>err </dev/null
  got=$?
  runs=$((runs + 1))
  case $got in
    3) right out; return ;;
    4) ;;
    2) grep -q 'OpenSSL knows no digest' err || fail "$what: ends with $got" ;; # what OpenSSL says of a digest it has no memory for
    *) fail "$what: ends with $got" ;;
  esac
  [ -s err ] || fail "$what: not a word"
  if [ -e case/$image ] && [ ! -e case/$image.partial/publishing ]; then
    "$EXHIBIT" verify case/$image --no-record >verified 2>&1; got=$?
    [ $got = 0 ] || [ $got = 6 ] || { cat verified >&2; fail "$what: the published image does not verify"; }
  fi
  # The same command with --resume takes up what there is, or begins where nothing was kept.
  go_on; got=$?
  # Neither ledger nor state could be written: the record of the attempt is all there is, and is moved away first, as the text says.
  [ $got != 2 ] || ! grep -q 'attempt that was not finished; move it away' err2 || { rm case/$image.record.jsonl; go_on; got=$?; }
  resumed=$((resumed + 1))
  # An image that stood already, and whose answer could not be told, is finished; verify then says what it is.
  [ $got = 3 ] || { [ $got = 0 ] && grep -q '"finished": true' out; } || { cat err2 >&2; fail "$what: --resume ends with $got"; }
  [ $got = 0 ] || right out
  "$EXHIBIT" verify case/$image --json >verified 2>err2 || { cat verified err2 >&2; fail "$what: the resumed image does not verify"; }
  right verified
  absent case/$image.partial
}

fresh() { rm -rf case; mkdir case; }
# A run that stopped in the passes, for the next one to go on with.
cut_one() { fresh; x 4 acquire "$loop" -o case/$image --max-errors 1 --save-every 0; }
first_run() { fresh; failing "$@" acquire "$loop" -o case/$image --save-every 0; }
second_run() { cut_one; failing "$@" acquire --resume case/$image --max-errors 0; }

for image in disk.raw disk.E01; do
  for run in first_run second_run; do
    for kind in write fsync rename create mkdir truncate malloc; do
      $run $kind 0 5 '' # none fails: how many are there?
      [ $got = 3 ] || fail "$run: without a failure it ends with $got"
      total=$(cat count)
      step=$((total / points)); [ $step -gt 0 ] || step=1
      for ((n = 1; n <= total; n += step)); do
        $run $kind $n 28 ''
        [ $((n / step % 2)) = 0 ] || $run $kind $n 5 on
      done
    done
  done
done
echo "$runs runs beside a failing call, $resumed of them resumed to the end"
