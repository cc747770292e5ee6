#!/bin/sh
# Set-up and every test: the plain build with warnings as errors, the same tests under AddressSanitizer and UBSan (but for those that time other programs
# or kill ours at each call, which show the same there), the threads under ThreadSanitizer, and a minute of fuzzing for each parser. The booted machines
# (label machine) run once: in an emulated processor under ASan they take too long.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
for preset in dev asan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -- --quiet
  leave='^$'
  [ "$preset" != asan ] || { EXHIBIT_KILLS=8; export EXHIBIT_KILLS; leave='^machine\.|^interop\.|^fault\.killed_calls$|^cli\.disk_pokes$|^layers\.'; }
  ctest --preset "$preset" --output-on-failure -j "$(nproc)" -E "$leave"
done
echo "== tsan"
cmake --preset tsan >/dev/null
cmake --build --preset tsan -- --quiet
ctest --preset tsan --output-on-failure -j "$(nproc)" -R 'unit\.(pipeline|acquire|ewf|reader|device|nbd|track_digests|sector_audit)'
sh tests/fuzz/run.sh 60
