#!/usr/bin/env bash
# SIGINT, SIGTERM and SIGHUP in every phase: exit 130, no image, the staging folder kept, the record says interrupted. The second one ends at once.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3
sample disk.img $((6 << 20))
mkdir case
set -m # a background job must not ignore SIGINT
trap 'code=$?; for group in $(jobs -p); do kill -- -$group; done 2>/dev/null; (exit $code); at_exit' EXIT

start() { : >out; : >err; env --default-signal=HUP "$EXHIBIT" "$@" --progress json --json >out 2>err & pid=$!; }
# interrupt SIGNAL SECONDS: sends it and insists on 130 within that time.
interrupt() {
  local from=$SECONDS got
  kill -s "$1" $pid
  wait $pid; got=$?
  is $got 130 "exit status after SIG$1"
  [ $((SECONDS - from)) -le "$2" ] || fail "it took $((SECONDS - from)) seconds to stop"
}
interrupted() {
  is "$(j .error.code)" cancelled "error code"
  ended "$1" interrupted cancelled
  absent "$2" "$2.record.jsonl"
  [ -d "$2.partial" ] && [ -n "$(ls "$2.partial")" ] || fail "what was done is not kept in $2.partial"
  x 2 acquire disk.img -o "$2" # the partial is not silently thrown away
  says 'unfinished'
}

# ---- a source that stalls: nobody writes to the pipe any more ----
for image in disk.raw disk.E01; do
  for signal in INT TERM HUP; do
    mkfifo pipe
    sleep 60 >pipe & holder=$!
    { head -c 2500000 disk.img; } >pipe &
    start acquire - -o case/$image <pipe
    phase 'acquire|read into a work file'
    sleep 0.3
    interrupt $signal 3
    kill $holder; wait $holder 2>/dev/null
    interrupted case/ledger.db case/$image
    rm -r pipe case; mkdir case
  done
done
# Under nohup the terminal may go.
mkfifo pipe
sleep 60 >pipe & holder=$!
cat disk.img >pipe & feeder=$!
: >err
env --ignore-signal=HUP "$EXHIBIT" acquire - -o case/disk.raw --progress json --json <pipe >out 2>err & pid=$!
phase acquire
wait $feeder
kill -HUP $pid
sleep 0.3
kill $holder; wait $holder 2>/dev/null
wait $pid; is $? 0 "exit status under nohup"
cmp disk.img case/disk.raw || fail "the image made under nohup"
rm -r pipe case; mkdir case
# verify and hash have no state to keep, only the exit status.
mkfifo pipe
sleep 60 >pipe & holder=$!
start hash - <pipe
phase hash
interrupt INT 3
kill $holder; wait $holder 2>/dev/null
rm pipe

# ---- a second signal is not argued with: the first waits for a ledger that somebody else has locked ----
x 0 log --init --ledger case/ledger.db
{ echo 'begin immediate; select 1;'; sleep 60; } | sqlite3 case/ledger.db >held & locker=$!
soon test -s held || fail "the ledger cannot be locked"
start acquire disk.img -o case/disk.raw
sleep 0.5
kill -INT $pid
sleep 0.3
if kill -0 $pid 2>/dev/null; then
  from=$SECONDS
  kill -INT $pid
  wait $pid; is $? 130 "exit status after two signals"
  [ $((SECONDS - from)) -le 2 ] || fail "the second signal was argued with"
else
  wait $pid; is $? 130 "exit status after a signal before the first read"
fi
kill -- -$locker; wait $locker 2>/dev/null
absent case/disk.raw
rm -r case; mkdir case

# ---- closed standard descriptors: nothing is printed into the image ----
for closed in '>&-' '2>&-' '>&- 2>&-' '<&- >&- 2>&-' '>/dev/full' '2>/dev/full' '| true' '2>&1 | true'; do
  eval "\"\$EXHIBIT\" acquire disk.img -o case/disk.raw --progress json $closed; got=\${PIPESTATUS[0]}" >>talk 2>&1
  case $closed in
    2*full|2\>\&-) is $got 0 "exit status with $closed" ;;
    *'| true') ;;
    *) is $got 4 "exit status with $closed" ;;
  esac
  [ $got -lt 126 ] || fail "a signal with $closed"
  cmp disk.img case/disk.raw || fail "the image is not the source with $closed"
  x 0 verify case/disk.raw
  rm -r case; mkdir case
done
"$EXHIBIT" acquire - -o case/disk.raw --json --progress none <&- >out 2>err
is $? 4 "exit status without standard input"
told 'io|not-found'
absent case/disk.raw

[ "$(id -u)" = 0 ] || { echo "the rest needs root"; exit 0; }
rm -rf case; mkdir case

# ---- a slow device, being read for the first and for the second time ----
serve faulty_file disk.img slow-source slow:40
attach slow-source/disk
for image in disk.raw disk.E01; do
  start acquire "$loop" -o case/$image
  phase acquire
  sleep 0.3
  interrupt INT 5
  interrupted case/ledger.db case/$image
  rm -r case; mkdir case
  start acquire "$loop" -o case/$image --verify image,source
  phase 'read the source again'
  sleep 0.2
  interrupt TERM 5
  interrupted case/ledger.db case/$image
  rm -r case; mkdir case
done
start hash "$loop"; phase hash; sleep 0.2; interrupt INT 5

# ---- while the copy is read back ----
truncate -s 48M backing
serve forgetful_file backing store slow:"$work/slow"
attach_rw store/disk
mkfs.ext4 -q -F "$loop" || fail mkfs.ext4
mount_at mnt "$loop"
for image in disk.raw disk.E01; do
  mkfifo pipe
  { cat disk.img; touch slow; } >pipe &
  start acquire - -o mnt/$image --ledger ledger.db <pipe
  phase 'read back'
  sleep 0.2
  interrupt INT 5
  interrupted ledger.db mnt/$image
  rm -rf slow pipe mnt/$image.partial ledger.db*
done
