#!/usr/bin/env python3
"""Writes cases.txt: how Google's libphonenumber (its Python port) reads texts of every region.

    pip install phonenumbers==$(cat ../../src/number/data/release.txt) && python3 generate.py

A line is `text|region|class|e164|ext|country|type|zones`. Class: v a valid number, s a short
number of the region, e an emergency number of the region, - none of them. The fields after it are
filled for a valid number only; zones is the line number among the lines `=zones` at the top.
"""

import itertools
import random
import re
from pathlib import Path

import phonenumbers as p
from phonenumbers import timezone
from phonenumbers.phonenumberutil import NumberParseException

FORMATS = p.PhoneNumberFormat
TYPES = {
    p.PhoneNumberType.FIXED_LINE: "fixed_line",
    p.PhoneNumberType.MOBILE: "mobile",
    p.PhoneNumberType.FIXED_LINE_OR_MOBILE: "fixed_line_or_mobile",
    p.PhoneNumberType.TOLL_FREE: "toll_free",
    p.PhoneNumberType.PREMIUM_RATE: "premium_rate",
    p.PhoneNumberType.SHARED_COST: "shared_cost",
    p.PhoneNumberType.VOIP: "voip",
    p.PhoneNumberType.PERSONAL_NUMBER: "personal_number",
    p.PhoneNumberType.PAGER: "pager",
    p.PhoneNumberType.UAN: "uan",
    p.PhoneNumberType.VOICEMAIL: "voicemail",
}
# Dialed for help in many places: asked of every region.
COMMON = "000 08 100 101 102 110 111 112 113 115 117 118 119 120 190 191 192 193 911 995 997 999".split()
RANDOM = random.Random(20261121)


def digits(text):
    return p.normalize_digits_only(text)


def forms(number, region):
    """A number as people and systems write it, with the region to read it in."""
    yield p.format_number(number, FORMATS.E164), ""
    yield p.format_number(number, FORMATS.INTERNATIONAL), ""
    yield p.format_number(number, FORMATS.RFC3966), ""
    yield p.format_number(number, FORMATS.NATIONAL), region
    yield digits(p.format_number(number, FORMATS.NATIONAL)), region
    yield p.format_number(number, FORMATS.E164)[1:], region
    for other in ("US", "GB" if region != "GB" else "AU"):
        yield p.format_out_of_country_calling_number(number, other), other


def changed(number, region):
    """Mutations: a digit more or less, another first digit, another last half."""
    national = digits(p.format_number(number, FORMATS.NATIONAL))
    e164 = p.format_number(number, FORMATS.E164)
    code = len(str(number.country_code)) + 1
    yield national[:-1], region
    yield national + RANDOM.choice("0123456789"), region
    yield "0" + national, region
    yield RANDOM.choice("123456789") + national[1:], region
    yield e164[:-1], ""
    yield e164 + "7", ""
    yield e164[:code] + RANDOM.choice("0123456789") + e164[code + 1:], ""
    half = (code + len(e164)) // 2
    yield e164[:half] + "".join(RANDOM.choices("0123456789", k=len(e164) - half)), ""


def chance(region):
    """Any digits of a length that numbers of the region have."""
    meta = p.PhoneMetadata.metadata_for_region(region)
    for _ in range(10):
        n = RANDOM.choice(meta.general_desc.possible_length)
        nsn = "".join(RANDOM.choices("0123456789", k=n))
        yield f"+{meta.country_code}{nsn}", ""
        yield nsn, region


def emergency(meta):
    """Every emergency number, by trying all there can be."""
    if meta.emergency is None:
        return []
    pattern = re.compile(meta.emergency.national_number_pattern)
    lengths = meta.emergency.possible_length or meta.general_desc.possible_length
    every = ("".join(d) for n in lengths for d in itertools.product("0123456789", repeat=n))
    return [number for number in every if pattern.fullmatch(number)]


def short(region):
    meta = p.PhoneMetadata.short_metadata_for_region(region)
    for number in COMMON:
        yield number, region
    if meta is None:
        return
    for number in emergency(meta):
        yield number, region
        yield f"{number[0]}-{number[1:]}", region
        yield number + "1", region
        yield number[:-1], region
        yield f"+{number}", region
    for desc in (meta.short_code, meta.toll_free, meta.standard_rate, meta.premium_rate):
        if desc is not None and desc.example_number:
            yield desc.example_number, region


def texts():
    for region in sorted(p.SUPPORTED_REGIONS):
        yield from short(region)
        yield from chance(region)
        for kind in TYPES:
            number = p.example_number_for_type(region, kind)
            if number is None or kind == p.PhoneNumberType.FIXED_LINE_OR_MOBILE:
                continue
            yield from forms(number, region)
            yield from changed(number, region)
            if kind == p.PhoneNumberType.FIXED_LINE:
                for ext in (" ext. 12", " x345", ";ext=6789", " #7"):
                    yield p.format_number(number, FORMATS.NATIONAL) + ext, region
        number = p.invalid_example_number(region)
        yield p.format_number(number, FORMATS.E164), ""
        yield digits(p.format_number(number, FORMATS.NATIONAL)), region
    for code in sorted(p.COUNTRY_CODES_FOR_NON_GEO_REGIONS):
        number = p.example_number_for_non_geo_entity(code)
        for form in (FORMATS.E164, FORMATS.INTERNATIONAL, FORMATS.RFC3966):
            yield p.format_number(number, form), ""


def read(text, region):
    if region and p.is_emergency_number(text, region):
        return "e", None
    try:
        number = p.parse(text, region or None)
    except NumberParseException:
        return "-", None
    if p.is_valid_number(number):
        return "v", number
    if region and not text.startswith("+") and p.is_valid_short_number_for_region(number, region):
        # Short numbers are short as they are dialed, not after a prefix was taken off.
        if p.national_significant_number(number) == digits(text):
            return "s", None
    return "-", None


def main():
    zones, lines, seen = {}, [], set()
    for text, region in texts():
        if (text, region) in seen:
            continue
        seen.add((text, region))
        found, number = read(text, region)
        if number is None:
            lines.append(f"{text}|{region}|{found}")
            continue
        # Corrected in our data, as src/number/data/generate.py says.
        ireland = number.country_code == 353
        at = "Europe/Dublin" if ireland else "&".join(z for z in timezone.time_zones_for_number(number) if z != "Etc/Unknown")
        lines.append("|".join([
            text, region, found,
            p.format_number(number, FORMATS.E164), number.extension or "",
            p.region_code_for_number(number), TYPES[p.number_type(number)],
            str(zones.setdefault(at, len(zones))),
        ]))
    with open(Path(__file__).parent / "cases.txt", "w", encoding="utf-8") as file:
        file.writelines(f"={zone}\n" for zone in zones)
        file.writelines(f"{line}\n" for line in lines)


if __name__ == "__main__":
    main()
