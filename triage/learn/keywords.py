"""Judging by a list of words, as mail filters do: what learning must beat.

Chosen once and never fitted to any mail. Works on the hashed counts that are kept of a message: a word is
looked for in the buckets that it falls into.
"""

from collections.abc import Mapping, Sequence
from email.message import EmailMessage
from functools import cache

import numpy as np
import numpy.typing as npt

from triage.classify.counted import unpack_counts
from triage.classify.features import extract_features
from triage.classify.model import Block
from triage.classify.scorer import count_features
from triage.learn.dataset import Labels
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Category
from triage.store.evidence import KeptFeatures

_BLOCK = "words"

_WORDS: Mapping[Category, str] = {
    Category.SCAM: """urgent bitcoin crypto usdt wallet telegram whatsapp cheque transfer fee deposit passport iban inheritance
        lottery parcel reship dringend überweisung gebühr ausweis kaution frais virement transferencia tasa fianza""",
    Category.RECRUITER: """recruiter recruiting recruitment hiring vacancy position role salary candidate opportunity headhunter
        stelle projekt gehalt recruteur poste mandat salaire vacante puesto sueldo contrato""",
    Category.REFERRAL: """referral referred recommended recommend introduce introduction colleague friend mentioned
        empfohlen empfehlung freund kollegin kollege recommandé collègue ami recomendado amigo compañero""",
}
"""Words that speak for a category; none is `other`, and of as many the first here wins."""


def judge_by_keywords(kept: Sequence[KeptFeatures], blocks: Sequence[Block]) -> Labels:
    """Return what the list says of each message."""
    buckets = {category: _buckets(words, tuple(blocks)) for category, words in _WORDS.items()}
    answers = []
    for one in kept:
        places = unpack_counts(one.counts, blocks).places
        hits = {category: int(np.isin(places, own).sum()) for category, own in buckets.items()}
        best = max(hits, key=lambda category: hits[category])
        answers.append(CATEGORIES.index(best if hits[best] else Category.OTHER))
    return np.array(answers, dtype=np.int64)


@cache
def _buckets(words: str, blocks: Sequence[Block]) -> npt.NDArray[np.int64]:
    """Return where words are counted, by the one way that counts them."""
    message = EmailMessage()
    message.set_content(words)
    counted = count_features(extract_features(parse_message(message.as_bytes())), blocks)
    place = [block.name for block in blocks].index(_BLOCK)
    return counted.places[counted.bounds[place] : counted.bounds[place + 1]]
