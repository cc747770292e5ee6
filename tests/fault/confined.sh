#!/usr/bin/env bash
# R19: an image never makes the program open a file that does not lie beside it: a part or a segment that is a link, a device or a pipe is refused by
# name, and nothing behind it is read.
. "$(dirname "$0")/../lib.sh"
need jq
sample disk.img $((3 << 20))
mkdir case elsewhere
x 0 acquire disk.img -o case/disk.001 --segment 1M --no-record
x 0 acquire disk.img -o case/disk.E01 --segment 1M --compress none --no-record
echo 'a secret of this machine' >elsewhere/secret
for part in disk.002 disk.E02; do
  first=${part%2}1
  mv case/$part elsewhere/
  for lead in "ln -s $work/elsewhere/$part case/$part" "ln -s ../elsewhere/secret case/$part" "ln -s /dev/zero case/$part" "mkfifo case/$part"; do
    $lead
    for command in verify hash info; do
      timeout 20 "$EXHIBIT" $command case/$first --no-record --json --progress none >out 2>err </dev/null; got=$?
      [ $got = 4 ] || [ $got = 5 ] || [ $got = 2 ] || fail "$command with '$lead' ended with $got"
      grep -q "$part" err || fail "$command with '$lead' does not name $part"
      ! grep -q secret out err || fail "what lies behind the link was read"
    done
    rm case/$part
  done
  mv elsewhere/$part case/
  x 0 verify case/$first --no-record --expect sha256:"$(sha256sum <disk.img | cut -d' ' -f1)"
done
