#!/usr/bin/env bash
# A block device is imaged to E01, and everything that can be said of it agrees with tools that are not ours.
. "$(dirname "$0")/../lib.sh"
need jq losetup mkfs.ext4 ewfverify ewfinfo md5sum sha256sum
need_root
mkdir files case
cp -r "$SRC/formats" "$SRC/LICENSE" files/
truncate -s 24M disk.img
mkfs.ext4 -q -F -d files disk.img || fail "mkfs.ext4"
attach disk.img
before=$(sha256sum <disk.img)
md5=$(md5sum <"$loop" | cut -d' ' -f1) sha=$(sha256sum <"$loop" | cut -d' ' -f1)

x 0 acquire "$loop" -o case/disk.E01 --case 2026-117 --exhibit 3 --examiner "A. Examiner" --json
is "$(j '.digests[] | select(.scope=="media" and .algorithm=="md5") | .value')" "$md5" "md5"
is "$(j '.digests[] | select(.scope=="media" and .algorithm=="sha256") | .value')" "$sha" "sha256"
is "$(j .acquisition)" complete
is "$(j .of)" medium
is "$(j .verification)" match
is "$(j .bytes)" $((24 << 20))
is "$(j .sector_size)" 512
is "$(j .sectors)" 49152
is "$(j .unreadable_sectors)" 0
is "$(j '.unreadable|length')" 0
is "$(j '.chunks.count')" 1
is "$(j '.files|length')" 1
is "$(j '.digests[]|select(.scope=="file:disk.E01")|.value')" "$(sha256sum <case/disk.E01 | cut -d' ' -f1)" "digest of the file"
head=$(j '"\(.ledger.seq):\(.ledger.head)"')
is "$(sha256sum <disk.img)" "$before" "the source"

ewfverify -q case/disk.E01 >v.txt 2>&1 || fail "ewfverify: $(cat v.txt)"
grep -q SUCCESS v.txt || fail "ewfverify does not say SUCCESS"
ewfinfo case/disk.E01 >i.txt
for line in 'Case number:.*2026-117' 'Evidence number:.*3' 'Examiner name:.*A. Examiner' 'Bytes per sector:.*512' "MD5:.*$md5"; do
  grep -qE "$line" i.txt || fail "ewfinfo does not show $line"
done

x 0 verify case/disk.E01 --json
is "$(j .verdict)" match
j '.basis[]' | grep -qx ledger || fail "the ledger is no basis"
x 0 verify case/disk.E01 --require ledger
x 0 verify case/disk.E01 --against "$loop" --json
is "$(j .verdict)" match
j '.basis[]' | grep -qx external || fail "the device is no basis"
x 0 verify "$loop" --against case/disk.E01
x 0 verify case/disk.E01 --witness
x 0 verify case/disk.E01 --expect "sha256:$sha" --require external
x 1 verify case/disk.E01 --expect "sha256:$(printf '%064d' 0)"
x 0 info case/disk.E01; says '^acquired +20[0-9-]{8}T[0-9:]{8}Z \('
x 0 info case/disk.E01 --json
is "$(j .stored.case.examiner)" "A. Examiner"
is "$(j '.stored.digests[]|select(.algorithm=="md5").value')" "$md5"
is "$(j .layout.tracks[0].sectors)" 49152
x 0 hash "$loop" --hash sha256,sha1 --json
is "$(j '.digests[]|select(.algorithm=="sha256").value')" "$sha"
is "$(j '.digests[]|select(.algorithm=="sha1").value')" "$(sha1sum <"$loop" | cut -d' ' -f1)"
x 0 log --ledger case/ledger.db --check --head "$head"
x 2 acquire "$loop" -o case/disk.E01
says 'exist'
x 0 devices --json
j '.devices[].path' | grep -qx "$loop" || fail "devices does not list $loop"
