"""Data set to `LinearModel`: logistic regression, calibration on held-out groups, kinds of scam."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import joblib
import numpy as np
from scipy import optimize, sparse
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, LeaveOneGroupOut

from triage.classify.model import Block, LinearModel, Vector
from triage.classify.reader import LEVELS_READ
from triage.classify.scorer import leaves_open, softmax
from triage.learn.acts import fit_combination, levels_of, processes, without_reading
from triage.learn.dataset import Dataset, Labels, Rows, design_matrix, inverse_frequencies, scaled_matrix
from triage.learn.kinds import KINDS, canonical_kind
from triage.learn.screen import FittedScreen, fit_screen
from triage.records import CATEGORIES, Category

_NEVER = -30.0
"""Score of a class that training held no example of."""

# Added to the weight of a feature in a class and outside it: half of what one rare word weighs in a mail.
_SMOOTHING = 0.05

_LEAST_SCALE = 0.01

# Of 1,367 mails of authors held out none is judged otherwise than with 1e-4, no score moves by more than 0.011 (0.001 on
# average), and the fit takes 14 s in place of 52.
_TOLERANCE = 0.1

# With every kind weighing the same, of vectors of length 1: see docs/signals.md, "Kinds of scam", for what was tried.
_KIND_INVERSE_REGULARISATION = 10.0


@dataclass(frozen=True, slots=True)
class Recipe:
    """Everything that is chosen about training, in one place.

    Attributes:
        blocks: name, families, weight and bits of each block.
        idf_power: exponent of the inverse document frequency.
        inverse_regularisation: scikit-learn's C.
        ratio_power: exponent of the log-count ratios that features are scaled by; 0 leaves them.
        kind_block: the block that tells kinds of scam apart.
        sure: a mail is read where no category has so high a probability by its words alone.
        folds: parts that the authors are held out in, to calibrate and to measure.
    """

    blocks: tuple[tuple[str, tuple[str, ...], float, int], ...]
    idf_power: float
    inverse_regularisation: float
    ratio_power: float
    kind_block: str
    sure: float = 0.95
    folds: int = 15

    def layout(self) -> tuple[Block, ...]:
        """Return the blocks with their places in the table of weights."""
        found, offset = [], 0
        for name, families, weight, bits in self.blocks:
            found.append(Block(name, families, weight, offset, bits))
            offset += 2**bits
        return tuple(found)


BASE_RECIPE = Recipe(
    blocks=(
        ("words", ("word1",), 1.0, 17),
        ("characters", ("char4", "char5"), 1.0, 19),
        ("sender", ("sender",), 0.3, 14),
        ("signals", ("signal",), 0.2, 12),
        ("quoted", ("quoted1",), 0.2, 14),
        ("kinds", ("word1", "signal"), 0.1, 13),
        ("acts", (), 1.0, 6),
    ),
    idf_power=0.8,
    inverse_regularisation=20.0,
    ratio_power=0.5,
    kind_block="kinds",
)


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What models that had not seen the groups say of them.

    Attributes:
        words: raw scores without what sentences do, shape (n, 4).
        scores: raw, shape (n, 4).
        unread: likewise, as if no sentence had been read, shape (n, 4).
        probabilities: calibrated on the other groups, shape (n, 4); the first look's for what it cleared.
        screen: the first look.
    """

    words: Vector
    scores: Vector
    unread: Vector
    probabilities: Vector
    screen: FittedScreen


def fit_linear(
    matrix: sparse.csr_matrix,
    labels: Labels,
    classes: int,
    inverse_regularisation: float,
    importance: Vector | None = None,
) -> tuple[Vector, Vector]:
    """Fit logistic regression, one category against the rest, and return weights (features, classes) and intercept.

    `importance` weighs the rows; by default they are all alike.

    Solved in the dual by coordinate descent (Yu, Huang and Lin 2011), which is fast where
    there are far more features than mails, and calls no BLAS, so that the same data give
    the same weights on every machine.
    """
    weights = np.zeros((matrix.shape[1], classes))
    intercept = np.full(classes, _NEVER)
    present = np.unique(labels)
    if len(present) == 1:  # nothing to tell apart
        intercept[present[0]] = 0.0
        return weights, intercept
    for index in present:
        model = LogisticRegression(
            C=inverse_regularisation, solver="liblinear", dual=True, max_iter=3000, tol=_TOLERANCE, random_state=0
        )
        model.fit(matrix, labels == index, sample_weight=importance)
        weights[:, index] = model.coef_[0]
        intercept[index] = model.intercept_[0]
    return weights, intercept


def fit_categories(matrix: sparse.csr_matrix, labels: Labels, recipe: Recipe) -> tuple[Vector, Vector]:
    """Fit the categories and return weights (features, categories) and intercept.

    A feature is scaled by how unevenly the categories use it, so that the fit spends its
    weights on telling ones (Wang and Manning 2012, where the ratio stands instead of the
    count). The scale is part of the weights that are returned.
    """
    scale = feature_scale(matrix, labels, recipe)
    weights, intercept = fit_linear(
        matrix @ sparse.diags(scale), labels, len(CATEGORIES), recipe.inverse_regularisation
    )
    return weights * scale[:, None], intercept


