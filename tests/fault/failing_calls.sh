#!/usr/bin/env bash
# R20: each system call of a small acquisition fails once, and once for good from there; each nth allocation fails. Never a signal; a published image
# is right; an exit status of 0 means one was published; whatever is left of the ledger is in order.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of runs, each with its fsyncs
. "$(dirname "$0")/../lib.sh"
need jq
shim=$BUILD/tests/libfail_nth.so
[ -e "$shim" ] || skip "$shim was not built"
grep -q __asan_init "$EXHIBIT" && skip "the program has ASan's malloc and calls"
sample disk.img $((1 << 20))
{ cat disk.img; head -c 321 "$SRC/LICENSE"; } >tail.img # a last sector that is not full
runs=0

# failing KIND N ERRNO MORE IMAGE [ARGUMENT...]: one run, judged. Its status is in $got, the number of calls in the file count.
failing() {
  local kind=$1 n=$2 errno=$3 more=$4 image=$5; shift 5
  rm -rf case count; mkdir case
  timeout 60 env LD_PRELOAD="$shim" FAIL_CALL="$kind" FAIL_NTH="$n" FAIL_ERRNO="$errno" ${more:+FAIL_ON=1} FAIL_COUNT=count \
    "$EXHIBIT" acquire "$source" -o case/$image --json --progress none "$@" >out 2>err <tail.img
  got=$?
  runs=$((runs + 1))
  local what="$kind $n ($errno${more:+, and on}) to $image from $source"
  [ $got -lt 124 ] || fail "$what: ends with $got"
  case $got in
    0 | 4) ;;
    2) grep -q 'OpenSSL knows no digest' err || fail "$what: ends with $got" ;; # what OpenSSL says of a digest it has no memory for
    *) fail "$what: ends with $got" ;;
  esac
  if [ -e case/$image ]; then
    "$EXHIBIT" verify case/$image --against tail.img --no-record >verified 2>&1 ||
      { cat verified >&2; fail "$what: ends with $got, and the published image does not verify"; }
  else
    [ $got != 0 ] || fail "$what: ends with 0 and published nothing"
    [ -s err ] || fail "$what: not a word"
    # Where the ledger could not be written, the record of a failed run stands beside the image's name; whole, or not at all.
    [ ! -e case/$image.record.jsonl ] || jq -es 'length > 0' case/$image.record.jsonl >/dev/null || fail "$what: the side record is not whole"
  fi
  if [ $got != 0 ] && [ $kind != malloc ] && [ -s case/ledger.db ]; then
    "$EXHIBIT" log --check --ledger case/ledger.db --no-record >checked 2>&1 || { cat checked >&2; fail "$what: the ledger is not in order"; }
  fi
}

for image in ${IMAGES:-disk.raw disk.E01}; do

  for source in tail.img -; do
    for kind in write fsync rename create mkdir truncate; do
      for how in 28: 5:on; do # from standard input only the work file is new
        step=1; [ $how = 28: ] && [ "$source" = tail.img ] || step=4
        for ((n = 1; n < 500; n += step)); do
          failing $kind $n ${how%:*} "${how#*:}" $image
          [ "$(cat count)" -ge $n ] || break # a run that met no failure: done
        done
        [ $got = 0 ] || fail "$kind: a run without a failure ends with $got"
      done
    done
  done
done
echo "$runs runs with a failing call"

runs=0 source=tail.img
for image in ${IMAGES:-disk.raw disk.E01}; do

  failing malloc 0 12 '' $image --threads 1
  total=$(cat count)
  step=$((total / 120)); [ $step -gt 7 ] || step=7
  for ((n = 1; n <= total; n += step)); do failing malloc $n 12 '' $image --threads 1; done
  for ((n = 1; n <= total; n += step * 5)); do failing malloc $n 12 on $image --threads 1; done
  echo "$image: $total allocations"
done
echo "$runs runs with a failing allocation"
