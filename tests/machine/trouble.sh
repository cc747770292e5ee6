#!/usr/bin/env bash
# R9 R12 R13: a device that lies, one that hangs for 40 seconds, and every command that reaches a SCSI disk while exhibit reads it.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/machine/lib_machine.sh"
need jq dmsetup
machine
source_disk disk $((16 << 20))
drive disk
boot trouble "${drives[@]}" -device virtio-scsi-pci,id=scsi -device scsi-hd,bus=scsi.0,drive=disk || fail "the guest ended with $?"
source_untouched disk
drives_untouched disk
