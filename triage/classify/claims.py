"""What a mail claims of its company and its pay, held against what the mail itself shows."""

import re
from collections.abc import Iterator
from enum import StrEnum

from triage.classify.domains import FREE_MAIL, HIRING_SYSTEMS, PLATFORMS, is_lookalike, label, registrable, skeleton
from triage.classify.normalise import fold, without_accents
from triage.records import Message

_LOOK_AT = 6000
_MAX_QUOTE = 60

# Up to three capitalised words before a legal form: Halden Marine Services Ltd. Words have a limit, since
# one may begin behind each full stop of "A.A.A." and would be read to its end each time.
_COMPANY = re.compile(
    r"[A-ZÀ-ÖØ-Þ](?<!\w.)[\w&'’.-]{0,60}+(?:[ ](?:&|of|de|du|do|da|dos|del|di|und|et|y|e|i)?[ ]?[A-ZÀ-Þ][\w&'’.-]{0,60}+){0,3}"
    r",?[ ](?:Ltd|Limited|LLP|LLC|Inc|plc|PLC|Corp|Corporation|GmbH|AG|KG|SE|SARL|SAS|S\.A\.S?\.?|S\.L\.|S\.r\.l\.|S\.p\.A\.|SpA|Srl|"
    r"Lda|Ltda|B\.V\.|BV|N\.V\.|NV|Sp\. z o\.o\.|sp\. z o\.o\.)(?![\w])"
)
_LEGAL_FORMS = frozenset(
    [
        "ltd",
        "limited",
        "llp",
        "llc",
        "inc",
        "plc",
        "corp",
        "corporation",
        "gmbh",
        "ag",
        "kg",
        "se",
        "sarl",
        "sas",
        "sa",
        "sl",
        "srl",
        "spa",
        "lda",
        "ltda",
        "bv",
        "nv",
        "sp",
        "z",
        "o",
        "oo",
    ]
)
_COMMON = frozenset(
    [
        "the",
        "of",
        "de",
        "du",
        "do",
        "da",
        "dos",
        "del",
        "di",
        "und",
        "et",
        "y",
        "e",
        "i",
        "and",
        "group",
        "holding",
        "services",
        "solutions",
        "international",
        "global",
    ]
)


class Bearing(StrEnum):
    """How the sender's domain stands to a company that a mail names."""

    BORNE = "borne"
    LOOKALIKE = "lookalike"
    ELSEWHERE = "elsewhere"


def claimed_company(message: Message) -> tuple[str, Bearing] | None:
    """Return the first company with a legal form that the text names, and how the sender's domain bears its name.

    None where no company is named so, or where the domain is nobody's own: free mail, a
    platform, a hiring system.
    """
    if message.sender is None:
        return None
    site = registrable(message.sender.domain)
    if site in FREE_MAIL or site in PLATFORMS or site in HIRING_SYSTEMS or not site:
        return None
    named = _COMPANY.search(message.text[:_LOOK_AT]) or _COMPANY.search(message.sender.name)
    if named is None:
        return None
    return " ".join(named[0].split())[:_MAX_QUOTE], _bearing(label(site), named[0])


def _bearing(domain_label: str, company: str) -> Bearing:
    folded = fold(company).text
    # "Müller" is muller in some domains and mueller in others.
    spellings = [_words(folded), _words(folded.translate(_UMLAUTS))]
    compact = domain_label.replace("-", "")
    if any(_is_imitation(compact, words) for words in spellings) and not any(
        compact in (_compact(words), _compact(words, telling=True)) for words in spellings
    ):
        return Bearing.LOOKALIKE
    return Bearing.BORNE if any(_bears_name(compact, words) for words in spellings) else Bearing.ELSEWHERE


_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ø": "oe", "å": "aa"})


def _words(folded: str) -> list[str]:
    plain = re.sub(r"[^a-z0-9 ]+", " ", without_accents(folded))
    words = [word for word in plain.split() if word not in _LEGAL_FORMS]
    while len(words) > 1 and len(words[-1]) == 1:  # of S.L. or S.p.A.
        words.pop()
    return words


def _compact(words: list[str], *, telling: bool = False) -> str:
    return "".join(word for word in words if not telling or word not in _COMMON)


