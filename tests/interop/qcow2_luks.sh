#!/usr/bin/env bash
# Encrypted QCOW images made by qemu-img: under LUKS in every cipher, mode, IV and digest it offers, and under the old AES method; each is the disk that
# was put in, or is refused by name. Then what encryption meets: packed clusters, subclusters, zeros, snapshots, backing and data files, several
# passphrases. A header made by cryptsetup, for the same key, opens the same disk.
. "$(dirname "$0")/../lib.sh"
need jq python3 qemu-img qemu-io
sum() { sha256sum "$1" | cut -d' ' -f1; }
printf 'a pass phrase\n' >right
printf 'another one, which is longer than any key' >second
printf 'wrong' >wrong
sample part.bin $((1 << 20))
cp part.bin disk.raw
dd if=part.bin of=disk.raw bs=512 seek=9001 conv=notrunc status=none
truncate -s 8M disk.raw
want=$(sum disk.raw)
secrets=(--object secret,id=k,file=key --object secret,id=l,file=second)
printf 'a pass phrase' >key

# Its derivation is timed by a clock that is often too coarse for what it then does: that is its failure, not that of what is tested.
qemu() { local i; for ((i = 0; i < 25; i++)); do qemu-img "$@" >"$work/err" 2>&1 && return; grep -q 'accurate CPU' "$work/err" || return 1; done; return 1; }
luks=encrypt.format=luks,encrypt.key-secret=k,encrypt.iter-time=10
aes=encrypt.format=aes,encrypt.key-secret=k
opened() { printf 'driver=qcow2,file.filename=%s,encrypt.key-secret=k' "$1"; } # for qemu's --image-opts
# same NAME WANT [OPTION...]: NAME holds that disk, and nothing is wrong with it.
same() {
  local name=$1 digest=$2; shift 2
  x 0 hash "$name" --hash sha256 --no-record --json --passphrase-file right "$@"
  is "$(j '.digests[0].value')" "$digest" "the disk in $name"
  x 6 verify "$name" --hash none --no-record --json --passphrase-file right "$@"
  is "$(j '[.findings[]|select(.outcome!="match" and .check!="passphrase" and .check!="orphan")]|length')" 0 "findings about $name"
}
sealed() { # NAME: no disk without the passphrase, and none with a wrong one
  x 5 hash "$1" --no-record --json --passphrase-file wrong; is "$(j .error.code)" passphrase "a wrong passphrase for $1"
  x 5 verify "$1" --no-record --json </dev/null
  is "$(j '.digests[0].scope + " " + .error.code + " " + .digests[0].value')" "file:$1 passphrase $(sum "$1")" "what is told of $1 without a passphrase"
  x 5 info "$1" --json </dev/null; is "$(j .error.code)" passphrase "$1 without a passphrase"
}

# ---- every cipher and digest
read=0 named=0 left=""
one() { # CIPHER MODE IV DIGEST
  local ivs="encrypt.ivgen-alg=$3"
  [ "$3" != essiv ] || ivs="$ivs,encrypt.ivgen-hash-alg=sha256"
  if ! qemu convert "${secrets[@]}" -f raw -O qcow2 -o "$luks,encrypt.cipher-alg=$1,encrypt.cipher-mode=$2,$ivs,encrypt.hash-alg=$4" disk.raw x.qcow2; then
    left="$left $1-$2-$3-$4"
    return
  fi
  case $1 in
    aes-*)
      same x.qcow2 "$want"
      x 0 info x.qcow2 --passphrase-file right; says "encryption +LUKS version 1, aes-$2-$3.*, $4"; says 'key slots +1 of 8 in use'
      read=$((read + 1)) ;;
    *) x 5 info x.qcow2 --passphrase-file right; says "the cipher '${1%-*}-$2-$3"; named=$((named + 1)) ;;
  esac
}
for iv in plain plain64 essiv; do one aes-128 xts $iv sha256; one aes-256 xts $iv sha1; one aes-128 cbc $iv sha512; one aes-256 cbc $iv sha256; done
one aes-256 ecb plain64 ripemd160
one aes-256 ctr plain64 sha384
one aes-128 xts plain64 md5
cp x.qcow2 sealed.qcow2
for cipher in serpent-256 cast5-128; do one $cipher cbc plain64 sha256; done
[ $read -ge 8 ] || fail "only $read kinds of encryption could be made; not:$left"
sealed sealed.qcow2

