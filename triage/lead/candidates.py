"""Gathers what may be a company, role, place or person in a message, with the facts by which to choose.

The tagger's probabilities are cut at several heights, since where a phrase ends is less
certain than where it is; what names the same thing is one candidate, however often it stands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain

import numpy as np

from triage.classify.domains import FREE_MAIL, PLATFORMS, label, registrable
from triage.lead.columns import Context
from triage.lead.fold import fold
from triage.lead.material import Line, Material, Zone
from triage.lead.names import comparable
from triage.lead.tagging import FIELDS, Marks, Matrix
from triage.lead.words import AGENCY_WORDS, COMPANY_WORDS, ROLE_HEADS, matcher
from triage.records import Category, Message

HEIGHTS = (0.06, 0.15, 0.3, 0.5, 0.7)
"""Where probabilities are cut; a candidate of the lowest is rarely right, and the only one in oblique mail."""

_MAX_WORDS = 9
_MAX_CANDIDATES = 60
_IS_ROLE, _IS_COMPANY, _IS_AGENCY = matcher(ROLE_HEADS), matcher(COMPANY_WORDS), matcher(AGENCY_WORDS)
_LETTERS = re.compile(r"[\W_]+")
_LEAST_SPELT = 4
_DIVIDERS = frozenset("-–—,|/:;(@·•[]).!?") | {"in", "at", "bei", "chez", "en", "em", "w", "te", "à"}
_TELLING = frozenset(
    [
        "^",
        "$",
        "in",
        "at",
        "near",
        "by",
        "for",
        "of",
        "to",
        "from",
        "with",
        "the",
        "our",
        "my",
        "a",
        "an",
        "and",
        "or",
        ",",
        ".",
        ":",
        "(",
        ")",
        "-",
        "–",
        "/",
        "|",
        "@",
        "&",
        "is",
        "has",
        "wants",
        "needs",
        "im",
        "am",
        "bei",
        "für",
        "fur",
        "von",
        "aus",
        "nahe",
        "zur",
        "zum",
        "ab",
        "der",
        "die",
        "das",
        "unser",
        "unsere",
        "a",
        "au",
        "aux",
        "chez",
        "pour",
        "de",
        "du",
        "des",
        "la",
        "le",
        "les",
        "en",
        "dans",
        "sur",
        "notre",
        "con",
        "para",
        "del",
        "el",
        "los",
        "las",
        "nuestra",
        "nuestro",
        "em",
        "no",
        "na",
        "nos",
        "nas",
        "do",
        "da",
        "dos",
        "das",
        "o",
        "os",
        "para",
        "presso",
        "per",
        "di",
        "nel",
        "nella",
        "il",
        "lo",
        "gli",
        "voor",
        "bij",
        "te",
        "van",
        "het",
        "w",
        "we",
        "na",
        "do",
        "dla",
        "z",
        "pod",
        "o",
    ]
)
_CLIENT = re.compile(
    r"\b(?:client|mandant|kunde|cliente|klient|opdrachtgever|on behalf of|retained|im auftrag|pour le compte|azienda cliente|executive search|instructed)",
    re.IGNORECASE,
)
_RECRUITS = re.compile(
    r"recrui|staffing|talent|search|personalberat|personalverm|personal|headhunt|interim|rekrut|selec|recrut|selez|resourc|agenc|agenz|uitzend|werving|crew|consult|partners|people|career|jobs|kadry|zeitarbeit|rh\b|hr\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where a candidate stands: words `first` to before `end` of a line."""

    line: int
    first: int
    end: int
    chance: float
    least: float
    around: float


@dataclass(slots=True)
class Candidate:
    """What may be a value of a field.

    Attributes:
        phrase: letter by letter, where its best mention stands.
        facts: by name; what is not there is 0.
    """

    phrase: str
    mentions: list[Mention] = field(default_factory=list)
    facts: dict[str, float] = field(default_factory=dict)


