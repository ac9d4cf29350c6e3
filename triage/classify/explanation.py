"""Why a verdict: exact contributions of words and signals, in a fixed order.

The model is linear, so that contributions add up to the score: the score of the
category judged less the mean of the others. What a word contributes is the sum over
all n-grams that cover it, shared evenly among the words each covers.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from triage.classify.features import Features, occurrences
from triage.classify.model import LinearModel, Vector
from triage.classify.scorer import BlockVector
from triage.records import CATEGORIES, Category, Evidence

_MAX_PHRASES = 6
_MAX_EVIDENCE = 12
_MAX_PHRASE_WORDS = 7
_AROUND = 2
_MIN_WEIGHT = 0.005


@dataclass(frozen=True, slots=True)
class Contributions:
    """A score taken apart; all parts together are the whole.

    Attributes:
        words: contribution of each word of the "all" view, in order.
        named: contributions with a name of their own: signals.
        rest: what has neither word nor name: sender tokens, pairs of signals, the intercept.
    """

    words: Vector
    named: tuple[Evidence, ...]
    rest: float

    @property
    def total(self) -> float:
        """The score of the category against the mean of the others."""
        return float(self.words.sum()) + sum(item.weight for item in self.named) + self.rest


def contributions(
    category: Category, features: Features, vectors: tuple[BlockVector, ...], model: LinearModel
) -> Contributions:
    """Take the score of a category apart."""
    direction = _direction(category)
    view = features.views["all"]
    per_character = np.zeros(len(view.prefix))
    named: list[Evidence] = []
    rest = float(model.intercept @ direction)
    for vector in vectors:
        weights = model.weights[vector.block.offset + vector.buckets].astype(np.float64) @ direction
        each = vector.values * weights / vector.counts
        for family in vector.block.families:
            hashes = features.family(family)
            buckets = (hashes >> np.uint64(64 - vector.block.bits)).astype(np.int64)
            shares = each[np.searchsorted(vector.buckets, buckets)]
            places = occurrences(features, family)
            if family == "signal":
                named.extend(
                    Evidence(signal.name, signal.quote, float(share))
                    for signal, share in zip(features.signals, shares, strict=True)
                )
            elif places is None:
                rest += float(shares.sum())
            else:
                _spread(per_character, *places, shares)
    running = np.concatenate([[0.0], np.cumsum(np.cumsum(per_character)[:-1])])
    # What lies on the spaces around a word goes to the word after them.
    edges = np.concatenate([[0], view.starts[1:], [len(view.prefix) - 1]]) if len(view.starts) else np.array([0, 0])
    words = np.diff(running[edges])
    if not len(view.starts):
        rest += float(words.sum())
        words = np.empty(0)
    return Contributions(words, tuple(named), rest)


def _direction(category: Category) -> Vector:
    direction = np.full(len(CATEGORIES), -1.0 / (len(CATEGORIES) - 1))
    direction[CATEGORIES.index(category)] = 1.0
    return direction


def _spread(per_character: Vector, starts: np.ndarray, ends: np.ndarray, shares: Vector) -> None:
    """Add each share evenly to its characters, as steps up at the start and down at the end."""
    density = shares / np.maximum(1, ends - starts)
    np.add.at(per_character, starts, density)
    np.add.at(per_character, ends, -density)


def strongest(found: Contributions, features: Features) -> tuple[Evidence, ...]:
    """Return named evidence and the phrases of most weight, strongest first."""
    items = [item for item in found.named if abs(item.weight) >= _MIN_WEIGHT]
    items.extend(_phrases(found.words, features))
    items.sort(key=lambda item: (-abs(item.weight), item.name, item.quote))
    return tuple(items[:_MAX_EVIDENCE])


def _phrases(words: Vector, features: Features) -> Iterator[Evidence]:
    """Yield runs of words that point the same way, the heaviest first."""
    view = features.views["all"]
    if not len(words):
        return
    strong = np.abs(words) >= max(_MIN_WEIGHT, float(np.quantile(np.abs(words), 0.8)))
    runs: list[tuple[float, int, int]] = []
    index = 0
    while index < len(words):
        if not strong[index]:
            index += 1
            continue
        end = index
        while end < len(words) and end - index < _MAX_PHRASE_WORDS and strong[end] and words[end] * words[index] > 0:
            end += 1
        runs.append((float(words[index:end].sum()), index, end))
        index = end
    runs.sort(key=lambda run: (-abs(run[0]), run[1]))
    for weight, start, end in runs[:_MAX_PHRASES]:
        # A word or two around it, so that a person can find the place; the weight is the run's alone.
        first, last = max(0, start - _AROUND), min(len(words), end + _AROUND)
        yield Evidence("words", view.text[view.starts[first] : view.ends[last - 1]], weight)