# ---- what encryption meets
kind() { # NAME OPTIONS [WORD...]
  local name=$1 options=$2; shift 2
  qemu convert "${secrets[@]}" -f raw -O qcow2 "$@" -o "$luks,$options" disk.raw "$name" || { printf '%s: this qemu-img cannot: %s\n' "$options" "$(head -1 err)"; return 1; }
  same "$name" "$want"
}
for options in compat=0.10 cluster_size=512 cluster_size=2M extended_l2=on,cluster_size=16k preallocation=full refcount_bits=64; do kind x.qcow2 $options; done
kind side.qcow2 data_file=side.bin && rm -f side.*
qemu create -f qcow2 "${secrets[@]}" -o "$luks,preallocation=metadata" meta.qcow2 2M || fail "no image whose clusters are there and not written"
qemu-img convert "${secrets[@]}" --image-opts "$(opened meta.qcow2)" -O raw meta.raw
same meta.qcow2 "$(sum meta.raw)"

# lived NAME: written to, also packed, zeroed and discarded; a snapshot of what was before; then read as qemu reads it.
lived() {
  qemu-img snapshot -c before "${secrets[@]}" --image-opts "$(opened "$1")" || fail "no snapshot in $1"
  qemu-io "${secrets[@]}" -c 'write -q -P 90 3M 70k' -c 'write -q -z 1M 512k' -c 'discard -q 4500k 64k' -c 'write -c -q -P 7 6M 64k' -c 'write -q -P 8 512 1k' \
    -c 'write -q -P 91 5000k 512' --image-opts "$(opened "$1")" >out 2>err || fail "qemu-io cannot write to $1"
  qemu-img convert "${secrets[@]}" --image-opts "$(opened "$1")" -O raw now.raw || fail "qemu-img cannot read $1"
  cmp -s now.raw disk.raw && fail "nothing was written to $1"
  same "$1" "$(sum now.raw)"
  same "$1" "$want" --snapshot before
}
for method in "$luks" "$luks,extended_l2=on" "$luks,encrypt.cipher-mode=cbc,encrypt.ivgen-alg=plain64" "$aes" "$aes,compat=0.10" "$aes,extended_l2=on"; do
  qemu convert "${secrets[@]}" -f raw -O qcow2 -o "$method" disk.raw lived.qcow2 || fail "no image ($method)"
  same lived.qcow2 "$want"
  lived lived.qcow2
done

# Over and under: encrypted over a plain disk, encrypted over encrypted, plain over encrypted; one passphrase opens the chain.
chain() { # NAME OPTIONS BACKING FORMAT BACKING-IN-WORDS
  local form=$4
  qemu create -f qcow2 "${secrets[@]}" ${2:+-o "$2"} -b "$5" -F "$form" "$1" 9M || fail "no image over $3"
}
chain over.qcow2 "$luks" disk.raw raw disk.raw
qemu-io "${secrets[@]}" -c 'write -q -P 33 100k 3k' -c 'write -q -P 34 8500k 64k' --image-opts "$(opened over.qcow2)" >out 2>err || fail "qemu-io"
qemu-img convert "${secrets[@]}" --image-opts "$(opened over.qcow2)" -O raw over.raw
same over.qcow2 "$(sum over.raw)"
qemu convert "${secrets[@]}" -f raw -O qcow2 -o "$aes" disk.raw under.qcow2
qemu-img create -q -f qcow2 -u -b under.qcow2 -F qcow2 top.qcow2 8M
same top.qcow2 "$want"; says 'nothing to check a passphrase by'
qemu convert "${secrets[@]}" -f raw -O qcow2 -o "$luks" disk.raw under.qcow2
same top.qcow2 "$want"
x 5 hash top.qcow2 --no-record --passphrase-file wrong; says 'parent: .*passphrase does not open'
qemu create -f qcow2 "${secrets[@]}" -u -o "$luks" -b under.qcow2 -F qcow2 both.qcow2 8M || fail "no encrypted image over an encrypted one"
same both.qcow2 "$want"

