#!/usr/bin/env bash
# R1 R5 R6 R7 R11 R13 R18: bad sectors behind the kernel's own drivers: IDE, SCSI with 512 and 4096 bytes a sector, a data disc, device-mapper.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/machine/lib_machine.sh"
need jq ewfinfo dmsetup
machine
for name in disk large disc plain; do source_disk $name $((16 << 20)); done
drive disk bad=0,2000,2001,32767
drive large bad=$((300 * 8 + 3)),$((3500 * 8)),$((3501 * 8 + 7))
drive disc bad=$((1000 * 4 + 1))
drive plain
boot disks "${drives[@]}" -device ide-hd,bus=ide.0,drive=disk,serial=IDE1 -device ide-cd,bus=ide.1,drive=disc -device virtio-scsi-pci,id=scsi \
  -device scsi-hd,bus=scsi.0,drive=large,logical_block_size=4096,physical_block_size=4096 -device virtio-blk-pci,drive=plain ||
  fail "the guest ended with $?"
source_untouched disk large disc plain
drives_untouched disk large disc plain
