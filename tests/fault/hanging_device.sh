#!/usr/bin/env bash
# R12: a device that hangs. The program warns, stops when it is asked to, within a second, keeps what was done and records why; nobody who waits for its
# output waits for the device. When the device answers again, an acquisition goes on as if nothing had been. What the reading process holds: nothing else.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3
need_root
sample disk.img $((6 << 20))
mkdir case
set -m # a background job must not ignore SIGINT
hang=$work/hang
trap 'code=$?; rm -f "$hang"; for group in $(jobs -p); do kill -- -$group; done 2>/dev/null; (exit $code); at_exit' EXIT
# The server looks every 10 ms; a read that waited must have gone on before the next one is held up.
go_on() { rm -f "$hang"; sleep 0.5; }
child_of() { tr -d ' ' <"/proc/$1/task/$1/children"; }
runs() { [ -e "/proc/$1" ] && ! grep -q '^State:.*[ZX]' "/proc/$1/status" 2>/dev/null; }
milliseconds() { echo $(($(date +%s%N) / 1000000)); }

serve faulty_file disk.img slow-source hang:$((4 << 20)):1048576:"$hang"
attach slow-source/disk

for image in disk.raw disk.E01; do
  touch "$hang"
  rm -rf case; mkdir case; : >err
  # Its output goes through pipes, whose readers end when the last writer has closed them.
  mkfifo told
  cat told >err & talk=$!
  "$EXHIBIT" acquire "$loop" -o case/$image --json --progress json >out 2>told & pid=$!
  says_soon '"warning".*has not answered for 10 s \(reading LBA '
  from=$(milliseconds)
  kill -INT $pid
  wait $pid; is $? 130 "exit status after SIGINT while the device hangs"
  wait $talk
  [ $(($(milliseconds) - from)) -le 1500 ] || fail "it took $(($(milliseconds) - from)) ms to leave a device that hangs"
  told cancelled 'interrupted while the device did not answer'
  ended case/ledger.db interrupted cancelled
  absent case/$image
  [ -n "$(ls case/$image.partial)" ] || fail "what was done is not kept"
  x 0 log --check --ledger case/ledger.db
  rm told
  go_on
done

touch "$hang"
rm -rf case; mkdir case; : >err
"$EXHIBIT" acquire "$loop" -o case/disk.raw --json --progress json >out 2>err & pid=$!
says_soon '"phase":"acquire"'
named() { reader=$(child_of $pid); [ "$(cat "/proc/$reader/comm")" = exhibit-reader ]; }
soon named || fail "no process of the name exhibit-reader"
sleep 2 # of hanging
go_on
wait $pid; is $? 0 "exit status when the device answers again"
cmp disk.img case/disk.raw || fail "the image"
! runs $reader || fail "the reading process is left behind"

# An end without a word to anybody takes the reading process along, too: in state D when its call returns.
touch "$hang"
"$EXHIBIT" hash "$loop" --no-record >out 2>err & pid=$!
soon named || fail "no reading process"
kill -KILL $pid
wait $pid
go_on
gone() { ! runs $reader; }
soon gone || fail "the reading process outlives its parent"
echo "a device that hangs holds nobody up"
