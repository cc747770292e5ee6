#!/usr/bin/env bash
# One medium in every shape: the bytes, and so the media digest, are the same in each.
. "$(dirname "$0")/../lib.sh"
need jq ewfverify ewfexport md5sum
sample src.bin 7340032
sha=$(sha256sum <src.bin | cut -d' ' -f1)
media() { j '.digests[]|select(.scope=="media" and .algorithm=="sha256").value'; }

# raw, whole and split, from a file and from standard input
x 0 acquire src.bin -o a.raw --json; is "$(media)" "$sha"; cmp src.bin a.raw || fail "a.raw"
x 0 acquire src.bin -o b.001 --segment 1M --json; is "$(media)" "$sha"
is "$(j '.files|length')" 7
x 0 acquire src.bin -o work.raw --segment 1M --json; is "$(j '.files|length')" 7 # a name of ours, but not ours alone
cat b.00? | cmp - src.bin || fail "b.001..."
for part in b.001 b.004 b.007; do x 0 verify $part --json; is "$(j .verdict)" match; is "$(media)" "$sha"; done
"$EXHIBIT" acquire - -o c.raw --json <src.bin >out 2>err || fail "stdin to raw"
cmp src.bin c.raw || fail "c.raw"
"$EXHIBIT" acquire - -o d.E01 --json <src.bin >"$work/out" 2>err || fail "stdin to E01: $(cat err)"
is "$(media)" "$sha"; absent d.E01.partial
ewfverify -q d.E01 >v.txt 2>&1 || fail "ewfverify of d.E01: $(cat v.txt)"

# E01 in all compressions, and in many segments
for how in none fast best; do
  x 0 acquire src.bin -o e-$how.E01 --compress $how --json; is "$(media)" "$sha"
  ewfverify -q e-$how.E01 >v.txt 2>&1 || fail "ewfverify of $how: $(cat v.txt)"
done
[ "$(stat -c %s e-best.E01)" -le "$(stat -c %s e-fast.E01)" ] || fail "best is larger than fast"
[ "$(stat -c %s e-fast.E01)" -lt "$(stat -c %s e-none.E01)" ] || fail "fast is not smaller than none"
x 0 acquire src.bin -o f.E01 --segment 1M --compress none --json; is "$(media)" "$sha"
[ "$(j '.files|length')" -ge 7 ] || fail "too few segments"
ewfverify -q f.E01 >v.txt 2>&1 || fail "ewfverify of the segments"
x 0 verify f.E01 --witness --require ledger

# sizes that are not a multiple of the sector
for n in 1 511 513 1000003; do
  head -c $n src.bin >odd-$n.bin
  want=$(sha256sum <odd-$n.bin | cut -d' ' -f1)
  x 0 acquire odd-$n.bin -o odd-$n.E01 --json
  is "$(media)" "$want" "media digest of $n bytes"; is "$(j .bytes)" $n
  ewfverify -q odd-$n.E01 >v.txt 2>&1 || fail "ewfverify of $n bytes: $(cat v.txt)"
  rm -f odd-$n.E01.record.jsonl
  x 0 convert odd-$n.E01 -o odd-$n.raw --json; is "$(media)" "$want"
  cmp odd-$n.bin odd-$n.raw || fail "$n bytes come back changed"
  "$EXHIBIT" acquire - -o odd-$n-in.E01 <odd-$n.bin >out 2>err || fail "$n bytes from stdin"
  x 0 info odd-$n-in.E01 --json; is "$(j .bytes)" $n "true size inside the E01"
done
: >empty.bin
x 0 acquire empty.bin -o empty.raw --json; is "$(j .bytes)" 0

# other sector sizes
for s in 2048 4096; do
  x 0 acquire src.bin -o s$s.E01 --sector-size $s --json; is "$(j .sector_size)" $s; is "$(media)" "$sha"
  ewfverify -q s$s.E01 >v.txt 2>&1 || fail "ewfverify at $s: $(cat v.txt)"
  x 0 info s$s.E01 --json; is "$(j .sector_size)" $s
done
head -c $((2352 * 1000)) src.bin >cd.bin
x 0 acquire cd.bin -o cd.E01 --sector-size 2352 --json; is "$(j .sectors)" 1000
ewfverify -q cd.E01 >v.txt 2>&1 || fail "ewfverify at 2352: $(cat v.txt)"
x 0 verify cd.E01 --witness
# a raw file does not tell how long its sectors are; its record does
for shape in s4096.raw "p4096.001 --segment 3M"; do
  set -- $shape
  x 0 acquire src.bin -o "$@" --sector-size 4096 --chunk 1M
  x 0 verify "$1" --json; is "$(j .verdict)" match "$shape in sectors of 4096"; is "$(j .sectors)" $(($(stat -c %s src.bin) / 4096))
done

# there and back again
x 0 convert a.raw -o g.E01 --json; is "$(media)" "$sha"
x 0 convert g.E01 -o h.raw --json; is "$(media)" "$sha"; cmp src.bin h.raw || fail "raw -> E01 -> raw"
x 0 convert f.E01 -o k.001 --segment 2M --json; cat k.0?? | cmp - src.bin || fail "E01 set -> split raw"
ewfexport -q -u -f raw -t l g.E01 >v.txt 2>&1 || fail "ewfexport: $(cat v.txt)"
cmp src.bin l.raw || fail "ewfexport reads other bytes"
for image in b.001 d.E01 e-best.E01 f.E01 s4096.E01 h.raw; do
  sector=$([ $image = s4096.E01 ] && echo "--sector-size 4096")
  x 0 verify $image --against a.raw $sector --json; is "$(j .verdict)" match "$image against a.raw"
done

# a range
x 0 acquire src.bin -o r.raw --start 100 --count 50 --json; is "$(j .of)" range
dd if=src.bin bs=512 skip=100 count=50 status=none | cmp - r.raw || fail "range"
x 2 acquire src.bin -o r2.raw --start 14336
absent r2.raw r2.raw.partial
# notes that EWF would cut
notes=$(printf 'a\tb\nsecond line\nßü€ 😀 \\n literal')
x 0 acquire src.bin -o n.E01 --notes "$notes" --count 100 --case "" --json
x 0 info n.E01 --json; is "$(j .stored.case.notes)" "$notes" "notes"
