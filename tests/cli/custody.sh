#!/usr/bin/env bash
# What happens to a ledger that somebody edits, cuts or copies: the guards refuse honest mistakes, the chain shows the rest, a printed head shows a
# cut, and a copied case folder never grows a second history under the same store id.
. "$(dirname "$0")/../lib.sh"
need jq sqlite3 sha256sum
sample src.bin 3145728
mkdir case
x 0 acquire src.bin -o case/a.raw --chunk 1M --json
x 0 verify case/a.raw --json
x 0 acquire src.bin -o case/b.E01 --json
x 0 verify case/b.E01 --json
head=$(j '"\(.ledger.seq):\(.ledger.head)"') seq=$(j .ledger.seq)
is "$seq" 7 "lines: created, two begins, two ends, two verifies"
is "$(sqlite3 case/ledger.db 'SELECT count(*) FROM image')" 2 "images, for queries: a verification adds none, though its line describes what it saw"
x 0 log --check --head "$head" --ledger case/ledger.db

# ---- guards: an honest mistake is refused, and nothing has changed
before=$(sha256sum <case/ledger.db)
for sql in "UPDATE entry SET line='{}' WHERE seq=2" "DELETE FROM entry WHERE seq=3" "DELETE FROM entry WHERE seq=$seq" \
  "INSERT OR REPLACE INTO entry(seq,line,sha256) SELECT 2,line,sha256 FROM entry WHERE seq=4" \
  "INSERT INTO entry(seq,line,sha256) SELECT 100,line,sha256 FROM entry WHERE seq=4" \
  "UPDATE blob SET bytes=x'00'" "DELETE FROM blob" "INSERT OR REPLACE INTO blob SELECT sha256, x'00' FROM blob LIMIT 1"; do
  sqlite3 case/ledger.db "$sql" 2>refused && fail "the guards let through: $sql"
  grep -qE "never|follows" refused || fail "refused, but not by a guard: $sql: $(cat refused)"
done
is "$(sha256sum <case/ledger.db)" "$before" "the ledger after refused edits"

# ---- edits with the guards off. tampered NAME SQL: an edited copy of the ledger in t/NAME.db, guards restored to the letter.
mkdir t
tampered() {
  local guards
  cp case/ledger.db "t/$1.db"
  guards=$(sqlite3 "t/$1.db" "SELECT sql||';' FROM sqlite_master WHERE type='trigger'")
  sqlite3 "t/$1.db" "SELECT 'DROP TRIGGER '||name||';' FROM sqlite_master WHERE type='trigger'" | sqlite3 "t/$1.db" || fail "no triggers to drop"
  sqlite3 "t/$1.db" "$2" || fail "tampering: $2"
  [ -n "${3-}" ] || sqlite3 "t/$1.db" "$guards" || fail "guards"
}
broken() { # NAME [TEXT]: the check finds it, in words and in JSON, and leaves the file alone
  local before; before=$(sha256sum <"t/$1.db")
  x 1 log --check --ledger "t/$1.db"
  says "ledger is broken"
  [ -z "${2-}" ] || says "$2"
  x 1 log --check --ledger "t/$1.db" --json
  is "$(j .sound)" false; [ "$(j .problem_count)" -ge 1 ] || fail "no problems listed for $1"
  is "$(j '.problems|length')" "$(j .problem_count)" "problems listed"
  x 1 log --ledger "t/$1.db"
  is "$(sha256sum <"t/$1.db")" "$before" "the ledger after a check"
}
tampered changed "UPDATE entry SET line=replace(line,'src.bin','xyz.bin') WHERE seq=3"
broken changed "line 3"
tampered rehashed "UPDATE entry SET line=replace(line,'src.bin','xyz.bin') WHERE seq=3"
# the forger knows the hash as well: then the next line's link is wrong
sum=$(sqlite3 t/rehashed.db "SELECT line FROM entry WHERE seq=3" | sha256sum | cut -d' ' -f1)
tampered rehashed "UPDATE entry SET line=replace(line,'src.bin','xyz.bin'), sha256='$sum' WHERE seq=3"
broken rehashed "line 4"
tampered deleted "DELETE FROM entry WHERE seq=3"
broken deleted
tampered renumbered "DELETE FROM entry WHERE seq=3; UPDATE entry SET seq=-seq WHERE 0; UPDATE entry SET seq=seq-1 WHERE seq>3"
broken renumbered
tampered swapped "CREATE TEMP TABLE o AS SELECT * FROM entry WHERE seq IN (3,5);
  UPDATE entry SET (line,sha256)=(SELECT line,sha256 FROM o WHERE o.seq=8-entry.seq) WHERE seq IN (3,5)"
