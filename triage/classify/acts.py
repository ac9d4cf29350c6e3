"""What the sentences of a mail do: offer a post, pass one on, ask for money (Cohen, Carvalho and Mitchell 2004, "Learning to Classify Email into Speech Acts").

Who offers what to whom is said in a sentence or two, in words that stand in any other mail as well. Each
sentence is weighed by itself for each act: a linear model over its words and pairs of words. What the mail's verdict sees of it is
the sentence that does most of an act, and how likely any does it.
"""

import zlib
from dataclasses import dataclass, field, replace

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
_SURE = 7.0  # likelier than that is a level of `FULL`, whatever the other sentences do
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
    name: str

    def renamed(self) -> "ActModel":
        """Return the model named by what it holds; a file keeps the name, so that nobody reads all of it for that."""
        crc = 0
        for part in (self.idf, self.weights, self.places, self.intercept):
            crc = zlib.crc32(np.ascontiguousarray(part).tobytes(), crc)
        return replace(self, name=f"{crc:08x}")

    @property
    def bits(self) -> int:
        """Binary logarithm of how many buckets there are."""
        return len(self.idf).bit_length() - 1


@dataclass(frozen=True, slots=True)
class SentenceWords:
    """The words and pairs of the sentences of one mail.

    Attributes:
        words: the bucket of each word, shape (n,).
        pairs: the bucket of each word with the next one, shape (n,).
        is_paired: whether the next one is of the same sentence, shape (n,); else the pair is none.
        starts: the number of the first word of each sentence, shape (sentences,).
        places: which places each sentence stands in, shape (sentences, 4), of 0 and 1.
    """

    words: Buckets
    pairs: Buckets
    is_paired: npt.NDArray[np.bool_]
    starts: Positions
    places: npt.NDArray[np.uint8]


def split_words(view: HashedText, starts: Positions, bits: int, *, has_subject: bool) -> SentenceWords:
    """Return words and pairs by sentence.

    Args:
        starts: the number of the first word of each sentence, ascending from 0.
        bits: binary logarithm of how many buckets there are.
        has_subject: whether the first of them is the subject.
    """
    count = len(view.starts)
    hashes: Hashes = np.empty((2, count), dtype=np.uint64)
    np.bitwise_xor(hash_words(view), _WORDS, out=hashes[0])
    np.bitwise_xor(view.windows(view.starts[:-1], view.ends[1:]), _PAIRS, out=hashes[1, : max(0, count - 1)])
    hashes[1, count - 1 :] = 0
    spread(hashes)
    buckets = (hashes >> np.uint64(64 - bits)).view(np.int64)
    is_paired = np.ones(count, dtype=bool)
    is_paired[starts[1:] - 1] = is_paired[count - 1 :] = False
    places = np.zeros((len(starts), _PLACES), dtype=np.uint8)
    first = int(has_subject)
    places[:first, 0] = places[first : first + 1, 1] = places[-_TAIL:, 2] = places[-1:, 3] = 1
    return SentenceWords(buckets[0], buckets[1], is_paired, starts, places)


def weigh_sentences(words: SentenceWords, model: ActModel) -> Vector:
    """Return the log-odds that each sentence does each act, shape (sentences, acts)."""
    if not len(words.words):
        return np.empty((0, len(ACTS)))
    idf, next_idf = model.idf.take(words.words).astype(np.float32), model.idf.take(words.pairs).astype(np.float32)
    next_idf *= words.is_paired
    norms = np.sqrt(np.add.reduceat(idf * idf + next_idf * next_idf, words.starts))
    each = model.weights.take(words.words, axis=0) * idf[:, None]
    each += model.weights.take(words.pairs, axis=0) * next_idf[:, None]
    weighed = np.add.reduceat(each, words.starts, axis=0) / norms[:, None]
    count = len(ACTS)
    scores = weighed[:, :count] + words.places @ model.places + model.intercept
    scores[1:] += weighed[:-1, count : 2 * count]
    scores[:-1] += weighed[1:, 2 * count :]
    return np.asarray(scores, dtype=np.float64)


def to_levels(scores: Vector) -> npt.NDArray[np.int64]:
    """Return the levels of a mail from the log-odds of its sentences, shape (LEVELS,), from 0 to `FULL`."""
    if not len(scores):
        return np.zeros(LEVELS, dtype=np.int64)
    levels = np.empty((2, len(ACTS)))
    most = np.minimum(np.maximum(scores.max(axis=0), _LOW), _HIGH)
    np.divide(most - _LOW, _HIGH - _LOW, out=levels[0])
    # Of independent sentences the chance that none does it is the product.
    none = np.exp(-np.logaddexp(0.0, np.minimum(scores, _SURE)).sum(axis=0))
    np.subtract(1.0, none, out=levels[1])
    levels *= FULL
    return np.rint(levels).astype(np.int64).ravel()
