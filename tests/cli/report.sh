#!/usr/bin/env bash
# exhibit report: from the ledger, from the side record, of a case, of a renamed image, of a failure, of a broken ledger, of an image
# that was only verified.
. "$(dirname "$0")/../lib.sh"
need jq xmllint sha256sum
cat "$SRC"/formats/*/*.c "$SRC"/report/*/*.c >disk.bin
truncate -s 3000320 disk.bin
mkdir case
image=case/disk.E01
x 0 acquire disk.bin -o $image --case 2026-117 --exhibit 3 --examiner "A. <b>Examiner</b>" --notes "]]> & 'quoted'"
x 0 verify $image

valid() { # the XML is of its schema, the page reaches for nothing, the verdict comes first
  xmllint --nonet --noout --schema "$SRC/report/pages/exhibit-report.xsd" "$1/report.xml" 2>lint.txt || fail "$1: $(cat lint.txt)"
  grep -qiE '<script|<link|<img|(src|href)="[^#]|https?://' "$1/report.html" && fail "$1/report.html reaches out of itself"
  grep -q "default-src 'none'" "$1/report.html" || fail "$1/report.html has no content policy"
  grep -A3 '</h1>' "$1/report.html" | grep -q 'class="verdict"' || fail "$1/report.html: the verdict is not the first thing said"
}
path() { xmllint --xpath "string($2)" "$1/report.xml"; }
r='*[local-name()='

# of an image
x 0 report $image -o told --json
valid told
is "$(j '.files|length')" 2
for file in report.xml report.html; do
  is "$(j ".files[]|select(.name==\"$file\").sha256")" "$(sha256sum <told/$file | cut -d' ' -f1)" "digest of $file"
  is "$(j ".files[]|select(.name==\"$file\").bytes")" "$(stat -c %s told/$file)" "size of $file"
done
j '.sentences[0]' | grep -q 'A complete copy of the file disk.bin (3,000,320 bytes) was made; every byte of the copy was read back and matches what was read. No second read of the source was made.' ||
  fail "the sentence is $(j '.sentences[0]')"
