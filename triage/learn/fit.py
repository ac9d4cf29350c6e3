"""Data set to `LinearModel`: logistic regression, calibration on held-out groups, kinds of scam."""

from dataclasses import dataclass

import numpy as np
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from triage.classify.model import Block, LinearModel, Vector
from triage.classify.scorer import softmax
from triage.learn.dataset import Dataset, Labels, Rows, design_matrix, document_frequencies
from triage.learn.kinds import KINDS, canonical_kind
from triage.records import CATEGORIES, Category


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that is chosen about training, in one place.

    Attributes:
        blocks: name, families and weight of each block.
        bits: binary logarithm of each block's buckets.
        inverse_regularisation: scikit-learn's C.
        kind_block: the block that tells kinds of scam apart.
    """

    blocks: tuple[tuple[str, tuple[str, ...], float, int], ...]
    inverse_regularisation: float
    kind_block: str
    folds: int = 10

    def layout(self) -> tuple[Block, ...]:
        """Return the blocks with their places in the table of weights."""
        found, offset = [], 0
        for name, families, weight, bits in self.blocks:
            found.append(Block(name, families, weight, offset, bits))
            offset += 2**bits
        return tuple(found)


BASE_RECIPE = Recipe(
    blocks=(
        ("words", ("word1", "word2"), 1.0, 18),
        ("characters", ("char3", "char4", "char5"), 1.0, 18),
        ("sender", ("sender",), 0.3, 14),
        ("signals", ("signal",), 0.3, 12),
        ("subject", ("subject1", "subject2"), 0.4, 16),
        ("opening", ("opening",), 0.4, 16),
        ("kinds", ("word1", "signal"), 0.3, 13),
    ),
    inverse_regularisation=30.0,
    kind_block="kinds",
)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What models that had not seen the groups say of them.

    Attributes:
        scores: raw, shape (n, 4).
        probabilities: calibrated on the other groups, shape (n, 4).
    """

    scores: Vector
    probabilities: Vector


def fit_linear(matrix: sparse.csr_matrix, labels: Labels, recipe: Recipe) -> tuple[Vector, Vector]:
    """Fit multinomial logistic regression and return weights (features, 4) and intercept (4,)."""
    used = np.unique(matrix.indices)
    model = LogisticRegression(C=recipe.inverse_regularisation, max_iter=2000, tol=1e-6)
    model.fit(matrix[:, used], labels)
    weights = np.zeros((matrix.shape[1], len(CATEGORIES)))
    weights[np.ix_(used, model.classes_)] = model.coef_.T
    intercept = np.full(len(CATEGORIES), -30.0)
    intercept[model.classes_] = model.intercept_
    return weights, intercept


def iter_folds(dataset: Dataset, folds: int) -> list[tuple[Rows, Rows]]:
    """Return (training rows, held-out rows): whole groups are held out, campaigns never split."""
    places = np.arange(len(dataset))
    if len(set(dataset.groups)) <= folds:
        return list(LeaveOneGroupOut().split(places, groups=dataset.groups))
    return list(GroupKFold(folds).split(places, groups=dataset.groups))


def held_out_scores(dataset: Dataset, recipe: Recipe) -> HeldOut:
    """Return scores for every mail from models that did not see its group."""
    scores = np.zeros((len(dataset), len(CATEGORIES)))
    folds = iter_folds(dataset, recipe.folds)
    for train, test in folds:
        idf = [document_frequencies(counts, train) for counts in dataset.counts]
        matrix = design_matrix(dataset, idf)
        weights, intercept = fit_linear(matrix[train], dataset.labels[train], recipe)
        scores[test] = matrix[test] @ weights + intercept
    chances = np.zeros_like(scores)
    for train, test in folds:  # calibrated by what the other folds held out
        slope, bias = calibrate(scores[train], dataset.labels[train])
        chances[test] = [softmax(slope * row + bias) for row in scores[test]]
    return HeldOut(scores, chances)


def calibrate(scores: Vector, labels: Labels) -> tuple[Vector, Vector]:
    """Return slope (4,) and bias (4,) of vector scaling (Guo et al. 2017, section 4.2)."""
    size = len(CATEGORIES)
    truth = np.eye(size)[labels]

    def loss(parameters: Vector) -> tuple[float, Vector]:
        slope, bias = parameters[:size], parameters[size:]
        logits = scores * slope + bias
        logits = logits - logits.max(axis=1, keepdims=True)
        powers = np.exp(logits)
        chances = powers / powers.sum(axis=1, keepdims=True)
        error = (chances - truth) / len(labels)
        # A pull towards no change keeps small data from running away.
        pull = 1e-3 * (np.sum((slope - 1) ** 2) + np.sum(bias**2))
        value = -float(np.mean(np.log(np.clip(chances[truth == 1], 1e-12, 1)))) + pull
        gradient = np.concatenate(
            [np.sum(error * scores, axis=0) + 2e-3 * (slope - 1), error.sum(axis=0) + 2e-3 * bias]
        )
        return value, gradient

    start = np.concatenate([np.ones(size), np.zeros(size)])
    found = optimize.minimize(loss, start, jac=True, method="L-BFGS-B").x
    return np.round(found[:size], 4), np.round(found[size:], 4)


def fit_model(dataset: Dataset, recipe: Recipe, held_out: HeldOut) -> LinearModel:
    """Fit on everything; calibration comes from what was held out."""
    rows = np.arange(len(dataset))
    idf = [document_frequencies(counts, rows) for counts in dataset.counts]
    rounded = [column.astype(np.float16).astype(np.float64) for column in idf]
    matrix = design_matrix(dataset, rounded)
    weights, intercept = fit_linear(matrix, dataset.labels, recipe)
    slope, bias = calibrate(held_out.scores, dataset.labels)
    kind_names, kind_weights, kind_intercept = _fit_kinds(dataset, matrix, recipe)
    return LinearModel(
        blocks=dataset.blocks,
        idf=np.concatenate(idf).astype(np.float16),
        weights=weights.astype(np.float16),
        intercept=np.round(intercept, 4),
        slope=slope,
        bias=bias,
        kind_names=kind_names,
        kind_block=recipe.kind_block,
        kind_weights=kind_weights,
        kind_intercept=kind_intercept,
    )


def _fit_kinds(
    dataset: Dataset, matrix: sparse.csr_matrix, recipe: Recipe
) -> tuple[tuple[str, ...], np.ndarray, Vector]:
    """Fit which kind of scam it is, on scams alone and one block."""
    block = next(one for one in dataset.blocks if one.name == recipe.kind_block)
    scams = np.flatnonzero(dataset.labels == CATEGORIES.index(Category.SCAM))
    kinds = np.array([KINDS.index(canonical_kind(dataset.specimens[row].kind)) for row in scams])
    part = matrix[scams][:, block.offset : block.offset + 2**block.bits]
    used = np.unique(part.indices)
    model = LogisticRegression(C=recipe.inverse_regularisation, max_iter=2000, tol=1e-6, class_weight="balanced")
    model.fit(part[:, used], kinds)
    weights = np.zeros((2**block.bits, len(model.classes_)), dtype=np.float16)
    weights[used] = model.coef_.T.astype(np.float16)
    return tuple(KINDS[index] for index in model.classes_), weights, np.round(model.intercept_, 4)
