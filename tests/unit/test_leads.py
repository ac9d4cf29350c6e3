"""Leads: which messages are one opportunity, how it stands, and laws that hold whatever comes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leads import NOW, fact, make_card, make_lead, make_lead_message, make_pay, record
from triage.lead import grouping, sides
from triage.lead.grouping import (
    SAME_JOB,
    LeadIndex,
    company_name,
    grouping_marks,
    is_same_company,
    role_words,
    search_marks,
)
from triage.lead.lead import (
    THREADS,
    Answer,
    Lead,
    LeadMessage,
    LeadState,
    Reply,
    Way,
    bare_subject,
    make_lead_id,
    make_mark,
    marks_of_message,
    marks_of_sent,
    merge_cards,
    message_ids,
    state_of,
    thread_marks,
)
from triage.lead.opportunity import Channel, Day, Opportunity, Period
from triage.lead.overview import View, look_at
from triage.lead.sides import honest_part
from triage.records import Address, Category

LATER = NOW + timedelta(days=3)
EXPIRES = timedelta(days=60)
BERG = "Mia Berg <mia@bergpartners.example>"


def find_lead(message: LeadMessage, leads: Sequence[Lead]) -> str | None:
    return LeadIndex(leads).find(message)


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("Acme", "ACME GmbH", True),
        ("Acme Ltd.", "Acme Deutschland GmbH & Co. KG", True),
        ("S.p.A. Ferrante", "Ferrante", True),
        ("Acme", "Acme Health", False),
        ("Siemens", "Siemens Energy", False),
        ("Deutsche Bank", "Deutsche Bahn", False),
        ("Nexa", "Nexo", False),
        ("Kestrel Foods", "Kestrel Food", True),
        ("Zalando Payments", "Zalando Paymnets", True),
        ("Orion Labs 1", "Orion Labs 2", False),
        ("Meridian Bank", "Meridian Tank", False),
        ("Müller & Söhne", "Mueller", False),
        ("Crédit Lyonnais", "Credit Lyonnais SA", True),
    ],
)
def test_near_names_are_told_apart(one: str, other: str, is_same: bool) -> None:  # noqa: FBT001
    assert is_same_company(company_name(one), company_name(other)) is is_same
    assert is_same_company(company_name(other), company_name(one)) is is_same


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Senior Backend Engineer (m/w/d)", "Sr. Back-End Engineer"),
        ("Entwickler Java", "Java Developer"),
        ("Head of Data", "Head, Data"),
    ],
)
def test_a_role_is_the_same_however_it_is_spelt(one: str, other: str) -> None:
    assert role_words(one) == role_words(other)


JOB = make_card("Data engineer", "Acme", "Leeds", agency="Norr Talent", pay=[make_pay(60000, 70000, "GBP")])


@pytest.mark.parametrize(
    ("card", "is_same"),
    [
        (make_card("Senior data engineer", "ACME Ltd", "Leeds, UK", agency="Berg"), True),
        (make_card("Data engineer", "Acme Health", "Leeds"), False),
        (make_card("Frontend engineer", "Acme", "Leeds"), False),
        (make_card("Data engineer", "Acme", "Porto"), False),
        (make_card("Data engineer", "Acme", pay=[make_pay(65000, 80000, "GBP")]), True),
        (make_card("Data engineer", "Acme", pay=[make_pay(90000, 99000, "GBP")]), False),
        (make_card("Data engineer", "Acme", pay=[make_pay(500, 600, "GBP", Period.DAY)]), True),
        (make_card("Data engineer intern", "Acme"), False),
        (make_card("Data engineer", "", "Leeds", pay=[make_pay(60000, 70000, "GBP")]), True),
        (make_card("Data engineer", "", "Leeds"), False),
        (make_card("", "Acme", "Leeds"), False),
        (Opportunity(), False),
    ],
)
def test_another_agency_with_the_same_job_is_the_same_lead(card: Opportunity, is_same: bool) -> None:  # noqa: FBT001
    lead = make_lead(make_lead_message(1, card=JOB))
    found = find_lead(make_lead_message(2, sender=BERG, at=LATER, subject="A role for you", card=card), [lead])
    assert (found == lead.lead_id) is is_same


def test_a_requisition_decides() -> None:
    numbered = replace(JOB, requisition=fact("REQ-2041"))
    lead = make_lead(make_lead_message(1, card=numbered))
    same = replace(make_card(), requisition=fact("req 2041"))
    other = replace(JOB, requisition=fact("REQ-2042"))
    assert find_lead(make_lead_message(2, sender=BERG, card=same), [lead]) == lead.lead_id
    assert find_lead(make_lead_message(3, sender=BERG, card=other), [lead]) is None


def test_a_requisition_alone_joins_no_other_role() -> None:
    known = make_lead(make_lead_message(1, card=make_card("Java developer", requisition=fact("778812"))))
    for company in ("", "Acme"):
        card = make_card("Head of finance", company, requisition=fact("778812"))
        assert find_lead(make_lead_message(2, sender=BERG, subject="x", card=card), [known]) is None
    card = make_card("Senior Java developer", "Acme", requisition=fact("778812"))
    assert find_lead(make_lead_message(3, sender=BERG, subject="x", card=card), [known]) == known.lead_id


def test_the_same_job_half_a_year_later_is_another_opening() -> None:
    lead = make_lead(make_lead_message(1, card=JOB))
    message = make_lead_message(2, sender=BERG, card=JOB, at=NOW + timedelta(days=180), subject="again")
    assert find_lead(message, [lead]) is None


def test_a_recruiter_with_two_jobs_makes_two_leads_and_a_reminder_none() -> None:
    lead = make_lead(make_lead_message(1, card=JOB))
    another = make_lead_message(
        2, at=LATER, subject="Another role", card=make_card("Plant director", "Lindqvist", "Porto")
    )
    reminder = make_lead_message(3, at=LATER, subject="Did you see my mail?")
    assert find_lead(another, [lead]) is None
    assert find_lead(reminder, [lead]) == lead.lead_id


def test_people_behind_one_platform_are_told_apart() -> None:
    def notice(number: int, name: str, role: str = "") -> Opportunity:
        del number
        return replace(make_card(role), recruiter=fact(name), channel=Channel.LINKEDIN)

    first = make_lead_message(
        1, sender="Mia via LinkedIn <messages-noreply@linkedin.com>", card=notice(1, "Mia Berg"), subject="a"
    )
    other = make_lead_message(
        2, sender="Ole via LinkedIn <messages-noreply@linkedin.com>", card=notice(2, "Ole Dahl"), subject="b"
    )
    again = make_lead_message(
        3, sender="Mia via LinkedIn <messages-noreply@linkedin.com>", card=notice(3, "Mia Berg"), subject="c"
    )
    lead = make_lead(first)
    assert find_lead(other, [lead]) is None
    assert find_lead(again, [lead]) == lead.lead_id


@pytest.mark.parametrize(
    ("sender", "channel"),
    [
        ("LinkedIn <messages-noreply@linkedin.com>", Channel.LINKEDIN),
        ("Voicemail <voicemail@crisptel.example>", Channel.VOICEMAIL),
        ("Facebook <notification@facebookmail.com>", Channel.FACEBOOK),
        ("Google Calendar <calendar-notification@google.com>", Channel.CALENDAR),
    ],
)
def test_people_whom_a_relay_does_not_name_are_nobody_twice(sender: str, channel: Channel) -> None:
    card = replace(make_card(), channel=channel)
    lead = make_lead(make_lead_message(1, sender=sender, subject="You have a message", card=card))
    assert (
        find_lead(make_lead_message(2, sender=sender, at=LATER, subject="A message again", card=card), [lead]) is None
    )


def test_a_caller_is_known_by_number() -> None:
    def call(number: int, phone: str) -> LeadMessage:
        card = replace(make_card(), channel=Channel.VOICEMAIL, phones=(fact(phone),))
        return make_lead_message(
            number, sender="Voicemail <voicemail@crisptel.example>", subject=f"New voicemail {number}", card=card
        )

    lead = make_lead(call(1, "+44 1632 960155"))
    assert find_lead(call(2, "+44 1632 960155"), [lead]) == lead.lead_id
    assert find_lead(call(3, "+44 1632 960178"), [lead]) is None


def test_what_is_no_lead_belongs_to_one_by_thread_alone() -> None:
    first = make_lead_message(1, card=JOB)
    lead = make_lead(first)
    plain = make_lead_message(2, at=LATER, category=Category.OTHER, subject="The choir meets on Tuesday")
    answer = replace(plain, thread=(first.message_id,))
    colleague = make_lead_message(
        3,
        sender="hr@kestrelfoods.example <hr@kestrelfoods.example>",
        at=LATER,
        category=Category.OTHER,
        subject=f"Re: {first.subject}",
    )
    scam = replace(plain, category=Category.SCAM)
    assert find_lead(plain, [lead]) is None
    assert [find_lead(one, [lead]) for one in (answer, colleague, scam)] == [lead.lead_id] * 3


@pytest.mark.parametrize(
    ("sender", "channel"),
    [
        ("My site <wordpress@mysite.example>", Channel.CONTACT_FORM),
        ("Voicemail <voicemail@crisptel.example>", Channel.VOICEMAIL),
    ],
)
def test_what_comes_the_way_of_a_stranger_is_no_business_of_a_lead(sender: str, channel: Channel) -> None:
    card = replace(JOB, channel=channel, address=fact("Anna@acme.example"))
    for reply_to in ("anna.lind@post.example", "office@" + sender.partition("@")[2].rstrip(">")):
        first = make_lead_message(1, sender=sender, subject="New submission", reply_to=reply_to, card=card)
        lead = make_lead(first)
        assert {make_mark(Way.ADDRESS, one) for one in (reply_to, "anna@acme.example")} < set(marks_of_message(first))
        stranger = make_lead_message(2, sender=sender, at=LATER, subject="New submission", category=Category.OTHER)
        scam = replace(stranger, category=Category.SCAM)
        assert [find_lead(one, [lead]) for one in (stranger, scam)] == [None, None]
        by_thread = replace(scam, thread=(first.message_id,))
        by_person = make_lead_message(3, sender="A <anna@acme.example>", at=LATER, category=Category.SCAM)
        assert [find_lead(one, [lead]) for one in (by_thread, by_person)] == [lead.lead_id] * 2


def stand(lead: Lead, *answers: Answer, days: float = 5) -> LeadState:
    return state_of(lead, answers, NOW + timedelta(days=days), EXPIRES)


def answer(days: float = 1, reply: Reply = Reply.ANSWER, way: Way = Way.THREAD) -> Answer:
    return Answer(NOW + timedelta(days=days), reply, way)


def test_a_lead_goes_through_its_states() -> None:
    first = make_lead_message(1)
    again = make_lead_message(2, at=LATER)
    assert stand(make_lead(first)) is LeadState.NEW
    assert stand(make_lead(first, again)) is LeadState.CHASED
    assert stand(make_lead(first), answer()) is LeadState.ANSWERED
    assert stand(make_lead(first, again), answer()) is LeadState.CHASED
    assert stand(make_lead(first, again), answer(), answer(4)) is LeadState.ANSWERED
    assert stand(make_lead(first, again), answer(1, Reply.DECLINE)) is LeadState.DECLINED
    assert stand(make_lead(first), answer(1, Reply.DECLINE), answer(2)) is LeadState.ANSWERED
    assert stand(make_lead(first), answer(1, Reply.AUTOMATIC)) is LeadState.NEW
    assert stand(make_lead(first), days=61) is LeadState.EXPIRED
    assert stand(make_lead(first), answer(), days=200) is LeadState.ANSWERED
    assert stand(make_lead(first), answer(-1, way=Way.ADDRESS)) is LeadState.NEW


def test_who_answers_a_decline_in_the_thread_waits_again() -> None:
    first, reminder = make_lead_message(1), make_lead_message(2, at=LATER)
    reply = replace(reminder, thread=("<mine@posteo.example>", first.message_id))
    assert stand(make_lead(first, reply), answer(1, Reply.DECLINE)) is LeadState.CHASED
    assert stand(make_lead(first, reply), answer(4, Reply.DECLINE)) is LeadState.DECLINED
    assert stand(make_lead(first, reminder), answer(1, Reply.DECLINE)) is LeadState.DECLINED
    assert stand(make_lead(first, reply), answer(1, Reply.UNSUBSCRIBE)) is LeadState.DECLINED
    assert stand(make_lead(first, reply), answer(1, Reply.DECLINE), days=90) is LeadState.DECLINED


def test_an_answer_in_the_thread_came_after_it_whatever_the_clocks_say() -> None:
    first, again = make_lead_message(1), make_lead_message(2, at=LATER)
    assert stand(make_lead(first), answer(-1)) is LeadState.ANSWERED
    assert stand(make_lead(first), answer(-1, Reply.DECLINE)) is LeadState.DECLINED
    assert stand(make_lead(first, again), answer(-1)) is LeadState.CHASED


def test_a_passed_deadline_ends_the_waiting() -> None:
    card = replace(JOB, deadline=Day((NOW + timedelta(days=2)).date(), "by Wednesday"))
    lead = make_lead(make_lead_message(1, card=card))
    assert (stand(lead, days=1), stand(lead, days=4)) == (LeadState.NEW, LeadState.EXPIRED)


def test_a_mail_to_the_sender_months_later_is_about_something_else() -> None:
    lead = make_lead(make_lead_message(1))
    assert stand(lead, answer(80, way=Way.ADDRESS), days=81) is LeadState.EXPIRED
    assert stand(lead, answer(80, way=Way.THREAD), days=81) is LeadState.ANSWERED


def test_a_thread_that_fell_to_scam_stays_one() -> None:
    lead = make_lead(make_lead_message(1), make_lead_message(2, at=LATER, category=Category.SCAM))
    assert stand(lead, answer(4)) is LeadState.TURNED_INTO_SCAM
    assert stand(lead, days=500) is LeadState.TURNED_INTO_SCAM
    assert lead.latest.category is Category.RECRUITER


def test_an_alert_names_the_scammer_where_several_offer_the_job() -> None:
    scam = make_lead_message(2, sender="X <x@kestrel-jobs.example>", at=LATER, category=Category.SCAM)
    other = make_lead_message(3, sender="Rita <rita@novak.example>")
    view = View(NOW, EXPIRES)
    scam = replace(scam, thread=(make_lead_message(1).message_id,))
    leads = [make_lead(make_lead_message(1), scam), make_lead(make_lead_message(1), other, scam)]
    alone, several = (look_at([lead], {}, view)[0].alert for lead in leads)
    assert str(alone).endswith(": do not answer")
    assert str(several).endswith(": do not answer x@kestrel-jobs.example")


def test_a_list_shows_of_the_side_that_wrote_last_what_that_side_says() -> None:
    ours = make_lead_message(1, card=make_card("Data engineer", "Acme", agency="Norr"))
    theirs = make_lead_message(2, sender=BERG, card=make_card("Data engineer", "Acme", "Leeds", agency="Berg"))
    instead = make_lead_message(3, sender=BERG, thread=("<2@x>",), card=make_card("Controller", "Beta", agency="Berg"))
    again = make_lead_message(4, at=LATER, subject="Did you see my mail?", card=make_card(agency="Norr"))
    (one,) = look_at([make_lead(ours, theirs, instead, again)], {}, View(NOW, EXPIRES))
    assert (one.title, one.sender) == ("Data engineer, Acme", "Siobhan Kearns")
    assert one.card.places == (fact("Leeds"),)


def test_a_list_shows_the_honest_side_where_another_turned_into_a_scam() -> None:
    honest = make_lead_message(1, card=make_card("Data engineer", "Acme", agency="Norr"))
    false = make_lead_message(2, sender=BERG, card=make_card("Data entry clerk", "Acme", agency="Berg"))
    scam = make_lead_message(3, sender=BERG, at=LATER, category=Category.SCAM)
    (one,) = look_at([make_lead(honest, false, scam)], {}, View(NOW, EXPIRES))
    assert (one.state, one.title, one.sender) == (
        LeadState.TURNED_INTO_SCAM, "Data engineer, Acme", "Siobhan Kearns",
    )  # fmt: skip
    assert str(one.alert).endswith("do not answer mia@bergpartners.example")


@pytest.mark.parametrize(
    ("before", "scam"),
    [
        pytest.param({}, {"sender": BERG}, id="sender"),
        pytest.param({}, {"sender": "Ute <ute@bergpartners.example>"}, id="colleague"),
        pytest.param({}, {"sender": "X <x@gmail.com>", "thread": ("<2@bergpartners.example>",)}, id="thread"),
        pytest.param({"reply_to": "mia.b@gmail.com"}, {"sender": "Mia <mia.b@gmail.com>"}, id="address for answers"),
        pytest.param({"sender": "Mia via LinkedIn <hit@linkedin.com>"}, {"sender": " <hit@linkedin.com>"}, id="relay"),
    ],
)
def test_a_scam_takes_its_own_side_along_and_no_other(before: dict[str, Any], scam: dict[str, Any]) -> None:
    card = make_card("Data engineer", "Acme", agency="Berg")
    honest, false = make_lead_message(1), make_lead_message(2, **{"sender": BERG, "card": card, **before})
    fallen = make_lead_message(3, at=LATER, category=Category.SCAM, **scam)
    assert honest_part(make_lead(honest, false, fallen)) == make_lead(honest)
    assert honest_part(make_lead(false, fallen)) is None
    assert honest_part(make_lead(honest, false)) == make_lead(honest, false)


class Counted:
    """A function of one message that counts how often it is asked."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.calls = 0

    def __call__(self, *arguments: Any) -> Any:
        self.calls += 1
        return self._function(*arguments)


