#!/usr/bin/env bash
# Descriptors and images that attack a reader (tests/make/disc_hostile.py): each is refused with its line or offset, or told as a finding, in bounded
# memory and never slowly. No file outside the image's folder is read, nothing of the text runs, and nothing of it drives the terminal.
. "$(dirname "$0")/../lib.sh"
need jq python3
python3 -B "$SRC/tests/make/disc_hostile.py" lab/in >rows || fail "no samples"
# A sanitizer's shadow memory is far larger than any limit that would say something.
limit=1048576
{ ( ulimit -v $limit; exec "$EXHIBIT" --version >/dev/null ) || limit=unlimited; } 2>/dev/null
bad=0
wrong() { printf 'WRONG: %s: %s\n' "$name" "$*"; bad=$((bad + 1)); }
# run COMMAND...: its status in $code; killed by a signal or by the guard is a failure of every case
run() {
  ( ulimit -v $limit; exec timeout -s KILL 60 "$EXHIBIT" "$@" --progress none ) >out 2>err; code=$?
  [ $code -lt 70 ] || wrong "exhibit $1 ended with $code"
  grep -q "Sanitizer\|runtime error" err && wrong "$(grep -m1 "Sanitizer\|runtime error" err)"
}
text() { jq -r '.error | .text, .file // ""' out 2>/dev/null; }
# refused: exit 5, the word, and a line or an offset
refused() {
  [ $code = 5 ] || return 1
  [ -n "$(text)" ] || { wrong "refused without a word"; return 1; }
  text | grep -qiE -- "$word" || wrong "refused, but nothing says '$word': $(text | head -1)"
  [ "$(jq -r '.error.offset // "none"' out)" != none ] || text | grep -qiE 'line [0-9]+|offset [0-9]+|byte [0-9]+|bytes|\.\.' ||
    wrong "neither line nor offset: $(text | head -1)"
}
while IFS=$'\t' read -r name want word kind; do
  image=lab/in/$name
  if [ "$want" = list ]; then # a list that cannot be read, or that does not know the disc: never a match, and nothing of the host's is in the answer
    run verify lab/in/good.cue --against "$image" --json --no-record
    [ "$(jq -r .verdict out)" != match ] || wrong "a match ($kind)"
    # good.cue is consistent with its own EDC: then the list's failure to know it is told beside that
    [ $code != 0 ] || jq -e '[.findings[] | select(.check == "dat" and .outcome == "no-reference")] | length > 0' out >/dev/null || wrong "0 ($kind)"
    grep -q "root:" out err && wrong "a file of the host's was read"
    continue
  fi
  run info "$image" --json
  case $want in
    refused) refused || { [ $code = 5 ] || wrong "not refused, $code instead of 5 ($kind): $(text | head -1)"; } ;;
    absent) [ $code = 4 ] || [ $code = 5 ] || wrong "$code instead of 4 ($kind): $(text | head -1)" ;;
    opens)
      [ $code = 0 ] || wrong "does not open ($kind): $code $(text | head -1)" ;;
    shows)
      [[ $code =~ ^[05]$ ]] || wrong "$code ($kind)"
      run info "$image"; grep -q $'\033\|\a\|\342\200\256' out err && wrong "its text drives the terminal"
      if [ $code = 0 ]; then # the report of it is one document, and no tag in it is the image's
        rm -rf shown; mkdir shown
        run convert "$image" -o shown/t.cue --lossy --quiet; run report shown/t.cue -o shown/page --quiet
        [ $code = 0 ] || wrong "no report of it: $code"
        xmllint --noout shown/page/report.xml 2>/dev/null || wrong "report.xml is not well-formed"
        grep -rqs '<script>alert' shown/page && wrong "a tag of the image's is one of the report's"
      fi ;;
    found)
      if [ $code = 5 ]; then
        [ -n "$(text)" ] || wrong "refused without a word"
      else
        run verify "$image" --json --no-record
        jq -r '.findings[]? | select(.outcome != "ok" and .outcome != "holds" and .outcome != "match") | .check, .detail' out 2>/dev/null >said
        [ $code != 5 ] || text >said
        grep -qiE -- "$word" said || wrong "opens, and verify finds nothing of '$word' ($kind): $code $(head -3 said | tr '\n' ' ')"
      fi ;;
    any) [[ $code =~ ^[0456]$ ]] || wrong "$code" ;;
  esac
  # whatever was let in is read whole as well
  if [ $code = 0 ]; then run hash "$image" --json --no-record; fi
  grep -q "SSSSSSSS\|root:" out && wrong "a file outside the folder was read"
done <rows
cd lab/in && { [ ! -e owned ] || { name=words; wrong "a word of a descriptor ran"; }; }
cd "$work"
absent owned lab/owned
[ $bad = 0 ] || { rm -f out err; fail "$bad of $(wc -l <rows) hostile samples"; }
echo "$(wc -l <rows) hostile samples"
