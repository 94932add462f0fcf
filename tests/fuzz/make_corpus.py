#!/usr/bin/python3
"""Makes the seed corpora out of our own vectors in tests/vectors and bytes close to them.

Run by hand after a change of format. Inputs that a fuzzer found are added beside,
with names that begin with "found-".
"""
import json
import pathlib

HERE = pathlib.Path(__file__).parent
VECTORS = json.loads((HERE.parent / "vectors" / "envelope.json").read_text())["vectors"]


def write(corpus, name, data):
    (HERE / "corpus" / corpus / name).write_bytes(data)


for i, vector in enumerate(VECTORS):
    envelope = bytes.fromhex(vector["envelope"])
    context = bytes.fromhex(vector["canonical_context"])
    if len(envelope) <= 128:
        write("envelope", f"vector-{i}", envelope)
        write("envelope", f"text-{i}", vector["text"].encode())
    if vector["suite"] == 1 and len(context) <= 512:  # the contexts of suite 2 are the same
        write("context", f"vector-{i}", context)

FIRST = bytes.fromhex(VECTORS[0]["envelope"])
write("envelope", "empty", b"")
write("envelope", "one-byte", b"\x11")
write("envelope", "shortest", FIRST[:53])
write("envelope", "too-short", FIRST[:52])
write("envelope", "other-suite", b"\x13" + FIRST[1:])
write("envelope", "suite-2-shortest", b"\x12" + FIRST[1:13] + bytes(72))
write("envelope", "suite-2-too-short", b"\x12" + FIRST[1:13] + bytes(71))
write("envelope", "suite-2-of-suite-1", b"\x12" + FIRST[1:])
write("envelope", "zero-id", FIRST[:1] + bytes(8) + FIRST[9:])
write("envelope", "zero-version", FIRST[:9] + bytes(4) + FIRST[13:])
write("envelope", "text-bits-left-over", b"fk1.AB")
write("envelope", "text-padded", b"fk1.AA==")

MACS = json.loads((HERE.parent / "vectors" / "mac.json").read_text())["vectors"]
MAC = bytes.fromhex(MACS[0]["value"])
for i, vector in enumerate(MACS):
    write("mac", f"vector-{i}", bytes.fromhex(vector["value"]))
write("mac", "empty", b"")
write("mac", "too-short", MAC[:-1])
write("mac", "too-long", MAC + b"x")
write("mac", "of-an-envelope", b"\x11" + MAC[1:])
write("mac", "zero-id", MAC[:1] + bytes(8) + MAC[9:])
write("mac", "zero-version", MAC[:9] + bytes(4) + MAC[13:])

for size in (0, 1, 8, 15, 16, 17, 24, 40, 48, 4096, 4104):
    write("kwp", f"bytes-{size}", bytes(i * 7 % 256 for i in range(size)))

ENTRY = b"\x00\x01a\x00\x00\x00\x01v"
write("context", "empty", b"\x00\x00")
write("context", "no-count", b"\x00")
write("context", "twice", b"\x00\x02" + 2 * ENTRY)
write("context", "unsorted", b"\x00\x02" + ENTRY.replace(b"a", b"b") + ENTRY)
write("context", "trailing", b"\x00\x01" + ENTRY + b"x")
write("context", "huge-length", b"\x00\x01\x00\x01a\xff\xff\xff\xff")
write("context", "upper-case", b"\x00\x01" + ENTRY.replace(b"a", b"A"))
