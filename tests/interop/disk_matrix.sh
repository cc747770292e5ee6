#!/usr/bin/env bash
# One disk of real files in every format that the program writes: one media digest, the same verdict for every pair, and the same disk to qemu-img and
# 7-Zip where they read the format. Then everything qemu-img writes, read back here. Formats and options are taken from the program's own help.
. "$(dirname "$0")/../lib.sh"
need jq qemu-img qemu-io mkfs.ext4 mkfs.vfat mkntfs ntfscp mcopy sfdisk
sum() { sha256sum "$1" | cut -c1-64; }
writable() { "$EXHIBIT" --help | sed -n '/^formats:/,/^$/s/^  \([a-z0-9]*\) *\(.*\)/\1 \2/p' | grep -v 'read only\|not read' | cut -d' ' -f1 | grep -xE 'raw|ewf|vdi|vhd|vhdx|vmdk|qcow2|dmg'; }
lists() { "$EXHIBIT" --help | sed -n '/^formats:/,/^$/p' | grep -q "^  $1 "; }
declare -A peer=([raw]=raw [vdi]=vdi [vhd]=vpc [vhdx]=vhdx [vmdk]=vmdk [qcow2]=qcow2) # what qemu-img calls it
checks() { case $1 in vdi | vhdx | vmdk | qcow2) true ;; *) false ;; esac; }              # it has a check of its own

