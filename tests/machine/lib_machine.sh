# lib_machine.sh - a booted Linux with failing disks, for tests that need a kernel's own block layer. Source after ../lib.sh.
#
# The guest is Debian's kernel in qemu's emulation (no KVM needed) with a small busybox initramfs. The root of this machine is shared with it
# read-only, so that exhibit and every other program here run there as they are; $share is a folder that both can write to (in the guest: /mnt).
# What runs in the guest lies in guest/.
#
#   machine                 makes ready, or skips the test with the reason
#   boot JOB [qemu args]    runs guest/job_JOB.sh in a fresh guest; its exit status, 124 past the time limit, 125 when the guest died,
#                           137 when the power was cut. A line "@NAME ..." of the job calls the function at_NAME here.
#   qmp COMMAND [JSON]...   to the machine that runs; the answer in $work/qmp (ask: the same, and an error is the caller's)
#
# EXHIBIT_MACHINE_CACHE: where the unpacked kernel is kept. EXHIBIT_MACHINE_SECONDS: the limit of one boot.
machine_folder="$SRC/tests/machine"
machine_cache=${EXHIBIT_MACHINE_CACHE:-${XDG_CACHE_HOME:-/var/tmp}/exhibit-machine}
machine_seconds=${EXHIBIT_MACHINE_SECONDS:-600}
share="$work/share"
trap 'code=$?; kill -9 "$(cat "$work/qemu.pid" 2>/dev/null)" $servers 2>/dev/null; (exit $code); at_exit' EXIT # however the test ends
servers=''

machine() {
  need qemu-system-x86_64 busybox cpio depmod modprobe dpkg-deb apt-get python3 flock
  need_root # the guest reads this machine's files as root, and so must qemu
  case "$SRC$BUILD$work$machine_cache" in *[[:space:]]*) skip "a path with a space cannot be given to the guest" ;; esac
  ldd "$(command -v busybox)" >/dev/null 2>&1 && skip "busybox is not the static one (package busybox-static)"
  mkdir -p "$machine_cache" "$share"
  exec 9>"$machine_cache/lock"
  flock 9
  [ -e "$machine_cache/root/ready" ] || unpack_kernel
  [ "$machine_cache/initramfs" -nt "$machine_folder/guest/init.sh" ] && [ "$machine_cache/initramfs" -nt "$machine_cache/root/ready" ] ||
    make_initramfs
  exec 9>&-
  export EXHIBIT BUILD SRC
  declare -p EXHIBIT BUILD SRC >"$share/env"
}

kernel_package() { apt-cache depends linux-image-amd64 2>/dev/null | sed -n 's/.*Depends: //p' | head -1; }
# The package is only unpacked, never installed; apt checks its signature chain. What no test needs is left out.
unpack_kernel() {
  local name root="$machine_cache/root"
  rm -rf "$root" "$root.new" "$machine_cache"/*.deb
  mkdir -p "$root.new"
  name=$(kernel_package)
  [ -n "$name" ] || { apt-get update -qq; name=$(kernel_package); } >"$work/err" 2>&1
  [ -n "$name" ] || skip "apt knows no package linux-image-amd64"
  (cd "$machine_cache" && apt-get download -qq "$name") >"$work/err" 2>&1 || skip "the kernel package cannot be downloaded: $(tail -1 "$work/err")"
  dpkg-deb --fsys-tarfile "$machine_cache"/"$name"_*.deb | tar x -C "$root.new" --exclude='*/sound' --exclude='*/drivers/gpu' \
    --exclude='*/drivers/net' --exclude='*/drivers/media' --exclude='*/drivers/infiniband' || fail "the kernel package cannot be unpacked"
  rm -f "$machine_cache"/*.deb
  depmod -b "$root.new" "$(ls "$root.new/lib/modules")" || fail depmod
  mv "$root.new" "$root" && touch "$root/ready"
}

make_initramfs() {
  local root="$machine_cache/root" at="$work/initramfs" version action module rest
  version=$(ls "$root/lib/modules")
  mkdir -p "$at"/{bin,dev,proc,sys,host,modules}
  cp "$(command -v busybox)" "$at/bin/busybox"
  cp "$machine_folder/guest/init.sh" "$at/init"
  chmod 755 "$at/init"
  for module in virtio_pci 9pnet_virtio 9p; do modprobe -d "$root" -S "$version" --show-depends $module; done >"$work/modules" ||
    fail "the kernel package lacks a module of the shared folder"
  while read -r action module rest; do # "insmod FILE": in the order in which they are needed
    [ "$action" = insmod ] && ! grep -qxF "${module##*/}" "$at/modules/order" 2>/dev/null || continue
    cp "$module" "$at/modules/" && echo "${module##*/}" >>"$at/modules/order"
  done <"$work/modules"
  (cd "$at" && find . | cpio -o -H newc --quiet) | gzip -1 >"$machine_cache/initramfs.new" || fail "the initramfs cannot be made"
  mv "$machine_cache/initramfs.new" "$machine_cache/initramfs"
}

