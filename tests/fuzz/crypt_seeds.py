"""Seeds for the fuzz targets of encrypted images, made from the facts of the formats; openssl's command does the ciphers. All open by "pass", after few
iterations, which is all that fuzz targets run. python3 crypt_seeds.py SEEDS CORPUS"""
import hashlib, hmac, os, struct, subprocess, sys

seeds = sys.argv[1]
PHRASE, ITERATIONS = b"pass", 3


def put(target, name, data):
    os.makedirs(f"{seeds}/{target}", exist_ok=True)
    with open(f"{seeds}/{target}/{name}", "wb") as f:
        f.write(data)


def enc(cipher, key, iv, data, padded=False):
    command = ["openssl", "enc", "-e", "-" + cipher, "-K", key.hex(), "-iv", iv.hex()] + ([] if padded else ["-nopad"])
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def sectors(key, data, first):
    cipher = f"aes-{len(key) * 8}-cbc"
    return b"".join(enc(cipher, key, struct.pack("<QQ", first + i // 512, 0), data[i:i + 512]) for i in range(0, len(data), 512))


def diffuse(name, data):
    n = hashlib.new(name).digest_size
    return b"".join(hashlib.new(name, struct.pack(">I", i // n) + data[i:i + n]).digest()[:len(data) - i] for i in range(0, len(data), n))


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b))


def luks(name, master, stripes):
    size = len(master)
    header = b"LUKS\xba\xbe\0\1" + b"aes".ljust(32, b"\0") + b"cbc-plain64".ljust(32, b"\0") + name.encode().ljust(32, b"\0")
    header += struct.pack(">II", 8, size) + hashlib.pbkdf2_hmac(name, master, b"m" * 32, ITERATIONS, 20) + b"m" * 32 + struct.pack(">I", ITERATIONS)
    header += b"11111111-2222-3333-4444-555555555555".ljust(40, b"\0")
    parts, d = [], bytes(size)
    for i in range(stripes - 1):
        parts.append(bytes((i * 7 + k) & 255 for k in range(size)))
        d = diffuse(name, xor(d, parts[-1]))
    material = b"".join(parts) + xor(d, master)
    key = hashlib.pbkdf2_hmac(name, PHRASE, b"s" * 32, ITERATIONS, size)
    slots = [struct.pack(">II32sII", 0xDEAD, 0, b"", 2, stripes)] * 8
    slots[3] = struct.pack(">II32sII", 0x00AC71F3, ITERATIONS, b"s" * 32, 2, stripes)
    return (header + b"".join(slots)).ljust(1024, b"\0") + sectors(key, material.ljust(-(-len(material) // 512) * 512, b"\0"), 0)


def qcow(method, master, version=3):
    """Of clusters of 512 bytes: one of data, one of zeros, one that is nothing."""
    header = luks("sha256", master, 3) if method == 2 else b""
    pointer = struct.pack(">IIQQ", 0x0537BE77, 16, 4096, len(header)) if method == 2 else b""
    h = struct.pack(">4sIQIIQIIQQIIQ", b"QFI\xfb", 3, 0, 0, 9, 2048, method, 1, 1024, 512, 1, 0, 0) + struct.pack(">QQQII", 0, 0, 0, 4, 104)
    data = (b"what is under the cipher " * 30)[:512]
    body = sectors(master, data, 2048 // 512) if method == 2 else sectors(PHRASE.ljust(16, b"\0"), data, 0)
    out = bytearray(4096 + len(header))
    for at, piece in ((0, h + pointer), (1024, struct.pack(">Q", 1536)), (1536, struct.pack(">QQ", 2048, 1)), (2048, body), (4096, header)):
        out[at:at + len(piece)] = piece
    return bytes(out)


def encrcdsa(aes, iv_key=b"the key of the IVs:!"):
    key = hashlib.pbkdf2_hmac("sha1", PHRASE, b"salt" * 5, ITERATIONS, 24)
    blob = enc("des-ede3-cbc", key, b"iviviviv", aes + iv_key + b"CKIE\0", True)
    record = struct.pack(">IIII32sI32sIIIII", 103, 0, ITERATIONS, 20, b"salt" * 5, 8, b"iviviviv", 192, 17, 7, 6, len(blob)) + blob
    plain, data = (b"a disk as it is " * 200)[:2048], b""
    for i in range(4):
        iv = hmac.new(iv_key, struct.pack(">I", i), "sha1").digest()[:16]
        data += enc(f"aes-{len(aes) * 8}-cbc", aes, iv, plain[i * 512:i * 512 + 512])
    head = b"encrcdsa" + struct.pack(">IIIIIII", 2, 16, 5, 0x80000001, len(aes) * 8, 91, 160) + b"u" * 16
    head += struct.pack(">IQQIIQQ", 512, len(plain), 1024, 1, 1, 96, len(record))
    return head.ljust(96, b"\0") + record.ljust(1024 - 96, b"\0") + data


for count, (name, size) in enumerate((("sha256", 32), ("sha1", 16), ("sha512", 24))):
    put("fuzz_luks", f"luks{count}", luks(name, bytes(range(size)), 2 + count * 3))
put("fuzz_crypt", "luks.qcow2", qcow(2, bytes(range(32))))
put("fuzz_crypt", "aes.qcow2", qcow(1, b""))
put("fuzz_crypt", "v2-128.dmg", encrcdsa(bytes(range(16))))
put("fuzz_crypt", "v2-256.dmg", encrcdsa(bytes(range(32))))
v1 = bytearray(1276) # its two keys are wrapped by nobody: it does not open
v1[48:56] = struct.pack(">II", ITERATIONS, 20)
v1[136:140], v1[436:440], v1[-8:] = struct.pack(">I", 40), struct.pack(">I", 48), b"cdsaencr"
put("fuzz_crypt", "v1.dmg", b"d" * 4096 + bytes(v1))
