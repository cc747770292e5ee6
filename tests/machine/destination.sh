#!/usr/bin/env bash
# R4 R14 R15: a destination whose writes fail, one that drops them, one that is full; after it is mended the acquisition goes on.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/machine/lib_machine.sh"
need jq dmsetup mkfs.ext4
machine
source_disk disk $((16 << 20))
drive disk rate=8000000
boot destination "${drives[@]}" -device virtio-blk-pci,drive=disk || fail "the guest ended with $?"
source_untouched disk
drives_untouched disk
