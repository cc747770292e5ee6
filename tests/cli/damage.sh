#!/usr/bin/env bash
# Whatever is done to an image that is on record is a finding, exit status 1, and the finding names the place; without a record the words get weaker
# and never better.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sha256sum
sample src.bin 8388608
flip() { # FILE OFFSET [BITS]
  local byte; byte=$(od -An -tu1 -j "$2" -N1 "$1")
  printf "\\x$(printf %x $((byte ^ ${3:-255})))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
}
jc() { jq -c "$1" "$work/out"; }
verdict() { is "$(j .verdict)" "$1" "verdict"; }
finding() { j '.findings[]|select('"$1"')|"\(.check) \(.file) \(.offset) \(.lba) \(.count)"'; } # JQ-CONDITION
has() { [ -n "$(finding "$1")" ] || fail "no finding with $1: $(jc .findings)"; }

# ---- raw with a ledger: the chunk that holds the byte is named, and no other
mkdir raw
x 0 acquire src.bin -o raw/a.raw --chunk 1M
cp raw/a.raw good.raw
for at in 0 511 512 1048575 1048576 4000000 7340032 8388607; do
  for bit in 1 128; do
    flip raw/a.raw $at $bit
    x 1 verify raw/a.raw --json
    verdict mismatch
    j '.basis[]' | grep -qx ledger || fail "the ledger is no basis"
    is "$(finding '.check=="chunk" and .outcome=="mismatch" and .basis=="ledger"')" "chunk null null $((at / 1048576 * 2048)) 2048" "the chunk of byte $at"
    flip raw/a.raw $at $bit
  done
done
x 0 verify raw/a.raw
# the chunk that is named is the one that dd and sha256sum find
flip raw/a.raw 5000000
x 1 verify raw/a.raw --json
lba=$(finding '.check=="chunk" and .outcome=="mismatch" and .basis=="ledger"' | cut -d' ' -f4)
for n in 0 1 2 3 4 5 6 7; do
  a=$(dd if=raw/a.raw bs=1M skip=$n count=1 status=none | sha256sum) b=$(dd if=good.raw bs=1M skip=$n count=1 status=none | sha256sum)
  [ "$a" = "$b" ] || is "$lba" $((n * 2048)) "chunk by dd"
done
says '"mismatch"'
x 1 verify raw/a.raw; says "chunk 4 .LBA 8192 to 10239. differs from the ledger"
flip raw/a.raw 5000000
# two places, two chunks
flip raw/a.raw 100; flip raw/a.raw 8000000
x 1 verify raw/a.raw --json
is "$(finding '.check=="chunk" and .outcome=="mismatch" and .basis=="ledger"' | cut -d' ' -f4 | tr '\n' ' ')" "0 14336 "
cp good.raw raw/a.raw
# other sizes
for size in -1 -512 -513 -1048576 +1 +512 +1048576; do
  cp good.raw raw/a.raw; truncate -s $size raw/a.raw
  x 1 verify raw/a.raw --json; verdict mismatch; has '.check=="size" and .outcome=="mismatch" and .basis=="ledger"'
done
: >raw/a.raw
x 1 verify raw/a.raw --json; has '.check=="size"'
cp good.raw raw/a.raw; x 0 verify raw/a.raw
rm raw/a.raw
x 4 verify raw/a.raw --json; is "$(j .error.code)" not-found
# chunks of 64 MiB unless told otherwise
truncate -s 130M big.bin; printf x | dd of=big.bin bs=1 seek=1000 conv=notrunc status=none
x 0 acquire big.bin -o raw/big.raw --json; is "$(j .chunks.count)" 3; is "$(j .chunks.sectors)" 131072
flip raw/big.raw $((65 << 20))
x 1 verify raw/big.raw --json; is "$(finding '.check=="chunk" and .outcome=="mismatch" and .basis=="ledger"')" "chunk null null 131072 131072"
rm raw/big.raw big.bin
# a set of parts: swapped, missing, cut
x 0 acquire src.bin -o raw/s.001 --segment 2M --chunk 1M
mv raw/s.002 t; mv raw/s.003 raw/s.002; mv t raw/s.003
x 1 verify raw/s.001 --json; verdict mismatch; has '.check=="file" and .file=="s.002"'; has '.check=="chunk" and .lba==4096'
mv raw/s.002 t; mv raw/s.003 raw/s.002; mv t raw/s.003
x 0 verify raw/s.001
mv raw/s.004 t; x 1 verify raw/s.001 --json; mv t raw/s.004
mv raw/s.002 t; x 1 verify raw/s.001 --json; mv t raw/s.002
truncate -s -1 raw/s.004; x 1 verify raw/s.001 --json; has '.check=="size"'

