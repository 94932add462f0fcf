#!/usr/bin/python3
"""What Debian's python3-stdnum 1.18 says of numbers, against what field_check says.

Usage: python_stdnum.py FIELD_CHECK

Draws numbers of each structure with a fixed seed, most of them wrong in their check digits only, and asks
both. Where the oracle is known to be wrong, the agency's rule is named in KNOWN, and only such
differences are let pass.
"""
import collections
import importlib
import random
import re
import subprocess
import sys

from stdnum import iban, luhn
from stdnum.us import ein, itin, ssn

DIGITS, LETTERS = "0123456789", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EACH = 2_000

# Country: the module that knows it, and structures: 9 is a digit, A a letter, X either.
VAT = {
    "AT": ("at.uid", ["U99999999"]), "BE": ("be.vat", ["0999999999", "1999999999"]),
    "BG": ("bg.vat", ["999999999", "9999999999"]), "CY": ("cy.vat", ["99999999A"]),
    "CZ": ("cz.dic", ["99999999", "699999999", "9999999999"]), "DE": ("de.vat", ["999999999"]),
    "DK": ("dk.cvr", ["99999999"]), "EE": ("ee.kmkr", ["999999999"]),
    "EL": ("gr.vat", ["999999999"]), "ES": ("es.nif", ["99999999A", "A9999999X", "A99999999"]),
    "FI": ("fi.alv", ["99999999"]), "FR": ("fr.tva", ["99999999999", "XX999999999"]),
    "HR": ("hr.oib", ["99999999999"]), "HU": ("hu.anum", ["99999999"]),
    "IE": ("ie.vat", ["9999999A", "9999999AA", "9A99999A"]), "IT": ("it.iva", ["99999999999"]),
    "LT": ("lt.pvm", ["999999919", "999999999919"]), "LU": ("lu.tva", ["99999999"]),
    "LV": ("lv.pvn", ["49999999999", "99999999999"]), "MT": ("mt.vat", ["99999999"]),
    "NL": ("nl.btw", ["999999999B99"]), "PL": ("pl.nip", ["9999999999"]),
    "PT": ("pt.nif", ["999999999"]), "RO": ("ro.cf", ["99", "9999999", "9999999999"]),
    "SE": ("se.vat", ["999999999901"]), "SI": ("si.ddv", ["99999999"]),
    "SK": ("sk.dph", ["9999999999"]), "XI": ("gb.vat", ["999999999", "999999999001", "GD999", "HA999"]),
}

# (format, pattern of the number, oracle's answer): why it is wrong.
KNOWN = [
    ("eu_vat", r"BE\d{8}9[89]|BE\d{8}00", True,
     "check digits are 97 minus a remainder, 01 to 97 (FPS Finance); it takes 98 and 99"),
    ("eu_vat", r"(CZ|SK)\d{10}", True,
     "20 is added to the month since 2004 only (Act 53/2004 Coll., section 13); it takes it of any year"),
    ("eu_vat", r"LV32\d{9}", False,
     "personal codes since 1 July 2017 begin with 32 and have neither date nor check digit"),
    ("itin", r"9\d{2}(5\d|6[0-5])\d{4}", False,
     "groups 50 to 65 are assigned (IRS, Publication 4757); it refuses them"),
]


def draw(structure):
    kinds = {"9": DIGITS, "A": LETTERS, "X": DIGITS + LETTERS}
    return "".join(random.choice(kinds[c]) if c in kinds else c for c in structure)


def vat_candidates():
    for country, (module, structures) in VAT.items():
        is_valid = importlib.import_module("stdnum." + module).is_valid
        for structure in structures:
            literal = structure in ("GD999", "HA999")
            for _ in range(EACH):
                number = structure[:2] + draw("999") if literal else draw(structure)
                yield "eu_vat", country + number, is_valid(number)


def iban_candidates():
    parts = {"n": DIGITS, "a": LETTERS, "c": DIGITS + LETTERS}
    for country, bban in IBAN_STRUCTURES.items():
        for _ in range(40):
            account = "".join(random.choice(parts[kind]) for count, kind in
                              re.findall(r"(\d+)!([nac])", bban) for _ in range(int(count)))
            value = int("".join(str(int(c, 36)) for c in account + country + "00"))
            check = 98 - value % 97 if random.random() < 0.6 else random.randrange(100)
            number = f"{country}{check:02d}{account}"
            # National check digits are no part of ISO 13616.
            yield "iban", number, iban.is_valid(number, check_country=False)


# Those that both registries have alike.
IBAN_STRUCTURES = {
    "AD": "4!n4!n12!c", "AE": "3!n16!n", "AT": "5!n11!n", "BE": "3!n7!n2!n", "CH": "5!n12!c",
    "CY": "3!n5!n16!c", "CZ": "4!n6!n10!n", "DE": "8!n10!n", "DK": "4!n9!n1!n", "ES": "4!n4!n1!n1!n10!n",
    "FI": "3!n11!n", "FR": "5!n5!n11!c2!n", "GB": "4!a6!n8!n", "GR": "3!n4!n16!c", "HR": "7!n10!n",
    "HU": "3!n4!n1!n15!n1!n", "IE": "4!a6!n8!n", "IL": "3!n3!n13!n", "IT": "1!a5!n5!n12!c",
    "LU": "3!n13!c", "LV": "4!a13!c", "MT": "4!a5!n18!c", "NL": "4!a10!n", "NO": "4!n6!n1!n",
    "PL": "8!n16!n", "PT": "4!n4!n11!n2!n", "RO": "4!a16!c", "SA": "2!n18!c", "SE": "3!n16!n1!n",
    "SI": "5!n8!n2!n", "SK": "4!n6!n10!n", "TR": "5!n1!n16!c", "UA": "6!n19!c",
}


def other_candidates():
    for _ in range(4 * EACH):
        number = draw("999999999")
        yield "ssn", number, ssn.is_valid(number)
        yield "itin", "9" + number[1:], itin.is_valid("9" + number[1:])
        yield "ein", number, ein.is_valid(number)
        # Of a prefix that no scheme of ours has, so that nothing but the check digit counts.
        card = "9" + draw("9" * random.randrange(9, 19))
        yield "pan", card, luhn.is_valid(card)


def is_known(form, value, oracle):
    return any(form == known_form and oracle == answer and re.fullmatch(pattern, value)
               for known_form, pattern, answer, _ in KNOWN)


def main():
    random.seed(20260101)
    candidates = [*vat_candidates(), *iban_candidates(), *other_candidates()]
    text = "".join(f"{form}\t{value}\n" for form, value, _ in candidates)
    answers = subprocess.run([sys.argv[1]], input=text, capture_output=True, text=True,
                             check=True).stdout.splitlines()
    assert len(answers) == len(candidates), "field_check answered another number of lines"
    legal, differences = collections.Counter(), []
    for (form, value, oracle), answer in zip(candidates, answers):
        ours = answer.startswith("ok\t")
        legal[value[:2] if form == "eu_vat" else form] += ours
        if ours != oracle and not is_known(form, value, oracle):
            differences.append(f"{form} {value}: the oracle says {oracle}, we say {answer}")
    print(f"{len(candidates)} numbers, {sum(legal.values())} of them legal")
    print("\n".join(differences[:40]))
    never = [name for name in [*VAT, "iban", "ssn", "itin", "ein", "pan"] if legal[name] == 0]
    assert not never, f"no legal number was drawn of {never}"
    assert not differences, f"{len(differences)} differences"


main()
