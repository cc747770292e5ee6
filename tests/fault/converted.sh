#!/usr/bin/env bash
# A conversion that is interrupted, fails or is killed: what was half made goes, by itself or by the next try, for every format that can be written and
# for sets of several files. What was there before, and the partial of an acquisition, stay. EXHIBIT_KILLS: at how many calls of its copying each shape
# is cut, each way; of the last TAIL calls (publishing and recording) it is at every EXHIBIT_STEPth (1: each).
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # hundreds of runs, each with its fsyncs
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3 timeout openssl flock
shim=$BUILD/tests/libfail_nth.so
[ -e "$shim" ] || skip "$shim was not built"
grep -q __asan_init "$EXHIBIT" && skip "the program has ASan's calls"
step=${EXHIBIT_STEP:-40} kills=${EXHIBIT_KILLS:-2}
TAIL=75
sample disk.img $((3 << 20))
sample disc.bin $((900 * 2352))
printf 'FILE "disc.bin" BINARY\n TRACK 01 AUDIO\n  INDEX 01 00:00:00\n TRACK 02 AUDIO\n  INDEX 00 00:04:00\n  INDEX 01 00:06:00\n' >disc.cue
x 0 convert disk.img -o disk.E01 --no-record --compress none

# SOURCE IMAGE OPTION...
shapes=("disk.E01 x.raw" "disk.E01 x.001 --segment 1M" "disk.img x.E01 --segment 1M --compress none" "disk.E01 x.vdi" "disk.E01 x.vhd"
  "disk.E01 x.vhdx" "disk.E01 x.qcow2" "disk.E01 x.vmdk" "disk.E01 x.vmdk --compress none" "disk.E01 x.dmg" "disk.img x.iso --sector-size 2048"
  "disc.cue x.cue" "disc.cue x.toc" "disc.cue x.ccd")
formats=$("$EXHIBIT" --help | sed -n '/^formats:/,/^$/p' | grep -v 'read only\|not read' | sed -n 's/^  \([a-z0-9]*\) .*/\1/p')
for format in $formats; do # one that is added later is missed here
  case " raw ewf vdi vhd vhdx qcow2 vmdk dmg iso cue toc ccd " in *" $format "*) ;; *) fail "$format can be written, and is not tried here" ;; esac
done

fresh() { rm -rf case; mkdir case; echo mine >case/mine.txt; x 0 log --init --ledger case/ledger.db; }
only_mine() { is "$(ls -A case | grep -v '^ledger.db' | tr '\n' ' ')" "mine.txt " "$what: what lies there"; is "$(cat case/mine.txt)" mine; }
last() { sqlite3 case/ledger.db 'select line from entry order by seq desc limit 1' | jq -r "$1"; }

# run SETTINGS N: converts the shape with these settings of the shim at the Nth call; the status is in $got, the number of calls in the file count.
# A conversion renames its mark first, then the list of what it is going to publish, then the files.
run() {
  { env LD_PRELOAD="$shim" FAIL_CALL=any $1 FAIL_NTH=$2 FAIL_COUNT=count "$EXHIBIT" convert "$source" -o "$image" "${options[@]}" --json \
      --progress none >out 2>err; } 2>/dev/null # the shell's own word of the kill
  got=$?
}
# made: the image is there, right, on record, and nothing else.
made() {
  absent "$image.partial"
  x 0 verify "$image" --json
  is "$(j .verdict)" match "$what"
  is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$media" "$what: the media digest"
  x 0 log --check --ledger case/ledger.db
  is "$(cat case/mine.txt)" mine "$what"
}

