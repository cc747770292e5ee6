#!/usr/bin/env bash
# What ddrescue saved from a medium that gives nothing any more is taken over, by one run or by several. What is asked for and cannot be leaves no partial.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq timeout
need_root
shim=$BUILD/tests/libfail_nth.so
[ -e "$shim" ] || skip "$shim was not built"
grep -q __asan_init "$EXHIBIT" && skip "the program has ASan's calls"
sample disk.img $((4 << 20))
holes=(7000:3)
cp disk.img expected.img
with_holes expected.img 512 "${holes[@]}"
serve faulty_file disk.img d bad:512:$(((4 << 20) - 512)):5
attach d/disk
printf '0x0 + 1\n0x0 0x36B000 +\n0x36B000 0x600 -\n0x36B600 0x94A00 +\n' >saved.map
cp expected.img saved.img

for image in case/a.raw case/a.E01; do
  for n in 1000000 40 30 25 20 14; do
    rm -rf case; mkdir case
    { env LD_PRELOAD="$shim" FAIL_CALL=any FAIL_KILL=1 FAIL_NTH=$n "$EXHIBIT" acquire "$loop" -o $image --map saved.map --rescued saved.img --no-record \
        --threads 1 --json --progress none >out 2>err; } 2>/dev/null
    got=$?
    [ $got != 137 ] || x 3 acquire "$loop" -o $image --resume --map saved.map --rescued saved.img --no-record --json
    [ $got = 137 ] || is $got 3
    is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$image, killed before call $n: unreadable"
    x 0 verify $image --no-record --json --expect "sha256:$(sha256sum <expected.img | cut -d' ' -f1)"
  done
done

# ---- an image that is shorter than its map says ----
rm -rf case; mkdir case
head -c 1000000 saved.img >short.img
rules 512 5 "${holes[@]}"
serve faulty_file disk.img e "${bad[@]}"
attach e/disk
x 3 acquire "$loop" -o case/a.raw --map saved.map --rescued short.img --no-record --json
says 'ends before 6236 sectors'
cmp expected.img case/a.raw || fail "the image, with a short one to begin with"
x 2 acquire "$loop" -o case/b.raw --map saved.map --rescued saved.img --start 8 --no-record; says 'not with --start'

# ---- nothing is kept of what cannot be ----
rm -rf case; mkdir case
echo junk >junk.map
x 5 acquire "$loop" -o case/a.raw --map junk.map --no-record
x 2 acquire "$loop" -o case/a.001 --segment 100 --no-record
: >empty.img
x 2 acquire empty.img -o case/a.E01 --no-record
is "$(ls -A case)" '' "left behind"
