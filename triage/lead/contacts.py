"""How to reach who wrote: telephone numbers, an address in the text, a profile, and a requisition's number."""

import re
from collections.abc import Iterator
from functools import lru_cache
from importlib import import_module
from typing import TYPE_CHECKING

from triage.classify.domains import PLATFORMS, registrable
from triage.lead.material import Material
from triage.lead.names import is_same_person
from triage.lead.opportunity import Fact

if TYPE_CHECKING:
    from types import ModuleType

_PROFILE = re.compile(
    r"(?:https?://)?(?:[a-z]{2,3}\.)?(?:linkedin\.com/(?:in|pub)/[\w%.-]+|xing\.com/profile/[\w%.-]+|(?:twitter|x)\.com/(?!settings|home)\w+"
    r"|facebook\.com/(?!help|settings)[\w.]+|wellfound\.com/u/[\w-]+|github\.com/[\w-]+(?![\w/-]))/?",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"[\w.+-]{1,64}@[\w-]+(?:\.[\w-]+)+")
# Every repeat is bounded: with `*` in their place one small mail of white space or "no no no" held the pass for minutes.
_REQUISITION = re.compile(
    r"(?i:\b(?:(?P<number>req(?:uisition)?|ref(?:erence|erenz|erencia|erência|érence)?|kennziffer|kennnummer|riferimento|rif|nr ref|numer ref)"
    r"|job|vacancy|posting|position|stellen?|offre|oferta|vaga|vacature)"
    r"(?P<label>(?:[ .]{0,3}(?:id|no|nr|n[º°]|number|num|code|kennziffer|#)){0,3}\s{0,5}[.:#]{0,3}\s{0,5}#?)\s{0,5})"
    r"(?P<id>(?=[\w/-]{0,21}\d)[A-Z0-9][A-Z0-9][\w/-]{1,20})\b"
    r"|(?P<bare>\b(?:REQ|JR|JOB|R)[-_]?\d{4,10}\b)"
)
_LABEL = re.compile(r"[^\W_]|[º°#]")
_YEAR = re.compile(r"(?:19|20)\d\d")
_QUANTITY = re.compile(
    rf"{_YEAR.pattern}|[1-9]\d{{1,2}}000|\d+/7|\d+[kKh](?:\W.*)?|\d+x\d+|\d+[/-]?[a-zà-ÿ]{{2,}}.*"  # 45000, 24/7, 120k, 12x36, 12-month
)
_UNIT = re.compile(
    r"\s?[%€$£]|[ .,'’]\d{3}(?!\d)"
    r"|\s?(?:k|eur|euros?|usd|gbp|chf|pln|zł|h|hours?|hrs?|stunden|std|heures?|horas?|ore|uur|uren|godz\w*)\b",
    re.IGNORECASE,
)
_LEAST_ID_DIGITS = 3
_MAYBE_PHONE = re.compile(r"(?:\d[\s().\-/]{0,3}){6}")
_DATE_LIKE = re.compile(r"^\(?\d{1,4}[./-]\d{1,2}[./-]\d{2,4}$|^(?:19|20)\d\d\s?[-–/]\s?(?:19|20)?\d\d$")
_THOUSANDS = re.compile(r"[ \u00a0]?[kK]\b")
_COUNTRIES = {"uk": "GB", "com": "US", "org": "US", "net": "US", "us": "US"}
_BY_LANGUAGE = {
    "de": "DE",
    "fr": "FR",
    "es": "ES",
    "pt": "PT",
    "it": "IT",
    "nl": "NL",
    "pl": "PL",
    "en": "GB",
    "sv": "SE",
    "da": "DK",
}
_LEAST_DIGITS = 7
_MOST_DIGITS = 15
_MAX_PHONES = 10


@lru_cache(maxsize=1)
def _phonenumbers() -> "ModuleType":
    # 11 MB and 0.03 s, wanted by cards alone: the daemon idles without it.
    return import_module("phonenumbers")


