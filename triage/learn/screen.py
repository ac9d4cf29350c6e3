"""Learns the first look: which words tell leads and scams from everything else."""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from triage.classify.model import Vector
from triage.classify.screen import HEAD_WORDS, MIN_KNOWN, NEVER, USUAL_WORDS, Screen
from triage.learn.dataset import Dataset, Rows, glance_bucket, presence
from triage.records import CATEGORIES, Category

_MIN_MAILS = 3
_LENGTHS = range(2, 26)
_LOWEST = -0.5
_LOST = 0.001
"""Share of leads and scams that the first look may lose, on authors held out."""

# Few enough to stay in the processor's cache between two mails; as good as all 12,000 (of public mails that were not learnt
# from 8.8 % are kept by either, of whom a third are scams; 9.4 % with 1,000).
_WORDS = 2000
# Words of one weight share one number in memory, which is half of what looking them up costs.
_DECIMALS = 2

# Mail about jobs that is `other` is for the full judge to tell: clearing it is no aim.
_WEIGHT_OTHER, _WEIGHT_BACKGROUND, _WEIGHT_FRAUD = 0.1, 5.0, 1.0
_INVERSE_REGULARISATION = 0.1

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FittedScreen:
    """A screen, and what models that had not seen its author say of each mail.

    Attributes:
        scores: held out, shape (n,).
        legible: whether there are words enough to judge by, held out, shape (n,).
    """

    screen: Screen
    scores: Vector
    legible: Flags

    @property
    def cleared(self) -> Flags:
        """Which mails are cleared, shape (n,)."""
        return self.legible & (self.scores < self.screen.threshold)

    def kept(self, rows: Flags) -> float:
        """Return the share of some mails that is judged in full."""
        return 1.0 - float(np.mean(self.cleared[rows])) if rows.any() else 1.0


def fit_screen(dataset: Dataset, folds: Sequence[tuple[Rows, Rows]]) -> FittedScreen:
    """Fit a screen on labelled mail and background mail.

    Args:
        folds: training and held-out rows; the threshold comes from what was held out.
    """
    glances = dataset.glances
    suspects = dataset.labels[: len(dataset)] != CATEGORIES.index(Category.OTHER)
    frequencies = Counter(word for words in glances for word in set(words) if len(word) in _LENGTHS)
    # The frequent first: they lie side by side in memory, where the processor finds them at once.
    vocabulary = sorted(
        (word for word, count in frequencies.items() if count >= _MIN_MAILS),
        key=lambda word: (-frequencies[word], word),
    )
    if not vocabulary or suspects.all() or not suspects.any():
        return FittedScreen(NEVER, np.zeros(len(glances)), np.zeros(len(glances), dtype=bool))
    places = {word: place for place, word in enumerate(vocabulary)}
    whole = presence([_known(words, places) for words in glances], len(places))
    heads = presence([_known(words[:HEAD_WORDS], places) for words in glances], len(places))
    buckets = [glance_bucket(word) for word in vocabulary]
    public = _Public(dataset.ordinary[:, buckets], dataset.frauds[:, buckets])
    scores, legible = np.zeros(len(glances)), np.zeros(len(glances), dtype=bool)
    for train, test in folds:
        weights, intercept = _fit(whole[train], suspects[train], public)
        known = np.flatnonzero(weights)
        found, begun = whole[test][:, known], heads[test][:, known]
        scores[test] = intercept + np.maximum(_scaled(found) @ weights[known], _scaled(begun) @ weights[known])
        legible[test] = np.diff(found.indptr) >= MIN_KNOWN
    weights, intercept = _fit(whole, suspects, public)
    slope, bias = _platt(scores, suspects)
    counts = np.bincount(dataset.labels[: len(dataset)], minlength=len(CATEGORIES)) * (
        np.arange(len(CATEGORIES)) != CATEGORIES.index(Category.OTHER)
    )
    screen = Screen(
        weights={word: float(np.float32(weights[place])) for word, place in places.items() if weights[place]},
        intercept=intercept,
        threshold=strict_threshold(scores[suspects & legible], int(suspects.sum())),
        slope=slope,
        bias=bias,
        shares=tuple(np.round(counts / suspects.sum(), 4).tolist()),
    )
    return FittedScreen(screen, scores, legible)


def strict_threshold(scores: Vector, count: int) -> float:
    """Return the highest threshold, of four decimals, below which at most one in a thousand leads and scams lies.

    Args:
        scores: of the leads and scams that may be cleared at all.
        count: how many leads and scams there are.
    """
    ordered = np.sort(scores)
    may_lose = int(count * _LOST)
    # Where so few may be cleared, all of them may; nothing speaks for a threshold above them.
    return math.floor(float(ordered[min(may_lose, len(ordered) - 1)]) * 1e4) / 1e4 if len(ordered) else -math.inf


def _known(words: Sequence[str], places: Mapping[str, int]) -> list[int]:
    return sorted(places[word] for word in places.keys() & set(words))


@dataclass(frozen=True, slots=True)
class _Public:
    """Which words background mail holds, shape (n, words) each."""

    ordinary: sparse.csr_matrix
    frauds: sparse.csr_matrix

    def of(self, chosen: Rows) -> "_Public":
        return _Public(self.ordinary[:, chosen], self.frauds[:, chosen])


def _fit(matrix: sparse.csr_matrix, suspects: Flags, public: _Public) -> tuple[Vector, float]:
    """Fit the words that matter, the heaviest of all, once more without the others; of those weights are not 0."""
    weights, _ = _fit_words(matrix, suspects, public)
    frequencies = np.asarray(matrix.sum(axis=0) + public.ordinary.sum(axis=0)).ravel()
    chosen = np.sort(np.argsort(-np.abs(weights) * np.sqrt(frequencies), kind="stable")[:_WORDS])
    found = np.zeros(matrix.shape[1])
    weights, intercept = _fit_words(matrix[:, chosen], suspects, public.of(chosen))
    # Known words are counted, so that one may weigh little but not nothing.
    least = 10.0**-_DECIMALS
    found[chosen] = np.where(np.abs(weights) < least, np.copysign(least, weights), np.round(weights, _DECIMALS))
    return found, round(intercept, 4)


def _scaled(matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    """Return rows of ones scaled to one length, as `Screen.look` does."""
    return sparse.diags(np.sqrt(USUAL_WORDS / np.maximum(1, np.diff(matrix.indptr)))) @ matrix


def _fit_words(matrix: sparse.csr_matrix, suspects: Flags, public: _Public) -> tuple[Vector, float]:
    ordinary, frauds = public.ordinary.shape[0], public.frauds.shape[0]
    model = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear", dual=True, max_iter=5000, random_state=0)
    model.fit(
        _scaled(sparse.vstack([matrix, public.ordinary, public.frauds], format="csr")),
        np.concatenate([suspects, np.zeros(ordinary, dtype=bool), np.ones(frauds, dtype=bool)]),
        sample_weight=np.concatenate(
            [
                np.where(suspects, 1.0, _WEIGHT_OTHER),
                np.full(ordinary, _WEIGHT_BACKGROUND),
                np.full(frauds, _WEIGHT_FRAUD),
            ]
        ),
    )
    return np.maximum(model.coef_[0], _LOWEST), float(model.intercept_[0])


def _platt(scores: Vector, suspects: Flags) -> tuple[float, float]:
    model = LogisticRegression(C=1e3, solver="liblinear", random_state=0).fit(scores[:, None], suspects)
    return round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4)
