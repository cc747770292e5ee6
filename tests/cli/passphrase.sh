#!/usr/bin/env bash
# An encrypted image: where its passphrase may come from, what a wrong or missing one ends with, and what is possible without any.
. "$(dirname "$0")/../lib.sh"
need openssl python3 cmp

sample disk.raw 700416
# encrcdsa version 2 by the facts of the format, with openssl's command for every cipher: one passphrase record, blocks of 4096 bytes.
python3 - disk.raw secret.dmg b.sparsebundle <<'PY' || exit 1
import hashlib, hmac, struct, subprocess, sys
plain = open(sys.argv[1], "rb").read()
def cipher(kind, key, iv, data, *options):
    return subprocess.run(["openssl", "enc", "-" + kind, "-K", key.hex(), "-iv", iv.hex(), *options], input=data, stdout=subprocess.PIPE, check=True).stdout
aes, mac, salt, iv = bytes(range(16)), bytes(range(100, 120)), b"salt" * 5, b"12345678"
key = hashlib.pbkdf2_hmac("sha1", "öffne dich".encode(), salt, 1000, 24)
blob = cipher("des-ede3-cbc", key, iv, aes + mac + b"CKIE\0")
record = struct.pack(">IIII32sI32sIIIII", 103, 0, 1000, 20, salt, 8, iv, 192, 17, 7, 6, len(blob)) + blob
head = struct.pack(">8sIIIIIII16sIQQI", b"encrcdsa", 2, 16, 5, 0x80000001, 128, 91, 160, b"u" * 16, 4096, len(plain), 8192, 1)
head += struct.pack(">IQQ", 1, 4096, len(record))
file = head.ljust(4096, b"\0") + record.ljust(4096, b"\0")
for n in range(0, len(plain), 4096):
    file += cipher("aes-128-cbc", aes, hmac.new(mac, struct.pack(">I", n // 4096), "sha1").digest()[:16], plain[n:n + 4096], "-nopad")
open(sys.argv[2], "wb").write(file)

# The same disk as a sparsebundle: the blocks are numbered over all bands, whether they are stored or not; band 1 is not, band 3 is short.
import os
band, folder = 131072, sys.argv[3]
os.makedirs(folder + "/bands")
open(folder + "/token", "wb").write(head.ljust(4096, b"\0") + record)
open(folder + "/Info.plist", "w").write(f"""<?xml version="1.0" encoding="UTF-8"?><plist version="1.0"><dict>
<key>diskimage-bundle-type</key><string>com.apple.diskimage.sparsebundle</string><key>bundle-backingstore-version</key><integer>1</integer>
<key>band-size</key><integer>{band}</integer><key>size</key><integer>{len(plain)}</integer></dict></plist>""")
expected = bytearray(plain)
expected[band:2 * band] = bytes(band)
expected[3 * band + 8192:4 * band] = bytes(band - 8192)
for i in range(0, len(plain), band):
    stored = file[8192 + i:8192 + min(i + band, len(file) - 8192)][:8192 if i == 3 * band else band]
    if i != band:
        open(f"{folder}/bands/{i // band:x}", "wb").write(stored)
open(folder + ".raw", "wb").write(expected)
PY
printf 'öffne dich\n' >right; printf 'öffne dich nicht' >wrong; : >empty

x 0 convert secret.dmg -o a.raw --passphrase-file right --no-record; cmp a.raw disk.raw || fail "the plain bytes differ"
x 0 convert secret.dmg -o b.raw --passphrase-fd 9 --no-record 9<right; cmp b.raw disk.raw || fail "by a descriptor they differ"
x 0 verify secret.dmg --against disk.raw --passphrase-file - --no-record <right
x 0 info secret.dmg --passphrase-file right; says 'encryption +encrcdsa version 2, AES-128, PBKDF2 with 1000 iterations'
x 5 verify secret.dmg --passphrase-file wrong --no-record; says 'passphrase does not open'
x 5 verify secret.dmg --passphrase-file empty --no-record; says 'passphrase is empty'
x 5 verify secret.dmg --no-record </dev/null; says 'give --passphrase-file'; says 'only the container was read'; says "$(sha256sum <secret.dmg | cut -d' ' -f1)"
x 5 verify secret.dmg --no-record --json </dev/null; is "$(j '.digests[0].scope + " " + .error.code')" "file:secret.dmg passphrase" "what is told of the container"
x 5 info secret.dmg --json </dev/null; is "$(j .error.code)" passphrase "the code"
x 4 info secret.dmg --passphrase-file nowhere; says 'nowhere'
x 2 info secret.dmg --passphrase-fd x; says 'not a descriptor'
x 2 info secret.dmg --passphrase-fd 9 --passphrase-file right; says 'both'
x 0 info disk.raw --passphrase-file nowhere # what is not encrypted asks for none

# That goes on record, and a report tells of it; nothing is held to that line, for what was found once is no word on what ought to be there.
mkdir kept
cp secret.dmg kept/
x 0 log --init --ledger kept/ledger.db
x 5 verify kept/secret.dmg --case C-1 --json </dev/null
is "$(j '.verdict + " " + (.basis|length|tostring) + " " + .findings[0].outcome + " " + .error.code')" "not-performed 0 not-opened passphrase" "the answer"
is "$(j .ledger.seq)" 2 "the line"
x 0 log --ledger kept/ledger.db --check
x 5 verify kept/secret.dmg --no-record </dev/null
x 0 report kept/secret.dmg -o told --json
is "$(j .ledger.seq)" 3 "lines: created, verify, report"
j '.sentences[0]' | grep -q '^No acquisition of this image is on record here; it was to be verified once, last on .* UTC: not-performed (no comparison was made): .*encrypted' ||
  fail "the sealed image is told as $(j '.sentences[0]')"
grep -q "sha256sum secret.dmg" told/report.html || fail "the page does not tell how to check the container"
if command -v xmllint >/dev/null; then
  xmllint --nonet --noout --schema "$SRC/report/pages/exhibit-report.xsd" told/report.xml 2>lint.txt || fail "$(cat lint.txt)"
  is "$(xmllint --xpath "string(//*[local-name()='files']/*[local-name()='file'][@name='secret.dmg']/@sha256)" told/report.xml)" "$(sha256sum <secret.dmg | cut -d' ' -f1)" "the container on record"
  is "$(xmllint --xpath "string(//*[local-name()='found']/@case)" told/report.xml)" C-1 "the case on record"
fi
x 0 verify kept/secret.dmg --against disk.raw --passphrase-file right
x 0 report kept/secret.dmg -o told2 --json; j '.sentences[0]' | grep -q 'it was verified once and was to be 1 more, last on .*: match' || fail "opened later: $(j '.sentences[0]')"

# What is said of the container itself is held against it: agreement leaves the medium unverified, a difference is a finding.
(cd kept && sha256sum secret.dmg >SUMS; cd .. && md5sum secret.dmg | sed 's,secret,kept/secret,' >MD5)
x 5 verify kept/secret.dmg --against kept/SUMS --json </dev/null
is "$(j '.findings[]|select(.check == "file")|.outcome + " " + .basis')" "match external" "the container against a list"
x 0 report kept/secret.dmg -o told3 --json; j '.sentences[0]' | grep -q '1 digest of its container equals what is said of it' || fail "the list: $(j '.sentences[0]')"
x 5 verify kept/secret.dmg --expect "md5:$(md5sum <secret.dmg | cut -d' ' -f1)@file:secret.dmg" --no-record --json </dev/null
is "$(j '[.digests[].algorithm]|sort|join(" ")')" "md5 sha256" "what was computed"
printf X | dd of=kept/secret.dmg bs=1 seek=690000 conv=notrunc 2>/dev/null
x 1 verify kept/secret.dmg --against kept/SUMS --json </dev/null
is "$(j '.verdict + " " + .basis[0]')" "mismatch external" "a changed container"
x 0 report kept/secret.dmg -o told4 --json
j '.sentences[0]' | grep -q ': mismatch (the image differs from the reference it was held against), on the basis of a digest, list' || fail "the change: $(j '.sentences[0]')"
grep -q 'The looks at this image do not agree: of sha256 in scope file:secret.dmg' told4/report.html || fail "the page does not say that the container changed"
x 5 verify kept/secret.dmg --passphrase-file wrong; x 0 log --ledger kept/ledger.db --check --json; is "$(j .lines)" 9 "a wrong passphrase leaves no line"

# Without a passphrase the container can be hashed as the file it is.
x 0 hash secret.dmg --input-format raw --hash sha256 </dev/null; says "$(sha256sum <secret.dmg | cut -d' ' -f1)"

# A wrong passphrase is nothing against an image that is on record.
x 0 convert disk.raw -o kept.dmg --format dmg
cp secret.dmg kept.dmg
x 5 verify kept.dmg --passphrase-file wrong; says 'passphrase does not open'
# But the container is not the file on record, and that can be seen without a passphrase.
x 1 verify kept.dmg --json </dev/null
is "$(j '.verdict + " " + ([.findings[].basis|strings]|unique|join(" "))')" "mismatch ledger record" "another container under a name on record"

# A bundle keeps its keys in `token`; what is not stored is zeros.
x 0 convert b.sparsebundle -o b2.raw --passphrase-file right --no-record; cmp b2.raw b.sparsebundle.raw || fail "the bundle's plain bytes differ"
x 0 info b.sparsebundle --passphrase-file right; says 'encryption +encrcdsa version 2, AES-128, PBKDF2 with 1000 iterations'; says '5 of 6'
x 5 info b.sparsebundle --passphrase-file wrong; says 'passphrase does not open'
x 5 verify b.sparsebundle --no-record </dev/null; says 'give --passphrase-file'
truncate -s 8000 b.sparsebundle/bands/3 # a band that ends within a block: only that block is lost
x 1 verify b.sparsebundle --passphrase-file right --no-record --json
is "$(j '.findings[]|select(.check == "band-size").detail')" "the band ends 3904 bytes into an encrypted block of 4096" "the finding"
is "$(jq -c '.unreadable' out)" '[[776,8]]' "what is lost"
printf 'encrcdsa' >b.sparsebundle/token; x 5 info b.sparsebundle --passphrase-file right; says 'token'
printf 'cdsaencr, or what' >b.sparsebundle/token; x 5 info b.sparsebundle --passphrase-file right; says "token: not the header"
printf 'abc' >b.sparsebundle/token; x 5 info b.sparsebundle --passphrase-file right; says 'token has 3 bytes'
