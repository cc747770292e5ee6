#!/usr/bin/env bash
# A stranger at the keyboard: expectations nobody can check, images held against themselves, names and neighbours nobody thought of.
. "$(dirname "$0")/../lib.sh"
need jq sha256sum
sample src.bin 5000000
sha=$(sha256sum <src.bin | cut -d' ' -f1)
wrong=${sha:0:60}0000; [ "$wrong" != "$sha" ] || wrong=${sha:0:60}1111

# ---- --expect: every spelling of an algorithm is the algorithm, and what cannot be looked at is refused, never passed over
mkdir e; x 0 acquire src.bin -o e/a.raw
for name in sha256 SHA256 sha-256 SHA2-256; do
  x 0 verify e/a.raw --expect "$name:$sha" --require external
  x 1 verify e/a.raw --expect "$name:$wrong"; says mismatch
done
for text in "sha256:aa" "sha256:${sha}00" "md5:$sha" "sha256:$sha@track1" "sha256:$sha@" "sha256:$sha@media@x" "sha256:$sha@MEDIA" "sha256:$sha@file:" "shake128:0000"; do
  x 2 verify e/a.raw --expect "$text"
done
# ---- every algorithm an image is made with can be verified again
for name in sha512-256 SHA2-512/256 sha3-256 blake2b512 shake128 ripemd160; do
  "$EXHIBIT" hash src.bin --hash $name --no-record >/dev/null 2>&1 || continue
  rm -rf h; mkdir h; x 0 acquire src.bin -o h/a.raw --hash $name; x 0 verify h/a.raw; x 1 verify h/a.raw --expect "$name:$("$EXHIBIT" hash h/a.raw --hash $name --json --no-record 2>/dev/null | jq -r '.digests[0].value' | tr 0-9a-f 1-9a-f0)"
done
# ---- --against the image itself, under any name
ln e/a.raw e/hard.raw; ln -s a.raw e/soft.raw
for other in e/a.raw e/../e/a.raw e/hard.raw e/soft.raw; do x 2 verify e/a.raw --against $other; says "itself"; done
x 0 acquire src.bin -o e/s.E01 --segment 1M --compress none
x 2 verify e/s.E01 --against e/s.E03; says "itself"
x 0 verify e/s.E01 --against e/a.raw
# ---- what an image says of itself does not drive the terminal, and no line of it passes for one of ours
x 0 acquire src.bin -o e/t.E01 --notes "$(printf 'ok\nsha256       %s  (media)\033]0;owned\a\033[2J \342\200\256gnp.exe' "$sha")"
x 0 info e/t.E01
grep -q $'\033\|\a\|\342\200\256' "$work/out" "$work/err" && fail "a control sequence of the image's reaches the terminal"
grep -q "^sha256 " "$work/out" && fail "a line of the notes passes for a digest"
x 0 info e/t.E01 --json; j .stored.case.notes | grep -q "gnp.exe" || fail "the notes in JSON"
# ---- the record lies beside the image, under the image's own name, however the name was given
for spec in "lower.e01:lower.E01" "bare:bare.E01:--format ewf" "d.raw:d.raw.001:--segment 2M" "e:e.001:--format raw --segment 2M" "f.raw:f.raw.E01:--format ewf"; do
  IFS=: read -r given made options <<<"$spec"
  mkdir n; x 0 acquire src.bin -o n/$given $options --json; is "$(j '.files[0].name')" "$made"
  [ -s n/$made.record.jsonl ] || fail "no record beside $made: $(ls n)"
  x 0 verify n/$made --json; is "$(j '.basis|index("ledger")!=null')" true "the ledger knows $made"
  rm n/ledger.db; x 0 verify n/$made --json; is "$(j '.basis|index("record")!=null')" true "the side record of $made"; rm -r n
done
# a name of another format than the image's could not be opened again
mkdir n; x 2 acquire src.bin -o n/x.E01 --format raw; absent n/x.E01 n/ledger.db
# ---- files that would be taken for parts of the new image are found before anything is read, not after
for neighbour in x.002 x.003 x.009 x.000 x.999; do
  head -c 100 src.bin >n/$neighbour; x 2 acquire src.bin -o n/x.001 --segment 3M; says "$neighbour"; is "$(ls n)" "$neighbour"
  x 2 acquire src.bin -o n/x --format raw --segment 3M; says "$neighbour"; is "$(ls n)" "$neighbour"; rm n/$neighbour
