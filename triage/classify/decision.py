"""Probabilities to a category, or to none: the least expected cost (Elkan 2001)."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from triage.classify.model import Vector
from triage.records import CATEGORIES, Category


@dataclass(frozen=True, slots=True)
class CostTable:
    """What each mistake costs, in the unit of the dearest that a person may choose.

    A right answer costs nothing; `abstain` is what asking the owner costs.
    """

    lead_called_other: float
    lead_called_scam: float
    scam_called_lead: float
    scam_called_other: float
    other_called_lead: float
    other_called_scam: float
    lead_called_other_lead: float
    abstain: float

    def matrix(self) -> Vector:
        """Return costs by true category (rows) and answer (columns), shape (4, 4)."""
        lead = (Category.RECRUITER, Category.REFERRAL)
        table = np.zeros((len(CATEGORIES), len(CATEGORIES)))
        for row, truth in enumerate(CATEGORIES):
            for column, answer in enumerate(CATEGORIES):
                if truth == answer:
                    continue
                if truth in lead:
                    cost = self._lead_mistaken(answer)
                elif truth is Category.SCAM:
                    cost = self.scam_called_other if answer is Category.OTHER else self.scam_called_lead
                else:
                    cost = self.other_called_scam if answer is Category.SCAM else self.other_called_lead
                table[row, column] = cost
        return table

    def _lead_mistaken(self, answer: Category) -> float:
        if answer is Category.SCAM:
            return self.lead_called_scam
        return self.lead_called_other if answer is Category.OTHER else self.lead_called_other_lead


@lru_cache(maxsize=8)
def _matrix(costs: CostTable) -> Vector:
    return costs.matrix()


def decide(probabilities: Vector, costs: CostTable) -> Category | None:
    """Return the category of least expected cost, None where abstaining costs less.

    Args:
        probabilities: calibrated, in the order of `CATEGORIES`, shape (4,).
        costs: what mistakes cost.
    """
    expected = expected_costs(probabilities, costs)
    best = int(np.argmin(expected))
    return None if expected[best] > costs.abstain else CATEGORIES[best]


def expected_costs(probabilities: Vector, costs: CostTable) -> Vector:
    """Return what each answer costs on average, shape (..., 4) as the probabilities."""
    return np.asarray(probabilities @ _matrix(costs), dtype=np.float64)