def feature_scale(matrix: sparse.csr_matrix, labels: Labels, recipe: Recipe) -> Vector:
    """Return what each feature is scaled by before the fit, shape (features,); above zero."""
    # Rounded, so that the last bit of a machine's logarithm changes no weight.
    scale = np.round(log_count_ratios(matrix, labels, len(CATEGORIES)) ** recipe.ratio_power, 3)
    return np.maximum(scale, _LEAST_SCALE)


def log_count_ratios(matrix: sparse.csr_matrix, labels: Labels, classes: int) -> Vector:
    """Return, for each feature, the mean over the classes of |log P(feature | class) / P(feature | others)|."""
    total = np.asarray(matrix.sum(axis=0)).ravel()
    ratios = np.zeros(matrix.shape[1])
    for index in range(classes):
        inside = np.asarray(matrix[labels == index].sum(axis=0)).ravel()
        outside = total - inside + _SMOOTHING
        inside += _SMOOTHING
        ratios += np.abs(np.log(inside / inside.sum()) - np.log(outside / outside.sum())) / classes
    return ratios


def iter_folds(dataset: Dataset, folds: int) -> list[tuple[Rows, Rows]]:
    """Return (training rows, held-out rows): whole groups are held out, campaigns never split."""
    places = np.arange(len(dataset))
    if len(set(dataset.groups)) <= folds:
        return list(LeaveOneGroupOut().split(places, groups=dataset.groups))
    return list(GroupKFold(folds).split(places, groups=dataset.groups))


def _background_rows(dataset: Dataset) -> Rows:
    return np.arange(len(dataset), len(dataset.labels))


def held_out_scores(
    dataset: Dataset,
    recipe: Recipe,
    folds: Sequence[tuple[Rows, Rows]] | None = None,
    *,
    known: HeldOut | None = None,
    advance: Callable[[], None] = lambda: None,
) -> HeldOut:
    """Return scores for every held-out mail from models that did not see it.

    Args:
        folds: training and held-out rows; by default whole groups. Rows that no fold holds out stay zero.
        known: what calibration and the first look's threshold come from, where the folds hold out
            mail that nobody could have calibrated on; by default the folds themselves.
        advance: told of each fold that is done.
    """
    words = np.zeros((len(dataset), len(CATEGORIES)))
    folds = iter_folds(dataset, recipe.folds) if folds is None else folds
    counted, score = _Counted.of(dataset), joblib.delayed(_score_fold)
    with processes(len(dataset)) as parallel:
        found = parallel(score(counted, recipe, train, test) for train, test in folds)
        for (_, test), scored in zip(folds, found, strict=True):
            words[test] = scored
            advance()
    scores, unread = words.copy(), words.copy()
    if dataset.has_levels:
        levels = levels_of(dataset)
        heard = words if known is None else known.words
        for train, test in folds:  # likewise combined as the other folds say
            together = fit_combination(heard[train], levels[train], dataset.labels[train])
            scores[test] = together.apply(words[test], levels[test])
            unread[test] = together.apply(words[test], without_reading(levels[test]))
    told = (scores, unread) if known is None else (known.scores, known.unread)
    chances = np.zeros_like(scores)
    for train, test in folds:  # calibrated by what the other folds held out
        read, plain = (calibrate(one[train], dataset.labels[train]) for one in told)
        chances[test] = _chances(scores[test], *read)
        if dataset.reader is not None:
            by_words = _chances(unread[test], *plain)
            is_sure = ~leaves_open(by_words, recipe.sure)
            chances[test[is_sure]] = by_words[is_sure]
    screen = fit_screen(dataset, folds)
    if known is not None:
        screen = replace(screen, screen=known.screen.screen)
    judged = np.unique(np.concatenate([test for _, test in folds]))
    for row in judged[screen.cleared[judged]]:
        chances[row] = [*screen.screen.probabilities(screen.scores[row]).values()]
    return HeldOut(words, scores, unread, chances, screen)


def _chances(scores: Vector, slope: Vector, bias: Vector) -> Vector:
    return np.array([softmax(slope * row + bias) for row in scores]).reshape(scores.shape)


@dataclass(frozen=True)
class _Counted:
    """What a process needs of a data set to fit words: see `Dataset`."""

    blocks: Sequence[Block]
    counts: Sequence[sparse.csr_matrix]
    labels: Labels
    background: Rows

    @classmethod
    def of(cls, dataset: Dataset) -> "_Counted":
        told_by = [place for place, block in enumerate(dataset.blocks) if block.families]
        return cls(
            [dataset.blocks[place] for place in told_by],
            [dataset.counts[place] for place in told_by],
            dataset.labels,
            _background_rows(dataset),
        )


