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

# Without a passphrase the container can be hashed as the file it is.
x 0 hash secret.dmg --input-format raw --hash sha256 </dev/null; says "$(sha256sum <secret.dmg | cut -d' ' -f1)"

# A wrong passphrase is nothing against an image that is on record.
x 0 convert disk.raw -o kept.dmg --format dmg
cp secret.dmg kept.dmg
x 5 verify kept.dmg --passphrase-file wrong; says 'passphrase does not open'

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
