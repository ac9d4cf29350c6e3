"""What a lead is worth to its owner: a score with its reasons. It ranks; nothing is ever hidden by it."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from triage.lead.acquaintances import name_key
from triage.lead.grouping import role_words
from triage.lead.lead import Lead
from triage.lead.opportunity import Opportunity, Pay
from triage.records import Category

# A year of work, for pay by other periods (Eurostat: 37 hours a week on average, 46 weeks less holidays).
_PER_YEAR = {
    "hour": Decimal(1700),
    "day": Decimal(220),
    "week": Decimal(46),
    "month": Decimal(12),
    "year": Decimal(1),
}
_ROLE, _PLACE, _PAY, _PERSON = 3, 2, 3, 1


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the owner wishes.

    Attributes:
        pay_floor: sum, currency (ISO 4217) and period; None where there is none.
        only_exceptional: only what fits in every wish counts as exceptional; else nothing is said of it.
    """

    roles: tuple[str, ...] = ()
    places: tuple[str, ...] = ()
    pay_floor: tuple[Decimal, str, str] | None = None
    only_exceptional: bool = False

    def __bool__(self) -> bool:
        """Whether anything is wished."""
        return bool(self.roles or self.places or self.pay_floor)


NO_WISHES = Wishes()


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason of a score."""

    points: int
    words: str


@dataclass(frozen=True, slots=True)
class Preference:
    """What a lead is worth, and why.

    Attributes:
        is_ordinary: the owner wants only what is exceptional, and this does not fit, or does not say so.
    """

    score: int
    reasons: tuple[Reason, ...]
    is_ordinary: bool = False


def prefer(lead: Lead, wishes: Wishes) -> Preference:
    """Return how well a lead fits; what it does not say is neither for nor against it."""
    reasons = tuple(_reasons(lead, wishes))
    wanted = sum((bool(wishes.roles), bool(wishes.places), wishes.pay_floor is not None))
    fitting = sum(one.points > 0 for one in reasons if not one.words.startswith("through"))
    is_ordinary = wishes.only_exceptional and fitting < wanted
    return Preference(sum(one.points for one in reasons), reasons, is_ordinary)


def _reasons(lead: Lead, wishes: Wishes) -> Iterator[Reason]:
    card = lead.card
    yield from _of_role(card, wishes)
    yield from _of_place(card, wishes)
    yield from _of_pay(card, wishes)
    if wishes and lead.category is Category.REFERRAL:
        yield Reason(_PERSON, "through a person")


def _of_role(card: Opportunity, wishes: Wishes) -> Iterator[Reason]:
    if not wishes.roles or not card.roles:
        return
    for wanted in wishes.roles:
        if any(role_words(wanted) <= role_words(role.value) for role in card.roles):
            yield Reason(_ROLE, f"role: {wanted}")
            return
    yield Reason(-_ROLE, f"role: {card.roles[0].value} is not among yours")


def _of_place(card: Opportunity, wishes: Wishes) -> Iterator[Reason]:
    if not wishes.places or not (card.places or card.remote):
        return
    said = [name_key(place.value) for place in card.places] + ([card.remote.value] if card.remote else [])
    for wanted in wishes.places:
        if any(f" {name_key(wanted)} " in f" {one} " for one in said):
            yield Reason(_PLACE, f"place: {wanted}")
            return
    if card.places:
        yield Reason(-_PLACE, f"place: {card.places[0].value} is not among yours")


def _of_pay(card: Opportunity, wishes: Wishes) -> Iterator[Reason]:
    if wishes.pay_floor is None or not card.pay:
        return
    floor, currency, period = wishes.pay_floor
    least = floor * _PER_YEAR[period]
    comparable = [(most, one.phrase) for one in card.pay if (most := yearly(one, currency)) is not None]
    if not comparable:
        yield Reason(0, f"pay: “{card.pay[0].phrase}” cannot be compared with your floor")
        return
    most, phrase = max(comparable)
    if most >= least:
        yield Reason(_PAY, f"pay: “{phrase}” reaches your floor")
    else:
        yield Reason(-_PAY, f"pay: “{phrase}” is below your floor")


def yearly(pay: Pay, currency: str) -> Decimal | None:
    """Return the most that pay comes to in a year; None in another currency or where it is not said for what time."""
    most = pay.high if pay.high is not None else pay.low
    if most is None or pay.currency != currency or pay.period is None or pay.period.value not in _PER_YEAR:
        return None
    return most * _PER_YEAR[pay.period.value]
