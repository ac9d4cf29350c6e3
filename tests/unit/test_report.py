"""The weekly report: what it tells, in which week, and that nobody's words act in it."""

import csv
import io
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from tests.builders import make_raw
from tests.fakes import FakeMailbox, FakeSource
from tests.leads import NOW, fact, fill_specimen, make_card, make_lead, make_lead_message, make_pay
from triage.cli import leads as leads_command
from triage.cli import network as network_command
from triage.cli.calendar import to_calendar
from triage.errors import TransientMailError
from triage.lead.acquaintances import Contact, People
from triage.lead.appearance import Kind, read_appearance
from triage.lead.lead import LeadState
from triage.lead.network import look_around
from triage.lead.opportunity import Day
from triage.lead.overview import View, look_at
from triage.lead.preference import Wishes
from triage.lead.week import Week, last_due
from triage.records import Address, Category, RawMessage
from triage.report.content import compose
from triage.report.document import Bars, Document, Item, Section
from triage.report.html import to_html
from triage.report.letter import to_letter
from triage.report.text import to_markdown, to_text
from triage.report.week import gather
from triage.service.reporting import ReportPlan, deliver, intend
from triage.store.store import Store, open_store

VIEW = View(NOW, timedelta(days=60))
HOSTILE = "<script>alert(1)</script> [x](http://evil.example) `*_ \x1b[31m\r\nBcc: a@b.example"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


def test_a_week_is_named_by_its_end_and_has_what_lies_in_it() -> None:
    week = Week(datetime(2027, 1, 3, 7, tzinfo=UTC))
    assert week.name == "2026-W53"
    assert (week.has(week.since), week.has(week.until)) == (True, False)


@given(st.integers(0, 8_000_000).map(lambda minutes: NOW + timedelta(minutes=minutes)), st.integers(0, 6), st.times())
def test_reports_are_due_once_a_week(now: datetime, weekday: int, at: time) -> None:
    at = at.replace(second=0, microsecond=0)
    due = last_due(now, weekday, at)
    assert due <= now < due + timedelta(days=7)
    assert (due.weekday(), due.time()) == (weekday, at)
    later = last_due(now + timedelta(days=7), weekday, at)
    assert later - due == timedelta(days=7)
    assert Week(later).name != Week(due).name


def test_the_report_tells_all_there_is(store: Store) -> None:
    now = datetime.now(UTC)
    fill_specimen(store, now)
    facts = gather(store, View(now, timedelta(days=60)), Week(now + timedelta(minutes=1)), ["home"], "base")
    document = compose(facts)
    titles = [one.title for one in document.sections]
    assert titles == [
        "Careful", "Waiting for you", "New leads", "The same job from several sides", "Found in Junk", "Scams kept away",
        "Near misses", "Who looks for you", "What was learnt", "How the judging goes",
    ]  # fmt: skip
    text = to_text(document)
    for words in (
        "turned into a scam",
        "Berg & Partners",
        "task scam",
        "Your application at Brightpath",
        "34 the last time",
        "triage unlearn",
        "base",
    ):
        assert words in text
    assert facts.standings[0].state is LeadState.TURNED_INTO_SCAM


def test_an_empty_week_is_told_as_such(store: Store) -> None:
    facts = gather(store, VIEW, Week(NOW), [], "base")
    assert facts.is_empty
    assert [one.title for one in compose(facts).sections] == [
        "Waiting for you",
        "What was learnt",
        "How the judging goes",
    ]


def test_leads_of_work_are_counted_and_not_told(store: Store) -> None:
    lead = make_lead(
        make_lead_message(account="office", at=NOW - timedelta(days=1), card=make_card("Secret role", "Acme"))
    )
    store.leads.save_leads([lead])
    document = compose(gather(store, View(NOW, timedelta(days=60), work=frozenset({"office"})), Week(NOW), [], "base"))
    text = to_text(document)
    assert "Secret" not in text
    assert "reached the account office" in text


def test_of_a_lead_that_reached_work_too_only_what_came_home_is_told(store: Store) -> None:
    home = make_lead_message(1, at=NOW - timedelta(days=2), card=make_card("Open role", "Acme"))
    office = make_lead_message(2, account="office", at=NOW - timedelta(days=1), card=make_card("Secret role", "Umbra"))
    store.leads.save_leads([make_lead(home, office)])
    view = View(NOW, timedelta(days=60), Wishes(roles=("Plumber",)), work=frozenset({"office"}))
    text = to_text(compose(gather(store, view, Week(NOW), [], "base")))
    assert "Secret" not in text
    assert "Umbra" not in text
    assert "Open role, Acme" in text
    assert "reached an employer's account too" in text