broken swapped "line 3"
tampered first "DELETE FROM entry WHERE seq=1"
broken first
tampered doubled "INSERT INTO entry SELECT 8,line,sha256 FROM entry WHERE seq=7"
broken doubled "line 8"
tampered series "UPDATE blob SET bytes=cast(replace(cast(bytes AS TEXT),'a','b') AS BLOB)"
broken series
tampered noseries "DELETE FROM blob"
broken noseries
tampered unguarded "" keep
broken unguarded guard
tampered weakened "CREATE TRIGGER entry_no_update BEFORE UPDATE ON entry WHEN 0 BEGIN SELECT RAISE(ABORT,'a ledger line is never changed'); END" keep
x 1 log --check --ledger t/weakened.db
# hostile schema: a view or trigger that we did not make is refused before a row is read
tampered hostile "CREATE TRIGGER more AFTER INSERT ON entry BEGIN DELETE FROM blob; END"
x 1 log --check --ledger t/hostile.db
# a cut tail is sound in itself; a head that was printed before shows it, and a shorter one still holds
tampered cut "DELETE FROM entry WHERE seq>=6"
x 0 log --check --ledger t/cut.db
says "cut off shows only against a head"
x 1 log --check --ledger t/cut.db --head "$head"
x 1 log --check --ledger t/cut.db --head "$head" --json; is "$(j .sound)" false
x 0 log --check --ledger t/cut.db --head "5:$(sqlite3 t/cut.db 'SELECT sha256 FROM entry WHERE seq=5')"
# everything from line 3 on written anew by someone who knows how
cp case/ledger.db t/rewritten.db
sqlite3 t/rewritten.db "SELECT 'DROP TRIGGER '||name||';' FROM sqlite_master WHERE type='trigger'" >drop.sql
sqlite3 t/rewritten.db "SELECT sql||';' FROM sqlite_master WHERE type='trigger'" >guards.sql
sqlite3 t/rewritten.db <drop.sql
prev=$(sqlite3 t/rewritten.db "SELECT sha256 FROM entry WHERE seq=2")
for n in 3 4 5 6 7; do
  sqlite3 t/rewritten.db "SELECT line FROM entry WHERE seq=$n" | sed "s/\"prev\":\"[0-9a-f]*\"/\"prev\":\"$prev\"/; s/src\\.bin/xyz.bin/g" >line
  prev=$(sha256sum <line | cut -d' ' -f1)
  sqlite3 t/rewritten.db "UPDATE entry SET line=rtrim(cast(readfile('line') AS TEXT),char(10)), sha256='$prev' WHERE seq=$n" || fail "rewriting"
done
sqlite3 t/rewritten.db <guards.sql
x 0 log --check --ledger t/rewritten.db
x 1 log --check --ledger t/rewritten.db --head "$head"
for bad in 7 7: :ab 7:zz "0:$(printf '%064d' 0)" "x:${head#*:}"; do x 2 log --check --ledger case/ledger.db --head "$bad"; done
x 1 log --check --ledger case/ledger.db --head "99:${head#*:}"
x 2 log --head "$head" --ledger case/ledger.db

