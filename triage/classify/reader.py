"""Reads the sentences of a mail with a sentence encoder: a small net over what each of them means.

Words alone cannot tell "we need a second officer" from "we needed one": who offers what to whom is in how the words hang
together. The encoder (Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval") has read enough of
sixteen languages to know; what it makes of a sentence is all that this net sees.

The net: each sentence is weighed in its place and beside its neighbours (two dense layers), then the mail is the
sentences that a few attentions pick (Lin et al. 2017) and the strongest of each feature. Both are sums over sentences, so
that the score divides exactly into what each sentence adds.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from triage.classify.acts import LEVELS

DIMENSIONS = 1792
"""How many numbers the encoder makes of a sentence."""

HEAD, TAIL = 16, 6
"""How many sentences of a mail's beginning and end are read, beside its subject."""

MAX_SENTENCE = 300
"""How many characters of a sentence are read."""

READ = slice(LEVELS, LEVELS + 4)
"""Where the score of each category stands in the block of what sentences do: a level of 1 to `_STEPS`, 0 where nothing was read."""

LEVELS_READ = READ.stop
"""How many numbers that block has in all."""

PLACES = 4

_TAIL = 3
_MOST = 6.0  # scores beyond say no more
_STEPS = 250
_WRAPPED = 58
"""A line so long may have been wrapped, the sentence going on in the next."""
_END = re.compile(r"(?<=[.!?…])[\"”»)]*\s+")
_PARAGRAPH = re.compile(r"\n\s*\n")
_LETTER = re.compile(r"[^\W\d_]")
_DIVIDED, _LEAST_CLAUSE, _LEAST_REST = 45, 25, 15
_CLAUSE = re.compile(
    r"(?<=[,;:)])\s+|\s+(?=[(–—])|\s+-\s+|\s+(?=(?:"
    r"and|but|or|because|so|if|which|who|that"
    r"|und|aber|oder|weil|dass|wenn"
    r"|et|mais|ou|car|que|qui"
    r"|y|pero|porque|e|mas"
    r"|ma|che|perché"
    r"|maar|dat|want"
    r"|i|ale|lub|że|który|która|bo"
    r")\s)",
    re.IGNORECASE,
)
"""Between the clauses of a sentence, in the seven languages that most mail of the corpus is written in; without "en", "o" and "of",
which join in one of them and are other words in the next. Polish "i" stays: before an English "I" a clause begins as well."""

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
Weights = npt.NDArray[np.floating]
Encode = Callable[[Sequence[str]], Matrix]
"""Sentences to what they mean, shape (sentences, DIMENSIONS)."""


def split_sentences(subject: str, body: str) -> list[str]:
    """Return the subject and the sentences of a text as they stand; of a long one its first and last."""
    found: list[str] = []
    for paragraph in _PARAGRAPH.split(body):
        run = ""
        for raw in paragraph.split("\n"):
            line = raw.strip()
            run = f"{run} {line}" if run else line
            if len(line) < _WRAPPED:
                found += _END.split(run)
                run = ""
        found += _END.split(run)
    told = [sentence[:MAX_SENTENCE] for sentence in found if has_letters(sentence)]
    if len(told) > HEAD + TAIL:
        told = [*told[:HEAD], *told[-TAIL:]]
    return [subject.strip()[:MAX_SENTENCE] or "-", *told]


def split_clauses(sentence: str) -> list[str]:
    """Return the parts of a long sentence, each of which does something of its own, as they stand.

    Of "we look for a welder, but not before May" each half says another thing, and of one vector for both neither is
    seen well.
    """
    if len(sentence) < _DIVIDED:
        return [sentence]
    found = [""]
    for part in _CLAUSE.split(sentence):
        if len(found[-1]) < _LEAST_CLAUSE:
            found[-1] = f"{found[-1]} {part}".strip()
        else:
            found.append(part)
    if len(found) > 1 and len(found[-1]) < _LEAST_REST:
        rest = found.pop()
        found[-1] = f"{found[-1]} {rest}"
    return found


def has_letters(sentence: str) -> bool:
    """Return whether there is anything to read in a sentence."""
    return _LETTER.search(sentence) is not None


