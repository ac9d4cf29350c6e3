"""The owner's examples to a personal model: the base model, corrected by as little as explains them.

    minimise  c * sum_i loss(y_i, W x_i) + |W - W_base|^2 / 2

The loss is that of the calibrated probabilities (the cross-entropy of their softmax), so
that what comes out is calibrated as the base model is. With no examples it is the base
model. At the minimum the correction is a sum over the examples,

    W - W_base = c * sum_i slope * (y_i - p_i) x_i

so that each example's share of it is known exactly, and none can move a score by more than
c * |x|^2: one odd example cannot overturn the base.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse

from triage.classify.counted import unpack_counts
from triage.classify.model import LinearModel, Vector
from triage.classify.scorer import weigh
from triage.learn.dataset import Labels, Rows
from triage.records import CATEGORIES, Category
from triage.store.evidence import KeptFeatures

STRENGTHS = (30.0, 10.0, 3.0)
"""The constant c, how much one example weighs against the base model: the first that the gate lets pass (docs/learning.md)."""

_STEPS = 100
_TOLERANCE = 1e-7


@dataclass(frozen=True)
class OwnMail:
    """The owner's examples as the base model sees them.

    Attributes:
        vectors: shape (n, buckets).
        scores: of the base model, shape (n, 4).
        labels: indices into `CATEGORIES`, shape (n,).
        glances: scores of the first look, nan where unknown, shape (n,).
    """

    vectors: sparse.csr_matrix
    scores: Vector
    labels: Labels
    glances: Vector

    def __len__(self) -> int:
        """Return how many examples there are."""
        return len(self.labels)

    def subset(self, rows: Rows) -> "OwnMail":
        """Return only some of the examples."""
        return OwnMail(self.vectors[rows], self.scores[rows], self.labels[rows], self.glances[rows])


def build_own_mail(base: LinearModel, kept: Sequence[KeptFeatures], categories: Sequence[Category]) -> OwnMail:
    """Return examples as vectors of the base model, with its scores."""
    places, values, scores = [], [], []
    for one in kept:
        counted = unpack_counts(one.counts, base.blocks)
        vector = weigh(counted, base.idf.take(counted.places).astype(np.float64), base.blocks)
        places.append(counted.places)
        values.append(vector)
        scores.append(base.intercept + vector @ base.weights.take(counted.places, axis=0).astype(np.float64))
    pointers = np.cumsum([0, *(len(one) for one in places)])
    empty = np.empty(0)
    matrix = sparse.csr_matrix(
        (np.concatenate([empty, *values]), np.concatenate([empty, *places]).astype(np.int64), pointers),
        shape=(len(kept), len(base.weights)),
    )
    known = [one.glance if one.glance_model == base.model_id and one.glance is not None else np.nan for one in kept]
    return OwnMail(
        matrix,
        np.array(scores).reshape(len(kept), len(CATEGORIES)),
        np.array([CATEGORIES.index(one) for one in categories], dtype=np.int64),
        np.array(known, dtype=np.float64),
    )


@dataclass(frozen=True)
class Personal:
    """A correction of the base model.

    Attributes:
        places: the buckets that it changes, shape (k,).
        change: of their weights, shape (k, 4).
        influences: each example's share of the whole, shape (n,), summing to 1.
    """

    places: npt.NDArray[np.int64]
    change: Vector
    influences: Vector

    def scores(self, mail: OwnMail) -> Vector:
        """Return scores of mail with the correction, shape (n, 4)."""
        return np.asarray(mail.scores + mail.vectors[:, self.places] @ self.change)


def fit_personal(mail: OwnMail, base: LinearModel, strength: float = STRENGTHS[0]) -> Personal:
    """Return the correction that explains the examples; the same for the same examples in the same order."""
    places = np.unique(mail.vectors.indices).astype(np.int64)
    # The intercept stays: it would turn every other mail as well, and folders say nothing of how much comes of a kind.
    design = mail.vectors[:, places]
    transposed = design.T.tocsr()
    truth = np.eye(len(CATEGORIES))[mail.labels]
    shape = (len(places), len(CATEGORIES))

    def loss(flat: Vector) -> tuple[float, Vector]:
        change = flat.reshape(shape)
        error, value = _cross_entropy(mail.scores + design @ change, truth, base)
        gradient = strength * (transposed @ error) + change
        return strength * value + 0.5 * float(flat @ flat), gradient.ravel()

    found = optimize.minimize(
        loss, np.zeros(shape).ravel(), jac=True, method="L-BFGS-B", options={"maxiter": _STEPS, "ftol": _TOLERANCE}
    ).x.reshape(shape)
    error, _ = _cross_entropy(mail.scores + design @ found, truth, base)
    lengths = np.sqrt(np.asarray(design.multiply(design).sum(axis=1)).ravel()) * np.linalg.norm(error, axis=1)
    total = float(lengths.sum())
    return Personal(places, found, lengths / total if total else lengths)


def _cross_entropy(scores: Vector, truth: Vector, base: LinearModel) -> tuple[Vector, float]:
    """Return the derivative by the scores, shape (n, 4), and the sum of -ln P(truth)."""
    logits = scores * base.slope + base.bias
    logits = logits - logits.max(axis=1, keepdims=True)
    powers = np.exp(logits)
    sums = powers.sum(axis=1, keepdims=True)
    value = float(np.sum(np.log(sums)) - np.sum(logits[truth == 1]))
    return (powers / sums - truth) * base.slope, value


def scores_of(model: LinearModel, mail: OwnMail) -> Vector:
    """Return the scores of a whole model on mail, shape (n, 4)."""
    places = np.unique(mail.vectors.indices)
    weights = model.weights.take(places, axis=0).astype(np.float64)
    return np.asarray(model.intercept + mail.vectors[:, places] @ weights)


def to_model(base: LinearModel, personal: Personal, mail: OwnMail) -> LinearModel:
    """Return the base model with the correction; its first look clears no example that is a lead or a scam."""
    weights = np.array(base.weights, dtype=np.float16)
    weights[personal.places] = (weights[personal.places] + personal.change).astype(np.float16)
    return replace(
        base,
        weights=weights,
        screen=replace(base.screen, threshold=_threshold(base, mail)),
        model_id="",
    )


def _threshold(base: LinearModel, mail: OwnMail) -> float:
    wanted = mail.glances[mail.labels != CATEGORIES.index(Category.OTHER)]
    if np.isnan(wanted).any():
        return -np.inf
    return float(min([base.screen.threshold, *wanted]))
