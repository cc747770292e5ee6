#!/usr/bin/env bash
# Disk images that others made: each gives the SHA-256 that its INDEX states, or is refused as it demands, with the word that tells why. A row whose
# format the program does not list is named and left out.
. "$(dirname "$0")/../lib.sh"
need jq bzip2 gzip
[ -d "$corpus/disk" ] || skip "no sample images at $corpus (set EXHIBIT_CORPUS)"
bad=0 checked=0 left_out=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }
# The samples stay as they are: this is a copy, unpacked, and with the names that images use for each other.
mkdir samples && cp -r "$corpus/disk/"{dmg,vhd,vhdx,vmdk,qcow2,raw,ewf,other} samples/ && chmod -R u+w samples && cd samples || fail "no samples"
find . -name '*.bz2' -exec bunzip2 {} + && find . -name '*.gz' -exec gunzip {} + || fail "cannot unpack"
cp vmdk/dfvfs/ext2.vmdk vmdk/renamed.vmdk
mkdir family && cp vhd/dfvfs-image.vhd family/image.vhd && cp vhd/dfvfs-image-differential.vhd family/child.vhd
mkdir split && cp raw/dfvfs-ext2.splitraw.000 split/disk.000 && cp raw/dfvfs-ext2.splitraw.001 split/disk.001
printf test123 >right; printf wrong >other-password

known=$("$EXHIBIT" --help | sed -n '/^formats:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p')
lists() { grep -qxE -- "$1" <<<"$known"; }
text() { jq -r '.error | .text, .file // ""' "$work/out"; }

# row FILE FORMAT WANT WHAT [OPTION...]
#   FORMAT  the row of the program that it needs (a pattern), "passphrase" for its option, "any" for none
#   WANT    sha256: WHAT is the digest of the medium. refused: WHAT is CODE:PATTERN, and the message has the pattern.
row() {
  local file=$1 format=$2 want=$3 what=$4 code got; shift 4
  case $format in
    any) ;;
    passphrase) "$EXHIBIT" hash --help | grep -q -- --passphrase-file || { echo "LEFT OUT: $file: no --passphrase-file"; left_out=$((left_out + 1)); return; } ;;
    *) lists "$format" || { echo "LEFT OUT: $file: no format '$format'"; left_out=$((left_out + 1)); return; } ;;
  esac
  checked=$((checked + 1))
  "$EXHIBIT" hash "$file" --hash sha256 --json --no-record --progress none "$@" >"$work/out" 2>"$work/err"; code=$?
  case $want in
    sha256)
      [ $code = 0 ] || { wrong "$file ended with $code: $(text)"; return; }
      got=$(j '.digests[] | select(.scope == "media" and .algorithm == "sha256") | .value')
      [ "$got" = "$what" ] || wrong "$file: the SHA-256 is $got, not $what"
      jq -e 'all(.digests[]; .not_good == 0)' "$work/out" >/dev/null || wrong "$file: sectors are said to be not good" ;;
    refused)
      [ $code = "${what%%:*}" ] || { wrong "$file ended with $code, not ${what%%:*}: $(text)"; return; }
      text | grep -qiE -- "${what#*:}" || wrong "$file: '${what#*:}' is not said: $(text | head -1)" ;;
  esac
}
# verdict FILE FORMAT CODE VERDICT [CHECK:OUTCOME...]
verdict() {
  local file=$1 format=$2 want=$3 verdict=$4 code pair; shift 4
  lists "$format" || return
  checked=$((checked + 1))
  "$EXHIBIT" verify "$file" --json --no-record --progress none >"$work/out" 2>"$work/err"; code=$?
  [ $code = "$want" ] && [ "$(j .verdict)" = "$verdict" ] || wrong "$file: verify says $(j .verdict) ($code), not $verdict ($want): $(j '.findings[]?.detail')"
  for pair; do
    jq -e --arg c "${pair%:*}" --arg o "${pair#*:}" 'any(.findings[]; .check == $c and .outcome == $o)' "$work/out" >/dev/null ||
      wrong "$file: verify does not say $pair: $(jq -c '[.findings[] | .check + ":" + .outcome]' "$work/out")"
  done
}
# info FILE FORMAT FILTER VALUE: jq's FILTER of what info says
info() {
  lists "$2" || { echo "LEFT OUT: $1: no format '$2'"; left_out=$((left_out + 1)); return; }
  checked=$((checked + 1))
  "$EXHIBIT" info "$1" --json --progress none >"$work/out" 2>"$work/err" || { wrong "$1: info: $(text)"; return; }
  [ "$(j "$3")" = "$4" ] || wrong "$1: info's $3 is $(j "$3"), not $4"
}

