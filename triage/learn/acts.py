"""Learns what sentences do, from the sentences that people marked in the corpus and from sentences written for it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import joblib
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold

from triage.classify.acts import ACTS, FULL, LEVELS, ActModel, to_levels, weigh_sentences
from triage.classify.model import Vector
from triage.classify.reader import LEVELS_READ, READ
from triage.learn.dataset import Dataset, Labels, Rows, inverse_frequencies
from triage.learn.marks import BITS, Flags, Marked, load_sentences
from triage.records import CATEGORIES

_INVERSE_REGULARISATION = 10.0
_COMBINING = 0.1
_FOLDS = 8
_MANY = 2000
# The length of what stands beside a sentence's own words in its vector.
_PLACES, _NEIGHBOURS = 0.3, 0.5


@dataclass(frozen=True)
class ActTable:
    """All sentences, those of one mail in a row.

    Attributes:
        counts: shape (n, 2 ** BITS).
        places: see `SentenceWords`, shape (n, 4).
        acts: shape (n, acts).
        bounds: mail i has the sentences from `bounds[i]` to `bounds[i + 1]`.
    """

    counts: sparse.csr_matrix
    places: npt.NDArray[np.uint8]
    acts: Flags
    bounds: npt.NDArray[np.int64]


def make_table(marked: Sequence[Marked]) -> ActTable:
    """Put the sentences of mails one below the other."""
    width = 2**BITS
    bounds = np.cumsum([0, *(len(one.acts) for one in marked)])
    empty = np.empty(0, dtype=np.int64)
    rows, columns = [empty], [empty]
    for one, first in zip(marked, bounds, strict=False):
        words = one.words
        sentence = first + np.repeat(np.arange(len(words.starts)), np.diff(np.append(words.starts, len(words.words))))
        rows += [sentence, sentence[words.is_paired]]
        columns += [words.words, words.pairs[words.is_paired]]
    placed = (np.concatenate(rows), np.concatenate(columns))
    counts = sparse.coo_matrix((np.ones(len(placed[0])), placed), shape=(bounds[-1], width)).tocsr()
    return ActTable(
        counts,
        np.concatenate([np.empty((0, 4), dtype=np.uint8), *(one.words.places for one in marked)]),
        np.concatenate([np.empty((0, len(ACTS)), dtype=bool), *(one.acts for one in marked)]),
        bounds,
    )


def fit_acts(table: ActTable, mails: Rows) -> ActModel:
    """Learn from the sentences of some mails."""
    rows = np.concatenate([np.arange(table.bounds[mail], table.bounds[mail + 1]) for mail in mails])
    idf = inverse_frequencies(table.counts, rows, 1.0).astype(np.float16)
    words = _unit_vectors(table.counts, idf.astype(np.float64))
    after, before = _neighbours(table)
    matrix = sparse.hstack(
        [
            words,
            _NEIGHBOURS * (after @ words),
            _NEIGHBOURS * (before @ words),
            sparse.csr_matrix(_PLACES * table.places),
        ],
        format="csr",
    )[rows]
    width = table.counts.shape[1]
    weights = np.zeros((3, width, len(ACTS)))
    places, intercept = np.zeros((table.places.shape[1], len(ACTS))), np.full(len(ACTS), -10.0)
    for act in range(len(ACTS)):
        does = table.acts[rows, act]
        if not does.any():
            continue
        model = LogisticRegression(
            C=_INVERSE_REGULARISATION, solver="liblinear", dual=True, max_iter=1000, tol=1e-2, random_state=0
        ).fit(matrix, does)
        weights[:, :, act] = model.coef_[0, : 3 * width].reshape(3, width)
        places[:, act] = np.round(_PLACES * model.coef_[0, 3 * width :], 4)
        intercept[act] = np.round(model.intercept_[0], 4)
    weights[1:] *= _NEIGHBOURS
    flat = np.ascontiguousarray(weights.transpose(1, 0, 2).reshape(width, -1)).astype(np.float16)
    return ActModel(idf, flat, places, intercept, "").renamed()


def _unit_vectors(counts: sparse.csr_matrix, idf: npt.NDArray[np.float64]) -> sparse.csr_matrix:
    """Return sentences as `weigh_sentences` weighs them: each occurrence by its idf, divided by the length of all."""
    # Occurrences are not merged in the length: n of one word count n times its square.
    squares = np.asarray(counts @ (idf**2)).ravel()
    norms = np.sqrt(np.where(squares, squares, 1.0))
    return (sparse.diags(1.0 / norms) @ counts @ sparse.diags(idf)).tocsr()


def _neighbours(table: ActTable) -> tuple[sparse.csr_matrix, sparse.csr_matrix]:
    """Return matrices that put the vector of the sentence before, and of the one after, in a sentence's row."""
    count = table.counts.shape[0]
    follows = np.ones(count, dtype=bool)
    follows[table.bounds[:-1][np.diff(table.bounds) > 0]] = False  # the first of a mail
    rows = np.flatnonzero(follows)
    before = sparse.csr_matrix((np.ones(len(rows)), (rows, rows - 1)), shape=(count, count))
    return before, before.T.tocsr()


