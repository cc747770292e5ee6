#!/usr/bin/env bash
# A file of the source that is overwritten, replaced or touched while it is read: for verify a finding and no verdict, for hash, convert and acquire
# an error, exit 4 each; nothing that looks whole is left. A file whose ctime alone changes is told of, and the work goes on.
#
# The moment is not left to chance: the program's first word, that reading begins, goes into a pipe that is full. It waits in that write, with every
# file of the source open and checked again only at the end, until the pipe is emptied.
. "$(dirname "$0")/../lib.sh"
need jq python3
set -m
trap 'code=$?; for group in $(jobs -p); do kill -9 -- -$group; done 2>/dev/null; (exit $code); at_exit' EXIT
read -r call </proc/self/syscall 2>/dev/null || skip "/proc/PID/syscall cannot be read"

# held ARGUMENT...: starts the program and returns when it waits to say its first word.
held() {
  local i task call number fd
  rm -f talk
  mkfifo talk
  exec 9<>talk
  dd if=/dev/zero of=/proc/self/fd/9 oflag=nonblock bs=4096 2>/dev/null
  "$EXHIBIT" "$@" --json --progress json >out 2>talk 9>&- & pid=$!
  for ((i = 0; i < 3000; i++)); do
    for task in /proc/$pid/task/*/syscall; do
      { read -r call fd number <"$task"; } 2>/dev/null || continue
      [ "$call $fd" = "$write_call 0x2" ] && return
    done
    kill -0 $pid 2>/dev/null || break
    sleep 0.01
  done
  fail "exhibit $* did not begin to read"
}
# let_go CODE: empties the pipe and insists on the exit status.
let_go() {
  local got
  exec 7<talk # before the last other reader of the pipe goes
  tr -d '\0' <&7 >err 9>&- & reader=$!
  exec 9>&- 7<&-
  wait $pid; got=$?
  wait $reader
  is $got "$1" "exit status"
}
# The number of write(2) on this machine, as the kernel shows it of a process that waits in one.
number_of_write() {
  local i fd rest
  mkfifo probe
  exec 8<>probe
  dd if=/dev/zero of=/proc/self/fd/8 oflag=nonblock bs=4096 2>/dev/null
  dd if=/dev/zero of=/proc/self/fd/8 bs=1 count=1 2>/dev/null & prober=$!
  for ((i = 0; i < 3000; i++)); do
    { read -r write_call fd rest </proc/$prober/syscall; } 2>/dev/null && [ "$fd" = 0x1 ] && break
    sleep 0.01
  done
  kill $prober; wait $prober 2>/dev/null
  exec 8>&-
  [ "$fd" = 0x1 ] || skip "the kernel does not show what a process waits for"
}
number_of_write

# overwrite FILE: the same size, other bytes in the last third, another mtime. Equal times would be a clock that stands still: then it waits for it.
overwrite() {
  local size was; size=$(stat -c %s "$1") was=$(stat -c %.9Y "$1")
  while head -c 7 /dev/urandom | dd of="$1" bs=1 seek=$((size * 2 / 3)) conv=notrunc status=none; [ "$(stat -c %.9Y "$1")" = "$was" ]; do :; done
  is "$(stat -c %s "$1")" "$size" "size"
}

# verify_changes FILE ARGUMENT...: exhibit verify ARGUMENT while FILE is overwritten.
verify_changes() {
  local file=$1; shift
  held verify "$@"
  overwrite "$file"
  let_go 4
  is "$(j .verdict)" not-performed "verdict of $*"
  is "$(j '.basis|length')" 0 "basis"
  is "$(j '.digests|length')" 0 "digests of a mixture"
  is "$(j '[.findings[]|select(.outcome=="changed")]|length')" 1 "findings"
  j '.findings[]|select(.outcome=="changed")|.file' | grep -q "$(basename "$file")\$" || fail "$file is not named"
  j '.findings[0].detail' | grep -q 'was modified: its time was' || fail "what changed is not said"
  is "$(j .error.code)" gone "error code"
}
# error_names FILE: the answer is an error that names it.
error_names() {
  is "$(j .error.code)" gone "error code"
  j .error.file | grep -q "$(basename "$1")\$" || fail "$1 is not named"
  j .error.text | grep -q 'source changed while it was being read: ' || fail "what changed is not said"
}
hash_changes() { local file=$1; shift; held hash "$@" --no-record; overwrite "$file"; let_go 4; error_names "$file"; }
# makes_changes FILE COMMAND ARGUMENT...: convert or acquire.
makes_changes() {
  local file=$1; shift
  rm -rf made; mkdir made
  held "$@"
  overwrite "$file"
  let_go 4
  error_names "$file"
  absent made/out.raw made/out.E01 made/out.raw.record.jsonl
}

sample disk.img $((3 << 20))
mkdir raw split ewf cue flat qcow
x 0 convert disk.img -o raw/disk.raw
x 0 convert disk.img -o split/disk.001 --segment 1M
x 0 convert disk.img -o ewf/disk.E01 --segment 1M --compress none
x 0 log --init --ledger cue/ledger.db; x 0 log --init --ledger flat/ledger.db; x 0 log --init --ledger qcow/ledger.db
x 0 log --init --ledger ledger.db # so that no command has to say that it made one

# ---- one raw file ----
x 0 verify raw/disk.raw --json; is "$(j .verdict)" match
seq=$(j .ledger.seq)
verify_changes raw/disk.raw raw/disk.raw
[ "$(j .ledger.seq)" -gt "$seq" ] || fail "the finding is not on record"
x 1 verify raw/disk.raw # it was overwritten, and now stands still
cp disk.img plain.img
hash_changes plain.img plain.img
makes_changes plain.img convert plain.img -o made/out.E01 --ledger ledger.db
makes_changes plain.img acquire plain.img -o made/out.raw --ledger ledger.db
is "$(j .error.code)" gone
[ -d made/out.raw.partial ] || fail "what was read of a changed source is not kept"

# ---- another file under the name, no file, a shorter file ----
held verify plain.img --no-record
cp plain.img other.img; mv other.img plain.img
let_go 4
j '.findings[0].detail' | grep -q 'its name leads to another file' || fail "a replaced file"
held hash plain.img --no-record
mv plain.img away.img
let_go 4
error_names plain.img; j .error.text | grep -q 'leads nowhere' || fail "a file that is gone"
mv away.img plain.img
held verify plain.img --no-record
truncate -s 1M plain.img
let_go 4
is "$(j .verdict)" not-performed "verdict of a shorter file"
j '.findings[0].detail' | grep -q 'it had 3145728 bytes, it has 1048576' || fail "a shorter file"
cp disk.img plain.img
# Content changed, and the mtime put back: the ctime tells.
held verify plain.img --expect "sha256:$(sha256sum disk.img | cut -c1-64)" --no-record
touch -r plain.img stamp; overwrite plain.img; touch -r stamp plain.img
let_go 1
is "$(j .verdict)" mismatch
j '.findings[]|select(.check=="source")|.detail' | grep -q 'its status changed (ctime' || fail "a forged time"

# ---- split raw: a part that is held open, one of many, E01 segments ----
verify_changes split/disk.002 split/disk.001
hash_changes split/disk.003 split/disk.001
makes_changes split/disk.003 convert split/disk.001 -o made/out.E01 --ledger ledger.db
verify_changes ewf/disk.E03 ewf/disk.E01
hash_changes ewf/disk.E02 ewf/disk.E01
makes_changes ewf/disk.E02 convert ewf/disk.E01 -o made/out.raw --ledger ledger.db
mkdir many; split -b 64K -d -a 3 disk.img many/disk. # 48 parts, most of them without a descriptor of their own
held verify many/disk.000 --no-record
overwrite many/disk.040
let_go 4
is "$(j .verdict)" not-performed
j '.findings[0].file' | grep -q 'disk.040$' || fail "a part without a descriptor"

# ---- a cue sheet: its file of sectors, and the sheet ----
head -c $((2352 * 300)) disk.img >cue/disc.bin
printf 'FILE "disc.bin" BINARY\n  TRACK 01 AUDIO\n    INDEX 01 00:00:00\n' >cue/disc.cue
verify_changes cue/disc.bin cue/disc.cue
hash_changes cue/disc.bin cue/disc.cue
held hash cue/disc.cue --no-record
touch cue/disc.cue
let_go 4
error_names disc.cue

# ---- an extent of a VMDK; a parent; an image held against another ----
cp disk.img flat/one-flat.vmdk
cat >flat/one.vmdk <<'V'
# Disk DescriptorFile
version=1
CID=12345678
parentCID=ffffffff
createType="monolithicFlat"
RW 6144 FLAT "one-flat.vmdk" 0
V
verify_changes flat/one-flat.vmdk flat/one.vmdk
makes_changes flat/one-flat.vmdk convert flat/one.vmdk -o made/out.raw --ledger ledger.db
if command -v qemu-img >/dev/null; then
  qemu-img convert -O qcow2 disk.img qcow/base.qcow2
  qemu-img create -q -f qcow2 -b base.qcow2 -F qcow2 qcow/over.qcow2
  verify_changes qcow/base.qcow2 qcow/over.qcow2
  hash_changes qcow/base.qcow2 qcow/over.qcow2
  makes_changes qcow/base.qcow2 convert qcow/over.qcow2 -o made/out.raw --ledger ledger.db
fi
cp disk.img a.img; cp disk.img b.img
held verify a.img --against b.img --no-record
overwrite b.img
let_go 4
is "$(j '.findings[0].file')" b.img "what it was held against"

# ---- status alone: told, and no more ----
cp disk.img quiet.img
held verify quiet.img --expect "sha256:$(sha256sum disk.img | cut -c1-64)" --no-record
chmod 600 quiet.img
let_go 0
is "$(j .verdict)" match
is "$(j '[.findings[]|select(.check=="source")|.outcome]|join(" ")')" warning
j '.findings[]|select(.check=="source")|.detail' | grep -q 'its status changed (ctime .*), its size and modification time did not' || fail "chmod"
held hash quiet.img --no-record
ln quiet.img link.img
let_go 0
grep -q 'its status changed (ctime' err || fail "hash says nothing of another link"
rm -rf made; mkdir made
held acquire quiet.img -o made/out.raw --ledger ledger.db
chmod 644 quiet.img
let_go 0
cmp disk.img made/out.raw || fail "the copy of a file of another mode"
jq -r 'select(.type=="acquire-end").body.notices[]' made/out.raw.record.jsonl | grep -q 'quiet.img: its status changed (ctime' || fail "the record says nothing of the mode"

odd=$'od\xffd.img' # the name is no UTF-8: the notice is on record all the same
cp disk.img "$odd"; rm -rf made; mkdir made
held acquire "$odd" -o made/out.raw --ledger ledger.db
chmod 600 "$odd"
let_go 0
jq -r 'select(.type=="acquire-end").body.notices[]' made/out.raw.record.jsonl | grep -q 'its status changed (ctime' || fail "a notice is not on record"

# ---- our own reading, and records beside the image, change nothing ----
cp disk.img beside.img; x 0 log --init --ledger case.db
x 6 verify beside.img --ledger case.db --json
is "$(j '[.findings[]|select(.check=="source")]|length')" 0
echo "what changes while it is read is told"
