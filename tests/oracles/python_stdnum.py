#!/usr/bin/python3
"""Our formats of numbers and Debian's python3-stdnum (1.18) agree.

Draws candidates with a fixed seed: bodies of each kind, with every check digit they could have,
so that right ones and near-twins are among them. Where the two are known to differ, a line of
PINS says so and which rule of the issuing agency we follow; a pin that no candidate meets fails
too. npm_oracles.mjs asks others, of NINO and card brands too; README.md tells more.

Usage: python_stdnum.py FIELD_CHECK
"""
import collections
import json
import pathlib
import random
import re
import subprocess
import sys

from stdnum import iban, luhn
from stdnum.eu import vat
from stdnum.gb import vat as gb_vat
from stdnum.iso7064 import mod_97_10
from stdnum.sk import rc as sk_rc
from stdnum.us import ein, itin, ssn

RANDOM = random.Random(20240229)
MOST_SHOWN = 20


def digits(count):
    return "".join(RANDOM.choice("0123456789") for _ in range(count))


def birth_digits():
    """Six digits that are often a date, and sometimes none."""
    return "%02d%02d%02d" % (RANDOM.randrange(100), RANDOM.choice(range(100)),
                             RANDOM.randrange(1, 30))


# --- Candidates: generators of (format, value).


def pans():
    for length in range(8, 22):
        for _ in range(40):
            body = RANDOM.choice("3456789") + digits(length - 2)
            for check in "0123456789":
                yield "pan", body + check


def ssns():
    for area in ("000", "001", "078", "665", "666", "667", "899", "900", "999", "457", "219"):
        for group in ("00", "01", "05", "55", "99"):
            for serial in ("0000", "0001", "1120", "5462", "9999"):
                yield "ssn", f"{area}-{group}-{serial}"
                yield "ssn", area + group + serial
    for _ in range(500):
        yield "ssn", digits(RANDOM.choice((8, 9, 9, 9, 10)))


def itins():
    for group in range(100):
        yield "itin", f"9{digits(2)}-{group:02d}-{digits(4)}"
        yield "itin", f"{RANDOM.randrange(9)}{digits(2)}{group:02d}{digits(4)}"
    for length in (8, 10):
        yield "itin", "9" + digits(length - 1)


def eins():
    for prefix in range(100):
        yield "ein", f"{prefix:02d}-{digits(7)}"
        yield "ein", f"{prefix:02d}{digits(7)}"
        yield "ein", f"{prefix:02d}{digits(RANDOM.choice((6, 8)))}"


def bban(structure):
    kinds = {"n": "0123456789", "a": "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
             "c": "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"}
    return "".join(RANDOM.choice(kinds[kind]) for count, kind in
                   re.findall(r"(\d+)!([nac])", structure) for _ in range(int(count)))


def ibans():
    for entry in iban._ibandb.prefixes + [(2, code, code, {}, []) for code in LATER_COUNTRIES]:
        code = entry[1]
        structure = dict(entry[3]).get("bban", "4!a20!n")
        for _ in range(20):
            body = bban(structure)
            right = mod_97_10.calc_check_digits(body + code)
            for value in (code + right + body, code + f"{(int(right) + 1) % 97:02d}" + body,
                          code + right + body + "0", code + right + body[:-1],
                          code + right + body[:-2] + body[-1] + body[-2],
                          code + right + "Z9"[body[0].isalpha()] + body[1:]):
                yield "iban", value
            if right in ("97", "98", "02"):
                yield "iban", code + {"97": "00", "98": "01", "02": "99"}[right] + body
    for _ in range(200):
        code = "".join(RANDOM.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(2))
        body = digits(16)
        yield "iban", code + mod_97_10.calc_check_digits(body + code) + body


# Country: its bodies, as vat_bodies.json says.
BODIES = json.loads(
    (pathlib.Path(__file__).parent / "vat_bodies.json").read_text(encoding="utf-8"))["bodies"]


def last_free(body):
    """All `body` could be, with "!" as each digit and "$" as each letter or digit."""
    at = re.search(r"[!$]", body)
    if not at:
        yield body
        return
    for c in "0123456789" if at[0] == "!" else "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ":
        yield from last_free(body[:at.start()] + c + body[at.end():])


