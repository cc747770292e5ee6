#!/usr/bin/env bash
# Sources over NBD: whole ones, and all the ways in which they fail. Exactly the bad sectors are lost, a server that leaves makes no image, one that
# hangs holds nobody, and nothing but reads is ever sent. Servers listen on sockets in the test's folder, one on 127.0.0.1.
. "$(dirname "$0")/../lib.sh"
. "$SRC/tests/fault/lib_faults.sh"
need jq sqlite3 nbdkit
plugin=$BUILD/tests/badnbd.so
[ -r "$plugin" ] || skip "badnbd.so was not built: nbdkit-plugin-dev is missing"
size=$((6 << 20)) sectors=12288
sample disk.img $size
uri="nbd+unix:///disk?socket=$work/socket"
server=
set -m # a background job must not ignore SIGINT
trap 'code=$?; for group in $(jobs -p); do kill -- -$group; done 2>/dev/null; (exit $code); at_exit' EXIT

# nbd ARGUMENT...: nbdkit with these, on $uri, in the place of the one before.
nbd() {
  leave
  nbdkit -f --exit-with-parent -U socket -P pid "$@" 2>server.err & server=$!
  wait_for pid
}
# bad RULE...: the plugin over disk.img with these rules, and an empty log.
bad() {
  local rules=() rule
  for rule; do rules+=("rule=$rule"); done
  : >log
  nbd "$plugin" image=disk.img describe="A disk far away" rule=log:log "${rules[@]}"
}
leave() {
  [ -z "$server" ] || { kill -KILL $server; wait $server; } 2>/dev/null # not SIGTERM: nbdkit would wait for its clients
  server=
  rm -f socket pid
  [ ! -e log ] || ! grep -qv '^R ' log || fail "not only reads were sent: $(grep -v '^R ' log | head -3)"
}
fresh() { rm -rf case hang; mkdir case; }
logged() { [ "$(wc -l <log)" -ge "$1" ]; }
until_logged() { soon logged "$1" || fail "no $1 requests came"; }
# zeroed LBA:COUNT...: expected.img is disk.img without them, $ranges their list as JSON has it, $lost their number.
zeroed() {
  local range list=()
  cp disk.img expected.img
  lost=0
  for range; do
    dd if=/dev/zero of=expected.img bs=512 seek="${range%:*}" count="${range#*:}" conv=notrunc status=none
    list+=("[${range/:/,}]")
    lost=$((lost + ${range#*:}))
  done
  ranges="[$(IFS=,; echo "${list[*]}")]"
  md5=$(md5sum <expected.img | cut -d' ' -f1)
}
# loses: acquired from $uri, both formats lose exactly what zeroed said, everywhere the same.
loses() {
  local image want
  want=$((lost > 0 ? 3 : 0))
  for image in disk.raw disk.E01; do
    fresh
    x $want acquire "$uri" -o case/$image --json
    is "$(jq -c .unreadable out)" "$ranges" "unreadable"
    is "$(j .acquisition)" "$([ $lost = 0 ] && echo complete || echo complete-with-errors)" "acquisition"
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="md5").value')" "$md5" "md5 with zeros for what is lost"
    is "$(j '.digests[]|select(.scope=="media" and .algorithm=="md5").not_good')" $lost "sectors the digest stands for without having them"
    is "$(j .verification)" match
    [ $image != disk.raw ] || cmp case/disk.raw expected.img || fail "a neighbour was lost, or something shifted"
    x 0 verify case/$image --json; is "$(jq -c .unreadable out)" "$ranges" "unreadable on record"
    x 0 log --check --ledger case/ledger.db
  done
}

# ---- what is no export ----
fresh
x 2 acquire nbd:nonsense -o case/disk.raw --json;          told usage nonsense
x 2 acquire nbd+unix:///x -o case/disk.raw --json;         told usage socket
x 4 acquire "$uri" -o case/disk.raw --json;                told not-found "$work/socket"
x 4 acquire nbd://127.0.0.1:1/ -o case/disk.raw --json;    told not-found 127.0.0.1
[ -z "$(ls case)" ] || fail "something was written for a source that is none: $(ls case)"

# ---- whole ----
bad
zeroed
loses
line=$(sqlite3 case/ledger.db "select line from entry where line like '%acquire-begin%'")
is "$(jq -c '.body.source|[.kind,.path,.bytes,.read_only,.identity.bus,.identity.export,.identity.model]' <<<"$line")" \
  "[\"nbd\",\"$uri\",$size,false,\"nbd\",\"disk\",\"A disk far away\"]" "the source on record"
x 0 verify case/disk.E01 --against "$uri" --json; is "$(j .verdict)" match; is "$(j '.basis|index("external")!=null')" true
x 0 verify case/disk.E01 --against "nbd:unix:$work/socket:exportname=disk" --json; is "$(j .verdict)" match
x 0 report case/disk.E01 -o report
grep -q 'A disk far away' report/report.html || fail "the report does not name the export"
x 0 hash "$uri" --json --hash md5; is "$(j '.digests[0].value')" "$md5"; is "$(j .source)" "$uri"
(cd case && x 0 verify "$uri" --json && is "$(j .verdict)" match && is "$(j '.basis[0]')" ledger) || exit 1
x 0 acquire "$uri" -o case/range.raw --start 100 --count 50 --json --ledger case/ledger.db
cmp case/range.raw <(dd if=disk.img bs=512 skip=100 count=50 status=none) || fail "a range"
# What is not wanted is not read, not even ahead: of LBA 1000 to 7999 the server sees nothing else.
: >log
x 0 acquire "$uri" -o case/longer.raw --start 1000 --count 7000 --json --ledger case/ledger.db
cmp case/longer.raw <(dd if=disk.img bs=512 skip=1000 count=7000 status=none) || fail "a longer range"
[ "$(wc -l <log)" -ge 4 ] || fail "the requests are not logged"
awk '$2 < 512000 || $2 + $3 > 4096000 { print; beyond = 1 } END { exit beyond }' log >beyond || fail "read outside the range: $(cat beyond)"
x 0 acquire "$uri" -o case/large.raw --sector-size 4096 --json --ledger case/ledger.db; is "$(j .sectors)" 1536
cmp case/large.raw disk.img || fail "larger sectors"
leave

# ---- over TCP, and an export that is read-only ----
started() { [ -e pid ] || ! kill -0 $server; }
for port in $((20000 + RANDOM % 10000)) $((30000 + RANDOM % 10000)) ''; do
  [ -n "$port" ] || fail "no port is free"
  rm -f pid
  nbdkit -r -f --exit-with-parent -i 127.0.0.1 -p "$port" -P pid file disk.img 2>server.err & server=$!
  soon started
  [ ! -e pid ] || break
done
fresh
x 0 acquire "nbd:127.0.0.1:$port:exportname=a b" -o case/disk.raw --json
cmp case/disk.raw disk.img || fail "the image made over TCP"
line=$(sqlite3 case/ledger.db "select line from entry where line like '%acquire-end%'")
is "$(jq -c '.body.source|[.read_only,.identity.export]' <<<"$line")" '[true,"a b"]' "the source on record"
leave

# ---- TLS is as the URI says, never less and never unasked ----
if nbdkit --dump-config | grep -q '^tls=yes'; then
  echo "alice:00112233445566778899aabbccddeeff" >keys.psk
  nbd -r --tls=require --tls-psk=keys.psk file disk.img
  tls="nbds+unix://alice@/disk?socket=$work/socket&tls-psk-file=$work/keys.psk"
  x 0 hash "$tls" --hash md5 --json; is "$(j '.digests[0].value')" "$md5"
  x 4 hash "$uri" --json
  x 4 hash "nbds+unix://mallory@/disk?socket=$work/socket&tls-psk-file=$work/keys.psk" --json
  nbd -r --tls=off file disk.img
  x 4 hash "$tls" --json
  x 0 hash "$uri" --json
fi

# ---- bad sectors: by nbdkit's own filter, from a map as GNU ddrescue writes it ----
zeroed 40:2 4095:1 12287:1
cat >bad.map <<'MAP'
# Mapfile. Created by hand
0x00000000     +
0x00000000  0x00005000  +
0x00005000  0x00000400  -
0x00005400  0x001FAA00  +
0x001FFE00  0x00000200  -
0x00200000  0x003FFE00  +
0x005FFE00  0x00000200  -
MAP
nbd -r --filter=ddrescue file disk.img ddrescue-mapfile=bad.map
loses
x 0 verify case/disk.E01 --against "$uri" --json; is "$(j .verdict)" match
x 3 hash "$uri" --json; is "$(jq -c .unreadable out)" "$ranges" "unreadable by hash"

# ---- bad sectors by the plugin: first, last, a run, every 97th, over a chunk border ----
rules=(bad:0:512 bad:$(((sectors - 1) * 512)):512 bad:$((1000 * 512)):$((1000 * 512)) bad:$((4090 * 512)):$((12 * 512)))
list=(0:1 1000:1000 4090:12)
for ((lba = 5005; lba < 7000; lba += 97)); do
  rules+=("bad:$((lba * 512)):512")
  list+=("$lba:1")
done
list+=($((sectors - 1)):1)
zeroed "${list[@]}"
bad "${rules[@]}"
loses
# Each was read alone and failed before it was given up.
for range in "${list[@]}"; do grep -qx "R $((${range%:*} * 512)) 512 5" log || fail "LBA ${range%:*} was given up without having been read alone"; done

# ---- flaky: good from the third try on, or later than anybody tries ----
zeroed
bad bad:$((777 * 512)):512:2 # R8: the large read and the one alone
fresh
x 0 acquire "$uri" -o case/disk.raw --retries 1 --json
is "$(j '.faults.count')" 2 "failed reads of a flaky sector"
is "$(j .recovered_sectors)" 1 "recovered sectors"
cmp case/disk.raw disk.img || fail "a flaky sector"
bad bad:$((777 * 512)):512:200
zeroed 777:1
fresh
x 3 acquire "$uri" -o case/disk.raw --retries 2 --json
is "$(jq -c .unreadable out)" "$ranges"

# ---- slow: nothing is lost ----
zeroed
bad slow:$((1 << 20)):$((2 << 20)):150
fresh
x 0 acquire "$uri" -o case/disk.raw
cmp case/disk.raw disk.img || fail "a slow area"

# ---- data that changes between reads, without any error: only a second read tells ----
for rule in lie:3000000:512 change:3000000:512:2; do
  fresh
  bad $rule
  x 1 acquire "$uri" -o case/disk.raw --verify image,source --json
  is "$(j .second_read.verdict)" mismatch "second read ($rule)"
  is "$(j .acquisition)" complete
done

# ---- the server dies, or says that it is leaving ----
for rule in die:4 gone:4; do
  for image in disk.raw disk.E01; do
    fresh
    bad $rule
    x 4 acquire "$uri" -o case/$image --json
    told gone 'device lost at LBA [0-9]+: .*(closed|shutting down|cannot connect)'
    ended case/ledger.db failed gone
    absent case/$image
    [ $image != disk.raw ] || [ -n "$(ls case/$image.partial)" ] || fail "what was done is not kept"
  done
done
fresh
bad slow:0:$size:300 # killed from outside
: >err
"$EXHIBIT" acquire "$uri" -o case/disk.E01 --json --progress json >out 2>err & pid=$!
until_logged 1
{ kill -KILL $server; wait $server; } 2>/dev/null
wait $pid; is $? 4 "exit status of a server that is killed"
told gone 'device lost'

# ---- and comes back: the same goes on, another does not ----
for other in '' 'another'; do
  fresh
  bad slow:0:$size:300
  : >err
  "$EXHIBIT" acquire "$uri" -o case/disk.raw --json --progress json >out 2>err & pid=$!
  until_logged 1
  kill -STOP $pid
  [ -z "$other" ] || { cp disk.img keep.img; truncate -s +512 disk.img; }
  bad
  kill -CONT $pid
  wait -f $pid; got=$? # -f: it was stopped, and that is no end
  if [ -z "$other" ]; then
    is $got 0 "exit status of a server that came back"
    says 'connected again'
    cmp case/disk.raw disk.img || fail "the image made over two connections"
  else
    is $got 4 "exit status of another export"
    told gone 'the medium changed: its size'
    mv keep.img disk.img
  fi
done

# ---- what is no longer the same at the end ----
fresh
cp disk.img keep.img
bad slow:0:$size:100
: >err
"$EXHIBIT" acquire "$uri" -o case/disk.raw --json --progress json >out 2>err & pid=$!
until_logged 1
truncate -s +512 disk.img
wait $pid; is $? 4 "exit status of an export that grew"
told gone 'the medium changed: its size'
absent case/disk.raw
mv keep.img disk.img
leave

# ---- a server that takes one connection only is no reason to throw an image away ----
fresh
nbd -r --filter=limit file disk.img limit=1
x 0 acquire "$uri" -o case/disk.raw
says 'second connection cannot be made'
cmp case/disk.raw disk.img || fail "the image"

# ---- a server that hangs: whoever wants to leave leaves ----
for signal in INT TERM; do
  fresh
  bad hang:hang
  touch hang
  "$EXHIBIT" acquire "$uri" -o case/disk.raw --json --progress json >out 2>err & pid=$!
  phase acquire
  sleep 0.3
  from=$(date +%s%N)
  kill -s $signal $pid
  wait $pid; is $? 130 "exit status after SIG$signal"
  took=$((($(date +%s%N) - from) / 1000000))
  [ $took -le 2000 ] || fail "it took $took ms to leave a server that hangs"
  ended case/ledger.db interrupted cancelled
  absent case/disk.raw
  [ -d case/disk.raw.partial ] || fail "no partial"
  rm hang
done
fresh
bad
kill -STOP $server # not even the handshake is answered
"$EXHIBIT" hash "$uri" --progress none >out 2>err & pid=$!
sleep 0.5
kill -0 $pid 2>/dev/null || fail "a silent server was not waited for"
from=$(date +%s%N)
kill -INT $pid
wait $pid; is $? 130 "exit status after SIGINT before the handshake"
took=$((($(date +%s%N) - from) / 1000000))
[ $took -le 2000 ] || fail "it took $took ms to leave a silent server"

# ---- memory does not grow with the medium ----
if command -v /usr/bin/time >/dev/null; then
  for megabytes in 64 768; do
    nbd -r pattern ${megabytes}M
    /usr/bin/time -f %M -o kib.$megabytes "$EXHIBIT" hash "$uri" --hash md5 --progress none >out 2>err || fail "hash of a pattern"
  done
  [ $(($(cat kib.768) - $(cat kib.64))) -lt 8192 ] || fail "memory grows with the medium: $(cat kib.64) KiB for 64 MiB, $(cat kib.768) KiB for 768"
fi
leave