def hundred_scams_of_a_thread(first: LeadMessage) -> list[LeadMessage]:
    return [
        make_lead_message(
            number,
            sender=f"X <x@evil{number}.example>",
            at=NOW + timedelta(minutes=number),
            category=Category.SCAM,
            thread=(first.message_id,),
        )
        for number in range(2, 102)
    ]


def test_a_hundred_scams_in_a_thread_are_not_each_held_against_each(monkeypatch: pytest.MonkeyPatch) -> None:
    first, other = make_lead_message(1), make_lead_message(200, sender=BERG, at=LATER)
    counted = Counted(thread_marks)
    monkeypatch.setattr(sides, "thread_marks", counted)
    assert honest_part(make_lead(first, *hundred_scams_of_a_thread(first), other)) == make_lead(other)
    assert counted.calls <= 102


def test_a_message_is_read_once_however_long_its_lead_becomes(monkeypatch: pytest.MonkeyPatch) -> None:
    first, index = make_lead_message(1), LeadIndex()
    counted = Counted(marks_of_message)
    monkeypatch.setattr(grouping, "marks_of_message", counted)
    for one in (first, *hundred_scams_of_a_thread(first)):
        record(one, index)
    assert [len(lead.messages) for lead in index.leads.values()] == [101]
    assert counted.calls <= 101