ext2=a6c2f0e39afe6c6ab432ca5465349fcefe8dc944398e97b2d957d3f89dbb5d80   # one 4 MiB disk in many containers
apfs=1407509ff44696aab011815d84951ad2c53cb7345a71d9803b73817c2d2d83cf   # one disk in seven DMGs
hfs=a99720a126a9e6bcbfb7b7b97771942e3f90ce197d507d4b4b1aee588d111f21
image=c6db12a7db548e193c29420c1b4533e4708b20c5033db5cc29ef075d48316d25
simple=20647e0a98a830a6a250b91e0e6d7200a872caea07b87a3c19611f3dd031c9df
zlib=c86d3616818e175caca2f6022f49e190e5b1cfe39b2e8f9373119e22aa7eaf58
old=3dabc11a062d044ff75043e6bddeea3821a2fdb9132d3b89d31ecb83bbaf6e7d
replayed=3ba3b309425b7ff5e8e0199edceed95226250f880c53b24e8eae93865f3fad5e
hand_made=$({ printf '\x48\x2b\x00\x04'; head -c 1020 /dev/zero | tr '\0' '\252'; head -c 1024 /dev/zero
              head -c 1024 /dev/zero | tr '\0' '\314'; } | sha256sum | cut -c1-64)                  # what INDEX says of the sparse image
hand_bands=$({ printf '\x48\x2b\x00\x04'; head -c 1020 /dev/zero | tr '\0' '\252'; head -c 1024 /dev/zero
               head -c 512 /dev/zero | tr '\0' '\314'; head -c 512 /dev/zero; } | sha256sum | cut -c1-64)

# ---- the Apple family
for name in adc bzip2 lzfse lzma ro zlib; do
  row dmg/dmgwiz-$name.dmg dmg sha256 $apfs
  verdict dmg/dmgwiz-$name.dmg dmg 0 consistent stored-checksum:match
done
row dmg/dmgforensic-hfsplus_adc.dmg dmg sha256 $hfs
row dmg/dmgforensic-hfsplus_udro.dmg dmg sha256 $hfs
row dmg/dmgwiz-non_null_data_offset.dmg dmg sha256 $old
row dmg/dfvfs-hfsplus_zlib.dmg dmg sha256 $zlib
row dmg/qemu-simple-dmg.dmg dmg sha256 $simple
row dmg/dmgwiz-aes256.dmg passphrase sha256 $apfs --passphrase-file right
row dmg/dmgwiz-aes256.dmg passphrase refused 5:"pass ?(phrase|word)" --passphrase-file other-password
row dmg/dmgwiz-aes256.dmg passphrase refused 5:"encrypted|pass ?(phrase|word)"
row dmg/dmgforensic-synthetic.sparseimage 'sparse(image)?' sha256 "$hand_made"
row dmg/dmgforensic-synthetic.sparsebundle 'sparse(bundle|image)?' sha256 "$hand_bands"
row dmg/hostile-mul_overflow.bin dmg refused 5:"data fork|sector"
row dmg/hostile-oversized_alloc.bin dmg refused 5:"bytes"

# ---- VHD
row vhd/dfvfs-ext2.vhd vhd sha256 870be7ae16c1fa8faab05c6eb9205dc9a7ae35c5f552c5cf8a267c0bc6a5cb99
row vhd/dfvfs-image.vhd vhd sha256 $image
verdict vhd/dfvfs-image.vhd vhd 1 damaged footer-checksum:damaged
row vhd/dfvfs-fat-differential.vhd vhd refused 4:"parent.*fat-parent\.vhd"
row vhd/dfvfs-image-differential.vhd vhd refused 4:"parent.*image\.vhd"
row family/child.vhd vhd sha256 $image
verdict family/child.vhd vhd 1 damaged footer-checksum:damaged header-checksum:damaged
info vhd/virtualpc-dynamic.vhd vhd .bytes 136365211648 # the current size, not what the geometry comes to; that is told
info vhd/virtualpc-dynamic.vhd vhd '[.facts[] | select(.value | test("136363130880"))] | length' 1

# ---- VHDX
row vhdx/discutils-vhdx-log-replay.vhdx vhdx sha256 $replayed
row vhdx/iotest-dynamic-1G.vhdx vhdx sha256 d3d112d8dab7fd360609f7d5a7b769904b7a2a7d7b6b8c535f65a23293c05478

# ---- VMDK and QCOW2, E01 and raw: one disk, also where the file has another name than its descriptor gives it
row vmdk/dfvfs/ext2.vmdk vmdk sha256 $ext2
row vmdk/renamed.vmdk vmdk sha256 $ext2
row vmdk/afl9.vmdk vmdk refused 5:"."
row qcow2/dfvfs-ext2.qcow2 qcow2 sha256 $ext2
row ewf/dfvfs-ext2.E01 ewf sha256 $ext2
row ewf/dfvfs-ext2.split.E01 ewf sha256 $ext2
row split/disk.000 raw sha256 $ext2

# ---- formats that are not ours: no row of ours may claim them
row other/afl5.img any refused 5:"."
info other/parallels-v1 raw .format raw
info other/parallels-v2 raw .format raw

# ---- nothing of this left a trace in the samples
for file in dmg/dmgwiz-zlib.dmg vhd/dfvfs-image.vhd vmdk/dfvfs/ext2.vmdk qcow2/dfvfs-ext2.qcow2; do cmp -s "$file" "$corpus/disk/$file" || wrong "$file was changed"; done
gzip -dc "$corpus/disk/vhdx/discutils-vhdx-log-replay.vhdx.gz" | cmp -s - vhdx/discutils-vhdx-log-replay.vhdx || wrong "the VHDX was changed"
absent ledger.db
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad of $checked rows"; }
echo "$checked rows, $left_out left out"
