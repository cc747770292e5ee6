#!/bin/sh
# Set-up and every test: the plain build with warnings as errors, the same tests under AddressSanitizer and UBSan (but for those that time other programs
# or kill ours at each call, which show the same there), the threads under ThreadSanitizer, and a minute of fuzzing for each parser. The booted machines
# (label machine) run once: in an emulated processor under ASan they take too long. One at a time they keep one processor busy; the fuzzing has the rest.
# One test more than there are processors runs at a time: many wait for a slow medium, for a lock or for fsync.
set -eu
cd "$(dirname "$0")/.."
sh tests/setup.sh
jobs=$(($(nproc) + 1))
for preset in dev asan; do
  echo "== $preset"
  cmake --preset "$preset" >/dev/null
  cmake --build --preset "$preset" -- --quiet
  leave='^$'
  [ "$preset" != asan ] || { EXHIBIT_KILLS=8; export EXHIBIT_KILLS; leave='^interop\.|^fault\.killed_calls$|^cli\.disk_pokes$|^layers\.'; }
  ctest --preset "$preset" --output-on-failure -j "$jobs" -LE '^machine$' -E "$leave"
done
echo "== tsan"
cmake --preset tsan >/dev/null
threads='(pipeline|acquire|ewf|reader|device|nbd|track_digests|sector_audit)'
cmake --build --preset tsan --target $(ls tests/unit | sed -nE "s/^(test_$threads.*)\.c\$/\1/p") -- --quiet
ctest --preset tsan --output-on-failure -j "$jobs" -R "^unit\.$threads"
echo "== machines and fuzzing"
EXHIBIT_BESIDE="ctest --preset dev --output-on-failure -L '^machine\$'" sh tests/fuzz/run.sh 60