# An emulated processor that gets too little of the real one can panic or stall before the job begins; that says nothing of exhibit, and is told.
boot() {
  local tries got
  for tries in 1 2 3; do
    begun=no
    ! declare -F before_boot >/dev/null || before_boot
    boot_once "$@"; got=$?
    [ $begun = no ] && [ $got = 125 ] || return $got
    echo "the guest died before its job began; the end of its console:"
    tail -12 "$work/console"
  done
  return 125
}
boot_once() {
  local job=$1 root="$machine_cache/root" from=$SECONDS got='' line; shift
  rm -f "$work/pipe" "$work/qmp.socket" "$work/qemu.pid"
  mkfifo "$work/pipe"
  timeout -s KILL "$machine_seconds" qemu-system-x86_64 -nodefaults -no-reboot -display none -machine pc,accel=tcg -cpu max -smp 1 -m 1024 \
    -kernel "$root"/boot/vmlinuz-* -initrd "$machine_cache/initramfs" \
    -append "console=ttyS0 loglevel=2 panic=-1 tsc=unstable no_timer_check nokaslr mitigations=off ROOT=$root SRC=$SRC JOB=$job" \
    -virtfs local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap \
    -virtfs local,path="$share",mount_tag=share,security_model=none \
    -serial "file:$work/console" -serial stdio -qmp "unix:$work/qmp.socket,server=on,wait=off" -pidfile "$work/qemu.pid" \
    "$@" </dev/null >"$work/pipe" 2>"$work/qemu.err" &
  local pid=$!
  while IFS= read -r line; do
    line=${line%$'\r'}
    case $line in
      '@begin') begun=yes ;;
      '@exit '*) got=${line#@exit }; keep_counters; qmp quit ;;
      @*) line=${line#@}; "at_${line%% *}" ${line#"${line%% *}"} || fail "no such mark as $line" ;;
      *) printf '  %s: %s\n' "$job" "$line" ;;
    esac
  done <"$work/pipe"
  wait $pid 2>/dev/null; local ended=$?
  rm -f "$work/qemu.pid"
  printf '  %s: %d seconds\n' "$job" $((SECONDS - from))
  [ -z "$got" ] || return "$got"
  if [ $((SECONDS - from)) -ge "$machine_seconds" ]; then
    echo "the guest did not end within $machine_seconds seconds; the end of its console:"
    tail -20 "$work/console"
    return 124
  fi
  [ $ended != 137 ] || return 137
  cat "$work/qemu.err"
  [ $begun = no ] || tail -20 "$work/console"
  return 125
}
# The job is done and the machine still runs: what the drives have seen.
keep_counters() {
  qmp query-blockstats; cp "$work/qmp" "$work/stats"
  qmp query-blockstats '{"query-nodes":true}'; cp "$work/qmp" "$work/node-stats"
}
ask() { python3 "$machine_folder/qmp.py" "$work/qmp.socket" "$@" >"$work/qmp"; }
qmp() { ask "$@" || fail "qmp $*: $(cat "$work/qmp")"; }
# A source is a file here and a disk there. Its drive is writable, so that a write would be seen: by its digest, and by qemu's counters.
# source_disk NAME BYTES: makes $share/NAME.img and keeps its digest. source_untouched NAME...: after the boot.
source_disk() { sample "$share/$1.img" "$2"; source_is "$1"; }
source_is() { sha256sum <"$share/$1.img" >"$work/$1.sha256"; }
source_untouched() {
  local name
  for name; do
    sha256sum <"$share/$name.img" | cmp -s - "$work/$name.sha256" || fail "R13: the source $name is not what it was"
    is "$(jq -c --arg node "$name-file" '[.return[] | select(."node-name" == $node) | .stats.wr_highest_offset] | max' "$work/node-stats")" 0 \
      "R13: the highest byte written of $name"
  done
}
# drive NAME [rate=BYTES] [bad=SECTOR,...]: adds $share/NAME.img to qemu's arguments, as the node NAME for a device. rate: no more is read in
# a second, so that there is a middle. bad: these sectors of 512 bytes cannot be read. What the file itself has seen is the node NAME-file.
drives=()
drive() {
  local name=$1 option sector prefix='' top="driver=raw,node-name=$1"; shift
  for option; do
    case $option in
      rate=*)
        drives+=(-object "throttle-group,id=rate-$name,x-bps-read=${option#*=}")
        top="driver=throttle,node-name=$name,throttle-group=rate-$name" ;;
      bad=*)
        for sector in $(tr , ' ' <<<"${option#*=}"); do
          printf '[inject-error]\nevent = "none"\niotype = "read"\nerrno = "5"\nsector = "%s"\n' "$sector"
        done >"$work/$name.faults"
        top+=",file.driver=blkdebug,file.config=$work/$name.faults" prefix=file.image. ;;
    esac
  done
  prefix=${prefix:-file.}
  drives+=(-blockdev "$top,${prefix}driver=file,${prefix}node-name=$name-file,${prefix}filename=$share/$name.img")
}

# drives_untouched NAME...: nothing was even tried, of drives that were plugged in when the job ended.
drives_untouched() {
  local name seen
  for name; do
    seen=$(jq -c --arg node "$name" '[.return[] | select(."node-name" == $node) | .stats |
      [.wr_operations, .unmap_operations, .failed_wr_operations, .invalid_wr_operations]]' "$work/stats")
    is "$seen" '[[0,0,0,0]]' "R13: writes to the drive $name"
  done
}
