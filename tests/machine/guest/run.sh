# run.sh - process 1 after init.sh: makes /run writable and $share appear as /mnt, runs the job, tells its exit status on the second serial line.
# The kernel's messages go to the first.
exec </dev/null >/dev/ttyS1 2>&1
stty raw -F /dev/ttyS1
echo @begin
mount -t tmpfs -o mode=755 run /run
mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144 share /mnt || echo "no shared folder"
mkdir -p /run/lock /run/job /dev/shm
printf '#!/bin/sh\nexec /sbin/modprobe -d %s "$@"\n' "$ROOT" >/run/modprobe # also for what the kernel itself asks for
chmod 755 /run/modprobe
echo /run/modprobe >/proc/sys/kernel/modprobe
cd /run
env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/run TMPDIR=/run/job LC_ALL=C DM_DISABLE_UDEV=1 JOB="$JOB" \
  bash -c '. /mnt/env && . "$SRC/tests/lib.sh" && . "$SRC/tests/machine/guest/lib_guest.sh" && . "$SRC/tests/machine/guest/job_$JOB.sh"'
code=$?
[ $code = 0 ] || dmesg | tail -20
echo "@exit $code"
sync
while :; do sleep 60; done # until the machine is switched off
