"""Sums are found as people of eight languages write them, and nothing is added to what is said."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.lead.opportunity import Period
from triage.lead.pay import find_sums


@pytest.mark.parametrize(
    ("text", "low", "high", "currency", "period"),
    [
        ("£52,000 a year", 52000, 52000, "GBP", Period.YEAR),
        ("rate is £11.80 ph", "11.80", "11.80", "GBP", Period.HOUR),
        ("€85-95k, bonus", 85000, 95000, "EUR", None),
        ("USD 2,450 per month plus cabin", 2450, 2450, "USD", Period.MONTH),
        ("up to 62 LPA", None, 6200000, "INR", Period.YEAR),
        ("between £95,000 and £108,000", 95000, 108000, "GBP", None),
        ("Fixum 118k, 60.000 – 70.000 € Jahresgehalt", 60000, 70000, "EUR", Period.YEAR),
        ("ab 3.200 € brutto im Monat", 3200, None, "EUR", Period.MONTH),
        ("CHF 26.80 pro Stunde", "26.80", "26.80", "CHF", Period.HOUR),
        ("15,80 €/h, prime d'équipe", "15.80", "15.80", "EUR", Period.HOUR),
        ("1 900 € brut par mois", 1900, 1900, "EUR", Period.MONTH),
        ("jusqu'à 45 000 euros annuels", None, 45000, "EUR", Period.YEAR),
        ("38.000 euros brutos anuales", 38000, 38000, "EUR", Period.YEAR),
        ("39–42 000 SEK", 39000, 42000, "SEK", None),
        ("R$ 3.180 por mês", 3180, 3180, "BRL", Period.MONTH),
        ("São 2.900 € brutos por mês", 2900, 2900, "EUR", Period.MONTH),
        ("1.800 euro netti al mese", 1800, 1800, "EUR", Period.MONTH),
        ("19 euro per uur", 19, 19, "EUR", Period.HOUR),
        ("18-22 tys. zł brutto miesięcznie", 18000, 22000, "PLN", Period.MONTH),
    ],
)
def test_a_sum_is_read_as_it_is_written(
    text: str, low: object, high: object, currency: str, period: Period | None
) -> None:
    found = [one.pay for one in find_sums(text)]
    wanted = tuple(None if one is None else Decimal(str(one)) for one in (low, high))
    assert (wanted, currency, period) in [((one.low, one.high), one.currency, one.period) for one in found]


def test_a_dollar_is_that_of_the_sender_s_country_and_nobody_s_where_spanish_does_not_tell() -> None:
    assert [one.pay.currency for one in find_sums("$1.450.000 al mes", country="cl", language="es")] == ["CLP"]
    assert [one.pay.currency for one in find_sums("$19,800 al mes", language="es")] == [None]
    assert [one.pay.currency for one in find_sums("$51/hr", language="en")] == ["USD"]


def test_a_year_a_time_or_a_phone_number_is_no_sum() -> None:
    assert not list(find_sums("Since 2019 we open at 10:30; ring 020 7946 0182 before 5."))


def test_contradictory_pay_stands_twice() -> None:
    sums = list(find_sums("The post is £34,000 a year. Sorry, HR corrected me: £31,500 a year."))
    assert [one.pay.low for one in sums] == [Decimal(34000), Decimal(31500)]


@given(st.text(alphabet=st.sampled_from("0123456789.,'kK€$£ -–/hr per year\n"), max_size=80))
def test_no_text_is_too_odd(text: str) -> None:
    for one in find_sums(text):
        assert one.pay.phrase in text
        assert one.pay.low is None or one.pay.high is None or one.pay.low <= one.pay.high
