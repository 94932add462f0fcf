#!/usr/bin/python3
"""Makes envelope.json, subject_envelope.json and mac.json: crypto/FORMAT.md apart from ours.

Written from the document, https://c2sp.org/XAES-256-GCM and eprint 2025/758 (the
commitment), on AES-ECB and AES-GCM of Debian's python3-cryptography, and of RFC 5869 (HKDF) on HMAC of
Python's own library. Keys and nonces are made of SHA-256 of labels, so that a second run writes the same
bytes.
"""
import base64
import hashlib
import hmac
import json
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xor(*blocks):
    out = 0
    for block in blocks:
        out ^= int.from_bytes(block, "big")
    return out.to_bytes(16, "big")


def subkey(key):
    l = int.from_bytes(aes(key, bytes(16)), "big")
    return ((l << 1) & ((1 << 128) - 1) ^ (0x87 if l >> 127 else 0)).to_bytes(16, "big")


def xaes_seal(key, nonce, plaintext, aad):
    k1 = subkey(key)
    derived = b""
    for i in (1, 2):
        derived += aes(key, xor(k1, bytes([0, i, ord("X"), 0]) + nonce[:12]))
    return AESGCM(derived).encrypt(nonce[12:], plaintext, aad)


def commitment(key, nonce):
    k1 = subkey(key)
    c1 = aes(key, b"XCMT" + nonce[:12])
    return b"".join(aes(key, xor(c1, k1, nonce[12:] + bytes([0, 1, 0, i]))) for i in (1, 2))


def canonical(context):
    out = struct.pack(">H", len(context))
    for name in sorted(context):
        n, v = name.encode(), context[name]
        out += struct.pack(">H", len(n)) + n + struct.pack(">I", len(v)) + v
    return out


def vector(comment, tenant, key_id, version, context, plaintext, suite=1):
    key = hashlib.sha256(b"key " + comment.encode()).digest()
    nonce = hashlib.sha256(b"nonce " + comment.encode()).digest()[:24]
    header = bytes([0x10 | suite]) + struct.pack(">QI", key_id, version)
    aad = header + struct.pack(">H", len(tenant)) + tenant.encode() + canonical(context)
    envelope = header + nonce + xaes_seal(key, nonce, plaintext, aad)
    if suite == 2:
        envelope += commitment(key, nonce)
    return {
        "comment": comment,
        "suite": suite,
        "key": key.hex(),
        "tenant": tenant,
        "key_id": "%016x" % key_id,
        "version": version,
        "context": [{"name": n, "value": v.hex()} for n, v in context.items()],
        "nonce": nonce.hex(),
        "plaintext": plaintext.hex(),
        "canonical_context": canonical(context).hex(),
        "aad": aad.hex(),
        "envelope": envelope.hex(),
        "text": "fk1." + base64.urlsafe_b64encode(envelope).rstrip(b"=").decode(),
    }


def hkdf(ikm, salt, info):
    prk = hmac.digest(salt, ikm, "sha256")
    return hmac.digest(prk, info + b"\x01", "sha256")


def subject_vector(comment, tenant, key_id, version, context, plaintext):
    version_key = hashlib.sha256(b"key " + comment.encode()).digest()
    secret = hashlib.sha256(b"secret " + comment.encode()).digest()
    handle = hashlib.sha256(b"handle " + comment.encode()).digest()[:16]
    nonce = hashlib.sha256(b"nonce " + comment.encode()).digest()[:24]
    info = (b"fieldkms/subject/1" + bytes([len(tenant)]) + tenant.encode() +
            struct.pack(">QI", key_id, version) + handle)
    key = hkdf(version_key, secret, info)
    header = b"\x13" + struct.pack(">QI", key_id, version)
    aad = header + struct.pack(">H", len(tenant)) + tenant.encode() + canonical(context)
    envelope = header + handle + nonce + xaes_seal(key, nonce, plaintext, aad)
    return {
        "comment": comment,
        "version_key": version_key.hex(),
        "secret": secret.hex(),
        "handle": handle.hex(),
        "tenant": tenant,
        "key_id": "%016x" % key_id,
        "version": version,
        "info": info.hex(),
        "key": key.hex(),
        "canonical_context": canonical(context).hex(),
        "nonce": nonce.hex(),
        "plaintext": plaintext.hex(),
        "aad": aad.hex(),
        "envelope": envelope.hex(),
        "text": "fk1." + base64.urlsafe_b64encode(envelope).rstrip(b"=").decode(),
    }


