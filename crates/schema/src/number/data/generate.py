#!/usr/bin/env python3
"""Writes the data of the number module from the Python port of Google's libphonenumber.

    pip install phonenumbers && python3 generate.py

Files, all in the folder of this script:
  metadata.bin  numbering plans, as Google's protobuf PhoneMetadataCollection, without what is
                needed for formatting only
  regions.csv   region,name
  short.csv     region,emergency numbers,lengths,general pattern,pattern of short numbers
  zones.csv     zones (joined by &),prefixes (joined by a space)
  places.csv    prefixes (joined by a space),place
  countries.csv country,prefixes (joined by a space)
  release.txt   the release of the data
"""

import itertools
import re
import re._constants as sre
import re._parser as sre_parser
from collections import defaultdict
from pathlib import Path
from random import Random

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.geodata.locale import LOCALE_DATA
from phonenumbers.phonemetadata import PhoneMetadata
from phonenumbers.tzdata import TIMEZONE_DATA

HERE = Path(__file__).parent

# Numbers of the fields in phonemetadata.proto.
DESCRIPTIONS = {
    "general_desc": 1, "fixed_line": 2, "mobile": 3, "toll_free": 4, "premium_rate": 5,
    "shared_cost": 6, "personal_number": 7, "voip": 8, "pager": 21, "uan": 25, "voicemail": 28,
}
NO_SUCH_TYPE = -1

# Digits after the country code that a place may need; longer prefixes (villages, districts) are
# left out to keep the table small. Within +1 that leaves states, provinces and countries.
PLACE_DIGITS = 4
PLACE_DIGITS_NANP = 5


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def number(field, value):
    return varint(field << 3) + varint(int(value))


def text(field, value):
    data = value if isinstance(value, bytes) else value.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def anchored(pattern):
    """The form in which rlibphonenumber wants its patterns."""
    return f"^(?:{pattern})$"


def description(desc):
    if desc is None or desc.national_number_pattern is None:
        return number(9, NO_SUCH_TYPE)
    out = text(2, anchored(desc.national_number_pattern))
    out += b"".join(number(9, n) for n in desc.possible_length)
    return out + b"".join(number(10, n) for n in desc.possible_length_local_only)


def metadata(m):
    out = b"".join(text(f, description(getattr(m, name))) for name, f in DESCRIPTIONS.items())
    out += text(9, m.id) + number(10, m.country_code)
    if m.international_prefix:
        out += text(11, anchored(m.international_prefix))
    if m.national_prefix:
        out += text(12, m.national_prefix)
    if m.national_prefix_for_parsing:
        out += text(15, anchored(m.national_prefix_for_parsing))
    if m.national_prefix_transform_rule:
        out += text(16, re.sub(r"\\(\d)", r"$\1", m.national_prefix_transform_rule))
    same = m.fixed_line and m.mobile and (
        m.fixed_line.national_number_pattern == m.mobile.national_number_pattern)
    out += number(18, bool(same))
    if m.main_country_for_code:
        out += number(22, 1)
    if m.leading_digits:
        out += text(23, anchored(m.leading_digits))
    return out


