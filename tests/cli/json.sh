#!/usr/bin/env bash
# The interface for programs: the keys of every document and their types, one document and nothing else on stdout also when things go wrong, JSON
# lines as progress; lists of digests and expectations as references; help that derives from the option tables.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sha256sum md5sum sha1sum
sample src.bin 5000000
truncate -s 4999680 src.bin
md5=$(md5sum <src.bin | cut -d' ' -f1) sha=$(sha256sum <src.bin | cut -d' ' -f1)

# one_document: stdout is one JSON object and nothing else. keys EXPRESSION: every clause is true.
one_document() { is "$(jq -s 'length' "$work/out" 2>&1)" 1 "documents on stdout"; is "$(jq -r type "$work/out")" object; }
keys() {
  one_document
  local clause
  while IFS= read -r clause; do
    [ -z "${clause// /}" ] || [ "$(jq "$clause" "$work/out" 2>&1)" = true ] || fail "not so: $clause"
  done <<<"$1"
}
hex='test("^[0-9a-f]+$")'
digests="(.digests|type)==\"array\" and (.digests|length)>0
all(.digests[]; (.scope|type)==\"string\" and (.algorithm|type)==\"string\" and (.value|$hex) and (.not_good|type)==\"number\")
any(.digests[]; .scope==\"media\" and .algorithm==\"sha256\" and .value==\"$sha\")
any(.digests[]; .scope==\"media\" and .algorithm==\"md5\" and .value==\"$md5\")"
made="(.format|type)==\"string\"
(.files|type)==\"array\" and all(.files[]; (.name|type)==\"string\" and (.path|type)==\"string\" and (.bytes|type)==\"number\")
.sector_size==512
.sectors==9765
.bytes==4999680
.unreadable_sectors==0
.unreadable==[]
(.chunks|(.sectors|type)==\"number\" and (.count|type)==\"number\" and (.root|length)==64 and (.root|$hex))
.acquisition==\"complete\"
.of==\"medium\"
.verification==\"match\"
(.ledger.file|startswith(\"/\")) and (.ledger.seq|type)==\"number\" and (.ledger.head|length)==64 and (.ledger.head|$hex)"

mkdir case
x 0 acquire src.bin -o case/a.E01 --segment 1M --compress none --case 1 --notes $'line\nline\t"ä"' --json
keys "$made"; keys "$digests"; keys '.format=="ewf" and (.files|length)==5
all(.files[].path; startswith("case/a.E0"))'
for file in $(j '.files[].path'); do
  is "$(j ".digests[]|select(.scope==\"file:${file##*/}\").value")" "$(sha256sum <"$file" | cut -d' ' -f1)" "digest of $file"
  is "$(j ".files[]|select(.path==\"$file\").bytes")" "$(stat -c %s "$file")"
done
x 0 convert case/a.E01 -o case/b.raw --json
keys "$made"; keys "$digests"; keys '.format=="raw" and (.files|length)==1'
x 0 verify case/a.E01 --json
keys "$digests"
verdicts='["match","consistent","mismatch","damaged","no-reference","could-not-read","not-performed"]'
bases='["external","ledger","record","stored","checksum"]'
one="(.verdict|IN($verdicts[]))
(.basis|type)==\"array\" and all(.basis[]; IN($bases[]))
(.findings|type)==\"array\" and all(.findings[]; (.check|type)==\"string\" and (.outcome|type)==\"string\" and (.detail|type)==\"string\")
all(.findings[]; (.file|type|IN(\"string\",\"null\")) and (.offset,.lba,.count|type|IN(\"number\",\"null\")))
(.unreadable_sectors|type)==\"number\" and (.unread_now|type)==\"number\"
(.ledger.seq|type)==\"number\""
keys "$one"
keys '.verdict=="match" and .basis==["ledger","record","stored"] and .image=="case/a.E01"'
x 0 verify case/a.E01 case/b.raw --json
keys '(.results|type)=="array" and (.results|length)==2 and .counts=={"match":2}
(.verdict)==null'
jq '.results[1]' "$work/out" >one && mv one "$work/out" && keys "$one"
x 4 verify case/a.E01 case/absent.raw --json
keys '.counts=={"match":1,"error":1}
(.results[1]|.image=="case/absent.raw" and .error.code=="not-found" and (.error.text|type)=="string" and (.error.file|type)=="string")'
x 0 info case/a.E01 --json
keys '.format=="ewf" and .sector_size==512 and .sectors==9765 and .bytes==4999680
.layout.kind=="disk" and .layout.sessions==1 and (.layout.tracks|length)==1
(.layout.tracks[0]|.number==1 and .session==1 and .first_lba==0 and .sectors==9765 and .main_bytes==512 and .sub_bytes==0 and (.mode|type)=="string")
(.stored.digests|type)=="array" and .stored.digests[0].algorithm=="md5" and .stored.digests[0].scope=="media"
(.stored.case|type)=="object" and .stored.case.case=="1" and .stored.case.notes=="line\nline\t\"ä\""
.unreadable==[]
(.facts|type)=="array" and all(.facts[]; (.key|type)=="string" and (.value|type)=="string")'
x 0 info case/b.raw --json
keys '.format=="raw" and .stored.digests==[] and .stored.case=={} and (.facts|type)=="array"'
x 0 hash case/a.E01 --json --hash md5,sha256,sha1
keys "$digests"; keys '.source=="case/a.E01" and .bytes==4999680 and .unreadable==[] and (.ledger.seq|type)=="number"'
"$EXHIBIT" hash - --json --progress none <src.bin >"$work/out" 2>"$work/err" || fail "hash of standard input"
keys "$digests"; keys '.source=="-"'
x 0 devices --json
keys '(.devices|type)=="array" and all(.devices[]; (.path|startswith("/dev/")) and (.bytes|type)=="number" and (.sector_size|type)=="number" and (.read_only|type)=="boolean")
all(.devices[]; has("model") and has("serial"))'
log='(.ledger.file|startswith("/")) and (.ledger.seq|type)=="number" and (.ledger.head|length)==64
(.sound|type)=="boolean"'
x 0 log --ledger case/ledger.db --json
keys "$log"; keys '(.lines|length)==.ledger.seq and [.lines[].seq]==[range(1;.ledger.seq+1)]
all(.lines[]; (keys_unsorted|join(" "))=="v prev seq time type actor object body")'
x 0 log --check --ledger case/ledger.db --json
keys "$log"; keys '.sound and .problems==[] and .problem_count==0 and .lines==.ledger.seq'
x 0 log --init --ledger new.db --json; keys '.created==true and .ledger.seq==1'
x 0 log --import case/a.E01.record.jsonl --ledger new.db --json; keys '.added==2 and .known==0'
x 0 report case/a.E01 -o rep --json; one_document

# ---- errors: one document, the code that people see too, the exit status
error() { # CODE WORD ARGUMENT...
  local want=$1 word=$2; shift 2
  x "$want" "$@" --json
  keys '(.error.code|type)=="string" and (.error.text|type)=="string" and (.error|keys - ["code","text","file","offset"])==[]'
  is "$(j .error.code)" "$word" "the error of exhibit $*"
  [ -s "$work/err" ] || fail "exhibit $*: nothing on stderr"
}
printf 'EVF but no more' >junk.E01
error 4 not-found verify absent.raw
error 4 not-found info absent.raw
error 4 not-found hash absent.raw
error 4 not-found acquire absent.raw -o n.raw
error 5 corrupt verify junk.E01
error 5 corrupt info junk.E01
error 5 corrupt convert junk.E01 -o n.raw
error 2 usage acquire src.bin
error 2 usage acquire src.bin -o n.xyz
error 2 usage acquire src.bin -o n.raw --format tape
error 2 usage acquire src.bin -o n.raw --hash md5,blood
error 2 usage acquire src.bin -o n.raw --chunk 0
error 2 usage acquire src.bin -o n.raw --compress much
error 2 usage acquire src.bin -o n.raw --verify never
error 2 usage acquire src.bin -o n.raw --set novalue
error 2 usage acquire src.bin -o n.raw --start 99999999
error 2 usage acquire . -o n.raw
error 2 refused acquire src.bin -o case/a.E01
error 2 usage acquire
error 2 usage verify
error 2 usage info case/a.E01 case/b.raw
error 2 usage verify case/a.E01 --bogus
error 2 usage verify case/a.E01 --hash md5 --hash sha1
error 2 usage verify case/a.E01 --witness=yes
error 2 usage frobnicate
error 2 usage log --check --init
error 4 not-found log --ledger absent.db
error 4 not-found acquire src.bin -o absent/n.raw
error 2 usage convert case/a.E01 -o n.raw --case $'\xff'
x 2 --json
x 2 verify --bogus --json case/a.E01; one_document # --json behind the mistake
for arguments in "--json --expect" "--expect" "--json --progress sometimes"; do
  "$EXHIBIT" verify case/a.E01 $arguments >"$work/out" 2>"$work/err"; is $? 2 "verify $arguments"
  [[ $arguments != --json* ]] || one_document
done
absent n.raw n.raw.partial n.raw.record.jsonl
# a bad byte in the file name does not cost the document
odd=$'od\xffd'
mkdir "$odd"; cp src.bin "$odd/$odd.bin"
x 0 acquire "$odd/$odd.bin" -o "$odd/$odd.E01" --json; keys "$made"
x 0 verify "$odd/$odd.E01" --json; keys "$one"; keys '.verdict=="match" and (.image|type)=="string"'
x 0 hash "$odd/$odd.E01" --json; keys '(.source|type)=="string"'; keys "$digests"
x 0 info "$odd/$odd.E01" --json; keys '.files|length==1'
x 0 log --ledger "$odd/ledger.db" --json; keys '.ledger.file|type=="string"'
x 4 verify "$odd/none.raw" --json; keys '.error.code=="not-found" and (.error.file|type)=="string"'

# ---- talk: progress as JSON lines, none of it on stdout
progress() { # ARGUMENT...
  "$EXHIBIT" "$@" --json --progress json --quiet >"$work/out" 2>"$work/err" || fail "exhibit $* ended with $?"
  one_document
  while IFS= read -r line; do jq -e '.event|type=="string"' <<<"$line" >/dev/null 2>&1 || fail "not a progress line: $line"; done <"$work/err"
  grep -q '"event":"phase"' "$work/err" || fail "no phase in the progress of exhibit $*"
}
progress acquire src.bin -o case/p.E01
jq -es 'map(select(.event=="phase").phase)|index("acquire")!=null and index("read back")!=null' "$work/err" >/dev/null || fail "phases: $(cat "$work/err")"
progress verify case/p.E01
progress convert case/p.E01 -o case/p.raw
progress hash case/p.raw
# Not only progress: with --progress json whatever is said there is such a line.
lines() { # CODE EVENT TEXT ARGUMENT...: and one of them is this event, with this in its text
  local want=$1 event=$2 text=$3 got; shift 3
  "$EXHIBIT" "$@" --progress json >"$work/out" 2>"$work/err"; got=$?
  is $got "$want" "exhibit $*"
  jq -es 'all(.[]; (.event|type)=="string")' "$work/err" >/dev/null 2>&1 && [ "$(jq -s length "$work/err")" = "$(wc -l <"$work/err")" ] ||
    fail "not a JSON object on each line"
  jq -es --arg e "$event" --arg t "$text" 'any(.[]; .event==$e and (.text+" "+(.file//"")|contains($t)))' "$work/err" >/dev/null || fail "no $event says '$text'"
}
mkdir talk
lines 0 message 'cannot hold the case fields' acquire src.bin -o talk/a.raw --case 9
lines 0 message 'a new custody ledger' acquire src.bin -o talk/b.E01 --ledger talk/new.db
lines 2 error 'never overwritten' acquire src.bin -o talk/a.raw
lines 4 error 'none.bin' acquire none.bin -o talk/c.raw
lines 2 error $'od\xc3\xbfd' acquire "$odd/$odd.bin" -o "$odd/$odd.E01" # a byte that is no UTF-8
cp src.bin talk/d.raw; printf '\377' | dd of=talk/a.raw bs=1 seek=5000 conv=notrunc status=none
lines 1 phase '' verify talk/a.raw
if [ -x "$BUILD/tests/faulty_file" ] && [ -w /dev/fuse ] && [ "$(id -u)" = 0 ]; then
  serve faulty_file src.bin sick bad:51200:512:5
  lines 3 fault 'Input/output error' acquire sick/disk -o talk/s.E01
  lines 2 error 'give --lossy to agree' convert talk/s.E01 -o talk/s.raw --no-record
  lines 0 message 'lost, as agreed' convert talk/s.E01 -o talk/s.raw --no-record --lossy
  unmount
fi
"$EXHIBIT" verify talk/a.raw --progress json >/dev/full 2>"$work/err"
jq -es 'any(.[]; .event=="error" and (.text|contains("stdout")))' "$work/err" >/dev/null || fail "a full stdout is not told as a line of JSON"
"$EXHIBIT" verify case/p.E01 --quiet >"$work/out" 2>"$work/err" && [ ! -s "$work/err" ] || fail "--quiet talks"
"$EXHIBIT" verify case/p.E01 --progress plain >"$work/out" 2>"$work/err" && grep -q verify "$work/err" || fail "--progress plain says nothing"

# ---- lists of digests and expectations
cp case/b.raw r.raw; is "$(sha256sum <r.raw | cut -d' ' -f1)" "$sha"
against() { x "$1" verify "$2" --against "$3" --no-record --json; }
external() { j '.basis[]' | grep -qx external || fail "external is no basis: $(jq -c .basis "$work/out")"; }
for tool in sha256sum md5sum sha1sum sha512sum; do
  for form in "" --tag --binary; do
    $tool $form r.raw >list
    against 0 r.raw list; external; is "$(j .verdict)" match "$tool $form"
    x 0 verify r.raw --against list --require external --no-record
    { echo "# a comment"; $tool $form src.bin; cat list; } | sed 's/$/\r/' >crlf
    against 0 r.raw crlf; external
  done
  $tool r.raw | sed 's/^[0-8]/9/;t;s/^./0/' >wrong # another first digit, whichever it was
  against 1 r.raw wrong; is "$(j .verdict)" mismatch "$tool, one digit off"; external
done
sha256sum src.bin >list; against 2 r.raw list; is "$(j .error.code)" usage
{ sha256sum r.raw; md5sum r.raw; } >list; against 0 r.raw list; is "$(j '[.findings[]|select(.basis=="external" and .outcome=="match")]|length')" 2
{ sha256sum r.raw; md5sum r.raw | sed 's/^..../0000/'; } >list; against 1 r.raw list; is "$(j .verdict)" mismatch "one of two digests differs"
# a whole set of segments, under any of its names
(cd case && sha256sum a.E0? >../set)
against 0 case/a.E01 set; external; against 0 case/a.E03 set; external
head -4 set >part; x 6 verify case/a.E01 --against part --require external --no-record
sed '3s/^..../0000/' set >wrong; against 1 case/a.E01 wrong; is "$(j '.findings[]|select(.outcome=="mismatch").file')" a.E03
# a side record, another image, the other way round, and one that differs
against 0 r.raw case/a.E01.record.jsonl; external
against 0 case/a.E01 r.raw; external; against 0 r.raw case/a.E01; external
against 0 r.raw src.bin; external
cp r.raw d.raw; printf X | dd of=d.raw bs=1 seek=1234567 conv=notrunc status=none
against 1 d.raw case/a.E01; is "$(j '.findings[]|select(.check=="against" and .outcome=="mismatch")|"\(.lba) \(.count)"')" "2411 1"
against 1 case/a.E01 d.raw
head -c 100000 r.raw >short.raw; against 1 short.raw r.raw; against 1 r.raw short.raw
against 4 r.raw absent.raw; : >empty; against 1 r.raw empty
against 5 r.raw junk.E01

expect() { local code=$1; shift; x "$code" verify r.raw --no-record --json "$@"; }
expect 0 --expect "sha256:$sha" --require external; expect 0 --expect "md5:$md5"; expect 0 --expect "sha256:$sha" --expect "md5:$md5"
expect 0 --expect "sha256:${sha^^}"; expect 0 --expect "SHA256:$sha"
expect 0 --expect "sha1:$(sha1sum <r.raw | cut -d' ' -f1)@media"; expect 0 --expect "sha512:$(sha512sum <r.raw | cut -d' ' -f1)"
expect 0 --expect "blake2b512:$(b2sum <r.raw | cut -d' ' -f1)"
expect 0 --expect "sha256:$sha@file:r.raw"
expect 1 --expect "sha256:$(printf %064d 0)"; is "$(j .verdict)" mismatch
expect 1 --expect "sha256:$sha" --expect "md5:$(printf %032d 0)"
for bad in "sha256:" "sha256" ":$sha" "sha256:xyz" "sha256:${sha%?}" "sha256:${sha}00" "md5:$sha" "sha257:$sha" "blood:$sha" "crc32:zz"; do
  expect 2 --expect "$bad"; is "$(j .error.code)" usage "--expect $bad"
done
expect 2 --expect "sha256:$sha@track:9"; says "no scope" # a scope that nobody computes would pass without having been compared
x 0 verify r.raw case/b.raw --expect "sha256:$sha" --no-record --json; is "$(jq -c .counts "$work/out")" '{"match":2}'

# ---- help, from the tables
x 0 --help; says "exit status"; "$EXHIBIT" --version | grep -qE '^exhibit [0-9]' || fail "--version"
x 2 frobnicate
commands=$("$EXHIBIT" --help | sed -n '/^commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
is "$(tr '\n' ' ' <<<"$commands")" "devices acquire verify hash info convert report log " "commands"
for command in $commands; do
  "$EXHIBIT" $command --help >"$work/out" 2>"$work/err" || fail "$command --help ended with $?"
  [ ! -s "$work/err" ] || fail "$command --help talks on stderr"
  grep -q "^usage: exhibit $command" "$work/out" || fail "$command --help has no usage"
  cp "$work/out" help
  for option in --json --progress --quiet --ledger --no-record --help; do grep -q "^  $option " help || fail "$command --help lacks $option"; done
  x 2 $command --bogus; says "no option --bogus"; x 2 $command -Z; x 2 $command --bogus=1
  # every option that is listed is one, with a value where one is named and without where none is
  options=0
  while read -r name argument; do
    options=$((options + 1))
    if [ -n "$argument" ]; then "$EXHIBIT" $command "$name" value --help >/dev/null 2>"$work/err" || fail "$command $name value --help: $?"
      "$EXHIBIT" $command "$name" >"$work/out" 2>"$work/err"; is $? 2 "$command $name without a value"
    else "$EXHIBIT" $command "$name" --help >/dev/null 2>"$work/err" || fail "$command $name --help: $?"
      "$EXHIBIT" $command "$name=1" >"$work/out" 2>"$work/err"; is $? 2 "$command $name=1"; fi
  done < <(sed -nE 's/^  (-[a-z-]+)(, --[a-z-]+)?( [A-Z][][A-Z:@=,]*)? +.*/\1\3/p' help)
  [ $options -ge 6 ] || fail "$command: only $options options were read off the help"
done
# what DESIGN promises of them
for option in --format --hash --compress --segment --sector-size --start --count --chunk --case --exhibit --examiner --agency --description --notes --blocker \
  --label --seal --condition --place --authority --attach --set --verify; do
  for command in acquire convert; do "$EXHIBIT" $command --help | grep -q -- "^  $option" || fail "$command --help lacks $option"; done
done
for option in --against --expect --require --witness; do "$EXHIBIT" verify --help | grep -q -- "^  $option" || fail "verify --help lacks $option"; done
for option in --check --head --init --adopt --import; do "$EXHIBIT" log --help | grep -q -- "^  $option" || fail "log --help lacks $option"; done

# ---- losses are agreed to, or refused
x 0 acquire src.bin -o loss.raw --case 7 --no-record; says "lost, as agreed" # nothing was there before: --no-record is the agreement
x 0 convert src.bin -o plain.E01 --no-record; x 0 convert plain.E01 -o plain.raw --no-record # its date and program are no case data
x 2 convert case/a.E01 -o loss2.raw --no-record; says lossy; absent loss2.raw; x 0 convert case/a.E01 -o loss2.raw --no-record --lossy
