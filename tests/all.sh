#!/bin/sh
# Set-up and every test: the plain build with warnings as errors, the same tests under AddressSanitizer and UBSan, the threads under
# ThreadSanitizer, and a minute of fuzzing. Ends with ctest's own count. The booted machines (label machine) run once: under ASan in an emulated
# processor they take too long.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
for preset in dev asan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -- --quiet
  leave=none
  [ "$preset" != asan ] || { leave=machine; EXHIBIT_KILLS=8; export EXHIBIT_KILLS; }
  ctest --preset "$preset" --output-on-failure -j "$(nproc)" -LE "^$leave\$"
done
echo "== tsan"
cmake --preset tsan >/dev/null
cmake --build --preset tsan -- --quiet
ctest --preset tsan --output-on-failure -j "$(nproc)" -R 'unit\.(pipeline|acquire|ewf|reader|device|nbd)'
sh tests/fuzz/run.sh 60
