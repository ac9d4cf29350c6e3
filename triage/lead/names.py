"""Compares names of people, companies, jobs and places as a reader would."""

import re
from collections.abc import Sequence
from functools import lru_cache

from triage.lead.fold import fold

_WORD = re.compile(r"[^\W_]+")
_GENDER = re.compile(
    r"\(\s*(?:[mwfdhxk]|gn|all genders|alle)(?:\s*[/|,]\s*(?:[mwfdhxk]|i))*\s*\)|\b[hf]/[hf]\b|\b[mwfd]/[mwfd](?:/[mwfdx])?\b|\(a\)|\(in\)|[*:_/]in(?:nen)?\b",
    re.IGNORECASE,
)
_LEGAL = frozenset(
    [
        "inc",
        "llc",
        "ltd",
        "limited",
        "gmbh",
        "ag",
        "kg",
        "kgaa",
        "se",
        "plc",
        "corp",
        "corporation",
        "co",
        "sa",
        "sas",
        "sarl",
        "spa",
        "srl",
        "bv",
        "nv",
        "oy",
        "ab",
        "as",
        "aps",
        "sl",
        "ltda",
        "ohg",
        "mbh",
        "llp",
        "zoo",
    ]
)
_ARTICLES = frozenset(
    [
        "the",
        "a",
        "an",
        "der",
        "die",
        "das",
        "den",
        "dem",
        "ein",
        "eine",
        "le",
        "la",
        "les",
        "l",
        "un",
        "une",
        "el",
        "los",
        "las",
        "il",
        "lo",
        "gli",
        "i",
        "o",
        "os",
        "as",
        "de",
        "het",
        "een",
        "uma",
        "um",
    ]
)
TITLES = frozenset(
    [
        "mr",
        "mrs",
        "ms",
        "miss",
        "dr",
        "prof",
        "professor",
        "sir",
        "herr",
        "herrn",
        "frau",
        "monsieur",
        "madame",
        "mme",
        "mlle",
        "senor",
        "senora",
        "sr",
        "sra",
        "don",
        "dona",
        "dona",
        "signor",
        "signora",
        "sig",
        "dott",
        "dottor",
        "dottoressa",
        "ing",
        "arq",
        "mag",
        "lic",
        "ks",
        "o",
        "dhr",
        "mevr",
        "mevrouw",
        "meneer",
        "pan",
        "pani",
        "panu",
        "pana",
        "fr",
        "lt",
        "sgt",
        "capt",
        "captain",
        "rev",
        "univ",
    ]
)
_SHARE = 2 / 3


@lru_cache(maxsize=1_000)
def comparable(value: str) -> str:
    """Return a value without case, accents, signs, forms of gender, legal form and articles."""
    words = _WORD.findall(fold(_GENDER.sub(" ", value)))
    bare = [word for word in words if word not in _LEGAL and word not in _ARTICLES]
    return " ".join(bare or words)


def is_same(one: str, other: str) -> bool:
    """Return whether two values name the same: equal, or one within the other with two thirds of its words."""
    first, second = comparable(one).split(), comparable(other).split()
    if not first or not second:
        return False
    short, long = sorted((first, second), key=len)
    return short == long or (_is_within(short, long) and len(short) >= _SHARE * len(long))


def _is_within(short: Sequence[str], long: Sequence[str]) -> bool:
    return any(list(long[at : at + len(short)]) == list(short) for at in range(len(long) - len(short) + 1))


@lru_cache(maxsize=1_000)
def person_words(name: str) -> tuple[str, ...]:
    """Return the words of a person's name without titles."""
    words = [word for word in _WORD.findall(fold(name)) if len(word) > 1 or not word.isascii()]
    return tuple(word for word in words if word not in TITLES) or tuple(words)


def is_same_person(one: str, other: str) -> bool:
    """Return whether two names may be one person's: all words of one, or a short form of them, are in the other."""
    first, second = person_words(one), person_words(other)
    if not first or not second:
        return False
    short, long = sorted((first, second), key=len)
    return all(any(word == full for full in long) for word in short)
