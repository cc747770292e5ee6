# job_disks.sh - disks with bad sectors behind each of the kernel's drivers. Every one loses its bad sectors and nothing else.
load -a ata_piix sd_mod sr_mod virtio_scsi virtio_blk dm_mod dm_flakey

# ---- an IDE disk: EIO, after six tries of libata ----
disk_behind '*/ata*'
ide='[[0,1],[2000,2],[32767,1]]'
exactly "IDE disk" "$disk" 512 /mnt/disk.img "$ide" raw E01
beside "IDE disk" "$disk" 512 /mnt/disk.img "$ide" ddrescue dc3dd ewfacquire # dcfldd reads for minutes where every try costs

# ---- a disk of 4096-byte sectors: ABORTED COMMAND instead of MEDIUM ERROR ----
disk_behind '*/virtio*/host*'
large='[[300,1],[3500,2]]'
exactly "4Kn disk" "$disk" 4096 /mnt/large.img "$large" raw E01
beside "4Kn disk" "$disk" 4096 /mnt/large.img "$large" ddrescue

# ---- a data disc: ILLEGAL REQUEST, sectors of 2048 bytes ----
disk_behind '*/block/sr?'
disc='[[1000,1]]'
exactly "data disc" "$disk" 2048 /mnt/disc.img "$disc" raw
beside "data disc" "$disk" 2048 /mnt/disc.img "$disc" ddrescue

# ---- scsi_debug: MEDIUM ERROR, which the kernel hands on as ENODATA; four sectors, of either size ----
for sector in 512 4096; do
  load scsi_debug delay=0 dev_size_mb=16 sector_size=$sector medium_error_start=1000 medium_error_count=4
  disk_behind '*/pseudo*'
  dd if=/mnt/disk.img of="$disk" bs=1M oflag=direct status=none || fail "scsi_debug takes no data"
  before=$(sha256sum <"$disk")
  echo 2 >/sys/bus/pseudo/drivers/scsi_debug/opts
  formats=raw
  [ $sector = 4096 ] || formats="E01 raw" # the 4Kn disk has been an E01 already
  exactly "scsi_debug $sector" "$disk" $sector /mnt/disk.img '[[1000,4]]' $formats
  is "$(jq -c '[.faults.first[] | select(.[0] >= 1000 and .[0] < 1004)] | group_by(.[0]) | map(last[2])' acquired)" '[61,61,61,61]' \
    "R1: the errno of the last try at each sector"
  [ $sector = 4096 ] || beside "scsi_debug $sector" "$disk" $sector /mnt/disk.img '[[1000,4]]' ddrescue dc3dd dcfldd ewfacquire
  echo 0 >/sys/bus/pseudo/drivers/scsi_debug/opts
  echo 3 >/proc/sys/vm/drop_caches
  is "$(sha256sum <"$disk")" "$before" "R13: the scsi_debug disk afterwards"
  /run/modprobe -r scsi_debug || fail "scsi_debug does not go"
done

# ---- device-mapper: every 97th sector, a run of a thousand, an area that is flaky at the moment ----
disk_behind '*/virtio*/block/vd?'
table() {
  local at=0 i
  for ((i = 0; i < 20; i++)); do good 96; bad 1 error; done
  good 4000; bad 1000 error; good 1000; bad 30 flakey; good $((32768 - at))
}
good() { echo "$at $1 linear $disk $at"; at=$((at + $1)); }
bad() { [ "$2" = error ] && echo "$at $1 error" || echo "$at $1 flakey $disk $at 0 60"; echo "[$at,$1]" >>mapped; at=$((at + $1)); }
table >table.txt
dmsetup create worn <table.txt || fail dmsetup
exactly "dm-error, dm-flakey" /dev/mapper/worn 512 /mnt/plain.img "$(jq -cs . mapped)" raw E01
beside "dm-error, dm-flakey" /dev/mapper/worn 512 /mnt/plain.img "$(jq -cs . mapped)" ddrescue dc3dd
