# lib_rescue.sh - media that fail, for the rescue tests. Source after ../lib.sh and lib_faults.sh.

# sectors_lost FILE SECTOR_BYTES LBA:COUNT...: FILE with zeros where the medium fails, as the image must be.
with_holes() {
  local file=$1 bytes=$2 range; shift 2
  for range; do
    dd if=/dev/zero of="$file" bs="$bytes" seek="${range%:*}" count="${range#*:}" conv=notrunc status=none
  done
}
# rules SECTOR_BYTES ERRNO LBA:COUNT...: the same as rules of faulty_file, in the array `bad`.
rules() {
  local bytes=$1 sys=$2 range; shift 2
  bad=()
  for range; do bad+=("bad:$((${range%:*} * bytes)):$((${range#*:} * bytes)):$sys"); done
}
# list LBA:COUNT...: as JSON, [[lba,count],...].
list() { local range text=; for range; do text+="[${range%:*},${range#*:}],"; done; echo "[${text%,}]"; }

# same_as_map MAPFILE SECTOR_BYTES LBA:COUNT...: its bad areas are exactly these, and it covers the rest as finished.
same_as_map() {
  local map=$1 bytes=$2 range want=; shift 2
  for range; do want+="$(printf '0x%08X  0x%08X  -' $((${range%:*} * bytes)) $((${range#*:} * bytes)))"$'\n'; done
  [ "$(grep -v '^#' "$map" | sed 1d | grep -v '+$')" = "${want%$'\n'}" ] || fail "the map's bad areas are not the faults: $(cat "$map")"
}
