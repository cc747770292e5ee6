#!/usr/bin/env bash
# One byte wrong in each part of each form of sector is told for what it is; so are sectors cut off and added, tracks that changed places, a subchannel
# that is late, and audio that was shifted. What an image says of itself decides; where it says nothing, another copy of the disc does.
. "$(dirname "$0")/../lib.sh"
need jq python3
make="python3 -B $SRC/tests/make/disc_maker.py"
bad=0
wrong() { printf 'WRONG: %s\n' "$*"; bad=$((bad + 1)); }
for variant in mixed xa formless two; do $make make $variant -o $variant --containers cue,cues,ccd,mds,nrg,toc >$variant.json || fail "no samples"; done
$make make data -o data >data.json || fail "no samples"
# verify IMAGE [OPTION...]: its JSON in $work/out, its exit status in $code
verify() { "$EXHIBIT" verify "$@" --json --no-record --progress none >"$work/out" 2>"$work/err"; code=$?; }
findings() { jq -r '.findings[]? | select(.outcome != "consistent" and .outcome != "match") | "\(.check) \(.outcome) lba \(.lba // "-"): \(.detail)"' "$work/out"; }
fresh() { rm -rf lab; cp -r "$1" lab; }
# finds WHAT REGEXP: a finding that is no praise has it
finds() { findings | grep -qE -- "$2" || wrong "$1: no finding has '$2' ($code): $(findings | head -4 | tr '\n' ' ') $(jq -r '.error.text // empty' "$work/out")"; }

# ---- nothing is wrong with what is whole
for image in mixed/cue/disc.cue xa/cue/disc.cue formless/cue/disc.cue mixed/ccd/disc.ccd data/iso/disc.iso two/ccd/disc.ccd mixed/mds/disc.mds; do
  verify $image
  [[ $code =~ ^[06]$ ]] || wrong "$image: $code"
  [ -z "$(findings)" ] || wrong "$image is whole, and: $(findings | head -3)"
done

# ---- one byte, in each region of each form. variant:sector:form:region, then the check and a word of the detail ("-": nothing can be said)
while IFS='|' read -r variant sector form region check word; do
  fresh $variant/cue
  $make flip lab/disc.bin $sector $region --form $form >at || fail "cannot damage"
  verify lab/disc.cue
  name="$variant, $region of sector $sector (form $form)"
  if [ "$check" = - ]; then
    [ -z "$(findings)" ] || wrong "$name: $(findings | head -2)"
    continue
  fi
  finds "$name" "^$check warning lba $sector: .*($word)"
  # and nothing is said of any other sector
  others=$(jq -r --argjson lba $sector '[.findings[]? | select(.outcome == "warning" and .count == 1 and .lba != null and .lba != $lba)] | length' "$work/out")
  [ "$others" = 0 ] || wrong "$name: other sectors are named: $(findings | tr '\n' ' ')"
  [ $code != 1 ] || wrong "$name: a fact of the image is called damage"
done <<'END'
mixed|10|1|sync|sync|no sync
mixed|10|1|header|edc|would correct
mixed|10|1|mode|mode|no mode
mixed|10|1|user|edc|would correct
mixed|10|1|edc|edc|would correct
mixed|10|1|zero|ecc|data are good
mixed|10|1|p|ecc|data are good
mixed|10|1|q|ecc|data are good
mixed|63|1|user|edc|would correct
mixed|0|1|user|edc|would correct
xa|9|2.1|sync|sync|no sync
xa|9|2.1|mode|mode|no mode
xa|9|2.1|subheader|edc|would correct
xa|9|2.1|user|edc|would correct
xa|9|2.1|edc|edc|would correct
xa|9|2.1|p|ecc|data are good
xa|9|2.1|q|ecc|data are good
xa|15|2.2|sync|sync|no sync
xa|15|2.2|mode|mode|no mode
xa|15|2.2|subheader|edc|beyond
xa|15|2.2|user|edc|beyond
xa|15|2.2|edc|edc|beyond
xa|11|2.2|user|-|
formless|5|2|user|-|
formless|5|2|sync|sync|no sync
mixed|100|audio|user|-|
END
# the address is no part of what the EDC of Mode 2 covers: a header of another sector's address is told of the track
for where in "xa 9 2.1" "xa 15 2.2" "formless 5 2"; do
  set -- $where
  fresh $1/cue; $make flip lab/disc.bin $2 header --form $3 >at
  verify lab/disc.cue
  finds "$1, header of sector $2" "^address warning .*(headers of 1 |one )"
