#!/usr/bin/env bash
# A run that is cut goes on: killed at any moment, interrupted, out of space, the device gone. In the end image and digests are those of a run that
# nothing disturbed. A wrong medium is refused, one that changed is a finding. EXHIBIT_KILLS says how many kills each of the shapes gets.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq sqlite3 timeout
need_root
kills=${EXHIBIT_KILLS:-50}
sample disk.img $((20 << 20))
holes=(1000:2 9001:1 20000:64 40959:1)
cp disk.img expected.img
with_holes expected.img 512 "${holes[@]}"
rules 512 5 "${holes[@]}"
mkdir case

digest() { jq -r '.digests[]|select(.scope=="media" and .algorithm=="sha256").value' "$1"; }
want=$(sha256sum <expected.img | cut -d' ' -f1)

# ---- R15: killed with SIGKILL at random moments, each time resumed; whole and split raw, E01 in one and in many segments ----
serve faulty_file disk.img slow-disk "${bad[@]}"
attach slow-disk/disk
RANDOM=${EXHIBIT_SEED:-20261127}
total=0 runs=0 images=0
while [ $total -lt $((4 * kills)) ]; do
  for shape in "one.raw" "parts.001 --segment 3M" "one.E01" "many.E01 --segment 2M"; do
    set -- $shape; image=case/$1; shift
    rm -rf case; mkdir case
    for ((n = 0; n < 400; n++)); do
      ms=$((20 + RANDOM % (150 + 40 * n))) # later and later, so that even a slow machine gets to the end
      moment=$((ms / 1000)).$(printf '%03d' $((ms % 1000)))
      timeout -s KILL "$moment" "$EXHIBIT" acquire "$loop" -o "$image" --resume --save-every 0 "$@" --json --progress none >out 2>err </dev/null
      got=$?; runs=$((runs + 1))
      [ $got = 137 ] || break
      total=$((total + 1))
    done 2>/dev/null # the shell's own word of each kill
    # A run that was killed behind its last word left a finished image, and the next one says so.
    [ $got = 3 ] || { [ $got = 0 ] && [ "$(j .finished)" = true ] && [ $n -gt 0 ]; } || fail "$shape: run $n ended with $got"
    images=$((images + 1))
    x 0 verify "$image" --json; is "$(j .verdict)" match
    is "$(digest out)" "$want" "$shape after $n kills: sha256"
    is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "$shape after $n kills: unreadable"
    case $image in
      *.raw) cmp "$image" expected.img || fail "$shape: the image" ;;
      *.001) cat case/parts.0?? | cmp - expected.img || fail "$shape: the parts" ;;
      *.E01) ! command -v ewfverify >/dev/null || ewfverify -q "$image" >v.txt 2>&1 || fail "ewfverify: $(cat v.txt)" ;;
    esac
    same_as_map "$image.map" 512 "${holes[@]}"
    absent "$image.partial"
    x 0 log --check --ledger case/ledger.db
    [ $n = 0 ] || [ "$(sqlite3 case/ledger.db "select count(*) from entry where line like '%\"type\":\"acquire-resume\"%'")" -gt 0 ] ||
      fail "$shape: no resume is on record after $n kills"
  done
done
echo "$total kills, $images images, $runs runs: all equal"
detach
unmount

