"""Learns the first look: which words tell leads and scams from everything else."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression

from triage.classify.model import Vector
from triage.classify.screen import HEAD_WORDS, NEVER, Screen
from triage.learn.dataset import Dataset, Rows, glance_bucket, presence
from triage.records import CATEGORIES, Category

_MIN_MAILS = 3
_LENGTHS = range(2, 26)
_LOWEST = -0.3
_LOST = 0.001
"""Share of leads and scams that the first look may lose, on authors held out."""

# Mail about jobs that is `other` is for the full judge to tell: clearing it is no aim.
_WEIGHT_OTHER, _WEIGHT_BACKGROUND = 0.3, 5.0
_INVERSE_REGULARISATION = 0.03

Suspects = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class FittedScreen:
    """A screen, and what models that had not seen its author say of each mail.

    Attributes:
        scores: held out, shape (n,).
    """

    screen: Screen
    scores: Vector

    def kept(self, rows: Suspects) -> float:
        """Return the share of some mails that is judged in full."""
        return float(np.mean(self.scores[rows] >= self.screen.threshold)) if rows.any() else 1.0


def fit_screen(dataset: Dataset, folds: Sequence[tuple[Rows, Rows]]) -> FittedScreen:
    """Fit a screen on labelled mail and background mail.

    Args:
        folds: training and held-out rows; the threshold comes from what was held out.
    """
    glances = dataset.glances
    suspects = dataset.labels[: len(dataset)] != CATEGORIES.index(Category.OTHER)
    frequencies = Counter(word for words in glances for word in set(words) if len(word) in _LENGTHS)
    vocabulary = sorted(word for word, count in frequencies.items() if count >= _MIN_MAILS)
    if not vocabulary or suspects.all() or not suspects.any():
        return FittedScreen(NEVER, np.zeros(len(glances)))
    places = {word: place for place, word in enumerate(vocabulary)}
    whole = presence([_known(words, places) for words in glances], len(places))
    heads = presence([_known(words[:HEAD_WORDS], places) for words in glances], len(places))
    ordinary = dataset.ordinary[:, [glance_bucket(word) for word in vocabulary]]
    scores = np.zeros(len(glances))
    for train, test in folds:
        weights, intercept = _fit(whole[train], suspects[train], ordinary)
        scores[test] = np.maximum(whole[test] @ weights, heads[test] @ weights) + intercept
    weights, intercept = _fit(whole, suspects, ordinary)
    slope, bias = _platt(scores, suspects)
    counts = np.bincount(dataset.labels[: len(dataset)], minlength=len(CATEGORIES)) * (
        np.arange(len(CATEGORIES)) != CATEGORIES.index(Category.OTHER)
    )
    screen = Screen(
        weights={word: float(np.float32(weights[place])) for word, place in places.items()},
        intercept=intercept,
        threshold=round(float(np.quantile(scores[suspects], _LOST)), 4),
        slope=slope,
        bias=bias,
        shares=tuple(np.round(counts / suspects.sum(), 4).tolist()),
    )
    return FittedScreen(screen, scores)


def _known(words: Sequence[str], places: Mapping[str, int]) -> list[int]:
    return sorted(places[word] for word in places.keys() & set(words))


def _fit(matrix: sparse.csr_matrix, suspects: Suspects, ordinary: sparse.csr_matrix) -> tuple[Vector, float]:
    extra = ordinary.shape[0]
    model = LogisticRegression(C=_INVERSE_REGULARISATION, solver="liblinear", dual=True, max_iter=5000, random_state=0)
    model.fit(
        sparse.vstack([matrix, ordinary], format="csr"),
        np.concatenate([suspects, np.zeros(extra, dtype=bool)]),
        sample_weight=np.concatenate([np.where(suspects, 1.0, _WEIGHT_OTHER), np.full(extra, _WEIGHT_BACKGROUND)]),
    )
    return np.round(np.maximum(model.coef_[0], _LOWEST), 4), round(float(model.intercept_[0]), 4)


def _platt(scores: Vector, suspects: Suspects) -> tuple[float, float]:
    model = LogisticRegression(C=1e3, solver="liblinear", random_state=0).fit(scores[:, None], suspects)
    return round(float(model.coef_[0, 0]), 4), round(float(model.intercept_[0]), 4)
