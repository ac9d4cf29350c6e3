"""Features to scores and calibrated probabilities, with NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from triage.classify.acts import ACTS, FULL, ActModel, split_words, to_levels, weigh_sentences
from triage.classify.features import Features
from triage.classify.known import WEIGHTS, Known
from triage.classify.model import Block, LinearModel, Vector
from triage.classify.ngrams import spread
from triage.classify.reader import READ, Read
from triage.records import CATEGORIES

Buckets = npt.NDArray[np.int64]
_Number = TypeVar("_Number", bound=np.floating)

NO_ACTS: Vector = np.empty((0, len(ACTS)))


@dataclass(frozen=True, slots=True)
class Counted:
    """The features of a message as places in a model's table, all blocks in a row.

    Attributes:
        places: distinct, ascending.
        counts: how often each occurs.
        bounds: block i holds `places[bounds[i]:bounds[i + 1]]`, shape (blocks + 1,).
        occurrences: the place of every occurrence, families in the order of the blocks.
        acts: the log-odds that each sentence does each act, shape (sentences, acts); empty where no block asks for them.
    """

    places: Buckets
    counts: Buckets
    bounds: Buckets
    occurrences: Buckets
    acts: Vector


@dataclass(frozen=True, slots=True)
class SparseVector:
    """A message's vector.

    Attributes:
        counted: where the values belong.
        values: tf-idf, each block's norm equal to its weight.
        weights: the model's, for each value, shape (places, 4).
        read: what its sentences mean; None where nobody asked.
    """

    counted: Counted
    values: Vector
    weights: Vector
    read: Read | None = None


def count_features(features: Features, blocks: Sequence[Block], acts: ActModel | None = None) -> Counted:
    """Count the features of a message; blocks lie one after the other, as `Block.offset` says.

    Args:
        acts: fills the block without families, which is the last; None leaves it empty.
    """
    parts = [features.family(name) for block in blocks for name in block.families]
    hashes = np.concatenate(parts)
    spread(hashes)
    sizes, start = iter(parts), 0
    for block in blocks:
        end = start + sum(len(next(sizes)) for _ in block.families)
        part = hashes[start:end]
        part >>= np.uint64(64 - block.bits)
        part += np.uint64(block.offset)
        start = end
    ordered = hashes.astype(np.int32)  # half as wide, sorted in half the time
    ordered.sort()
    # What np.unique does, without its overhead, which counts where there are so few numbers.
    is_first = np.empty(len(ordered) + 1, dtype=bool)
    is_first[0] = is_first[-1] = True
    np.not_equal(ordered[1:], ordered[:-1], out=is_first[1:-1])
    starts = is_first.nonzero()[0]
    places = ordered.take(starts[:-1]).astype(np.int64)
    counts = starts[1:] - starts[:-1]
    scores = NO_ACTS
    if acts is not None:
        words = split_words(features.views["all"], features.sentences, acts.bits, has_subject=features.has_subject)
        scores = weigh_sentences(words, acts)
        levels = to_levels(scores)
        told = levels.nonzero()[0]
        places = np.concatenate([places, blocks[-1].offset + told])
        counts = np.concatenate([counts, levels.take(told)])
    ends = [block.offset + 2**block.bits for block in blocks]
    return Counted(places, counts, places.searchsorted([0, *ends]), hashes.view(np.int64), scores)


def weigh(counted: Counted, idf: Vector, blocks: Sequence[Block]) -> Vector:
    """Return sublinear tf-idf values, each block scaled to its weight (Manning et al. 2008, section 6.4.1).

    What sentences do has levels in place of counts: their shares of the highest.
    """
    values = (1.0 + np.log(counted.counts)) * idf
    for block, start, end in zip(blocks, counted.bounds[:-1].tolist(), counted.bounds[1:].tolist(), strict=True):
        part = values[start:end]
        if not block.families:
            part[:] = counted.counts[start:end] * (block.weight / FULL)
        elif end > start and (norm := float(part @ part) ** 0.5):
            part *= block.weight / norm
    return values


def vectorise(features: Features, model: LinearModel) -> SparseVector:
    """Return the message's vector."""
    counted = count_features(features, model.blocks, model.acts)
    idf = model.idf.take(counted.places).astype(np.float64)
    weights = model.weights.take(counted.places, axis=0).astype(np.float64)
    return SparseVector(counted, weigh(counted, idf, model.blocks), weights)


def count_read(counted: Counted, blocks: Sequence[Block], read: Read) -> Counted:
    """Return counted features with what the sentences mean behind them, at the end of the last block."""
    bounds = counted.bounds.copy()
    bounds[-1] += len(read.levels)
    places = np.arange(blocks[-1].offset + READ.start, blocks[-1].offset + READ.stop)
    return replace(
        counted,
        places=np.concatenate([counted.places, places]),
        counts=np.concatenate([counted.counts, read.levels]),
        bounds=bounds,
    )


def vectorise_read(vector: SparseVector, model: LinearModel, read: Read) -> SparseVector:
    """Return the vector with what the sentences mean behind it."""
    counted = count_read(vector.counted, model.blocks, read)
    block = model.blocks[-1]
    places = counted.places[-len(read.levels) :]
    return SparseVector(
        counted,
        np.concatenate([vector.values, read.levels * (block.weight / FULL)]),
        np.concatenate([vector.weights, model.weights.take(places, axis=0).astype(np.float64)]),
        read,
    )


def score(vector: SparseVector, model: LinearModel) -> Vector:
    """Return one raw score for each category, shape (4,)."""
    return np.asarray(model.intercept + vector.values @ vector.weights, dtype=np.float64)


def known_scores(known: Sequence[Known], model: LinearModel) -> Vector:
    """Return what each fact adds to the raw scores, shape (facts, 4).

    The weights are log-odds, which calibration makes of raw scores by a slope for each category.
    """
    table = [[WEIGHTS[one.name].get(category, 0.0) for category in CATEGORIES] for one in known]
    return np.asarray(table, dtype=np.float64).reshape(len(known), len(CATEGORIES)) / model.slope


def probabilities(scores: Vector, model: LinearModel) -> Vector:
    """Return P(category | features): calibrated, one for each category, summing to 1."""
    return softmax(model.slope * scores + model.bias)


def softmax(scores: npt.NDArray[_Number]) -> npt.NDArray[_Number]:
    """Return exponentials that sum to 1 over the last axis, shape and type kept."""
    powers: npt.NDArray[_Number] = np.exp(scores - scores.max(axis=-1, keepdims=True))
    powers /= powers.sum(axis=-1, keepdims=True)
    return powers


def leaves_open(chances: Vector, sure: float) -> npt.NDArray[np.bool_]:
    """Return whether the words leave a mail open, so that it is read.

    Args:
        chances: probabilities by the words alone (`LinearModel.unread`), shape (..., 4).
        sure: see `LinearModel`.
    """
    return np.asarray(chances.max(axis=-1) < sure)


def scam_kind(vector: SparseVector, model: LinearModel) -> str | None:
    """Return the most likely kind of scam, None if the model knows no kinds."""
    if not model.kind_names:
        return None
    index = next(index for index, block in enumerate(model.blocks) if block.name == model.kind_block)
    start, end = vector.counted.bounds[index : index + 2].tolist()
    places = vector.counted.places[start:end] - model.blocks[index].offset
    weights = model.kind_weights.take(places, axis=0).astype(np.float64)
    return model.kind_names[int(np.argmax(model.kind_intercept + vector.values[start:end] @ weights))]
