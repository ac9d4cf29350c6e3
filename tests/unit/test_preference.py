"""Preferences rank leads with reasons, and hide none."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leads import NOW, fact, make_card, make_lead, make_lead_message, make_pay
from triage.config import parse_config
from triage.errors import ConfigError
from triage.lead.lead import Lead
from triage.lead.opportunity import Opportunity, Period
from triage.lead.overview import View, look_at
from triage.lead.preference import NO_WISHES, Wishes, prefer
from triage.records import Category

WISHES = Wishes(("data engineer",), ("Leeds", "remote"), (Decimal(60000), "GBP", "year"))


def lead_with(card: Opportunity, number: int = 1) -> Lead:
    return make_lead(make_lead_message(number, card=card), lead_id=f"l{number}")


@pytest.mark.parametrize(
    ("card", "score"),
    [
        (make_card("Senior data engineer", "Acme", "Leeds", pay=[make_pay(70000, currency="GBP")]), 8),
        (make_card("Plant director", "Acme", "Porto", pay=[make_pay(50000, currency="GBP")]), -8),
        (make_card("Data engineer", pay=[make_pay(400, currency="GBP", period=Period.DAY)]), 6),
        (make_card("Data engineer", pay=[make_pay(90000)]), 3),
        (make_card("Data engineer", pay=[make_pay(90000, currency="GBP", period=None)]), 3),
        (replace(make_card("Data engineer"), remote=fact("remote")), 5),
        (make_card("Data engineer", "", "Leedsville"), 1),
        (Opportunity(), 0),
    ],
)
def test_a_score_is_the_sum_of_its_reasons(card: Opportunity, score: int) -> None:
    found = prefer(lead_with(card), WISHES)
    assert (found.score, sum(one.points for one in found.reasons)) == (score, score)


def test_without_wishes_nothing_is_ranked() -> None:
    referral = make_lead(make_lead_message(category=Category.REFERRAL, card=make_card("Data engineer")))
    assert prefer(referral, NO_WISHES).reasons == ()
    assert prefer(referral, WISHES).score == 4


def test_only_exceptional_marks_what_does_not_fit_in_everything() -> None:
    wishes = replace(WISHES, only_exceptional=True)
    whole = make_card("Data engineer", "Acme", "Leeds", pay=[make_pay(70000, currency="GBP")])
    assert not prefer(lead_with(whole), wishes).is_ordinary
    assert prefer(lead_with(make_card("Data engineer", "Acme", "Leeds")), wishes).is_ordinary


@given(st.lists(st.sampled_from(["Data engineer", "Plant director", ""]), max_size=6), st.booleans())
def test_every_lead_is_shown_whatever_is_wished(roles: list[str], exceptional: bool) -> None:  # noqa: FBT001
    leads = [lead_with(make_card(role), number) for number, role in enumerate(roles)]
    view = View(NOW + timedelta(days=1), timedelta(days=60), replace(WISHES, only_exceptional=exceptional))
    shown = look_at(leads, {}, view)
    assert sorted(one.lead.lead_id for one in shown) == sorted(one.lead_id for one in leads)
    assert [one.preference.is_ordinary for one in shown] == sorted(one.preference.is_ordinary for one in shown)


@pytest.mark.parametrize(
    ("text", "floor"),
    [
        ("72.5k EUR/year", (Decimal(72500), "EUR", "year")),
        ("650,50 GBP/day", (Decimal("650.5"), "GBP", "day")),
        ("80.000 EUR", (Decimal(80000), "EUR", "year")),
        ("80000 EUR/year", (Decimal(80000), "EUR", "year")),
        ("80k EUR", (Decimal(80000), "EUR", "year")),
        ("80,000 GBP / year", (Decimal(80000), "GBP", "year")),
        ("650 GBP/day", (Decimal(650), "GBP", "day")),
        ("", None),
    ],
)
def test_a_pay_floor_is_read(text: str, floor: tuple[Decimal, str, str] | None) -> None:
    assert parse_config({"preferences": {"pay_floor": text}}).preferences.floor() == floor


@pytest.mark.parametrize("text", ["plenty", "80000", "80000 euros", "EUR 80000"])
def test_a_pay_floor_that_cannot_be_read_says_how_to_write_it(text: str) -> None:
    with pytest.raises(ConfigError, match="80000 EUR/year"):
        parse_config({"preferences": {"pay_floor": text}})
