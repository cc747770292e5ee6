#!/usr/bin/env bash
# R12: it is open(2) that hangs: when a device is opened, and at the last look, when all of it is read. The program leaves when it is asked to, or when its
# time is up; what was done is kept, and goes on when the device answers again.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3
need_root
size=$((6 << 20))
sample disk.img $size
set -m # a background job must not ignore SIGINT
end=$work/end first=$work/first direct=off
trap 'code=$?; rm -f "$end" "$first"; for group in $(jobs -p); do kill -- -$group; done 2>/dev/null; (exit $code); at_exit' EXIT
milliseconds() { echo $(($(date +%s%N) / 1000000)); }
# within MILLISECONDS WHAT: since $from.
within() { [ $(($(milliseconds) - from)) -le "$1" ] || fail "it took $(($(milliseconds) - from)) ms $2"; }

serve faulty_file disk.img slow-source hang:$((size - 4096)):4096:"$end" hang:0:4096:"$first"
attach slow-source/disk

# To change how a loop device reads its file, the kernel waits until no read is under way, and meanwhile lets nobody open it. (Not before Linux 6.11.)
held() { [ ! -e "/proc/$1" ] || grep -q '^State:.*[DZ]' "/proc/$1/status"; } # in the kernel; or it has ended
hold_opening() {
  touch "$first"
  head -c 512 "$loop" >/dev/null & reads=$! # not dd: its seek would wait
  soon held $reads; sleep 0.1
  [ $direct = on ] && direct=off || direct=on
  losetup --direct-io=$direct "$loop" & waits=$!
  soon held $waits; sleep 0.1
}
let_open() { rm -f "$first"; wait $reads $waits; sleep 0.3; }

hold_opening
timeout -s KILL 1 dd if="$loop" of=/dev/null count=0 status=none 2>/dev/null
is_held=$?
if [ $is_held = 0 ]; then let_open; skip "this kernel opens a loop device whatever happens to it"; fi
from=$(milliseconds)
x 4 acquire "$loop" -o case.raw --json --timeout 2 --no-record
within 3500 "to give up a device that does not open"
told timed-out 'has not answered for 2 s \(opening it\)'
absent case.raw case.raw.partial
let_open

for how in interrupt timeout; do
  rm -rf case; mkdir case; : >err
  touch "$end"
  limit=(); [ $how = interrupt ] || limit=(--timeout 3)
  "$EXHIBIT" acquire "$loop" -o case/disk.raw --json --progress json "${limit[@]}" >out 2>err & pid=$!
  says_soon '"phase":"acquire"'
  sleep 0.5
  hold_opening # waits for the last read of the acquisition, too
  rm "$end"
  from=$(milliseconds)
  if [ $how = interrupt ]; then
    says_soon '"warning".*has not answered for 10 s \(asking whether it is there\)'
    from=$(milliseconds)
    kill -INT $pid
    wait $pid; is $? 130 "exit status after SIGINT at the last look"
    within 1500 "to leave at the last look"
    told cancelled 'asking whether it is there'
    ended case/ledger.db interrupted cancelled
  else
    wait $pid; is $? 4 "exit status when the time is up at the last look"
    within 6000 "to give up at the last look"
    told timed-out 'has not answered for 3 s \(asking whether it is there\)'
    ended case/ledger.db failed timed-out
  fi
  absent case/disk.raw
  [ -n "$(ls case/disk.raw.partial)" ] || fail "what was done is not kept"
  let_open
  x 0 acquire --resume case/disk.raw
  cmp disk.img case/disk.raw || fail "the image that was gone on with"
  x 0 log --check --ledger case/ledger.db
done
echo "a device that does not open holds nobody up"
