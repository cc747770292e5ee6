#!/usr/bin/env bash
# VMDK with qemu-img and 7-Zip: what they write reads as the disk it was made of, what exhibit writes they read and find sound.
. "$(dirname "$0")/../lib.sh"
need qemu-img qemu-io mkfs.ext4 jq

sha() { sha256sum "$1" | cut -d' ' -f1; }
# reads FILE SHA256 [ARGUMENT...]: all of it, with that digest, and nothing in it that is damaged.
reads() {
  local file=$1 want=$2; shift 2
  x 0 verify "$file" --no-record --expect "sha256:$want" --require external --hash sha256 --json "$@"
  is "$(j .verdict)" match "$file"
  is "$(j '[.findings[] | select(.outcome == "fails")] | length')" 0 "damage in $file"
}
# A file system of real files, and a disk with noise, zeros, holes and an end within a grain.
truncate -s 5000192 ext4.raw && mkfs.ext4 -q -d "$SRC/formats" ext4.raw 4882k 2>/dev/null || fail "mkfs.ext4"
sample odd.raw $((512 * 70001)) && truncate -s $((512 * 140003)) odd.raw && sample part 700001 &&
  dd if=part of=odd.raw bs=512 seek=138000 conv=notrunc status=none
printf 'end' | dd of=odd.raw bs=1 seek=$((512 * 140003 - 3)) conv=notrunc status=none

for disk in ext4 odd; do
  truth=$(sha $disk.raw)
  for form in monolithicSparse monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat streamOptimized; do
    qemu-img convert -O vmdk -o subformat=$form $disk.raw "$disk $form.vmdk" || fail "qemu-img makes no $form"
    reads "$disk $form.vmdk" "$truth"
    x 0 info "$disk $form.vmdk"; says "^type +$form"
  done
  mv "$disk monolithicSparse.vmdk" renamed.vmdk
  reads renamed.vmdk "$truth"
  for level in none fast best; do
    x 0 convert $disk.raw -o out --format vmdk --compress $level --no-record --json
    made=$(j '.files[0].path')
    qemu-img compare -q -f raw -F vmdk $disk.raw "$made" || fail "qemu-img reads $made (--compress $level) as another disk"
    qemu-img check -q -f vmdk "$made" || fail "qemu-img check of --compress $level"
    reads "$made" "$truth"
    if command -v 7z >/dev/null; then
      is "$(7z e -so -tvmdk "$made" 2>/dev/null | sha256sum | cut -d' ' -f1)" "$truth" "what 7-Zip reads (--compress $level)"
    fi
    rm -rf out*
  done
done

# A stream that was cut off: what is left of it is right, what is gone is missing, and the verdict says so.
x 0 convert odd.raw -o out --format vmdk --no-record --json
made=$(j '.files[0].path')
head -c $(($(stat -c %s "$made") / 2)) "$made" >cut.vmdk
x 1 verify cut.vmdk --no-record; says 'footer'
x 3 convert cut.vmdk -o half.raw --format raw --no-record
gone=$("$EXHIBIT" info half.raw >/dev/null 2>&1; cmp odd.raw half.raw 2>/dev/null | grep -oE 'byte [0-9]+' | cut -d' ' -f2)
[ "${gone:-0}" -gt 3000000 ] || fail "the cut stream differs at byte '$gone' already"

# Deltas: the parent is found by its name beside the image, and must be what it was.
qemu-img convert -O vmdk ext4.raw base.vmdk && qemu-img create -q -f vmdk -o zeroed_grain=on -b base.vmdk -F vmdk child.vmdk || fail "qemu-img makes no delta"
qemu-io -f vmdk -c 'write -q -P 0x5a 1M 300k' -c 'write -q -P 0 2M 64k' -c 'write -q -z 192k 128k' child.vmdk >/dev/null || fail "qemu-io"
qemu-img convert -f vmdk -O raw child.vmdk child.raw
reads child.vmdk "$(sha child.raw)"
x 0 info child.vmdk; says '^stored .* [1-9][0-9]* of zeros'
mv base.vmdk gone.vmdk
x 4 verify child.vmdk --no-record; says 'base.vmdk'
mv gone.vmdk base.vmdk
qemu-io -f vmdk -c 'write -q -P 1 0 512' base.vmdk >/dev/null || fail "qemu-io" # written to since: it has another content identifier
x 2 verify child.vmdk --no-record; says 'CID'

# Several files: a disk of more than 2 GB, in both forms.
truncate -s 2362232832 large.raw
for at in 0 2146959360 2147483136 2362230784; do dd if=part of=large.raw bs=512 count=4 seek=$((at / 512)) conv=notrunc status=none; done
truth=$(sha large.raw)
for form in twoGbMaxExtentSparse twoGbMaxExtentFlat; do
  qemu-img convert -O vmdk -o subformat=$form large.raw "large $form.vmdk" || fail "qemu-img makes no large $form"
  x 0 info "large $form.vmdk"; says '3 files'
  reads "large $form.vmdk" "$truth"
done

# What a descriptor names is no reason to open it.
printf '# Disk DescriptorFile\nversion=1\nCID=11111111\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 2 FLAT "/etc/passwd" 0\n' >hostile.vmdk
[ "$(stat -c %s hostile.vmdk)" -lt 150 ] || fail "the hostile descriptor grew"
x 4 info hostile.vmdk; says '/etc/passwd'

if [ -d "$corpus/disk/vmdk" ]; then
  reads "$corpus/disk/vmdk/dfvfs/ext2.vmdk" a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80
  cp "$corpus/disk/vmdk/dfvfs/ext2.vmdk" another.vmdk
  reads another.vmdk a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80
  bzip2 -dc "$corpus/disk/vmdk/afl9.vmdk.bz2" >afl9.vmdk
  x 5 info afl9.vmdk
else
  echo "no sample images at $corpus: those of qemu only"
fi
