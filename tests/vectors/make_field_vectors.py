#!/usr/bin/python3
"""Makes ff1.json, fpe_text.json, pan_fpe.json and blind_index.json: implementations apart from
ours.

Written from NIST SP 800-38G and crypto/FORMAT.md, on AES of Debian's python3-cryptography; FF1
without any of our short cuts, and held against NIST's own samples (ff1_nist.json) first. Keys and
inputs are made of SHA-256 of labels, so that a second run writes the same bytes.
"""
import hashlib
import hmac
import json
import math
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

HERE = pathlib.Path(__file__).parent
DIGITS = "0123456789"
LOWER = "abcdefghijklmnopqrstuvwxyz"


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(a, b):
    return bytes(x ^ y for x, y in zip(a, b, strict=True))


def prf(key, message):
    y = bytes(16)
    for at in range(0, len(message), 16):
        y = aes(key, xor(y, message[at:at + 16]))
    return y


def num(numerals, radix):
    x = 0
    for numeral in numerals:
        x = x * radix + numeral
    return x


def string(x, radix, length):
    numerals = []
    for _ in range(length):
        numerals.append(x % radix)
        x //= radix
    assert x == 0
    return numerals[::-1]


def ff1_encrypt(key, radix, tweak, numerals):
    n, t = len(numerals), len(tweak)
    u, v = n // 2, n - n // 2
    a, b = numerals[:u], numerals[u:]
    size = ((radix**v - 1).bit_length() + 7) // 8
    d = 4 * math.ceil(size / 4) + 4
    p = (bytes([1, 2, 1]) + radix.to_bytes(3, "big") + bytes([10, u % 256]) +
         struct.pack(">II", n, t))
    for i in range(10):
        q = tweak + bytes(-(t + size + 1) % 16) + bytes([i]) + num(b, radix).to_bytes(size, "big")
        r = prf(key, p + q)
        s = r
        for j in range(1, math.ceil(d / 16)):
            s += aes(key, xor(r, j.to_bytes(16, "big")))
        m = u if i % 2 == 0 else v
        c = (num(a, radix) + int.from_bytes(s[:d], "big")) % radix**m
        a, b = b, string(c, radix, m)
    return a + b


def bytes_of(label, size):
    out = b""
    while len(out) < size:
        out += hashlib.sha256(f"{len(out)} {label}".encode()).digest()
    return out[:size]


def numerals_of(label, radix, length):
    raw = bytes_of(label, 4 * length)
    return [int.from_bytes(raw[4 * i:4 * i + 4], "big") % radix for i in range(length)]


def ff1_vector(radix, length, key_size=32, tweak_size=0, plaintext=None):
    label = f"ff1 {radix} {length} {key_size} {tweak_size}"
    key, tweak = bytes_of("key " + label, key_size), bytes_of("tweak " + label, tweak_size)
    if plaintext is None:
        plaintext = numerals_of(label, radix, length)
    return {"radix": radix, "key": key.hex(), "tweak": tweak.hex(), "plaintext": plaintext,
            "ciphertext": ff1_encrypt(key, radix, tweak, plaintext)}