done
for neighbour in x.E02 x.E03 x.E99; do
  ln -s /nowhere n/$neighbour; x 2 acquire src.bin -o n/x.E01 --segment 1M --compress none; says "$neighbour"; is "$(ls n)" "$neighbour"; rm n/$neighbour
done
# and others' files are left alone
touch n/x.0011 n/xy.002 n/x.txt n/x.E1 n/y.E02 n/x.EXE; x 0 acquire src.bin -o n/x.001 --segment 3M; x 0 verify n/x.001; x 0 acquire src.bin -o n/x.E01; rm -r n
x 2 acquire src.bin -o . --format ewf; x 2 acquire src.bin -o e/ --format ewf; x 2 acquire src.bin -o e/.. --format ewf
long=$(printf 'x%.0s' $(seq 1 240)).E01
mkdir n; x 2 acquire src.bin -o n/$long; says "too long"; is "$(ls n)" ""; rm -r n
# ---- a split image with a gap is never a smaller image, however wide the gap
mkdir n; x 0 acquire src.bin -o n/x.001 --segment 100K --no-record; rm n/x.00[2-9] n/x.01?
x 5 hash n/x.001; says "x.002"; x 5 hash n/x.020; says "x.002"
rm n/x.02? n/x.03? n/x.04[0-7]; ls n/x.048 >/dev/null || fail "x.048"; x 5 hash n/x.001; says "x.002"; rm -r n
# ---- hundreds of parts and few descriptors
mkdir n; for i in $(seq -w 0 1199); do printf '%512s' $i >n/p.$i; done
(ulimit -n 64; "$EXHIBIT" hash n/p.0700 --hash sha256 --json --no-record >"$work/out" 2>"$work/err") || fail "1200 parts with 64 descriptors"
is "$(j '.digests[0].value')" "$(cat n/p.* | sha256sum | cut -d' ' -f1)"; rm -r n
# ---- a file that hides its size is not an empty one
for pseudo in /proc/version /proc/self/mem; do
  [ -e $pseudo ] || continue
  mkdir n; x 5 acquire $pseudo -o n/a.raw; says "size"; is "$(ls n)" ""; x 5 hash $pseudo; rm -r n
done
# ---- the witness is not asked for chunks that are gone, nor about a broken structure; under ASan its leaks would end this test
mkdir n; x 0 acquire src.bin -o n/w.E01 --no-record
cp n/w.E01 n/c.E01; for at in 5000 70000 200000 900000; do printf 'XXXXXXXX' | dd of=n/c.E01 bs=1 seek=$at conv=notrunc status=none; done
x 1 verify n/c.E01 --witness --json; is "$(j .verdict)" damaged; is "$(j '[.findings[]|select(.check=="witness" and .outcome=="not-compared")]|length>0')" true
x 0 verify n/w.E01 --witness; rm -r n
# ---- what changes while it is read gets no digest and no verdict
mkdir n; truncate -s 512M n/g.raw; cp --sparse=always n/g.raw n/h.raw
for command in "hash n/g.raw" "verify n/g.raw" "verify n/h.raw --against n/g.raw"; do
  : >err
  "$EXHIBIT" $command --no-record --progress json >out 2>err & reader=$!
  soon grep -q '"event":"phase"' err || fail "$command does not begin"
  kill -STOP $reader; printf x | dd of=n/g.raw bs=1 seek=7 conv=notrunc status=none; kill -CONT $reader
  wait $reader; is $? 4 "exit status of $command"; says "changed while it was being read: it was modified"
done
rm -r n
# ---- what cannot be made is a wrong request (2), not an unreadable image (5)
mkdir n; : >n/none; x 2 acquire n/none -o n/x.E01; "$EXHIBIT" acquire - -o n/y.E01 --progress none </dev/null >"$work/out" 2>"$work/err"; is $? 2; says "empty medium"
x 2 acquire src.bin -o n/z.E01 $(for i in $(seq 4200); do echo "--set k$i=1"; done); says "fields"; rm -r n