is "$(path told "//$r'case_record']/$r'examiner']")" "A. <b>Examiner</b>"
is "$(path told "//$r'case_record']/$r'notes']")" "]]> & 'quoted'"
is "$(path told "//$r'item']/$r'digests']/$r'digest'][@scope='media' and @algorithm='sha256']")" "$(sha256sum <disk.bin | cut -d' ' -f1)"
is "$(path told "//$r'file'][@name='disk.E01']/@sha256")" "$(sha256sum <$image | cut -d' ' -f1)"
is "$(path told "//$r'ledger']/@chain")" sound
is "$(path told "count(//$r'record']/$r'verification'])")" 1
cited="$(path told "//$r'ledger']/@seq"):$(path told "//$r'ledger']/@head")"
x 0 log --ledger case/ledger.db --check --head "$cited"
grep -q '&lt;b&gt;Examiner' told/report.html || fail "the page does not show the examiner as given"
absent told/.report*

# every digest of the record stands in full on the page, whole for a reader who copies it: the gaps between groups are no characters
page_digests() { grep -o '<code class="hash">[^/]*\(/span>[^/]*\)*/code>' "$1" | sed 's/<[^>]*>//g' | sort -u; }
xml_digests() { xmllint --xpath "//$r'digest']/text() | //$r'file']/@sha256" "$1" | sed -n 's/.*sha256="\([^"]*\)".*/\1/p; s/^\([0-9a-f]*\)$/\1/p' | grep . | sort -u; }
whole_digests() {
  xml_digests "$1/report.xml" >in-xml
  page_digests "$1/report.html" >on-page
  [ "$(wc -l <in-xml)" -ge "$2" ] || fail "$1: report.xml has $(wc -l <in-xml) digests, not $2 or more"
  missing=$(comm -23 in-xml on-page)
  [ -z "$missing" ] || fail "$1/report.html lacks $missing"
}
whole_digests told 3

# an earlier report stays, and the next one lists it
before=$(sha256sum told/*)
x 2 report $image -o told
says 'exists'
is "$(sha256sum told/*)" "$before" "the earlier report"
x 0 report $image -o told --force
valid told
is "$(path told "count(//$r'record'][@type='report'])")" 1
is "$(path told "//$r'record'][@type='report']/$r'files']/$r'file'][1]/@name")" report.xml

# --no-record: nothing is added
x 0 log --ledger case/ledger.db --check --json
lines=$(j .lines)
x 0 report $image -o quiet --no-record --json
is "$(j .ledger.recorded)" false
x 0 log --ledger case/ledger.db --check --json
is "$(j .lines)" "$lines" "lines of the ledger"

# the side record alone, elsewhere
mkdir alone
cp $image $image.record.jsonl alone/
x 0 report alone/disk.E01 -o side --json
valid side
is "$(j .chain)" not-checked
is "$(path side "//$r'ledger']/@from")" side-record
grep -q 'side record' side/report.html || fail "the page does not say what it was made from"

# its lines brought into another ledger
mkdir joined
x 0 log --init --ledger joined/ledger.db
cp $image $image.record.jsonl joined/
x 0 log --ledger joined/ledger.db --import joined/disk.E01.record.jsonl
rm joined/disk.E01.record.jsonl
x 0 report joined/disk.E01 -o imported --json
valid imported
is "$(j .chain)" sound
grep -q 'brought in from a side record' imported/report.html || fail "the page does not say that lines were imported"

# a renamed image is known by its digest
cp $image case/renamed.E01
x 0 report case/renamed.E01 -o renamed
says "as 'disk.E01'"
valid renamed

# a whole case
x 0 convert $image -o case/copy.raw --case 2026-117 --exhibit 4
x 0 report --case 2026-117 --ledger case/ledger.db -o whole --json
valid whole
is "$(j .items)" 2
x 0 report --case 2026-117 --exhibit 4 --ledger case/ledger.db -o part --json
valid part
is "$(j .items)" 1
j '.sentences[0]' | grep -q 'the medium in the image' || fail "the conversion is not told as one"
is "$(path part "//$r'image_format']")" ewf # of the image that was converted

# an acquisition that failed: the destination takes no more than 100 KiB in a file
(trap '' XFSZ; ulimit -f 100; "$EXHIBIT" acquire disk.bin -o case/short.raw --ledger case/ledger.db --quiet >/dev/null 2>&1) && fail "a full destination went unnoticed"
x 0 report case/short.raw -o failed --json
valid failed
j '.sentences[0]' | grep -q '^No image was published' || fail "the failure is told as $(j '.sentences[0]')"

# an image from elsewhere, which was only verified: no acquisition, what it says of itself, what was found
mkdir found
cp $image found/theirs.E01
x 0 log --init --ledger found/ledger.db
x 4 report found/theirs.E01 -o none
x 0 verify found/theirs.E01 --hash sha256
x 0 report found/theirs.E01 -o looked --json
valid looked
j '.sentences[0]' | grep -q '^No acquisition of this image is on record here; it was verified once, last on .* UTC: match (.*), on the basis of digests stored inside the image itself\.$' ||
  fail "the image as found is told as $(j '.sentences[0]')"
is "$(path looked "//$r'item']/@kind")" found
is "$(path looked "//$r'item']/@outcome")" not-on-record
is "$(path looked "//$r'stated']/$r'field'][@name='examiner']")" "A. <b>Examiner</b>"
is "$(path looked "//$r'found']/@format") $(path looked "//$r'found']/@bytes") $(path looked "//$r'found']/@sector_size")" "ewf 3000320 512"
is "$(path looked "//$r'item']/$r'files']/$r'file'][@name='theirs.E01']/@bytes")" "$(stat -c %s $image)"
is "$(path looked "//$r'item']/$r'digests']/$r'digest'][@scope='media' and @algorithm='sha256']")" "$(sha256sum <disk.bin | cut -d' ' -f1)"
is "$(path looked "count(//$r'item']/$r'layout']/$r'track'])")" 1
is "$(path looked "count(//$r'source'])")" 0 "a source of what was not acquired here"
grep -q 'Copied from\|Method and settings' looked/report.html && fail "the page tells of an acquisition that is on no record"
whole_digests looked 2

# it belongs to the case it names itself, until a look is given another; one that was made here to the case of its making
x 0 report --case 2026-117 --ledger found/ledger.db -o looked-case --json
valid looked-case
x 0 verify found/theirs.E01 --case OURS --exhibit 9 --examiner Me
x 4 report --case 2026-117 --ledger found/ledger.db -o none
x 4 report --case OURS --exhibit 8 --ledger found/ledger.db -o none
x 0 report --case OURS --exhibit 9 --ledger found/ledger.db -o looked-ours --json
valid looked-ours
is "$(path looked-ours "//$r'case_record']/$r'examiner']")" Me
is "$(path looked-ours "count(//$r'record'][@type='verify'])") $(path looked-ours "//$r'found']/@verifications")" "2 2"
x 0 verify $image --case ELSEWHERE
x 4 report --case ELSEWHERE --ledger case/ledger.db -o none
absent none

# held to a list; hashed only; another one on each look
cp disk.bin found/raw.bin
(cd found && sha256sum raw.bin >SHA256SUMS)
x 0 verify found/raw.bin --against found/SHA256SUMS
x 0 report found/raw.bin -o listed --json
valid listed
j '.sentences[0]' | grep -q 'match .* given by whoever asked for the verification. Held against: found/SHA256SUMS.$' || fail "the list is told as $(j '.sentences[0]')"
cp disk.bin found/hashed.bin
x 0 hash found/hashed.bin
x 0 report found/hashed.bin -o hashed --json
valid hashed
j '.sentences[0]' | grep -q 'nor was it verified: its digests were computed once' || fail "the hashed image is told as $(j '.sentences[0]')"
whole_digests hashed 2
cp disk.bin found/changed.bin
x 6 verify found/changed.bin
printf X | dd of=found/changed.bin bs=1 seek=7 conv=notrunc 2>/dev/null
x 6 verify found/changed.bin
x 0 report found/changed.bin -o changed --json
valid changed
grep -q 'class="attention">The looks at this image do not agree' changed/report.html || fail "the page does not say that the image changed"
is "$(path changed "//$r'found']/@digests_agree")" false

# a side record knows more than a ledger that has only looks; without either all is as before
cp $image found/disk.E01
cp $image.record.jsonl found/disk.E01.record.jsonl
x 0 verify found/disk.E01
x 0 report found/disk.E01 -o known --json
valid known
is "$(path known "//$r'ledger']/@from") $(path known "//$r'item']/@kind")" "side-record acquisition"
j .ledger.reason | grep -q 'verifications of this image, but not its making' || fail "the reason is $(j .ledger.reason)"

# a renamed image that a look knew by the ledger is still told by its making
x 0 verify case/renamed.E01
x 0 report case/renamed.E01 -o renamed-again
says "as 'disk.E01'"
is "$(path renamed-again "//$r'item']/@kind")" acquisition

# a broken ledger: the page of an image as found says so too
cp -r found cut
sed -i 's/"examiner":"Me"/"examiner":"Mo"/g' cut/ledger.db
x 1 report cut/theirs.E01 -o cut-told --json
valid cut-told
is "$(j .chain)" broken
grep -q 'class="attention">The chain of the ledger is broken' cut-told/report.html || fail "the page as found does not say that the chain is broken"

# what cannot be told
x 4 report nosuch.E01 -o none
says "no record of 'nosuch.E01' was found"
x 4 report --case other --ledger case/ledger.db -o none
x 2 report $image
x 2 report $image --case 2026-117 -o none
x 2 report --exhibit 3 -o none
absent none

# a changed line: the report says so, and so does the exit code; nothing is added to a broken chain
cp -r case broken
sed -i 's/A\. <b>Examiner/B. <b>Examiner/g' broken/ledger.db
rm -f broken/*.jsonl
x 1 report broken/disk.E01 -o untrue --json
valid untrue
is "$(j .chain)" broken
is "$(j .ledger.recorded)" false
grep -q 'class="attention">The chain of the ledger is broken' untrue/report.html || fail "the page does not say that the chain is broken"

# a disc of many tracks: a row for each scope, and every digest
sample tracks.bin $((30 * 20 * 2048))
{ echo 'FILE "tracks.bin" BINARY'
  for ((t = 0; t < 30; t++)); do printf '  TRACK %02d MODE1/2048\n    INDEX 01 00:%02d:%02d\n' $((t + 1)) $((t * 20 / 75)) $((t * 20 % 75)); done; } >tracks.cue
mkdir disc
x 0 convert tracks.cue -o disc/disc.ccd --raw-sectors --hash crc32,md5,sha1,sha256
x 0 verify disc/disc.ccd --hash crc32,md5,sha1,sha256
x 0 report disc/disc.ccd -o tracks
valid tracks
whole_digests tracks 200
is "$(path tracks "count(//$r'item']/$r'digests']/$r'digest'][starts-with(@scope, 'track:')])")" 240 "digests of tracks"
is "$(grep -c '<th scope="row" class="whole">' tracks/report.html)" 60 "rows of digests: 30 tracks with raw and user"
is "$(grep -c '<th scope="rowgroup"' tracks/report.html)" 30 "groups of rows, one for each track"
grep -q 'given above, and none is another' tracks/report.html || fail "the verification's digests are not told to be the same"
