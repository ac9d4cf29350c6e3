"""Calibration and the worth of abstaining, from probabilities, truth and losses alone."""

from dataclasses import dataclass
from math import sqrt

import numpy as np
import numpy.typing as npt

from triage.classify.model import Vector
from triage.learn.dataset import Labels

BINS = 10

Flags = npt.NDArray[np.bool_]

_Z = 1.959964
"""The quantile of the normal distribution for 95 %."""


@dataclass(frozen=True, slots=True)
class Bin:
    """The forecasts of one range of probabilities.

    Attributes:
        forecast: their mean.
        share: how many of them came true, with the Wilson interval (95 %).
    """

    count: int
    forecast: float
    share: float
    low: float
    high: float


def likeliest(probabilities: Vector, truth: Labels) -> tuple[Vector, Flags]:
    """Return the probability of the likeliest category, and whether it was right, shape (n,) each."""
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == truth


def reliability(forecasts: Vector, came_true: Flags) -> tuple[Bin, ...]:
    """Return the bins of equal width that hold anything, lowest first.

    Args:
        forecasts: probabilities, shape (n,).
        came_true: shape (n,).
    """
    places = np.minimum((forecasts * BINS).astype(int), BINS - 1)
    found = []
    for place in range(BINS):
        inside = places == place
        count = int(inside.sum())
        if count:
            share = float(came_true[inside].mean())
            found.append(Bin(count, float(forecasts[inside].mean()), share, *wilson(share, count)))
    return tuple(found)


def expected_calibration_error(bins: tuple[Bin, ...]) -> float:
    """Return the mean distance of forecast and share, weighed by count (Guo et al. 2017, section 2)."""
    total = sum(one.count for one in bins)
    return sum(one.count / total * abs(one.share - one.forecast) for one in bins) if total else 0.0


def wilson(share: float, count: int) -> tuple[float, float]:
    """Return the 95 % interval of a share (Wilson 1927)."""
    middle = share + _Z**2 / (2 * count)
    reach = _Z * sqrt(share * (1 - share) / count + _Z**2 / (4 * count**2))
    whole = 1 + _Z**2 / count
    # At 0 and 1 rounding must not put the share outside its interval.
    return max(0.0, min(share, (middle - reach) / whole)), min(1.0, max(share, (middle + reach) / whole))


def brier_score(probabilities: Vector, truth: Labels) -> float:
    """Return the mean squared distance of probabilities and truth (Brier 1950): 0 is best, 2 is worst."""
    return float(np.mean(np.sum((probabilities - np.eye(probabilities.shape[1])[truth]) ** 2, axis=1)))


def log_loss(probabilities: Vector, truth: Labels) -> float:
    """Return the mean negative logarithm of the probability that the truth was given."""
    given = probabilities[np.arange(len(truth)), truth]
    return -float(np.mean(np.log(np.clip(given, 1e-12, 1.0))))


@dataclass(frozen=True, slots=True)
class RiskCurve:
    """Mean loss of what is answered, by how much is answered, surest first (El-Yaniv and Wiener 2010).

    Attributes:
        coverage: shares, ascending; mails of the same confidence come together.
        risk: the mean loss of that share.
        area: the mean risk over all shares; the smaller, the better confidence ranks the mails.
    """

    coverage: tuple[float, ...]
    risk: tuple[float, ...]
    area: float

    def at(self, share: float) -> float:
        """Return the risk where at least so much is answered."""
        place = int(np.searchsorted(self.coverage, share - 1e-12))
        return self.risk[min(place, len(self.risk) - 1)]

    def thinned(self, points: int = 100) -> "RiskCurve":
        """Return the curve at so many equal steps of coverage."""
        places = np.searchsorted(self.coverage, np.arange(1, points + 1) / points - 1e-12)
        kept = np.unique(np.minimum(places, len(self.coverage) - 1)).tolist()
        return RiskCurve(tuple(self.coverage[i] for i in kept), tuple(self.risk[i] for i in kept), self.area)


def coverage_risk(confidence: Vector, losses: Vector) -> RiskCurve:
    """Return the risk at each coverage.

    Args:
        confidence: of the best answer; only its order counts, shape (n,).
        losses: of that answer, shape (n,).
    """
    order = np.argsort(-confidence, kind="stable")
    ranked = confidence[order]
    ends = np.append(np.flatnonzero(ranked[1:] != ranked[:-1]), len(ranked) - 1)
    answered = ends + 1
    risk = np.cumsum(losses[order])[ends] / answered
    area = float(risk @ np.diff(answered, prepend=0)) / len(ranked)
    return RiskCurve(tuple((answered / len(ranked)).tolist()), tuple(risk.tolist()), area)