def test_sides_are_named_as_people_know_them() -> None:
    relay = make_lead_message(1, sender="Dana Roth via LinkedIn <inmail-hit-reply@linkedin.com>")
    free = make_lead_message(2, sender="Tom Baker <tom.b.1987@gmail.com>")
    agency = make_lead_message(3, sender="Rita <rita@novak.example>", card=make_card(agency="Novak Partners"))
    house = make_lead_message(4)
    names = make_lead(relay, free, agency, house).side_names
    assert names == ("Dana Roth", "Tom Baker", "Novak Partners", "kestrelfoods.example")


def test_two_agencies_that_write_once_each_chase_nobody() -> None:
    lead = make_lead(make_lead_message(1, card=JOB), make_lead_message(2, sender=BERG, at=LATER, card=JOB))
    assert (stand(lead), len(lead.sides)) == (LeadState.NEW, 1)
    other = replace(lead.messages[1], card=replace(JOB, agency=fact("Berg")))
    assert make_lead(lead.first, other).side_names == ("Norr Talent", "Berg")


def test_a_copy_in_another_account_is_no_second_word() -> None:
    first = make_lead_message(1)
    copy = replace(first, ref=replace(first.ref, account="club"))
    assert stand(make_lead(first, copy)) is LeadState.NEW


