"""Annotated leads: what people read in a mail, laid over its words.

An annotation says what a mail says (`models/leads/README.md`). For the tagger every
word that belongs to a value is marked, wherever the value stands.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from triage.errors import ConfigError
from triage.lead.fold import fold
from triage.lead.material import Material, Token, Zone, tokenise
from triage.lead.opportunity import Pay
from triage.lead.tagging import FIELDS
from triage.learn.corpus import build_message
from triage.mail.parse import parse_message
from triage.records import Category, Message

_KEYS = {
    "company": "company",
    "agency": "agency",
    "role": "role",
    "place": "place",
    "recruiter": "recruiter",
    "referrer": "referrer",
    "known_how": "known",
    "deadline": "deadline",
    "start": "start",
}
_PEOPLE = frozenset({"recruiter", "referrer"})


@dataclass(frozen=True, slots=True)
class AnnotatedLead:
    """A mail and what it says.

    Attributes:
        lead: the annotation, by the names of its fields.
        group: the author; whole groups are held out.
    """

    id: str
    group: str
    lang: str
    category: Category
    message: Message
    lead: Mapping[str, Any]

    def values(self, field: str) -> tuple[str, ...]:
        """Return the values of a field, none, one or several."""
        found = self.lead.get(field)
        if not found:
            return ()
        return tuple(found) if isinstance(found, list) else (str(found),)


def load_leads(corpus: Sequence[Path], annotations: Sequence[Path]) -> list[AnnotatedLead]:
    """Read leads whose annotation stands in the record, or in a file of annotations by id.

    Raises:
        ConfigError: a file cannot be read; the text says which.
    """
    known: dict[str, Mapping[str, Any]] = {}
    for path in annotations:
        known |= {str(row["id"]): row["lead"] for row in _rows(path) if row.get("lead")}
    found = []
    for path in corpus:
        for row in _rows(path):
            lead = row.get("lead") or known.get(str(row["id"]))
            if lead:
                message = parse_message(build_message(row))
                category = Category(str(row["label"]))
                found.append(AnnotatedLead(str(row["id"]), path.stem, str(row["lang"]), category, message, lead))
    return found


def _rows(path: Path) -> Iterator[Mapping[str, Any]]:
    try:
        for line in path.read_text("utf-8").splitlines():
            if line.strip():
                yield json.loads(line)
    except (OSError, ValueError) as error:
        raise ConfigError([f"{path} cannot be read: {error}"]) from error


def is_same_pay(found: Pay, wanted: Mapping[str, Any]) -> bool:
    """Return whether a sum found is the one annotated: the same bounds, and no other currency or period."""
    low, high = (None if wanted.get(key) is None else Decimal(str(wanted[key])) for key in ("low", "high"))
    currency, period = wanted.get("currency"), wanted.get("period")
    if (found.low, found.high) != (low, high):
        return False
    if found.currency and currency and found.currency != currency:
        return False
    return not (found.period and period and found.period.value != period)


def tag(lead: AnnotatedLead, material: Material) -> list[list[str]]:
    """Return a tag (B-field, I-field, O) for every word of every line."""
    wanted: list[tuple[str, tuple[str, ...]]] = []
    for key, field in _KEYS.items():
        wanted += [(field, _words(value)) for value in lead.values(key)]
    wanted += [("pay", _words(str(pay["phrase"]))) for pay in lead.lead.get("pay") or ()]
    wanted.sort(key=lambda one: -len(one[1]))
    tags = [["O"] * len(line.tokens) for line in material.lines]
    for field, words in wanted:
        for line, row in zip(material.lines, tags, strict=True):
            _mark(row, [fold(token.text) for token in line.tokens], words, field)
    for field, words in wanted:
        if field in _PEOPLE:
            _mark_parts(material, tags, words, field)
    return tags


def _words(value: str) -> tuple[str, ...]:
    return tuple(fold(token.text) for token in tokenise(value))


def _mark(row: list[str], texts: Sequence[str], words: Sequence[str], field: str) -> None:
    size = len(words)
    if not size:
        return
    for at in range(len(texts) - size + 1):
        if tuple(texts[at : at + size]) == tuple(words) and all(one == "O" for one in row[at : at + size]):
            row[at : at + size] = [f"B-{field}", *[f"I-{field}"] * (size - 1)]


def _mark_parts(material: Material, tags: list[list[str]], words: Sequence[str], field: str) -> None:
    """Mark a person's first or last name alone, and the whole of a sender's name that holds it."""
    parts = frozenset(word for word in words if len(word) > 1)
    for line, row in zip(material.lines, tags, strict=True):
        at = 0
        while at < len(row):
            end = at
            while end < len(row) and row[end] == "O" and _is_name_of(line.tokens[end], parts, line.zone, end > at):
                end += 1
            if end > at and any(fold(token.text) in parts for token in line.tokens[at:end]):
                row[at:end] = [f"B-{field}", *[f"I-{field}"] * (end - at - 1)]
            at = max(end, at + 1)


def _is_name_of(token: Token, parts: frozenset[str], zone: Zone, follows: bool) -> bool:  # noqa: FBT001
    if fold(token.text) in parts:
        return token.text[:1].isupper()
    return zone is Zone.SENDER and follows and token.text[:1].isupper() and token.text.isalpha()


ALL_TAGS = ("O", *(f"{part}-{field}" for field in FIELDS for part in "BI"))
