# job_powercut.sh - images a disk to raw and to E01 on a file system that was under way when the power failed, as often as it takes.
load -a virtio_blk ext4
disk_behind '*/0000:00:05.0/*'; source=$disk
disk_behind '*/0000:00:06.0/*'; target=$disk
load -a crc32c_generic 2>/dev/null
e2fsck -p "$target" >fsck.txt 2>&1; [ $? -lt 4 ] || fail "e2fsck: $(cat fsck.txt)"
mkdir to
mount "$target" to || fail "mount"
mounts+=("$work/to")
for image in disk.raw disk.E01; do
  echo "@working $image"
  if [ ! -e to/$image ]; then
    options=(--ledger to/ledger.db --json --progress none)
    [ $image = disk.raw ] || options+=(--compress none --segment 4M)
    "$EXHIBIT" acquire --resume to/$image "$source" "${saving[@]}" "${options[@]}" >out 2>err; got=$?
    case $got in 0 | 3) ;; *) fail "R15: $image after a power cut: exit $got" ;; esac
    lists "R15: $image" "$bad"
    cp out to/$image.answer; sync
  fi
done
echo "@working nothing"
without /mnt/disk.img 512 "$bad"
truth=$(sha256sum <expected | cut -d' ' -f1)
for image in disk.raw disk.E01; do
  x 0 verify to/$image --ledger to/ledger.db --json
  lists "R15: $image, in the end" "$bad"
  is "$(j .verdict)" match "R15: $image: verify"
  is "$(media_sha256 out)" "$truth" "R15: $image: the digest of an undisturbed run"
  absent to/$image.partial
done
cmp expected to/disk.raw || fail "R15: the raw image"
ewfexport -q -u -f raw -t export to/disk.E01 >export.txt 2>&1 </dev/null; cmp expected export.raw || fail "R15: the E01: $(cat export.txt)"
x 0 log --check --ledger to/ledger.db
