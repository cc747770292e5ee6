#!/usr/bin/env bash
# Small disk images with one field of the header or of a table changed (tests/make/disk_pokes.py): what the program says of each is in
# tests/golden/disk_pokes/FORMAT.txt, and it says it soon and in little memory; a change that opens without a word has its reason here. Then each byte of the same images inverted, and each cut: a reader tells
# it, or the place is one where the format cannot show it, for the reason given here.
#   EXHIBIT_GOLDEN=write   writes the golden files anew; look at what changed
. "$(dirname "$0")/../lib.sh"
need jq python3
golden=$SRC/tests/golden/disk_pokes
python3 -B "$SRC/tests/make/disk_pokes.py" lab >rows || fail "no samples"
known=$("$EXHIBIT" --help | sed -n '/^formats:/,/^$/s/^  \([a-z0-9]*\) .*/\1/p')
limit=524288 # a sanitizer's shadow memory is far larger than any limit that would say something
( ulimit -v $limit; "$EXHIBIT" --version >/dev/null 2>&1 ) || limit=unlimited
bad=0 tried=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }

# ---- fields
# said FORMAT FIELD=VALUE: one line. What opens is read too, of a disk beyond reason only the beginning. (jq rounds offsets beyond 2^53.)
said() {
  local file=$2.$1 code sectors
  ( cd "lab/$1"; ulimit -v $limit; exec timeout -s KILL 20 "$EXHIBIT" info "$file" --json --progress none ) >out 2>err; code=$?
  [ $code -lt 70 ] || wrong "$1 $2: info ended with $code"
  if [ $code != 0 ]; then
    jq -r --arg w "$2" --arg c $code '(.error.offset // 1e18) as $at | "\($w): \($c) \(.error.text)" + (if $at < 9e15 then " (\($at))" else "" end)' out
    return
  fi
  jq -r --arg w "$2" '[.findings[]? | "; \(.outcome): \(.detail)"] as $f |
    "\($w): opens, \(.bytes) bytes" + ($f[:3] | join("")) + (if ($f | length) > 3 then "; and \(($f | length) - 3) more" else "" end)' out
  sectors=$(jq 'if .sectors < 65536 then .sectors else 65536 end' out)
  ( cd "lab/$1"; ulimit -v $limit; exec timeout -s KILL 20 "$EXHIBIT" hash "$file" --json --no-record --progress none --hash crc32 --count "$sectors" ) >out 2>err; code=$?
  [ $code -lt 70 ] || wrong "$1 $2: hash ended with $code"
}
for format in $(cut -f1 rows | uniq); do
  grep -qx "$format" <<<"$known" || { echo "LEFT OUT: the program does not list $format"; continue; }
  : >"$format.txt"
  while IFS=$'\t' read -r f what; do
    [ "$f" = "$format" ] || continue
    tried=$((tried + 1))
    said "$format" "$what" >>"$format.txt"
  done <rows
  ! grep -qi 'sanitizer\|runtime error' err || wrong "$format: $(head -3 err)"
  if [ "${EXHIBIT_GOLDEN:-}" = write ]; then
    mkdir -p "$golden" && cp "$format.txt" "$golden/"
  elif [ ! -e "$golden/$format.txt" ]; then
    wrong "no golden file for $format"
  else
    diff -u "$golden/$format.txt" "$format.txt" >"$format.diff" || { wrong "$format says other things than tests/golden/disk_pokes/$format.txt:"; head -30 "$format.diff"; }
  fi
done
echo "$tried fields"

