"""Owners and their mail: what each files where, in the order of time.

`owners/NAME.jsonl` is one person's mailbox, written for this and learnt from by no shipped model:
kinds of mail that come again and again, most of which say little to anybody else. The last
third in time is never learnt from; on it is measured.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from triage.classify.features import OwnerMask
from triage.classify.model import LinearModel
from triage.learn.corpus import Specimen, load_corpus, to_specimen
from triage.learn.personal import OwnMail, build_own_mail
from triage.reading import Reading
from triage.records import Category, MessageRef, RawMessage
from triage.store.evidence import KeptFeatures

FOLDER = Path(__file__).parent / "owners"
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Record:
    """A mail of the corpus that nobody has asked for yet: to make messages of all of them takes a minute."""

    author: str
    fields: Mapping[str, Any]

    @property
    def id(self) -> str:
        return str(self.fields["id"])

    @property
    def lang(self) -> str:
        return str(self.fields["lang"])

    def specimen(self) -> Specimen:
        """Return the mail."""
        return to_specimen(self.fields, self.author)


@dataclass(frozen=True)
class Owner:
    """One owner.

    Attributes:
        earlier: what they file, in the order of time.
        later: what comes afterwards.
        general: mail of everybody's kinds that they file as well, first that in their language.
    """

    name: str
    earlier: Sequence[Specimen]
    later: Sequence[Specimen]
    general: Sequence[Record]

    def filed(self, count: int) -> list[Specimen]:
        """Return so many examples: their own kinds first, then others."""
        left = max(0, count - len(self.earlier))
        return [*self.earlier[:count], *(one.specimen() for one in self.general[:left])]


def load_owners() -> list[Owner]:
    """Return every owner; the records of a file are in the order of time."""
    return [load_owner(path.stem) for path in sorted(FOLDER.glob("*.jsonl"))]


@cache
def load_owner(name: str) -> Owner:
    """Return one owner."""
    own = load_corpus([FOLDER / f"{name}.jsonl"])
    border = len(own) * 2 // 3
    languages = {one.lang for one in own}
    # Every seventh, so that all authors and categories are among them.
    general = [one for one in _read_corpus() if one.lang in languages]
    general = [one for start in range(7) for one in general[start::7]]
    if "en" not in languages:  # where their own language has too little, they read English as well
        general += [one for one in _read_corpus() if one.lang == "en"]
    return Owner(name, own[:border], own[border:], general)


@cache
def _read_corpus() -> Sequence[Record]:
    return [
        Record(path.stem, json.loads(line))
        for path in sorted((ROOT / "models" / "corpus").glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]


def is_right(specimen: Specimen, category: Category | None) -> bool:
    """Return whether an answer is right; an abstention never is."""
    if specimen.either:
        return category in {Category.SCAM, Category.OTHER}
    return category is specimen.category


def share_wrong(mail: Sequence[Specimen], answers: Sequence[Category | None]) -> float:
    """Return the share of wrong answers; an abstention is one."""
    return 1 - sum(map(is_right, mail, answers)) / len(mail)


def read(base: LinearModel, mail: Sequence[Specimen]) -> OwnMail:
    """Return mail as the base model sees it."""
    return build_own_mail(base, keep(base, mail), [one.category for one in mail])


def keep(base: LinearModel, mail: Sequence[Specimen]) -> list[KeptFeatures]:
    """Return what is kept of mail, which came an hour apart."""
    reading = Reading(base, OwnerMask(), b"key")
    now = datetime(2026, 1, 1, tzinfo=UTC)
    return [
        reading.read(RawMessage(MessageRef("", one.id), one.content), now + timedelta(hours=place))
        for place, one in enumerate(mail)
    ]
