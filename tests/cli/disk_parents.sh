#!/usr/bin/env bash
# Images that hold only the difference to another: found beside them, named by --parent, or refused by name; and snapshots by --snapshot.
# The disk that each stands for is put together here, by other means.
. "$(dirname "$0")/../lib.sh"
need jq python3 qemu-img qemu-io
sum() { sha256sum "$1" | cut -d' ' -f1; }
# holds DIGEST ARGUMENT...: exhibit hash says that the medium is this one
holds() { local want=$1; shift; x 0 hash "$@" --hash sha256 --no-record --json; is "$(j '.digests[0].value')" "$want" "the disk of $*"; }
# patch FILE OFFSET LENGTH BYTE
patch() { head -c "$3" /dev/zero | tr '\0' "$4" | dd of="$1" bs=64k seek="$2" oflag=seek_bytes conv=notrunc status=none; }

sample one.raw $((3 << 20))
cp one.raw two.raw && patch two.raw 65536 131072 B
cp two.raw three.raw && patch three.raw 1048576 131072 C

# ---- QCOW2: a chain beside the image ----
mkdir chain && cd chain || exit 1
qemu-img convert -O qcow2 ../one.raw one.qcow2
qemu-img create -q -f qcow2 -b one.qcow2 -F qcow2 two.qcow2
qemu-io -c 'write -q -P 66 64k 128k' two.qcow2
qemu-img create -q -f qcow2 -b two.qcow2 -F qcow2 three.qcow2
qemu-io -c 'write -q -P 67 1M 128k' three.qcow2
cd ..
holds "$(sum one.raw)" chain/one.qcow2
holds "$(sum two.raw)" chain/two.qcow2
holds "$(sum three.raw)" chain/three.qcow2
x 0 info chain/three.qcow2 --json
is "$(j '[.parents[].path]|join(" ")')" "chain/two.qcow2 chain/one.qcow2" "the parents that were found"
is "$(j '[.parents[]|"\(.depth) \(.format) \(.bytes) \(.identifier) \(.sha256)"]|join(", ")')" "1 qcow2 3145728 null null, 2 qcow2 3145728 null null" "what they are"
mkdir log; x 0 convert one.raw -o log/one.E01
x 6 verify chain/three.qcow2 --ledger log/ledger.db --json
is "$(j '.parents|length')" 2 "the parents that were told"
x 0 log --ledger log/ledger.db --json
grep -q 'chain/one.qcow2' "$work/out" || fail "the ledger does not name the parents"

# ---- moved: --parent, the nearest first ----
mkdir a b img d; mv chain/two.qcow2 a/zwei.qcow2 && mv chain/one.qcow2 b/eins.qcow2
x 4 hash chain/three.qcow2 --no-record; says "needs its parent .*two.qcow2"
x 4 hash chain/three.qcow2 --parent a/zwei.qcow2 --no-record; says "needs its parent .*one.qcow2"
holds "$(sum three.raw)" chain/three.qcow2 --parent a/zwei.qcow2 --parent b/eins.qcow2
x 0 convert chain/three.qcow2 --parent a/zwei.qcow2 --parent b/eins.qcow2 -o img/three.vdi --json
is "$(j '[.parents[].path]|join(" ")')" "a/zwei.qcow2 b/eins.qcow2" "the parents that were told"
holds "$(sum three.raw)" img/three.vdi
for line in convert-begin convert-end; do
  is "$(jq -r "select(.type==\"$line\").body.source.parents|map(.path)|join(\" \")" img/three.vdi.record.jsonl)" "a/zwei.qcow2 b/eins.qcow2" "the parents of $line"
done
x 2 hash chain/three.qcow2 --parent a/zwei.qcow2 --parent b/eins.qcow2 --parent one.raw --no-record; says "one.raw is not needed: the image has 2 parents"
x 2 hash one.raw --parent two.raw --no-record; says "is not needed: the image has 0 parents"
x 2 verify chain/three.qcow2 one.raw --parent a/zwei.qcow2 --no-record; says "one image at a time"
# What another image is held against has its own parents.
x 0 verify chain/three.qcow2 --parent a/zwei.qcow2 --parent b/eins.qcow2 --against three.raw --no-record --json
is "$(j .verdict)" match
x 1 verify chain/three.qcow2 --parent a/zwei.qcow2 --parent b/eins.qcow2 --against two.raw --no-record --json
is "$(j .verdict)" mismatch