def mac_vector(comment, tenant, key_id, version, context, data):
    key = hashlib.sha256(b"key " + comment.encode()).digest()
    header = b"\x21" + struct.pack(">QI", key_id, version)
    message = (b"fieldkms/mac/1" + header + struct.pack(">H", len(tenant)) + tenant.encode() +
               canonical(context) + data)
    return {
        "comment": comment,
        "key": key.hex(),
        "tenant": tenant,
        "key_id": "%016x" % key_id,
        "version": version,
        "canonical_context": canonical(context).hex(),
        "data": data.hex(),
        "value": (header + hmac.digest(key, message, "sha256")).hex(),
    }


def row_key(*columns):
    return b"".join(struct.pack(">I", len(c)) + c for c in columns)


# The three vectors of AWS-LC (crypto/cipher_extra/test/xaes_256_gcm_kc_tests.txt).
ONE, THREE, ALPHABET = b"\x01" * 32, b"\x03" * 32, b"ABCDEFGHIJKLMNOPQRSTUVWX"
assert commitment(ONE, b"B" * 24).hex() == \
    "bf37571be1b43aeca64a95d99a2f162e24f8bfd79bbb71fa7d943e6fc060a8ae"
assert commitment(ONE, ALPHABET).hex() == \
    "04076b6085eebab138855fe57811c04112eff989d44120dfff662d5475a383c3"
assert commitment(THREE, ALPHABET).hex() == \
    "5553cd21d1592b422e3129632a3187eee8a658cdca5c5b32ce86308dcc18e9d1"

# Test case 1 of RFC 5869, as far as its first block.
assert hkdf(b"\x0b" * 22, bytes(range(13)), bytes(range(0xf0, 0xfa))).hex() == \
    "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf"

BINDING = bytes(range(16))
VECTORS = [
    vector("a card number in a row", "acme", 0x0102030405060708, 1,
           {"pk": row_key(b"42"), "b": BINDING}, b"4111111111111111"),
    vector("empty plaintext", "acme", 0x0102030405060708, 2, {"b": BINDING, "pk": row_key(b"43")}, b""),
    vector("no context", "a", 1, 1, {}, b"x"),
    vector("empty value of a context entry", "acme", 1, 1, {"pk": b""}, b"xy"),
    vector("the largest key id and version", "acme", 2**64 - 1, 2**32 - 1, {"b": BINDING}, b"xyz"),
    vector("UTF-8 and a composite key", "t-1", 77, 3,
           {"b": BINDING, "pk": row_key(b"de", b"7")},
           "Zoë Großmann 東京".encode()),
    vector("sixteen entries, given in reverse order", "acme", 5, 1,
           {"n%02d" % i: b"v" * i for i in range(15, -1, -1)}, b"sixteen"),
    vector("the longest name and value", "t" + "0" * 62, 5, 1,
           {"z" * 64: b"\xff" * 4096}, b"\x00" * 33),
    vector("names that differ in their end", "acme", 5, 1,
           {"a.b": b"2", "a": b"1", "a_b": b"4", "a0": b"3", "a-b": b"5"}, b"sorted by bytes"),
    vector("suite 2: a card number in a row", "acme", 0x0102030405060708, 1,
           {"pk": row_key(b"42"), "b": BINDING}, b"4111111111111111", suite=2),
    vector("suite 2: empty plaintext, no context", "a", 1, 1, {}, b"", suite=2),
    vector("suite 2: the largest key id and version", "t" + "0" * 62, 2**64 - 1, 2**32 - 1,
           {"b": BINDING}, bytes(range(200)), suite=2),
]

SUBJECT_VECTORS = [
    subject_vector("a card number of a subject", "acme", 0x0102030405060708, 1,
                   {"pk": row_key(b"42"), "b": BINDING}, b"4111111111111111"),
    subject_vector("empty plaintext, no context, the shortest tenant", "a", 1, 1, {}, b""),
    subject_vector("the largest key id and version, the longest tenant", "t" + "0" * 62, 2**64 - 1,
                   2**32 - 1, {"z" * 64: b"\xff" * 4096}, bytes(range(256))),
    subject_vector("UTF-8 and a composite key", "t-1", 77, 3,
                   {"b": BINDING, "pk": row_key(b"de", b"7")},
                   "Zoë Großmann 東京".encode()),
]

MAC_VECTORS = [
    mac_vector("a card number in a row", "acme", 0x0102030405060708, 1,
               {"pk": row_key(b"42"), "b": BINDING}, b"4111111111111111"),
    mac_vector("empty data, no context", "a", 1, 1, {}, b""),
    mac_vector("the largest key id and version", "t" + "0" * 62, 2**64 - 1, 2**32 - 1,
               {"z" * 64: b"\xff" * 4096}, bytes(range(256)) * 5),
]

for name, vectors in (("envelope.json", VECTORS), ("subject_envelope.json", SUBJECT_VECTORS),
                      ("mac.json", MAC_VECTORS)):
    pathlib.Path(__file__).with_name(name).write_text(
        json.dumps({"vectors": vectors}, indent=1, ensure_ascii=True) + "\n")