def vats():
    fill = {"?": lambda: digits(1), "\u00b7": lambda: digits(1), "#": birth_digits,
            "@": lambda: RANDOM.choice("ABCDEFGHIJKLMNOPQRSTUVWXYZ")}
    for country, bodies in BODIES.items():
        for body in bodies:
            for _ in range(25 if "!!" in body else 40):
                filled = "".join(fill.get(c, lambda c=c: c)() for c in body)
                for number in last_free(filled):
                    yield "eu_vat", country + number


# --- What the oracle says of a value.

ORACLES = {"pan": luhn.is_valid, "ssn": ssn.is_valid, "itin": itin.is_valid, "ein": ein.is_valid,
           # Without the checks of single countries within the BBAN: the registry has none.
           "iban": lambda value: iban.is_valid(value, check_country=False),
           "eu_vat": vat.is_valid}

# --- Where they differ: name, format, pattern of the value or a function of it, whether the
# oracle takes it, and what we say instead (None: we take it).

LATER_COUNTRIES = ("FK", "HN", "MN", "NI", "OM", "SO", "YE")
PINS = [
    # Of lengths the oracle knows nothing: ISO/IEC 7812-1 and the networks.
    ("pan lengths", "pan", r".*", True, {"pan.length", "pan.brand_length"}),
    # IRS, Publication 4757: the groups begin at 50; the oracle's at 70.
    ("ITIN groups 50 to 65", "itin", r"9..-?(5\d|6[0-5])-?....", False, None),
    # SWIFT, IBAN Registry: joined between releases 93 and 101; the oracle's is of 2022.
    ("later countries of the registry", "iban", "|".join(f"{c}.*" for c in LATER_COUNTRIES),
     False, None),
    # ISO 13616-1: check digits are 98 less a remainder, so 02 to 98.
    ("check digits 00, 01 and 99", "iban", r"..(00|01|99).*", True, {"iban.check_digits"}),
    # VIES: 10 digits, the first 0 or 1. The oracle takes 9 digits as the old form, and any first.
    ("BE first digits", "eu_vat", r"BE([2-9]|00).*|BE.{9}", True, {"eu_vat.structure"}),
    # VIES rules: 97 less the remainder, so 01 to 97.
    ("BE check digits 00, 98 and 99", "eu_vat", r"BE.*(00|98|99)", True, {"eu_vat.check_digit"}),
    # Act 133/2000: months are 1 to 12, 50 more, and 20 more only since 2004.
    ("CZ months", "eu_vat", r"CZ..(2[1-9]|3\d|4\d|7\d|8\d|9\d).*", True, {"eu_vat.parts"}),
    # VIES rules: C1 C2 are 10.
    ("EE first digits", "eu_vat", r"EE(?!10).*", True, {"eu_vat.structure"}),
    # VIES: 9 digits.
    ("EL of 8 digits", "eu_vat", r"(EL|GR).{8}", True, {"eu_vat.structure"}),
    # VIES rules: which kinds of company have a letter and which a digit at the end.
    ("ES last character by kind", "eu_vat", r"ES([JUV].{7}[A-J]|[NPQRSW].{7}\d)", True,
     {"eu_vat.parts"}),
    # VIES: the second letter is A to I (or W, Revenue's of married women).
    ("IE second letter", "eu_vat", r"IE\d{7}[A-W][J-V]", True, {"eu_vat.parts"}),
    # VIES: the old form ends with its check letter.
    ("IE old form with a second letter", "eu_vat", r"IE\d[A-Z+*]\d{5}[A-W]{2}", True,
     {"eu_vat.structure"}),
    # No check digit of personal codes is published; those since 2017 hold no date.
    ("LV personal codes", "eu_vat", r"LV[0-3].*", False, None),
    # Centuries of personal codes are 0, 1 and 2.
    ("LV centuries", "eu_vat", r"LV[0-3].{5}[3-9].*", True, {"eu_vat.parts"}),
    # VIES rules: the check digits are 37 less a remainder, so 01 to 37.
    ("MT check digits over 37", "eu_vat", r"MT.*(00|3[89]|[4-9]\d)", True, {"eu_vat.check_digit"}),
    # VIES: 12 characters; the oracle puts zeros before fewer.
    ("NL of fewer digits", "eu_vat", r"NL\d{1,8}B\d\d", True, {"eu_vat.structure"}),
    # VIES: 2 to 10 digits; the oracle takes personal numbers of 13.
    ("RO personal numbers", "eu_vat", r"RO\d{13}", True, {"eu_vat.structure"}),
    # VIES rules: C11 C12 are 01 to 94; the oracle has 01 only.
    ("SE numbers beside the first", "eu_vat", r"SE\d{10}(?!01)\d\d", False, None),
    # VIES rules: C3 is one of 2, 3, 4, 7, 8, 9, and all are divisible by 11; the oracle takes
    # birth numbers too.
    ("SK birth numbers", "eu_vat", lambda value: sk_rc.is_valid(value[2:]), True,
     {"eu_vat.structure", "eu_vat.parts", "eu_vat.check_digit"}),
    # HMRC: 55 less, which leaves a remainder of 42; the oracle takes 55 as well.
    ("XI remainder 55", "eu_vat",
     lambda value: value[:2] == "XI" and gb_vat.checksum(value[2:11]) == 55, True,
     {"eu_vat.check_digit"}),
    # HMRC: 97 is taken off until the rest is negative, so to 97.
    ("XI check digits 98 and 99", "eu_vat", r"XI.{7}9[89].*", True, {"eu_vat.check_digit"}),
    # VIES: GD and HA have 3 digits; the oracle takes 8888, the digits and a check.
    ("XI long GD and HA", "eu_vat", r"XI(GD|HA)8888.*", True, {"eu_vat.structure"}),
]