@dataclass(frozen=True, slots=True)
class Net:
    """Weights of a net; `units` is the width of its layers.

    Attributes:
        inner: of a sentence's numbers, shape (DIMENSIONS, units).
        places: of its place (subject, first, among the last three, last), shape (PLACES, units).
        inner_bias: shape (units,).
        own, before, after: of the sentence, the one before and the one after, shape (units, units).
        outer_bias: shape (units,).
        attention: how much each of the attentions heeds a sentence, shape (units, attentions).
        output: of what the attentions pick and of the strongest, shape ((attentions + 1) * units, 4).
        intercept: shape (4,).
    """

    inner: Weights = field(repr=False)
    places: Weights = field(repr=False)
    inner_bias: Weights = field(repr=False)
    own: Weights = field(repr=False)
    before: Weights = field(repr=False)
    after: Weights = field(repr=False)
    outer_bias: Weights = field(repr=False)
    attention: Weights = field(repr=False)
    output: Weights = field(repr=False)
    intercept: Weights = field(repr=False)

    def arrays(self) -> dict[str, Weights]:
        """Return the weights by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    def widened(self) -> "Net":
        """Return the net in the numbers that it is multiplied in."""
        return Net(**{name: one.astype(np.float32, copy=False) for name, one in self.arrays().items()})


@dataclass(frozen=True, slots=True, eq=False)
class ReaderModel:
    """Several nets, each learnt from another beginning, whose scores are averaged (Lakshminarayanan et al. 2017)."""

    nets: tuple[Net, ...]

    @property
    def name(self) -> str:
        """What tells readers apart: levels made with one say nothing to another."""
        return _checksum(self)


@lru_cache(maxsize=2)
def _checksum(model: ReaderModel) -> str:
    crc = 0
    for net in model.nets:
        for part in net.arrays().values():
            crc = zlib.crc32(np.ascontiguousarray(part, dtype=np.float16).tobytes(), crc)
    return f"{crc:08x}"


@lru_cache(maxsize=2)
def widen(model: ReaderModel) -> tuple[Net, ...]:
    """Return nets as they are multiplied, kept for the next mail; a model's file has them half as wide."""
    return tuple(net.widened() for net in model.nets)


def place_marks(count: int) -> Matrix:
    """Return which places each of so many sentences stands in, shape (count, PLACES)."""
    marks = np.zeros((count, PLACES), dtype=np.float32)
    marks[:1, 0] = marks[1:2, 1] = marks[-_TAIL:, 2] = marks[-1:, 3] = 1
    return marks


def weigh_meanings(meanings: Matrix, model: Net) -> Vector:
    """Return what each sentence adds to the score of each category, shape (sentences, 4).

    The score is the sum, and `Net.intercept`.

    Args:
        meanings: as the encoder gives them, shape (sentences, DIMENSIONS).
    """
    count, units = len(meanings), len(model.inner_bias)
    inner = meanings @ model.inner + place_marks(count) @ model.places + model.inner_bias
    np.maximum(inner, 0, out=inner)
    outer = inner @ model.own + model.outer_bias
    outer[1:] += inner[:-1] @ model.before
    outer[:-1] += inner[1:] @ model.after
    np.maximum(outer, 0, out=outer)
    heed = outer @ model.attention
    heed = np.exp(heed - heed.max(axis=0))
    heed /= heed.sum(axis=0)
    heads = model.output.reshape(-1, units, model.output.shape[1])
    adds = np.zeros((count, model.output.shape[1]))
    for place in range(heed.shape[1]):
        adds += heed[:, place, None] * (outer @ heads[place])
    strongest = np.zeros_like(outer)
    best = outer.argmax(axis=0)
    strongest[best, np.arange(units)] = outer[best, np.arange(units)]
    adds += strongest @ heads[-1]
    return adds


@dataclass(frozen=True, slots=True)
class Read:
    """What was read in a mail.

    Attributes:
        sentences: as they stand in it.
        adds: what each adds to the score of each category, shape (sentences, 4).
        levels: the scores, shape (4,), from 1 to `_STEPS`.
    """

    sentences: tuple[str, ...] = field(repr=False)
    adds: Vector
    levels: npt.NDArray[np.int64]


def read_meanings(sentences: Sequence[str], meanings: Matrix, model: ReaderModel) -> Read:
    """Read the sentences of a mail.

    Args:
        sentences: as they stand in it.
        meanings: what the encoder makes of them, shape (sentences, DIMENSIONS).
    """
    nets = widen(model)
    adds = np.mean([weigh_meanings(meanings, net) for net in nets], axis=0)
    adds -= adds.mean(axis=1, keepdims=True)
    start = np.mean([net.intercept for net in nets], axis=0, dtype=np.float64)
    start -= start.mean()
    scores = adds.sum(axis=0) + start
    # What is beyond the highest level is nobody's: each sentence says so much less.
    beyond = np.abs(scores) > _MOST
    adds[:, beyond] *= (np.copysign(_MOST, scores[beyond]) - start[beyond]) / (scores[beyond] - start[beyond])
    return Read(tuple(sentences), adds, to_read_levels(scores))


def to_read_levels(scores: Vector) -> npt.NDArray[np.int64]:
    """Return scores as levels, shape kept; see `READ`."""
    share = (np.clip(scores, -_MOST, _MOST) + _MOST) / (2 * _MOST)
    return np.maximum(1, np.rint(share * _STEPS)).astype(np.int64)


def adds_to_levels(adds: Vector) -> Vector:
    """Return by how many levels each sentence moves each score, shape kept."""
    return adds * (_STEPS / (2 * _MOST))