def plans():
    for region in sorted(phonenumbers.SUPPORTED_REGIONS):
        yield PhoneMetadata.metadata_for_region(region)
    for code in sorted(phonenumbers.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        yield PhoneMetadata.metadata_for_nongeo_region(code)


def emergency(m):
    desc = m.emergency
    if desc is None or not desc.national_number_pattern:
        return []
    pattern = re.compile(desc.national_number_pattern)
    lengths = desc.possible_length or m.general_desc.possible_length
    every = ("".join(d) for n in lengths for d in itertools.product("0123456789", repeat=n))
    return [s for s in every if pattern.fullmatch(s)]


def short(region):
    m = PhoneMetadata.short_metadata_for_region(region)
    lengths = m.short_code.possible_length or m.general_desc.possible_length
    lengths = [n for n in lengths if n in m.general_desc.possible_length]
    return ";".join([
        region,
        " ".join(emergency(m)),
        " ".join(map(str, lengths)),
        m.general_desc.national_number_pattern,
        m.short_code.national_number_pattern,
    ])


# The data give Irish numbers the zones of the United Kingdom.
IRELAND = "353"


def places():
    codes = {str(code) for code in phonenumbers.COUNTRY_CODE_TO_REGION_CODE}
    names = defaultdict(list)
    for prefix, languages in GEOCODE_DATA.items():
        code = next(prefix[:n] for n in (1, 2, 3) if prefix[:n] in codes)
        most = PLACE_DIGITS_NANP if code == "1" else PLACE_DIGITS
        if "en" in languages and len(prefix) <= len(code) + most:
            names[languages["en"]].append(prefix)
    return names


def matching(pattern, random):
    """A random text that a pattern of digits matches."""
    def one(tokens):
        out = ""
        for op, arg in tokens:
            if op is sre.LITERAL:
                out += chr(arg)
            elif op is sre.IN:
                digits = [d for kind, v in arg for d in (
                    range(v[0], v[1] + 1) if kind is sre.RANGE else
                    range(48, 58) if kind is sre.CATEGORY else [v])]
                out += chr(random.choice(digits))
            elif op is sre.MAX_REPEAT:
                low, high, inner = arg
                out += "".join(one(inner) for _ in range(random.randint(low, high)))
            elif op is sre.SUBPATTERN:
                out += one(arg[3])
            elif op is sre.BRANCH:
                out += one(random.choice(arg[1]))
            else:
                raise ValueError(op)
        return out
    return one(sre_parser.parse(pattern))


# Random numbers of each kind and region by which countries that share a code are told apart.
SAMPLES = 6000


def countries():
    """Prefixes of E.164 numbers by country: calling codes, and longer where countries share one."""
    random = Random(1)
    found = defaultdict(list)
    for code, regions in phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items():
        if len(regions) == 1:
            found[regions[0]].append(str(code))
            continue
        seen = {}
        for region in regions:
            m = PhoneMetadata.metadata_for_region(region)
            for name in DESCRIPTIONS:
                desc = getattr(m, name)
                if name == "general_desc" or desc is None or not desc.national_number_pattern:
                    continue
                for _ in range(SAMPLES):
                    national = matching(desc.national_number_pattern, random)
                    n = phonenumbers.parse(f"+{code}{national}")
                    whose = phonenumbers.region_code_for_number(n)
                    if whose:
                        seen[f"{code}{national}"] = whose

        def split(prefix, numbers):
            whose = {seen[n] for n in numbers}
            if len(whose) == 1:
                found[whose.pop()].append(prefix)
                return
            for digit in "0123456789":
                longer = [n for n in numbers if n.startswith(prefix + digit)]
                if longer:
                    split(prefix + digit, longer)

        split(str(code), sorted(seen))
    return found


def country(region):
    name = LOCALE_DATA.get(region, {}).get("en", "")
    return LOCALE_DATA[region].get(name[1:], "") if name.startswith("*") else name


def lines(name, rows):
    (HERE / name).write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def main():
    (HERE / "metadata.bin").write_bytes(b"".join(text(1, metadata(m)) for m in plans()))
    regions = sorted(phonenumbers.SUPPORTED_REGIONS)
    lines("regions.csv", (f"{r},{country(r)}" for r in regions))
    lines("short.csv", map(short, sorted(phonenumbers.SUPPORTED_SHORT_REGIONS)))
    zones = defaultdict(list)
    for prefix, names in TIMEZONE_DATA.items():
        if not prefix.startswith(IRELAND):
            zones["&".join(names)].append(prefix)
    zones["Europe/Dublin"].append(IRELAND)
    lines("zones.csv", (f"{z},{' '.join(sorted(p))}" for z, p in sorted(zones.items())))
    lines("places.csv", (f"{' '.join(sorted(p))},{n}" for n, p in sorted(places().items())))
    lines("countries.csv", (f"{c},{' '.join(sorted(p))}" for c, p in sorted(countries().items())))
    (HERE / "release.txt").write_text(phonenumbers.__version__ + "\n")


if __name__ == "__main__":
    main()
