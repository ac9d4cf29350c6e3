"""Owners and their mail: what each files where, in the order of time.

`owners/NAME.jsonl` is one person's mailbox, written for this and learnt from by no shipped model:
kinds of mail that come again and again, most of which say little to anybody else. The last
third in time is never learnt from; on it is measured.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from triage.classify.features import OwnerMask
from triage.classify.model import LinearModel
from triage.learn.corpus import Specimen, load_corpus
from triage.learn.personal import OwnMail, build_own_mail
from triage.reading import Reading
from triage.records import Category, MessageRef, RawMessage
from triage.store.evidence import KeptFeatures

FOLDER = Path(__file__).parent / "owners"
ROOT = Path(__file__).parents[2]


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
    general: Sequence[Specimen]

    def filed(self, count: int) -> list[Specimen]:
        """Return so many examples: their own kinds first, then others."""
        return [*self.earlier, *self.general][:count]


def load_owners() -> list[Owner]:
    """Return every owner; the records of a file are in the order of time."""
    corpus = load_corpus([ROOT / "models" / "corpus"])
    return [_load(path, corpus) for path in sorted(FOLDER.glob("*.jsonl"))]


def _load(path: Path, corpus: Sequence[Specimen]) -> Owner:
    own = load_corpus([path])
    border = len(own) * 2 // 3
    languages = {one.lang for one in own}
    # Every seventh, so that all authors and categories are among them.
    general = [one for one in corpus if one.lang in languages]
    general = [one for start in range(7) for one in general[start::7]]
    if "en" not in languages:  # where their own language has too little, they read English as well
        general += [one for one in corpus if one.lang == "en"]
    return Owner(path.stem, own[:border], own[border:], general)


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