def keys_of(value: object) -> set[str]:
    if isinstance(value, dict):
        return {*map(str, value), *(key for one in value.values() for key in keys_of(one))}
    return {key for one in value for key in keys_of(one)} if isinstance(value, list) else set()


def test_every_key_that_scripts_read_is_explained() -> None:
    page = (Path(__file__).parents[2] / "docs" / "leads.md").read_text("utf-8")
    full = replace(
        make_card("Plumber", "Acme", "Leeds", agency="Norr", pay=[make_pay(60000)]),
        start=Day(None, "asap"),
        referrer=fact("Anna Lind"),
    )
    lead = make_lead(make_lead_message(category=Category.REFERRAL, card=full))
    (standing,) = look_at([lead], {}, View(NOW, timedelta(days=60), Wishes(roles=("Plumber",))))
    friend = Contact("a@b.example", "Bo Berg", 5, NOW - timedelta(days=900), NOW - timedelta(days=900))
    found = keys_of(leads_command.standing_to_json(standing, NOW))
    network = look_around([lead], People((friend,)), NOW)
    lines = network_command._to_json(network, NOW)
    assert [line["kind"] for line in lines] == ["brought", "silent"]
    assert not [key for key in sorted(found | keys_of(lines)) if f"`{key}`" not in page]


def hostile_document() -> Document:
    section = Section(
        HOSTILE, HOSTILE, (Item(HOSTILE, (HOSTILE,), HOSTILE),), Bars(HOSTILE, (HOSTILE,), ((3,),)), HOSTILE
    )
    return Document("Your week", HOSTILE, (("1", HOSTILE), ("2", "x")), (section,))


def test_words_of_mail_do_nothing_in_html() -> None:
    tree = LexborHTMLParser(to_html(hostile_document()))
    assert not tree.css("script, a, iframe, form, link")
    assert not [node for node in tree.css("*") for name in node.attributes if name.startswith("on")]
    pictures = to_html(hostile_document(), {HOSTILE: ('x" onerror="y', "cid:b")})
    assert not [node for node in LexborHTMLParser(pictures).css("img") if "onerror" in node.attributes]


def test_words_of_mail_are_no_markup_and_no_control_in_text() -> None:
    for text in (to_text(hostile_document()), to_markdown(hostile_document())):
        assert "\x1b" not in text
        assert "\r" not in text
    assert "\\[x\\](http" in to_markdown(hostile_document())
    assert "\\<script\\>" in to_markdown(hostile_document())


def test_the_letter_has_both_forms_and_no_foreign_header(store: Store) -> None:
    fill_specimen(store, datetime.now(UTC))
    document = compose(gather(store, View(datetime.now(UTC), timedelta(days=60)), Week(datetime.now(UTC)), [], "base"))
    mail = message_from_bytes(
        to_letter(document, "me@posteo.example", "<r@triage.invalid>", NOW), policy=policy.default
    )
    assert (mail["To"], mail["From"], mail["Message-ID"]) == (
        "me@posteo.example",
        "triage <me@posteo.example>",
        "<r@triage.invalid>",
    )
    html, plain = mail.get_body(("html",)), mail.get_body(("plain",))
    assert html is not None
    assert plain is not None
    named = {part["Content-ID"].strip("<>") for part in mail.walk() if part.get_content_maintype() == "image"}
    used = {node.attributes["src"] for node in LexborHTMLParser(html.get_content()).css("img")}
    assert {f"cid:{name}" for name in named} == used
    assert len(named) == 4
    assert max(len(line) for line in mail.as_bytes().split(b"\n")) < 998  # RFC 5322 section 2.1.1


def test_a_report_is_put_there_once_whatever_breaks(store: Store) -> None:
    inbox = FakeMailbox()
    source = FakeSource(inbox)
    record = intend(store, "home", "2026-W18", "INBOX", NOW)
    assert intend(store, "home", "2026-W18", "INBOX", NOW) == record
    letter = make_raw(message_id=record.message_id)
    source.lose_append = True
    with pytest.raises(TransientMailError):
        deliver(source, store, record, letter)
    known = store.leads.load_report("home", "2026-W18")
    assert known is not None
    assert known.appended_at is None
    assert deliver(source, store, intend(store, "home", "2026-W18", "INBOX", NOW), letter) is False
    assert len(inbox.list_refs()) == 1
    assert store.leads.report_ids() == {record.message_id}


def test_the_daemon_wants_a_report_until_it_is_there(store: Store) -> None:
    plan = ReportPlan(0, 7, 0, "home", ["triage", "report", "--append"])
    now = datetime(2026, 5, 4, 12).astimezone()
    assert plan.is_wanted(store, now)
    week = Week(last_due(now, 0, time(7))).name
    deliver(FakeSource(FakeMailbox()), store, intend(store, "home", week, "INBOX", NOW), make_raw())
    assert not plan.is_wanted(store, now)
    assert plan.is_wanted(store, now + timedelta(days=7))