def pin_of(name, value, oracle_says, ours):
    """The name of the first pin of this difference; None: there is none."""
    rule = None if ours.startswith("ok\t") else ours
    for pin, of_format, values, says, rules in PINS:
        ours_fits = rule in rules if rules else rule is None
        if of_format != name or says != oracle_says or not ours_fits:
            continue
        if values(value) if callable(values) else re.fullmatch(values, value):
            return pin
    return None


def ask_ours(field_check, candidates):
    lines = "".join(f"{name}\t{value}\n" for name, value in candidates)
    run = subprocess.run([field_check], input=lines, capture_output=True, text=True, check=True)
    answers = run.stdout.split("\n")[:-1]
    if len(answers) != len(candidates):
        sys.exit(f"{len(candidates)} lines, {len(answers)} answers")
    return answers


def main():
    candidates = list(dict.fromkeys(
        pair for source in (pans, ssns, itins, eins, ibans, vats) for pair in source()))
    answers = ask_ours(sys.argv[1], candidates)
    legal, broken, met, wrong = (collections.Counter() for _ in range(4))
    for (name, value), ours in zip(candidates, answers):
        of = name if name != "eu_vat" else value[:2]
        (legal if ours.startswith("ok\t") else broken)[of] += 1
        oracle_says = ORACLES[name](value)
        if oracle_says == ours.startswith("ok\t"):
            continue
        pin = pin_of(name, value, oracle_says, ours)
        met[pin] += 1
        if pin is None:
            wrong[of] += 1
            if wrong[of] <= MOST_SHOWN:
                print(f"{name} {value}: the oracle says {oracle_says}, we {ours!r}")
    stale = [pin[0] for pin in PINS if not met[pin[0]]]
    # A country with no legal candidate was not compared. (GB and CH are of no EU state.)
    blind = [of for of in BODIES if not legal[of] and of not in ("GB", "CH")]
    blind += [of for of in ORACLES if of != "eu_vat" and not (legal[of] and broken[of])]
    print(f"{len(candidates)} values, {sum(legal.values())} of them legal, "
          f"{sum(met.values()) - met[None]} differences pinned, {sum(wrong.values())} not")
    for pin, count in met.items():
        print(f"  {pin}: {count}")
    if wrong or stale or blind:
        sys.exit(f"not agreed: {dict(wrong)}; pins not met: {stale}; not compared: {blind}")


if __name__ == "__main__":
    main()
