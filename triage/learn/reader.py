"""Learns the net that reads sentences, by back-propagation with NumPy: small enough to do without a framework."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from itertools import chain

import joblib
import numpy as np
import numpy.typing as npt
from scipy import sparse
from sklearn.model_selection import GroupKFold
from threadpoolctl import threadpool_limits

from triage.classify.acts import ACTS
from triage.classify.encoder import encode
from triage.classify.reader import (
    DIMENSIONS,
    PLACES,
    READ,
    Matrix,
    Net,
    ReaderModel,
    place_marks,
    read_meanings,
)
from triage.classify.scorer import softmax
from triage.learn.acts import processes
from triage.learn.dataset import Dataset, Labels, Rows
from triage.learn.marks import Flags
from triage.records import CATEGORIES

_FOLDS = 3
_PART = 2000
"""Sentences that one process encodes at a time."""

_NETS, _UNITS, _ATTENTIONS = 4, 256, 4
_EPOCHS, _BATCH, _LEAST_BATCHES = 12, 64, 8
_RATE, _DECAY, _WARM_UP = 2e-3, 0.2, 100
_DROP = 0.25
_SMOOTHING = 0.04
_ACTS, _DECIDES = 1.0, 0.2
"""How much what marked sentences do, and what deciding ones make of their mail, weigh beside the category."""
_BETA, _BETA_SQUARES = 0.9, 0.999
_AVERAGED, _EVERY = 0.5, 10

Weights = dict[str, Matrix]


@dataclass(frozen=True)
class Meanings:
    """What the encoder makes of the sentences of all mails, those of one mail in a row.

    Attributes:
        vectors: shape (sentences, DIMENSIONS).
        acts: which act each does, shape (sentences, acts).
        decides: whether it makes its mail what it is, shape (sentences,); see `find_deciding`.
        bounds: mail i has the sentences from `bounds[i]` to `bounds[i + 1]`.
    """

    vectors: npt.NDArray[np.float16]
    acts: Flags
    decides: Flags
    bounds: npt.NDArray[np.int64]


def fit_net(meanings: Meanings, labels: Labels, mails: Rows, seed: int) -> Net:
    """Learn from the sentences of some mails (Adam, Kingma and Ba 2015, with decoupled decay, Loshchilov and Hutter 2019).

    Beside the category the net learns what marked sentences do, and to tell the category by the sentences alone that
    decide it, which teaches it what to look for; these parts are not kept. The weights are the mean of those of the second half (Izmailov et al. 2018).

    Raises:
        ArithmeticError: the loss is no number; nothing of it may become a model.
    """
    # More threads add in another order, so that a model would depend on the machine.
    with threadpool_limits(limits=1, user_api="blas"):
        return _fit(meanings, labels, mails, seed)


def _fit(meanings: Meanings, labels: Labels, mails: Rows, seed: int) -> Net:
    random = np.random.Generator(np.random.SFC64(seed))
    weights = _beginning(random, meanings.acts.shape[1])
    first = {name: np.zeros_like(one) for name, one in weights.items()}
    second = {name: np.zeros_like(one) for name, one in weights.items()}
    mean: Weights = {}
    size = max(1, min(_BATCH, len(mails) // _LEAST_BATCHES))
    batches, step, taken = len(mails) // size, 0, 0
    warm_up = min(_WARM_UP, _EPOCHS * batches / 10)
    for epoch in range(_EPOCHS):
        order = random.permutation(mails)
        for number in range(batches):
            step += 1
            batch = Batch.of(meanings, labels, order[number * size :][:size])
            with np.errstate(invalid="ignore", over="ignore"):  # told by the loss
                gradients, loss = differentiate(weights, batch, random)
            if not math.isfinite(loss):
                message = f"the net that reads sentences did not converge: loss {loss} in step {step}"
                raise ArithmeticError(message)
            rate = _RATE * min(1.0, step / warm_up) * (1.0 - (epoch + number / batches) / _EPOCHS)
            unbias = np.sqrt(1 - _BETA_SQUARES**step) / (1 - _BETA**step)
            for name, gradient in gradients.items():
                one, two, weight = first[name], second[name], weights[name]
                one += (1 - _BETA) * (gradient - one)
                two += (1 - _BETA_SQUARES) * (gradient * gradient - two)
                weight *= 1 - rate * _DECAY
                weight -= (rate * unbias) * one / (np.sqrt(two) + 1e-8)
            if epoch >= _EPOCHS * _AVERAGED and number % _EVERY == 0:
                taken += 1
                for name, weight in weights.items():
                    former = mean.setdefault(name, np.zeros_like(weight))
                    former += (weight - former) / taken
    kept = {one.name for one in fields(Net)}
    return Net(**{name: one.astype(np.float16).astype(np.float32) for name, one in mean.items() if name in kept})


def _beginning(random: np.random.Generator, acts: int) -> Weights:
    def normal(*shape: int, scale: float) -> Matrix:
        return (scale * random.standard_normal(shape)).astype(np.float32)

    units, layer = _UNITS, (2 / (3 * _UNITS)) ** 0.5
    return {
        "inner": normal(DIMENSIONS, units, scale=(2 / DIMENSIONS) ** 0.5),
        "places": normal(PLACES, units, scale=0.1),
        "inner_bias": np.zeros(units, dtype=np.float32),
        "own": normal(units, units, scale=layer),
        "before": normal(units, units, scale=layer),
        "after": normal(units, units, scale=layer),
        "outer_bias": np.zeros(units, dtype=np.float32),
        "attention": normal(units, _ATTENTIONS, scale=0.1),
        "output": normal((_ATTENTIONS + 1) * units, len(CATEGORIES), scale=0.02),
        "intercept": np.zeros(len(CATEGORIES), dtype=np.float32),
        "act_weights": normal(units, acts, scale=0.05),
        "act_intercept": np.full(acts, -3.0, dtype=np.float32),
        "decided": normal(units, len(CATEGORIES), scale=0.05),
    }


@dataclass(frozen=True)
class Batch:
    """Some mails: their sentences in a row, `mail` the number of each one's and `starts` the first of each mail's."""

    vectors: Matrix
    marks: Matrix
    acts: Matrix
    decides: Matrix
    mail: Rows
    starts: Rows
    truth: Matrix

    @classmethod
    def of(cls, meanings: Meanings, labels: Labels, mails: Rows) -> "Batch":
        """Return some mails of all."""
        bounds = meanings.bounds
        sizes = bounds[mails + 1] - bounds[mails]
        rows = np.concatenate([np.arange(bounds[one], bounds[one + 1]) for one in mails])
        starts = np.cumsum(sizes) - sizes
        truth = np.full((len(mails), len(CATEGORIES)), _SMOOTHING / len(CATEGORIES), dtype=np.float32)
        truth[np.arange(len(mails)), labels[mails]] += 1 - _SMOOTHING
        return cls(
            meanings.vectors[rows].astype(np.float32),
            np.concatenate([place_marks(size) for size in sizes.tolist()]),
            meanings.acts[rows].astype(np.float32),
            meanings.decides[rows, None].astype(np.float32),
            np.repeat(np.arange(len(mails)), sizes),
            starts,
            truth,
        )


def _kept(random: np.random.Generator, shape: tuple[int, ...]) -> Matrix:
    """Return what values are multiplied by where some are dropped (Srivastava et al. 2014)."""
    return (random.random(shape, dtype=np.float32) >= _DROP).astype(np.float32) / np.float32(1 - _DROP)


def differentiate(weights: Weights, batch: Batch, random: np.random.Generator) -> tuple[Weights, float]:
    """Return the gradient of the loss of some mails, some of the values dropped, and that loss."""
    count, mails = len(batch.vectors), len(batch.starts)
    units, attentions = weights["attention"].shape
    is_first = np.zeros(count + 1, dtype=bool)
    is_first[batch.starts] = is_first[count] = True
    follows, leads = ~is_first[:count, None], ~is_first[1:, None]

    # Forwards.
    inner = batch.vectors @ weights["inner"] + batch.marks @ weights["places"] + weights["inner_bias"]
    inner_kept = _kept(random, inner.shape) * (inner > 0)
    inner *= inner_kept
    before, after = np.zeros_like(inner), np.zeros_like(inner)
    before[1:], after[:-1] = inner[:-1], inner[1:]
    before *= follows
    after *= leads
    outer = inner @ weights["own"] + before @ weights["before"] + after @ weights["after"] + weights["outer_bias"]
    outer_kept = _kept(random, outer.shape) * (outer > 0)
    outer *= outer_kept
    heed = outer @ weights["attention"]
    heed = np.exp(heed - np.maximum.reduceat(heed, batch.starts)[batch.mail])
    heed /= np.add.reduceat(heed, batch.starts)[batch.mail]
    picked = [np.add.reduceat(heed[:, one, None] * outer, batch.starts) for one in range(attentions)]
    strongest = np.maximum.reduceat(outer, batch.starts)
    seen = np.concatenate([*picked, strongest], axis=1)
    scores = seen @ weights["output"] + weights["intercept"]
    chances = softmax(scores)
    alone = softmax(outer @ weights["decided"])
    told = outer @ weights["act_weights"] + weights["act_intercept"]
    does = 1 / (1 + np.exp(-told))

    # Backwards.
    score = (chances - batch.truth) / np.float32(mails)
    act = (does - batch.acts) * np.float32(_ACTS / count)
    decided = (alone - batch.truth[batch.mail]) * (batch.decides * np.float32(_DECIDES / mails))
    back = (score @ weights["output"].T).reshape(mails, attentions + 1, units)
    to_outer = act @ weights["act_weights"].T + decided @ weights["decided"].T
    attended = np.empty_like(heed)
    for one in range(attentions):
        spread = back[batch.mail, one]
        to_outer += heed[:, one, None] * spread
        attended[:, one] = np.einsum("ij,ij->i", outer, spread)
    attended = heed * (attended - np.add.reduceat(heed * attended, batch.starts)[batch.mail])
    to_outer += attended @ weights["attention"].T
    to_outer += back[batch.mail, attentions] * (outer == strongest[batch.mail])
    to_outer *= outer_kept
    to_before, to_after = to_outer @ weights["before"].T, to_outer @ weights["after"].T
    to_inner = to_outer @ weights["own"].T
    to_inner[:-1] += (to_before * follows)[1:]
    to_inner[1:] += (to_after * leads)[:-1]
    to_inner *= inner_kept
    gradients = {
        "inner": batch.vectors.T @ to_inner,
        "places": batch.marks.T @ to_inner,
        "inner_bias": to_inner.sum(axis=0),
        "own": inner.T @ to_outer,
        "before": before.T @ to_outer,
        "after": after.T @ to_outer,
        "outer_bias": to_outer.sum(axis=0),
        "attention": outer.T @ attended,
        "output": seen.T @ score,
        "intercept": score.sum(axis=0),
        "act_weights": outer.T @ act,
        "act_intercept": act.sum(axis=0),
        "decided": outer.T @ decided,
    }
    loss = -float((batch.truth * np.log(chances)).sum()) / mails
    loss += _ACTS / count * float((np.logaddexp(0, told) - batch.acts * told).sum())
    loss -= _DECIDES / mails * float((batch.decides * batch.truth[batch.mail] * np.log(alone)).sum())
    return gradients, loss


def with_reader(dataset: Dataset) -> Dataset:
    """Return the data set with what its mails are read as, if what their sentences do is known.

    Each mail is read by nets that had not seen its author, as a stranger's mail will be.
    """
    groups = dataset.groups
    if dataset.acts is None or len(set(groups)) == 1:
        return dataset
    meanings = encode_all(dataset)
    mails = np.arange(len(dataset))
    folds = list(GroupKFold(min(_FOLDS, len(set(groups)))).split(mails, groups=groups))
    learnt_from = [mails, *(train for train, _ in folds)]
    fit = joblib.delayed(fit_net)
    with processes(len(dataset)) as parallel:
        nets = list(
            parallel(fit(meanings, dataset.labels, rows, seed) for rows in learnt_from for seed in range(_NETS))
        )
    whole, *parts = (ReaderModel(tuple(nets[start : start + _NETS])) for start in range(0, len(nets), _NETS))
    levels = dataset.counts[-1].toarray()
    for model, (_, test) in zip(parts, folds, strict=True):
        for mail in test:
            levels[mail, READ] = _read_levels(meanings, model, mail)
    return replace(dataset, counts=(*dataset.counts[:-1], sparse.csr_matrix(levels)), reader=whole)


def encode_all(dataset: Dataset) -> Meanings:
    """Return what the sentences of the mails of a data set mean."""
    written = dataset.written
    sentences = [sentence for one in written for sentence in one.sentences]
    parts = [sentences[start : start + _PART] for start in range(0, len(sentences), _PART)]
    with processes(len(written)) as parallel:
        vectors = [
            np.empty((0, DIMENSIONS), dtype=np.float16),
            *parallel(joblib.delayed(_encode)(one) for one in parts),
        ]
    bounds = np.cumsum([0, *(len(one.sentences) for one in written)])
    acts = np.concatenate([np.empty((0, len(ACTS)), dtype=bool), *(one.acts for one in written)])
    return Meanings(np.concatenate(vectors), acts, find_deciding(dataset), bounds)


def find_deciding(dataset: Dataset) -> Flags:
    """Return which sentences make their mails what they are, shape (sentences,): those that no other mail of a pair has.

    The mails of a pair have another category each, and what stands in two of them is no reason for either.
    """
    pairs: dict[tuple[str, str], list[int]] = {}
    for number, one in enumerate(dataset.specimens):
        if one.pair:
            pairs.setdefault((one.group, one.pair), []).append(number)
    decides = [np.zeros(len(one.sentences), dtype=bool) for one in dataset.written]
    for mails in pairs.values():
        if 1 < len(mails) == len({dataset.specimens[mail].category for mail in mails}):
            for mail in mails:
                others = (dataset.written[other].sentences for other in mails if other != mail)
                shared = set(chain.from_iterable(others))
                decides[mail][:] = [sentence not in shared for sentence in dataset.written[mail].sentences]
    return np.concatenate([np.empty(0, dtype=bool), *decides])


def _encode(sentences: Sequence[str]) -> npt.NDArray[np.float16]:
    return encode(sentences).astype(np.float16)


def _read_levels(meanings: Meanings, model: ReaderModel, mail: int) -> npt.NDArray[np.int64]:
    vectors = meanings.vectors[meanings.bounds[mail] : meanings.bounds[mail + 1]].astype(np.float32)
    return read_meanings([""] * len(vectors), vectors, model).levels
