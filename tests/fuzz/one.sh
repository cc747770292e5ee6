#!/bin/sh
# Runs one fuzz target that is built, for SECONDS, in build/fuzz: run.sh calls it. Its log is shown only when it fails.
#   tests/fuzz/one.sh TARGET SECONDS
set -eu
cd "$(dirname "$0")/../.."
src=$PWD
target=$1 seconds=$2
corpus=${EXHIBIT_CORPUS:-$PWD/../shared/corpus}
cd build/fuzz
EXHIBIT_FUZZ_FILES=$PWD/seeds/files
export EXHIBIT_FUZZ_FILES
mkdir -p "$target.corpus"
seeds=""
case $target in
  fuzz_ewf) [ ! -d "$corpus/disk/ewf" ] || seeds=$corpus/disk/ewf ;;
  fuzz_mapfile) seeds=$src/tests/fuzz/mapfile ;;
  *) [ ! -d "seeds/$target" ] || seeds=seeds/$target ;;
esac
if ! nice -n 19 "./tests/$target" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
  -artifact_prefix="$target-" "$target.corpus" $seeds >"$target.log" 2>&1; then
  echo "== $target failed"
  tail -40 "$target.log"
  exit 1
fi
echo "== $target: $seconds s, seeds: ${seeds:-none}, $(grep -E 'number_of_executed_units|peak_rss' "$target.log" | tr -s ' ' | sed 's/stat:://' | tr '\n' ' ')"