@pytest.mark.parametrize(
    ("subject", "bare"),
    [
        ("Re: AW: Fwd: Lead role", "lead role"),
        ("RE[2]: x", "x"),
        ("Reliability", "reliability"),
        ("Re:", ""),
        ("Odp: SV: a  b", "a b"),
    ],
)
def test_subjects_lose_the_marks_of_answers(subject: str, bare: str) -> None:
    assert bare_subject(subject) == bare


def test_marks_meet_where_an_answer_belongs() -> None:
    message = make_lead_message(1, subject="Lead role")
    mine = set(marks_of_message(message))

    def meets(*to: str, thread: Sequence[str] = (), subject: str = "") -> set[Way]:
        return {one.way for one in mine & set(marks_of_sent(thread, [Address("", one) for one in to], subject))}

    assert meets("siobhan@kestrelfoods.example") == {Way.ADDRESS}
    assert meets("hr@kestrelfoods.example", subject="Re: lead role") == {Way.SUBJECT}
    assert meets("hr@kestrelfoods.example", subject="Lunch") == set()
    assert meets("x@y.example", thread=[message.message_id]) == {Way.THREAD}
    free = replace(message, sender=Address("", "someone@gmail.com"))
    assert not {
        one.way
        for one in set(marks_of_message(free)) & set(marks_of_sent([], [Address("", "other@gmail.com")], "Lead role"))
    }