# ---- E01 in segments. reset [bare]: the set anew; without "bare" its side record lies beside it.
mkdir made lab
for how in none fast; do
  rm -rf made/*; x 0 acquire src.bin -o made/n.E01 --segment 1M --compress $how
  [ -e made/n.E02 ] || fail "$how: the sample gives one segment only"
  reset() { rm -rf lab; mkdir lab; cp made/n.E?? lab/; [ "${1-}" = bare ] || cp made/n.E01.record.jsonl lab/; }
  reset bare; x 0 verify lab/n.E01 --json; verdict match; is "$(jc .basis)" '["stored"]'
  reset; x 0 verify lab/n.E01 --json; is "$(jc .basis)" '["record","stored"]'
  # a byte in a chunk: the file, and an offset at or before the byte, less than a chunk away
  for file in n.E01 n.E02; do
    for at in 300000 500001 900000; do
      for kind in "" bare; do
        reset $kind; flip lab/$file $at
        x 1 verify lab/n.E01 --json; verdict damaged
        read -r _ named offset lba count <<<"$(finding '.check=="chunk-checksum" and .outcome=="damaged"')"
        is "$named" $file "the file of byte $at"; is "$count" 64 "sectors of one chunk"
        [ "$offset" -le $at ] && [ $((at - offset)) -lt 33000 ] || fail "$file: byte $at is said to be at $offset"
        # the sectors that are named are the ones that ewfexport or plain reading would miss: none other is missing
        is "$(j .unreadable_sectors)" 64
        x 1 verify lab/n.E01; says "$file at offset $offset"
      done
    done
  done
done
# any byte at all, in any section (of a small set, these are many runs): never 0 while a record names the file; and never a crash
head -c 1500000 src.bin >small.bin; small=$(sha256sum <small.bin | cut -d' ' -f1)
rm -rf made/*; x 0 acquire small.bin -o made/n.E01 --segment 1M --compress none
[ -e made/n.E02 ] || fail "the small sample gives one segment only"
for file in n.E01 n.E02; do
  size=$(stat -c %s made/$file)
  for at in 0 1 8 9 10 11 12 13 29 37 45 61 85 89 100 150 $(seq 165 83 1900) $(seq $((size - 1200)) 101 $((size - 1))); do
    reset; flip lab/$file $at
    x 1 verify lab/n.E01 --json
    [[ $(j .verdict) =~ ^(damaged|mismatch)$ ]] || fail "$file byte $at: $(j .verdict)"
    reset bare; flip lab/$file $at
    "$EXHIBIT" verify lab/n.E01 --json --progress none >"$work/out" 2>"$work/err"; code=$?
    # without a record: fine only where no byte of evidence is touched, else damaged, else no image any more
    [[ $code =~ ^(0|1|5)$ ]] || fail "$file byte $at without a record: $code"
    [ $code != 0 ] || { verdict match; is "$(j '.digests[]|select(.algorithm=="sha256" and .scope=="media").value')" "$small"; }
  done
done
rm -rf made/*; x 0 acquire src.bin -o made/n.E01 --segment 1M --compress fast

# the set itself: on record it is damaged and says which file; off record it is no image
last=$(cd made && ls n.E?? | tail -1)
other_set() { mkdir -p other; [ -e other/n.E02 ] || x 0 acquire src.bin -o other/n.E01 --segment 1M --compress fast --no-record; cp other/n.E02 lab/n.E02; }
damages=(
  "n.E02|missing|rm lab/n.E02"
  "$last|missing|rm lab/$last"
  "n.E02|swapped|mv lab/n.E02 t; mv lab/n.E03 lab/n.E02; mv t lab/n.E03"
  "n.E02|other|other_set"
  "n.E02|truncated|truncate -s -1000 lab/n.E02"
  "n.E02|truncated|truncate -s 5 lab/n.E02"
  "n.E02|truncated|truncate -s 0 lab/n.E02"
  "n.E01|truncated|truncate -s 1000 lab/n.E01"
  "n.E01|begin|head -c 200000 /dev/zero >lab/n.E01"
  "n.E01|begin|openssl rand 200000 >lab/n.E01"
  "n.E02|signature|head -c 200000 /dev/zero >lab/n.E02"
)
for damage in "${damages[@]}"; do
  IFS='|' read -r file word how <<<"$damage"
  reset; eval "$how"
  x 1 verify lab/n.E01 --json; verdict damaged; is "$(jc .basis)" '["record"]' "$how"
  has '.outcome=="damaged"'; j '.findings[].detail' | grep -q "$word" || fail "$how: nobody says $word: $(jc .findings)"
  j '.findings[]|.file,.detail' | grep -q "$file" || fail "$how: $file is not named: $(jc .findings)"
  x 1 verify lab/n.E01; says "on record as ewf"; says "$file"
  reset bare; eval "$how"
  x 5 verify lab/n.E01 --json; is "$(j .verdict)" null; j .error.text | grep -q "$word" || fail "$how: the error is $(j .error.text)"
  j '.error|.file,.text' | grep -q "$file" || fail "$how: $file is not named"
done
# ... and by the ledger alone, which keeps the finding
mkdir kept
x 0 acquire src.bin -o kept/k.E01
rm kept/k.E01.record.jsonl
openssl rand 100000 >kept/k.E01
x 1 verify kept/k.E01 --json; verdict damaged; is "$(jc .basis)" '["ledger"]'; is "$(j .ledger.seq)" 4
x 0 log --ledger kept/ledger.db --json; is "$(j '.lines[-1]|.type,.body.verdict' | tr '\n' ' ')" "verify damaged "
x 0 log --check --ledger kept/ledger.db

# ---- the file system that cannot read is not the image that contradicts itself
if [ -x "$BUILD/tests/faulty_file" ] && [ -e /dev/fuse ] && [ "$(id -u)" = 0 ]; then
  for image in good.raw made/n.E01; do
    [ $image = good.raw ] || { rm -rf made/*; x 0 acquire src.bin -o made/n.E01 --no-record; }
    serve faulty_file $image sick bad:500000:1:5
    x 3 verify sick/disk --json; verdict could-not-read
    [ "$(j .unread_now)" -gt 0 ] || fail "nothing unread"; has '.check=="unreadable" and .outcome=="unreadable"'
    j '.findings[].detail' | grep -q "own checksum" && fail "a read error is told as a checksum"
    x 3 hash sick/disk --json; [ "$(j '.unreadable|length')" -gt 0 ] || fail "hash names no range"
    # of several operands, only 0 is weaker
    x 3 verify good.raw sick/disk --expect "sha256:$(sha256sum <good.raw | cut -d' ' -f1)" --json
    x 4 verify sick/disk absent --json; x 1 verify sick/disk kept/k.E01
    unmount
  done
  # what could not be read when the image was made is repeated by whoever knows it, and never raised again
  serve faulty_file good.raw sick bad:500000:1:5 bad:900000:3000:5
  mkdir holes
  for image in h.raw h.E01; do
    x 3 acquire sick/disk -o holes/$image --json; bad=$(j .unreadable_sectors) list=$(jc .unreadable)
    [ "$bad" -ge 7 ] || fail "only $bad sectors are unreadable"
  done
  unmount
  repeated() { # FILE BASIS: exit 0, a match, and every unreadable sector told
    x 0 verify "$1" --json; verdict match; j '.basis[]' | grep -qx "$2" || fail "$1: $2 is no basis"
    is "$(j .unreadable_sectors)" "$bad" "$1: unreadable sectors"; is "$(j .unread_now)" 0
    is "$(jc '[.findings[]|select(.check=="unreadable" and .outcome=="recorded")|[.lba,.count]]')" "$list" "$1: ranges"
    is "$(j '[.digests[]|select(.scope=="media" and .not_good=='"$bad"')]|length')" 2 "$1: digests that say how many zeros stand in them"
    x 0 verify "$1"; says "could not be read when the image was made"
  }
  repeated holes/h.raw ledger; repeated holes/h.E01 ledger
  mv holes/h.raw holes/other.raw; mv holes/h.E01 holes/other.E01
  x 0 verify holes/other.raw --json; j '.findings[].detail' | grep -q "under another name" || fail "found by something else than its digest"
  repeated holes/other.raw ledger; repeated holes/other.E01 ledger
  mkdir carried; cp holes/other.raw holes/other.E01 carried/
  for image in raw E01; do cp holes/h.$image.record.jsonl carried/other.$image.record.jsonl; repeated carried/other.$image record; done
  x 0 convert carried/other.E01 -o carried/back.raw --json; is "$(jc .unreadable)" "$list" "converted"
  repeated carried/back.raw ledger
else
  echo "note: no FUSE, images on a failing disk are not tested"
fi

# ---- weaker than asked for
mkdir q; cp made/n.E01 q/n.E01 2>/dev/null || x 0 acquire src.bin -o q/n.E01 --no-record
cp good.raw q/r.raw; sum=$(sha256sum <src.bin | cut -d' ' -f1)
x 0 verify q/n.E01 --require stored
x 6 verify q/n.E01 --require ledger
x 6 verify q/n.E01 --require external
x 6 verify q/r.raw; x 6 verify q/r.raw --require stored
x 0 verify q/r.raw --expect "sha256:$sum" --require external
x 0 verify q/r.raw --expect "sha256:$sum" --require stored
x 0 verify q/r.raw --expect "sha256:$sum" --require ledger
x 2 verify q/r.raw --require blood
mkdir led; x 0 acquire src.bin -o led/m.raw
x 0 verify led/m.raw --require ledger; x 6 verify led/m.raw --require external
mkdir rec; cp led/m.raw led/m.raw.record.jsonl rec/
x 0 verify rec/m.raw --require stored; x 6 verify rec/m.raw --require ledger
flip rec/m.raw 77; x 1 verify rec/m.raw --require ledger

# ---- known to the ledger under another name
cp led/m.raw led/renamed.raw
x 0 verify led/renamed.raw --json; verdict match; j '.basis[]' | grep -qx ledger || fail "not found by its digest"
x 0 verify led/renamed.raw --require ledger
flip led/renamed.raw 1; x 6 verify led/renamed.raw --json; verdict no-reference
# part of it alike is not enough: two sets whose first parts are equal
x 0 acquire src.bin -o led/p.001 --segment 2M
mkdir led/else; cp led/p.00? led/else/; cp led/p.001.record.jsonl led/else/z.001.record.jsonl
for n in 1 2 3 4; do mv led/else/p.00$n led/else/z.00$n; done
flip led/else/z.004 1000
x 1 verify led/else/z.001 --json; verdict mismatch
rm led/else/*.jsonl; x 6 verify led/else/z.001 --json; verdict no-reference

# ---- several operands: the rest goes on, the worst is the exit status, and all are counted
mkdir many; cp led/m.raw many/good.raw; : >many/none.raw; cp good.raw many/odd.raw
printf 'not an E01' >many/junk.E01
x 0 acquire src.bin -o many/bad.raw; flip many/bad.raw 9
x 1 verify many/bad.raw many/junk.E01 many/absent.raw many/odd.raw --json
is "$(j '.results|length')" 4; is "$(jc '.counts|to_entries|sort_by(.key)|map("\(.key)=\(.value)")|join(" ")')" '"error=2 match=1 mismatch=1"'
is "$(j '.results[2].error.code')" not-found; is "$(j '.results[1].error.code')" corrupt
x 5 verify many/junk.E01 many/absent.raw q/r.raw --json
x 5 verify q/r.raw many/absent.raw many/junk.E01 --json
x 4 verify many/absent.raw q/r.raw --json; is "$(jc .counts)" '{"error":1,"no-reference":1}'
x 6 verify q/r.raw led/m.raw --json; is "$(jc .counts)" '{"no-reference":1,"match":1}'
x 6 verify led/m.raw q/r.raw
x 0 verify led/m.raw led/m.raw q/n.E01 --json; is "$(jc .counts)" '{"match":3}'
x 1 verify led/m.raw q/r.raw many/absent.raw many/junk.E01 many/bad.raw
