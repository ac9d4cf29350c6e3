"""The owner's examples to a personal model: the corpus and the examples learnt together, without the corpus.

    minimise  c * sum_i t_i loss(y_i, W x_i) + (W - W_base)^2 * firmness / 2

The loss is that which the base model was fitted with, one category against the rest. The second
term is what the corpus would say, to second order about the weights it was fitted to
(`triage.learn.firmness`), so that one fit of a second stands for learning anew from thousands of mails
(docs/learning.md has both side by side). With no examples it is the base model. At the minimum the
correction is a sum over the examples,

    W - W_base = sum_i pull_i x_i / firmness,    pull_i = c * t_i * (y_i - p_i)

so that each example's share of it is known exactly, and none can pull harder than c: one odd example
cannot overturn the base.

An owner misfiles a mail now and then. So each example is trusted as far as the others let it be (t_i):
what models say that learnt only others is set against a rate of misfiled mail. What the owner's other examples
say counts twice, once by itself and once with the base model: habits that are odd to everybody else and
that no other example speaks against are learnt.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy import optimize, sparse, special
from threadpoolctl import threadpool_limits

from triage.classify.counted import unpack_counts
from triage.classify.model import LinearModel, Vector
from triage.classify.reader import READ
from triage.classify.scorer import leaves_open, weigh
from triage.learn.dataset import Labels, Rows
from triage.learn.firmness import Firmness
from triage.records import CATEGORIES, Category
from triage.store.evidence import KeptFeatures

STRENGTHS = (30.0, 10.0, 3.0, 1.0)
"""The constant c, how much one example weighs against one mail of the corpus: the first that the gate lets pass (docs/learning.md)."""

_MISFILED = 0.2
"""How much of an owner's mail may be filed wrongly: the more, the sooner an example is doubted.

Chosen with the strength on the owners cfo and electrician; what noise costs stands in docs/learning.md.
"""

_FEW = 200
"""Of more examples each weighs less, so that all together grow as the root of their number and do not drown the corpus."""

_STEPS = 100
# Scores of 10,000 examples, which are up to 12, differ by 0.16 at most from those at 1e-7, for 28 % less time.
_TOLERANCE = 1e-5
_TRUST_TOLERANCE = 1e-3  # whom to trust needs no more

_PARTS, _PARTS_OF_MANY, _MANY = 5, 2, 1000
"""So many parts are held out in turn to see whom to trust; with many examples half of them say enough, for less time."""


@dataclass(frozen=True)
class Prior:
    """What is known before an owner says anything."""

    model: LinearModel
    firmness: Firmness


@dataclass(frozen=True)
class OwnMail:
    """The owner's examples as the base model sees them.

    Attributes:
        vectors: shape (n, buckets).
        scores: of the base model, shape (n, 4).
        read: what their sentences mean adds to these scores, shape (n, 4); no example changes it.
        labels: indices into `CATEGORIES`, shape (n,).
        glances: scores of the first look, nan where unknown, shape (n,).
    """

    vectors: sparse.csr_matrix
    scores: Vector
    read: Vector
    labels: Labels
    glances: Vector

    def __len__(self) -> int:
        """Return how many examples there are."""
        return len(self.labels)

    def subset(self, rows: Rows) -> "OwnMail":
        """Return only some of the examples."""
        return OwnMail(self.vectors[rows], self.scores[rows], self.read[rows], self.labels[rows], self.glances[rows])


def build_own_mail(base: LinearModel, kept: Sequence[KeptFeatures], categories: Sequence[Category]) -> OwnMail:
    """Return examples as vectors of the base model, with its scores."""
    places, values, scores, read = [], [], [], []
    begin, end = read_places(base)
    for one in kept:
        counted = unpack_counts(one.counts, base.blocks)
        vector = weigh(counted, base.idf.take(counted.places).astype(np.float64), base.blocks)
        weights = base.weights.take(counted.places, axis=0).astype(np.float64)
        places.append(counted.places)
        values.append(vector)
        scores.append(base.intercept + vector @ weights)
        of_reading = (counted.places >= begin) & (counted.places < end)
        read.append(vector[of_reading] @ weights[of_reading])
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
        np.array(read).reshape(len(kept), len(CATEGORIES)),
        np.array([CATEGORIES.index(one) for one in categories], dtype=np.int64),
        np.array(known, dtype=np.float64),
    )


def read_places(model: LinearModel) -> tuple[int, int]:
    """Return where what sentences mean begins and ends in a model's table; nowhere where nothing is read."""
    block = model.blocks[-1]
    return (0, 0) if model.reader is None else (block.offset + READ.start, block.offset + READ.stop)


def chances_of(model: LinearModel, scores: Vector, read: Vector) -> Vector:
    """Return P(category) of mails as the judge would, who reads only what the words leave open, shape (n, 4).

    Args:
        scores: with what was read, shape (n, 4).
        read: what that adds to them, shape (n, 4).
    """
    chances = _softmax(scores * model.slope + model.bias)
    if model.reader is None:
        return chances
    by_words = _softmax((scores - read) * model.unread_slope + model.unread_bias)
    return np.asarray(np.where(leaves_open(by_words, model.sure)[:, None], chances, by_words))


@dataclass(frozen=True)
class Personal:
    """A correction of the base model.

    Attributes:
        places: the buckets that it changes, shape (k,).
        change: of their weights, shape (k, 4).
        trust: how far each example is believed, from 0 to 1, shape (n,).
        influences: each example's share of the whole, shape (n,), summing to 1.
    """

    places: npt.NDArray[np.int64]
    change: Vector
    trust: Vector
    influences: Vector

    def scores(self, mail: OwnMail) -> Vector:
        """Return scores of mail with the correction, shape (n, 4)."""
        return np.asarray(mail.scores + mail.vectors[:, self.places] @ self.change)