interrupted=0 said=0 failed=0 killed=0 replaced=0 stood=0
for shape in "${shapes[@]}"; do
  set -- $shape; source=$1 image=case/$2; shift 2; options=("$@")
  what="$shape, not cut"
  fresh
  run "" 0
  is $got 0 "$what"
  total=$(cat count)
  media=$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')
  made
  files=$(ls case | grep '^x')
  copying=() points=()
  for ((i = 0; i < kills; i++)); do copying+=($((1 + (2 * i + 1) * (total - TAIL) / (2 * kills)))); done
  points=("${copying[@]}")
  for ((n = total - TAIL + RANDOM % step; n <= total; n += step)); do [ $n -lt 1 ] || points+=($n); done

  # a signal: the program cleans up by itself; the same command works at once
  for n in "${points[@]}"; do
    for signal in 2 15; do
      what="$shape, signal $signal before call $n of $total"
      fresh
      run "FAIL_SIGNAL=$signal" $n
      [ $got != 0 ] || { made; continue; } # it came when all was done
      is $got 130 "$what: status"
      is "$(j .error.code)" cancelled "$what"
      only_mine
      [ "$(last .type)" != convert-end ] || is "$(last .body.outcome)" interrupted "$what: the record"
      interrupted=$((interrupted + 1))
      ! grep -q 'no image was published; what was half made of it is removed' err || said=$((said + 1))
    done
  done
  what="$shape, after interruptions"
  fresh
  run FAIL_SIGNAL=2 ${copying[0]}
  x 0 convert "$source" -o "$image" "${options[@]}"
  ! grep -q 'was left by' err || fail "$what: something was left"
  made

  # a call that fails: the same, with its reason
  for n in "${copying[@]}"; do
    what="$shape, call $n of $total fails"
    fresh
    run "FAIL_ERRNO=28" $n
    [ $got != 0 ] || { made; continue; }
    [ $got = 4 ] || [ $got = 2 ] || fail "$what: ends with $got"
    if j .error.text | grep -q 'the image stands'; then
      absent "$image.partial"
      [ -e "$image" ] || fail "$what: there is no image that stands"
      continue
    fi
    only_mine
    failed=$((failed + 1))
  done

  # a kill: the next try removes what is left, and says so; also in the middle of moving a set into place
  run FAIL_CALL=rename 0
  cuts=()
  for n in "${points[@]}"; do cuts+=("FAIL_CALL=any $n"); done
  for ((n = 1; n <= $(cat count); n++)); do cuts+=("FAIL_CALL=rename $n"); done
  for cut in "${cuts[@]}"; do
    what="$shape, killed before call $cut of $total"
    fresh
    run "FAIL_KILL=1 ${cut% *}" ${cut#* }
    [ $got = 137 ] || { is $got 0 "$what: status"; made; continue; }
    killed=$((killed + 1))
    was=$(ls -A case case/x.*.partial 2>/dev/null | tr '\n' ' ')
    timeout 60 "$EXHIBIT" convert "$source" -o "$image" "${options[@]}" --json --progress none >out 2>err; again=$?
    if [ $again = 2 ]; then # the image stood, whole: it is not made again over itself
      told refused "never overwritten"
      [ -e "$image" ] || fail "$what: refused, and there is no image"
      absent "$image.partial"
      is "$(ls case | grep '^x' | grep -v record)" "$(grep -v record <<<"$files")" "$what: the image's files"
      x 0 hash "$image" --json --no-record
      is "$(j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value')" "$media" "$what: the image that stands"
      stood=$((stood + 1))
      continue
    fi
    is $again 0 "$what: the next try (there was: $was)"
    ! grep -q 'that was cut .*it is removed, and the conversion begins again' err || replaced=$((replaced + 1))
    made
    is "$(ls case | grep '^x')" "$files" "$what: the files"
  done
done
echo "interrupted $interrupted ($said with something half made), failed $failed, killed $killed: replaced $replaced, stood $stood"
[ $said -gt 0 ] && [ $failed -gt 0 ] && [ $replaced -gt 0 ] || fail "nothing was cut where it was to be"
what=

# ---- whose a partial is, is told by its mark, never by its name
source=disk.E01 image=case/x.vdi options=()
fresh
run "FAIL_KILL=1 FAIL_CALL=rename" 2
is $got 137
[ -e case/x.vdi.partial/conversion ] && [ -e case/x.vdi.partial/x.vdi ] || fail "not killed where it was to be: $(ls -A case/*)"
x 2 acquire disk.img -o case/x.vdi; says 'unfinished'; [ -e case/x.vdi.partial/x.vdi ] || fail "an acquisition removed it"
x 2 acquire disk.img -o case/x.vdi --resume; says 'is of a conversion'; [ -e case/x.vdi.partial/conversion ] || fail "acquire --resume removed the mark"
x 2 acquire --resume case/x.vdi; says 'is of a conversion'; [ -e case/x.vdi.partial/x.vdi ] || fail "acquire --resume removed it"
# somebody's file in it: nothing is removed
echo other >case/x.vdi.partial/other.txt
before=$(ls -lA case/x.vdi.partial)
x 2 convert disk.E01 -o case/x.vdi --json; told refused 'other.txt in it is no part'
is "$(ls -lA case/x.vdi.partial)" "$before" "the folder"
rm case/x.vdi.partial/other.txt
mv case/x.vdi.partial/x.vdi kept; ln -s "$work/disk.img" case/x.vdi.partial/x.vdi
x 2 convert disk.E01 -o case/x.vdi --json; told refused 'x.vdi in it is no part'
rm case/x.vdi.partial/x.vdi; mv kept case/x.vdi.partial/x.vdi
# an image of that name: neither it nor the folder is touched
echo mine >case/x.vdi
x 2 convert disk.E01 -o case/x.vdi --json; told refused 'never overwritten'
is "$(cat case/x.vdi)" mine "somebody's image"; [ -e case/x.vdi.partial/x.vdi ] || fail "the folder was touched"
rm case/x.vdi
# a mark of another image, or that is none
cp case/x.vdi.partial/conversion mark
for edit in 's/"x.vdi"/"y.vdi"/' 's/"v": 1/"v": 2/' 's/{//'; do
  sed "$edit" mark >case/x.vdi.partial/conversion
  x 2 convert disk.E01 -o case/x.vdi --json; told refused 'unfinished image'
  [ -e case/x.vdi.partial/x.vdi ] || fail "removed by a mark that is not its own ($edit)"
done
cp mark case/x.vdi.partial/conversion
# what is half made, as the source: it is not removed while it is read
mkdir case/x.raw.partial; sed 's/"x.vdi"/"x.raw"/' mark >case/x.raw.partial/conversion; cp disk.img case/x.raw.partial/x.raw
ln -s x.raw.partial/x.raw case/link.raw
for path in case/x.raw.partial/x.raw case/link.raw "$work/case/link.raw" case/../case/x.raw.partial/x.raw; do
  x 2 convert "$path" -o case/x.raw --json; told refused 'lies in the folder that was to be removed'
  is "$(sha256sum <case/x.raw.partial/x.raw)" "$(sha256sum <disk.img)" "the source $path"
done
rm -r case/link.raw case/x.raw.partial
# another run that is at it
{ flock -x 9; touch held; exec sleep 30; } 9<case/x.vdi.partial & holder=$!
wait_for held
x 2 convert disk.E01 -o case/x.vdi --json; told refused 'another run'
kill $holder; wait $holder 2>/dev/null
x 0 convert disk.E01 -o case/x.vdi; says 'x.vdi.partial was left by a conversion of disk.E01 that was cut'
x 0 verify case/x.vdi --require ledger

# ---- the partial of an acquisition is evidence: no conversion removes it, and it is gone on with
fresh
{ env LD_PRELOAD="$shim" FAIL_CALL=rename FAIL_KILL=1 FAIL_NTH=2 "$EXHIBIT" acquire disk.img -o case/x.E01 --segment 1M --compress none --progress none; } >out 2>err
[ -e case/x.E01.partial/state ] || fail "not killed where it was to be: $(ls -A case/*)"
before=$(ls -lA case/x.E01.partial)
x 2 convert disk.img -o case/x.E01 --json; told refused 'unfinished image'
is "$(ls -lA case/x.E01.partial)" "$before" "the partial of the acquisition"
x 0 acquire --resume case/x.E01
x 0 verify case/x.E01 --require ledger