done
# of several, how many their ECC would correct; a sector of Form 2 has none
fresh xa/cue; for n in 9 12; do $make flip lab/disc.bin $n user --form 2.1 >at; done; $make flip lab/disc.bin 15 user --form 2.2 >at
verify lab/disc.cue; finds "three bad sectors" "^edc warning lba 0: track 1: 3 sectors fail their EDC: their ECC would correct 2; 1 of them is Form 2"
[ "$(jq -c '.audit.tracks[0] | [.verdicts.repairable, .verdicts["edc-bad"], .without_ecc]' "$work/out")" = "[2,1,1]" ] ||
  wrong "three bad sectors, in the audit: $(jq -c '.audit.tracks[0]' "$work/out")"
# two bytes far from each other in every column of P: beyond repair
fresh mixed/cue; head -c 600 /dev/urandom | dd of=lab/disc.bin bs=1 seek=$((10 * 2352 + 700)) conv=notrunc 2>/dev/null
verify lab/disc.cue; finds "600 bytes of a sector" "^edc warning lba 10: .*beyond"
# a tool's fill is not the disc's data, whatever stands around it
fresh mixed/cue; python3 -c 'import sys; sys.stdout.buffer.write(b"\x55" * 2336)' | dd of=lab/disc.bin bs=1 seek=$((20 * 2352 + 16)) conv=notrunc 2>/dev/null
verify lab/disc.cue; finds "a sector of 0x55" "^fill warning lba 20: "
# a scrambled sector
fresh mixed/cue
python3 - "$SRC/tests/make" lab/disc.bin 12 <<'END'
import sys
sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import disc_sectors as cd
with open(sys.argv[2], "r+b") as f:
    at = int(sys.argv[3]) * 2352
    f.seek(at); s = f.read(2352); f.seek(at); f.write(cd.scramble(s))
