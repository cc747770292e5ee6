#!/usr/bin/env bash
# R4 R15: the power fails during an acquisition, again and again; what the destination's disk had not flushed is gone, whole, in part or torn.
# Each time the machine boots, checks the file system and goes on. In the end the images are those of an undisturbed run.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/machine/lib_machine.sh"
need jq mkfs.ext4 ewfexport
machine
source_disk disk $((16 << 20))
drive disk rate=6000000 bad=5000,5001,5002
echo "bad='[[5000,3]]'" >>"$share/env"
truncate -s 96M to.img
mkfs.ext4 -q -F to.img || fail mkfs.ext4
at_working() { working=$1; }

# run SEED KEEP [CUT]: one boot with that destination. 137: the power was cut.
run() {
  local got
  disk=("$1" "$2")
  [ $# -lt 3 ] || disk+=("$3" "$work/qemu.pid")
  boot powercut "${drives[@]}" -blockdev "driver=nbd,node-name=to,server.type=unix,server.path=$work/to.socket" \
    -device virtio-blk-pci,drive=disk,addr=5 -device virtio-blk-pci,drive=to,addr=6; got=$?
  wait $server || fail "the disk's server ended with $?"
  echo "destination, $2 of 100 sectors at once: $(cat disk.txt), while at work on ${working:-nothing}"
  return $got
}
before_boot() {
  rm -f to.socket
  python3 "$machine_folder/volatile_disk.py" to.socket to.img "${disk[@]}" >disk.txt & server=$! servers=$!
  until_there to.socket
}
until_there() { local i; for ((i = 0; i < 400; i++)); do [ -e "$1" ] && return; sleep 0.05; done; fail "$1 did not appear"; }
declare -A cuts=([disk.raw]=0 [disk.E01]=0)
seed=0 got=137
# In the file system's own start; early; after data that was saved; and so on into the second image and its end.
for moment in 100000:50 7000000:0 9000000:100 8000000:30 9000000:50 7000000:0 6000000:70; do
  seed=$((seed + 1)) working=''
  run $seed "${moment#*:}" "${moment%:*}"; got=$?
  [ $got = 137 ] || break
  [ -z "$working" ] || cuts[$working]=$((cuts[$working] + 1))
done
[ $got != 137 ] || { run 0 50; got=$?; }
[ $got = 0 ] || fail "the guest ended with $got"
source_untouched disk
drives_untouched disk
total=$((cuts[disk.raw] + cuts[disk.E01]))
echo "power cuts: ${cuts[disk.raw]} at work on the raw image, ${cuts[disk.E01]} at work on the E01"
[ $total -ge 5 ] || fail "only $total power cuts fell into an acquisition"
[ "${cuts[disk.raw]}" -gt 1 -a "${cuts[disk.E01]}" -gt 1 ] || fail "one of the two formats saw fewer than two power cuts"
