"""Features to scores and calibrated probabilities, with NumPy alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.classify.features import Features
from triage.classify.known import WEIGHTS, Known
from triage.classify.model import Block, LinearModel, Vector
from triage.classify.ngrams import spread
from triage.records import CATEGORIES

Buckets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Counted:
    """The features of a message as places in a model's table, all blocks in a row.

    Attributes:
        places: distinct, ascending.
        counts: how often each occurs.
        bounds: block i holds `places[bounds[i]:bounds[i + 1]]`, shape (blocks + 1,).
        occurrences: the place of every occurrence, families in the order of the blocks.
    """

    places: Buckets
    counts: Buckets
    bounds: Buckets
    occurrences: Buckets


@dataclass(frozen=True, slots=True)
class SparseVector:
    """A message's vector.

    Attributes:
        counted: where the values belong.
        values: tf-idf, each block's norm equal to its weight.
        weights: the model's, for each value, shape (places, 4).
    """

    counted: Counted
    values: Vector
    weights: Vector


def count_features(features: Features, blocks: Sequence[Block]) -> Counted:
    """Count the features of a message; blocks lie one after the other, as `Block.offset` says."""
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
    ends = [block.offset + 2**block.bits for block in blocks]
    return Counted(places, starts[1:] - starts[:-1], places.searchsorted([0, *ends]), hashes.view(np.int64))


def weigh(counted: Counted, idf: Vector, blocks: Sequence[Block]) -> Vector:
    """Return sublinear tf-idf values, each block scaled to its weight (Manning et al. 2008, section 6.4.1)."""
    values = (1.0 + np.log(counted.counts)) * idf
    for block, start, end in zip(blocks, counted.bounds[:-1].tolist(), counted.bounds[1:].tolist(), strict=True):
        part = values[start:end]
        if end > start and (norm := float(part @ part) ** 0.5):
            part *= block.weight / norm
    return values


def vectorise(features: Features, model: LinearModel) -> SparseVector:
    """Return the message's vector."""
    counted = count_features(features, model.blocks)
    idf = model.idf.take(counted.places).astype(np.float64)
    weights = model.weights.take(counted.places, axis=0).astype(np.float64)
    return SparseVector(counted, weigh(counted, idf, model.blocks), weights)


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


def softmax(scores: Vector) -> Vector:
    """Return exponentials that sum to 1, shape kept."""
    powers = np.exp(scores - scores.max())
    return np.asarray(powers / powers.sum(), dtype=np.float64)


def scam_kind(vector: SparseVector, model: LinearModel) -> str | None:
    """Return the most likely kind of scam, None if the model knows no kinds."""
    if not model.kind_names:
        return None
    index = next(index for index, block in enumerate(model.blocks) if block.name == model.kind_block)
    start, end = vector.counted.bounds[index : index + 2].tolist()
    places = vector.counted.places[start:end] - model.blocks[index].offset
    weights = model.kind_weights.take(places, axis=0).astype(np.float64)
    return model.kind_names[int(np.argmax(model.kind_intercept + vector.values[start:end] @ weights))]
