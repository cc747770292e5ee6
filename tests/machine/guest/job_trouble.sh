# job_trouble.sh - devices that lie or hang, and what is sent to a disk.
load -a sd_mod virtio_scsi dm_mod dm_flakey dm_delay
load brd rd_nr=1 rd_size=16384
dd if=/mnt/disk.img of=/dev/ram0 bs=1M status=none || fail "no memory disk"
sectors=32768
truth=$(sha256sum </mnt/disk.img | cut -d' ' -f1)
table() { # NAME LINE...: what the device is made of from now on
  local name=$1; shift
  if dmsetup info "$name" >/dev/null 2>&1; then
    dmsetup reload "$name" --table "$*" && dmsetup suspend --noflush "$name" && dmsetup resume "$name"
  else
    dmsetup create "$name" --table "$*"
  fi || fail "dmsetup $name: $*"
}

# ---- every read of 1024 sectors near the end has a byte wrong, and no error ----
lies=$'0 28672 linear /dev/mapper/slow 0
28672 1024 flakey /dev/mapper/slow 28672 0 600 5 corrupt_bio_byte 32 r 1 0
29696 3072 linear /dev/mapper/slow 29696'
table slow "0 $sectors delay /dev/ram0 0 20"
table liar "$lies"
mkdir case
x 0 acquire /dev/mapper/liar -o case/once.raw --case 1
says 'no second read was made'
cmp -s /mnt/disk.img case/once.raw && fail "the liar does not lie"
table liar "0 $sectors linear /dev/mapper/slow 0"
x 1 verify case/once.raw --against /dev/mapper/liar --json
is "$(j .verdict)" mismatch "R9: the image against the device, read again"
[ "$(j '[.findings[] | select(.outcome == "mismatch") | .lba // empty] | min | . >= 28672 and . < 29696')" = true ] ||
  fail "R9: the finding does not name the place"
echo "lies: exhibit: the image is found wrong by the second read, $(cmp -l /mnt/disk.img case/once.raw | wc -l) bytes"
# In one run: the second read is another one, not the page cache's.
table liar "$lies"
: >err
"$EXHIBIT" acquire /dev/mapper/liar -o case/twice.raw --verify image,source --json --progress json >out 2>err & pid=$!
until_true 60 grep -q "read the source again" err || fail "no second read"
table liar "0 $sectors linear /dev/mapper/slow 0"
wait $pid; is $? 1 "R9: exit status of a source that reads otherwise the second time"
is "$(j .second_read.verdict)" mismatch "R9: the second read"
rm -r case
table liar "$lies"
beside lies /dev/mapper/liar 512 /mnt/disk.img '[]' ddrescue dc3dd
dmsetup remove liar; dmsetup remove slow

# ---- the second half of the device does not answer ----
hang() { # NAME: makes it
  table "$1-deep" "0 16384 linear /dev/ram0 16384"
  table "$1" $'0 16384 linear /dev/ram0 0\n16384 16384 linear /dev/mapper/'"$1-deep 0"
  dmsetup suspend --noflush --nolockfs "$1-deep" || fail "dmsetup suspend"
}
in_half() { [ "$(read_from "/dev/mapper/$1")" -ge $((7 << 20)) ]; }
start() { # NAME OPTIONS: an acquisition that has come as far as it can
  local name=$1; shift
  mkdir "$name"
  env --default-signal=INT "$EXHIBIT" acquire "/dev/mapper/$name" -o "$name/disk.raw" --json --progress json "${saving[@]}" "$@" \
    >"$name/out" 2>"$name/err" & # a background job would ignore SIGINT
  pids[$name]=$!
  until_true 20 in_half "$name" || fail "$name is not read"
}
ended() { # NAME CODE SECONDS: that it ends, and soon
  until_true "$3" not_running "${pids[$1]}" || fail "R12: $1: it did not end within $3 seconds"
  wait "${pids[$1]}"; is $? "$2" "R12: $1: the exit status"
}
not_running() { ! kill -0 "$1"; }
declare -A pids
hang patient
start patient
since=$SECONDS
# Interrupted, and given up by itself: what was read is kept, and is gone on with once the device answers.
hang interrupted; hang limited
start interrupted
start limited --timeout 5
kill -INT "${pids[interrupted]}"
ended interrupted 130 5
ended limited 4 15
is "$(jq -r .error.code limited/out)" timed-out "R12: the error of a device that was given up"
for name in interrupted limited; do
  dmsetup resume $name-deep
  x 0 acquire --resume $name/disk.raw --json
  is "$(media_sha256 out)" "$truth" "R12: $name, resumed"
done
while [ $((SECONDS - since)) -lt 40 ]; do sleep 1; done
not_running "${pids[patient]}" && fail "R12: it did not wait for a device that hangs: $(cat patient/err)"
dmsetup resume patient-deep
ended patient 0 30
cp patient/out out
is "$(media_sha256 out)" "$truth" "R12: after a hang of 40 seconds"
is "$(j .unreadable_sectors)" 0 "R12: sectors lost by a hang"
grep '"event":"warning"' patient/err | grep -q answer || fail "R12: 40 seconds without a word: $(cat patient/err)"
echo "hangs for 40 s: exhibit: exit 0, nothing lost"

# ---- what reaches a SCSI disk while every command that reads it runs: only commands of the read-only list ----
disk_behind '*/virtio*/host*'
tracing=/sys/kernel/tracing
mount -t tracefs tracing $tracing 2>/dev/null
commands() { sed -n 's/.* raw=\([0-9a-f][0-9a-f]\) .*/\1/p' $tracing/trace | sort -u | tr '\n' ' '; }
: >$tracing/trace
echo 1 >$tracing/events/scsi/scsi_dispatch_cmd_start/enable || fail "the kernel traces no SCSI commands"
rm -rf case; mkdir case
x 0 devices
x 0 acquire "$disk" -o case/disk.E01 --verify image,source
x 0 verify case/disk.E01 --against "$disk"
x 0 hash "$disk"
seen=$(commands)
[[ $seen == *28* ]] || fail "not even reads are seen: $seen"
# TEST UNIT READY, REQUEST SENSE, INQUIRY, MODE SENSE, READ CAPACITY, READ, LOG SENSE; ATA PASS-THROUGH, whose own list the unit tests hold.
for command in $seen; do
  [[ " 00 03 12 1a 5a 25 9e 28 a8 88 4d 85 a1 " == *" $command "* ]] || fail "R13: a command $command was sent to the source"
done
echo "commands that the source got from exhibit: $seen"
echo 0 >$tracing/events/scsi/scsi_dispatch_cmd_start/enable
# The control: a write is seen, by the same eyes, even to a disk that the kernel holds read-only.
load scsi_debug delay=0 dev_size_mb=8
disk_behind '*/pseudo*'
blockdev --setro "$disk"
: >$tracing/trace
echo 1 >$tracing/events/scsi/scsi_dispatch_cmd_start/enable
dd if=/dev/zero of="$disk" bs=512 count=1 oflag=direct conv=notrunc 2>/dev/null && fail "a disk that is read-only takes write(2)"
blockdev --setrw "$disk"
dd if=/dev/zero of="$disk" bs=512 count=1 oflag=direct conv=notrunc status=none || fail "no write to scsi_debug"
[[ $(commands) == *2a* ]] || fail "a write is not seen: $(commands)"