# Two passphrases, then only the second.
cp under.qcow2 slots.qcow2
if qemu amend "${secrets[@]}" --image-opts "$(opened slots.qcow2)" -o encrypt.state=active,encrypt.new-secret=l,encrypt.iter-time=10; then
  same slots.qcow2 "$want"
  x 0 hash slots.qcow2 --hash sha256 --no-record --json --passphrase-file second; is "$(j '.digests[0].value')" "$want" "by the second passphrase"
  x 0 info slots.qcow2 --passphrase-file second; says 'key slots +2 of 8 in use'
  qemu amend "${secrets[@]}" --image-opts "$(opened slots.qcow2 | sed s/=k/=l/)" -o encrypt.state=inactive,encrypt.old-secret=k || fail "a slot cannot be freed: $(cat err)"
  x 5 hash slots.qcow2 --no-record --passphrase-file right; says 'passphrase does not open'
  x 0 hash slots.qcow2 --hash sha256 --no-record --json --passphrase-file second; is "$(j '.digests[0].value')" "$want" "by the only passphrase left"
else
  echo "LEFT OUT: this qemu-img adds no passphrase: $(head -1 err)"
fi

# ---- the old method: its key is cut at 16 bytes, of version 1 too; nothing tells a wrong passphrase, and that is said
for form in qcow qcow2; do
  qemu convert "${secrets[@]}" -f raw -O $form -o encrypt.format=aes,encrypt.key-secret=l disk.raw old.$form || { echo "LEFT OUT: $form by the old method"; continue; }
  cp second long; printf ' and whatever follows' >>long; head -c 16 second >short
  for phrase in second long short; do
    x 0 hash old.$form --hash sha256 --no-record --json --passphrase-file $phrase; is "$(j '.digests[0].value')" "$want" "old.$form by $phrase"
    says 'nothing to check a passphrase by'
  done
  x 0 hash old.$form --hash sha256 --no-record --json --passphrase-file wrong; [ "$(j '.digests[0].value')" != "$want" ] || fail "a wrong passphrase opens old.$form"
  says 'nothing to check a passphrase by'
  x 6 verify old.$form --no-record --json --passphrase-file second; is "$(j '[.findings[]|select(.check=="passphrase")]|length')" 1 "what is said of old.$form"
  x 5 info old.$form --json </dev/null; is "$(j .error.code)" passphrase "old.$form without a passphrase"
done
qemu-io "${secrets[@]}" -c 'write -c -q -P 7 6M 4k' -c 'write -q -P 8 512 1k' --image-opts driver=qcow,file.filename=old.qcow,encrypt.key-secret=l >out 2>err || fail "qemu-io"
qemu-img convert "${secrets[@]}" --image-opts driver=qcow,file.filename=old.qcow,encrypt.key-secret=l -O raw old.raw
x 0 hash old.qcow --hash sha256 --no-record --json --passphrase-file second; is "$(j '.digests[0].value')" "$(sum old.raw)" "version 1 with a packed cluster"

# ---- a second maker of headers
place='import struct, sys
f = open(sys.argv[1], "r+b"); h = f.read(65536); at = struct.unpack(">I", h[100:104])[0]
while struct.unpack(">I", h[at:at + 4])[0] != 0x0537BE77: at += 8 + (struct.unpack(">I", h[at + 4:at + 8])[0] + 7) // 8 * 8
where, length = struct.unpack(">QQ", h[at + 8:at + 24])
f.seek(where); f.write(open(sys.argv[2], "rb").read(length))'
if command -v cryptsetup >/dev/null; then
  made=0
  theirs() { # KEY-BITS MODE DIGEST IMAGE [WANT]: a header for the key in `volume`, put into IMAGE
    rm -f header; truncate -s 4M header
    cryptsetup luksFormat --type luks1 -q --pbkdf-force-iterations 1500 --cipher "aes-$2" --key-size "$1" --hash "$3" --volume-key-file volume --key-file second header \
      >out 2>err || { echo "LEFT OUT: cryptsetup cannot make aes-$2 with $1 bits, $3: $(head -1 err)"; return; }
    cryptsetup luksAddKey -q --pbkdf-force-iterations 1000 --volume-key-file volume --key-slot 6 header key >out 2>err || fail "cryptsetup adds no key"
    python3 -c "$place" "$4" header
    for phrase in right second; do
      x 0 hash "$4" --hash sha256 --no-record --json --passphrase-file $phrase
      [ -z "${5:-}" ] || is "$(j '.digests[0].value')" "$5" "the disk under cryptsetup's header ($1 $2 $3)"
    done
    x 0 info "$4" --passphrase-file right; says "encryption +LUKS version 1, aes-$2, a key of $1 bits, $3"; says 'key slots +2 of 8 in use .0: 1500, 6: 1000 iterations'
    sealed "$4"
    made=$((made + 1))
  }
  volume() { printf 'a pass phrase' | cryptsetup luksDump --dump-volume-key -q --key-file - --volume-key-file volume "$1" >out 2>err; }
  # `header` of qemu's image is a LUKS header that cryptsetup reads: the key comes out of it
  take='import struct, sys