# ---- a broken chain is not believed: neither what it says for the image nor against it
mkdir broken
cp case/a.raw broken/; cp t/changed.db broken/ledger.db
x 1 verify broken/a.raw; says "chain is broken"
x 1 verify broken/a.raw --json; is "$(j .error.code)" corrupt; is "$(j .verdict)" null
grep -q '"match"' "$work/out" && fail "a broken ledger gives a match"
x 1 verify broken/a.raw --no-record
x 1 report broken/a.raw -o broken/report
# ... and nothing was added to it
is "$(sha256sum <broken/ledger.db)" "$(sha256sum <t/changed.db)" "the broken ledger"

# ---- what is no ledger at all
printf 'not a database, but it has the name' >t/text.db
x 1 log --check --ledger t/text.db
: >t/empty.db
x 1 log --check --ledger t/empty.db
sqlite3 t/other.db "CREATE TABLE notes(x); INSERT INTO notes VALUES(1)"
x 1 log --check --ledger t/other.db
x 4 log --check --ledger t/absent.db
cp case/ledger.db t/newer.db; sqlite3 t/newer.db "PRAGMA user_version=99"
x 4 log --check --ledger t/newer.db; says "newer|version"
mkdir newer; cp case/a.raw newer/; cp t/newer.db newer/ledger.db
x 6 verify newer/a.raw --json; is "$(j .ledger.recorded)" false; j .ledger.reason | grep -qE "newer|version" || fail "reason: $(j .ledger.reason)"
x 4 verify newer/a.raw --ledger newer/ledger.db
# init never overwrites
x 2 log --init --ledger case/ledger.db
x 0 log --init --ledger t/new.db; says "ledger head 1 sha256:"
x 0 log --check --ledger t/new.db

# ---- a case folder copied twice and used in both
cp -a case one; cp -a case two
for copy in one two; do
  before=$(sha256sum <$copy/ledger.db)
  for image in a.raw b.E01; do
    x 0 verify $copy/$image --json
    is "$(j .verdict)" match; j '.basis[]' | grep -qx ledger || fail "the copied ledger is not believed"
    is "$(j .ledger.recorded)" false; j .ledger.reason | grep -q copy || fail "reason: $(j .ledger.reason)"
    is "$(j '.ledger.seq')" null
  done
  x 0 verify $copy/a.raw; says "is not written: .*copy"
  x 0 hash $copy/a.raw --json; is "$(j .ledger.recorded)" false
  x 4 verify $copy/a.raw --ledger $copy/ledger.db; says copy
  x 4 verify $copy/a.raw --ledger $copy/ledger.db --json; is "$(j '.error.code')" io
  is "$(sha256sum <$copy/ledger.db)" "$before" "the copy's ledger"
  # an image made there is recorded beside itself
  x 0 acquire src.bin -o $copy/c.raw --json
  is "$(j .ledger.recorded)" false; j .ledger.reason | grep -q copy || fail "reason: $(j .ledger.reason)"
  [ -s $copy/c.raw.record.jsonl ] || fail "no side record for the image made beside a copy"
  is "$(sha256sum <$copy/ledger.db)" "$before" "the copy's ledger"
  rm $copy/c.raw $copy/c.raw.record.jsonl
done
# the original goes on
x 0 verify case/a.raw --json; is "$(j .ledger.seq)" 8
x 2 log --adopt --ledger case/ledger.db; says "at home"
for copy in one two; do
  x 0 log --adopt --ledger $copy/ledger.db; says "ledger head 8 sha256:"
  x 0 verify $copy/a.raw --json; is "$(j .ledger.seq)" 9 "first line after adopting"; is "$(j .verdict)" match
  x 0 acquire src.bin -o $copy/c.raw --json; is "$(j .ledger.seq)" 11
  x 0 log --check --head "$head" --ledger $copy/ledger.db # the common past is still there
