#!/bin/sh
# The one package list: what exhibit needs to be built, tried and tested on Debian 12. README, CI, try.sh and all.sh use it.
#   sh tests/setup.sh         installs what is missing (needs root, or sudo)
#   sh tests/setup.sh list    only prints the names
set -eu
build="build-essential cmake ninja-build pkg-config libssl-dev libsqlite3-dev libxml2-dev libewf-dev libdeflate-dev libbz2-dev liblzma-dev libzstd-dev libjansson-dev libcmocka-dev libfuse3-dev libnbd-dev nbdkit-plugin-dev"
try="e2fsprogs util-linux ewf-tools"
test="python3 jq bc time clang libclang-rt-14-dev fuse3 sqlite3 libxml2-utils openssl dc3dd dcfldd gddrescue nbdkit sleuthkit strace xxd git"
# Other readers and writers of discs (tests/interop/optical_peers.sh). mame-tools is chdman alone, without the emulator.
optical="xorriso genisoimage mame-tools cdrdao vcdimager bchunk udftools"
# Other readers and writers of disk images and discs (tests/interop).
disk="qemu-utils cryptsetup-bin p7zip-full fdisk dosfstools mtools ntfs-3g"
# A booted machine (tests/machine). Its kernel is Debian's linux-image-amd64, which that test downloads and unpacks itself: it is never installed.
machine="qemu-system-x86 busybox-static cpio kmod dmsetup"
all="$build $try $test $optical $disk $machine"
if [ "${1:-}" = list ]; then
  printf '%s\n' $all
  exit 0
fi
missing=""
for package in $all; do
  dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $package"
done
[ -n "$missing" ] || exit 0
root=""
[ "$(id -u)" = 0 ] || root=sudo
echo "installing:$missing"
$root apt-get update -qq
DEBIAN_FRONTEND=noninteractive $root apt-get install -y -qq --no-install-recommends $missing >/dev/null