# ---- fields that are read without a word: FORMAT, the field and its values (a pattern), and why there is nothing to tell
cat >silent <<'END'
vdi header-size=(399|401) a header may be longer, or without the last geometry; it is long enough, and ends before the map
vdi (uuid|modification)=[0-9]+ any identifier but none
vdi map-1=4294967294 a block of zeros in place of one that is not stored: the same disk
vhd features=3 a temporary disk: a fact
vhd original-size=[0-9]+ a disk may be made larger: where it differs it is a fact
vhd geometry=[0-9]+ makers differ in what they put there: a fact, beside the size that is read
vhd saved-state=1 a machine that was saved: a fact
vhd bitmap=[0-9]+ sectors of a dynamic disk are read as stored, whatever their bits say, as every reader does
qcow2 backing-length=[0-9]+ undefined where there is no backing file
qcow2 l1-entries=2 the L1 table may be larger than the disk needs
qcow2 compatible=1 lazy reference counts: only what the dirty bit says of them matters
qcow2 l2-0=9223372036854778369 zeros that keep their cluster: a kind of cluster as good as another
qcow2 l2-zero=0 a cluster that is not stored in place of zeros: the same disk
qcow2 l2-packed=4611686018427391489 the packed data are read from a byte further on: only unpacking shows it
vmdk version=2 a known version: a fact
vmdk flags=2 no test of line ends is asked for
vmdk descriptor-size=(1|19) the descriptor has room that it does not fill
vhdx (first|second)-sequence=[0-9]+ either header may be the newer one, and both say the same: which is used is a fact
vhdx entry-0=4194309 an unmapped block that keeps its place: its state is a fact
vhdx entry-1=1 an undefined block: its state is a fact
END
while read -r format what why; do grep -qE "^$what: opens, [0-9]+ bytes$" "$format.txt" || wrong "$format, $what: it is not silent, or not there ($why)"; done <silent
for format in vdi vhd qcow2 vmdk vhdx; do
  sed -n 's/: opens, [0-9]* bytes$//p' "$format.txt" >mute
  while read -r what; do
    awk -v f="$format" '$1 == f { print $2 }' silent | grep -qxE -f - <(echo "$what") || wrong "$format: $what opens without a word"
  done <mute
done

# ---- bytes and cuts
flips=$BUILD/tests/disk_flips
[ -x "$flips" ] || fail "disk_flips was not built"
# FORMAT FIRST END REASON: from FIRST up to END a changed byte may change the disk without a word
cat >reasons <<'END'
vdi 1024 9216 data; a VDI has no checksum
vhd 2560 6656 data; a VHD's checksums cover footer and header only
vhd 7168 11264 data; a VHD's checksums cover footer and header only
qcow2 2048 2088 the kind of a cluster in its L2 entry; a QCOW2 has no checksum
qcow2 2560 3648 data, and what is packed by raw deflate; a QCOW2 has no checksum
vmdk 16384 24576 data; a VMDK has no checksum but that of packed grains
vhdx 2097152 3145728 the state of a block; a VHDX's checksums cover headers, region tables and log only
vhdx 3211264 3276800 values of the metadata; a VHDX's checksums cover headers, region tables and log only
vhdx 4194304 5242880 data; a VHDX's checksums cover headers, region tables and log only
END
for format in $(cut -f1 rows | uniq); do
  grep -qx "$format" <<<"$known" || continue
  step=64 cut=512
  [ "$format" != vhdx ] || { step=16381 cut=4096; }
  timeout 300 "$flips" flip "$format" "lab/small.$format" $step >flips 2>err || { wrong "$format: flip: $(head -3 err)"; continue; }
  timeout 300 "$flips" cut "$format" "lab/small.$format" $cut >cuts 2>err || { wrong "$format: cut: $(head -3 err)"; continue; }
  ! grep -q "same\|changed" cuts || wrong "$format: cut at $(grep -m3 'same\|changed' cuts | tr '\n' ' ') and nothing is told"
  awk -v format="$format" '
    FNR == NR { if ($1 == format) { first[++n] = $2; end[n] = $3; $1 = $2 = $3 = ""; reason[n] = substr($0, 4) } next }
    { count[$2]++ }
    $2 == "changed" { why = 0; for (i = 1; i <= n; i++) if ($1 >= first[i] && $1 < end[i]) why = i
                      if (why) by[why]++; else { print "UNTOLD " $1; untold++ } }
    END { printf "%s: of %d bytes changed %d are refused, %d found, %d lost, %d mean nothing", format, FNR, count["refused"], count["found"], count["lost"], count["same"]
          for (i = 1; i <= n; i++) printf "; %d not to be seen: %s", by[i], reason[i]
          print ""; exit untold > 0 }' reasons flips >told || wrong "$format: another disk, and nothing is told of a byte at $(sed -n 's/UNTOLD //p' told | head -5 | tr '\n' ' ')"
  grep -v UNTOLD told
  [ "$(grep -c 'refused\|found' flips)" -gt 10 ] || wrong "$format: hardly a byte is noticed"
done
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad wrong"; }
