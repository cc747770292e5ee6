#!/usr/bin/env bash
# A ledger that exhibit wrote is checked with stock tools alone - sqlite3 -safe, split, sha256sum - and the other way round: exhibit takes in a
# side record that a shell chained with sha256sum. What the shell finds broken, `exhibit log --check` must find broken, and the reverse.
set -u
[ -x "${EXHIBIT:-}" ] || { echo "skipped: the program 'exhibit' is not built"; exit 77; }
for tool in sqlite3 split sha256sum; do
  command -v "$tool" >/dev/null || { echo "skipped: no $tool on this machine"; exit 77; }
done
unset EXHIBIT_LEDGER
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
zeros=$(printf '%064d' 0)
failed=0
complain() { printf 'FAIL: %s\n' "$1"; failed=1; }

# One answer from a database that is not trusted: its own SQL never runs, nothing is written.
ask() { sqlite3 -safe -batch "file:$1?immutable=1" "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; $2"; }

# Checks a ledger without a line of ours. Prints its head, or why it is broken (status 1).
shell_check() {
  local db=$1 work name hex
  work=$(mktemp -d "$dir/check.XXXXXX")
  [ "$(ask "$db" 'PRAGMA integrity_check')" = ok ] || { echo "pages"; return 1; }
  ask "$db" 'SELECT line FROM entry ORDER BY seq' > "$work/ledger.jsonl"
  # A line is hashed with its LF, so each piece of the plain export is what was hashed.
  mkdir "$work/lines"
  split -l 1 -d -a 8 "$work/ledger.jsonl" "$work/lines/l"
  (cd "$work/lines" && printf '%s\0' l* | xargs -0 sha256sum | cut -c1-64) > "$work/computed"
  ask "$db" 'SELECT sha256 FROM entry ORDER BY seq' > "$work/stored"
  cmp -s "$work/computed" "$work/stored" || { echo "hashes"; return 1; }
  ask "$db" "SELECT json_extract(line,'\$.prev') FROM entry ORDER BY seq" > "$work/prev"
  { echo "$zeros"; sed '$d' "$work/computed"; } > "$work/expected"
  cmp -s "$work/prev" "$work/expected" || { echo "links"; return 1; }
  ask "$db" "SELECT seq||' '||json_extract(line,'\$.seq') FROM entry ORDER BY seq" > "$work/numbers"
  seq "$(wc -l < "$work/numbers")" | sed 's/.*/& &/' | cmp -s - "$work/numbers" || { echo "numbers"; return 1; }
  for name in $(ask "$db" 'SELECT sha256 FROM blob'); do
    # The bytes come out as hex: any byte may be in a series.
    hex=$(ask "$db" "SELECT hex(bytes) FROM blob WHERE sha256='$name'" | sed 's/../\\x&/g')
    [ "$(printf '%b' "$hex" | sha256sum | cut -c1-64)" = "$name" ] || { echo "series $name"; return 1; }
  done
  echo "$(wc -l < "$work/computed") sha256:$(tail -n 1 "$work/computed")"
}

# A side record of one acquisition, chained here: line() hashes what it printed for the line after it.
prev=$zeros
number=0
line() {
  number=$((number + 1))
  text="{\"v\":1,\"prev\":\"$prev\",\"seq\":$number,\"time\":\"2026-11-22T07:00:0${number}Z\",\"type\":\"$1\",\"actor\":{},\"object\":{\"image\":\"disk.dd\",\"store\":\"side\"},\"body\":$2}"
  prev=$(printf '%s\n' "$text" | sha256sum | cut -c1-64)
  printf '%s\n' "$text" >> disk.dd.record.jsonl
}
operation=00000000000000000000000000000001
series="1 0 128 0 $zeros"
blob=$(printf '%s\n' "$series" | sha256sum | cut -c1-64)
line acquire-begin "{\"operation\":\"$operation\"}"
line acquire-end "{\"operation\":\"$operation\",\"begin_seq\":1,\"outcome\":\"done\",\"chunks\":{\"blob\":\"$blob\"},\"case\":{\"examiner\":\"Ä €\"}}"
printf '{"blob":"%s","text":"%s\\n"}\n' "$blob" "$series" >> disk.dd.record.jsonl

"$EXHIBIT" log --init > made || { complain "log --init: status $?"; exit 1; }
"$EXHIBIT" log --import disk.dd.record.jsonl > imported || { complain "log --import: status $?"; exit 1; }
head=$(sed -n 's/^ledger head //p' imported)

