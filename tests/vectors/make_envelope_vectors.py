#!/usr/bin/python3
"""Makes envelope.json: an implementation of crypto/FORMAT.md apart from ours.

Written from the document and https://c2sp.org/XAES-256-GCM, on AES-ECB and
AES-GCM of Debian's python3-cryptography. Keys and nonces are made of SHA-256 of
labels, so that a second run writes the same bytes.
"""
import base64
import hashlib
import json
import pathlib
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM


def aes(key, block):
    encryptor = Cipher(algorithms.AES(key), modes.ECB()).encryptor()
    return encryptor.update(block) + encryptor.finalize()


def xaes_seal(key, nonce, plaintext, aad):
    l = int.from_bytes(aes(key, bytes(16)), "big")
    k1 = (l << 1) & ((1 << 128) - 1) ^ (0x87 if l >> 127 else 0)
    derived = b""
    for i in (1, 2):
        m = bytes([0, i, ord("X"), 0]) + nonce[:12]
        derived += aes(key, (int.from_bytes(m, "big") ^ k1).to_bytes(16, "big"))
    return AESGCM(derived).encrypt(nonce[12:], plaintext, aad)


def canonical(context):
    out = struct.pack(">H", len(context))
    for name in sorted(context):
        n, v = name.encode(), context[name]
        out += struct.pack(">H", len(n)) + n + struct.pack(">I", len(v)) + v
    return out


def vector(comment, tenant, key_id, version, context, plaintext):
    key = hashlib.sha256(b"key " + comment.encode()).digest()
    nonce = hashlib.sha256(b"nonce " + comment.encode()).digest()[:24]
    header = b"\x11" + struct.pack(">QI", key_id, version)
    aad = header + struct.pack(">H", len(tenant)) + tenant.encode() + canonical(context)
    envelope = header + nonce + xaes_seal(key, nonce, plaintext, aad)
    return {
        "comment": comment,
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


def row_key(*columns):
    return b"".join(struct.pack(">I", len(c)) + c for c in columns)


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
]

pathlib.Path(__file__).with_name("envelope.json").write_text(
    json.dumps({"vectors": VECTORS}, indent=1, ensure_ascii=True) + "\n")
