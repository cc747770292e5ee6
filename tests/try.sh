#!/bin/sh
# From a fresh Debian 12 to a first report: installs what is needed, builds, makes a small disk of real files, images it to E01,
# verifies the image and writes the report. Everything it makes lies in build/try/.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
cmake --preset release >/dev/null
cmake --build --preset release
exhibit=$PWD/build/release/exhibit
rm -rf build/try
mkdir -p build/try/files build/try/case
cd build/try
cp -r /usr/share/common-licenses files/
cp -r ../../formats files/ 2>/dev/null || true
truncate -s 32M disk.img
mkfs.ext4 -q -F -d files disk.img

# A loop device makes it a real block device; without the right to attach one the file itself is imaged.
source=disk.img
device=""
if [ "$(id -u)" = 0 ] && device=$(losetup -r -f --show disk.img 2>/dev/null); then
  source=$device
  trap 'losetup -d "$device"' EXIT
fi
echo
echo "== exhibit acquire $source"
"$exhibit" acquire "$source" -o case/disk.E01 --case 2026-117 --exhibit 3 --examiner "A. Examiner" --description "a small ext4 disk" --progress none
echo
echo "== exhibit verify case/disk.E01"
"$exhibit" verify case/disk.E01 --progress none
echo
echo "== exhibit report case/disk.E01"
"$exhibit" report case/disk.E01 -o report --progress none
echo
echo "The report is $PWD/report/report.html (for people) and $PWD/report/report.xml (for machines)."