# ---- the disk: a GPT with ext4, FAT and NTFS, 48 MiB and a little, with a hole between; and 3 GiB with almost nothing
mkdir tree && cp "$SRC"/formats/*/*.c "$SRC"/LICENSE tree/ && sample tree/mixed 3000000
truncate -s 28M ext4.img && mkfs.ext4 -q -F -d tree ext4.img || fail "mkfs.ext4"
truncate -s 8M fat.img && mkfs.vfat -n FILES fat.img >/dev/null && mcopy -i fat.img "$SRC"/verify/*.c :: || fail "FAT"
truncate -s 4M ntfs.img && mkntfs -q -F -f -L FILES ntfs.img >/dev/null 2>&1 && ntfscp -q -f ntfs.img "$SRC"/LICENSE LICENSE || fail "NTFS"
truncate -s $((48 * 1048576 + 13 * 4096)) disk.raw # on no block's edge, and on a 4096-byte sector's
printf 'label: gpt\nstart=2048, size=%d, type=L\nstart=67584, size=%d, type=U\nstart=86016, size=%d, type=EBD0A0A2-B9E5-4433-87C0-68B6B72699C7\n' $((28 * 2048)) $((8 * 2048)) $((4 * 2048)) | sfdisk -q disk.raw >"$work/out" 2>"$work/err" || fail "sfdisk"
dd if=ext4.img of=disk.raw bs=1M seek=1 conv=notrunc,sparse status=none
dd if=fat.img of=disk.raw bs=1M seek=33 conv=notrunc,sparse status=none
dd if=ntfs.img of=disk.raw bs=1M seek=42 conv=notrunc,sparse status=none
disk=$(sum disk.raw)
rm -rf tree ext4.img fat.img ntfs.img
truncate -s 3G big.raw
printf 'near the beginning' | dd of=big.raw bs=1 seek=1049088 conv=notrunc status=none
sample some 900001 && dd if=some of=big.raw bs=4096 seek=600000 conv=notrunc status=none
printf 'the last sector' | dd of=big.raw bs=1 seek=$((3 * 1073741824 - 512)) conv=notrunc status=none

main_file() { ls -d "$1"/disk* | grep -v -- '-flat' | head -1; } # what is opened, beside the files that it names
# ours NAME FORMAT IMAGE [OPTION...]: writes it, and leaves its path in $made. A name may be given a suffix.
ours() {
  local name=$1 format=$2 image=$3; shift 3
  mkdir "$name" && x 0 convert "$image" --format "$format" -o "$name/disk" --no-record --hash sha256 --json "$@"
  made=$(main_file "$name")
  # A name that tells the format to those who go by names.
  case $made in *.*) ;; *) case $format in raw) ;; *) [ "$(j '.files | length')" != 1 ] || { mv "$made" "$made.$format"; made=$made.$format; } ;; esac ;; esac
}
digest_of() { x 0 hash "$1" --hash sha256 --json --no-record; j '.digests[] | select(.scope == "media") | .value'; }
seven() { # FILE TYPE SHA: 7-Zip gives the same disk out of it
  command -v 7z >/dev/null || return 0
  7z t -t"$2" "$1" >"$work/out" 2>"$work/err" || fail "7z t $1"
  ! grep -qiE 'error|warning' "$work/out" "$work/err" || fail "7z t complains of $1"
  is "$(7z x -so -t"$2" "$1" 2>/dev/null | sha256sum | cut -c1-64)" "$3" "what 7-Zip reads of $1"
}

# ---- each format, plain and as small as it can, against the others' readers
images=() all=() count=0
for format in $(writable); do
  for how in fast none best bzip2 zstd; do
    case $format:$how in
      raw:fast | vhdx:fast | dmg:bzip2 | qcow2:zstd | vdi:fast | vdi:none | vhd:fast | vhd:none) ;;
      ewf:fast | ewf:none | ewf:best | vmdk:fast | vmdk:none | vmdk:best | qcow2:fast | qcow2:none | qcow2:best | dmg:fast | dmg:none | dmg:best) ;;
      *) continue ;;
    esac
    ours "$format-$how" "$format" disk.raw --compress $how --verify none
    is "$(j '.digests[] | select(.scope == "media" and .algorithm == "sha256") | .value')" "$disk" "the media digest while writing $format"
    is "$(digest_of "$made")" "$disk" "the media digest of $made"
    if [ -n "${peer[$format]:-}" ]; then
      qemu-img compare -q -f "${peer[$format]}" -F raw "$made" disk.raw >"$work/out" 2>"$work/err" || fail "qemu-img reads another disk of $made"
      is "$(qemu-img info --output json -f "${peer[$format]}" "$made" | jq '."virtual-size"')" "$(stat -c %s disk.raw)" "the size that qemu-img sees of $made"
      ! checks "$format" || [ "$(j '.files | length')" != 1 ] || qemu-img check -q -f "${peer[$format]}" "$made" >"$work/out" 2>"$work/err" ||
        { grep -q "not support checks" "$work/err" || fail "qemu-img check $made"; }
    fi
    case " ${images[*]} " in *" $format-"*) ;; *) images+=("$made") ;; esac
    all+=("$made")
  done
  echo "written: $format"
done

for made in "${all[@]}"; do # told the type, 7-Zip does not open the partitions in it
  case $made in
    vdi-*) seven "$made" vdi "$disk" ;;
    vhd-*) seven "$made" vhd "$disk" ;;
    vhdx-*) seven "$made" vhdx "$disk" ;;
    qcow2-best* | qcow2-zstd*) ;; # 7-Zip reads no zstd in them
    qcow2-*) seven "$made" qcow "$disk" ;;
    dmg-*) seven "$made" dmg "$disk" ;;
  esac
done

# ---- every pair
for a in "${images[@]}"; do
  for b in "${images[@]}"; do
    [[ $a > $b ]] || continue
    x 0 verify "$a" --against "$b" --no-record --json
    is "$(j .verdict)" match "$a against $b"
    count=$((count + 1))
  done
done
echo "$count pairs"
# ... and one wrong byte in the medium is a mismatch in every one of them
cp disk.raw off.raw && printf '\377' | dd of=off.raw bs=1 seek=40000000 conv=notrunc status=none
for a in "${images[@]}"; do
  x 1 verify "$a" --against off.raw --no-record --json
  is "$(j .verdict)" mismatch "$a against another disk"
done

# ---- from each format to each other and back to raw
previous=disk.raw
for format in $(writable); do
  ours "chain-$format" "$format" "$previous" --verify none --lossy # the case fields of the E01
  previous=$made
done
ours chain raw "$previous"
cmp "$made" disk.raw || fail "a chain through all formats changed the disk"

# ---- 3 GiB, almost all of it holes: small in the formats that know holes, and the same disk. CRC-32, because this is about places, not about hashing.
x 0 hash big.raw --hash crc32 --json --no-record
big=$(j '.digests[0].value')
for format in $(writable); do
  mkdir "big-$format"
  x 0 convert big.raw --format "$format" -o "big-$format/disk" --no-record --hash crc32 --verify none --json
  is "$(j '.digests[] | select(.scope == "media") | .value')" "$big" "the CRC-32 of $format"
  made=$(main_file "big-$format")
  kib=$(du -sk "big-$format" | cut -f1)
  [ "$kib" -lt 40000 ] || fail "$format: $kib KiB for a disk with 1 MiB of data"
  if [ -n "${peer[$format]:-}" ]; then
    qemu-img compare -q -f "${peer[$format]}" -F raw "$made" big.raw >"$work/out" 2>"$work/err" || fail "qemu-img reads another disk of $made"
  else
    [ "$format" = ewf ] || { cp "$made" "$made.$format"; made=$made.$format; }
    x 0 hash "$made" --hash crc32 --json --no-record
    is "$(j '.digests[0].value')" "$big" "the CRC-32 of $made"
  fi
  rm -rf "big-$format"
done

# ---- what qemu-img writes, read here
theirs=0
reads() { # FILE SHA
  x 0 verify "$1" --no-record --expect "sha256:$2" --require external --json
  is "$(j .verdict)" match "$1"
  is "$(jq -c '[.findings[]? | select(.outcome == "damaged" or .outcome == "mismatch")]' "$work/out")" "[]" "what is found in $1"
  theirs=$((theirs + 1))
}
write() { # FORMAT FILE [OPTION...]: qemu-img writes disk.raw, and we read it as itself
  local format=$1 file=$2; shift 2
  rm -f "$file"
  qemu-img convert -f raw -O "$format" "$@" disk.raw "$file" >"$work/out" 2>"$work/err" || fail "qemu-img $format $*"
  reads "$file" "$disk"
}
lists vdi && for o in static=off static=on; do write vdi t.vdi -o $o; done
if lists vhd; then
  for o in dynamic fixed; do
    write vpc t.vhd -o subformat=$o,force_size=on
    qemu-img convert -f raw -O vpc -o subformat=$o disk.raw chs.vhd # rounded up to a geometry
    qemu-img convert -f vpc -O raw chs.vhd chs.raw
    reads chs.vhd "$(sum chs.raw)"
    rm -f chs.*
  done
fi
if lists vhdx; then
  for o in subformat=dynamic subformat=fixed block_size=1M block_size=64M,log_size=2M block_state_zero=off; do write vhdx t.vhdx -o $o; done
fi
if lists vmdk; then
  for o in monolithicSparse monolithicFlat twoGbMaxExtentSparse twoGbMaxExtentFlat streamOptimized monolithicSparse,compat6=on monolithicSparse,zeroed_grain=on; do
    mkdir vm; write vmdk vm/t.vmdk -o subformat=$o; rm -rf vm
  done
fi
if lists qcow2; then
  for o in compat=0.10 compat=1.1 cluster_size=512 cluster_size=4k cluster_size=2M extended_l2=on lazy_refcounts=on preallocation=metadata preallocation=full \
    refcount_bits=1 refcount_bits=64 cluster_size=4k,extended_l2=off,refcount_bits=8; do
    case $o in extended_l2=on) o=extended_l2=on,cluster_size=128k ;; esac
    write qcow2 t.qcow2 -o $o
  done
  for o in compression_type=zlib compression_type=zstd cluster_size=4k,compression_type=zlib cluster_size=2M,compression_type=zstd compat=0.10; do write qcow2 t.qcow2 -c -o $o; done
  write qcow2 t.qcow2 -c -o extended_l2=on,compression_type=zstd
  rm -f t.data; write qcow2 t.qcow2 -o data_file=t.data,data_file_raw=off
  rm -f t.data; write qcow2 t.qcow2 -o data_file=t.data,data_file_raw=on
  write qcow t.qcow
  # an overlay on a base, three deep, with a change in each and a longer top
  qemu-img convert -f raw -O qcow2 disk.raw base.qcow2
  qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 middle.qcow2
  qemu-img create -q -f qcow2 -b middle.qcow2 -F qcow2 top.qcow2 64M
  qemu-io -f qcow2 -c 'write -q -P 0x41 1000k 100k' -c 'write -q -z 2M 1M' middle.qcow2 && qemu-io -f qcow2 -c 'write -q -P 0x42 1050k 4k' -c 'write -q -P 0x43 60M 1M' top.qcow2 ||
    fail "qemu-io"
  for f in middle top; do
    qemu-img convert -f qcow2 -O raw $f.qcow2 flat.raw
    if "$EXHIBIT" hash --help | grep -q -- '--parent'; then
      parents=(--parent middle.qcow2 --parent base.qcow2); [ $f = top ] || parents=(--parent base.qcow2)
      x 0 hash $f.qcow2 "${parents[@]}" --hash sha256 --no-record --json
    else
      x 0 hash $f.qcow2 --hash sha256 --no-record --json
    fi
    is "$(j '.digests[0].value')" "$(sum flat.raw)" "$f.qcow2 over its base"
  done
  # qemu measures how fast it derives keys, and gives up where a busy machine does not let it.
  for try in 1 2 3 4 5 6; do
    qemu-img create -q -f qcow2 --object secret,id=k,data=word -o encrypt.format=luks,encrypt.key-secret=k locked.qcow2 8M 2>/dev/null && break
    echo "qemu-img could not make a LUKS image ($try)"
  done
  [ ! -e locked.qcow2 ] || x 5 hash locked.qcow2 --json --no-record </dev/null
  j .error.text | grep -qi 'encrypted' || fail "a LUKS image is not refused as that: $(j .error.text)"
  # a snapshot keeps the disk as it was
  if "$EXHIBIT" hash --help | grep -q -- '--snapshot'; then
    qemu-img convert -f raw -O qcow2 disk.raw snap.qcow2
    qemu-img snapshot -c before snap.qcow2
    qemu-io -f qcow2 -c 'write -q -P 0x44 3M 2M' snap.qcow2 || fail "qemu-io"
    x 0 hash snap.qcow2 --snapshot before --hash sha256 --no-record --json
    is "$(j '.digests[0].value')" "$disk" "the snapshot"
    qemu-img convert -f qcow2 -O raw snap.qcow2 flat.raw
    x 0 hash snap.qcow2 --hash sha256 --no-record --json
    is "$(j '.digests[0].value')" "$(sum flat.raw)" "the state after the snapshot"
  fi
fi
echo "$theirs images of qemu-img"
