#!/usr/bin/env bash
# QCOW2 against qemu: every variant that qemu-img writes reads here as qemu reads it, and what is written here passes qemu-img check and compare.
. "$(dirname "$0")/../lib.sh"
need jq qemu-img qemu-io
sum() { sha256sum "$1" | cut -d' ' -f1; }
media() { x 0 hash "$1" --hash sha256 --no-record --json; j '.digests[0].value'; }

# disk NAME MIB...: files, zeros, noise and holes, the same stretch at each of these MiB; no whole number of clusters.
sample part.bin $((6 << 20))
disk() {
  local name=$1 at; shift
  for at; do dd if=part.bin of="$name" bs=1M seek="$at" conv=notrunc status=none; done
  head -c 512 part.bin | dd of="$name" bs=1M seek=$((at + 10)) conv=notrunc status=none
}
disk disk.raw 0 40 84
want="$(sum disk.raw)"

# ---- theirs, read here ----
n=0
orphans=none
theirs() { # NAME OPTION...: qemu-img convert's options
  local name=$1; shift
  qemu-img convert -f raw "$@" disk.raw "$name" 2>"$work/err" || { printf '%s: this qemu-img cannot: %s\n' "$name" "$(head -1 "$work/err")"; return; }
  is "$(media "$name")" "$want" "the disk in $name ($*)"
  x 6 verify "$name" --hash none --no-record --json
  # With clusters of 512 bytes its tables grow and move, and leave free clusters behind: that is told, and right.
  is "$(j '[.findings[]|select(.outcome!="match" and .check!="'"$orphans"'")]|length')" 0 "findings about $name ($*)"
  n=$((n + 1))
  rm -f "$name"
}
theirs v2.qcow2 -O qcow2 -o compat=0.10
theirs v3.qcow2 -O qcow2 -o compat=1.1
theirs v1.qcow -O qcow
theirs v1c.qcow -O qcow -c
theirs zlib.qcow2 -O qcow2 -c
theirs zstd.qcow2 -O qcow2 -c -o compression_type=zstd
theirs v2zlib.qcow2 -O qcow2 -c -o compat=0.10
theirs ext.qcow2 -O qcow2 -o extended_l2=on,cluster_size=128k
theirs extc.qcow2 -O qcow2 -c -o extended_l2=on,cluster_size=128k
orphans=orphan
for size in 512 4k 32k 1M 2M; do
  theirs "c$size.qcow2" -O qcow2 -o "cluster_size=$size"
  theirs "cc$size.qcow2" -O qcow2 -c -o "cluster_size=$size"
done
orphans=none
for bits in 1 8 64; do theirs "r$bits.qcow2" -O qcow2 -o "refcount_bits=$bits"; done
theirs lazy.qcow2 -O qcow2 -o lazy_refcounts=on
for how in metadata falloc full; do theirs "p$how.qcow2" -O qcow2 -o "preallocation=$how" -S 4k; done
qemu-img convert -f raw -O qcow2 -o data_file=side.bin,data_file_raw=off disk.raw side.qcow2
is "$(media side.qcow2)" "$want" "the disk in an external data file"
qemu-img convert -f raw -O qcow2 -o data_file=plain.bin,data_file_raw=on disk.raw plain.qcow2
is "$(media plain.qcow2)" "$want" "the disk in a raw data file"
rm -f side.* plain.*
[ $n -ge 20 ] || fail "only $n variants could be made"

