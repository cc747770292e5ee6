#!/bin/busybox sh
# init.sh - process 1 of the initramfs: mounts the root of the machine outside, read-only, and goes on there. ROOT, SRC and JOB come from the
# kernel's command line.
export PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs dev /dev
ln -s /proc/self/fd /dev/fd
while read -r module; do insmod "/modules/$module"; done </modules/order
mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=262144 host /host || {
  echo 'init: the root of the machine outside cannot be mounted' >/dev/console
  poweroff -f
}
for folder in dev proc sys; do mount --move /$folder /host/$folder; done
exec switch_root /host /bin/bash "$SRC/tests/machine/guest/run.sh"