@pytest.mark.parametrize(
    ("subject", "kind", "number"),
    [
        ("You appeared in 30 searches this week", Kind.SEARCHES, 30),
        ("Sie sind in 12 Suchen erschienen", Kind.SEARCHES, 12),
        ("Vous êtes apparu dans 7 recherches cette semaine", Kind.SEARCHES, 7),
        ("Apareciste en 1.204 búsquedas", Kind.SEARCHES, 1204),
        ("Você apareceu em 15 pesquisas esta semana", Kind.SEARCHES, 15),
        ("Sei comparso in 9 ricerche", Kind.SEARCHES, 9),
        ("Je bent weergegeven in 4 zoekopdrachten", Kind.SEARCHES, 4),
        ("Pojawiłeś się w 6 wyszukiwaniach", Kind.SEARCHES, 6),
        ("Du wurdest 12-mal gefunden", Kind.SEARCHES, 12),
        ("Te han encontrado 14 veces", Kind.SEARCHES, 14),
        ("9 comparse nelle ricerche", Kind.SEARCHES, 9),
        ("7 aparições em pesquisas", Kind.SEARCHES, 7),
        ("8 apparitions dans les résultats de recherche", Kind.SEARCHES, 8),
        ("5 people viewed your profile", Kind.VIEWS, 5),
        ("1.250 personas han visto tu perfil", Kind.VIEWS, 1250),
    ],
)
def test_counts_of_platforms_are_read(subject: str, kind: Kind, number: int) -> None:
    found = read_appearance(Address("LinkedIn", "notifications@linkedin.com"), subject, "", NOW)
    assert found is not None
    assert (found.kind, found.number, found.platform) == (kind, number, "linkedin.com")


def test_who_looked_at_a_job_did_not_look_at_the_profile() -> None:
    for subject in ("150 people viewed this job: Data engineer", "Your post: 150 people viewed it"):
        assert read_appearance(Address("", "a@linkedin.com"), subject, "", NOW) is None


def test_only_a_platform_counts() -> None:
    assert read_appearance(Address("", "a@b.example"), "You appeared in 30 searches", "", NOW) is None
    assert read_appearance(None, "You appeared in 30 searches", "", NOW) is None
    assert read_appearance(Address("", "a@linkedin.com"), "A job for you", "30 new jobs", NOW) is None


def test_a_calendar_has_short_lines_and_keeps_its_names() -> None:
    card = make_card("Ingeniör; med, många\nord " * 8, "Acme")
    standings = look_at([make_lead(make_lead_message(card=card, at=NOW))], {}, VIEW)
    text = to_calendar(standings, NOW)
    assert all(len(line.encode()) <= 75 for line in text.split("\r\n"))
    plain = text.replace("\r\n ", "")
    assert "SUMMARY:Answer Siobhan Kearns: Ingeniör\\; med\\, många ord" in plain
    assert "DUE;VALUE=DATE:20260511" in plain
    uid = next(line for line in plain.split("\r\n") if line.startswith("UID"))
    assert uid in to_calendar(standings, NOW + timedelta(days=1))


def test_a_spreadsheet_gets_no_formula(capsys: pytest.CaptureFixture[str]) -> None:
    card = make_card('=HYPERLINK("http://evil.example")', "+Acme")
    standings = look_at([make_lead(make_lead_message(card=card, subject="@sum"))], {}, VIEW)
    leads_command._print_csv(standings, NOW)
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["role"][:2], row["company"], row["subject"]) == ("'=", "'+Acme", "'@sum")


def test_a_lead_with_two_sides_shows_name_and_address_of_one(capsys: pytest.CaptureFixture[str]) -> None:
    named = replace(make_card("Cook", agency="Norr Talent"), recruiter=fact("Henrik Dahl"))
    first = make_lead_message(1, sender="Henrik Dahl <henrik@norr.example>", card=named)
    last = make_lead_message(2, sender="Mia Berg <mia@berg.example>", at=NOW, card=make_card("Cook"))
    (standing,) = look_at([make_lead(first, last)], {}, VIEW)
    leads_command._print_csv([standing], NOW)
    (row,) = csv.DictReader(io.StringIO(capsys.readouterr().out))
    assert (row["agency"], row["recruiter"], row["address"], standing.sender) == (
        "",
        "",
        "mia@berg.example",
        "Mia Berg",
    )


def test_junk_of_a_fake_and_a_real_mailbox_are_read_alike() -> None:
    box = FakeMailbox([make_raw("x" * 30_000)])
    (item,) = box.iter_beginnings(box.list_refs(), 16_384)
    assert isinstance(item, RawMessage)
    assert (len(item.content), item.is_cut) == (16_384, True)