shell_head=$(shell_check ledger.db) || complain "stock tools find a fresh ledger broken: $shell_head"
[ "$shell_head" = "$head" ] || complain "stock tools find the head '$shell_head', exhibit printed '$head'"
[ "$(ask ledger.db 'SELECT count(*) FROM entry')" = 3 ] || complain "the ledger has not three lines"
[ "$(ask ledger.db "SELECT json_extract(line,'\$.body.line') FROM entry WHERE seq=3")" = "$(sed -n 2p disk.dd.record.jsonl)" ] || complain "the imported line is not verbatim"
printed=${head/ sha256/}
"$EXHIBIT" log --check --head "$printed" > checked || complain "log --check --head $printed: status $?"
grep -qx "ledger head $head" checked || complain "log --check does not print the head"
"$EXHIBIT" log > listed || complain "log: status $?"
grep -q 'import .*disk.dd' listed || complain "log does not list the import"
"$EXHIBIT" log --check --json > checked || complain "log --check --json: status $?"
[ "$(sqlite3 :memory: "SELECT json_extract(readfile('checked'),'\$.sound')||json_extract(readfile('checked'),'\$.lines')")" = 13 ] || complain "log --check --json is not sound"
"$EXHIBIT" log --json > listed || complain "log --json: status $?"
[ "$(sqlite3 :memory: "SELECT json_extract(readfile('listed'),'\$.lines[2].body.line')")" = "$(sed -n 2p disk.dd.record.jsonl)" ] || complain "log --json does not give the lines"
refused() { # STATUS WHAT ARGUMENT...
  local want=$1 what=$2
  shift 2
  "$EXHIBIT" log "$@" > said 2>&1
  local status=$?
  [ $status = "$want" ] || complain "$what: status $status, not $want: $(cat said)"
}
refused 2 "a second import" --import disk.dd.record.jsonl
refused 2 "a ledger over another" --init
refused 4 "a ledger that is not there" --ledger none.db
refused 2 "two modes at once" --init --check
refused 2 "--head without --check" --head "$printed"
refused 2 "a head that is none" --check --head 3
echo "Dear court" > letter.db
"$EXHIBIT" log --check --ledger letter.db > said 2>&1 && complain "a letter passes for a ledger"

# One change each, by an insider who puts the guards back. The shell and exhibit must agree, except on a cut tail, which only a head shows.
tampered() {
  local guards drop
  cp ledger.db broken.db
  guards=$(sqlite3 broken.db "SELECT sql||';' FROM sqlite_schema WHERE type='trigger'")
  drop=$(sqlite3 broken.db "SELECT 'DROP TRIGGER '||name||';' FROM sqlite_schema WHERE type='trigger'")
  sqlite3 broken.db "$drop $1; $guards"
}
while IFS='|' read -r what change; do
  tampered "$change"
  shell_check broken.db > said && complain "stock tools do not see: $what"
  refused 1 "$what" --check --ledger broken.db
done <<'CHANGES'
a changed line|UPDATE entry SET line=replace(line,'disk.dd','risk.dd') WHERE seq=2
a deleted line|DELETE FROM entry WHERE seq=2
a swap|UPDATE entry SET seq=9 WHERE seq=2; UPDATE entry SET seq=2 WHERE seq=3; UPDATE entry SET seq=3 WHERE seq=9
a changed hash|UPDATE entry SET sha256=lower(hex(zeroblob(32))) WHERE seq=3
a changed series|UPDATE blob SET bytes=x'00'
CHANGES
refused 1 "a broken ledger, listed" --ledger broken.db
tampered "DELETE FROM entry WHERE seq=3"
shell_check broken.db > said || complain "a cut tail alone must not break the chain: $(cat said)"
refused 1 "a cut tail against the printed head" --check --head "$printed" --ledger broken.db
grep -q 'the ledger ends at 2, but the printed head names line 3' said || complain "a cut tail is not named: $(cat said)"

# A copy is read, not written, until it is adopted; then it is a ledger of its own that stock tools find whole.
cp ledger.db copy.db
line verify "{\"operation\":\"$operation\"}"
refused 4 "writing to a copy" --import disk.dd.record.jsonl --ledger copy.db
grep -q 'is a copy' said || complain "nothing says that it is a copy: $(cat said)"
"$EXHIBIT" log --adopt --ledger copy.db > adopted || complain "log --adopt: status $?"
refused 2 "adopting twice" --adopt --ledger copy.db
"$EXHIBIT" log --import disk.dd.record.jsonl --ledger copy.db > imported || complain "an adopted copy is not written to"
[ "$(shell_check copy.db)" = "$(sed -n 's/^ledger head //p' imported)" ] || complain "stock tools find an adopted copy broken"

[ $failed = 0 ] && echo "stock tools and exhibit agree"
exit $failed