def test_message_ids_are_read_from_anything() -> None:
    assert message_ids("<a@b> junk <c@d>", "<c@d>") == ("<c@d>", "<a@b>")
    assert message_ids("", "no id < > here") == ()


@given(st.text(max_size=300))
def test_reading_message_ids_never_fails(text: str) -> None:
    assert all(one.startswith("<") and one.endswith(">") for one in message_ids(text, text))


@given(st.text(max_size=40), st.text(min_size=1, max_size=40), st.sets(st.text(max_size=8), max_size=3))
def test_ids_are_short_stable_and_never_taken(account: str, fingerprint: str, taken: set[str]) -> None:
    plain = make_lead_id(account, fingerprint)
    longer = make_lead_id(account, fingerprint, {plain, *taken})
    assert (len(plain), make_lead_id(account, fingerprint)) == (5, plain)
    assert longer.startswith(plain)
    assert longer not in {plain, *taken}


CARDS = (
    JOB,
    make_card("Plant director", "Lindqvist", "Porto"),
    make_card("Data engineer", "Acme Health", "Leeds"),
    Opportunity(),
)
MESSAGES = st.builds(
    lambda number, sender, hours, category, card, answered: make_lead_message(
        number,
        sender=sender,
        at=NOW + timedelta(hours=hours),
        category=category,
        subject=f"subject {number % 3}",
        card=CARDS[card],
        thread=(f"<{answered}@kestrelfoods.example>",) if answered else (),
    ),
    st.integers(1, 12),
    st.sampled_from(["Siobhan <siobhan@kestrelfoods.example>", BERG, "Ole <messages-noreply@linkedin.com>"]),
    st.integers(0, 3000),
    st.sampled_from([Category.RECRUITER, Category.REFERRAL, Category.SCAM, Category.OTHER, None]),
    st.integers(0, 3),
    st.sampled_from([0, 0, 1, 2, 3]),
)


