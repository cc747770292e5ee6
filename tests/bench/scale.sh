#!/usr/bin/env bash
# scale.sh - does verify stay flat in memory and linear in time as media grow?
#   tests/bench/scale.sh [SIZE...]     default 1G 8G 64G; sparse media, so that the disk is not what is measured
# Each medium is imaged to E01 and verified against its stored digest; the raw file is verified for its digests alone.
set -u
here=$(cd "$(dirname "$0")" && pwd)
exhibit=${EXHIBIT:-$here/../../build/release/exhibit}
dir=$(mktemp -d "${BENCH_DIR:-/var/tmp}/exhibit-scale.XXXXXX")
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
[ $# -gt 0 ] || set -- 1G 8G 64G
measure() { # LABEL SIZE command...
  local label=$1 size=$2; shift 2
  /usr/bin/time -f '%e %M' "$@" >out 2>err
  read -r seconds peak < <(tail -1 err)
  printf '%-14s %6s %9s s %8d MiB %10.0f MiB/s\n' "$label" "$size" "$seconds" $((peak / 1024)) "$(echo "$(numfmt --from=iec "$size") / 1048576 / $seconds" | bc -l)"
}
for size; do
  rm -f disk.*
  truncate -s "$size" disk.raw
  measure "acquire E01" "$size" "$exhibit" acquire disk.raw -o disk.E01 --verify none --no-record --progress none
  measure "verify E01" "$size" "$exhibit" verify disk.E01 --no-record --progress none
  measure "verify raw" "$size" "$exhibit" verify disk.raw --no-record --progress none
done