def gather(name: str, material: Material, marks: Marks, context: Context) -> list[Candidate]:
    """Return the candidates of a field that is named by words (not of people), described."""
    found: dict[str, Candidate] = {}
    site = site_of(material.message)
    for mention in chain(_mentions(name, material.lines, marks.chances), _further(name, material, marks, site)):
        phrase = phrase_of(material, mention)
        key = comparable(phrase)
        if not key:
            continue
        candidate = found.setdefault(key, Candidate(phrase))
        if all((one.line, one.first) != (mention.line, mention.first) for one in candidate.mentions):
            if candidate.mentions and mention.chance > max(one.chance for one in candidate.mentions):
                candidate.phrase = phrase
            candidate.mentions.append(mention)
    gathered = sorted(found.values(), key=lambda one: -max(mention.chance for mention in one.mentions))[
        :_MAX_CANDIDATES
    ]
    shared = _describe_message(name, material, site) if gathered else {}
    for candidate in gathered:
        candidate.facts = (
            shared
            | _describe(name, candidate, gathered, material, marks.chances, context)
            | _describe_place(name, candidate, material, marks, site)
        )
    return gathered


def surest(name: str, material: Material, marks: Marks, least: float) -> str | None:
    """Return the phrase that the tagger is surest of, None where it is less sure than `least`."""
    found = max(_mentions(name, material.lines, marks.chances), key=lambda one: one.chance, default=None)
    return phrase_of(material, found) if found and found.chance >= least else None


def phrase_of(material: Material, mention: Mention) -> str:
    """Return the words of a mention, letter by letter."""
    line = material.lines[mention.line]
    return material.phrase(line.zone, line.tokens[mention.first].start, line.tokens[mention.end - 1].end)


def _mentions(name: str, lines: Sequence[Line], chances: Sequence[Matrix]) -> Iterator[Mention]:
    begin = 1 + 2 * FIELDS.index(name)
    for number, (line, matrix) in enumerate(zip(lines, chances, strict=True)):
        whole = matrix[:, begin] + matrix[:, begin + 1]
        if whole.max() < HEIGHTS[0]:
            continue
        starts = matrix[:, begin] > matrix[:, begin + 1]
        seen = set()
        for height in HEIGHTS:
            for first, end in _runs(whole >= height, starts):
                first, end = _trim(line, first, end)
                if first < end <= first + _MAX_WORDS and (first, end) not in seen:
                    seen.add((first, end))
                    yield _mention(number, first, end, whole)


def _further(name: str, material: Material, marks: Marks, site: str) -> Iterator[Mention]:
    """Yield what the tagger may have missed: names that the sender's domain spells, places of the lists, titles in the subject."""
    begin = 1 + 2 * FIELDS.index(name)
    for number, line in enumerate(material.lines):
        if name in {"company", "agency"}:
            spans = _spelt_by(line, site)
        elif name == "place":
            spans = _listed(marks.places[number])
        elif name == "role" and line.zone is Zone.SUBJECT:
            spans = _segments(line)
        else:
            continue
        whole = marks.chances[number][:, begin] + marks.chances[number][:, begin + 1]
        for first, end in spans:
            yield _mention(number, first, end, whole)


def site_of(message: Message) -> str:
    """Return the name in the sender's domain, letters alone; empty for free mail and platforms."""
    domain = registrable(message.sender.domain) if message.sender else ""
    return "" if domain in FREE_MAIL or domain in PLATFORMS else fold(label(domain)).replace("-", "")


def _spelt_by(line: Line, site: str) -> Iterator[tuple[int, int]]:
    """Yield the longest runs of words that a domain's name spells or begins or ends with."""
    if len(site) < _LEAST_SPELT:
        return
    folded = [fold(token.text) for token in line.tokens]
    words = [word if word.isalnum() else _LETTERS.sub("", word) for word in folded]
    if not any(word and word in site for word in words):
        return
    at = 0
    while at < len(words):
        end = _spelt_to(words, at, site) if words[at] and line.tokens[at].text[0].isalnum() else at
        if end > at and (line.tokens[at].text[0].isupper() or "".join(words[at:end]) == site):
            yield at, end
        at = max(end, at + 1)


