# lib_guest.sh - what the jobs in the guest share; run.sh sources it after lib.sh and before the job. /mnt is the folder shared with the machine
# outside, the rest is memory.

load() { /run/modprobe "$@" || fail "modprobe $*"; }
saving=(--save-every 1)
until_true() { local end=$((SECONDS + $1)); until "${@:2}" 2>/dev/null; do [ $SECONDS -lt $end ] || return 1; sleep 0.1; done; }

# disk_behind PATTERN: sets $disk to the whole disk whose path in /sys/devices matches, waiting for it to appear.
seen_behind() {
  local at
  for at in /sys/block/*; do
    [[ $(readlink -f "$at") == $1 ]] && [ "$(cat "$at/size")" != 0 ] && [ -b "/dev/${at##*/}" ] && disk=/dev/${at##*/} && return
  done
  return 1
}
disk_behind() { until_true 20 seen_behind "$1" || fail "no disk appeared at $1"; }
# Writes and discards that the kernel has sent to a disk.
written() { awk '{print $5 + $12}' "/sys/dev/block/$(stat -L -c %Hr:%Lr "$1")/stat"; }

# without ORIGINAL SECTOR RANGES: what an image must be when these ranges ([[lba,count],...]) are lost, in ./expected.
without() {
  local lba count
  cp "$1" expected
  jq -r '.[] | @tsv' <<<"$3" | while read -r lba count; do
    dd if=/dev/zero of=expected bs="$2" seek="$lba" count="$count" conv=notrunc status=none
  done
}
# lists MESSAGE RANGES: so does the answer of acquire or verify.
lists() { is "$(jq -c .unreadable out)" "$2" "$1: the unreadable sectors"; }

media_sha256() { jq -r '.digests[] | select(.scope == "media" and .algorithm == "sha256").value' "$1"; }

# exactly WHAT DEVICE SECTOR ORIGINAL RANGES [FORMAT...]: images it and insists that these sectors are lost, no other, and nothing is moved.
# ./acquired is the answer.
exactly() {
  local what=$1 device=$2 sector=$3 original=$4 ranges=$5 format before from=$SECONDS code=3
  shift 5
  [ "$ranges" != '[]' ] || code=0
  before=$(written "$device")
  without "$original" "$sector" "$ranges"
  for format in "${@:-raw}"; do
    rm -rf case; mkdir case
    x $code acquire "$device" -o "case/disk.$format" --case machine --json
    cp out acquired
    lists "R1, R5, R11: $what" "$ranges"
    is "$(j .sector_size)" "$sector" "R7: $what: the sector size"
    is "$(j .acquisition)" "complete$([ $code = 0 ] || echo -with-errors)" "R18: $what: the acquisition"
    is "$(media_sha256 out)" "$(sha256sum <expected | cut -d' ' -f1)" "R6: $what: the digest"
    x 0 verify "case/disk.$format" --json
    lists "R18: $what, on record" "$ranges"
    is "$(j .verdict)" match "R18: $what: verify later"
    if [ "$format" = raw ]; then cmp expected case/disk.raw || fail "R6: $what: the image"; else listed_by_ewfinfo "$what" "$ranges"; fi
  done
  is "$(written "$device")" "$before" "R13: $what: writes that reached the kernel's queue"
  echo "$what: exhibit: exit $code, lost $ranges and nothing else, $((SECONDS - from)) s"
}
listed_by_ewfinfo() {
  local lba count
  ewfinfo case/disk.E01 >ewfinfo.txt 2>&1 || fail "ewfinfo: $(cat ewfinfo.txt)"
  is "$(grep -c 'at sector(s)' ewfinfo.txt)" "$(jq length <<<"$2")" "$1: read errors by ewfinfo"
  while read -r lba count; do
    grep -qF "at sector(s): $lba - $((lba + count - 1)) number: $count" ewfinfo.txt || fail "$1: ewfinfo does not list $lba: $(cat ewfinfo.txt)"
  done < <(jq -r '.[] | @tsv' <<<"$2")
}

# beside WHAT DEVICE SECTOR ORIGINAL RANGES TOOL...: what the field's tools make of the same disk. For the record: never a failure.
beside() {
  local what=$1 device=$2 sector=$3 original=$4 ranges=$5 tool got from; shift 5
  for tool; do
    command -v "$tool" >/dev/null || continue
    rm -rf theirs; mkdir theirs
    from=$SECONDS
    their_image "$tool" "$device"; got=$?
    echo "$what: $tool: exit $got, $(their_losses "$sector" "$original" "$ranges"), $((SECONDS - from)) s"
  done
}
their_image() {
  case $1 in
    ddrescue) timeout 60 ddrescue -q -d "$2" theirs/raw theirs/map ;;
    dc3dd) timeout 60 dc3dd if="$2" of=theirs/raw hash=md5 log=theirs/log ;;
    dcfldd) timeout 60 dcfldd if="$2" of=theirs/raw bs=64k conv=noerror,sync hash=md5 ;;
    ewfacquire) timeout 60 ewfacquire -q -u -t theirs/image "$2" ;;
  esac >theirs/talk 2>&1 </dev/null
}
their_losses() {
  [ ! -e theirs/image.E01 ] || ewfexport -q -u -f raw -t theirs/raw theirs/image.E01 >theirs/talk 2>&1 </dev/null ||
    { echo "an E01 that ewfexport cannot read"; return; }
  mv theirs/raw.raw theirs/raw 2>/dev/null
  [ -s theirs/raw ] || { echo "no image"; return; }
  python3 -c '
import sys
sector, bad = int(sys.argv[3]), int(sys.argv[4])
source, copy = open(sys.argv[1], "rb").read(), open(sys.argv[2], "rb").read()
wrong = sum(source[at:at + sector] != copy[at:at + sector] for at in range(0, len(source), sector))
size = f", its size is off by {len(copy) - len(source):+d}" if len(copy) != len(source) else ""
print(f"{wrong} sectors are not in the copy where {bad} are bad{size}")
' "$2" theirs/raw "$1" "$(jq '[.[][1]] | add // 0' <<<"$3")"
}
# read_from DEVICE: bytes that the kernel has read from it. until_read DEVICE BYTES: waits until so many more have been.
read_from() { awk '{print $3 * 512}' "/sys/dev/block/$(stat -L -c %Hr:%Lr "$1")/stat" 2>/dev/null || echo 0; }
more_read() { [ $(($(read_from "$1") - $2)) -ge "$3" ]; }
until_read() { until_true 20 more_read "$1" "$(read_from "$1")" "$2" || fail "nobody reads $1"; }
gone_behind() { until_true 20 not_seen_behind "$1" || fail "$1 does not go"; }
not_seen_behind() { ! seen_behind "$1"; }
