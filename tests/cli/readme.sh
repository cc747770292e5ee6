#!/usr/bin/env bash
# Every exhibit line in the README runs, in its order, as written: a file stands in for /dev/sdb, a socket for the server,
# a pipe for ssh, real digests for the dots.
. "$(dirname "$0")/../lib.sh"
need jq sha256sum nbdkit
sample sdb.bin 3145728
sample sdb1.bin 2097152
sample audio.bin $((300 * 2352))
mkdir bin case audit elsewhere
"$EXHIBIT" acquire sdb.bin -o elsewhere/found.E01 --quiet >/dev/null 2>&1 && cp elsewhere/found.E01 audit/ || fail "no image from elsewhere"
cat <(head -c $((200 * 2048)) sdb.bin) audio.bin >case/disc.bin
printf '%s\n' 'FILE "disc.bin" BINARY' '  TRACK 01 MODE1/2048' '    INDEX 01 00:00:00' '  TRACK 02 AUDIO' '    INDEX 00 00:02:50' '    INDEX 01 00:03:00' >case/disc.cue
"$EXHIBIT" --help | grep -q '^  cue ' && discs=yes || discs=no
ln -s "$EXHIBIT" bin/exhibit
printf '#!/bin/sh\nexec cat "%s"\n' "$work/sdb.bin" >bin/ssh
chmod +x bin/ssh
export PATH=$work/bin:$PATH
nbdkit -r -f --exit-with-parent -U server.sock -P server.pid file sdb.bin 2>server.err & server=$!
soon test -e server.pid
runs=0
while IFS= read -r line; do
  sha=$(sha256sum case/copy.raw 2>/dev/null | cut -d' ' -f1)
  [ -z "$sha" ] || sha256sum case/copy.raw >SHA256SUMS
  line=${line//\/dev\/sdb1/$work/sdb1.bin}; line=${line//\/dev\/sdb/$work/sdb.bin}
  line=${line//nbd:\/\/server\/disk/nbd+unix:///disk?socket=$work/server.sock}
  line=${line//sha256:0123...cdef/sha256:$sha}
  case $line in *"--head 7:"*) line=${line//7:0123...cdef/$("$EXHIBIT" log --ledger case/ledger.db --check | sed -n 's/^ledger head \([0-9]*\) sha256:/\1:/p')} ;; esac
  case $discs$line in no*case/disc.*) continue ;; esac
  bash -c "$line" >"$work/out" 2>"$work/err" || fail "README: $line ended with $?"
  runs=$((runs + 1))
done < <(sed -n 's/^    \(.*exhibit [a-z].*\)$/\1/p' "$SRC/README.md")
kill $server
cmp <("$EXHIBIT" hash case/far.E01 --hash sha256 --no-record) <("$EXHIBIT" hash case/disk.E01 --hash sha256 --no-record) || fail "the export was not imaged"
[ "$runs" -ge 15 ] || fail "only $runs examples were found in the README"
[ "$discs" = no ] || cmp case/disc.raw <(tail -c $((275 * 2352)) audio.bin) || fail "track 2 of the disc"
[ -s report/report.html ] && [ -s report/report.xml ] || fail "no report"
grep -q 'No acquisition of this image is on record here; it was verified once' audit/report/report.html || fail "no report of the image from elsewhere"
echo "$runs examples"
