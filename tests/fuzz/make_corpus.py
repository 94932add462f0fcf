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
    (HERE / "corpus" / corpus).mkdir(exist_ok=True)
    (HERE / "corpus" / corpus / name).write_bytes(data)


for i, vector in enumerate(VECTORS):
    envelope = bytes.fromhex(vector["envelope"])
    context = bytes.fromhex(vector["canonical_context"])
    if len(envelope) <= 128:
        write("envelope", f"vector-{i}", envelope)
        write("envelope", f"text-{i}", vector["text"].encode())
    if vector["suite"] == 1 and len(context) <= 512:  # the contexts of suite 2 are the same
        write("context", f"vector-{i}", context)

SUBJECTS = json.loads((HERE.parent / "vectors" / "subject_envelope.json").read_text())["vectors"]
for i, vector in enumerate(SUBJECTS):
    envelope = bytes.fromhex(vector["envelope"])
    if len(envelope) <= 128:
        write("envelope", f"subject-{i}", envelope)
        write("envelope", f"subject-text-{i}", vector["text"].encode())

FIRST = bytes.fromhex(VECTORS[0]["envelope"])
SUBJECT = bytes.fromhex(SUBJECTS[0]["envelope"])
write("envelope", "empty", b"")
write("envelope", "one-byte", b"\x11")
write("envelope", "shortest", FIRST[:53])
write("envelope", "too-short", FIRST[:52])
write("envelope", "other-suite", b"\x14" + FIRST[1:])
write("envelope", "suite-2-shortest", b"\x12" + FIRST[1:13] + bytes(72))
write("envelope", "suite-2-too-short", b"\x12" + FIRST[1:13] + bytes(71))
write("envelope", "suite-2-of-suite-1", b"\x12" + FIRST[1:])
write("envelope", "subject-shortest", SUBJECT[:69])
write("envelope", "subject-too-short", SUBJECT[:68])
write("envelope", "subject-of-suite-1", b"\x13" + FIRST[1:])
write("envelope", "subject-as-suite-1", b"\x11" + SUBJECT[1:])
write("envelope", "subject-zero-version", SUBJECT[:9] + bytes(4) + SUBJECT[13:])
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

FPES = json.loads((HERE.parent / "vectors" / "fpe_text.json").read_text())["vectors"]


def fpe(keep_first, keep_last, alphabet, text):
    alphabet = alphabet.encode()
    return bytes([keep_first, keep_last, len(alphabet)]) + alphabet + text


for i, vector in enumerate(FPES):
    write("fpe_text", f"vector-{i}", fpe(vector["keep_first"], vector["keep_last"],
                                         vector["alphabet"], vector["plaintext"].encode()))
write("fpe_text", "empty", b"")
write("fpe_text", "too-few", fpe(0, 0, "0123456789", b"12345"))
write("fpe_text", "below-the-floor", fpe(1, 0, "01", b"1-0-1"))
write("fpe_text", "character-twice", fpe(0, 0, "0120", b"012012012012"))
write("fpe_text", "keeps-too-many", fpe(65, 0, "01", b"01" * 60))
write("fpe_text", "not-utf8", fpe(0, 0, "0123456789", b"123456\xc3"))

for i, name in enumerate(["pan", "cvv", "ssn", "itin", "ein", "nino", "eu_vat", "iban"]):
    cases = json.loads((HERE.parent / "vectors" / "field_formats" / f"{name}.json").read_text())["cases"]
    # One that breaks each rule, and some that are legal.
    chosen = list({case["rule"]: case for case in cases if case["rule"]}.values())
    chosen += [case for case in cases if not case["rule"]][::16]
    for number, case in enumerate(chosen):
        write("field_numbers", f"{name}-{number}", bytes([i]) + case["value"].encode())

ENTRY = b"\x00\x01a\x00\x00\x00\x01v"
write("context", "empty", b"\x00\x00")
write("context", "no-count", b"\x00")
write("context", "twice", b"\x00\x02" + 2 * ENTRY)
write("context", "unsorted", b"\x00\x02" + ENTRY.replace(b"a", b"b") + ENTRY)
write("context", "trailing", b"\x00\x01" + ENTRY + b"x")
write("context", "huge-length", b"\x00\x01\x00\x01a\xff\xff\xff\xff")
write("context", "upper-case", b"\x00\x01" + ENTRY.replace(b"a", b"A"))