def write_down(messages: Sequence[LeadMessage], leads: Sequence[Lead] = ()) -> dict[str, Lead]:
    """Group messages as the book does, the oldest first."""
    index = LeadIndex(leads)
    for message in sorted(messages, key=lambda one: (one.received_at, one.fingerprint)):
        record(message, index)
    return index.leads


@given(st.lists(MESSAGES, max_size=12, unique_by=lambda one: one.fingerprint))
def test_writing_the_same_down_twice_changes_nothing(messages: list[LeadMessage]) -> None:
    once = write_down(messages)
    assert write_down(messages, list(once.values())) == once
    assert write_down([*messages, *messages]) == once


WELDER = make_card("Welder", "Acme", "Leeds")
ELSEWHERE = "Ole <ole@elsewhere.example>"


@pytest.mark.parametrize(
    ("way", "former", "message"),
    [
        (Way.THREAD, {}, {"thread": ("<1@kestrelfoods.example>",)}),
        (Way.ANSWERED, {"thread": ("<2@elsewhere.example>",)}, {}),
        (Way.SENDER, {"sender": ELSEWHERE, "card": Opportunity()}, {"card": Opportunity()}),
        (Way.JOB, {"card": WELDER}, {"card": make_card("Welder", "Acme", "Leeds")}),
        (Way.JOB, {"card": make_card("Welder", "Lindqvist")}, {"card": make_card("Welder", "Lindqvst")}),
        (Way.JOB, {"card": make_card("A", requisition=fact("R-7"))}, {"card": make_card("", requisition=fact("r7"))}),
    ],
)
def test_each_way_to_a_lead_has_its_mark(way: Way, former: dict[str, Any], message: dict[str, Any]) -> None:
    """Where two messages have nothing else in common."""
    usual: dict[str, Any] = {"card": make_card("Fitter", "Nexa", "Porto")}
    known = make_lead_message(1, **(usual | former))
    other: dict[str, Any] = {"sender": ELSEWHERE, "subject": "x", "card": WELDER}
    later = make_lead_message(2, **(other | message))
    wanted = search_marks(later)
    assert LeadIndex([make_lead(known)]).find(later) == "bcdfg"
    assert {one.way for one in grouping_marks(make_lead(known), [known]) if one.mark in wanted} == {way}


