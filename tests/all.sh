#!/bin/sh
# Set-up and every test: the plain build with warnings as errors, the same tests under AddressSanitizer and UBSan, the threads under
# ThreadSanitizer, and a minute of fuzzing for each parser. The booted machines (label machine) run once, under ASan in an emulated processor they take
# too long; each uses one processor, so the fuzzing goes on beside them.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
for preset in dev asan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -- --quiet
  [ "$preset" != asan ] || { EXHIBIT_KILLS=8; export EXHIBIT_KILLS; }
  ctest --preset "$preset" --output-on-failure -j "$(nproc)" -LE '^machine$'
done
unset EXHIBIT_KILLS
echo "== tsan"
cmake --preset tsan >/dev/null
cmake --build --preset tsan -- --quiet
ctest --preset tsan --output-on-failure -j "$(nproc)" -R 'unit\.(pipeline|acquire|ewf|reader|device|nbd|track_digests|sector_audit)'
echo "== machines and fuzzing"
EXHIBIT_BESIDE="ctest --preset dev --output-on-failure -L '^machine\$'" sh tests/fuzz/run.sh 60