# ---- circles, and names that lead elsewhere ----
mkdir circle && cd circle || exit 1
qemu-img create -q -f qcow2 x.qcow2 1M
qemu-img rebase -u -b y.qcow2 -F qcow2 x.qcow2 && cp x.qcow2 y.qcow2 && qemu-img rebase -u -b x.qcow2 -F qcow2 y.qcow2
cd ..
x 5 info circle/x.qcow2; says "more than 16 parents, or a circle"
# named NAME CODE TEXT: an image whose backing file is called so
named() {
  rm -f evil.qcow2
  python3 - "$1" <<'P'
import struct, sys
name = sys.argv[1].encode()
h = bytearray(3 * 65536)
struct.pack_into('>4sIQIIQIIQQIIQ', h, 0, b'QFI\xfb', 3, 512, len(name), 16, 1 << 20, 0, 1, 65536, 131072, 1, 0, 0)
struct.pack_into('>QQQII', h, 72, 0, 0, 0, 4, 104)
h[512:512 + len(name)] = name
open('evil.qcow2', 'wb').write(h)
P
  x "$2" info evil.qcow2 --input-format qcow2; says "$3"
  x "$2" hash evil.qcow2 --no-record; says "$3"
  grep -q 'root:' "$work/out" "$work/err" && fail "$1 was followed"
  return 0
}
named 'json:{"driver":"file","filename":"/etc/passwd"}' 2 "'json:.*' is not the name of a file"
named 'nbd://127.0.0.1/disk' 2 "'nbd://127.0.0.1/disk' is not the name of a file"
named 'file:/etc/passwd' 2 "'file:/etc/passwd' is not the name of a file"
named '/etc/passwd' 4 "needs its parent .*'/etc/passwd'"
named '../x.qcow2' 5 "'../x.qcow2' leads out of the image's folder"
named 'sub/..' 5 "leads out|no name"
ln -s /etc/passwd link.qcow2
named 'link.qcow2' 4 "link.qcow2"
holds "$(head -c 1M one.raw | sha256sum | cut -d' ' -f1)" evil.qcow2 --parent one.raw   # the user's word goes

# ---- snapshots ----
cp one.raw s.raw
qemu-img convert -O qcow2 one.raw snap.qcow2
qemu-img snapshot -c first snap.qcow2
qemu-io -c 'write -q -P 66 64k 128k' snap.qcow2
qemu-img snapshot -c second snap.qcow2
qemu-io -c 'write -q -P 67 1M 128k' snap.qcow2
holds "$(sum three.raw)" snap.qcow2
holds "$(sum two.raw)" snap.qcow2 --snapshot second
holds "$(sum one.raw)" snap.qcow2 --snapshot first
holds "$(sum one.raw)" snap.qcow2 --snapshot 1
x 0 info snap.qcow2; says "snapshot .*'second'"
! grep -q orphan "$work/out" || fail "the snapshot table is called an orphan"
x 4 info snap.qcow2 --snapshot third; says "no snapshot 'third'"
x 2 info one.raw --snapshot first; says "format raw has no snapshots"
x 2 hash - --snapshot first --no-record </dev/null; says "for an image"
x 0 convert snap.qcow2 --snapshot second -o img/second.E01 --json
is "$(j '.snapshot_chosen|"\(.id) \(.name)"')" "2 second"
is "$(jq -r 'select(.type=="convert-end").body.source.snapshot' img/second.E01.record.jsonl)" second "the side record's snapshot"
x 6 verify snap.qcow2 --snapshot first --json
is "$(j .snapshot)" first
x 0 hash snap.qcow2 --snapshot 1 --no-record --json
is "$(j '.snapshot + " is " + .snapshot_chosen.name')" "1 is first"

# ---- VDI and VHD: a differencing image made here ----
x 0 convert one.raw -o d/base.vdi --no-record
x 0 convert one.raw -o d/base.vhd --no-record
python3 - <<'P'
import struct
# VDI: blocks of 1 MiB; block 1 is stored, block 0 comes from the parent, block 2 is zeros.
h = bytearray(open('d/base.vdi', 'rb').read(2 << 20)[:1 << 20])
size, block, blocks = struct.unpack_from('<Q', h, 0x170)[0], *struct.unpack_from('<I4xI', h, 0x178)
image, modified = bytes(h[0x188:0x198]), bytes(h[0x198:0x1A8])
struct.pack_into('<I', h, 0x4C, 4)
struct.pack_into('<I', h, 0x184, 1)
h[0x188:0x198], h[0x198:0x1A8], h[0x1A8:0x1B8], h[0x1B8:0x1C8] = b'\1' * 16, b'\2' * 16, image, modified
struct.pack_into('<3I', h, 0x200, 0xFFFFFFFF, 0, 0xFFFFFFFE)
for name, at in (('d/diff.vdi', None), ('d/changed.vdi', 0x1B8), ('d/other.vdi', 0x1A8)):
    c = bytearray(h)
    if at is not None:
        c[at] ^= 1
    open(name, 'wb').write(c + b'V' * (1 << 20))
one = open('one.raw', 'rb').read()
open('vdi.raw', 'wb').write(one[:1 << 20] + b'V' * (1 << 20) + bytes(1 << 20))