def _is_imitation(compact: str, words: list[str]) -> bool:
    """Return whether a domain can be taken for a company's name, or looks like the word it begins with."""
    # What is read as its first words may be others: "At Halden Marine Ltd".
    rests = [words[place:] for place in range(max(1, len(words) - 1))]
    names = {_compact(rest, telling=telling) for rest in rests for telling in (False, True)}
    for name in names:
        # Kestrel Foods writes from kestrelfood as well.
        if is_lookalike(compact, name) and compact.removesuffix("s") != name.removesuffix("s"):
            return True
    return bool(words) and is_lookalike(compact, words[0]) and skeleton(compact) == skeleton(words[0])


def _bears_name(compact: str, words: list[str]) -> bool:
    """Return whether a domain is made of a company's name, a word of it or its initials."""
    telling = [word for word in words if word not in _COMMON] or words
    initials = "".join(word[0] for word in words)
    return (
        any(len(word) > 3 and word[:8] in compact for word in telling)  # noqa: PLR2004  short words are in any name
        or compact in "".join(words)
        or (len(initials) > 1 and compact.startswith(initials))
    )


_UNIT = {
    "hour": r"hours?|hrs?|h|stunden?|std|heures?|horas?|ora|ore|uur|uren|godzin\w*|godz",
    "day": r"days?|daily|tag|taglich|jours?|dias?|giorno|dag|dzien\w*|dnia",
    "week": r"weeks?|weekly|wochen?|wochentlich|semaines?|semanas?|settimana|weken|tydzien|tygodni\w*",
}
_PER = r"[ ]?(?:a|an|per|/|each|every|pro|am|in der|die|par|al|el|a la|por|ao|a|al|alla|op een|na)?[ ]?"
_AMOUNT = r"(?:[€$£][ ]?)?(\d[\d.,]{1,7})[ ]?(?:[-–—]|to|bis|a|y|e|do)?[ ]?(?:[€$£][ ]?)?(?:\d[\d.,]{1,7})?[ ]?(?:€|\$|£|eur|euros?|usd|gbp|dollars?|pounds?|zl|pln|chf)?"
_PAY = re.compile(
    rf"(?=[€$£\d]){_AMOUNT}{_PER}(?:(?P<hour>{_UNIT['hour']})|(?P<day>{_UNIT['day']})|(?P<week>{_UNIT['week']}))\b"
)
_TIME = re.compile(
    r"(\d\d?)(?:[ ]?(?:[-–—]|to|bis|a|y|e|do)[ ]?\d{1,2})?[ ]?"
    rf"(?:(?P<hours>{_UNIT['hour']})|(?P<minutes>min(?:ute[ns]?|uten|utos|uti)?s?))"
    rf"{_PER}(?:(?P<day>{_UNIT['day']})|(?P<week>{_UNIT['week']}))\b"
)
_MONEY_SIGN = re.compile(r"[€$£]|\b(?:eur|euros?|usd|gbp|dollars?|pounds?|chf)\b")
_DAYS_A_WEEK = 5
_TOO_MUCH = 75.0
"""An hour, in euros, dollars or pounds: few are paid so for a few hours a week, and they are not asked by strangers."""
_FEW_HOURS = 4.0
"""A day; more is a working day."""


def pay_out_of_proportion(text: str) -> str | None:
    """Return the pay that is far too much for the few hours a mail asks for, None where there is none.

    Args:
        text: folded, without accents.
    """
    hours = next(_hours_a_day(text), None)
    if hours is None or not 0 < hours[0] <= _FEW_HOURS:
        return None
    for found in _PAY.finditer(text):
        amount = _number(found[1])
        if amount is None or found["hour"] or not _MONEY_SIGN.search(found[0]):
            continue
        a_day = amount / (_DAYS_A_WEEK if found["week"] else 1)
        if a_day / hours[0] >= _TOO_MUCH:
            return f"{found[0].strip()} for {hours[1]}"[: 2 * _MAX_QUOTE]
    return None


def _hours_a_day(text: str) -> Iterator[tuple[float, str]]:
    for found in _TIME.finditer(text):
        hours = int(found[1]) / (1 if found["hours"] else 60)
        yield hours / (_DAYS_A_WEEK if found["week"] else 1), found[0].strip()


def _number(text: str) -> float | None:
    """Return an amount without decimals: 1.200 and 1,200 are the same, as people write either."""
    whole = re.sub(r"[.,](?=\d{3}(?!\d))", "", text)
    try:
        return float(re.split(r"[.,]", whole)[0])
    except ValueError:
        return None
