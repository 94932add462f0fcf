#!/usr/bin/python3
"""Cuts the NIST CAVP files for AES-256-GCM down to the sizes that FieldKMS uses.

Reads gcmEncryptExtIV256.rsp and gcmDecrypt256.rsp of Debian's package
python3-cryptography-vectors and keeps, unchanged, the groups with 96-bit nonces
and 128-bit tags, the refused ("FAIL") cases among them.
"""
import pathlib
import re

SOURCE = pathlib.Path(
    "/usr/lib/python3/dist-packages/cryptography_vectors/ciphers/AES/GCM")
TARGET = pathlib.Path(__file__).parent


def kept_groups(text):
    """Yields the header of the file, then every group of the wanted sizes."""
    first = text.index("[Keylen")
    yield text[:first].strip() + "\n\n"
    for group in re.split(r"(?=\[Keylen)", text[first:]):
        if "[IVlen = 96]" in group and "[Taglen = 128]" in group:
            yield group.strip() + "\n\n"


for name in ("gcmEncryptExtIV256.rsp", "gcmDecrypt256.rsp"):
    text = (SOURCE / name).read_text().replace("\r\n", "\n")
    kept = "".join(kept_groups(text)).strip() + "\n"
    # The files end some lines in a space; the repository does not.
    (TARGET / name).write_text(re.sub(r" +$", "", kept, flags=re.MULTILINE))
