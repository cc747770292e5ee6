#!/usr/bin/env bash
# verify --hash none: digests of chunks alone. A terabyte of which almost nothing is stored is passed over by its tables; what comes out is what the
# same disk gives in any other image.
. "$(dirname "$0")/../lib.sh"
need jq qemu-img qemu-io
root() { x 6 verify "$1" --hash none --no-record --json; is "$(j '.digests|length')" 0 "digests of $1"; j '[.chunks.count,.chunks.sectors,.chunks.root,.bytes]|join(" ")'; }

# A disk small enough to be hashed: the root that a conversion computes.
truncate -s 300M small.raw
sample part.bin $((3 << 20))
dd if=part.bin of=small.raw bs=1M seek=70 conv=notrunc status=none
dd if=part.bin of=small.raw bs=1M seek=299 count=1 conv=notrunc status=none
x 0 convert small.raw -o small.qcow2 --json
said="$(j '[.chunks.count,.chunks.sectors,.chunks.root,.bytes]|join(" ")')"
rm small.qcow2.record.jsonl ledger.db
is "$(root small.qcow2)" "$said" "chunks of the QCOW2"
is "$(root small.raw)" "$said" "chunks of the sparse file"
cp --sparse=never small.raw dense.raw
is "$(root dense.raw)" "$said" "chunks of the file without holes"
x 6 verify small.qcow2 --hash none --no-record; says "sha256 tree +[0-9a-f]{64}  .over 5 chunks of 131072 sectors."

# What is held against a digest is hashed for it all the same.
x 0 verify small.qcow2 --hash none --expect "sha256:$(sha256sum small.raw | cut -d' ' -f1)" --no-record --json
is "$(j .verdict)" match
x 1 verify small.qcow2 --hash none --expect "md5:00000000000000000000000000000000" --no-record --json
x 2 hash small.qcow2 --hash none --no-record

# The terabyte.
qemu-img create -q -f qcow2 large.qcow2 1T
qemu-io -c 'write -q -P 3 5G 3M' -c 'write -q -z 8G 1G' -c 'write -q -P 4 700G 1M' large.qcow2
truncate -s 1T large.raw 2>/dev/null || skip "no file of a terabyte here"
head -c 3M /dev/zero | tr '\0' '\003' | dd of=large.raw bs=1M seek=5120 conv=notrunc status=none
head -c 1M /dev/zero | tr '\0' '\004' | dd of=large.raw bs=1M seek=716800 conv=notrunc status=none
large="$(root large.qcow2)"
is "$(root large.raw)" "$large" "chunks of the terabyte as a sparse file"
is "${large%% *}" 16384 "chunks"
is "${large##* }" 1099511627776 "bytes that the verdict speaks for"
echo "holes are passed over"
