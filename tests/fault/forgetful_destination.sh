#!/usr/bin/env bash
# A destination that does not keep what is written to it: ext4 over a disk that dies behind the page cache. Either the write-back fails and
# fsync says so, or everything is reported as written and only reading it back past the cache can tell. Both end with 4 and without an image.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3 losetup mkfs.ext4
need_root
need_fuse forgetful_file
sample disk.img $((6 << 20))

# new_disk KEEP [mount options]: a fresh ext4 at mnt over the forgetful file; the files `drop` and `fail` are the switches.
new_disk() {
  local keep=$1; shift
  rm -f drop fail backing ledger.db*
  truncate -s 64M backing
  serve forgetful_file backing store drop:"$work/drop" fail:"$work/fail" keep:"$keep"
  attach_rw store/disk
  mkfs.ext4 -q -F "$loop" 2>"$work/err" || fail "mkfs.ext4: $(cat "$work/err")"
  mount_at mnt "$@" "$loop"
}
old_disk() {
  unmount
  detach
  unmount
}
gave_up() { ! touch mnt/other; }
nothing_published() {
  absent mnt/disk.raw mnt/disk.E01 mnt/disk.raw.record.jsonl mnt/disk.E01.record.jsonl
}

for image in disk.raw disk.E01; do
  # The control: a disk that works.
  new_disk 0
  x 0 acquire disk.img -o mnt/$image --ledger ledger.db --json
  is "$(j .verification)" match
  old_disk

  # Dropped writes: every call succeeds.
  for keep in 0 2000000; do
    new_disk $keep
    touch drop
    x 4 acquire disk.img -o mnt/$image --ledger ledger.db --json
    told destination-lost-data $image
    ended ledger.db failed destination-lost-data
    nothing_published
    rm drop
    old_disk
  done

  # Failed writes, from the first: the staging folder cannot even be made, and nothing is recorded because nothing began.
  new_disk 0
  touch fail
  x 4 acquire disk.img -o mnt/$image --ledger ledger.db --json
  told io mnt
  absent ledger.db
  nothing_published
  rm fail
  old_disk

  # Failed writes after a while: write(2) succeeds, fsync is told.
  new_disk 1500000
  touch fail
  x 4 acquire disk.img -o mnt/$image --ledger ledger.db --json
  told io 'fsync|durable|mnt'
  ended ledger.db failed io
  nothing_published
  rm fail
  old_disk

  # The file system itself gives up and goes read-only in the middle.
  new_disk 0 -o errors=remount-ro,commit=1
  mkfifo feed 2>/dev/null
  { head -c 1000000 disk.img; touch mnt/other; touch fail; soon gave_up; tail -c +1000001 disk.img; } >feed &
  feeder=$!
  "$EXHIBIT" acquire - -o mnt/$image --ledger ledger.db --json --progress none <feed >"$work/out" 2>"$work/err"; got=$?
  wait $feeder
  is $got 4 "exit status on a disk that goes read-only"
  echo "a disk that goes read-only in the middle: $(j .error.text)"
  j .error.code | grep -qE '^(io|not-found|destination-lost-data)$' || fail "the code is $(j .error.code)"
  says '/|disk'
  ended ledger.db failed
  nothing_published
  rm -f fail
  old_disk
done

# What the field's tools make of the same disk, for the record: nothing here is a requirement. Once, beside the plain build, is enough.
! grep -q __asan_init "$EXHIBIT" || exit 0
for mode in drop fail; do
  for tool in dc3dd dcfldd ewfacquire; do
    command -v $tool >/dev/null || continue
    new_disk 0
    touch $mode
    case $tool in
      dc3dd) timeout 60 dc3dd if=disk.img of=mnt/theirs hash=md5 >their.out 2>&1 ;;
      dcfldd) timeout 60 dcfldd if=disk.img of=mnt/theirs hash=md5 >their.out 2>&1 ;;
      ewfacquire) timeout 60 ewfacquire -q -u -t mnt/theirs disk.img >their.out 2>&1 </dev/null ;;
    esac
    echo "for comparison: $tool on a disk that $([ $mode = drop ] && echo drops || echo fails) writes exits $?"
    rm -f $mode
    old_disk
  done
done