done
# no two histories with the same store id and number: whoever holds several ledgers can tell every line apart
history() { # the store in force at each line, its number, its hash
  sqlite3 -batch "$1" "SELECT seq, line, sha256 FROM entry ORDER BY seq" -separator $'\t' |
    while IFS=$'\t' read -r n line sum; do
      id=$(jq -r 'select(.type=="ledger-created" or .type=="ledger-adopted") | .body.store' <<<"$line"); store=${id:-${store-}}
      printf '%s %s %s\n' "$store" "$n" "$sum"
    done
}
for db in case/ledger.db one/ledger.db two/ledger.db; do history $db; done | sort -u >lines
is "$(cut -d' ' -f1,2 lines | sort | uniq -d)" "" "two lines of the same store and number"
is "$(cut -d' ' -f1 lines | sort -u | wc -l)" 3 "store ids"
is "$(for db in case one two; do sqlite3 $db/ledger.db 'SELECT count(*) FROM entry'; done | tr '\n' ' ')" "8 11 11 " "lines"
# a copy with a broken chain is not adopted
mkdir three; cp t/changed.db three/ledger.db
x 1 log --adopt --ledger three/ledger.db
# a ledger that was only renamed, or whose folder was, is at home still
mv case moved
x 0 verify moved/a.raw --json; is "$(j .ledger.seq)" 9
is "$(j .ledger.recorded)" null

# ---- no ledger can be written: begin and end chain beside the image, and go into a ledger later
cp -a moved away; rm -f away/b.E01*
x 0 acquire src.bin -o away/d.E01 --case 7 --examiner "Ä. Nother" --chunk 1M --json
is "$(j .ledger.side_record)" away/d.E01.record.jsonl
is "$(jq -rs 'map(select(.type))|map(.type)|join(" ")' away/d.E01.record.jsonl)" "acquire-begin acquire-end"
is "$(jq -rs 'map(select(.type))|map(.object.store)|join(" ")' away/d.E01.record.jsonl)" "side side"
is "$(jq -rs 'map(select(.type))[1].body.begin_seq' away/d.E01.record.jsonl)" 1
is "$(head -1 away/d.E01.record.jsonl | sha256sum | cut -d' ' -f1)" "$(sed -n 2p away/d.E01.record.jsonl | jq -r .prev)" "the side record's own chain"
rm away/ledger.db
x 0 verify away/d.E01 --json; is "$(j '.basis|index("record")!=null')" true
x 0 log --init --ledger away/ledger.db
x 0 log --import away/d.E01.record.jsonl --ledger away/ledger.db --json; is "$(j .added)" 2
x 2 log --import away/d.E01.record.jsonl --ledger away/ledger.db
rm away/d.E01.record.jsonl
x 0 verify away/d.E01 --require ledger --json; is "$(j .verdict)" match
is "$(j '[.findings[]|select(.check=="chunk" and .basis=="ledger" and .outcome=="match")]|length')" 1 "chunks out of the imported series"
x 0 log --check --ledger away/ledger.db
# the begin line is there before the first read: a source that ends the run half-way leaves begin and a failed end
mkfifo pipe
cp -a moved slow
{ head -c 1000000 src.bin; exec sleep 60; } >pipe & feeder=$!
"$EXHIBIT" acquire - -o slow/e.raw --progress none <pipe >"$work/out" 2>"$work/err" & runner=$!
soon test -s slow/e.raw.record.jsonl
is "$(jq -rs 'map(.type)|join(" ")' slow/e.raw.record.jsonl)" "acquire-begin" "while it reads"
kill -INT $runner; kill $feeder; wait $runner; is $? 130 "exit status of an interrupted run"
wait $feeder 2>/dev/null
is "$(jq -rs 'map(select(.type))|map(.body.outcome)|join(" ")' slow/e.raw.record.jsonl)" " interrupted"
absent slow/e.raw
rm -r slow/e.raw.partial
x 2 acquire src.bin -o slow/e.raw; says "not finished"
x 2 verify src.bin --against slow/e.raw.record.jsonl; says "no record of a finished image"