def _score_fold(counted: _Counted, recipe: Recipe, train: Rows, test: Rows) -> Vector:
    """Return the scores of what is held out, by words, shape (len(test), 4)."""
    learnt = np.concatenate([train, counted.background])
    idf = [inverse_frequencies(one, train, recipe.idf_power) for one in counted.counts]
    matrix = scaled_matrix(counted.counts, counted.blocks, idf)
    weights, intercept = fit_categories(matrix[learnt], counted.labels[learnt], recipe)
    return np.asarray(matrix[test] @ weights + intercept)


def words_alone(matrix: sparse.csr_matrix, dataset: Dataset) -> sparse.csr_matrix:
    """Return vectors without what sentences do, which comes last."""
    last = dataset.blocks[-1]
    return matrix if last.families else matrix[:, : last.offset]


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
    rows = np.arange(len(dataset))  # document frequencies are the authored mails'
    idf = [inverse_frequencies(counts, rows, recipe.idf_power) for counts in dataset.counts]
    rounded = [column.astype(np.float16).astype(np.float64) for column in idf]
    matrix = design_matrix(dataset, rounded)
    weights, intercept = fit_categories(words_alone(matrix, dataset), dataset.labels, recipe)
    weights = np.vstack([weights, np.zeros((matrix.shape[1] - len(weights), len(CATEGORIES)))])
    if dataset.has_levels:
        together = fit_combination(held_out.words, levels_of(dataset), dataset.labels[: len(dataset)])
        block = dataset.blocks[-1]
        weights, intercept = weights @ together.scores, intercept @ together.scores + together.intercept
        weights[block.offset : block.offset + LEVELS_READ] = together.levels / block.weight
    slope, bias = calibrate(held_out.scores, dataset.labels[: len(dataset)])
    unread_slope, unread_bias = calibrate(held_out.unread, dataset.labels[: len(dataset)])
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
        screen=held_out.screen.screen,
        acts=dataset.acts,
        reader=dataset.reader,
        unread_slope=unread_slope,
        unread_bias=unread_bias,
        sure=recipe.sure,
    )


def _fit_kinds(
    dataset: Dataset, matrix: sparse.csr_matrix, recipe: Recipe
) -> tuple[tuple[str, ...], np.ndarray, Vector]:
    """Fit which kind of scam it is, on scams alone and one block."""
    block = next(one for one in dataset.blocks if one.name == recipe.kind_block)
    scams, kinds = true_kinds(dataset)
    part = matrix[scams][:, block.offset : block.offset + 2**block.bits]
    weights, intercept = _weigh_kinds(part, kinds, block)
    return KINDS, weights.astype(np.float16), np.round(intercept, 4)


def true_kinds(dataset: Dataset) -> tuple[Rows, Labels]:
    """Return the rows of the scams that somebody wrote, and the kind of each as an index into `KINDS`."""
    scams = np.flatnonzero(dataset.labels[: len(dataset)] == CATEGORIES.index(Category.SCAM))
    kinds = [KINDS.index(canonical_kind(dataset.specimens[row].kind)) for row in scams]
    return scams, np.array(kinds, dtype=np.int64)


def held_out_kinds(dataset: Dataset, recipe: Recipe, folds: Sequence[tuple[Rows, Rows]]) -> Labels:
    """Return what kind each scam is taken for by models that did not see it, in the order of `true_kinds`.

    Only the kinds are fitted, on their own block, so that it takes seconds. All rows of scams
    must be held out by some fold.
    """
    place, block = next((place, one) for place, one in enumerate(dataset.blocks) if one.name == recipe.kind_block)
    scams, kinds = true_kinds(dataset)
    found = np.zeros_like(kinds)
    for train, test in folds:
        learnt, judged = np.isin(scams, train), np.isin(scams, test)
        idf = inverse_frequencies(dataset.counts[place], train, recipe.idf_power)
        matrix = scaled_matrix([dataset.counts[place][scams]], [block], [idf])
        weights, intercept = _weigh_kinds(matrix[learnt], kinds[learnt], block)
        found[judged] = np.argmax(matrix[judged] @ weights + intercept, axis=1)
    return found


def _weigh_kinds(matrix: sparse.csr_matrix, kinds: Labels, block: Block) -> tuple[Vector, Vector]:
    """Return weights (features, kinds) and intercept for vectors as long as the block weighs.

    They are fitted on vectors of length 1: beside an intercept ten times as long the descent
    takes a minute where it takes a second.
    """
    counts = np.bincount(kinds, minlength=len(KINDS))
    alike = len(kinds) / (np.count_nonzero(counts) * counts[kinds])  # all kinds together weigh as much as all mails
    weights, intercept = fit_linear(matrix / block.weight, kinds, len(KINDS), _KIND_INVERSE_REGULARISATION, alike)
    return weights / block.weight, intercept