def u(size, number):
    return number.to_bytes(size, "big")


def frame(op, parts, count=1, deadline=1000):
    texts = [b"alice", b"app", b"shop", b"acme", b"customers.card", b"masked" if op in (5, 8) else b""]
    return (b"FK\x01" + u(1, op) + u(4, deadline) + b"".join(u(2, len(t)) + t for t in texts)
            + u(4, count) + b"".join(u(4, 0xFFFFFFFF) if p is None else u(4, len(p)) + p
                                     for p in parts))


for op, parts in enumerate([2, 2, 3, 3, 5, 1, 2, 1, 1, 1], start=1):
    write("frames", f"op-{op}", frame(op, ([b"value", b"\x00\x00"] + 5 * [None])[:parts]))
write("frames", "no-items", frame(1, [], 0))
write("frames", "no-deadline", frame(6, [b"v"], 1, 0))
write("frames", "huge-count", frame(6, [b"v"], 10_001))
write("frames", "cut", frame(1, [b"v", b"\x00\x00"])[:-1])
write("frames", "trailing", frame(1, [b"v", b"\x00\x00"]) + b"x")


def record(kind, payload):
    return u(1, kind) + u(4, len(payload)) + payload


def key(primary=1, kek=1, wrapped="dw=="):
    fields = {
        "tenant": "acme", "name": "k", "key_id": "0000000000000007", "purpose": 1,
        "primary_version": primary, "create_time": 0, "primary_create_time": 0, "suite": 1,
        "exportable": False, "audit_per_operation": False, "min_decrypt_version": 1,
        "rotation_period": 0, "lease_longest": 0, "lease_most_messages": 0, "labels": {},
        "change": 3}
    version = {"version": 1, "state": 1, "kek_version": kek, "wrapped": wrapped,
               "create_time": 0, "origin": 1}
    return record(1, json.dumps(fields).encode()) + record(2, json.dumps(version).encode())


RECIPIENTS = (u(1, 1) + u(2, 584) + bytes(584), u(1, 2) + u(2, 91) + bytes([17, 8, 1]) + bytes(88))
for name, recipients in (("recovery", RECIPIENTS[:1]), ("both", RECIPIENTS), ("none", ())):
    header = bytes(16) + u(8, 1700000000000000) + u(1, len(recipients)) + b"".join(recipients)
    write("backup", f"file-{name}",
          b"\x00FKBACKUP" + u(2, 1) + u(4, len(header)) + header + bytes(32 + 50))
write("backup", "file-newer", b"\x00FKBACKUP" + u(2, 2) + u(4, 0))
write("backup", "file-long-header", b"\x00FKBACKUP" + u(2, 1) + u(4, 2**32 - 1))
write("backup", "chunks", b"\x01" + bytes(100))
ALIAS = record(3, b'{"tenant":"acme","alias":"a","key_id":"0000000000000007","change":4}')
FIELD = record(7, b'{"tenant":"acme","name":"f","field_id":"0000000000000008","policy":"e30=",'
               b'"create_time":0,"update_time":0,"change":5}')
TENANT = record(4, b'{"tenant":"acme","create_time":0,"primary_kek":1,"change":1}')
KEK = record(5, u(4, 1) + u(8, 0) + bytes(32))


def end(*counts):
    return record(6, b"".join(u(8, n) for n in (42, *counts)))


write("backup", "payload-whole",
      b"\x02" + key() + ALIAS + FIELD + TENANT + KEK + end(1, 1, 1, 1, 1, 1))
write("backup", "payload-empty", b"\x02" + end(0, 0, 0, 0, 0, 0))
write("backup", "payload-trailing", b"\x02" + end(0, 0, 0, 0, 0, 0) + b"x")
write("backup", "payload-counts", b"\x02" + TENANT + KEK + end(1, 1, 1, 1, 1, 1))
write("backup", "payload-no-kek", b"\x02" + key(kek=2) + TENANT + KEK + end(1, 1, 1, 1, 0, 0))
write("backup", "payload-no-primary",
      b"\x02" + key(primary=2) + TENANT + KEK + end(1, 1, 1, 1, 0, 0))
write("backup", "payload-short-end", b"\x02" + end(0, 0, 0, 0, 0))
write("backup", "payload-huge-record", b"\x02" + u(1, 1) + u(4, 2**32 - 1))

