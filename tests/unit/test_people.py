"""What is known of a message's people: how it weighs, and whom it protects."""

from dataclasses import replace

import numpy as np
import pytest

from tests.builders import make_offer, make_scam
from tests.leads import NOW, fact, make_card, make_lead, make_lead_message
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.classify.known import (
    CONTACT_DISOWNED,
    CONTACT_UNVERIFIED,
    KNOWN_CONTACT,
    PROTECTING,
    REFERRER_KNOWN,
    REFERRER_UNKNOWN,
    Known,
)
from triage.classify.scorer import score, vectorise
from triage.config import Config
from triage.lead.acquaintances import ENOUGH_TO_MISS, NOBODY_KNOWN, Contact, People, known_of, name_key
from triage.lead.network import look_around
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Address, Authentication, Category, Message, State

ANNA = Contact("anna.lind@choir.example", "Anna Lind", 12, NOW, NOW)
PEOPLE = People((ANNA,))
MANY = People(
    (
        ANNA,
        *(Contact(f"p{number}@x.example", f"Person Number{number}", 1, NOW, NOW) for number in range(ENOUGH_TO_MISS)),
    )
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


def from_anna(result: str = "") -> Message:
    vouched = (Authentication("mx.example", "dkim", result, "choir.example"),) if result else ()
    return Message(sender=Address("Anna Lind", ANNA.address), authentication=vouched)


@pytest.mark.parametrize(
    ("result", "name"),
    [("pass", KNOWN_CONTACT), ("fail", CONTACT_DISOWNED), ("", CONTACT_UNVERIFIED), ("none", CONTACT_UNVERIFIED)],
)
def test_a_known_sender_is_as_good_as_their_domain_says(result: str, name: str) -> None:
    (known,) = known_of(from_anna(result), make_card(), PEOPLE)
    assert known.name == name


def test_a_stranger_is_not_known_and_an_empty_book_knows_nobody() -> None:
    assert known_of(Message(sender=Address("Anna Lind", "anna@evil.example")), make_card(), PEOPLE) == ()
    assert known_of(from_anna("pass"), make_card(), NOBODY_KNOWN) == ()


@pytest.mark.parametrize(
    ("referrer", "people", "name"),
    [
        ("Anna Lind", PEOPLE, REFERRER_KNOWN),
        ("Lind, Anna", PEOPLE, REFERRER_KNOWN),
        ("Åsa Berg", MANY, REFERRER_UNKNOWN),
        ("Åsa Berg", PEOPLE, None),
        ("Anna", MANY, None),
    ],
)
def test_a_claimed_referrer_is_looked_up(referrer: str, people: People, name: str | None) -> None:
    message = Message(sender=Address("Mia", "mia@bergpartners.example"))
    found = known_of(message, make_card(referrer=fact(referrer)), people)
    assert [one.name for one in found] == ([name] if name else [])


def test_who_is_in_copy_is_no_empty_claim() -> None:
    message = Message(sender=Address("Mia", "mia@b.example"), copied=(Address("Åsa Berg", "asa@works.example"),))
    assert known_of(message, make_card(referrer=fact("Åsa Berg")), MANY) == ()


def test_names_are_compared_as_people_are_called() -> None:
    assert name_key("Lind, Anna") == name_key("  ANNA  lind ") == "anna lind"
    assert name_key("Åsa") == "asa"


@pytest.mark.parametrize("raw", [make_offer(), make_scam()])
def test_facts_add_up_exactly(judge: Judge, raw: bytes) -> None:
    message = parse_message(raw)
    for name in (KNOWN_CONTACT, CONTACT_UNVERIFIED, CONTACT_DISOWNED, REFERRER_KNOWN, REFERRER_UNKNOWN):
        known = [Known(name, "because")]
        with_fact, plain = judge.explain(message, known), judge.explain(message)
        if with_fact.category is not plain.category:
            continue
        place = CATEGORIES.index(plain.category)
        scores = score(vectorise(plain.features, judge.model), judge.model)
        against = scores[place] - np.delete(scores, place).mean()
        shown = next(item for item in with_fact.verdict.evidence if item.name == name)
        assert with_fact.contributions.total == pytest.approx(against + shown.weight, abs=1e-6)
        assert plain.contributions.total == pytest.approx(against, abs=1e-6)


def test_no_facts_change_nothing(judge: Judge) -> None:
    message = parse_message(make_offer())
    assert judge.judge(message, ()) == judge.judge(message)


@pytest.mark.parametrize("name", sorted(PROTECTING))
def test_somebody_the_owner_wrote_to_is_never_silently_called_a_scam(judge: Judge, name: str) -> None:
    message = parse_message(make_scam())
    assert judge.judge(message).category is Category.SCAM
    verdict = judge.judge(message, [Known(name, "you wrote to them twice")])
    assert (verdict.state, verdict.scam_kind) == (State.UNSURE, None)
    assert "reads like a scam" in verdict.reason
    assert {name} < {one.name for one in verdict.evidence}
    assert verdict.probabilities[Category.SCAM] > 0.5


def test_who_only_pretends_to_be_known_is_a_scam_still(judge: Judge) -> None:
    verdict = judge.judge(parse_message(make_scam()), [Known(CONTACT_DISOWNED, "not vouched for")])
    assert verdict.category is Category.SCAM
    assert verdict.evidence[0].name == CONTACT_DISOWNED


def test_each_fact_weighs_its_way(judge: Judge) -> None:
    message = parse_message(make_offer())
    scam = judge.judge(message).probabilities[Category.SCAM]

    def with_fact(name: str) -> float:
        return judge.judge(message, [Known(name, "x")]).probabilities[Category.SCAM]

    assert with_fact(KNOWN_CONTACT) < scam < with_fact(REFERRER_UNKNOWN)
    assert with_fact(REFERRER_KNOWN) < scam
    assert with_fact(CONTACT_UNVERIFIED) == pytest.approx(scam)


def test_the_network_tells_who_brought_what_who_is_silent_and_whom_to_thank() -> None:
    from datetime import timedelta

    before = NOW - timedelta(days=300)
    anna = replace(ANNA, first_sent_at=before, last_sent_at=before)
    nadia = Contact("nadia@steel.example", "Nadia Rahimi", 5, before, before)
    thanked = Contact("ole@x.example", "Ole Dahl", 1, NOW, NOW + timedelta(days=1))
    sent_on = make_lead_message(1, sender=f"Anna Lind <{anna.address}>", category=Category.REFERRAL)
    named = make_lead_message(2, card=make_card(referrer=fact("Anna Lind"), acquaintance=fact("ex-colleague")))
    unknown = make_lead_message(3, card=make_card(referrer=fact("Åsa Berg")))
    ole = make_lead_message(4, card=make_card(referrer=fact("Ole Dahl")))
    leads = [make_lead(one, lead_id=f"l{number}") for number, one in enumerate((sent_on, named, unknown, ole))]
    found = look_around(leads, People((anna, nadia, thanked)), NOW + timedelta(days=2))
    assert next((one.name, one.leads) for one in found.brought) == ("Anna Lind", ("l0", "l1"))
    assert {one.name: one.contact is not None for one in found.brought} == {
        "Anna Lind": True,
        "Åsa Berg": False,
        "Ole Dahl": True,
    }
    assert [one.name for one in found.to_thank] == ["Anna Lind"]
    assert found.to_thank[0].said == "ex-colleague"
    assert [one.name for one in found.silent] == ["Anna Lind", "Nadia Rahimi"]
