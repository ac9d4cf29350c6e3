"""What is known of a message's people that the message does not say: facts of fixed weight.

The model has never seen them, since no training data tell whom an owner knows. Each adds a fixed
amount of log-odds to the calibrated scores, chosen to tip what is close and nothing else:
conservative, documented (docs/leads.md), and the same for everybody. Their share in a verdict
is exact, like that of every other piece of evidence.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from triage.records import Category

KNOWN_CONTACT = "known_contact"
CONTACT_UNVERIFIED = "contact_unverified"
CONTACT_DISOWNED = "contact_disowned"
REFERRER_KNOWN = "referrer_known"
REFERRER_UNKNOWN = "referrer_unknown"

# Log-odds. For comparison: of the shipped model's own signals the strongest weigh about one.
WEIGHTS: Mapping[str, Mapping[Category, float]] = {
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
