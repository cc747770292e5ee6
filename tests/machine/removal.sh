#!/usr/bin/env bash
# R2 R3 R13 R15: a USB stick pulled and a disc ejected in the middle of the read; both come back, and the acquisition goes on.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/machine/lib_machine.sh"
need jq
machine
source_disk stick $((16 << 20))
source_disk disc $((16 << 20))
# As large as the stick, and equal where it begins.
cp "$share/stick.img" "$share/other.img"
dd if="$share/stick.img" of="$share/other.img" bs=1M skip=1 seek=9 count=1 conv=notrunc status=none
source_is other

plug() { printf '{"driver":"usb-storage","bus":"usb.0","id":"plugged","drive":"%s","serial":"%s"}' "$1" "$1"; }
at_plug() { qmp device_add "$(plug "$1")"; }
at_pull() { qmp device_del '{"id":"plugged"}'; }
at_eject() { qmp eject '{"id":"drive","force":true}'; }
# The guest closes a tray that it finds open, so it may be closed again before the disc is in it.
at_insert() {
  local tries
  for tries in 1 2 3 4 5; do
    ask blockdev-open-tray '{"id":"drive","force":true}' blockdev-insert-medium '{"id":"drive","node-name":"disc"}' && break
  done
  qmp blockdev-close-tray '{"id":"drive"}'
}
for name in stick other disc; do drive $name rate=6000000; done
boot removal "${drives[@]}" -device qemu-xhci,id=usb -device "$(plug stick)" -device virtio-scsi-pci,id=scsi \
  -device scsi-cd,bus=scsi.0,id=drive,drive=disc || fail "the guest ended with $?"
source_untouched stick other disc
drives_untouched stick disc
