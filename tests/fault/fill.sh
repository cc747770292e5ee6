#!/usr/bin/env bash
# --fill: where nothing could be read the image has the pattern, from each sector's first byte on, and keeps its geometry (R6). Digests of the medium
# are of what the image holds; chunk digests are as of a zero-filled image, so that two rescues compare; verify, convert and libewf agree.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq python3
need_root
sample disk.img $((6 << 20))
holes=(40:2 4095:1 9000:200 12287:1) # a gap over part and chunk borders, and the last sector
rules 512 5 "${holes[@]}"
serve faulty_file disk.img bad-disk "${bad[@]}"
attach bad-disk/disk

digest() { j ".digests[]|select(.scope==\"media\" and .algorithm==\"$1\").value"; }

rm -rf case; mkdir case
x 3 acquire "$loop" -o case/zeros.raw --chunk 1M --json
root=$(j .chunks.root)

cat >filled.py <<'P'
import sys
data, pattern = bytearray(open(sys.argv[1], 'rb').read()), bytes.fromhex(sys.argv[2])
sector = (pattern * 512)[:512]
for hole in sys.argv[3:]:
    first, count = map(int, hole.split(':'))
    data[first * 512:(first + count) * 512] = sector * count
sys.stdout.buffer.write(data)
P

# filled OPTION HEX: what this --fill must give, in every shape, in passes and in one pass.
filled() {
  local shape image how
  python3 filled.py disk.img "$2" "${holes[@]}" >expected.img
  for shape in "disk.raw" "parts.001 --segment 4M" "disk.E01" "many.E01 --segment 1M --compress none" "disk.raw --one-pass" "disk.E01 --one-pass"; do
    read -ra how <<<"$shape"
    image=case/${how[0]}
    rm -rf case; mkdir case
    x 3 acquire "$loop" -o "$image" "${how[@]:1}" --fill "$1" --chunk 1M --json
    is "$(digest sha256)" "$(sha256sum <expected.img | cut -d' ' -f1)" "$1, $shape: sha256"
    is "$(digest md5)" "$(md5sum <expected.img | cut -d' ' -f1)" "$1, $shape: md5"
    is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$1, $shape: unreadable"
    is "$(j .chunks.root)" "$root" "$1, $shape: chunk digests"
    is "$(j .verification)" match "$1, $shape: read back"
    same_as_map "$image.map" 512 "${holes[@]}"
    case $image in
      *.raw) cmp "$image" expected.img || fail "$1, $shape: the image" ;;
      *.001) cat case/parts.0?? | cmp - expected.img || fail "$1, $shape: the parts" ;;
      *.E01) ! command -v ewfverify >/dev/null || { ewfverify -q "$image" >v.txt 2>&1 && grep -q SUCCESS v.txt; } || fail "$1, $shape: ewfverify: $(cat v.txt)" ;;
    esac
    x 0 verify "$image" --json
    is "$(j .verdict)" match "$1, $shape: verdict"
    is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$1, $shape: unreadable, later"
    # A conversion keeps the pattern, the list and the chunk digests.
    for copy in copy.raw copy.E01; do
      x 0 convert "$image" -o case/$copy --chunk 1M --json
      is "$(digest sha256)" "$(sha256sum <expected.img | cut -d' ' -f1)" "$1, $shape to $copy: sha256"
      case $image in
        *.E01) is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$1, $shape to $copy: unreadable"
               is "$(j .chunks.root)" "$root" "$1, $shape to $copy: chunk digests" ;;
      esac
      x 0 verify case/$copy --json; is "$(j .verdict)" match "$1, $shape to $copy: verdict"
    done
    cmp case/copy.raw expected.img || fail "$1, $shape: the conversion"
  done
}
filled text:BAD 424144
filled hex:00ff10 00ff10
