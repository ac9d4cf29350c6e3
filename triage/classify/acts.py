"""What the sentences of a mail do: offer a post, pass one on, ask for money (Cohen, Carvalho and Mitchell 2004, "Learning to Classify Email into Speech Acts").

Who offers what to whom is said in a sentence or two, in words that stand in any other mail as well. Each
sentence is weighed by itself for each act: a linear model over its words and pairs of words. What the mail's verdict sees of it is
the sentence that does most of an act, and how likely any does it.
"""

import zlib
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from triage.classify.ngrams import HashedText, Hashes, Positions, hash_words, salt, spread

ACTS = (
    "offers_post",
    "passes_post_on",
    "proposes_step",
    "on_own_application",
    "offers_nothing",
    "wants_job",
    "asks_as_employer",
    "sells",
    "is_automatic",
    "tells_of_others",
    "warns_of_fraud",
    "asks_data",
    "runs_through_owner",
    "asks_payment",
    "too_easy",
    "odd_channel",
    "says_who_writes",
)
"""What a sentence may do; the meaning of each stands in models/corpus/README.md."""

LEVELS = 2 * len(ACTS)
"""How many numbers a mail has: for each act its strongest sentence, then whether any does it."""

FULL = 100
"""The highest level, which is 1.0."""

_LOW, _HIGH = -4.0, 4.0  # log-odds beyond say no more
_PLACES = 4
_TAIL = 3
_PAIRS = salt("pair")
_WORDS = salt("word")

Buckets = npt.NDArray[np.int64]
Vector = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ActModel:
    """A linear model of each act over the words and pairs of words of a sentence and of its neighbours.

    Attributes:
        idf: inverse document frequency over sentences, shape (buckets,), a power of two.
        weights: what a word or pair adds to its own sentence, to the one after it and to the one
            before it, shape (buckets, 3 * acts).
        places: what the place of a sentence adds (subject, first, among the last three, last), shape (4, acts).
        intercept: shape (acts,).
        name: tells models apart: counts made with one say nothing to another.
    """

    idf: npt.NDArray[np.float16] = field(repr=False)
    weights: npt.NDArray[np.float16] = field(repr=False)
    places: Vector = field(repr=False)
    intercept: Vector = field(repr=False)
    name: str = field(init=False)

    def __post_init__(self) -> None:
        """Name it by what it holds."""
        crc = 0
        for part in (self.idf, self.weights, self.places, self.intercept):
            crc = zlib.crc32(np.ascontiguousarray(part).tobytes(), crc)
        object.__setattr__(self, "name", f"{crc:08x}")

    @property
    def bits(self) -> int:
        """Binary logarithm of how many buckets there are."""
        return len(self.idf).bit_length() - 1


@dataclass(frozen=True, slots=True)
class SentenceWords:
    """The words and pairs of the sentences of one mail.

    Attributes:
        buckets: of each occurrence, those of a sentence in a row.
        bounds: sentence i has `buckets[bounds[i]:bounds[i + 1]]`, shape (n + 1,).
        places: which places each sentence stands in, shape (n, 4), of 0 and 1.
    """

    buckets: Buckets
    bounds: Buckets
    places: npt.NDArray[np.uint8]


def split_words(view: HashedText, starts: Positions, bits: int, *, has_subject: bool) -> SentenceWords:
    """Return words and pairs by sentence.

    Args:
        starts: the number of the first word of each sentence, ascending from 0.
        bits: binary logarithm of how many buckets there are.
        has_subject: whether the first of them is the subject.
    """
    count = len(view.starts)
    sizes = np.diff(np.append(starts, count))
    words = hash_words(view) ^ _WORDS
    pairs = view.windows(view.starts[:-1], view.ends[1:]) ^ _PAIRS
    sentence = np.repeat(np.arange(len(starts)), sizes)
    within = np.flatnonzero(sentence[1:] == sentence[:-1])
    hashes: Hashes = np.concatenate([words, pairs.take(within)])
    spread(hashes)
    of = np.concatenate([sentence, sentence.take(within)])
    order = np.argsort(of, kind="stable")
    buckets = (hashes >> np.uint64(64 - bits)).astype(np.int64).take(order)
    bounds = np.concatenate([[0], np.cumsum(np.bincount(of, minlength=len(starts)))])
    places = np.zeros((len(starts), _PLACES), dtype=np.uint8)
    first = int(has_subject)
    places[:first, 0] = places[first : first + 1, 1] = places[-_TAIL:, 2] = places[-1:, 3] = 1
    return SentenceWords(buckets, bounds, places)


def weigh_sentences(words: SentenceWords, model: ActModel) -> Vector:
    """Return the log-odds that each sentence does each act, shape (n, acts)."""
    if not len(words.buckets):
        return np.empty((0, len(ACTS)))
    idf = model.idf.take(words.buckets).astype(np.float64)
    starts = words.bounds[:-1]
    norms = np.sqrt(np.add.reduceat(idf * idf, starts))
    weighed = np.add.reduceat(model.weights.take(words.buckets, axis=0) * idf[:, None], starts, axis=0) / norms[:, None]
    own, after, before = np.split(weighed, 3, axis=1)
    scores = own + words.places @ model.places + model.intercept
    scores[1:] += after[:-1]
    scores[:-1] += before[1:]
    return np.asarray(scores)


def to_levels(scores: Vector) -> npt.NDArray[np.int64]:
    """Return the levels of a mail from the log-odds of its sentences, shape (LEVELS,), from 0 to `FULL`."""
    if not len(scores):
        return np.zeros(LEVELS, dtype=np.int64)
    most = (np.clip(scores.max(axis=0), _LOW, _HIGH) - _LOW) / (_HIGH - _LOW)
    # Of independent sentences the chance that none does it is the product.
    none = np.exp(-np.logaddexp(0.0, np.clip(scores, -30.0, 7.0)).sum(axis=0))
    return np.round(FULL * np.concatenate([most, 1.0 - none])).astype(np.int64)
