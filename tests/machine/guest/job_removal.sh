# job_removal.sh - a source that goes away while it is read, and comes back. What was not read is not called bad, and nothing is invented.
load -a xhci_pci usb_storage sd_mod sr_mod virtio_scsi

# lost_midway WHAT MARK IMAGE: acquires $disk, takes it away in the middle.
lost_midway() {
  rm -rf case; mkdir case
  "$EXHIBIT" acquire "$disk" -o "case/$3" "${saving[@]}" --json --progress none >out 2>err & local pid=$!
  until_read "$disk" $((6 << 20))
  echo "@$2"
  wait $pid; is $? 4 "R2, R3: exit status after the $1 went"
  is "$(j .error.code)" gone "R2, R3: $1: the error"
  absent "case/$3" "case/$3.record.jsonl"
  [ -n "$(ls "case/$3.partial")" ] || fail "R15: $1: nothing is kept in the partial"
  echo "$1: exhibit: exit 4, $(j .error.text)"
}
# It is back: the rest is read, and the whole is what an undisturbed run would have made.
goes_on() {
  x 0 acquire --resume "case/$2" "$disk" --json
  lists "R2, R3, R15: $1, resumed" '[]'
  is "$(media_sha256 out)" "$(sha256sum <"$3" | cut -d' ' -f1)" "R15: $1: the digest"
  x 0 verify "case/$2" --json
  x 0 verify "case/$2" --against "$disk" --json
  [ "$2" = disk.E01 ] || cmp "$3" "case/$2" || fail "R15: $1: the image"
}
theirs_midway() {
  local what=$1 mark=$2 again=$3 behind=$4 original=$5 sector=$6 tool got; shift 6
  for tool; do
    rm -rf theirs; mkdir theirs
    their_image "$tool" "$disk" & local pid=$!
    until_read "$disk" $((6 << 20))
    echo "@$mark"
    wait $pid; got=$?
    echo "$again" # their_losses needs no disk
    echo "$what: $tool: exit $got, $(their_losses "$sector" "$original" '[]')"
    disk_behind "$behind"
  done
}

# ---- a USB stick ----
stick='*/usb*'
for image in disk.raw disk.E01; do
  disk_behind "$stick"
  lost_midway "USB stick" pull $image
  echo "@plug other"
  disk_behind "$stick"
  x 2 acquire --resume "case/$image" "$disk" --json
  says 'not the medium'
  echo "@pull"
  gone_behind "$stick"
  echo "@plug stick"
  disk_behind "$stick"
  goes_on "USB stick" $image /mnt/stick.img
done
theirs_midway "USB stick" pull "@plug stick" "$stick" /mnt/stick.img 512 ddrescue dc3dd ewfacquire

# ---- a data disc ----
disc='*/virtio*/block/sr?'
disk_behind "$disc"
lost_midway "data disc" eject disk.raw
echo "@insert"
disk_behind "$disc" # the drive itself never went away
readable() { dd if="$disk" of=/dev/null bs=2048 count=1 status=none 2>/dev/null; }
until_true 30 readable || fail "the disc did not come back"
goes_on "data disc" disk.raw /mnt/disc.img
theirs_midway "data disc" eject "@insert" "$disc" /mnt/disc.img 2048 ddrescue dc3dd