# Of each format of text the first legal values, and the first that each rule refuses.
FORMATS = ("free_text", "phone", "email", "person_name", "date_of_birth", "postal_address", "json")
for number, name in enumerate(FORMATS):
    seen = {}
    file = HERE.parent / "vectors" / "field_formats" / f"{name}.json"
    for case in json.loads(file.read_text())["cases"]:
        rule = case["rule"] or f"{name}.legal"
        seen[rule] = seen.get(rule, 0) + 1
        if seen[rule] <= (1 if case["rule"] else 4) and len(case["value"]) <= 300:
            write("field_text", f"{rule}-{seen[rule]}", bytes([number]) + case["value"].encode())
write("field_text", "not-utf8", b"\x03J\xc3\x28hn")
write("field_text", "empty", b"")

DOCUMENTS = {
    "object": b'{"a": 1.50, "b": {"a": [true, null]}, "c": "\\u00e4"}',
    "array": b'[{"a": 1}, [2, "x"], {"b": {"a": {}}}, 0]',
    "escaped-names": b'{"\\u0061": "\\ud83d\\ude00", "m~n": 1, "a/b": [2]}',
    "numbers": b'{"a": [0, -0.0, 1e5, 12345678901234567890, 1e-400, 1E+3]}',
    "twice": b'{"a": 1, "\\u0061": 2}',
    "too-large": b'{"a": 1e400}',
    "surrogate": b'{"a": "\\ud83d"}',
    "deep": b"[" * 65 + b"]" * 65,
    "deepest": b"[" * 64 + b"]" * 64,
    "byte-order-mark": b"\xef\xbb\xbf{}",
    "nul": b'{"a": 1}\x00',
    "not-utf8": b'{"a": "\xff"}',
    "spaces": b' \t\r\n{ "a" : { } , "0" : [ ] } ',
}
for i, (name, document) in enumerate(DOCUMENTS.items()):
    write("json_members", name, bytes([i]) + document)

ERASURE_LOG = b'{"erasure_log":"000102030405060708090a0b0c0d0e0f","form":1}\n'
ERASURES = [
    b'{"n":1,"time":1764150000000000,"kind":"token","tenant":"acme","field_id":"0000000000000007","name":"dG9rXzE="}\n',
    b'{"n":2,"time":1764150000000000,"kind":"lookup","tenant":"acme","field_id":"0000000000000007","name":"bG9va3Vw"}\n',
    b'{"n":3,"time":1764150000000001,"kind":"subject","tenant":"acme","name":"aGFuZGxlIG9mIDE2IGJ5dA=="}\n']
ENDS = [b'{"n":2,"end":"partly"}\n', b'{"n":1,"end":"done"}\n', b'{"n":1,"to":3,"end":"refused"}\n']
INTENTS = ERASURE_LOG + b"".join(ERASURES)
write("erasure_log", "empty", b"")
write("erasure_log", "header", ERASURE_LOG)
write("erasure_log", "torn-header", ERASURE_LOG[:30])
write("erasure_log", "in-doubt", INTENTS)
write("erasure_log", "torn", INTENTS[:-7])
write("erasure_log", "ends", INTENTS + ENDS[0] + ENDS[1])
write("erasure_log", "range", INTENTS + ENDS[2])
write("erasure_log", "end-twice", INTENTS + ENDS[1] + ENDS[2])
write("erasure_log", "out-of-turn", ERASURE_LOG + ERASURES[1])
write("erasure_log", "later-form", ERASURE_LOG.replace(b":1}", b":2}"))
for i, line in enumerate(ERASURES + ENDS):
    write("erasure_log", f"line-{i}", b"\n" + line)

