#!/usr/bin/env bash
# A source with bad sectors, one that vanishes, and ones that are none: exactly the bad sectors are lost and listed everywhere; a lost device
# makes no image; what is no source is refused.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3
sample disk.img $((6 << 20))
mkdir case

# ---- what is no source ----
mkfifo pipe
ln -s disk.img link.img
x 2 acquire case -o case/disk.raw --json;         told usage 'case.*directory|directory.*case'
x 4 acquire absent.img -o case/disk.raw --json;   told not-found absent.img
x 2 acquire pipe -o case/disk.raw --json;         told usage pipe
x 2 acquire /dev/zero -o case/disk.raw --json;    told usage /dev/zero
x 4 acquire disk.img/x -o case/disk.raw --json;   told not-found disk.img/x
x 4 acquire '' -o case/disk.raw --json;           told not-found
x 2 acquire disk.img --start 99999999 -o case/disk.raw --json; told usage
x 2 acquire disk.img --sector-size 0 -o case/disk.raw --json; told usage
[ -z "$(ls case)" ] || fail "something was written for a source that is none: $(ls case)"
x 0 acquire link.img -o case/disk.raw
cmp disk.img case/disk.raw || fail "a source behind a link"
: >empty.img
rm case/*
"$EXHIBIT" acquire empty.img -o case/disk.raw --json --progress none >out 2>err; got=$?
case $got in 0) [ -f case/disk.raw ] || fail "no image of an empty file" ;; 2 | 4) told '.*' empty ;; *) fail "an empty source ends with $got" ;; esac
rm -f case/*

need_root
change() { printf "$1" | dd of="$2" bs=1 seek=5000000 conv=notrunc status=none; }

# ---- a file that changes while its copy is read back ----
truncate -s 48M backing
touch slow
serve forgetful_file backing store slow:"$work/slow"
attach_rw store/disk
mkfs.ext4 -q -F "$loop" || fail mkfs.ext4
mount_at mnt "$loop"
cp disk.img moving.img
: >err
"$EXHIBIT" acquire moving.img -o mnt/disk.raw --ledger ledger.db --json --progress json >out 2>err & pid=$!
phase 'read back'
change changed moving.img
wait $pid; is $? 4 "exit status of a source that was changed"
told gone moving.img
ended ledger.db failed gone
absent mnt/disk.raw
rm ledger.db*
unmount
detach
unmount

# ---- data that changes between two reads without any error: only the second read tells ----
cp disk.img moving.img
serve faulty_file moving.img slow-source slow:20
attach slow-source/disk
: >err
"$EXHIBIT" acquire "$loop" -o case/disk.raw --verify image,source --json --progress json >out 2>err & pid=$!
phase 'read the source again'
change changed moving.img
wait $pid; is $? 1 "exit status of a source that reads otherwise the second time"
is "$(j .second_read.verdict)" mismatch "second read"
cmp disk.img case/disk.raw || fail "the image is not what was read first"
detach
unmount
rm -rf case; mkdir case

# ---- bad sectors: 40, 41, 4095 and the last one; EIO and ENODATA ----
bad='[[40,2],[4095,1],[12287,1]]'
: >list
for lba in 40 41 4095 12287; do echo $lba >>list; done
cp disk.img expected.img
while read -r lba; do dd if=/dev/zero of=expected.img bs=512 seek="$lba" count=1 conv=notrunc status=none; done <list
md5=$(md5sum <expected.img | cut -d' ' -f1)
for sys in 5 61; do
  serve faulty_file disk.img bad-source bad:$((40 * 512)):1024:$sys bad:$((4095 * 512)):512:$sys bad:$((12287 * 512)):512:$sys
  attach bad-source/disk
  for image in disk.raw disk.E01; do
    rm -rf case; mkdir case
    x 3 acquire "$loop" -o case/$image --json --case 7
    is "$(j .acquisition)" complete-with-errors
    is "$(jq -c .unreadable out)" "$bad" "unreadable"
    is "$(j .unreadable_sectors)" 4
    is "$(j .verification)" match
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="md5").value')" "$md5" "md5 with zeros for what is lost"
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="md5").not_good')" 4 "sectors the digest stands for without having them"
    is "$(j '[.faults.first[]|select(.[0]==40)][-1][2]')" $sys "errno"
    x 0 verify case/$image --json; is "$(j .verdict)" match # on record, so no news
    is "$(jq -c .unreadable out)" "$bad" "unreadable on record"
    x 0 verify case/$image --against "$loop" --json; is "$(j .verdict)" match
    x 0 log --check --ledger case/ledger.db
  done
  x 3 hash "$loop" --json
  is "$(jq -c .unreadable out)" "$bad" "unreadable by hash"
  is "$(j '.digests[]|select(.algorithm=="md5").value')" "$md5"
  x 0 hash case/disk.E01 --json # an image repeats what it lists
  is "$(jq -c .unreadable out)" "$bad" "unreadable by hash of the image"
  x 3 acquire "$loop" -o case/again.raw --no-record
  cmp case/again.raw expected.img || fail "the raw image is not the source with zeros for the bad sectors"
  if command -v ewfinfo >/dev/null; then
    ewfinfo case/disk.E01 >info
    for range in '40 - 41 number: 2' '4095 - 4095 number: 1' '12287 - 12287 number: 1'; do
      grep -qF "at sector(s): $range" info || fail "ewfinfo does not show '$range': $(cat info)"
    done
    grep -qE 'total number: 3$' info || fail "ewfinfo shows more read errors than there are"
    ewfverify -q case/disk.E01 >v.txt 2>&1 || fail "ewfverify: $(cat v.txt)"
  fi
  # The list survives a conversion in the record only, and that is said before.
  x 2 convert case/disk.E01 -o case/lossy.raw --no-record
  says 'unreadable sectors'
  absent case/lossy.raw
  x 0 convert case/disk.E01 -o case/converted.raw --json
  says 'list of unreadable sectors.*only the record'
  is "$(jq -c .unreadable out)" "$bad" "unreadable after conversion"
  cmp case/converted.raw expected.img || fail "the conversion"
  x 0 verify case/converted.raw --json
  is "$(jq -c .unreadable out)" "$bad" "unreadable on record of the conversion"
  x 0 convert case/disk.E01 -o case/second.E01 --json
  is "$(jq -c .unreadable out)" "$bad" "unreadable after conversion to E01"
  x 0 verify case/second.E01
  detach
  unmount
done

# ---- a sector that reads at the nth try is good, and the failed ones are told; the kernel makes some tries of its own, which nobody sees ----
healed=0
for times in 1 2 3 4 5 6 8; do
  serve faulty_file disk.img flaky bad:$((7000 * 512)):512:5:$times
  attach flaky/disk
  rm -rf case; mkdir case
  "$EXHIBIT" acquire "$loop" -o case/flaky.raw --json --progress none >out 2>err; got=$?
  case $got in
    0) cmp disk.img case/flaky.raw || fail "the flaky source"
       is "$(j .unreadable_sectors)" 0
       [ "$(j .faults.count)" = 0 ] || healed=$((healed + 1)) ;;
    3) is "$(jq -c .unreadable out)" '[[7000,1]]' "unreadable sectors of a source that fails $times times" ;;
    *) fail "a flaky source ends with $got" ;;
  esac
  detach
  unmount
done
[ $healed -gt 0 ] || fail "no failed try that was followed by a good one was told"

# ---- a source that vanishes in the middle; of the errnos that say so, ENODEV is the one a loop device hands on ----
half=$((3 << 20))
serve faulty_file disk.img gone bad:$half:$half:19
attach gone/disk
for image in disk.raw disk.E01; do
  rm -rf case; mkdir case
  x 4 acquire "$loop" -o case/$image --json
  told gone 'LBA (6144|8192)' # the cache calls the first failure an I/O error; the next read learns what it was
  is "$(j .error.file)" "$loop" "the file of the error"
  ended case/ledger.db failed gone
  absent case/$image case/$image.record.jsonl
  x 0 log --check --ledger case/ledger.db
done
x 4 hash "$loop" --json
told gone 'LBA (6144|8192)' # the cache calls the first failure an I/O error; the next read learns what it was
detach
unmount
# A file that becomes shorter is no device, but just as lost.
for image in disk.raw disk.E01; do
  serve faulty_file disk.img gone end:$half
  rm -rf case; mkdir case
  x 4 acquire gone/disk -o case/$image --json
  told gone 'shorter|ends'
  ended case/ledger.db failed gone
  absent case/$image
  unmount
done