# ---- interrupted: exit 130, the pause and its length are on record ----
serve faulty_file disk.img slow-disk slow:30
attach slow-disk/disk
for image in case/int.raw case/int.E01; do
  rm -rf case; mkdir case
  "$EXHIBIT" acquire "$loop" -o $image --save-every 0 --segment 2M --json --progress none >out 2>err & pid=$!
  kept_something case; kill -INT $pid; wait $pid; is $? 130 "an interrupted acquisition"
  says 'acquire --resume'
  ended case/ledger.db interrupted cancelled
  made=$(ls -d case/*.partial); made=${made%.partial}
  absent "$made"
  x 0 acquire --resume "$made" --json
  is "$(digest out)" "$(sha256sum <disk.img | cut -d' ' -f1)"
  is "$(j '.pauses|length')" 1 "pauses"
  is "$(j '.pauses[0].seconds|type')" number "length of an orderly pause"
  x 0 verify "$made"
done
detach
unmount
# A second resumer is stopped by the lock; the first is not disturbed.
serve faulty_file disk.img slow-disk slow:150
attach slow-disk/disk
rm -rf case; mkdir case
"$EXHIBIT" acquire "$loop" -o case/lock.raw --save-every 0 --progress none >out2 2>err2 & pid=$!
kept_something case
x 2 acquire --resume case/lock.raw; says 'another run'
kill -INT $pid; wait $pid; is $? 130 "the run that was there first"
detach
unmount

# ---- what --resume refuses or says ----
rm -rf case; mkdir case
x 2 acquire - --resume -o case/x.raw; says 'standard input'
x 4 acquire --resume case/none.raw; says 'nothing to resume'
x 0 acquire disk.img -o case/fresh.raw --resume; says 'fresh acquisition'
x 0 acquire --resume case/fresh.raw; says 'finished'
cmp disk.img case/fresh.raw || fail "a fresh acquisition"

# ---- another medium is refused; one that changed since is a finding; the same one under another name is taken ----
half() { # leaves case/half.raw.partial of disk.img, cut at the middle by a device that goes
  rm -rf case; mkdir case
  serve faulty_file disk.img half-disk bad:$((10 << 20)):$((10 << 20)):19
  attach half-disk/disk
  x 4 acquire "$loop" -o case/half.raw --save-every 0 --json; told gone
  ended case/ledger.db failed gone
  detach
  unmount
}
half
head -c 20M </dev/urandom >other.img
attach other.img
x 2 acquire --resume case/half.raw "$loop" --json; told refused 'not the medium'
truncate -s 21M other.img; detach; attach other.img
x 2 acquire --resume case/half.raw "$loop" --json; told refused 'bytes'
detach
attach disk.img
x 0 acquire --resume case/half.raw "$loop" --json
cmp disk.img case/half.raw || fail "the image of a medium that came back"
detach
half
python3 - disk.img changed.img <<'PY'
import random, sys
data = bytearray(open(sys.argv[1], 'rb').read())
random.seed(7)
for sector in random.sample(range(10 << 11), 10 << 11):  # 30 % of what was read: less than half, more than none
    if random.random() < 0.3:
        data[sector * 512] ^= 255
open(sys.argv[2], 'wb').write(data)
PY
attach changed.img
x 1 acquire --resume case/half.raw "$loop" --json
says 'has changed'
[ "$(j '.changed|length')" -gt 0 ] || fail "no changed sector is told"
detach

# ---- R14: the disk is full: a pause; with space made it goes on ----
attach disk.img
for image in full.raw full.E01; do
  rm -rf case; mkdir case
  mount_at small -t tmpfs -o size=9m none
  x 4 acquire "$loop" -o small/$image --ledger case/ledger.db --segment 2M --save-every 0 --json; told no-space
  ended case/ledger.db failed no-space
  made=$(ls -d small/*.partial); made=${made%.partial}
  mount -o remount,size=64m small
  x 0 acquire --resume "$made" --json
  is "$(digest out)" "$(sha256sum <disk.img | cut -d' ' -f1)" "after the disk was full: sha256"
  [ "$(j .pauses[0].kept_sectors)" -gt 0 ] || fail "nothing was kept of a full disk"
  x 0 verify "$made" --ledger case/ledger.db
  unmount

  # ---- AO-10: or it goes on in another folder ----
  rm -rf case second; mkdir case second
  mount_at small -t tmpfs -o size=9m none
  x 4 acquire "$loop" -o small/$image --ledger case/ledger.db --segment 2M --save-every 0 --json; told no-space
  made=$(ls -d small/*.partial); made=${made%.partial}
  x 0 acquire --resume "$made" --continue-in second --json
  is "$(digest out)" "$(sha256sum <disk.img | cut -d' ' -f1)" "continued elsewhere: sha256"
  [ -n "$(ls second)" ] || fail "nothing lies in the second folder"
  mkdir together; cp small/*.[E0]?? second/*.[E0]?? together/
  x 0 verify together/"$(basename "$made")" --no-record --json --expect sha256:"$(sha256sum <disk.img | cut -d' ' -f1)"
  rm -rf together
  unmount
done
detach

# ---- what an earlier run wrote and the destination lost is read again ----
half
printf 'rot' | dd of=case/half.raw.partial/half.raw bs=1 seek=3000000 conv=notrunc status=none
attach disk.img
x 0 acquire --resume case/half.raw "$loop" --json
says 'not there as they were written'
[ "$(j .pauses[0].lost_sectors)" -gt 0 ] || fail "the loss is not told"
cmp disk.img case/half.raw || fail "what was lost was not read again"

# ---- what was written, but not recorded before the power went, and cannot be read now, does not stay in its place ----
half
rm case/half.raw.partial/map
sed -i '/^d/d' case/half.raw.partial/journal
serve faulty_file disk.img worse-disk "${bad[@]}"
attach worse-disk/disk
x 3 acquire --resume case/half.raw "$loop" --json
is "$(jq -c .unreadable out)" "$(list "${holes[@]}")" "unreadable, after the record was lost"
cmp expected.img case/half.raw || fail "what no record vouches for is in the image"
detach
unmount

# ---- a power cut may leave the journal with zeros at its end ----
half
cp case/half.raw.partial/journal whole
for zeros in 1 300 5000; do
  { cat whole; printf 'd 1 2'; head -c $zeros /dev/zero; } >case/half.raw.partial/journal
  serve faulty_file disk.img gone-disk bad:$((10 << 20)):$((10 << 20)):19
  attach gone-disk/disk
  x 4 acquire --resume case/half.raw "$loop" --json; told gone
  detach
  unmount
done
attach disk.img
x 0 acquire --resume case/half.raw "$loop" --json
is "$(j '.pauses|length')" 2 "pauses"
cmp disk.img case/half.raw || fail "the image, after zeros in the journal"
detach

# ---- a state or journal that is no file is refused, and waited for by nobody ----
half
for name in state journal; do
  mv case/half.raw.partial/$name kept; mkfifo case/half.raw.partial/$name
  timeout 20 "$EXHIBIT" acquire --resume case/half.raw >out 2>err; [ $? -lt 124 ] || fail "a FIFO for the $name"
  mv kept case/half.raw.partial/$name
done

# ---- a wrong medium leaves no trace in the state ----
ln -s "$loop" wrong
head -c 20M </dev/urandom >other.img; attach other.img; ln -sf "$loop" wrong
x 2 acquire --resume case/half.raw "$work/wrong"; says 'not the medium'
jq -r .source_path case/half.raw.partial/state | grep -q wrong && fail "the state names the wrong medium"
detach

# ---- nobody resumes a folder ----
mkdir case/folder.raw
x 2 acquire disk.img -o case/folder.raw --resume

# ---- a part that was begun where there is no room for it goes on in the next folder ----
rm -rf case second; mkdir case second
attach disk.img
mount_at small -t tmpfs -o size=9m none
x 4 acquire "$loop" -o small/parts.001 --segment 3M --ledger case/ledger.db --json; told no-space
fallocate -l $(($(df --output=avail -B1 small | tail -1) - 65536)) small/filler
x 0 acquire --resume small/parts.001 --continue-in second --continue-in second --json
is "$(digest out)" "$(sha256sum <disk.img | cut -d' ' -f1)" "a part that was moved: sha256"
cat {small,second}/parts.0?? | cmp - disk.img || fail "the parts"
is "$(ls second | head -1)" parts.003 "the first part in the second folder"
unmount
# Folders of the first run: the first part bears the image's name, and lies where that says.
x 0 acquire "$loop" -o case/first.001 --segment 8M --continue-in second --json
cat {case,second}/first.0?? | cmp - disk.img || fail "the parts, with another folder from the start"
[ -e case/first.001 ] || fail "the image does not lie where it was to"
detach
