#!/usr/bin/env bash
# VHDX both ways between exhibit and qemu-img: what one writes the other reads as the same disk, and an image that qemu left unclosed reads as qemu's
# own repair makes it.
. "$(dirname "$0")/../lib.sh"
need qemu-img qemu-io mke2fs jq python3

# A disk with a file system, data and holes, whose end is on no MiB (and an even number of 4096-byte sectors: 7-Zip 26.02 refuses an odd one).
mkdir tree
cp "$SRC"/formats/*/*.c tree
truncate -s 96M fs.img
mke2fs -q -t ext4 -d tree fs.img
truncate -s $((180 * 1048576 + 6 * 4096)) disk.raw
dd if=fs.img of=disk.raw bs=1M seek=1 conv=notrunc,sparse status=none
sample some 5000000
dd if=some of=disk.raw bs=4096 seek=35000 conv=notrunc status=none
printf 'the last sector' | dd of=disk.raw bs=1 seek=$((180 * 1048576 + 6 * 4096 - 512)) conv=notrunc status=none
sha=$(sha256sum disk.raw | cut -c1-64)

reads() { # FILE SHA: exhibit reads it as that, and finds nothing broken
  x 0 verify "$1" --no-record --expect "sha256:$2" --require external --json
  is "$(j .verdict)" match "$1"
}

for options in subformat=dynamic subformat=fixed block_size=1M block_size=2M block_size=8M block_size=64M block_state_zero=off,block_size=1M log_size=4M; do
  qemu-img convert -O vhdx -o "$options" disk.raw theirs.vhdx
  reads theirs.vhdx "$sha"
  case $options in subformat=fixed) x 0 info theirs.vhdx; says '^type +fixed' ;; esac
  case $options in block_size=8M) x 0 info theirs.vhdx; says '^blocks +23 of 8388608 bytes' ;; esac
done

# Ours. The name says nothing, so that the format is told to both.
for size in 512 4096; do
  x 0 convert disk.raw --format vhdx --sector-size $size -o "ours$size" --no-record
  ours=$(ls "ours$size"*)
  if [ $size = 512 ]; then # qemu-img opens no other: "Operation not supported"
    is "$(qemu-img info --output json -f vhdx "$ours" | jq '."virtual-size"')" "$(stat -c %s disk.raw)" "the size qemu sees"
    qemu-img check -q -f vhdx "$ours" >"$work/out" 2>"$work/err" || fail "qemu-img check"
    qemu-img compare -q -f vhdx -F raw "$ours" disk.raw || fail "qemu-img reads another disk"
  fi
  if command -v 7z >/dev/null; then
    cp "$ours" seven.vhdx
    7z t seven.vhdx >"$work/out" 2>"$work/err" || fail "7z t"
    is "$(7z x -so seven.vhdx 2>/dev/null | sha256sum | cut -c1-64)" "$sha" "what 7-Zip reads of sectors of $size"
  fi
  reads "$ours" "$sha"
  x 0 info "$ours" --json
  is "$(j .sector_size)" $size "sector size"
done

# An image that was not closed. qemu leaves the log's entries where they are and marks it empty, so a copy whose headers name the last entry again and
# whose block table is wiped is what a crash between log and table leaves. qemu repairs another copy in place; ours is read as it lies.
qemu-img create -q -f vhdx -o block_size=1M dirty.vhdx 64M
qemu-io -f vhdx -c 'write -q -P 0xA5 0 3M' -c 'write -q -P 0x5A 40M 2M' dirty.vhdx || fail "qemu-io"
qemu-img convert -f vhdx -O raw dirty.vhdx closed.raw
python3 - dirty.vhdx <<'END' || fail "no log to be had"
import struct, sys
def crc32c(data):
    r = 0xFFFFFFFF
    for byte in data:
        r ^= byte
        for _ in range(8):
            r = r >> 1 ^ (0x82F63B78 if r & 1 else 0)
    return r ^ 0xFFFFFFFF
with open(sys.argv[1], "r+b") as f:
    image = bytearray(f.read())
    log, bat = 1 << 20, None
    entries = [at for at in range(log, log + (1 << 20), 4096) if image[at:at + 4] == b"loge"]
    last = max(entries, key=lambda at: struct.unpack_from("<Q", image, at + 16)[0])
    bat = struct.unpack_from("<Q", image, last + 64 + 16)[0] # what its first descriptor writes
    image[bat:bat + 4096] = bytes(4096)
    for at in (65536, 131072):
        image[at + 48:at + 64] = image[last + 32:last + 48]
        image[at + 4:at + 8] = bytes(4)
        struct.pack_into("<I", image, at + 4, crc32c(image[at:at + 4096]))
    f.seek(0)
    f.write(image)
END
cp dirty.vhdx repaired.vhdx
qemu-img check -q -r all -f vhdx repaired.vhdx >"$work/out" 2>"$work/err" || fail "qemu-img does not repair it"
qemu-img convert -f vhdx -O raw repaired.vhdx repaired.raw
cmp repaired.raw closed.raw || fail "the repair is none"
before=$(sha256sum dirty.vhdx)
reads dirty.vhdx "$(sha256sum repaired.raw | cut -c1-64)"
x 0 info dirty.vhdx
says '^log +replayed in memory'
is "$(sha256sum dirty.vhdx)" "$before" "the unclosed file"