def ff1_vectors():
    # Lengths on both sides of every change of path: a half of 32 bits, of 64, 96 and 128, and
    # more; the shortest and the longest.
    lengths = {
        2: (20, 21, 63, 64, 65, 66, 127, 128, 129, 191, 192, 193, 253, 254, 255, 256),
        3: (13, 40, 41, 42, 161, 162, 256),
        10: (6, 7, 9, 15, 16, 18, 19, 20, 37, 38, 39, 40, 56, 57, 58, 59, 75, 76, 77, 78, 255, 256),
        16: (5, 16, 17, 32, 33, 62, 63, 64, 65),
        26: (5, 12, 13, 14, 54, 55, 56),
        36: (4, 12, 13, 19, 48, 49, 50),
        62: (4, 10, 11, 12, 42, 43, 44),
        256: (3, 8, 9, 30, 31, 32, 33, 256),
        1000: (2, 3, 25, 26),
        65535: (2, 3, 4, 5, 15, 16, 17, 256),
        65536: (2, 3, 4, 5, 8, 9, 13, 14, 15, 16, 17, 256),
    }
    for radix, all_lengths in lengths.items():
        for length in all_lengths:
            yield ff1_vector(radix, length, tweak_size=length % 40)
    # Each length of tweak around the blocks, for numbers of 2, 4, 15, 16 and 23 bytes.
    for radix, length in ((2, 20), (10, 16), (256, 30), (256, 32), (10, 110)):
        for tweak_size in range(34):
            yield ff1_vector(radix, length, tweak_size=tweak_size)
    yield ff1_vector(10, 16, tweak_size=4095)
    yield ff1_vector(36, 200, tweak_size=4096)
    for key_size in (16, 24):
        for length in (16, 40, 100):
            yield ff1_vector(10, length, key_size=key_size, tweak_size=11)
    for radix, length in ((2, 64), (10, 16), (10, 40), (65536, 16), (65536, 256)):
        yield ff1_vector(radix, length, plaintext=[0] * length)
        yield ff1_vector(radix, length, plaintext=[radix - 1] * length)


def fpe_vector(comment, alphabet, keep_first, keep_last, domain, plaintext):
    key = bytes_of("key " + comment, 32)
    places = [i for i, c in enumerate(plaintext) if c in alphabet]
    changed = places[keep_first:len(places) - keep_last]
    kept = "".join(plaintext[i] for i in places if i not in changed)
    tweak = b"\x01" + struct.pack(">I", len(domain)) + domain + kept.encode()
    numerals = ff1_encrypt(key, len(alphabet), tweak,
                           [alphabet.index(plaintext[i]) for i in changed])
    ciphertext = list(plaintext)
    for place, numeral in zip(changed, numerals, strict=True):
        ciphertext[place] = alphabet[numeral]
    return {
        "comment": comment, "alphabet": alphabet, "keep_first": keep_first,
        "keep_last": keep_last, "key": key.hex(), "domain": domain.hex(), "plaintext": plaintext,
        "tweak": tweak.hex(), "ciphertext": "".join(ciphertext),
    }


CARDS = b"acme/customers.card_number"
GREEK = "αβγδεζηθικλμνξοπρστυφχψω"
FPE_VECTORS = [
    fpe_vector("a card number, BIN and last four kept", DIGITS, 6, 4, CARDS, "4111111111111111"),
    fpe_vector("with spaces", DIGITS, 6, 4, CARDS, "4111 1111 1111 1111"),
    fpe_vector("nothing kept, no domain", DIGITS, 0, 0, b"", "000000"),
    fpe_vector("a phone number", DIGITS, 2, 0, b"acme/phone", "+44 (0)20 7946-0958"),
    fpe_vector("letters and digits, other letters are separators", DIGITS + LOWER, 0, 2,
               b"acme/plate", "AB12 cde-fgh"),
    fpe_vector("an alphabet beyond ASCII", GREEK, 1, 1, b"acme/name", "Γειά σου, κόσμε των τεχνών"),
    fpe_vector("characters of one to four bytes", "aäア𝒜", 1, 2, b"acme/mixed",
               "aäア𝒜-𝒜アäa/ääアア𝒜𝒜aa.aäア𝒜"),
    fpe_vector("separators of four bytes", DIGITS, 0, 0, b"acme/x", "12𝒜34𝒜56𝒜78"),
    fpe_vector("the longest domain and most characters", DIGITS, 64, 64, bytes_of("domain", 3072),
               "".join(str(i * 7 % 10) for i in range(64 + 256 + 64))),
]


