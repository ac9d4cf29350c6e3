"""Which sums of a message are the pay."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import islice

from triage.lead.choosing import THRESHOLD, score
from triage.lead.columns import Context
from triage.lead.material import Material, Zone
from triage.lead.opportunity import Pay
from triage.lead.pay import Sum, find_sums
from triage.lead.tagging import FIELDS, LeadModel, Matrix

_BEGIN = 1 + 2 * FIELDS.index("pay")
_ZONES = (Zone.SUBJECT, Zone.TEXT, Zone.FORWARDED, Zone.QUOTED)
_MOST = 6
# A price list is no offer, and time is bounded.
_MOST_SUMS = 40


def gather_sums(
    material: Material, chances: Sequence[Matrix], context: Context, *, country: str
) -> Iterator[tuple[Sum, dict[str, float]]]:
    """Yield every sum with the facts by which to tell pay from other money."""
    found = [
        (zone, one)
        for zone in _ZONES
        for one in islice(find_sums(material.texts[zone], country=country, language=context.language), _MOST_SUMS)
    ]
    for place, (zone, one) in enumerate(found):
        yield one, _describe(one, zone, (place, len(found)), material, chances)


def _describe(
    one: Sum, zone: Zone, place: tuple[int, int], material: Material, chances: Sequence[Matrix]
) -> dict[str, float]:
    mean, best = _chance(one, zone, material, chances)
    amount = float(one.pay.high or one.pay.low or Decimal(0))
    period = one.pay.period.value if one.pay.period else "none"
    return {
        "mean": mean,
        "best": best,
        "logit": math.log((mean + 0.01) / (1.01 - mean)),
        "marked": float(one.is_marked),
        "waged": float(one.is_waged),
        "thousands": float(one.is_thousands),
        "range": float(one.pay.low != one.pay.high),
        f"period={period}": 1.0,
        f"size={len(str(int(amount)))}": 1.0,
        f"marked_size={one.is_marked},{min(6, len(str(int(amount))))}": 1.0,
        "first": float(place[0] == 0),
        "only": float(place[1] == 1),
        "count": math.log1p(place[1]),
        zone.value: 1.0,
    }


def _chance(one: Sum, zone: Zone, material: Material, chances: Sequence[Matrix]) -> tuple[float, float]:
    """Return the mean and the best chance that the words of a sum are pay, as the tagger sees them."""
    values = [
        float(matrix[at, _BEGIN] + matrix[at, _BEGIN + 1])
        for line, matrix in zip(material.lines, chances, strict=True)
        if line.zone is zone
        for at, token in enumerate(line.tokens)
        if token.start < one.end and token.end > one.start
    ]
    return (sum(values) / len(values), max(values)) if values else (0.0, 0.0)


def choose_pay(
    material: Material, chances: Sequence[Matrix], context: Context, model: LeadModel, *, country: str
) -> Iterator[Pay]:
    """Yield the sums that are pay, each amount once."""
    weights: Mapping[str, float] = model.choosers.get("pay", {})
    seen: set[tuple[Decimal | None, Decimal | None]] = set()
    for one, facts in gather_sums(material, chances, context, country=country):
        key = (one.pay.low, one.pay.high)
        if key in seen or len(seen) >= _MOST or score(facts, weights) < weights.get(THRESHOLD, 1.0):
            continue
        seen.add(key)
        yield replace(one.pay, low=_plain(one.pay.low), high=_plain(one.pay.high))


def _plain(amount: Decimal | None) -> Decimal | None:
    """Return an amount without zeros behind the point."""
    if amount is None:
        return None
    return amount.quantize(Decimal(1)) if amount == amount.to_integral_value() else amount.normalize()
