#!/usr/bin/env bash
# R16: disks that only SCSI commands reach, from the command line: a SCSI generic device (/dev/sgN), and a node that the kernel shows with size 0 because
# its blocks are 520 bytes. Imaged block by block, told apart from what has no medium or is no disk, and looked at again at the end.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq
shim=$BUILD/tests/libgeneric_disk.so
[ -e "$shim" ] || skip "$shim was not built"
grep -qE '__(a|t)san_init' "$EXHIBIT" && skip "the program has a sanitizer's calls"
# 1024 blocks of 520 bytes, in whole sectors of 512 so that a loop device can hold them.
sample disk.img $((520 * 1024))
mkdir hardware hardware/block case
echo NETAPP >hardware/vendor; echo X410_520 >hardware/model; echo 7 >hardware/scsi_level; echo 0 >hardware/type
{ head -c $((520 * 77)) disk.img; head -c 520 /dev/zero; tail -c +$((520 * 78 + 1)) disk.img; } >without77.img

# on STATUS SETTING... -- ARGUMENT...: exhibit beside the disk.
on() {
  local want=$1 settings=() got; shift
  while [ "$1" != -- ]; do settings+=("$1"); shift; done
  shift
  env LD_PRELOAD="$shim" DISK="$disk" DISK_BLOCK=520 DISK_HARDWARE="$work/hardware" "${settings[@]}" \
    timeout 60 "$EXHIBIT" "$@" --progress none >out 2>err; got=$?
  [ $got = "$want" ] || fail "exhibit $* (${settings[*]}) ended with $got, not $want"
}
anew() { rm -rf case; mkdir case; }

disks=("$work/disk.img")
if [ "$(id -u)" = 0 ]; then attach disk.img; disks+=("$loop"); fi
for disk in "${disks[@]}"; do
  anew
  on 0 -- acquire "$disk" -o case/disk.raw --json
  cmp disk.img case/disk.raw || fail "the image of $disk"
  is "$(j .sector_size)" 520 "bytes in a block"
  is "$(j .sectors)" 1024 "blocks"
  is "$(j .unreadable_sectors)" 0 "unreadable blocks"
  on 0 -- verify case/disk.raw --against "$disk" --sector-size 520 --require external --json
  is "$(j .verdict)" match "verdict against the disk"

  anew # exactly the one bad block
  on 3 DISK_BAD=77 -- acquire "$disk" -o case/disk.raw --json
  cmp without77.img case/disk.raw || fail "the image of a disk with a bad block"
  is "$(j '.unreadable | tojson')" "[[77,1]]" "unreadable blocks"

  anew # a range of it, with a second read
  on 0 -- acquire "$disk" -o case/part.raw --start 100 --count 50 --verify image,source --json
  cmp <(tail -c +$((520 * 100 + 1)) disk.img | head -c $((520 * 50))) case/part.raw || fail "the image of a range"

  # Another size of block is another disk.
  on 2 -- acquire "$disk" -o case/other.raw --sector-size 512 --json
  told usage 'blocks of 520'
  touch empty
  if [ "$disk" = "$work/disk.img" ]; then
    on 4 DISK_EMPTY=empty -- acquire "$disk" -o case/none.raw --json
  else
    on 5 DISK_EMPTY=empty -- acquire "$disk" -o case/none.raw --json
    told unsupported 'no readable sectors \(no medium, or sectors of an odd size\)'
  fi
  says '2/3a/00'
  rm empty
  on 5 DISK_TYPE=5 -- acquire "$disk" -o case/none.raw --json
  told unsupported 'is not a SCSI disk'
  absent case/none.raw case/none.raw.partial

  # The last look finds another disk, though what is wanted of it can be read.
  anew
  on 4 DISK_LESS=case/disk.raw.partial -- acquire "$disk" -o case/disk.raw --start 0 --count 100 --json
  told gone '1023 blocks'
  absent case/disk.raw
done
echo "disks that take only commands are imaged"
