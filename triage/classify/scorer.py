"""Features to scores and calibrated probabilities, with NumPy alone."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.classify.features import Features
from triage.classify.model import Block, LinearModel, Vector

Buckets = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class BlockVector:
    """A block of a message's vector: distinct buckets in ascending order and their values.

    Attributes:
        buckets: within the block, from 0.
        values: tf-idf, the block's norm equal to its weight.
        counts: how often each bucket occurs.
    """

    block: Block
    buckets: Buckets
    values: Vector
    counts: Buckets


def count_buckets(features: Features, block: Block) -> tuple[Buckets, Buckets]:
    """Return the distinct buckets of a block, ascending, and how often each occurs."""
    hashes = np.concatenate([features.family(name) for name in block.families])
    buckets = (hashes >> np.uint64(64 - block.bits)).astype(np.int64)
    distinct, counts = np.unique(buckets, return_counts=True)
    return distinct, counts


def weigh(counts: Buckets, idf: Vector, weight: float) -> Vector:
    """Return sublinear tf-idf values scaled to length `weight` (Manning et al. 2008, section 6.4.1)."""
    values = (1.0 + np.log(counts)) * idf
    norm = float(np.sqrt(values @ values))
    return values * (weight / norm) if norm else values


def vectorise(features: Features, model: LinearModel) -> tuple[BlockVector, ...]:
    """Return the message's vector, block by block."""
    found = []
    for block in model.blocks:
        buckets, counts = count_buckets(features, block)
        idf = model.idf[block.offset + buckets].astype(np.float64)
        found.append(BlockVector(block, buckets, weigh(counts, idf, block.weight), counts))
    return tuple(found)


def score(vectors: tuple[BlockVector, ...], model: LinearModel) -> Vector:
    """Return one raw score for each category, shape (4,)."""
    total = model.intercept.copy()
    for vector in vectors:
        total += vector.values @ model.weights[vector.block.offset + vector.buckets].astype(np.float64)
    return total


def probabilities(scores: Vector, model: LinearModel) -> Vector:
    """Return P(category | features): calibrated, one for each category, summing to 1."""
    return softmax(model.slope * scores + model.bias)


def softmax(scores: Vector) -> Vector:
    """Return exponentials that sum to 1, shape kept."""
    powers = np.exp(scores - np.max(scores))
    return np.asarray(powers / np.sum(powers), dtype=np.float64)


def scam_kind(vectors: tuple[BlockVector, ...], model: LinearModel) -> str | None:
    """Return the most likely kind of scam, None if the model knows no kinds."""
    if not model.kind_names:
        return None
    vector = next(one for one in vectors if one.block.name == model.kind_block)
    scores = model.kind_intercept + vector.values @ model.kind_weights[vector.buckets].astype(np.float64)
    return model.kind_names[int(np.argmax(scores))]