def find_phones(text: str, *, country: str, language: str | None) -> Iterator[Fact]:
    """Yield telephone numbers: E.164 where the country is told, else the digits as they are written.

    Args:
        country: of the sender's domain, in lower case; empty where it tells none.
    """
    if not _MAYBE_PHONE.search(text):
        return
    library = _phonenumbers()
    region = _region(country, language)
    seen: set[str] = set()
    # Reserved and fictitious numbers are no valid ones, and a number that is printed is a number: possible is enough.
    for match in library.PhoneNumberMatcher(text, region, leniency=library.Leniency.POSSIBLE, max_tries=200):
        phrase = match.raw_string.strip()
        digits = re.sub(r"\D", "", phrase)
        if (
            not _LEAST_DIGITS <= len(digits) <= _MOST_DIGITS
            or _DATE_LIKE.match(phrase)
            or _is_money(text, match.start, match.end)
        ):
            continue
        is_told = phrase.startswith(("+", "00"))
        value = library.format_number(match.number, library.PhoneNumberFormat.E164) if is_told else digits
        if value not in seen and len(seen) < _MAX_PHONES:
            seen.add(value)
            yield Fact(value, phrase)


def _region(country: str, language: str | None) -> str:
    if len(country) == 2:  # noqa: PLR2004  a country's domain
        return _COUNTRIES.get(country, country.upper())
    return _BY_LANGUAGE.get(language or "", "US")


def _is_money(text: str, start: int, end: int) -> bool:
    around = text[max(0, start - 4) : start] + text[end : end + 5]
    # Thousands follow their number: the k of "Work:" and "Erik" beside one is none.
    return re.search(r"[€$£%]|EUR|USD|GBP|CHF|PLN|zł", around) is not None or _THOUSANDS.match(text, end) is not None


def find_address(material: Material, recruiter: str | None) -> Fact | None:
    """Return the address of who makes the approach: the sender's, or one that the text gives in a platform's notice."""
    sender = material.message.sender
    owner = {one.addr_spec for one in (*material.message.recipients, *material.message.copied)}
    written = [match[0] for match in _ADDRESS.finditer(material.body) if match[0].lower() not in owner]
    if recruiter is None:
        return None
    parts = re.findall(r"[^\W\d_]{3,}", recruiter.lower())
    for phrase in written:
        if any(part in phrase.lower().partition("@")[0] for part in parts):
            return Fact(phrase.lower(), phrase)
    wrote_themselves = sender and (
        any(part in sender.local_part for part in parts)
        or (is_same_person(sender.name, recruiter) and registrable(sender.domain) not in PLATFORMS)
    )
    if sender and wrote_themselves:
        return Fact(sender.addr_spec, sender.addr_spec)
    return None


def find_profile(material: Material) -> Fact | None:
    """Return the link to a profile, from the text or behind a word of it."""
    for text in (material.body, *(link.target for link in material.message.links)):
        if match := _PROFILE.search(text):
            return Fact(match[0], match[0])
    return None


def find_requisition(material: Material) -> Fact | None:
    """Return the number under which an employer files the job."""
    for text in (material.message.subject, material.body):
        for match in _REQUISITION.finditer(text):
            if name := match["bare"] or _filed_under(match):
                return Fact(name, match[0].strip())
    return None


def _filed_under(match: re.Match[str]) -> str | None:
    """Return the number that follows a word for a job, None for what is no name of it: "Vaga 100% remota", "job 24/7"."""
    name: str = match["id"]
    if _UNIT.match(match.string, match.end()):
        return None
    if _LABEL.search(match["label"]):
        return name
    if _QUANTITY.fullmatch(name):
        return None
    if match["number"]:
        return name
    digits = re.sub(r"\D", "", name)
    has_mark = ":" in match["label"] or any(map(str.isupper, name))
    return name if has_mark and len(digits) >= _LEAST_ID_DIGITS and not _YEAR.fullmatch(digits) else None
