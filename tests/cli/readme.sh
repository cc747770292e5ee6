#!/usr/bin/env bash
# Every exhibit line in the README runs, in its order, as written: a file stands in for /dev/sdb, a pipe for ssh, real digests for the dots.
. "$(dirname "$0")/../lib.sh"
need jq sha256sum
sample sdb.bin 3145728
sample sdb1.bin 2097152
mkdir bin case
ln -s "$EXHIBIT" bin/exhibit
printf '#!/bin/sh\nexec cat "%s"\n' "$work/sdb.bin" >bin/ssh
chmod +x bin/ssh
export PATH=$work/bin:$PATH
runs=0
while IFS= read -r line; do
  sha=$(sha256sum case/copy.raw 2>/dev/null | cut -d' ' -f1)
  [ -z "$sha" ] || sha256sum case/copy.raw >SHA256SUMS
  line=${line//\/dev\/sdb1/$work/sdb1.bin}; line=${line//\/dev\/sdb/$work/sdb.bin}
  line=${line//sha256:0123...cdef/sha256:$sha}
  case $line in *"--head 7:"*) line=${line//7:0123...cdef/$("$EXHIBIT" log --ledger case/ledger.db --check | sed -n 's/^ledger head \([0-9]*\) sha256:/\1:/p')} ;; esac
  bash -c "$line" >"$work/out" 2>"$work/err" || fail "README: $line ended with $?"
  runs=$((runs + 1))
done < <(sed -n 's/^    \(.*exhibit [a-z].*\)$/\1/p' "$SRC/README.md")
[ "$runs" -ge 15 ] || fail "only $runs examples were found in the README"
[ -s report/report.html ] && [ -s report/report.xml ] || fail "no report"
echo "$runs examples"
