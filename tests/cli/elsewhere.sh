#!/usr/bin/env bash
# An image goes on a journey: renamed, on read-only media, without its ledger; which ledger is found, which is not, and what is left behind: nothing.
. "$(dirname "$0")/../lib.sh"
need jq sqlite3 sha256sum
sample src.bin 3145728
mkdir home
x 0 acquire src.bin -o home/disk.E01 --case 11 --examiner "A. B." --chunk 1M
x 0 acquire src.bin -o home/disk.raw --case 11 --chunk 1M
flip() { local b; b=$(od -An -tu1 -j "$2" -N1 "$1"); printf "\\x$(printf %x $((b ^ 255)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none; }
traces() { find "$1" -printf '%P %y %s %T@ %m %i\n' | LC_ALL=C sort; }

# ---- busy ledgers take 30 s each, so they are begun first and looked at last
mkdir shut held
for how in shut held; do x 0 acquire src.bin -o $how/a.raw; done
mkfifo shut.sql held.sql
sqlite3 shut/ledger.db <shut.sql >shut.taken 2>&1 & keepers=($!)
sqlite3 held/ledger.db <held.sql >held.taken 2>&1 & keepers+=($!)
exec 7>shut.sql 8>held.sql
echo "BEGIN EXCLUSIVE; SELECT 1;" >&7; echo "BEGIN IMMEDIATE; SELECT 1;" >&8
soon test -s shut.taken && soon test -s held.taken || fail "a ledger cannot be locked"
begun=$SECONDS runs=()
later() { # NAME ARGUMENT...
  local name=$1; shift
  { "$EXHIBIT" "$@" --progress none --json >"$name.out" 2>"$name.err"; echo $? >"$name.code"; } & runs+=($!)
}
later shut-verify verify shut/a.raw
later held-verify verify held/a.raw
later shut-named verify shut/a.raw --ledger shut/ledger.db
later held-named verify held/a.raw --ledger held/ledger.db
later held-acquire acquire src.bin -o held/b.raw

# ---- renamed, with its side record, on a read-only file system; reset MODE: what lies there
away=$work/away
mkdir away
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=32M none "$away" 2>/dev/null; then
  mounts+=("$away"); freeze() { mount -o remount,ro "$away" || fail "remount"; }; thaw() { mount -o remount,rw "$away" || fail "remount"; }
else
  freeze() { chmod -R a-w "$away"; }; thaw() { chmod -R u+w "$away"; }
fi
travel() { thaw; rm -rf "$away"/*; cp home/disk.E01 "$away/moved.E01"; cp home/disk.raw "$away/moved.raw"
           [ -n "${1-}" ] || { cp home/disk.E01.record.jsonl "$away/moved.E01.record.jsonl"; cp home/disk.raw.record.jsonl "$away/moved.raw.record.jsonl"; }; }
# leaves CODE ARGUMENT...: runs it and insists that nothing in the folder changed
leaves() {
  local before; before=$(traces "$away")
  x "$@"
  is "$(traces "$away")" "$before" "what lies there after exhibit $2"
}
travel; freeze
for image in moved.E01 moved.raw; do
  leaves 0 verify away/$image --json
  is "$(j .verdict)" match; j '.basis[]' | grep -qx record || fail "$image: the side record is no basis"
  j '.basis[]' | grep -qx ledger && fail "$image: a ledger from nowhere"
  is "$(j .ledger.recorded)" false; is "$(j .ledger.reason)" "no ledger"
  is "$(j '[.findings[]|select(.check=="chunk" and .basis=="record" and .outcome=="match")]|length')" 1 "chunks held"
  leaves 0 verify away/$image; says "side record"
  leaves 0 verify away/$image --require stored
  leaves 6 verify away/$image --require ledger
  leaves 0 hash away/$image --json; is "$(j .ledger.recorded)" false
  leaves 0 info away/$image --json
  rm -rf rep; leaves 0 report away/$image -o rep; [ -s rep/report.xml ] && [ -s rep/report.html ] || fail "no report"
  leaves 4 verify away/$image --ledger away/ledger.db
  leaves 4 acquire src.bin -o away/new.raw
done
# the same where writing would be possible: still nothing is left behind
travel
for image in moved.E01 moved.raw; do
  leaves 0 verify away/$image; leaves 0 hash away/$image; leaves 0 info away/$image; rm -rf rep; leaves 0 report away/$image -o rep
  leaves 0 verify away/$image --no-record; leaves 0 verify away/$image --against home/$([ $image = moved.E01 ] && echo disk.raw || echo disk.E01)
done
# one byte flipped, then frozen: the chunk is named
travel; flip "$away/moved.raw" 1500000; flip "$away/moved.E01" 100000; freeze
leaves 1 verify away/moved.raw --json
is "$(j .verdict)" mismatch
is "$(j '.findings[]|select(.check=="chunk" and .outcome=="mismatch")|"\(.lba) \(.count) \(.basis)"')" "2048 2048 record"
leaves 1 verify away/moved.raw; says "chunk 1 .LBA 2048 to 4095. differs from the side record"
leaves 1 verify away/moved.E01 --json; is "$(j .verdict)" damaged
is "$(j '.findings[]|select(.check=="chunk-checksum").file')" moved.E01
# without the record
travel bare; freeze
leaves 6 verify away/moved.raw --json; is "$(j .verdict)" no-reference; is "$(jq -c .basis "$work/out")" "[]"
is "$(j '.digests[]|select(.algorithm=="sha256" and .scope=="media").value')" "$(sha256sum <src.bin | cut -d' ' -f1)" "our own digests are given"
leaves 0 verify away/moved.E01 --json; is "$(j .verdict)" match; is "$(jq -c .basis "$work/out")" '["stored"]'
# the record comes along in somebody's pocket
leaves 0 verify away/moved.raw --against home/disk.raw.record.jsonl --require external
leaves 0 verify away/moved.E01 --against home/disk.E01.record.jsonl --require external
leaves 0 verify away/moved.raw --against home/disk.E01.record.jsonl --json; is "$(j .verdict)" match

# a record that was tampered with is found out, whatever the image is like
for edit in 's/"sectors":6144/"sectors":6145/' '2d' '1d' 's/"outcome":"done"/"outcome":"dome"/' '$s/"text":"./"text":"2/' '$d' 's/11/12/' '1s/^/x/' '$s/}$//'; do
  travel; sed -i "$edit" "$away/moved.raw.record.jsonl"
  cmp -s "$away/moved.raw.record.jsonl" home/disk.raw.record.jsonl && fail "the edit $edit changes nothing"
  x 1 verify away/moved.raw --json; is "$(j .error.code)" corrupt "tampered by $edit"
  j .error.file | grep -q record.jsonl || fail "the record is not named: $(j .error.file)"
done
travel; : >"$away/moved.raw.record.jsonl"; x 1 verify away/moved.raw
travel; truncate -s -1 "$away/moved.raw.record.jsonl"; x 1 verify away/moved.raw
# somebody else's record beside it: a named record whose digests differ is a mismatch
head -c 3145728 /dev/zero >zero.bin; x 0 acquire zero.bin -o zero.raw
travel; cp zero.raw.record.jsonl "$away/moved.raw.record.jsonl"; x 1 verify away/moved.raw --json; is "$(j .verdict)" mismatch
travel; cp home/ledger.db "$away/ledger.db"; cp zero.raw.record.jsonl "$away/moved.raw.record.jsonl"; x 1 verify away/moved.raw
travel; thaw

# ---- which ledger: the nearest upwards, on the same file system
mkdir -p tree/a/b/c
x 0 log --init --ledger tree/ledger.db
x 0 acquire src.bin -o tree/a/b/c/d.raw --json; is "$(j .ledger.file)" "$work/tree/ledger.db"; absent tree/a/b/c/ledger.db
is "$(sqlite3 tree/ledger.db "SELECT json_extract(line,'\$.object.image') FROM entry WHERE seq=3")" a/b/c/d.raw "named from the ledger's folder"
x 0 log --init --ledger tree/a/b/ledger.db
x 0 verify tree/a/b/c/d.raw --json; is "$(j .ledger.file)" "$work/tree/a/b/ledger.db"; j '.basis[]' | grep -qx ledger && fail "the nearest ledger knows nothing of it"
x 0 verify tree/a/b/c/d.raw --ledger tree/ledger.db --json; is "$(j .ledger.file)" "$work/tree/ledger.db"; j '.basis[]' | grep -qx ledger || fail "--ledger is not believed"
(cd tree/a/b/c && x 0 verify d.raw --json && is "$(j .ledger.file)" "$work/tree/a/b/ledger.db") || exit 1
# the folder moves with ledger and images: names are relative
mv tree wood; rm wood/a/b/ledger.db wood/a/b/c/*.jsonl
x 0 verify wood/a/b/c/d.raw --require ledger
# $EXHIBIT_LEDGER comes before what is found, --ledger before both
x 0 log --init --ledger env.db; x 0 log --init --ledger given.db
export EXHIBIT_LEDGER=$work/env.db
x 6 verify wood/a/b/c/d.raw --json; is "$(j .ledger.file)" "$work/env.db"
x 6 verify wood/a/b/c/d.raw --ledger given.db --json; is "$(j .ledger.file)" "$work/given.db"
x 0 acquire src.bin -o by-env.raw --json; is "$(j .ledger.file)" "$work/env.db"
x 0 log --check --json; is "$(j .ledger.file)" "$work/env.db"
export EXHIBIT_LEDGER=$work/absent.db
x 0 verify by-env.raw --json; is "$(j .ledger.recorded)" false; j .ledger.reason | grep -q EXHIBIT_LEDGER || fail "reason: $(j .ledger.reason)"
absent absent.db
unset EXHIBIT_LEDGER
# a symbolic link is not followed to a ledger somewhere else
mkdir link; ln -s ../given.db link/ledger.db
before=$(sha256sum <given.db)
x 0 acquire src.bin -o link/a.raw --json; [ "$(j .ledger.file)" != "$work/given.db" ] || fail "a link was followed"
is "$(sha256sum <given.db)" "$before" "the ledger behind the link"
# another file system's ledger is not this one's
if [ ${#mounts[@]} -gt 0 ]; then
  rm -rf "$away"/*; x 0 log --init --ledger up.db; mv up.db ledger.db
  x 0 acquire src.bin -o away/x.raw --json; is "$(j .ledger.file)" "$away/ledger.db"
  rm ledger.db
fi
# a new one is named on stderr, and only there
mkdir fresh
x 0 acquire src.bin -o fresh/a.raw
grep -q "new custody ledger: $work/fresh/ledger.db" "$work/err" || fail "the new ledger is not named on stderr"
x 0 acquire src.bin -o fresh/b.raw; grep -q "new custody ledger" "$work/err" && fail "it is new a second time"
# reading commands make none
mkdir bare; cp fresh/a.raw bare/
for command in verify hash info; do x $([ $command = verify ] && echo 6 || echo 0) $command bare/a.raw; done
x 4 report bare/a.raw -o bare-report; absent bare-report
is "$(ls bare)" a.raw "a folder that has only been looked at"
x 4 log --ledger bare/ledger.db; absent bare/ledger.db

# ---- --no-record writes nothing anywhere
mkdir silent; x 0 log --init --ledger silent/ledger.db
before=$(sha256sum <silent/ledger.db)
x 0 acquire src.bin -o silent/a.raw --no-record --json; is "$(j .ledger.recorded)" false; is "$(j .ledger.reason)" "--no-record was given"
x 0 convert silent/a.raw -o silent/a.E01 --no-record
x 0 verify silent/a.E01 --no-record --json; is "$(j .ledger.reason)" "--no-record was given"
x 6 verify silent/a.raw --no-record; x 0 hash silent/a.raw --no-record
is "$(ls silent | tr '\n' ' ')" "a.E01 a.raw ledger.db "
is "$(sha256sum <silent/ledger.db)" "$before" "the ledger with --no-record"
x 0 acquire src.bin -o silent/b.raw --no-record --ledger "$work/none.db"; absent none.db silent/b.raw.record.jsonl
mkdir mute; x 0 acquire src.bin -o mute/a.raw --no-record; is "$(ls mute)" a.raw
# ... and reads what is there
x 0 verify fresh/a.raw --no-record --require ledger

# ---- the busy ones
for run in "${runs[@]}"; do wait "$run"; done
[ $((SECONDS - begun)) -ge 29 ] || fail "nobody waited for the busy ledgers"
echo "ROLLBACK;" >&7; echo "ROLLBACK;" >&8; exec 7>&- 8>&-; wait "${keepers[@]}"
result() { cp "$1.out" "$work/out"; cp "$1.err" "$work/err"; is "$(cat "$1.code")" "$2" "exit status of $1"; }
result shut-verify 0; is "$(j .verdict)" match; is "$(jq -c .basis "$work/out")" '["record"]'
is "$(j .ledger.recorded)" false; j .ledger.reason | grep -q busy || fail "reason: $(j .ledger.reason)"
result held-verify 0; is "$(j .verdict)" match; is "$(jq -c .basis "$work/out")" '["ledger","record"]' "a ledger that is only being written to is read"
is "$(j .ledger.recorded)" false; j .ledger.reason | grep -q busy || fail "reason: $(j .ledger.reason)"
result shut-named 4; result held-named 4
result held-acquire 0; is "$(j .ledger.recorded)" false; [ -s held/b.raw.record.jsonl ] || fail "no side record stands in"
x 0 log --check --ledger held/ledger.db
x 0 log --import held/b.raw.record.jsonl --ledger held/ledger.db
x 0 verify held/b.raw --require ledger
