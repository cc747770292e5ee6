#!/bin/sh
# Builds every fuzz target with clang and runs each for SECONDS (default 60) from the sample corpus where it is there.
# A crash leaves its input in build/fuzz/ and ends with status 1.
set -eu
cd "$(dirname "$0")/../.."
seconds=${1:-60}
corpus=${EXHIBIT_CORPUS:-$PWD/../shared/corpus}
CC=clang cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=Debug -DEXHIBIT_FUZZ=ON -DBUILD_TESTING=ON >/dev/null
for file in tests/fuzz/fuzz_*.c; do
  name=$(basename "$file" .c)
  cmake --build build/fuzz --target "$name" -- --quiet
  mkdir -p "build/fuzz/$name.corpus"
  seeds=""
  case $name in
    fuzz_ewf) [ -d "$corpus/disk/ewf" ] && seeds="$corpus/disk/ewf" ;;
    fuzz_mapfile) seeds=$PWD/tests/fuzz/mapfile ;;
  esac
  echo "== $name for $seconds s, seeds: ${seeds:-none}"
  (cd build/fuzz && "./tests/$name" -max_total_time="$seconds" -max_len=65536 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 \
    "$name.corpus" $seeds >"$name.log" 2>&1) || { tail -40 "build/fuzz/$name.log"; exit 1; }
  grep -E 'number_of_executed_units|peak_rss' "build/fuzz/$name.log"
done
