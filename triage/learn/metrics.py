"""Numbers for judgements on mail that training never saw, with bootstrap intervals."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.classify.decision import CostTable, decide
from triage.classify.model import Vector
from triage.learn.corpus import Specimen
from triage.learn.curves import expected_calibration_error, likeliest, reliability
from triage.learn.dataset import Labels, Rows
from triage.records import CATEGORIES, Category

ABSTAINED = len(CATEGORIES)
"""The answer of a model that abstains; it counts as wrong everywhere."""

_RESAMPLES = 1000

Measure = Callable[[Labels, Labels], float]
"""From truth and answers to a number."""


@dataclass(frozen=True)
class Answers:
    """Truth and answers for held-out mail.

    Attributes:
        truth: indices into `CATEGORIES`, shape (n,); where two would be right, the one answered.
        answers: the same, or `ABSTAINED`.
        probabilities: calibrated, shape (n, 4).
    """

    specimens: tuple[Specimen, ...]
    truth: Labels
    answers: Labels
    probabilities: Vector

    def subset(self, keep: Callable[[Specimen], bool]) -> "Answers":
        """Return only the mails that a test accepts."""
        return self.take(np.array([index for index, one in enumerate(self.specimens) if keep(one)], dtype=np.intp))

    def take(self, rows: Rows) -> "Answers":
        """Return only some rows."""
        return Answers(
            tuple(self.specimens[row] for row in rows),
            self.truth[rows],
            self.answers[rows],
            self.probabilities[rows],
        )


def answer(specimens: Sequence[Specimen], labels: Labels, chances: Vector, costs: CostTable) -> Answers:
    """Decide on held-out probabilities as the program would."""
    answers = np.empty(len(labels), dtype=np.int64)
    truth = labels.copy()
    other, scam = CATEGORIES.index(Category.OTHER), CATEGORIES.index(Category.SCAM)
    for row, chance in enumerate(chances):
        category = decide(chance, costs)
        answers[row] = ABSTAINED if category is None else CATEGORIES.index(category)
        if specimens[row].either and answers[row] in {other, scam}:
            truth[row] = answers[row]
    return Answers(tuple(specimens), truth, answers, chances)


def macro_f1(truth: Labels, answers: Labels) -> float:
    """Return the mean of the four categories' F1; an abstention is a miss."""
    scores = []
    for category in range(len(CATEGORIES)):
        hits = int(np.sum((truth == category) & (answers == category)))
        named = int(np.sum(answers == category))
        there = int(np.sum(truth == category))
        scores.append(2 * hits / (named + there) if named + there else 0.0)
    return float(np.mean(scores))


def precision_recall(truth: Labels, answers: Labels, category: int) -> tuple[float, float]:
    """Return precision and recall of one category; nan where there is nothing to divide by."""
    hits = np.sum((truth == category) & (answers == category))
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(hits / np.sum(answers == category)), float(hits / np.sum(truth == category))


def lead_called_scam(truth: Labels, answers: Labels) -> float:
    """Return the share of genuine leads that were called scam."""
    leads = np.isin(truth, _LEADS)
    return float(np.mean(answers[leads] == CATEGORIES.index(Category.SCAM))) if leads.any() else 0.0


def scam_called_lead(truth: Labels, answers: Labels) -> float:
    """Return the share of scams that were called a lead."""
    scams = truth == CATEGORIES.index(Category.SCAM)
    return float(np.mean(np.isin(answers[scams], _LEADS))) if scams.any() else 0.0


_LEADS = [CATEGORIES.index(Category.RECRUITER), CATEGORIES.index(Category.REFERRAL)]


def interval(found: Answers, measure: Measure) -> tuple[float, float]:
    """Return the 95 % bootstrap interval of a measure; campaigns are drawn whole."""
    campaigns = [one.campaign for one in found.specimens]
    low, high = bootstrap(lambda rows: [measure(found.truth[rows], found.answers[rows])], campaigns)
    return float(low[0]), float(high[0])


def bootstrap(statistic: Callable[[Rows], Sequence[float]], groups: Sequence[str]) -> tuple[Vector, Vector]:
    """Return lower and upper ends of the 95 % bootstrap intervals of some statistics, shape (k,) each.

    Args:
        statistic: from rows, of which some occur more than once, to k numbers; a draw in
            which a number is nan is left out of its interval.
        groups: the group of each row; groups are drawn whole (Efron 1979).
    """
    rng = np.random.default_rng(0)
    rows: dict[str, list[int]] = {}
    for row, group in enumerate(groups):
        rows.setdefault(group, []).append(row)
    places = [np.array(members) for members in rows.values()]
    values = np.array(
        [
            statistic(np.concatenate([places[index] for index in rng.integers(0, len(places), len(places))]))
            for _ in range(_RESAMPLES)
        ]
    )
    ends = [_ends(column) for column in values.T]
    return np.array([low for low, _ in ends]), np.array([high for _, high in ends])


def _ends(values: Vector) -> tuple[float, float]:
    known = values[~np.isnan(values)]
    if not known.size:
        return np.nan, np.nan
    low, high = np.percentile(known, [2.5, 97.5])
    return float(low), float(high)


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its 95 % bootstrap interval; None where there is nothing to divide by."""

    value: float | None
    low: float | None
    high: float | None


def estimate(statistic: Callable[[Rows], Sequence[float]], groups: Sequence[str]) -> tuple[Figure, ...]:
    """Return some statistics of all rows with their intervals (see `bootstrap`)."""
    if not groups:
        return tuple(Figure(None, None, None) for _ in statistic(np.empty(0, dtype=np.intp)))
    values = statistic(np.arange(len(groups)))
    found = zip(values, *bootstrap(statistic, groups), strict=True)
    return tuple(Figure(*(None if np.isnan(number) else float(number) for number in numbers)) for numbers in found)


def pairs_wholly_right(found: Answers) -> tuple[int, int]:
    """Return how many contrast pairs have both mails right, and how many pairs there are."""
    right: dict[str, list[bool]] = {}
    for specimen, truth, given in zip(found.specimens, found.truth, found.answers, strict=True):
        if specimen.pair:
            right.setdefault(specimen.pair, []).append(bool(truth == given))
    whole = [all(both) for both in right.values() if len(both) > 1]
    return sum(whole), len(whole)


def calibration_error(found: Answers) -> float:
    """Return the expected calibration error of the likeliest category (Guo et al. 2017, section 2)."""
    return expected_calibration_error(reliability(*likeliest(found.probabilities, found.truth)))


def confusion(found: Answers) -> npt.NDArray[np.int64]:
    """Return counts by truth (rows) and answer (columns, the last for abstentions), shape (4, 5)."""
    return count_answers(found.truth, found.answers)


def count_answers(truth: Labels, answers: Labels) -> npt.NDArray[np.int64]:
    """Return counts by truth (rows) and answer (columns, the last for abstentions), shape (4, 5)."""
    table = np.zeros((len(CATEGORIES), len(CATEGORIES) + 1), dtype=np.int64)
    np.add.at(table, (truth, answers), 1)
    return table
