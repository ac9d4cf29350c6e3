"""Leads, contacts, sent mail, near misses and reports in the store: the same on every database."""

import stat
import subprocess
import sys
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import event, select

from tests.builders import make_offer, make_raw, make_ref, make_scam, make_verdict
from tests.leads import NOW, fact, make_card, make_lead, make_lead_message, make_pay, make_sent
from triage.bootstrap import build_judge
from triage.cli.draft import find_lead
from triage.config import Config
from triage.errors import ConfigError
from triage.lead.appearance import Appearance, Kind
from triage.lead.lead import Lead, Reply, Way, make_lead_id, make_mark, marks_of_message
from triage.lead.opportunity import Channel, Day, Opportunity, Period
from triage.mail.identity import fingerprint
from triage.records import Category, LabelChange, Outcome, RawMessage, State, Uid, UidValidity
from triage.service.judging import Judgement, judge_item
from triage.service.leadbook import Acquaintances, LeadBook
from triage.store.evidence import Correction, Origin
from triage.store.leads import LeadStore, NearMiss, ReportRecord, SideCursor
from triage.store.schema import lead_messages, sent_marks
from triage.store.store import Store, open_store

CURSOR = SideCursor("Sent", UidValidity(7), Uid(9))
FULL = replace(
    make_card(
        "Ingeniör \0 x",
        "Acme",
        "Leeds",
        agency="Norr",
        pay=[make_pay(60000, 70000, None, Period.HOUR), make_pay(None)],
    ),
    deadline=Day(date(2026, 5, 20), "by 20 May"),
    start=Day(None, "asap"),
    phones=(fact("+44 113 496 0000"),),
    channel=Channel.CONTACT_FORM,
    language="sv",
)


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    store = open_store(store_url)
    yield store
    store.close()


def test_a_lead_comes_back_as_it_was(store: Store) -> None:
    first = make_lead_message(1, card=FULL, thread=("<a@b>", "<c@d>"), reply_to="x@y.example", is_rescued=True)
    later = make_lead_message(2, at=NOW + timedelta(days=1), category=None)
    scam = make_lead_message(3, at=NOW + timedelta(days=2), category=Category.SCAM, scam_kind="advance_fee")
    lead = make_lead(first, later, scam)
    store.leads.save_leads([lead])
    store.leads.save_leads([lead])
    assert store.leads.list_leads() == [lead]
    assert store.leads.find_lead_ids("bc") == ["bcdfg"]
    assert store.leads.find_lead_ids("%") == []


def test_leads_are_listed_by_age_and_name(store: Store) -> None:
    old = make_lead(make_lead_message(1, at=NOW - timedelta(days=90)), lead_id="old")
    new = make_lead(make_lead_message(2), lead_id="new")
    store.leads.save_leads([old, new])
    assert [one.lead_id for one in store.leads.list_leads()] == ["new", "old"]
    assert [one.lead_id for one in store.leads.list_leads(since=NOW - timedelta(days=1))] == ["new"]
    assert [one.lead_id for one in store.leads.list_leads(lead_ids=["old"])] == ["old"]


def test_answers_are_found_whichever_was_learnt_first(store: Store) -> None:
    message = make_lead_message(1)
    early = make_sent(NOW - timedelta(days=1), "Siobhan <siobhan@kestrelfoods.example>")
    answer = make_sent(NOW + timedelta(hours=1), "Siobhan <siobhan@kestrelfoods.example>", thread=(message.message_id,))
    store.leads.save_sent([early, answer], "home", CURSOR)
    assert store.leads.list_answers() == {}
    store.leads.save_leads([make_lead(message)])
    found = store.leads.list_answers()["bcdfg"]
    assert [(one.sent_at, one.way) for one in found] == [(answer.sent_at, Way.THREAD)]
    assert store.leads.list_answers(since=NOW) == {"bcdfg": found}
    assert store.leads.list_answers(since=NOW + timedelta(days=1)) == {}


def test_what_was_sent_in_the_thread_of_one_lead_answers_no_other(store: Store) -> None:
    recruiter = "siobhan@kestrelfoods.example"
    one = make_lead_message(1, at=NOW - timedelta(days=200))
    other = make_lead_message(2, subject="Head of data")
    store.leads.save_leads([make_lead(one, lead_id="one"), make_lead(other, lead_id="other")])
    later = NOW + timedelta(hours=1)
    in_thread = make_sent(later, recruiter, thread=(one.message_id,), reply=Reply.DECLINE, subject="Re: Head of data")
    apart = make_sent(later + timedelta(hours=1), recruiter)
    store.leads.save_sent([in_thread, apart], "home", CURSOR)
    for since in (None, NOW):  # the other lead is too old to be listed, and has the answer all the same
        found = store.leads.list_answers(since)
        assert [(answer.sent_at, answer.way) for answer in found["other"]] == [(apart.sent_at, Way.ADDRESS)]
    assert {answer.sent_at for answer in store.leads.list_answers()["one"]} == {later, apart.sent_at}


