"""What cards are learnt from: annotations laid over words, authors kept together, names compared."""

from decimal import Decimal

import pytest

from tests.builders import make_raw
from triage.lead.candidates import Candidate, Mention
from triage.lead.choosing import BIAS, THRESHOLD, choose
from triage.lead.material import Material
from triage.lead.names import is_same, is_same_person
from triage.lead.opportunity import Pay, Period
from triage.learn.lead_data import AnnotatedLead, is_same_pay, tag
from triage.learn.lead_training import deal
from triage.mail.parse import parse_message
from triage.records import Category


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Kestrel Foods", "kestrel foods Ltd", True),
        ("Krankenpfleger (m/w/d)", "Krankenpfleger", True),
        ("the Hotel Post", "Hotel Post", True),
        ("senior maintenance engineer", "maintenance engineer", True),
        ("chaudronnier 2e équipe", "chaudronnier", False),
        ("Leeds", "York", False),
        ("", "York", False),
    ],
)
def test_values_are_compared_as_documented(one: str, other: str, *, same: bool) -> None:
    assert is_same(one, other) is same
    assert is_same(other, one) is same


def test_a_person_may_be_called_by_one_name_and_two_with_one_surname_differ() -> None:
    assert is_same_person("Dr. Ines Pfister", "Ines")
    assert not is_same_person("Ines Pfister", "Karl Pfister")


def test_pay_is_the_same_where_nothing_contradicts() -> None:
    pay = Pay(Decimal(52000), Decimal(52000), "GBP", None, "£52k")
    assert is_same_pay(pay, {"low": 52000, "high": 52000, "currency": "GBP", "period": "year"})
    assert not is_same_pay(pay, {"low": 52000, "high": None, "currency": "GBP", "period": "year"})
    assert not is_same_pay(pay, {"low": 52000, "high": 52000, "currency": "EUR", "period": "year"})
    weekly = Pay(Decimal(280), Decimal(280), None, Period.WEEK, "280 a week")
    assert not is_same_pay(weekly, {"low": 280, "high": 280, "currency": None, "period": "hour"})


def test_an_annotation_marks_every_word_of_its_values_and_parts_of_names() -> None:
    text = "Hi, we want a head baker in York. Regards, Siobhan"
    message = parse_message(make_raw(text, subject="Baker", sender="Siobhan Kearns <s@kestrel.example>"))
    lead = {"role": ["head baker"], "place": ["York"], "recruiter": "Siobhan Kearns", "company": [], "pay": []}
    material = Material(message)
    tags = tag(AnnotatedLead("1", "a", "en", Category.RECRUITER, message, lead), material)
    marked = {
        (token.text, name)
        for line, row in zip(material.lines, tags, strict=True)
        for token, name in zip(line.tokens, row, strict=True)
        if name != "O"
    }
    assert {("head", "B-role"), ("baker", "I-role"), ("York", "B-place"), ("Siobhan", "B-recruiter")} <= marked
    assert ("Kearns", "I-recruiter") in marked


def test_authors_are_never_split_between_folds() -> None:
    groups = ["a"] * 9 + ["b"] * 5 + ["c"] * 4 + ["d"] * 3 + ["e"] * 2
    folds = deal(groups)
    assert all(len({fold for fold, name in zip(folds, groups, strict=True) if name == group}) == 1 for group in "abcde")
    assert len(set(folds)) > 1


def test_the_surest_is_chosen_and_what_overlaps_it_is_not() -> None:
    sure = Candidate("head baker", [Mention(0, 2, 4, 0.9, 0.9, 0.0)], {"chance": 3.0})
    part = Candidate("baker", [Mention(0, 3, 4, 0.8, 0.8, 0.0)], {"chance": 2.0})
    elsewhere = Candidate("miller", [Mention(1, 0, 1, 0.7, 0.7, 0.0)], {"chance": 1.0})
    doubtful = Candidate("friend", [Mention(2, 0, 1, 0.1, 0.1, 0.0)], {"chance": -2.0})
    weights = {"chance": 1.0, BIAS: 0.0, THRESHOLD: 0.6}
    chosen = choose([doubtful, elsewhere, part, sure], weights, limit=3)
    assert [one.phrase for one in chosen] == ["head baker", "miller"]
    assert choose([sure], {}, limit=1) == []