def fit_personal(mail: OwnMail, prior: Prior, strength: float = STRENGTHS[0]) -> Personal:
    """Return the correction that explains the examples; the same for the same examples in the same order."""
    problem = _pose(mail, prior, strength)
    trust, start = _trust(problem, prior.model)
    change = _minimise(problem, trust, start, _TOLERANCE)
    lengths = np.linalg.norm(problem.pulls(change, trust), axis=1) * np.sqrt(problem.design.power(2).sum(axis=1).A1)
    total = float(lengths.sum())
    return Personal(problem.places, change, trust, lengths / total if total else lengths)


@dataclass(frozen=True)
class _Problem:
    """What is minimised, on those buckets alone that occur in the examples.

    Attributes:
        design: vectors, shape (n, k); transposed beside it, since that is asked for as often.
        scores: of the base model, shape (n, 4).
        signs: 1 where a category is the example's, else -1, shape (n, 4).
        firmness: shape (k, 4).
    """

    places: npt.NDArray[np.int64]
    design: sparse.csr_matrix
    transposed: sparse.csr_matrix
    scores: Vector
    labels: Labels
    signs: Vector
    firmness: Vector
    strength: float

    def pulls(self, change: Vector, trust: Vector) -> Vector:
        """Return how hard each example pulls at each category's score, shape (n, 4)."""
        margins = self.signs * (self.scores + self.design @ change)
        return np.asarray(self.strength * trust[:, None] * self.signs * special.expit(-margins))


def _pose(mail: OwnMail, prior: Prior, strength: float) -> _Problem:
    places = np.unique(mail.vectors.indices).astype(np.int64)
    # What sentences mean stays: of much mail the judge does not ask, and its levels are all an intercept.
    begin, end = read_places(prior.model)
    places = places[(places < begin) | (places >= end)]
    # The intercept stays: it would turn every other mail as well, and folders say nothing of how much comes of a kind.
    design = mail.vectors[:, places].tocsr()
    return _Problem(
        places,
        design,
        design.T.tocsr(),
        mail.scores,
        mail.labels,
        np.where(np.eye(len(CATEGORIES))[mail.labels] == 1, 1.0, -1.0),
        prior.firmness.at(places),
        strength * min(1.0, (_FEW / max(1, len(mail))) ** 0.5),
    )


def _minimise(problem: _Problem, trust: Vector, start: Vector, tolerance: float) -> Vector:
    """Return the change of the weights that the examples ask for, as far as they are trusted."""
    weights = problem.strength * trust[:, None] * problem.signs
    # In these units every weight is held alike, which takes a quarter fewer steps.
    unit = 1.0 / np.sqrt(problem.firmness)

    def loss(flat: Vector) -> tuple[float, Vector]:
        scaled = flat.reshape(start.shape)
        margins = problem.signs * (problem.scores + problem.design @ (scaled * unit))
        value = float(np.sum(np.abs(weights) * np.logaddexp(0.0, -margins))) + 0.5 * float(flat @ flat)
        gradient = scaled - unit * (problem.transposed @ (weights * special.expit(-margins)))
        return value, gradient.ravel()

    options = {"maxiter": _STEPS, "ftol": tolerance}
    # More threads find the same in another order of addition, so that a model would depend on the machine; and beside
    # other work they wait for each other: three times the CPU seconds on a busy machine.
    with threadpool_limits(limits=1, user_api="blas"):
        found = optimize.minimize(loss, (start / unit).ravel(), jac=True, method="L-BFGS-B", options=options)
    return np.asarray(found.x.reshape(start.shape) * unit)


def _trust(problem: _Problem, base: LinearModel) -> tuple[Vector, Vector]:
    """Return how far each example is to be believed, by models that learnt only others, and the mean of their changes."""
    count = len(problem.labels)
    parts = min(_PARTS if count < _MANY else _PARTS_OF_MANY, max(1, count))
    places = np.arange(count) % parts  # they are in the order of fingerprints, which is as good as none
    others, changes = np.zeros((count, len(CATEGORIES))), np.zeros(problem.firmness.shape)
    for part in range(parts):
        rest = _without(problem, places == part)
        change = _minimise(rest, np.ones(len(rest.labels)), np.zeros_like(changes), _TRUST_TOLERANCE)
        others[places == part] = problem.design[places == part] @ change
        changes += change / parts
    rows = np.arange(count)
    by_others = _softmax(others * base.slope)[rows, problem.labels]
    by_all = _softmax((problem.scores + others) * base.slope + base.bias)[rows, problem.labels]
    told = np.sqrt(by_others * by_all)
    # Where nothing is known each category is as likely, and an example is believed in full.
    return np.minimum(1.0, _believed(told) / _believed(np.array(1.0 / len(CATEGORIES)))), changes


def _without(problem: _Problem, held_out: npt.NDArray[np.bool_]) -> _Problem:
    """Return the problem without some examples."""
    rows = ~held_out
    design = problem.design[rows]
    return replace(
        problem,
        design=design,
        transposed=design.T.tocsr(),
        scores=problem.scores[rows],
        labels=problem.labels[rows],
        signs=problem.signs[rows],
    )


def _believed(chance: Vector) -> Vector:
    """Return the probability that a category is right which others give this chance (Bayes)."""
    right, wrong = (1.0 - _MISFILED) * chance, _MISFILED * (1.0 - chance) / (len(CATEGORIES) - 1)
    return np.asarray(right / (right + wrong))


def _softmax(logits: Vector) -> Vector:
    return np.asarray(special.softmax(logits, axis=1))


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
