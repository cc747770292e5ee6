#!/usr/bin/env bash
# Two copies of a disc that both store its subchannel: it is compared channel by channel wherever both have the LBA, whatever container each lies in.
# What differs is told by LBA and kept apart from Qs that are merely misread; the verdict stays the main channel's.
. "$(dirname "$0")/../lib.sh"
need jq python3 xmllint
make="python3 -B $SRC/tests/make/disc_maker.py"
bad=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }
verify() { "$EXHIBIT" verify "$@" --json --no-record --progress none >"$work/out" 2>"$work/err"; code=$?; }
subs() { jq -r '.findings[]? | select(.check == "subchannel") | "\(.outcome) lba \(.lba // "-") count \(.count // "-"): \(.detail)"' "$work/out"; }
fresh() { rm -rf lab; cp -r "$1" lab; }
mkdir case
# told NAME CODE LINE...: what is said of the subchannel beside matches is these lines (regular expressions), and nothing else
told() {
  local name=$1 want=$2 line; shift 2
  [ $code = "$want" ] || wrong "$name: $code instead of $want: $(head -c 300 "$work/err")"
  subs | grep -v '^match ' >rest
  [ "$(wc -l <rest)" = $# ] || wrong "$name: $# things are to be told: $(tr '\n' ' ' <rest)"
  for line; do grep -qE -- "^$line" rest || wrong "$name: nothing says '$line': $(tr '\n' ' ' <rest)"; done
}
matches() { subs | grep -c '^match '; }

for variant in mixed audio two; do
  $make make $variant -o $variant --containers ccd,mdssub,nrgsub,cue >$variant.json || fail "no samples"
done

# ---- the same subchannel in every container that stores it: CCD linear in a file of its own, the others interleaved behind each sector
for variant in mixed audio two; do
  images="$variant/ccd/disc.ccd $variant/mdssub/disc.mds $variant/nrgsub/disc.nrg"
  if [ $variant != two ]; then # cdrdao's TOC holds one session
    "$EXHIBIT" convert $variant/ccd/disc.ccd -o $variant/disc.toc --lossy --no-record --progress none >/dev/null 2>"$work/err" || fail "no toc of $variant"
    images="$images $variant/disc.toc"
  fi
  tracks=$(jq '.tracks | length' $variant.json)
  for here in $images; do
    for there in $images; do
      [ $here != $there ] || continue
      verify $here --against $there
      name="$here against $there"
      [ $code = 0 ] || wrong "$name: $code"
      [ "$(matches)" = "$tracks" ] || wrong "$name: $(matches) of $tracks tracks have the same subchannel: $(subs)"
      ! subs | grep -q '^warning' || wrong "$name: $(subs | grep '^warning')"
      # only what one of them does not store is left out: pregaps
      jq -e '[.findings[] | select(.outcome == "not-compared" and .check == "subchannel")] | length > 0' "$work/out" >/dev/null &&
        ! jq -e 'any(.findings[]; .outcome == "not-compared" and (.detail | test("pregap")))' "$work/out" >/dev/null && wrong "$name: $(subs)"
    done
  done
done

# ---- one thing changed in a copy. Track 1 is LBA 0 to 63, track 2 64 to 119 with its pregap
against() { verify lab/disc.ccd --against mixed/ccd/disc.ccd; }
fresh mixed/ccd; against; told "a copy" 0
[ "$(matches)" = 3 ] || wrong "a copy: $(subs)"
[ "$("$EXHIBIT" verify lab/disc.ccd --against mixed/ccd/disc.ccd --no-record --progress none | head -1)" = \
  "lab/disc.ccd: match: every byte of the medium equals the given reference" ] || wrong "a copy: the sentence"
fresh mixed/ccd; $make flip lab/disc.sub 30 p --form sub >at; against
told "P" 0 "warning lba 30 count 1: track 1: P differs in 1 of 64 sectors: LBA 30$"
[ "$(matches)" = 2 ] || wrong "P: $(subs)"
"$EXHIBIT" verify lab/disc.ccd --against mixed/ccd/disc.ccd --no-record --progress none >text
grep -q "match: every byte of the main channel equals the given reference; what its subchannel shows is named below" text || wrong "the sentence: $(head -1 text)"
grep -q "^  warning  *track 1: P differs" text || wrong "the text: $(head -5 text)"
for region in q q-crc; do # one bit is enough
  fresh mixed/ccd; $make flip lab/disc.sub 30 $region --form sub --mask 1 >at; $make flip lab/disc.sub 31 $region --form sub --mask 1 >at
  against; told "$region there" 0 "not-compared lba 30 count 2: track 1: Q is valid there, and its CRC fails here .* in 2 of 64 sectors: LBA 30 to 31$"
  verify mixed/ccd/disc.ccd --against lab/disc.ccd
  told "$region here" 0 "not-compared lba 30 count 2: track 1: Q is valid here, and its CRC fails there .* in 2 of 64 sectors: LBA 30 to 31$"
done
fresh mixed/ccd; for n in 64 70 119; do $make flip lab/disc.sub $n r --form sub >at; done; against
told "R to W" 0 "warning lba 64 count 3: track 2: R to W differ in 3 of 56 sectors: LBA 64, 70, 119$"
fresh mixed/ccd
python3 -B - "$SRC/tests/make" lab/disc.sub 40 41 <<'END' # another time, and a CRC that holds
import sys
sys.path.insert(0, sys.argv[1])
import disc_sectors as cd
with open(sys.argv[2], "r+b") as f:
    f.seek(int(sys.argv[3]) * 96 + 12)
    f.write(cd.q_position(4, 1, 1, int(sys.argv[4]), int(sys.argv[4])))
END
against; told "another Q" 0 "warning lba 40 count 1: track 1: Q differs, its CRC right on both sides, in 1 of 64 sectors: LBA 40$"
fresh mixed/ccd; $make late lab/disc.sub; against
grep -qE '^warning .*track 1: Q differs, .*; each position there is 1 sector later than here$' <(subs) || wrong "a late .sub: $(subs)"
[ $code = 1 ] || wrong "a late .sub, which the CCD itself contradicts: $code"
# frames that a protection has made invalid, in one dump; a burned copy has them right
fresh mixed/ccd; for n in 3 8 20 25 33 38 50 55; do $make flip lab/disc.sub $n q-crc --form sub >at; done
verify lab/disc.ccd --against mixed/mdssub/disc.mds
subs | grep -qE '^not-compared lba 3 count 8: track 1: Q is valid there, .*: LBA 3, 8, 20, 25, 33, 38, 50, 55$' || wrong "modified frames: $(subs)"

# ---- a side without, or with less
verify mixed/ccd/disc.ccd --against mixed/cue/disc.cue; told "here only" 0 "not-compared lba - count -: the subchannel, stored here only, was not compared"
verify mixed/cue/disc.cue --against mixed/ccd/disc.ccd; told "there only" 0 "not-compared lba - count -: the subchannel, stored there only, was not compared"
[ "$(matches)" = 0 ] || wrong "there only: $(subs)"
fresh mixed/ccd; $make cut lab/disc.sub $((20 * 96)); verify mixed/ccd/disc.ccd --against lab/disc.ccd
told "a shorter .sub" 0 "not-compared .*track 2: the subchannel of 4 of 56 sectors was not compared: it is not to be read there" \
  "not-compared .*track 3: the subchannel of 16 of 16 sectors was not compared: it is not to be read there"
fresh mixed/ccd; $make flip lab/disc.img 10 user >at; against; told "another main channel" 1
[ "$(matches)" = 3 ] || wrong "another main channel: $(subs)"

# ---- the record and the report carry it, also of sectors before LBA 0, which an NRG stores and a CCD made from it keeps
"$EXHIBIT" convert mixed/nrgsub/disc.nrg -o case/disc.ccd --lossy --ledger case/ledger.db --progress none >/dev/null 2>"$work/err" || fail "no ccd of the NRG"
fresh mixed/nrgsub; $make flip lab/disc.nrg 0 p --form sub --stride 2448 --base 2352 --mask 65 >at # a bit of Q, one of W
"$EXHIBIT" verify case/disc.ccd --against lab/disc.nrg --json --progress none >"$work/out" 2>"$work/err"; code=$?
told "an NRG" 0 "warning lba -150 count 1: track 1: R to W differ in 1 of 214 sectors: LBA -150$" \
  "not-compared lba -150 count 1: track 1: Q is valid here, and its CRC fails there"
"$EXHIBIT" report case/disc.ccd -o pages >/dev/null 2>"$work/err" || wrong "no report: $(cat "$work/err")"
xml=$(find pages -name report.xml | head -1)
xmllint --noout --schema "$SRC/report/pages/exhibit-report.xsd" "$xml" 2>"$work/err" || wrong "the report is not valid: $(cat "$work/err")"
[ "$(xmllint --xpath "count(//*[local-name()='finding'][@check='subchannel' and @lba='-150' and contains(., 'R to W differ')])" "$xml")" = 1 ] ||
  wrong "report.xml does not have it: $(grep -o '<finding check="subchannel[^<]*' "$xml" | head -3)"
grep -q 'R to W differ in 1 of 214 sectors: LBA -150' "$(dirname "$xml")/report.html" || wrong "report.html does not have it"
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad things"; }