# Written in place, zeroed, discarded; bitmaps; a larger disk than its backing file.
qemu-img convert -f raw -O qcow2 disk.raw lived.qcow2
qemu-io -c 'write -q -P 90 3M 70k' -c 'write -q -z 41M 1M' -c 'discard -q 85M 2M' -c 'write -q -z -u 88M 128k' lived.qcow2
qemu-img bitmap --add lived.qcow2 marks 2>/dev/null
qemu-img convert -O raw lived.qcow2 lived.raw
is "$(media lived.qcow2)" "$(sum lived.raw)" "an image that was written to"
qemu-img create -q -f qcow2 -b lived.qcow2 -F qcow2 grown.qcow2 120M
qemu-io -c 'write -q -P 91 110M 1M' -c 'write -q -P 92 60M 4k' -c 'write -q -z 42M 1M' grown.qcow2
qemu-img convert -O raw grown.qcow2 grown.raw
is "$(media grown.qcow2)" "$(sum grown.raw)" "an image larger than its backing file"
rm -f lived.* grown.*

# ---- ours, read there: more than the 512 MiB of one L2 table ----
rm disk.raw
disk disk.raw 0 99 510 640
want="$(sum disk.raw)"
for c in none fast best zlib zstd; do
  x 0 convert disk.raw -o "$c.qcow2" --compress $c --no-record
  qemu-img check -q -f qcow2 "$c.qcow2" >"$work/out" 2>&1 || fail "qemu-img check of --compress $c"
  is "$(qemu-img check -f qcow2 --output json "$c.qcow2" | jq '(.["check-errors"])+(.leaks//0)+(.corruptions//0)')" 0 "errors and leaks of --compress $c"
  qemu-img compare -q -f raw -F qcow2 disk.raw "$c.qcow2" || fail "qemu reads another disk from --compress $c"
  is "$(media "$c.qcow2")" "$want" "the disk in --compress $c"
done
type_of() { qemu-img info --output json "$1" | jq -r '.["format-specific"].data["compression-type"]'; }
is "$(type_of none.qcow2) $(type_of fast.qcow2) $(type_of best.qcow2) $(type_of zlib.qcow2) $(type_of zstd.qcow2)" "zlib zlib zstd zlib zstd" "compression types"
x 2 convert disk.raw -o refused.vdi --compress zstd --no-record
[ "$(stat -c %s best.qcow2)" -lt "$(stat -c %s fast.qcow2)" ] && [ "$(stat -c %s fast.qcow2)" -lt "$(stat -c %s none.qcow2)" ] || fail "sizes do not fall"
# qemu goes on writing in it: refcounts that were too low would now give clusters away twice.
qemu-io -c 'write -q -P 77 50M 8M' -c 'write -q -P 78 0 1M' fast.qcow2
qemu-img check -q -f qcow2 fast.qcow2 || fail "qemu-img check after qemu wrote"
cp disk.raw more.raw
head -c 8M /dev/zero | tr '\0' 'M' | dd of=more.raw bs=1M seek=50 conv=notrunc status=none
head -c 1M /dev/zero | tr '\0' 'N' | dd of=more.raw bs=1M conv=notrunc status=none
is "$(media fast.qcow2)" "$(sum more.raw)" "what qemu wrote"

# Every small size; and, where there is room and time (EXHIBIT_LARGE=1), a file of more than the 2 GiB that one refcount block counts.
for bytes in 512 65024 65536 66048 1048576; do
  head -c $bytes part.bin >small.raw
  for c in none fast best; do
    x 0 convert small.raw -o small.qcow2 --compress $c --no-record
    qemu-img check -q -f qcow2 small.qcow2 && qemu-img compare -q -f raw -F qcow2 small.raw small.qcow2 || fail "$bytes bytes, --compress $c"
    rm small.qcow2
  done
done
if [ "${EXHIBIT_LARGE:-}" = 1 ]; then
  openssl enc -aes-128-ctr -nosalt -K 00112233445566778899aabbccddeeff -iv 00 -in /dev/zero 2>/dev/null | head -c 2200M >big.raw
  x 0 convert big.raw -o big.qcow2 --compress none --no-record
  qemu-img check -q -f qcow2 big.qcow2 && qemu-img compare -q -f raw -F qcow2 big.raw big.qcow2 || fail "a file of more than 2 GiB"
fi
echo "$n variants of qemu's, and all of ours, are the same disk on both sides"
