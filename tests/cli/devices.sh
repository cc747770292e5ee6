#!/usr/bin/env bash
# exhibit devices: the table and the JSON document name a loop device with its file, size and sector size.
set -u
[ "$(id -u)" = 0 ] || { echo "needs root for a loop device"; exit 77; }
dir=$(mktemp -d) loop=""
cleanup() { [ -n "$loop" ] && losetup -d "$loop"; rm -rf "$dir"; }
trap cleanup EXIT
truncate -s 5242880 "$dir/five.img"
loop=$(losetup -r -f --show -b 4096 "$dir/five.img") || { echo "no loop devices here"; exit 77; }
fail() { echo "$1"; exit 1; }

"$EXHIBIT" devices > "$dir/table" 2> "$dir/talk" || fail "devices: exit $?"
[ -s "$dir/talk" ] && fail "talk on stderr: $(cat "$dir/talk")"
line=$(grep "^$loop " "$dir/table") || fail "$loop is not in the table: $(cat "$dir/table")"
for word in "5.0 MiB" "4096/4096" "read-only" "five.img"; do
  case $line in *"$word"*) ;; *) fail "no \"$word\" in: $line" ;; esac
done

# A path too long for its column shows its end, and moves no other column.
deep=$dir/a-folder-whose-name-takes-most-of-the-column; mkdir "$deep"; truncate -s 5242880 "$deep/six.img"
losetup -d "$loop"; loop=$(losetup -r -f --show "$deep/six.img") || fail "no second loop device"
"$EXHIBIT" devices >"$dir/table" || fail "devices: exit $?"
awk -v loop="$loop" 'NR == 1 { at = index($0, "SERIAL") } $1 == loop { ok = substr($0, at, 1) == "-" && index($0, "...") && index($0, "column/six.img") } END { exit !ok }' \
  "$dir/table" || fail "the table is not straight: $(cat "$dir/table")"
losetup -d "$loop"; loop=$(losetup -r -f --show -b 4096 "$dir/five.img") || fail "no third loop device"

"$EXHIBIT" devices --json > "$dir/json" || fail "devices --json: exit $?"
python3 - "$dir/json" "$loop" "$dir/five.img" <<'EOF' || exit 1
import json, sys
document = json.load(open(sys.argv[1]))
assert list(document) == ["devices"], list(document)
keys = ("path vendor model serial wwn firmware bus bytes sector_size physical_sector_size read_only removable rotational optical partition "
        "mounts holders backing").split()
for device in document["devices"]:
    missing = [k for k in keys if k not in device]
    assert not missing, (device["path"], missing)
mine, = [d for d in document["devices"] if d["path"] == sys.argv[2]]
assert mine["bytes"] == 5242880 and mine["sector_size"] == 4096 and mine["read_only"] is True, mine
assert mine["backing"] == sys.argv[3] and mine["bus"] == "loop" and mine["mounts"] is None, mine
for d in document["devices"]:
    assert not (d["bus"] == "loop" and d["backing"] is None), d
EOF
"$EXHIBIT" devices unexpected > /dev/null 2>&1
[ $? = 2 ] || fail "an operand must be refused with exit 2"
echo "devices are listed"