END
verify lab/disc.cue; finds "a scrambled sector" "^scrambled warning lba 12: "
# every header of a track one address late: a pressing's shift, told once
fresh mixed/cues
python3 - "$SRC/tests/make" "lab/disc (Track 1).bin" <<'END'
import sys
sys.path.insert(0, sys.argv[1]); sys.dont_write_bytecode = True
import disc_sectors as cd
with open(sys.argv[2], "r+b") as f:
    data = f.read()
    f.seek(0)
    f.write(b"".join(cd.mode1(n + 1, data[n * 2352 + 16 : n * 2352 + 2064]) for n in range(len(data) // 2352)))
END
verify lab/disc.cue; finds "headers one late" "^address warning .*every header.* 1 sectors? off"
[ "$(findings | grep -c '^address')" = 1 ] || wrong "a constant shift is told more than once: $(findings | tr '\n' ' ')"

# ---- the subchannel: Q's CRC, P and R that prove nothing, and one that is late
fresh mixed/ccd; for n in 30 31 32; do $make flip lab/disc.sub $n q --form sub >at; done
verify lab/disc.ccd; finds "Q of three sectors" "^q-crc warning lba 30: "
fresh mixed/ccd; $make flip lab/disc.sub 30 r --form sub >at
verify lab/disc.ccd; [ -z "$(findings)" ] || wrong "R is no part of Q: $(findings)"
for n in 1 2; do
  fresh mixed/ccd; $make late lab/disc.sub $n
  verify lab/disc.ccd; finds ".sub $n late" "^q-position warning .*$n sectors? (too )?late"
done

# ---- cut and added: what the descriptor says against what is there
cut_and_added() { # CONTAINER DATA-FILE WORD: damage to the data file is found by the image itself
  for how in "cut 2352" "cut 100" "cut 23520"; do
    fresh mixed/$1; $make ${how%% *} "lab/$2" ${how#* }
    verify lab/disc.$1
    [ $code = 1 ] || [ $code = 5 ] || [ $code = 3 ] || wrong "$1, $how: $code"
    finds "$1, $how" "$3"
  done
}
cut_and_added ccd disc.img "data-file|lead-out|short|end"
cut_and_added mds disc.mdf "data-file|short|end"
cut_and_added toc disc.bin "data-file|short|end"
# a cue sheet knows no end of its last track: half a sector is told, whole ones only by another copy of the disc
fresh mixed/cue; $make cut lab/disc.bin 100; verify lab/disc.cue; finds "cue, cut 100" "data-file|2252|sector"
for n in 2 15 150; do
  for what in zero noise; do
    fresh mixed/ccd; $make append lab/disc.img $n $what
    verify lab/disc.ccd; finds "ccd, $n $what sectors added" "lead-out|behind|longer|data-file|unused|img"
    fresh mixed/mds; $make append lab/disc.mdf $n $what
    verify lab/disc.mds; finds "mds, $n $what sectors added" "behind|longer|data-file|unused|no track"
    fresh mixed/toc; $make append lab/disc.bin $n $what
    verify lab/disc.toc; finds "toc, $n $what sectors added" "behind|longer|data-file|unused|no track"
    fresh data/iso; $make append lab/disc.iso $n $what --stride 2048
    word=appended; [ $what = noise ] || word=padded
    verify lab/disc.iso; finds "iso, $n $what sectors added" "^volume-size warning .*$word: $n sectors"
  done
done
fresh data/iso; $make cut lab/disc.iso 2048
verify lab/disc.iso; finds "iso, the last sector cut" "^volume-size damaged .*truncated.*missing: 1"
[ $code = 1 ] || wrong "a truncated iso ends with $code"
fresh mixed/nrg; $make append lab/disc.nrg 2 zero
verify lab/disc.nrg; [ $code = 5 ] || wrong "an NRG whose footer is not its end: $code"
fresh mixed/nrg; $make cut lab/disc.nrg 5
verify lab/disc.nrg; [ $code = 5 ] || wrong "an NRG without its footer: $code"

# ---- against another copy of the disc
against() { # NAME CODE REGEXP: lab/disc.cue against the whole disc
  verify lab/disc.cue --against mixed/cues/disc.cue
  [ $code = "$2" ] || wrong "$1: $code instead of $2: $(findings | head -3 | tr '\n' ' ')"
  [ -z "$3" ] || finds "$1" "$3"
}
fresh mixed/cue; against "the same disc" 0 ""
fresh mixed/cue; $make flip lab/disc.bin 100 user --form audio >at; against "one byte of audio" 1 "lba 100|LBA 100"
fresh mixed/cue; $make flip lab/disc.bin 10 user >at; against "one byte of data" 1 "lba 10|LBA 10"
fresh mixed/cues; mv "lab/disc (Track 2).bin" t; mv "lab/disc (Track 3).bin" "lab/disc (Track 2).bin"; mv t "lab/disc (Track 3).bin"
verify lab/disc.cue --against mixed/cues/disc.cue; [[ $code =~ ^[15]$ ]] || wrong "tracks that changed places: $code"
# two tracks of one length that changed places are both there, only not where they were
$make make mixed -o equal --seed 7 --containers cues >/dev/null
cp "equal/cues/disc (Track 3).bin" t3
fresh mixed/cue; $make swap lab/disc.bin 96 16 120 16
verify lab/disc.cue --against mixed/cue/disc.cue; [ $code = 1 ] || wrong "audio that changed places: $code"
for k in 1 -1 30 -667 588 5880 -5880; do
  fresh mixed/cue; $make shift lab/disc.bin 64 72 $k
  against "audio shifted by $k samples" 1 "shift.*[^0-9]${k#-} sample|${k#-} samples"
done
for n in 2 15 150; do
  for what in zero noise; do
    fresh mixed/cue; $make append lab/disc.bin $n $what
    verify lab/disc.cue --against mixed/cue/disc.cue
    [ $code != 0 ] || [ $what = zero ] || wrong "$n sectors more than the other copy, not zeros, and a match"
    finds "$n $what sectors more than the other copy" "(^|[^0-9])$n (more )?(sectors|zero)|trailing"
  done
done
fresh mixed/cue; $make cut lab/disc.bin 2352
against "the last sector missing" 1 "1 sector|bytes|LBA 135|lba 135"
[ $bad = 0 ] || { rm -f "$work/out" "$work/err"; fail "$bad things"; }
