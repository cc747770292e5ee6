# job_destination.sh - destinations that fail: by writes that fail, by writes that are lost without a word, by being full.
load -a virtio_blk ext4 dm_mod dm_flakey
load brd rd_nr=1 rd_size=98304
disk_behind '*/virtio*/block/vd?'
sectors=$((2 * 98304))
mkdir to

# target LINE: what the destination's disk does from now on. The file system over it notices nothing but the errors.
target() { dmsetup suspend --noflush --nolockfs to && dmsetup reload to --table "0 $sectors $1" && dmsetup resume to || fail "dmsetup: $1"; }
well="linear /dev/ram0 0"
new_destination() {
  dmsetup create to --table "0 $sectors $well" && mkfs.ext4 -q -F /dev/mapper/to && mount /dev/mapper/to to || fail "no destination"
  mounts+=("$work/to")
}
mended() { # as after a new cable: what the disk kept is on it, and nothing of what memory still held; the file system is checked and mounted again
  umount to || fail "umount"
  target "$well"
  e2fsck -f -y /dev/mapper/to >fsck.txt 2>&1; [ $? -lt 4 ] || fail "e2fsck: $(cat fsck.txt)"
  mount /dev/mapper/to to || fail "mount"
}
old_destination() { umount to; unset 'mounts[-1]'; dmsetup remove to || fail "dmsetup remove"; rm -f ledger.db*; }
whole() {
  is "$(j .unreadable_sectors)" 0 "R14: $1: unreadable sectors"
  is "$(media_sha256 out)" "$(sha256sum </mnt/disk.img | cut -d' ' -f1)" "R14: $1: the digest"
  x 0 verify "$2" --ledger ledger.db
  [ "${2##*.}" = E01 ] || cmp /mnt/disk.img "$2" || fail "R14: $1: the image"
}
# not_done WHAT CODES IMAGE: exhibit has ended with 4, says why and keeps what was done.
not_done() {
  j .error.code | grep -qxE "$2" || fail "R4, R14: $1: the error is '$(j .error.code)'"
  absent "$3" "$3.record.jsonl"
  echo "$1: exhibit: exit 4, $(j .error.code): $(j .error.text)"
}
for image in disk.raw disk.E01; do
  # ---- writes that fail, from the middle on ----
  new_destination
  "$EXHIBIT" acquire "$disk" -o to/$image --ledger ledger.db "${saving[@]}" --json --progress none >out 2>err & pid=$!
  until_read "$disk" $((2 << 20))
  target "flakey /dev/ram0 0 0 600 1 error_writes"
  wait $pid; is $? 4 "R4: exit status where writes fail"
  not_done "writes fail, $image" 'io|destination-lost-data' to/$image
  mended
  x 0 acquire --resume to/$image --ledger ledger.db --json
  whole "writes failed" to/$image
  old_destination

  # ---- writes that are dropped: every call succeeds, only what is read back past the cache tells ----
  new_destination
  "$EXHIBIT" acquire "$disk" -o to/$image --ledger ledger.db "${saving[@]}" --json --progress none >out 2>err & pid=$!
  until_read "$disk" $((2 << 20))
  target "flakey /dev/ram0 0 0 600 1 drop_writes"
  wait $pid; is $? 4 "R4: exit status where writes are dropped"
  not_done "writes are dropped, $image" 'destination-lost-data|io' to/$image
  mended
  # whatever of the partial survived: an image that is right, or a refusal, but never a wrong image
  "$EXHIBIT" acquire --resume to/$image --ledger ledger.db --json --progress none >out 2>err; got=$?
  case $got in
    0) whole "writes were dropped" to/$image ;;
    1 | 4 | 5) absent to/$image ;;
    *) fail "R4: resuming over a partial that lost data ends with $got" ;;
  esac
  echo "writes are dropped, $image, resumed: exit $got"
  old_destination

  # ---- full ----
  mount -t tmpfs -o size=6m full to && mounts+=("$work/to") || fail "no small destination"
  x 4 acquire "$disk" -o to/$image --ledger ledger.db --compress none --json
  not_done "disk full, $image" no-space to/$image
  j .error.text | grep -q '[0-9]' || fail "R14: the error does not name the place: $(j .error.text)"
  mount -o remount,size=64m to || fail "remount"
  x 0 acquire --resume to/$image --ledger ledger.db --json
  whole "disk was full" to/$image
  umount to; unset 'mounts[-1]'; rm -f ledger.db*
done

# ---- full, and the rest goes to another volume ----
mkdir more
mount -t tmpfs -o size=6m full to && mounts+=("$work/to") || fail "no small destination"
x 4 acquire "$disk" -o to/disk.E01 --segment 2M --ledger ledger.db --compress none --json
x 0 acquire --resume to/disk.E01 --continue-in more --ledger ledger.db --json
is "$(j .unreadable_sectors)" 0 "R14: continued elsewhere: unreadable sectors"
is "$(media_sha256 out)" "$(sha256sum </mnt/disk.img | cut -d' ' -f1)" "R14: continued elsewhere"
mkdir whole && cp to/disk.E* more/disk.E* whole/ || fail "R14: the segments are not on the two volumes"
ewfexport -q -u -f raw -t export whole/disk.E01 >export.txt 2>&1 </dev/null; cmp export.raw /mnt/disk.img || fail "R14: the set: $(cat export.txt)"
umount to; unset 'mounts[-1]'

# ---- what the field's tools make of it ----
for target in error_writes drop_writes; do
  for tool in ddrescue dc3dd ewfacquire; do
    new_destination
    rm -rf theirs; ln -s to theirs
    their_image $tool "$disk" & pid=$!
    until_read "$disk" $((2 << 20))
    target "flakey /dev/ram0 0 0 600 1 $target"
    wait $pid; got=$?
    rm theirs; umount to; target "$well"; mount /dev/mapper/to to; ln -s to theirs
    echo "$target: $tool: exit $got, $(their_losses 512 /mnt/disk.img '[]')"
    rm theirs
    old_destination
  done
done
