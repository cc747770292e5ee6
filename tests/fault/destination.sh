#!/usr/bin/env bash
# A destination that is full, limited, forbidden, absent, read-only or taken: refused with 2 or not done with 4, with a message that names
# the file, and with nothing left that looks like an image.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3
sample disk.img $((6 << 20))
mkdir case

no_image() { local f; for f in disk.raw disk.E01 disk.001 disk.E02; do absent "$1/$f" "$1/$f.record.jsonl"; done; }

# ---- a limit on the size of a file: EFBIG ----
for image in disk.raw disk.E01; do
  (ulimit -f 2048; x 4 acquire disk.img -o case/$image --json) || exit 1
  told no-space $image
  ended case/ledger.db failed no-space
  no_image case
  [ -d case/$image.partial ] || fail "what was done is not kept"
  rm -r case; mkdir case
done
# Parts below the limit are the way out.
(ulimit -f 5000; x 0 acquire disk.img -o case/disk.001 --segment 2M) || exit 1
x 0 verify case/disk.001
rm -r case; mkdir case

# ---- names that are taken or make no sense ----
x 0 acquire disk.img -o case/disk.raw
before=$(sha256sum case/disk.raw)
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw
is "$(sha256sum case/disk.raw)" "$before" "the image that was there"
rm -r case; mkdir case
mkdir case/disk.raw.partial; echo kept >case/disk.raw.partial/disk.raw
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw.partial
is "$(cat case/disk.raw.partial/disk.raw)" kept "the unfinished acquisition that was there"
rm -r case; mkdir case
echo taken >case/disk.raw.partial
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw.partial
rm -r case; mkdir case
echo 'of another' >case/disk.raw.record.jsonl
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw.record.jsonl
no_leftover() { absent case/disk.raw case/disk.raw.partial case/ledger.db; }
no_leftover
rm case/*
ln -s nowhere case/disk.raw # a dangling link is a name that is taken, too
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw
rm -r case; mkdir case
mkdir case/disk.raw
x 2 acquire disk.img -o case/disk.raw --json
told refused disk.raw
rmdir case/disk.raw
x 4 acquire disk.img -o absent/disk.raw --json
told not-found absent
absent absent
x 4 acquire disk.img -o disk.img/disk.raw --json
told not-found disk.img
x 2 acquire disk.img -o case/ --json
x 2 acquire disk.img -o disk.img --json
told refused disk.img
x 2 acquire disk.img -o ./case/../disk.img --json
told refused disk.img
x 2 acquire disk.img --json
told usage
x 2 acquire disk.img -o /dev/null --format raw --json
told refused /dev/null
x 2 acquire disk.img -o case/disk.xyz --json
told usage disk.xyz
x 2 acquire disk.img -o "case/$(printf 'n%.0s' {1..300}).raw" --json
told usage nnnn
x 2 acquire disk.img -o "case/$(printf 'n%.0s' {1..239}).raw" --json # fits, but its record would not
told usage record.jsonl
absent case/n*
no_leftover
x 0 acquire disk.img -o here.raw # the source in the destination's folder is no harm
x 0 verify here.raw --against disk.img
rm -f here.raw* ledger.db*

# ---- folders that may not be written to; as root there are none ----
may_not() {
  mkdir -p locked; cp "$EXHIBIT" exhibit.copy; chmod 755 . exhibit.copy locked; chmod 644 disk.img
  local root=$1; shift
  $root "$work/exhibit.copy" "$@" --progress none >out 2>err
}
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  nobody="setpriv --reuid=65534 --regid=65534 --clear-groups"
  may_not "$nobody" acquire disk.img -o locked/disk.raw --json; is $? 4 "exit status in a folder without permission"
  told not-found locked
  chmod 600 disk.img
  mkdir -m 777 open
  $nobody "$work/exhibit.copy" acquire disk.img -o open/disk.raw --json --progress none >out 2>err; is $? 4 "exit status of a source without permission"
  told not-found disk.img
  [ -z "$(ls open)" ] || fail "something was written for a source that cannot be opened"
  chmod 644 disk.img
  # A ledger that may not be written: when it was asked for by name nothing is done, otherwise the result stands and says that it is unrecorded.
  mkdir -m 777 open/led; "$EXHIBIT" log --init --ledger open/led/ledger.db >/dev/null 2>&1 || fail "log --init"
  chmod 644 open/led/ledger.db; chmod 755 open/led
  $nobody "$work/exhibit.copy" acquire disk.img -o open/disk.raw --ledger open/led/ledger.db --json --progress none >out 2>err
  is $? 4 "exit status with a ledger that may not be written"
  told '.*'
  absent open/disk.raw
  mv open/led/ledger.db open/
  $nobody "$work/exhibit.copy" acquire disk.img -o open/disk.raw --json --progress none >out 2>err
  is $? 0 "exit status beside a ledger that may not be written"
  is "$(j .ledger.recorded)" false "recorded"
  [ -n "$(j '.ledger.reason // empty')" ] || fail "no reason is given"
fi

[ "$(id -u)" = 0 ] || { echo "the rest needs root to mount"; exit 0; }

# ---- a full disk ----
for image in disk.raw disk.E01; do
  mount_at small -t tmpfs -o size=2m tmpfs
  x 4 acquire disk.img -o small/$image --ledger ledger.db --json
  told no-space $image
  j .error.offset | grep -qE '^[0-9]+$' || fail "the error does not say at which byte it stopped"
  ended ledger.db failed no-space
  no_image small
  unmount
  rm -f ledger.db*
  # The ledger on the full disk, too.
  mount_at small -t tmpfs -o size=2m tmpfs
  x 4 acquire disk.img -o small/$image --json
  told no-space
  no_image small
  unmount
  # Standard input: for E01 it is the work file that fills the disk.
  mount_at small -t tmpfs -o size=2m tmpfs
  "$EXHIBIT" acquire - -o small/$image --ledger ledger.db --json --progress none <disk.img >out 2>err
  is $? 4 "exit status of standard input to a full disk"
  told no-space
  ended ledger.db failed no-space
  no_image small
  unmount
  rm -f ledger.db*
done
# Room for the work file, not for the image beside it.
mount_at small -t tmpfs -o size=9m tmpfs
"$EXHIBIT" acquire - -o small/disk.E01 --ledger ledger.db --json --progress none --compress none <disk.img >out 2>err
is $? 4 "exit status of standard input to E01 with room for the work file only"
told no-space
ended ledger.db failed no-space
no_image small
unmount
rm -f ledger.db*
# Every amount of room just above and below what a small image needs: the end of an image is where a full disk hurts most.
head -c 262144 disk.img >little.img
for image in disk.raw disk.E01; do
  for room in 196 212 228 244 252 256 260 264 268 276 284 300 332; do
    mount_at small -t tmpfs -o size=${room}k tmpfs
    "$EXHIBIT" acquire little.img -o small/$image --no-record --json --progress none --compress none >out 2>err; got=$?
    case $got in
      0) "$EXHIBIT" verify small/$image --against little.img --progress none >verified 2>&1 || fail "$image in ${room}k: ends with 0 and does not verify" ;;
      4) told no-space; no_image small ;;
      *) fail "$image in ${room}k ends with $got" ;;
    esac
    unmount
  done
done

# ---- a read-only file system ----
mount_at small -t tmpfs -o ro,size=2m tmpfs
x 4 acquire disk.img -o small/disk.raw --json
told io small
unmount

# ---- the destination on the source ----
need losetup mkfs.ext4
truncate -s 16M evidence.img
mkfs.ext4 -q -F evidence.img
attach_rw evidence.img
mount_at evidence "$loop"
look() { find evidence -printf "%p %s %T@ %C@\n" | sort; }
before=$(look)
x 2 acquire "$loop" -o evidence/disk.raw --json
told refused evidence
is "$(look)" "$before" "the source's file system"
x 2 acquire evidence.img -o evidence/disk.E01 --json # the same disk by its file
told refused evidence
is "$(look)" "$before" "the source's file system"
"$EXHIBIT" acquire - -o evidence/disk.raw --json --progress none <"$loop" >out 2>err
is $? 2 "exit status of standard input from the device itself"
told refused evidence
is "$(look)" "$before" "the source's file system"
for command in "acquire $loop -o case/disk.raw" "hash $loop" "acquire evidence.img -o case/disk.raw"; do
  x 2 $command --ledger evidence/ledger.db --json
  told refused evidence/ledger.db
  EXHIBIT_LEDGER=evidence/ledger.db x 2 $command --json
  told refused evidence/ledger.db
done
is "$(look)" "$before" "the source's file system"
no_leftover
x 2 acquire disk.img -o "$loop" --format raw --json
told refused "$loop"
