"""Gathers what may be a company, role, place or person in a message, with the facts by which to choose.

The tagger's probabilities are cut at several heights, since where a phrase ends is less
certain than where it is; what names the same thing is one candidate, however often it stands.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from triage.lead.columns import Context
from triage.lead.fold import fold
from triage.lead.material import Line, Material, Zone
from triage.lead.names import comparable
from triage.lead.tagging import FIELDS, Matrix
from triage.lead.words import AGENCY_WORDS, COMPANY_WORDS, ROLE_HEADS, matcher
from triage.records import Category

HEIGHTS = (0.06, 0.15, 0.3, 0.5, 0.7)
"""Where probabilities are cut; a candidate of the lowest is rarely right, and the only one in oblique mail."""

_MAX_WORDS = 9
_IS_ROLE, _IS_COMPANY, _IS_AGENCY = matcher(ROLE_HEADS), matcher(COMPANY_WORDS), matcher(AGENCY_WORDS)
_EDGE = re.compile(r"^[\W_]+|[\W_]+$")


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


def gather(name: str, material: Material, chances: Sequence[Matrix], context: Context) -> list[Candidate]:
    """Return the candidates of a field that is named by words (not of people), described."""
    found: dict[str, Candidate] = {}
    for mention in _mentions(name, material.lines, chances):
        phrase = phrase_of(material, mention)
        key = comparable(phrase)
        if not key:
            continue
        candidate = found.setdefault(key, Candidate(phrase))
        if all((one.line, one.first) != (mention.line, mention.first) for one in candidate.mentions):
            if candidate.mentions and mention.chance > max(one.chance for one in candidate.mentions):
                candidate.phrase = phrase
            candidate.mentions.append(mention)
    gathered = list(found.values())
    for candidate in gathered:
        candidate.facts = _describe(name, candidate, gathered, material, chances, context)
    return gathered


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
