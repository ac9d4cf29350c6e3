"""Reads the sentences of a mail with a sentence encoder: a small net over what each of them means.

Words alone cannot tell "we need a second officer" from "we needed one": who offers what to whom is in how the words hang
together. The encoder (Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval") has read enough of
sixteen languages to know; what it makes of a sentence, 512 numbers, is all that this net sees.

The net: each sentence is weighed in its place and beside its neighbours (two dense layers), then the mail is the
sentences that a few attentions pick (Lin et al. 2017) and the strongest of each feature. Both are sums over sentences, so
that the score divides exactly into what each sentence adds.
"""

import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import numpy as np
import numpy.typing as npt

from triage.classify.acts import LEVELS

DIMENSIONS = 512
"""How many numbers the encoder makes of a sentence."""

HEAD, TAIL = 24, 8
"""How many sentences of a mail's beginning and end are read, beside its subject."""

MAX_SENTENCE = 300
"""How many characters of a sentence are read."""

READ = slice(LEVELS, LEVELS + 4)
"""Where the score of each category stands in the block of what sentences do: a level of 1 to `_STEPS`, 0 where nothing was read."""

LEVELS_READ = READ.stop
"""How many numbers that block has in all."""

PLACES = 4
GAIN = 16.0
"""Numbers of vectors of length 1 are about 1 / 16 each."""

_TAIL = 3
_MOST = 6.0  # scores beyond say no more
_STEPS = 250
_WRAPPED = 58
"""A line so long may have been wrapped, the sentence going on in the next."""
_END = re.compile(r"(?<=[.!?…])[\"”»)]*\s+")
_PARAGRAPH = re.compile(r"\n\s*\n")
_LETTER = re.compile(r"[^\W\d_]")

Vector = npt.NDArray[np.float64]
Matrix = npt.NDArray[np.float32]
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


def has_letters(sentence: str) -> bool:
    """Return whether there is anything to read in a sentence."""
    return _LETTER.search(sentence) is not None


@dataclass(frozen=True, slots=True)
class ReaderModel:
    """Weights of the net; `units` is the width of its layers.

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

    inner: Matrix = field(repr=False)
    places: Matrix = field(repr=False)
    inner_bias: Matrix = field(repr=False)
    own: Matrix = field(repr=False)
    before: Matrix = field(repr=False)
    after: Matrix = field(repr=False)
    outer_bias: Matrix = field(repr=False)
    attention: Matrix = field(repr=False)
    output: Matrix = field(repr=False)
    intercept: Matrix = field(repr=False)

    def arrays(self) -> dict[str, Matrix]:
        """Return the weights by name."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @property
    def name(self) -> str:
        """What tells nets apart: levels made with one say nothing to another."""
        crc = 0
        for part in self.arrays().values():
            crc = zlib.crc32(np.ascontiguousarray(part).tobytes(), crc)
        return f"{crc:08x}"


def place_marks(count: int) -> Matrix:
    """Return which places each of so many sentences stands in, shape (count, PLACES)."""
    marks = np.zeros((count, PLACES), dtype=np.float32)
    marks[:1, 0] = marks[1:2, 1] = marks[-_TAIL:, 2] = marks[-1:, 3] = 1
    return marks


def weigh_meanings(meanings: Matrix, model: ReaderModel) -> Vector:
    """Return what each sentence adds to the score of each category, shape (sentences, 4).

    The score is the sum, and `ReaderModel.intercept`.

    Args:
        meanings: as the encoder gives them, shape (sentences, DIMENSIONS).
    """
    count, units = len(meanings), len(model.inner_bias)
    inner = GAIN * (meanings @ model.inner) + place_marks(count) @ model.places + model.inner_bias
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


def read_sentences(sentences: Sequence[str], model: ReaderModel, encode: Encode) -> Read:
    """Read the sentences of a mail."""
    adds = weigh_meanings(encode(sentences), model)
    adds -= adds.mean(axis=1, keepdims=True)
    start = model.intercept - model.intercept.mean()
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
