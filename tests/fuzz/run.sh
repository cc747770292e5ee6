#!/bin/sh
# Builds every fuzz target with clang and runs each for SECONDS (default 60; half as long what has been run for long, or is a part of the others), as many
# at a time as there are processors, from seeds of our own making and from the sample corpus where it is there. A crash leaves its input in build/fuzz/
# and ends with a status that is not 0.
#   tests/fuzz/run.sh [SECONDS [TARGET...]]
# EXHIBIT_BESIDE is a command that has a processor to itself meanwhile, and goes before (one.sh): tests/all.sh's booted machines, which use one.
set -eu
cd "$(dirname "$0")/../.."
src=$PWD
export src
seconds=${1:-60}
[ $# -eq 0 ] || shift
corpus=${EXHIBIT_CORPUS:-$PWD/../shared/corpus}
old="fuzz_ata fuzz_cdtext fuzz_ewf fuzz_mapfile fuzz_unpack fuzz_wave"
targets=${*:-$(cd tests/fuzz && ls fuzz_*.c | sed 's/\.c$//')}
CC=clang cmake -S . -B build/fuzz -G Ninja -DCMAKE_BUILD_TYPE=Debug -DEXHIBIT_FUZZ=ON -DBUILD_TESTING=ON >/dev/null
cmake --build build/fuzz --target $targets -- --quiet
rm -rf build/fuzz/seeds
for maker in tests/fuzz/*_seeds.py; do python3 -B "$maker" build/fuzz/seeds "$corpus"; done
{
  [ -z "${EXHIBIT_BESIDE:-}" ] || printf '%s\n' "$EXHIBIT_BESIDE"
  for target in $targets; do
    time=$seconds
    case " $old " in *" $target "*) time=$(((seconds + 1) / 2)) ;; esac
    printf 'sh "$src/tests/fuzz/one.sh" %s %s\n' "$target" "$time"
  done
} | xargs -d '\n' -n 1 -P "$(nproc)" sh -c