h = open(sys.argv[1], "rb").read(); at = struct.unpack(">I", h[100:104])[0]
while struct.unpack(">I", h[at:at + 4])[0] != 0x0537BE77: at += 8 + (struct.unpack(">I", h[at + 4:at + 8])[0] + 7) // 8 * 8
where, length = struct.unpack(">QQ", h[at + 8:at + 24])
open(sys.argv[2], "wb").write(h[where:where + length] + bytes(1 << 20))'
  for bits in 512:xts:plain64 128:cbc:essiv; do
    IFS=: read -r key mode iv <<<"$bits"
    cipher=aes-$key; [ "$mode" = cbc ] || cipher=aes-$((key / 2))
    words=encrypt.ivgen-alg=$iv full=$mode-$iv
    [ "$iv" != essiv ] || { words=$words,encrypt.ivgen-hash-alg=sha256; full=$full:sha256; }
    qemu convert "${secrets[@]}" -f raw -O qcow2 -o "$luks,encrypt.cipher-alg=$cipher,encrypt.cipher-mode=$mode,$words" disk.raw c.qcow2 || fail "no $bits"
    python3 -c "$take" c.qcow2 taken
    rm -f volume
    volume taken || { echo "LEFT OUT: cryptsetup takes no key out of qemu's header: $(head -1 err)"; continue; }
    theirs "$key" "$full" sha512 c.qcow2 "$want"
    theirs "$key" "$full" ripemd160 c.qcow2 "$want"
  done
  # A key that qemu-img cannot use: there is no disk, but the header's own digest of the key shows that it was found.
  qemu create -f qcow2 "${secrets[@]}" -o "$luks" c.qcow2 1M; head -c 24 part.bin >volume
  theirs 192 cbc-essiv:sha256 sha256 c.qcow2 "$(head -c 1M /dev/zero | sha256sum | cut -d' ' -f1)"
  head -c 48 part.bin >volume
  cp c.qcow2 xts.qcow2; python3 - xts.qcow2 <<'PY'
import sys
d = bytearray(open(sys.argv[1], "rb").read()); at = d.index(b"LUKS\xba\xbe")
d[at + 40:at + 72] = b"xts-plain64".ljust(32, b"\0"); d[at + 108:at + 112] = (48).to_bytes(4, "big")
open(sys.argv[1], "wb").write(d)
PY
  x 5 info xts.qcow2 --passphrase-file right; says "'aes-xts-plain64' with AES-192"
  rm -f header; truncate -s 20M header
  if cryptsetup luksFormat --type luks2 -q --pbkdf pbkdf2 --pbkdf-force-iterations 1000 --key-file key header >out 2>err; then
    python3 -c "$place" c.qcow2 header; x 5 info c.qcow2 --passphrase-file right; says 'LUKS version 2; only 1'
  fi
  [ $made -gt 0 ] || echo "LEFT OUT: cryptsetup made no header"
  echo "$made headers of cryptsetup's"
else
  echo "LEFT OUT: cryptsetup is not installed"
fi
echo "$read kinds of encryption read, $named refused by name; qemu-img cannot make:${left:- none}"