def luhn_digit(digits):
    doubled = [int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits))]
    return -sum(d // 10 + d % 10 for d in doubled) % 10


def pan_vector(comment, keep_first, keep_last, plaintext):
    """A card number as crypto/FORMAT.md has it: the text of a vector above, and what makes it none."""
    digits = [i for i, c in enumerate(plaintext) if c in DIGITS]
    assert luhn_digit([plaintext[i] for i in digits[:-1]]) == int(plaintext[digits[-1]])
    if keep_last > 0:
        vector = fpe_vector(comment, DIGITS, keep_first, keep_last, CARDS, plaintext)
        text = list(vector["ciphertext"])
        place = digits[keep_first]
        text[place] = "ABCDEFGHIJ"[int(text[place])]
    else:
        at = digits[-1]
        vector = fpe_vector(comment, DIGITS, keep_first, 0, CARDS, plaintext[:at])
        right = luhn_digit([c for c in vector["ciphertext"] if c in DIGITS])
        text = [vector["ciphertext"], str((right + 1) % 10), plaintext[at + 1:]]
    return vector | {"plaintext": plaintext, "ciphertext": "".join(text)}


PAN_VECTORS = [
    pan_vector("nothing kept", 0, 0, "4111111111111111"),
    pan_vector("BIN kept", 6, 0, "4111 1111 1111 1111"),
    pan_vector("BIN and last four kept", 6, 4, "4111-1111-1111-1111"),
    pan_vector("last four kept", 0, 4, "378282246310005"),
    pan_vector("14 digits, all but six kept", 4, 4, "30569309025904"),
    pan_vector("10 digits", 3, 0, "1234567897"),
    pan_vector("19 digits", 6, 4, "6304 0000 0000 0000 000"),
]


def index_vector(comment, tenant, field_id, index_id, version, bits, canonical):
    root = bytes_of("root " + comment, 32)
    info = (b"fieldkms/blind-index/1" + bytes([len(tenant)]) + tenant.encode() +
            struct.pack(">QIIB", field_id, index_id, version, bits))
    prk = hmac.digest(bytes(32), root, "sha256")
    key = hmac.digest(prk, info + b"\x01", "sha256")
    value = canonical.encode()
    mac = hmac.digest(key, struct.pack(">I", len(value)) + value, "sha256")
    cut = int.from_bytes(mac, "big") >> (256 - bits) << (-bits % 8)
    return {
        "comment": comment, "root": root.hex(), "tenant": tenant, "field_id": "%016x" % field_id,
        "index_id": index_id, "version": version, "bits": bits, "canonical": canonical,
        "info": info.hex(), "key": key.hex(),
        "index": (struct.pack(">H", version) + cut.to_bytes((bits + 7) // 8, "big")).hex(),
    }


FIELD = 0x0102030405060708
INDEX_VECTORS = [
    index_vector("a card number", "acme", FIELD, 0, 1, 128, "4111111111111111"),
    index_vector("an empty value", "a", 1, 0, 1, 128, ""),
    index_vector("the largest of all", "t" + "0" * 62, 2**64 - 1, 2**32 - 1, 65535, 128,
                 "Zoë Großmann 東京" * 50),
    *(index_vector(f"a bucket of {bits} bits", "acme", FIELD, 1, 258, bits, "smith")
      for bits in range(8, 33)),
]

for sample in json.loads((HERE / "ff1_nist.json").read_text())["vectors"]:
    table = (DIGITS + LOWER)[:sample["radix"]]
    encrypted = ff1_encrypt(bytes.fromhex(sample["key"]), sample["radix"],
                            bytes.fromhex(sample["tweak"]),
                            [table.index(c) for c in sample["plaintext"]])
    assert "".join(table[n] for n in encrypted) == sample["ciphertext"]

for name, vectors in (("ff1.json", list(ff1_vectors())), ("fpe_text.json", FPE_VECTORS),
                      ("pan_fpe.json", PAN_VECTORS), ("blind_index.json", INDEX_VECTORS)):
    lines = ",\n".join(json.dumps(vector, separators=(",", ":")) for vector in vectors)
    (HERE / name).write_text('{"vectors": [\n' + lines + "\n]}\n")
