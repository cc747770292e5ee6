#!/usr/bin/env bash
# What is said of a QCOW2 image's reference counts against qemu-img check: images that were used, left open, leak by hand, and many with one bit of
# their tables inverted are found corrupt or leaking here where they are there, and nowhere else.
. "$(dirname "$0")/../lib.sh"
need jq python3 qemu-img qemu-io
bad=0 checked=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }

# "corrupt leaks" of FILE, 0 or 1 each
theirs() {
  qemu-img check -f qcow2 --output json "$1" 2>/dev/null >"$work/theirs"
  jq -rs '.[0] // {corruptions: 1} | [if (.corruptions // 0) + (.["check-errors"] // 0) > 0 then 1 else 0 end, if (.leaks // 0) > 0 then 1 else 0 end] | join(" ")' "$work/theirs"
}
# A flag that is not set where it could be is an error there, and harmless; here it is told as a warning.
ours() {
  "$EXHIBIT" info "$1" --json --progress none >"$work/out" 2>"$work/err"
  jq -r '(.findings // []) as $f | [if .error or any($f[]; .outcome == "damaged" or .check == "copied-flag" or .check == "refcount") then 1 else 0 end,
    if any($f[]; .check == "leak") then 1 else 0 end] | join(" ")' "$work/out"
}
same() { # FILE WHAT
  checked=$((checked + 1))
  local t o; t=$(theirs "$1") o=$(ours "$1")
  # An entry of the refcount table with a bit that means nothing: qemu leaves the whole entry aside, and finds the block it names to leak.
  jq -e 'any(.findings[]?; .check == "reserved-bits" and (.detail | test("refcount table")))' "$work/out" >/dev/null && t=${t% *} o=${o% *}
  [ "$t" = "$o" ] || wrong "$2: qemu says '$t' (corrupt, leaks), here it is '$o': $(jq -c '[.findings[]? | .check + ": " + .detail]' "$work/out" | cut -c1-300)"
}
number() { jq -r ".$1 // 0" "$work/theirs"; }
told() { jq -r --arg c "$1" '[.findings[] | select(.check == $c) | .detail | capture("^(?<n>[0-9]+) ").n] | first // "0"' "$work/out"; }

# ---- used ones
sample part.bin $((1 << 20))
for at in 0 2 5; do dd if=part.bin of=disk.raw bs=1M seek=$at conv=notrunc status=none; done
make() { # NAME OPTION...
  local name=$1; shift
  qemu-img convert -f raw -O qcow2 "$@" disk.raw "$name" 2>"$work/err" || { echo "this qemu-img cannot: $* ($(head -1 "$work/err"))"; return 1; }
}
for bits in 1 2 4 8 16 32 64; do make bits$bits.qcow2 -o refcount_bits=$bits,cluster_size=4k && same bits$bits.qcow2 "counts of $bits bits"; done
make packed.qcow2 -c -o cluster_size=4k && same packed.qcow2 "packed clusters"
make old.qcow2 -o compat=0.10,cluster_size=4k && same old.qcow2 "version 2"
make sub.qcow2 -o extended_l2=on,cluster_size=16k && same sub.qcow2 "subclusters"
make lived.qcow2 -o cluster_size=4k || fail "no image"
qemu-img snapshot -c one lived.qcow2 && qemu-io -c 'write -q -P 3 100k 300k' lived.qcow2
qemu-img snapshot -c two lived.qcow2 && qemu-io -c 'write -q -P 4 150k 100k' -c 'write -q -z 2M 200k' -c 'discard -q 5M 200k' lived.qcow2
qemu-img bitmap --add -g 4k lived.qcow2 marks && qemu-io -c 'write -q -P 5 3M 300k' lived.qcow2
same lived.qcow2 "snapshots and a bitmap"
is "$(ours lived.qcow2)" "0 0" "what is found in an image with snapshots and a bitmap"
qemu-img snapshot -c "the last of the file" lived.qcow2 && same lived.qcow2 "a snapshot whose entry ends with the file"
x 6 verify lived.qcow2 --hash none --no-record
qemu-img snapshot -d one lived.qcow2 && same lived.qcow2 "a snapshot deleted"

# ---- left open: counts that were not written
make lazy.qcow2 -o lazy_refcounts=on,cluster_size=4k && {
  ( qemu-io -c 'write -q -P 9 3M 400k' -c abort lazy.qcow2; true ) >/dev/null 2>&1
  same lazy.qcow2 "lazy counts, and killed"
  x 6 verify lazy.qcow2 --hash none --no-record --json # its data are whole: no damage
  jq -e 'any(.findings[]; .check == "dirty")' "$work/out" >/dev/null || wrong "an image that was left open is not told"
  ours lazy.qcow2 >/dev/null; theirs lazy.qcow2 >/dev/null
  [ "$(told refcount)" -gt 0 ] || wrong "of counts that were not written none is told"
}

# ---- leaks by hand: clusters 2000 to 2006 are counted, and the file has room for them
cp lived.qcow2 leak.qcow2 && truncate -s 9M leak.qcow2
python3 -B - leak.qcow2 <<'END'
import struct, sys
with open(sys.argv[1], "r+b") as file:
    data = file.read()
    block = struct.unpack(">Q", data[(at := struct.unpack(">Q", data[48:56])[0]) : at + 8])[0]
    file.seek(block + 2000 * 2)
    file.write(b"\0\1" * 7)
END
same leak.qcow2 "seven clusters leak"
is "$(told leak)" "$(number leaks)" "how many clusters leak"
is "$(told leak)" 7 "how many clusters leak"
x 6 verify leak.qcow2 --hash none --no-record --json

# ---- one bit
for name in lived sub bits1 bits64; do
  [ -e $name.qcow2 ] || continue
  mkdir damaged
  python3 -B "$SRC/tests/make/qcow2_damage.py" $name.qcow2 40 damaged >rows || fail "no damaged images of $name"
  while IFS=$'\t' read -r file what at bit; do same "damaged/$file" "$name, $what, bit $bit at $at"; done <rows
  rm -r damaged
done
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad of $checked"; }
echo "$checked images: corrupt or leaking here as there"