def test_answers_to_the_leads_of_a_week_cost_the_same_however_much_was_ever_sent(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    steps: list[None] = []
    event.listen(
        store.leads._engine, "checkout", lambda raw, *_: raw.set_progress_handler(lambda: steps.append(None), 10)
    )

    def count_steps() -> int:
        steps.clear()
        assert [one.way for one in store.leads.list_answers(NOW)["new"]] == [Way.ADDRESS]
        return len(steps)

    store.leads.save_leads([make_lead(make_lead_message(1), lead_id="new")])
    store.leads.save_sent([make_sent(NOW + timedelta(hours=1), "siobhan@kestrelfoods.example")], "home", CURSOR)
    before = count_steps()
    for number in range(2, 200):
        old = make_lead_message(number, sender="Old <old@x.example>", at=NOW - timedelta(days=number))
        store.leads.save_leads([make_lead(old, lead_id=f"old{number}")])
        answer = make_sent(old.received_at + timedelta(hours=1), "old@x.example", thread=(old.message_id,))
        store.leads.save_sent([answer], "home", CURSOR)
    assert count_steps() <= before + 20
    store.close()


def test_leads_are_found_by_thread_whatever_their_age_and_else_while_they_are_fresh(store: Store) -> None:
    lead = make_lead(make_lead_message(1, thread=("<before@kestrelfoods.example>",)))
    store.leads.save_leads([lead])
    since = NOW + timedelta(days=1)

    def found(way: Way, value: str, since: datetime = since) -> bool:
        return store.leads.find_leads([make_mark(way, value).mark], [], since) == [lead]

    assert found(Way.THREAD, lead.first.message_id)
    assert found(Way.ANSWERED, "<before@kestrelfoods.example>")
    assert not found(Way.ADDRESS, lead.first.sender.addr_spec)
    assert found(Way.ADDRESS, lead.first.sender.addr_spec, NOW)
    assert store.leads.find_leads([], [lead.first.fingerprint], since) == [lead]


def test_a_scam_in_the_thread_of_an_old_lead_raises_an_alert(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    offer = make_lead_message(1, at=NOW - timedelta(days=135))
    store.leads.save_leads([make_lead(offer)])
    thread = (("In-Reply-To", offer.message_id),)
    scam = make_raw("Send the fee.", sender="Siobhan <siobhan.k@gmail.com>", message_id="<s@x>", headers=thread)
    item = RawMessage(make_ref(2), scam, len(scam), NOW)
    (lead,) = LeadBook(store, clock=lambda: NOW).tell(item, Category.SCAM)
    assert (lead.lead_id, len(lead.messages)) == ("bcdfg", 2)
    assert "a lead turned into a scam" in caplog.text


def test_contacts_are_counted_once_for_each_message(store: Store) -> None:
    anna = "Anna Lind <anna.lind@choir.example>"
    first, second = make_sent(NOW, anna), make_sent(NOW + timedelta(days=1), anna)
    decline = make_sent(NOW, "b@c.example", reply=Reply.DECLINE, people=False)
    store.leads.save_sent([first, decline, first], "home", CURSOR)  # two copies in one folder
    stamp = store.leads.contacts_stamp()
    store.leads.save_sent([first], "home", CURSOR)  # another copy, or the folder renumbered
    assert store.leads.contacts_stamp() == stamp
    store.leads.save_sent([second], "club", CURSOR)
    (contact,) = store.leads.list_contacts()
    assert (contact.name, contact.sent, contact.first_sent_at, contact.last_sent_at) == (
        "Anna Lind",
        2,
        NOW,
        second.sent_at,
    )
    assert store.leads.contacts_stamp() != stamp
    assert store.leads.load_side_cursor("home", "sent") == CURSOR
    assert store.leads.load_side_cursor("home", "junk") is None


def test_when_a_contact_last_wrote_only_goes_forward(store: Store) -> None:
    store.leads.save_sent([make_sent(NOW, "a@b.example")], "home", CURSOR)
    later = NOW + timedelta(days=3)
    for moment in (later, NOW + timedelta(days=1)):
        store.leads.note_received({"a@b.example": moment, "stranger@x.example": moment})
    (contact,) = store.leads.list_contacts()
    assert (contact.last_received_at, contact.last_exchange_at) == (later, later)


def test_near_misses_are_the_nearest_first_and_forgotten_in_time(store: Store) -> None:
    near = [
        NearMiss(
            make_ref(number),
            f"{number:032x}",
            Category.OTHER,
            number / 10,
            "a@b",
            "subject",
            NOW + timedelta(days=number),
        )
        for number in (1, 2, 3)
    ]
    store.leads.save_near_misses(near)
    assert [one.lead_chance for one in store.leads.list_near_misses(NOW, 2)] == [0.3, 0.2]
    store.leads.forget_near_misses("home", [near[2].fingerprint])
    store.leads.save_near_misses([replace(near[0], judged_at=NOW + timedelta(days=37))])
    assert [one.fingerprint for one in store.leads.list_near_misses(NOW)] == [near[1].fingerprint, near[0].fingerprint]


def test_counts_of_a_time_leave_accounts_out(store: Store) -> None:
    for number, category in enumerate((Category.SCAM, Category.SCAM, Category.OTHER, None)):
        verdict = make_verdict(category)
        ref = make_ref(number + 1)
        state = State.JUDGED if category else State.UNSURE
        store.save_judgements(
            {f"{number:032x}": Outcome(ref, None, state, verdict, LabelChange(ref), applied=False, error=None)}
        )

    now = datetime.now(UTC)
    span = (now - timedelta(hours=1), now + timedelta(hours=1))
    assert store.leads.count_scams(*span) == {"mail_department": 2}
    assert store.leads.count_judged(*span) == {"scam": 2, "other": 1, "unsure": 1}
    assert store.leads.count_judged(*span, ["home"]) == {}
    assert store.leads.count_scams(now + timedelta(hours=1), now + timedelta(hours=2)) == {}


def test_series_and_reports_are_remembered(store: Store) -> None:
    one = Appearance("linkedin.com", Kind.SEARCHES, 30, NOW)
    store.leads.save_appearances("home", {"f" * 32: one})
    store.leads.save_appearances("home", {"f" * 32: one})
    assert store.leads.list_appearances(NOW) == [one]
    record = ReportRecord("home", "2026-W18", "INBOX", "<r@x>", NOW)
    assert store.leads.load_report("home", "2026-W18") is None
    store.leads.save_report(record)
    store.leads.save_report(replace(record, appended_at=NOW))
    assert store.leads.load_report("home", "2026-W18") == replace(record, appended_at=NOW)


def judge_into(store: Store, *contents: bytes, first: int = 1, rescue: bool = False) -> list[str]:
    judge = build_judge(Config())
    book = LeadBook(store, {"marta.keller@posteo.example"}, is_rescue=rescue, clock=lambda: NOW)
    for number, content in enumerate(contents, first):
        item = RawMessage(make_ref(number), content, len(content), NOW + timedelta(minutes=number))
        book.note(item, judge_item(judge, item, None))
    return [lead.lead_id for lead in book.save()]


def test_the_book_writes_down_leads_and_what_goes_on_with_them(store: Store) -> None:
    (lead_id,) = judge_into(store, make_offer(), make_scam(), make_raw())
    assert judge_into(store, make_offer(), make_scam(), make_raw()) == []
    thread = (("In-Reply-To", "<offer-1@kestrelfoods.example>"),)
    follow_up = make_raw(
        "Did you see my mail?", sender="Siobhan <siobhan@kestrelfoods.example>", message_id="<n@k>", headers=thread
    )
    assert judge_into(store, follow_up, first=9) == [lead_id]
    (lead,) = store.leads.list_leads()
    assert [one.message_id for one in lead.messages] == ["<offer-1@kestrelfoods.example>", "<n@k>"]
    assert lead.card.recruiter is not None


def offer_noted(store: Store, account: str) -> LeadBook:
    """Return the book of an account that one and the same offer reached, not yet saved."""
    book, offer = LeadBook(store, clock=lambda: NOW), make_offer()
    item = RawMessage(replace(make_ref(1), account=account), offer, len(offer), NOW)
    verdict = make_verdict(Category.RECRUITER)
    book.note(item, Judgement(verdict, None, fingerprint(offer), None, "A role", "siobhan@kestrelfoods.example"))
    return book


_BESIDE = """
import sys
from tests.contract.test_lead_store import offer_noted, open_store
store = open_store(sys.argv[1])
book = offer_noted(store, "club")
print("ready", flush=True)
sys.stdin.readline()
book.save()
"""


def test_one_job_that_two_processes_find_at_once_is_one_lead(
    store: Store, store_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    find_leads = LeadStore.find_leads
    command = [sys.executable, "-c", _BESIDE, store_url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as beside:

        def and_then_the_other(
            self: LeadStore, marks: Collection[str], prints: Collection[str], since: datetime
        ) -> list[Lead]:
            found = find_leads(self, marks, prints, since)
            with suppress(subprocess.TimeoutExpired):  # it must wait until what comes of this is written
                beside.communicate("go\n", timeout=0.7)
            return found

        monkeypatch.setattr(LeadStore, "find_leads", and_then_the_other)
        assert beside.stdout is not None
        assert beside.stdout.readline() == "ready\n"
        offer_noted(store, "home").save()
        assert beside.wait(30) == 0
    (lead,) = store.leads.list_leads()
    assert lead.accounts == {"home", "club"}


def test_nothing_is_left_of_leads_that_could_not_be_written(store: Store) -> None:
    lead = make_lead(make_lead_message(1))
    with pytest.raises(RuntimeError), store.leads.grouping() as known:
        known.save_leads([lead])
        assert known.list_leads() == [lead]
        raise RuntimeError
    assert store.leads.list_leads() == []


def test_what_the_owner_wrote_is_no_lead(store: Store) -> None:
    mine = make_offer().replace(b"siobhan@kestrelfoods.example>", b"marta.keller@posteo.example>", 1)
    assert judge_into(store, mine) == []


def test_the_owners_word_makes_and_unmakes_leads_and_outlives_the_models(store: Store) -> None:
    def tell(number: int, content: bytes, category: Category) -> None:
        item = RawMessage(make_ref(number), content, len(content), NOW + timedelta(minutes=number))
        mark = fingerprint(content)
        store.evidence.save_correction(Correction(item.ref, mark, category, Origin.CORRECT, NOW))
        LeadBook(store, clock=lambda: NOW).tell(item, category)

    judge_into(store, make_offer(), make_raw())
    tell(1, make_offer(), Category.OTHER)
    assert store.leads.list_leads() == []
    tell(2, make_raw(), Category.REFERRAL)
    assert [lead.first.message_id for lead in store.leads.list_leads()] == ["<1@choir.example>"]
    judge_into(store, make_offer(), make_raw())
    assert [lead.first.message_id for lead in store.leads.list_leads()] == ["<1@choir.example>"]
    tell(1, make_offer(), Category.RECRUITER)
    assert len(store.leads.list_leads()) == 2


@pytest.mark.parametrize(
    "sender", ["siobhan.kearns@gmail.com", "inmail-hit-reply@linkedin.com", "", "siobhan@kestrelfoods.example"]
)
def test_the_owners_word_unmakes_a_lead_whoever_sent_it(store: Store, sender: str) -> None:
    offer = make_offer().replace(b"siobhan@kestrelfoods.example>", sender.encode() + b">", 1)
    item = RawMessage(make_ref(1), offer, len(offer), NOW)
    LeadBook(store, clock=lambda: NOW).tell(item, Category.RECRUITER)
    assert len(store.leads.list_leads()) == 1
    LeadBook(store, clock=lambda: NOW).tell(item, Category.OTHER)
    assert store.leads.list_leads() == []


def test_a_new_lead_takes_no_name_that_an_old_one_has(store: Store) -> None:
    name = make_lead_id("home", fingerprint(make_offer()))
    long_ago = make_lead(make_lead_message(9, at=NOW - timedelta(days=900)), lead_id=name)
    store.leads.save_leads([long_ago])
    (lead_id,) = judge_into(store, make_offer())
    assert lead_id.startswith(name)
    assert store.leads.list_leads(lead_ids=[name]) == [long_ago]
    assert len(store.leads.list_leads()) == 2


def test_a_lead_that_its_owner_said_is_none_is_not_found_by_name(store: Store) -> None:
    item = RawMessage(make_ref(1), make_offer(), len(make_offer()), NOW)
    (lead,) = LeadBook(store, clock=lambda: NOW).tell(item, Category.RECRUITER)
    assert find_lead(store, lead.lead_id[:2]) == lead
    LeadBook(store, clock=lambda: NOW).tell(item, Category.OTHER)
    with pytest.raises(ConfigError, match="there is no lead"):
        find_lead(store, lead.lead_id)


def test_answers_are_those_since_the_lead_came_and_all_in_its_thread(store: Store) -> None:
    lead = make_lead(make_lead_message(1))
    store.leads.save_leads([lead])
    early = NOW - timedelta(minutes=5)
    store.leads.save_sent([make_sent(early, "siobhan@kestrelfoods.example")], "home", CURSOR)
    assert store.leads.list_answers() == {}
    store.leads.save_sent([make_sent(early, "x@y.example", thread=(lead.first.message_id,))], "home", CURSOR)
    assert [one.way for one in store.leads.list_answers()[lead.lead_id]] == [Way.THREAD]


def test_local_mail_dated_in_the_future_came_now(store: Store) -> None:
    late = make_offer().replace(b"Date: Mon, 04 May 2026 14:33:00 +0200", b"Date: Fri, 31 Dec 9999 10:00:00 +0000")
    assert b"9999" in late
    item = RawMessage(make_ref(0), late, len(late), None)
    LeadBook(store, clock=lambda: NOW).tell(item, Category.RECRUITER)
    assert [lead.last_at for lead in store.leads.list_leads()] == [NOW]


def test_marks_of_sent_mail_are_forgotten_in_time_and_contacts_are_not(store: Store) -> None:
    store.leads.save_sent([make_sent(NOW, "a@b.example")], "home", CURSOR)
    assert (store.leads.prune(NOW), store.leads.prune(NOW + timedelta(days=1))) == (0, 1)
    assert len(store.leads.list_contacts()) == 1


def test_no_text_of_mail_is_kept(store: Store) -> None:
    offer = make_offer().replace(b"Thursday?", b"Thursday? The heron on the weir has two young.")
    assert b"heron" in offer
    assert judge_into(store, offer, make_scam())
    with store.leads._engine.connect() as connection:
        rows = repr(connection.execute(select(lead_messages)).all()) + repr(
            connection.execute(select(sent_marks)).all()
        )
    assert "heron" not in rows
    assert "personal information" not in rows
    assert "siobhan@kestrelfoods.example" in rows


def test_a_store_on_disk_is_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite3"
    store = open_store(f"sqlite:///{path}")
    judge_into(store, make_offer())
    store.close()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_contacts_are_read_anew_when_they_changed(store: Store) -> None:
    known = Acquaintances(store)
    assert not known.people()
    store.leads.save_sent([make_sent(NOW, "a@b.example")], "home", CURSOR)
    assert known.people().at("A@b.example") is not None
    assert known.people() is known.people()


def test_a_card_of_a_later_version_is_read_as_far_as_it_is_known(store: Store) -> None:
    store.leads.save_leads([make_lead(make_lead_message(card=make_card("Role")))])
    with store.leads._engine.begin() as connection:
        card = '{"roles": [{"value": "Role", "phrase": "Role", "sure": 1}], "mood": "good"}'
        connection.execute(lead_messages.update().values(card=card))
    (lead,) = store.leads.list_leads()
    assert lead.card == Opportunity(roles=(fact("Role"),))


def test_a_card_that_cannot_be_read_hides_no_lead(store: Store) -> None:
    half = make_lead(make_lead_message(1, card=make_card("half a letter \udc80")), lead_id="half")
    store.leads.save_leads([make_lead(make_lead_message(2)), half])
    assert store.leads.list_leads(lead_ids=["half"])[0].card.roles == (fact("half a letter ?"),)
    with store.leads._engine.begin() as connection:
        connection.execute(lead_messages.update().values(card='{"channel": "carrier pigeon"}'))
    assert [one.card for one in store.leads.list_leads()] == [Opportunity(), Opportunity()]


def test_one_person_counted_by_two_accounts_at_once_is_one_contact(store: Store) -> None:
    def count(number: int) -> None:
        moment = NOW + timedelta(minutes=number)
        store.leads.save_sent([make_sent(moment, "Anna <a@b.example>", "c@d.example")], f"account{number}", CURSOR)

    with ThreadPoolExecutor(4) as executor:
        list(executor.map(count, range(12)))
    assert [one.sent for one in store.leads.list_contacts()] == [12, 12]


def test_of_a_lead_that_goes_on_only_what_is_new_is_written(store: Store) -> None:
    first, second = make_lead_message(1), make_lead_message(2)
    before = make_lead(first, lead_id="one")
    store.leads.save_leads([before])
    (known,) = store.leads.list_leads()
    # Another process has said something of the first message meanwhile.
    theirs = replace(known.messages[0], subject="their word")
    store.leads.save_leads([Lead("one", (theirs,))])
    store.leads.save_leads([Lead("one", (*known.messages, second))], {"one": known})
    (found,) = store.leads.list_leads()
    assert [one.subject for one in found.messages] == ["their word", second.subject]
    assert store.leads.marked({mark.mark for mark in marks_of_message(second)})
