"""Days are told as far as they are said."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.lead.dates import Order, resolve_day, tell_order

WRITTEN = date(2026, 5, 4)  # a Monday


@pytest.mark.parametrize(
    ("phrase", "day"),
    [
        ("starting 1 September", date(2026, 9, 1)),
        ("by March 3rd", date(2027, 3, 3)),
        ("by Friday", date(2026, 5, 8)),
        ("next Monday", date(2026, 5, 11)),
        ("ab dem 1. Juli 2026", date(2026, 7, 1)),
        ("bis zum 15.05.", date(2026, 5, 15)),
        ("dès le 29 juin", date(2026, 6, 29)),
        ("avant vendredi", date(2026, 5, 8)),
        ("antes del 10 de febrero de 2027", date(2027, 2, 10)),
        ("hasta el jueves", date(2026, 5, 7)),
        ("até 5 de junho", date(2026, 6, 5)),
        ("dal 1 marzo", date(2027, 3, 1)),
        ("vanaf 1 oktober", date(2026, 10, 1)),
        ("do 30 czerwca", date(2026, 6, 30)),
        ("2026-11-02", date(2026, 11, 2)),
        ("tomorrow", date(2026, 5, 5)),
        ("asap", None),
        ("end of May", None),
        ("in September", None),
        ("ab Ostern", None),
        ("31 February", None),
        ("mid August", None),
        ("by 9/12", None),
        ("10/01/2027", None),
        ("by 5/5", date(2026, 5, 5)),
        ("by 25/9", date(2026, 9, 25)),
        ("by 9/25", date(2026, 9, 25)),
        ("in 1.5 months", None),
        ("in 1.5 Monaten", None),
    ],
)
def test_a_phrase_names_this_day_or_none(phrase: str, day: date | None) -> None:
    assert resolve_day(phrase, WRITTEN) == day


def test_without_the_message_s_date_only_a_whole_date_is_told() -> None:
    assert resolve_day("on 1 September", None) is None
    assert resolve_day("on 1 September 2003", None) == date(2003, 9, 1)


def test_mail_of_2003_means_2003() -> None:
    assert resolve_day("by 12 December", date(2003, 11, 20)) == date(2003, 12, 12)


@pytest.mark.parametrize(
    ("country", "language", "day"),
    [
        ("us", "en", date(2026, 9, 12)),
        ("uk", "en", date(2026, 12, 9)),
        ("", "de", date(2026, 12, 9)),
        ("", "en", None),
        ("", None, None),
        ("io", "en", None),
        ("ca", "en", None),
    ],
)
def test_country_or_language_tells_which_figure_is_the_month(
    country: str, language: str | None, day: date | None
) -> None:
    assert resolve_day("by 9/12", WRITTEN, order=tell_order(country, language)) == day


def test_an_american_day_beyond_twelve_needs_no_country() -> None:
    assert resolve_day("9/25/2026", None, order=Order.DAY_FIRST) == date(2026, 9, 25)


@given(st.text(max_size=60))
def test_no_phrase_is_too_odd(phrase: str) -> None:
    resolve_day(phrase, WRITTEN)
