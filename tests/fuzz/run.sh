#!/bin/sh
# Builds every fuzz target with clang and runs each for SECONDS (default 60; half as long those that have been run for long), as many at a time as there
# are processors, from seeds of our own making and from the sample corpus where it is there. A crash leaves its input in build/fuzz/ and ends with status 1.
#   tests/fuzz/run.sh [SECONDS [TARGET...]]
set -eu
cd "$(dirname "$0")/../.."
src=$PWD
seconds=${1:-60}
[ $# -eq 0 ] || shift
corpus=${EXHIBIT_CORPUS:-$PWD/../shared/corpus}
old="fuzz_ata fuzz_ewf fuzz_mapfile"
targets=${*:-$(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//' | grep -vxF "$(printf '%s\n' $old)") $old}
CC=clang cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=Debug -DEXHIBIT_FUZZ=ON -DBUILD_TESTING=ON >/dev/null
cmake --build build/fuzz --target $targets -- --quiet
cd build/fuzz
rm -rf seeds failed
for maker in "$src"/tests/fuzz/*_seeds.py; do python3 -B "$maker" seeds "$corpus"; done
EXHIBIT_FUZZ_FILES=$PWD/seeds/files
export EXHIBIT_FUZZ_FILES

one() { # TARGET: its log is shown only when it fails
  mkdir -p "$1.corpus"
  seeds="" time=$seconds
  case " $old " in *" $1 "*) time=$(((seconds + 1) / 2)) ;; esac
  case $1 in
    fuzz_ewf) [ ! -d "$corpus/disk/ewf" ] || seeds=$corpus/disk/ewf ;;
    fuzz_mapfile) seeds=$src/tests/fuzz/mapfile ;;
    *) [ ! -d "seeds/$1" ] || seeds=seeds/$1 ;;
  esac
  if "./tests/$1" -max_total_time="$time" -max_len=65536 -rss_limit_mb=1024 -timeout=10 -print_final_stats=1 -artifact_prefix="$1-" \
    "$1.corpus" $seeds >"$1.log" 2>&1; then
    echo "== $1: $time s, seeds: ${seeds:-none}, $(grep -E 'number_of_executed_units|peak_rss' "$1.log" | tr -s ' ' | sed 's/stat:://' | tr '\n' ' ')"
  else
    echo "== $1 failed"; tail -40 "$1.log"; echo "$1" >>failed
  fi
}

running=0
for target in $targets; do
  one "$target" &
  running=$((running + 1))
  [ $running -lt "$(nproc)" ] || { wait; running=0; }
done
wait
[ ! -e failed ]