def _spelt_to(words: Sequence[str], at: int, site: str) -> int:
    joined, best = "", at
    for end in range(at, min(at + 6, len(words))):
        joined += words[end]
        if joined not in site:
            break
        if words[end] and len(joined) >= _LEAST_SPELT and (site.startswith(joined) or site.endswith(joined)):
            best = end + 1
    return best


def _listed(places: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield the runs of words that are a place of the lists: 1 or 3 begins one, 2 or 4 goes on."""
    at = 0
    while at < len(places):
        end = at + 1
        if places[at] in {1, 3}:
            while end < len(places) and places[end] == places[at] + 1:
                end += 1
            yield at, end
        at = end


def _segments(line: Line) -> Iterator[tuple[int, int]]:
    """Yield the parts of a subject between its signs that hold the head of a job's title."""
    first = 0
    for at in range(len(line.tokens) + 1):
        if at < len(line.tokens) and line.tokens[at].text not in _DIVIDERS:
            continue
        start, end = _trim(line, first, at)
        if start < end <= start + _MAX_WORDS and any(_IS_ROLE(fold(token.text)) for token in line.tokens[start:end]):
            yield start, end
        first = at + 1


def _describe_message(name: str, material: Material, site: str) -> dict[str, float]:
    """Return the facts that are the same for all companies of a message: does it speak of clients, does its sender recruit."""
    if name not in {"company", "agency"}:
        return {}
    facts = {
        "has_client": float(_CLIENT.search(material.body) is not None),
        "site_recruits": float(_RECRUITS.search(f"{site} {material.texts[Zone.SENDER]}") is not None),
    }
    return {key: value for key, value in facts.items() if value}


def _describe_place(name: str, candidate: Candidate, material: Material, marks: Marks, site: str) -> dict[str, float]:
    """Return what stands around a candidate, and what lists and the sender's domain say of it."""
    joined = _LETTERS.sub("", fold(candidate.phrase))
    facts: dict[str, float] = {}
    for one in candidate.mentions:
        tokens = material.lines[one.line].tokens
        before = fold(tokens[one.first - 1].text) if one.first else "^"
        after = fold(tokens[one.end].text) if one.end < len(tokens) else "$"
        facts[f"before={before if before in _TELLING else 'other'}"] = 1.0
        facts[f"after={after if after in _TELLING else 'other'}"] = 1.0
        facts["listed"] = max(
            facts.get("listed", 0.0), float(max(marks.places[one.line][one.first : one.end], default=0))
        )
    facts["all_capital"] = float(all(word[0].isupper() for word in candidate.phrase.split() if len(word) > 3))  # noqa: PLR2004
    if name in {"company", "agency"} and site:
        facts["has_site"] = 1.0
        facts["is_site"] = float(joined == site)
        facts["in_site"] = float(len(joined) >= _LEAST_SPELT and joined in site)
        facts["starts_with_site"] = float(joined.startswith(site))
    if name in {"company", "agency"}:
        facts["recruits"] = float(_RECRUITS.search(candidate.phrase) is not None)
    return {key: value for key, value in facts.items() if value}


def _mention(number: int, first: int, end: int, whole: Matrix) -> Mention:
    part = whole[first:end]
    around = max(whole[first - 1] if first else 0.0, whole[end] if end < len(whole) else 0.0)
    return Mention(
        number, first, end, float(np.exp(np.log(np.maximum(part, 1e-9)).mean())), float(part.min()), float(around)
    )


def _runs(
    high: np.ndarray[tuple[int], np.dtype[np.bool_]], starts: np.ndarray[tuple[int], np.dtype[np.bool_]]
) -> Iterator[tuple[int, int]]:
    at, size = 0, len(high)
    while at < size:
        if not high[at]:
            at += 1
            continue
        end = at + 1
        while end < size and high[end] and not starts[end]:
            end += 1
        yield at, end
        at = end


def _trim(line: Line, first: int, end: int) -> tuple[int, int]:
    """Drop signs at both ends; a bracket that closes one within stays."""
    while first < end and not line.tokens[first].text[0].isalnum():
        first += 1
    while end > first and not line.tokens[end - 1].text[-1].isalnum() and line.tokens[end - 1].text not in {"+", "#"}:
        if line.tokens[end - 1].text == ")" and any(token.text == "(" for token in line.tokens[first:end]):
            break
        end -= 1
    return first, end


def _describe(
    name: str,
    candidate: Candidate,
    others: Sequence[Candidate],
    material: Material,
    chances: Sequence[Matrix],
    context: Context,
) -> dict[str, float]:
    mentions = candidate.mentions
    top = max(mentions, key=lambda one: one.chance)
    best = max(one.chance for other in others for one in other.mentions)
    words = [fold(token.text) for token in material.lines[top.line].tokens[top.first : top.end]]
    begin = 1 + 2 * FIELDS.index(name)
    rows = chances[top.line][top.first : top.end]
    rival = rows[:, 1:].copy()
    rival[:, begin - 1 : begin + 1] = 0
    zones = {material.lines[one.line].zone for one in mentions}
    rest = 1.0 - float(np.prod([1.0 - one.chance for one in mentions]))
    inside = [one for one in others if one is not candidate and _overlaps(one, candidate)]
    facts = {
        "logit": float(np.log((top.chance + 1e-3) / (1 - top.chance + 1e-3))),
        "chance": top.chance,
        "least": top.least,
        "start": float(rows[0, begin]),
        "around": top.around,
        "any": rest,
        "mentions": float(np.log1p(len(mentions))),
        "is_best": float(top.chance >= best),
        "of_best": top.chance / best if best else 0.0,
        "rival": float(rival.reshape(len(rows), -1, 2).sum(axis=2).mean(axis=0).max()),
        "overlapped": max((max(m.chance for m in one.mentions) for one in inside), default=0.0) - top.chance
        if inside
        else 0.0,
        "longer": float(any(len(one.phrase) > len(candidate.phrase) for one in inside)),
        "shorter": float(any(len(one.phrase) < len(candidate.phrase) for one in inside)),
        f"words={min(len(words), 5)}": 1.0,
        "subject": float(Zone.SUBJECT in zones),
        "sender": float(Zone.SENDER in zones),
        "text": float(Zone.TEXT in zones),
        "forwarded": float(Zone.FORWARDED in zones),
        "capital": float(candidate.phrase[:1].isupper()),
        "ends_line": float(top.end == len(material.lines[top.line].tokens)),
        "whole_line": float(top.end - top.first == len(material.lines[top.line].tokens)),
        "near_end": float(material.lines[top.line].last - material.lines[top.line].place <= 3),  # noqa: PLR2004  a signature
        "role_word": float(any(map(_IS_ROLE, words))),
        "ends_role": float(_IS_ROLE(words[-1])),
        "starts_role": float(_IS_ROLE(words[0])),
        "company_word": float(any(map(_IS_COMPANY, words))),
        "agency_word": float(any(map(_IS_AGENCY, words))),
        "is_referral": float(context.category is Category.REFERRAL),
        "is_notice": float(context.is_notice),
        "count": float(np.log1p(len(others))),
    }
    return facts | {f"lang={context.language}": 1.0, "referral_logit": facts["is_referral"] * facts["logit"]}


def _overlaps(one: Candidate, other: Candidate) -> bool:
    return any(a.line == b.line and a.first < b.end and b.first < a.end for a in one.mentions for b in other.mentions)


def overlaps(one: Candidate, other: Candidate) -> bool:
    """Return whether two candidates share words somewhere."""
    return _overlaps(one, other)
