"""What is known of a message's people that the message does not say: facts of fixed weight.

The model has never seen them, since no training data tell whom an owner knows. Each adds a fixed
amount of log-odds to the calibrated scores, chosen to tip what is close and nothing else:
conservative, documented (docs/leads.md), and the same for everybody. Their share in a verdict
is exact, like that of every other piece of evidence.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from triage.classify.model import LinearModel, Vector
from triage.records import CATEGORIES, Category

KNOWN_CONTACT = "known_contact"
CONTACT_UNVERIFIED = "contact_unverified"
CONTACT_DISOWNED = "contact_disowned"
REFERRER_KNOWN = "referrer_known"
REFERRER_UNKNOWN = "referrer_unknown"

# Log-odds. For comparison: of the shipped model's own signals the strongest weigh about one.
_WEIGHTS: dict[str, dict[Category, float]] = {
    KNOWN_CONTACT: {Category.REFERRAL: 0.4, Category.SCAM: -1.2},
    # Nobody vouches for the sender's domain, and nobody disowns it: shown, and enough to ask the owner.
    CONTACT_UNVERIFIED: {},
    # The domain disowns it: who imitates somebody the owner knows has a reason to.
    CONTACT_DISOWNED: {Category.SCAM: 0.3},
    REFERRER_KNOWN: {Category.REFERRAL: 0.6, Category.SCAM: -0.6},
    REFERRER_UNKNOWN: {Category.SCAM: 0.5},
}

PROTECTING = frozenset({KNOWN_CONTACT, CONTACT_UNVERIFIED})
"""With one of these a message is never called a scam: the verdict is left to the owner."""


@dataclass(frozen=True, slots=True)
class Known:
    """One thing that is known.

    Attributes:
        name: one of the names above.
        quote: what shows it, in words.
    """

    name: str
    quote: str


def known_scores(known: Sequence[Known], model: LinearModel) -> Vector:
    """Return what each fact adds to the raw scores, shape (facts, 4).

    The weights are log-odds, which calibration makes of raw scores by a slope for each category.
    """
    table = [[_WEIGHTS[one.name].get(category, 0.0) for category in CATEGORIES] for one in known]
    return np.asarray(table, dtype=np.float64).reshape(len(known), len(CATEGORIES)) / model.slope