# A cell of each shape, in the order of rotation/table_plan.h.
TEXT = VECTORS[0]["text"]
HEX = r'"\\x' + VECTORS[0]["envelope"] + '"'
CELLS = {
    "bytea": (0, FIRST), "bytea-plain": (0, b"4111111111111111"),
    "text": (1, TEXT), "text-padded": (1, TEXT + "="),
    "bytea-array": (2, f"{{NULL,{HEX}}}"), "bytea-array-2d": (2, f"{{{{{HEX}}},{{NULL}}}}"),
    "text-array": (3, f"{{{TEXT},NULL}}"), "text-array-bounds": (3, f"[0:1]={{{TEXT},{TEXT}}}"),
    "text-array-quoted": (3, f'{{"{TEXT}"}}'), "array-empty": (3, "{}"),
    "json": (4, f'{{ "a": [1.0, "{TEXT}", null], "{TEXT}": "fk1." }}'),
    "json-escaped": (4, f'["\\u0066{TEXT[1:]}", "\\ud83d", "\\u00e9"]'),
    "jsonb": (5, f'{{"a": {{"b": "{TEXT}"}}, "c": -1.5e+7, "d": [true, {{}}]}}'),
    "json-broken": (5, f'["{TEXT}",]'), "json-nested": (5, "[" * 70 + "]" * 70),
}
for name, (shape, cell) in CELLS.items():
    write("rotation_cell", name, bytes([shape]) + (cell.encode() if isinstance(cell, str) else cell))

# Answers of the shim: items, parts of a result less one, HTTP, frame of op 4.
FAILURE = b"\x02\x00\x03WHY\x00\x00\x00\x04text\x00\x00\x00\x07"
RESULT = b"\x00\x00\x00\x00\x01v\xff\xff\xff\xff"
FRAMES = {
    "results": (2, b"FK\x01\x04\x00\x00\x00\x00\x02" + RESULT + b"\x01" + FAILURE),
    "refused": (1, b"FK\x01\x04\x01" + FAILURE),
    "cut": (1, b"FK\x01\x04\x00\x00\x00\x00\x01" + RESULT[:-1]),
    "none": (0, b"FK\x01\x04\x00\x00\x00\x00\x00"),
    "text": (1, b"going"),
}
for name, (items, frame) in FRAMES.items():
    http = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: keep-alive\r\n\r\n" % len(frame)
    write("shim_answer", name, bytes([items, 1]) + http + frame)
write("shim_answer", "chunked", b"\x01\x01HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")

BODIES = {
    "batch": rb'{"batch_input":[{"plaintext":"aGk=","associated_data":"eA==","reference":"r\u00e9\n"},'
             rb'{"plaintext":"","context":null,"key_version":"1"}],"partial_failure_response_code":202}',
    "kinds": rb'{"a":[],"a":{"b":[[[1]]]},"c":-0,"d":1.5e3,"e":18446744073709551615,"f":true,'
             rb'"g":null,"h":"\"\\\/\b\f\n\r\t\u0001"}',
    "null": b"null",
    "no_objects": b'{"batch_input":[1,{}]}',
    "deep": b"[" * 17 + b'{"a":1}' + b"]" * 17,
}
for name, body in BODIES.items():
    write("shim_json", name, body)

write("sql_formats", "context", b"\x00\x02\x00\x01a\x00\x00\x00\x011\x00\x02bb\x00\x00\x00\x00")
write("sql_formats", "no-entries", b"\x00\x00")
write("sql_formats", "envelope", FIRST)
write("sql_formats", "text", TEXT.encode())

# The first byte says what the rest is: a token, a set of keys, certificates, a header of a trace.
write("identity", "trace", b"\x0300-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
TOKENS = json.loads((HERE.parent / "vectors" / "json_web_signature_test.json").read_text())
for group in TOKENS["testGroups"]:
    jwk = group.get("public", group.get("private"))
    first = group["tests"][0]
    write("identity", f"token-{first['tcId']}", b"\x00" + first["jws"].encode())
    write("identity", f"keys-{first['tcId']}", b"\x01" + json.dumps({"keys": [jwk]}).encode())
PGCRYPTO = json.loads((HERE.parent / "vectors" / "pgcrypto.json").read_text())
for i, vector in enumerate(PGCRYPTO["pgp"][:40]):
    sealed = bytes.fromhex(vector["sealed"])
    if len(sealed) <= 256:
        write("pgp_message", f"vector-{i}", b"\x01" + sealed)
for i, vector in enumerate(PGCRYPTO["armored"]):
    write("pgp_message", f"armored-{i}", b"\x00" + vector["sealed"].encode())
write("pgp_message", "bytes", b"\x01" + bytes.fromhex(PGCRYPTO["bytes"]["sealed"]))
write("pgp_message", "empty", b"")
write("pgp_message", "length-without-body", b"\x01\xc3\xff\xff\xff\xff\xff")