def processes(mails: int) -> joblib.Parallel:
    """Return what fits models side by side, each the same as by itself; for a few mails alone in this process."""
    return joblib.Parallel(n_jobs=-1 if mails >= _MANY else 1, return_as="generator")


def with_acts(dataset: Dataset, folders: Sequence[Path]) -> Dataset:
    """Return the data set with what its sentences do, if anything was marked and a block asks for it.

    Each mail's levels come from a model that had not seen its author, as those of a stranger's mail will.

    Args:
        folders: of sentences beside the mails.

    Raises:
        ConfigError: a file of sentences cannot be read.
    """
    alone = [pair for folder in folders for pair in load_sentences(folder)]
    marked = [*dataset.marked, *(one for _, one in alone)]
    groups = [*dataset.groups.tolist(), *(name for name, _ in alone)]
    if dataset.blocks[-1].families or not any(one.acts.any() for one in marked) or len(set(groups)) == 1:
        return dataset
    table = make_table(marked)
    mails = np.arange(len(marked))
    folds = list(GroupKFold(min(_FOLDS, len(set(groups)))).split(mails, groups=groups))
    # In processes: liblinear's random numbers are one sequence for all threads of a process.
    fit = joblib.delayed(fit_acts)
    with processes(len(marked)) as parallel:
        whole, *parts = parallel([fit(table, mails), *(fit(table, train) for train, _ in folds)])
    levels = np.zeros((dataset.counts[-1].shape[0], 2 ** dataset.blocks[-1].bits), dtype=np.float64)
    for model, (_, test) in zip(parts, folds, strict=True):
        for mail in test[test < len(dataset)]:
            levels[mail, :LEVELS] = to_levels(weigh_sentences(marked[mail].words, model))
    return replace(dataset, counts=(*dataset.counts[:-1], sparse.csr_matrix(levels)), acts=whole)


def without_acts(dataset: Dataset) -> Dataset:
    """Return the data set as if nothing were known of what sentences do."""
    return dataset if dataset.acts is None else replace(_without(dataset, slice(0, LEVELS)), acts=None)


def without_reader(dataset: Dataset) -> Dataset:
    """Return the data set as if nothing were known of what sentences mean."""
    return dataset if dataset.reader is None else replace(_without(dataset, READ), reader=None)


def _without(dataset: Dataset, columns: slice) -> Dataset:
    levels = dataset.counts[-1].toarray()
    levels[:, columns] = 0
    return replace(dataset, counts=(*dataset.counts[:-1], sparse.csr_matrix(levels)))


@dataclass(frozen=True)
class Combination:
    """How the scores by words and what sentences do become one score for each category.

    Attributes:
        scores: shape (4, 4).
        levels: shape (LEVELS_READ, 4); a level of `FULL` counts as one.
        intercept: shape (4,).
    """

    scores: Vector
    levels: Vector
    intercept: Vector

    def apply(self, scores: Vector, levels: Vector) -> Vector:
        """Return the scores together, shape (n, 4)."""
        return np.asarray(scores @ self.scores + levels @ self.levels + self.intercept)


def levels_of(dataset: Dataset) -> Vector:
    """Return the levels of each mail, of acts and of what was read, a level of `FULL` as one, shape (n, LEVELS_READ)."""
    return np.asarray(dataset.counts[-1][: len(dataset), :LEVELS_READ].toarray() / FULL)


def without_reading(levels: Vector) -> Vector:
    """Return levels as if nothing had been read, shape kept."""
    found = levels.copy()
    found[:, READ] = 0.0
    return found


def combination_ridge(levels: Vector) -> Vector:
    """Return what `fit_combination` holds the weight of each level by, shape (LEVELS_READ,); above zero."""
    return np.asarray(np.maximum(levels.var(axis=0), 1e-4) / _COMBINING)


def fit_combination(scores: Vector, levels: Vector, labels: Labels) -> Combination:
    """Learn to combine from mails that the words' model had not seen (stacking, Wolpert 1992).

    Learnt together with the words, what sentences do would be drowned: their weights fit the mails
    learnt from nearly without error, so that nothing would be left to explain.

    Args:
        scores: of held-out mails, shape (n, 4).
        levels: likewise, shape (n, LEVELS_READ).
    """
    matrix = np.hstack([scores, levels])
    spread = matrix.std(axis=0)
    spread[spread == 0] = 1.0
    weights, intercept = np.zeros((matrix.shape[1], len(CATEGORIES))), np.zeros(len(CATEGORIES))
    for category in range(len(CATEGORIES)):
        model = LogisticRegression(C=_COMBINING, solver="liblinear", max_iter=1000, tol=1e-6, random_state=0)
        model.fit(matrix / spread, labels == category)
        weights[:, category] = np.round(model.coef_[0] / spread, 6)
        intercept[category] = np.round(model.intercept_[0], 6)
    return Combination(weights[: len(CATEGORIES)], weights[len(CATEGORIES) :], intercept)
