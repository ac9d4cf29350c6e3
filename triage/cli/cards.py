"""A lead card as people and scripts read it."""

from collections.abc import Iterator
from decimal import Decimal

from triage.lead.opportunity import Day, Fact, Opportunity, Pay

_MANY = (("company", "companies"), ("role", "roles"), ("place", "places"), ("phone", "phones"))
_NAMES = {
    "agency": "agency",
    "hirer": "hiring",
    "level": "level",
    "remote": "remote",
    "contract": "contract",
    "requisition": "requisition",
    "recruiter": "recruiter",
    "address": "address",
    "profile": "profile",
    "referrer": "referrer",
    "acquaintance": "known how",
    "next_step": "next step",
}


def card_to_json(card: Opportunity) -> dict[str, object]:
    """Return a card as plain values; what the message does not say is null or empty."""
    return {
        **{field: [_fact(one) for one in getattr(card, field)] for _, field in _MANY},
        **{field: _fact(getattr(card, field)) for field in _NAMES},
        "pay": [_pay(one) for one in card.pay],
        "start": _day(card.start),
        "deadline": _day(card.deadline),
        "channel": card.channel.value,
        "language": card.language,
    }


def _fact(fact: Fact | None) -> dict[str, str] | None:
    return {"value": fact.value, "phrase": fact.phrase} if fact else None


def _day(day: Day | None) -> dict[str, str | None] | None:
    return {"day": day.day.isoformat() if day.day else None, "phrase": day.phrase} if day else None


def _pay(pay: Pay) -> dict[str, object]:
    return {
        "low": _number(pay.low),
        "high": _number(pay.high),
        "currency": pay.currency,
        "period": pay.period.value if pay.period else None,
        "phrase": pay.phrase,
    }


def _number(amount: Decimal | None) -> str | None:
    return None if amount is None else f"{amount:f}"


def card_rows(card: Opportunity) -> Iterator[tuple[str, str, str]]:
    """Yield name, value and phrase of what a card says."""
    for name, field in _MANY:
        for fact in getattr(card, field):
            yield name, fact.value, fact.phrase
    for pay in card.pay:
        yield "pay", pay_text(pay), pay.phrase
    for field, name in _NAMES.items():
        if fact := getattr(card, field):
            yield name, fact.value, fact.phrase
    for name, day in (("start", card.start), ("deadline", card.deadline)):
        if day:
            yield name, day.day.isoformat() if day.day else "not told which day", day.phrase
    yield "channel", card.channel.value, ""


def pay_text(pay: Pay) -> str:
    """Return pay in words: "75000 to 90000 EUR a year"."""
    if pay.low == pay.high:
        amount = _number(pay.low) or ""
    elif pay.high is None:
        amount = f"from {_number(pay.low)}"
    elif pay.low is None:
        amount = f"up to {_number(pay.high)}"
    else:
        amount = f"{_number(pay.low)} to {_number(pay.high)}"
    period = f"a {pay.period.value}" if pay.period and pay.period.value != "total" else ""
    return " ".join(part for part in (amount, pay.currency or "", period) if part)
