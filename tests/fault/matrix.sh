#!/usr/bin/env bash
# The matrix of failing media (R1, R5, R6, R7, R8, R11, R18): every kind of fault, into raw and E01. Exactly the unreadable sectors are lost, no
# neighbour, nothing is shifted; exit status, answer, map, E01 error list and a later verification all name the same sectors. Beside it, in the same
# run, what dcfldd, dc3dd, ddrescue and ewfacquire make of the same medium; that is printed, and fails nothing.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
. "$SRC/tests/fault/lib_rescue.sh"
need jq openssl python3
need_root
# noise FILE BYTES: no sector of it looks like one that was filled with zeros.
noise() { openssl enc -aes-128-ctr -nosalt -K 00112233445566778899aabbccddeeff -iv 00000000000000000000000000000000 -in /dev/zero 2>/dev/null | head -c "$2" >"$1"; }
noise disk.img $((4 << 20))
disk=disk.img

cat >lost.py <<'P'
import sys
for question in sys.stdin: # SOURCE COPY SECTOR_BYTES LBA:COUNT...
    source, copy, size, *faults = question.split()
    source, copy, size = open(source, 'rb').read(), open(copy, 'rb').read(), int(size)
    bad = set()
    for fault in faults:
        first, count = map(int, fault.split(':'))
        bad.update(range(first, first + count))
    lost = sum(1 for i in range(len(source) // size) if i not in bad and copy[i * size:(i + 1) * size] != source[i * size:(i + 1) * size])
    print(lost, len(copy) - len(source), flush=True)
P
coproc LOST { exec python3 lost.py; }
# row TOOL EXIT [FILE]: a line of the table about this tool's copy.
row() {
  local lost='no copy' grown=-
  [ ! -s "${3:-}" ] || { echo "$disk $3 $bytes ${faults[*]}" >&"${LOST[1]}"; read -r lost grown <&"${LOST[0]}"; } || fail "nobody compares $3"
  printf '%-34s %-15s %4s  %9s  %9s\n' "$title" "$1" "$2" "$lost" "$grown" >>table
}
# with_medium COMMAND...: runs it with the scenario's medium attached as $loop, fresh, so that what heals has not healed yet.
with_medium() {
  serve faulty_file $disk medium "${bad[@]}"
  attach medium/disk "${geometry[@]}"
  "$@"
  detach
  unmount
}

# ---- exhibit ----

# in_ewfinfo: the E01's error list as "LBA:COUNT" words, or "no list".
in_ewfinfo() { ewfinfo "$1" 2>/dev/null | sed -n 's/.*at sector(s): \([0-9]*\) - [0-9]* number: \([0-9]*\).*/\1:\2/p' | tr '\n' ' '; }
in_map() { ddrescuelog -b "$bytes" -l"$1" "$2" | wc -l; }

# image NAME: acquires the attached medium into it and holds every word about it against the faults.
image() {
  local image=case/$1 total=0 fault
  for fault in "${faults[@]}"; do total=$((total + ${fault#*:})); done
  rm -rf case; mkdir case
  x 3 acquire "$loop" -o "$image" --chunk 1M --json "${options[@]}"
  cp out made.json
  is "$(j .acquisition)" complete-with-errors "$title, $1: acquisition"
  is "$(j .sector_size)" "$bytes" "$title, $1: sector size"
  is "$(jq -c .unreadable out)" "$(list "${faults[@]}")" "$title, $1: unreadable"
  is "$(j .unreadable_sectors)" $total "$title, $1: unreadable sectors"
  is "$(j .recovered_sectors)" 0 "$title, $1: recovered sectors"
  is "$(j .verification)" match "$title, $1: read back"
  is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$want" "$title, $1: sha256"
  is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").not_good')" $total "$title, $1: not good"
  same_as_map "$image.map" "$bytes" "${faults[@]}"
  absent "$image.partial"
  if command -v ddrescuelog >/dev/null; then
    is "$(in_map - "$image.map")" $total "$title, $1: bad sectors by ddrescuelog"
    is "$(in_map + "$image.map")" $(($(stat -c %s $disk) / bytes - total)) "$title, $1: rescued sectors by ddrescuelog"
  fi
  case $1 in
    *.raw) cp "$image" copy ;;
    *.E01) x 0 convert "$image" -o case/copy.raw --no-record --lossy; mv case/copy.raw copy
           if command -v ewfinfo >/dev/null; then
             is "$(in_ewfinfo "$image")" "${faults[*]} " "$title: the error list by ewfinfo"
             ewfverify -q "$image" >v.txt 2>&1 || fail "$title: ewfverify: $(cat v.txt)"
           fi ;;
  esac
  cmp copy expected.img || fail "$title, $1: the image is not the medium with zeros for what could not be read"
  x 0 verify "$image" --json
  is "$(j .verdict)" match "$title, $1: verdict later"
  is "$(jq -c .unreadable out)" "$(list "${faults[@]}")" "$title, $1: unreadable, later"
  row "exhibit ${1#*.}" 3 copy
}

# ---- the others, as their users call them ----

dcfldd_image() { dcfldd if="$loop" of=other conv=noerror,sync statusinterval=0 >/dev/null 2>&1; }
dc3dd_image() { dc3dd if="$loop" of=other >/dev/null 2>&1; }
ddrescue_image() { ddrescue -q "$loop" other other.map >/dev/null 2>&1; }
direct_image() { ddrescue -q -d -b "$bytes" "$loop" other other.map >/dev/null 2>&1; }
ewfacquire_image() {
  ewfacquire -u -q -c none -f encase6 -t other "$loop" >/dev/null 2>&1 || return
  ewfexport -u -q -f raw -t export other.E01 >/dev/null 2>&1
  mv export.raw other
}
# Neither may run for ever: 5 s, and a copy twice as long as the medium.
beside() {
  rm -rf other* export*
  timeout -k 1 5 bash -c "ulimit -f $(($(stat -c %s $disk) / 512)); loop=$loop bytes=$bytes; $(declare -f "$1_image"); $1_image" 2>/dev/null
  row "${2:-$1}" $? other
}
others() {
  local tool
  ! grep -q __asan_init "$EXHIBIT" || return # once, beside the plain build, is enough
  for tool in dcfldd dc3dd ddrescue ewfacquire; do
    if command -v $tool >/dev/null; then with_medium beside $tool; else printf '%-34s %-15s not installed\n' "$title" $tool >>table; fi
  done
  ! command -v ddrescue >/dev/null || with_medium beside direct "ddrescue -d -b"
}

# scenario TITLE SECTOR_BYTES "FAULT..." ["RULE..." ["OPTION..."]]: without rules, the faults give EIO.
scenario() {
  title=$1 bytes=$2
  read -ra faults <<<"$3"
  rules "$bytes" 5 "${faults[@]}"
  [ -z "${4:-}" ] || read -ra bad <<<"$4"
  read -ra options <<<"${5:-}"
  geometry=()
  [ "$bytes" = 512 ] || geometry=(-b "$bytes")
  cp $disk expected.img
  with_holes expected.img "$bytes" "${faults[@]}"
  want=$(sha256sum <expected.img | cut -d' ' -f1)
  with_medium image disk.raw
  with_medium image disk.E01
  others
}

every=$(for ((i = 0; i < 8192; i += 97)); do printf '%d:1 ' $i; done)
scenario 'one sector' 512 2000:1
scenario 'a run of 1000' 512 3000:1000
scenario 'every 97th sector' 512 "${every% }"
scenario 'the first and the last' 512 '0:1 8191:1'
scenario 'over a chunk border' 512 '127:2 2040:16' # 128: of E01 chunks; 2048: of E01 chunks and of digest chunks
scenario 'ENODATA (R1)' 512 '2000:1 4095:3' "$(rules 512 61 2000:1 4095:3; echo "${bad[*]}")"
scenario 'EREMOTEIO, EILSEQ, ETIMEDOUT (R11)' 512 '2000:1 4096:8 7000:2' \
  "$(rules 512 121 2000:1; one=${bad[*]}; rules 512 84 4096:8; two=${bad[*]}; rules 512 110 7000:2; echo "$one $two ${bad[*]}")"
scenario 'sectors of 4096' 4096 '100:1 511:2 1023:1'
scenario 'sectors of 2048' 2048 '200:1 1022:3 2047:1'
scenario 'EOF early' 512 6000:2192 "end:$((6000 * 512))"


# ---- a slow area: left for later, and lost by nobody ----
noise big.img $((32 << 20))
disk=big.img
area=$((16 << 20))
scenario 'a slow area' 512 2000:1 "bad:$((2000 * 512)):512:5 slow:120:$area:$((2 << 20)) log:$work/slow.log" '--min-rate 12M --skip-size 256K,1M'
# first OFFSET: which read of the log was the first that began in the 256 KiB at OFFSET.
first() { awk -v at="$1" '$1 >= at && $1 < at + 262144 { print NR; exit }' slow.log; }
[ "$(first $((area + (1 << 20))))" -gt "$(first $((31 << 20)))" ] || fail "a slow area: it was not left for later"
disk=disk.img

# ---- R8: a sector that reads at last. How often it is tried without --retries is counted first; it then heals exactly behind that. ----
title='heals at the 3rd retry'
bytes=512 geometry=() options=() faults=(2000:1)
rules 512 5 2000:1
tries() { rm -rf case; mkdir case; x 3 acquire "$loop" -o case/x.raw --no-record; tries=$(grep -c ' 5$' hits); }

bad+=("log:$work/hits")
with_medium tries
healing() { bad=("bad:$((2000 * 512)):512:5:$1"); }
given_up() { rm -rf case; mkdir case; x 3 acquire "$loop" -o case/x.raw --json "$@"; is "$(jq -c .unreadable out)" '[[2000,1]]' "$title, $*: unreadable"; }
for shape in raw E01; do
  recovered() {
    rm -rf case; mkdir case
    x 0 acquire "$loop" -o case/x.$shape --json --retries 3
    is "$(j .acquisition)" complete "$title, $shape: acquisition"
    is "$(j .recovered_sectors)" 1 "$title, $shape: recovered sectors"
    is "$(jq -c .unreadable out)" '[]' "$title, $shape: unreadable"
    is "$(jq -c '[.passes[]|select(.pass=="retry")|[.number,.failed_reads,.sectors_read]]' out)" '[[1,1,0],[2,1,0],[3,0,1]]' "$title, $shape: retry passes"
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$(sha256sum <disk.img | cut -d' ' -f1)" "$title, $shape: sha256"
    absent case/x.$shape.map
    x 0 verify case/x.$shape --against disk.img --json; is "$(j .verdict)" match
    x 0 convert case/x.$shape -o case/copy.raw --no-record --lossy
    row "exhibit $shape" 0 case/copy.raw
  }
  healing $((tries + 2)); with_medium recovered
done
healing $((tries + 2)); with_medium given_up
healing $((tries + 3)); with_medium given_up --retries 3
healing $((tries + 2)); others

printf '%-34s %-15s %4s  %9s  %9s\n' medium tool exit 'lost good' 'size diff'
cat table
exec {LOST[1]}>&-
echo "exit 124: stopped after 5 s; 153: stopped when its copy was twice as long as the medium."
echo "lost good: sectors the medium could read and the copy does not have at their place; size diff: bytes the copy is longer than the medium."