# VHD: one block of 2 MiB of which sectors 8 to 15 are stored.
base = open('d/base.vhd', 'rb').read()
foot, head = bytearray(base[-512:]), bytearray(base[512:1536])
def seal(b, at):
    struct.pack_into('>I', b, at, 0)
    struct.pack_into('>I', b, at, ~sum(b) & 0xFFFFFFFF)
    return bytes(b)
parent = bytes(foot[68:84])
disk = struct.unpack_from('>Q', foot, 48)[0]
struct.pack_into('>Q', foot, 16, 512)
struct.pack_into('>I', foot, 60, 4)
foot[68:84] = b'\3' * 16
struct.pack_into('>Q', head, 16, 1536)
blocks = struct.unpack_from('>I', head, 28)[0]
name = 'C:\\vm\\base.vhd'.encode('utf-16-be')
head[64:64 + 512] = name.ljust(512, b'\0')
for path, uuid in (('d/diff.vhd', parent), ('d/other.vhd', b'\4' * 16)):
    head[40:56] = uuid
    table = struct.pack('>I', 4) + b'\xff' * (512 - 4)
    f, h = seal(foot, 64), seal(head, 36)
    bitmap = bytearray(512)
    bitmap[1] = 0xFF
    open(path, 'wb').write(f + h + table + bitmap + b'H' * (2 << 20) + f)
open('vhd.raw', 'wb').write((one[:4096] + b'H' * 4096 + one[8192:]).ljust(disk, b'\0'))
P
x 4 info d/diff.vdi; says "differencing VDI whose parent has UUID"; says "give --parent FILE"
holds "$(sum vdi.raw)" d/diff.vdi --parent d/base.vdi
x 2 info d/changed.vdi --parent d/base.vdi; says "was changed after this image was made"
x 2 info d/other.vdi --parent d/base.vdi; says "the parent named has UUID"
x 2 info d/diff.vdi --parent one.raw; says "the parent named is no VDI"
holds "$(sum vhd.raw)" d/diff.vhd
mkdir e && mv d/base.vhd e/
x 4 info d/diff.vhd; says "needs its parent .*base.vhd"
holds "$(sum vhd.raw)" d/diff.vhd --parent e/base.vhd
x 2 info d/other.vhd --parent e/base.vhd; says "the parent has UUID"
x 6 verify d/diff.vhd --parent e/base.vhd --json
is "$(j '[.parents[].path]|join(" ")')" e/base.vhd
is "$(j '.parents[0].identifier|"\(.kind) \(.value) \(.matched)"')" "UUID $(tail -c 512 e/base.vhd | dd bs=1 skip=68 count=16 status=none | od -An -tx1 | tr -d ' \n') true"

# ---- report: each parent, what ties it to the image over it, and the snapshot; also of lines that only have paths ----
told() { # told FOLDER: the pages are of their schema
  xmllint --nonet --noout --schema "$SRC/report/pages/exhibit-report.xsd" "$1/report.xml" 2>lint.txt || fail "$1: $(cat lint.txt)"
}
path() { xmllint --xpath "string($2)" "$1/report.xml"; }
if command -v xmllint >/dev/null; then
  r='*[local-name()=' parent="//*[local-name()='item']/*[local-name()='lineage']/*[local-name()='parent']"
  mkdir t
  x 0 convert d/diff.vdi --parent d/base.vdi -o t/diff.E01
  x 0 report t/diff.E01 -o told-vdi --no-record; told told-vdi
  is "$(path told-vdi "$parent/@path")" d/base.vdi
  is "$(path told-vdi "$parent/@identified")" matched
  is "$(path told-vdi "$parent/@identifier_kind")" UUID
  is "$(path told-vdi "$parent/@sha256")" not-computed
  is "$(path told-vdi "$parent/@bytes")" "$((3 << 20))"
  grep -q 'matches what the image over it names' told-vdi/report.html || fail "the page does not show the identifier"
  is "$(path told-vdi "//*[local-name()='source']/*[local-name()='other'][@name='parents']")" "" "a row beside the table"
  x 0 report img/three.vdi -o told-qcow --no-record; told told-qcow
  is "$(path told-qcow "$parent[2]/@path")" b/eins.qcow2
  is "$(path told-qcow "$parent[2]/@depth")" 2
  is "$(path told-qcow "$parent[2]/@identified")" none-stored
  grep -q 'none is stored' told-qcow/report.html || fail "the page does not say that QCOW2 stores no identifier"
  x 0 report img/second.E01 -o told-snap --no-record; told told-snap
  is "$(path told-snap "//*[local-name()='lineage']/@snapshot_name")" second
  is "$(path told-snap "//*[local-name()='lineage']/@snapshot_id")" 2
  grep -q 'asked for as "second": number 2, name "second"' told-snap/report.html || fail "the page does not show the snapshot"
fi
echo "parents are found, named or refused"