def test_marks_stay_what_they_are() -> None:
    """Stores keep them: if this fails a step of the upgrades is missing, which adds the marks of today."""
    card = make_card("Senior Entwicklerin (m/w/d)", "Kestrel Foods GmbH", "Leeds", requisition=fact("R-17"))
    message = make_lead_message(7, thread=("<a@b.example>",), card=card)
    digest = sha256(
        " ".join(
            sorted(f"{one.way.value}:{one.mark}" for one in grouping_marks(make_lead(message), [message]))
        ).encode()
    )
    assert digest.hexdigest()[:16] == "8d94977266962e35"


NEARLY = (
    make_card("Lead maintenance engineer", "Kestrel Foods Ltd", "Leeds"),
    make_card("Maintenance engineer (lead)", "Kestrelfoods", "Leeds"),
    make_card("Lead maintenance engineer", "Kestrel Fods", "Leeds"),
    make_card("Welder", "", "Porto", pay=[make_pay(30000)]),
    make_card("Fitter", "Nexa", requisition=fact("R-17")),
    make_card("Engineer", "", requisition=fact("r 17")),
)


@given(
    st.lists(MESSAGES, max_size=12, unique_by=lambda one: one.fingerprint),
    st.lists(st.tuples(MESSAGES, st.sampled_from([*CARDS, *NEARLY])), min_size=2, max_size=6),
    st.booleans(),
)
def test_the_leads_that_share_a_mark_are_as_good_as_all(
    messages: list[LeadMessage],
    others: list[tuple[LeadMessage, Opportunity]],
    is_late: bool,  # noqa: FBT001  drawn
) -> None:
    *before, last = [
        replace(one, card=card, fingerprint=f"{100 + place:032x}") for place, (one, card) in enumerate(others)
    ]
    leads = write_down([*messages, *before])
    if is_late:  # a thread goes on, however old
        last = replace(last, received_at=last.received_at + timedelta(days=250), thread=(before[0].message_id,))
    wanted = search_marks(last)
    since = last.received_at - SAME_JOB
    sharing = [  # as the store finds them
        lead
        for lead in leads.values()
        if any(
            mark.mark in wanted and (mark.way in THREADS or lead.last_at >= since)
            for mark in grouping_marks(lead, lead.messages)
        )
    ]
    assert LeadIndex(sharing).find(last) == LeadIndex(leads.values()).find(last)


@given(st.lists(MESSAGES, max_size=12, unique_by=lambda one: one.fingerprint))
def test_every_lead_is_in_one_place_and_nothing_else_opens_one(messages: list[LeadMessage]) -> None:
    found = write_down(messages)
    held = [one.fingerprint for lead in found.values() for one in lead.messages]
    assert len(held) == len(set(held))
    assert {one.fingerprint for one in messages if one.is_lead} <= set(held)
    assert all(any(one.is_lead for one in lead.messages) for lead in found.values())


ANSWERS = st.builds(answer, st.floats(-5, 90), st.sampled_from(Reply), st.sampled_from(Way))


@given(
    st.lists(MESSAGES, min_size=1, max_size=5, unique_by=lambda one: one.fingerprint),
    st.lists(ANSWERS, max_size=5),
    st.randoms(),
)
def test_the_state_does_not_depend_on_the_order_in_which_answers_are_learnt(
    messages: list[LeadMessage], answers: list[Answer], chance: Random
) -> None:
    lead = Lead("bcdfg", tuple(sorted(messages, key=lambda one: (one.received_at, one.fingerprint))))
    shuffled = list(answers)
    chance.shuffle(shuffled)
    now = NOW + timedelta(days=100)
    assert state_of(lead, answers, now, EXPIRES) is state_of(lead, [*shuffled, *answers], now, EXPIRES)


def test_a_card_says_what_was_said_last_and_keeps_the_channel_of_the_first() -> None:
    first = replace(make_card("Data engineer", "Acme"), channel=Channel.LINKEDIN)
    merged = merge_cards([first, make_card("Senior data engineer", place="Leeds")])
    assert (merged.roles[0].value, merged.companies[0].value, merged.places[0].value) == (
        "Senior data engineer",
        "Acme",
        "Leeds",
    )
    assert merged.channel is Channel.LINKEDIN
