#!/usr/bin/env bash
# Disk images that attack a reader (tests/make/disk_hostile.py): each is refused by name, or told as a finding, in bounded time and memory. No file
# outside the image's folder is read, nothing of a text runs, and nothing of it drives the terminal.
. "$(dirname "$0")/../lib.sh"
need jq python3
mkdir lab
python3 -B "$SRC/tests/make/disk_hostile.py" lab/in >rows || fail "no samples"
known=$("$EXHIBIT" --help | sed -n '/^formats:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p')
# A sanitizer's shadow memory is far larger than any limit that would say something.
limit=1048576
( ulimit -v $limit; "$EXHIBIT" --version >/dev/null 2>&1 ) || limit=unlimited
bad=0 tried=0 left_out=
wrong() { printf 'WRONG: %s: %s\n' "$name" "$*"; bad=$((bad + 1)); }
# run COMMAND...: its status in $code; killed by a signal or by the guard is a failure of every case
run() {
  ( ulimit -v $limit; exec timeout -s KILL 60 "$EXHIBIT" "$@" --progress none ) >out 2>err; code=$?
  [ $code -lt 70 ] || wrong "exhibit $1 ended with $code: $(head -c 200 err)"
  ! grep -q "Sanitizer\|runtime error" err || wrong "$(grep -m1 "Sanitizer\|runtime error" err)"
  ! grep -q "out of memory\|cannot allocate" out err || wrong "memory ran out: $(head -c 200 err)"
  ! grep -q "SSSSSSSS\|root:" out err || wrong "a file outside the folder was read"
  ! grep -q $'\033\|\a\|\342\200\256' out err || wrong "its text drives the terminal"
}
text() { jq -r '.error | .text, .file // ""' out 2>/dev/null; }
while IFS=$'\t' read -r name format want word kind; do
  grep -qx "$format" <<<"$known" || { case " $left_out " in *" $format "*) ;; *) left_out="$left_out $format" ;; esac; continue; }
  image=lab/in/$name tried=$((tried + 1))
  run verify "$image" --json --no-record --hash crc32
  case $want:$code in
    any:*) [[ $code =~ ^[012456]$ ]] || wrong "$code ($kind)" ;;
    refused:[245] | found:[245])
      [ -n "$(text)" ] || wrong "refused without a word ($kind)"
      text | grep -qiE -- "$word" || wrong "refused, but nothing says '$word': $(text | head -1)" ;;
    found:*)
      # A finding, sectors that the image has lost, or what info and verify remark on.
      jq -r '(.findings[]? | select(.outcome != "match") | .check, .detail), (select((.unreadable_sectors // 0) > 0) | "sectors are lost, of a block, a cluster, a grain"), .error.text?' \
        out 2>/dev/null >said
      [ -s said ] || wrong "opens with $code, and nothing is found ($kind)"
      grep -qiE -- "$word" said || wrong "opens, and nothing says '$word' ($kind): $(head -3 said | tr '\n' ' ')" ;;
    *) wrong "not refused: $code ($kind)" ;;
  esac
  run info "$image"
done <rows
absent owned lab/owned lab/in/owned
[ -z "$left_out" ] || echo "LEFT OUT: the program does not list$left_out"
[ $bad = 0 ] || { rm -f out err; fail "$bad of $tried hostile samples"; }
echo "$tried hostile samples"
