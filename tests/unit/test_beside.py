"""What a pass reads beside: Sent before anything is judged for the first time, Junk without a trace, reports on their day."""

import logging
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest

from tests.builders import make_offer, make_raw, make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.cli.report import due_moment
from triage.config import Config, parse_config
from triage.errors import BusyError, ConfigError, FolderError, TransientMailError
from triage.interfaces import FolderRole
from triage.lead.lead import Reply
from triage.lead.week import Week
from triage.service.account import AccountRunner, Surroundings
from triage.service.beside import Beside
from triage.service.daemon import Daemon, DaemonOptions
from triage.service.leadbook import Acquaintances, LeadBook
from triage.service.leases import Leases
from triage.service.plan import LabelNames
from triage.service.reporting import ReportPlan, intend
from triage.service.undo import undo_run
from triage.service.visit import VisitOptions
from triage.store.store import Store, open_store

NOW = datetime(2026, 5, 5, 12, tzinfo=UTC)
YEARS = timedelta(days=3650)
ANNA = "Anna Lind <anna.lind@choir.example>"


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


def make_options(judge: Judge, store: Store) -> VisitOptions:
    return VisitOptions(
        judge,
        store,
        LabelNames("Triage/"),
        since=YEARS,
        clock=lambda: NOW,
        book=lambda: LeadBook(store, clock=lambda: NOW),
        people=Acquaintances(store).people,
    )


def make_runner(source: FakeSource, judge: Judge, store: Store, **more: object) -> AccountRunner:
    settings = {"own": frozenset(), "sent_since": YEARS, "junk_since": YEARS, "every": timedelta()} | more
    around = Surroundings(Leases(store), lambda _: None, beside=Beside(**settings), clock=lambda: NOW)  # type: ignore[arg-type]
    return AccountRunner(source, make_options(judge, store), around)


def written(to: str, text: str = "See you on Tuesday.", number: int = 1) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Date"] = "me@x.example", to, NOW - timedelta(days=number)
    mail["Subject"], mail["Message-ID"] = "Choir", f"<sent-{number}@x.example>"
    mail.set_content(text)
    return mail.as_bytes()


def scam_of_anna() -> bytes:
    return make_scam().replace(b"Personnel <personnel.desk@outlook.com>", ANNA.encode())


def test_the_first_pass_knows_whom_the_owner_knows(judge: Judge, store: Store) -> None:
    inbox, sent = FakeMailbox([scam_of_anna()]), FakeMailbox([written(ANNA)], folder="Sent")
    source = FakeSource(inbox)
    source.give_role(FolderRole.SENT, sent)
    make_runner(source, judge, store).pass_once()
    assert inbox.keywords(1) == {"Triage/Unsure"}


def test_without_that_mail_it_is_a_scam(judge: Judge, store: Store) -> None:
    inbox = FakeMailbox([scam_of_anna()])
    make_runner(FakeSource(inbox), judge, store).pass_once()
    assert inbox.keywords(1) == {"Triage/Scam"}


def test_sent_is_read_in_parts_and_what_was_read_is_not_read_again(store: Store) -> None:
    sent = FakeMailbox([written(ANNA, number=number) for number in range(1, 8)], folder="Sent")
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.SENT, sent)
    beside = Beside(frozenset(), YEARS, None)
    assert beside.read_sent_folder(source, store, YEARS) == 7
    assert beside.read_sent_folder(source, store, YEARS) == 0
    sent.deliver(written(ANNA, number=9))
    sent.spoil(8)
    sent.deliver(written(ANNA, "Unsubscribe", number=10))
    assert beside.read_sent_folder(source, store, YEARS) == 2
    assert [one.sent for one in store.leads.list_contacts()] == [7]
    sent.renumber(9)
    assert beside.read_sent_folder(source, store, YEARS) > 0
    assert [one.sent for one in store.leads.list_contacts()] == [7]


def test_a_pass_that_is_to_stop_reads_no_further(store: Store) -> None:
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.SENT, FakeMailbox([written(ANNA)], folder="Sent"))
    beside = Beside(frozenset(), YEARS, None)
    assert beside.read_sent_folder(source, store, YEARS, should_stop=lambda: True) == 0
    assert beside.read_sent_folder(source, store, YEARS) == 1


def test_a_lead_that_its_owner_put_into_junk_stays_there(judge: Judge, store: Store) -> None:
    inbox, junk = FakeMailbox([make_offer()]), FakeMailbox(folder="Junk")
    source = FakeSource(inbox)
    source.give_role(FolderRole.JUNK, junk)
    junk.elsewhere = inbox
    runner = make_runner(source, judge, store, moves_rescued=True)
    runner.pass_once()
    assert inbox.keywords(1) == {"Triage/Recruiter"}
    inbox.expunge(1)
    junk.deliver(make_offer(), "Triage/Recruiter")
    for _ in range(2):
        runner.pass_once()
    assert (inbox.list_refs(), len(junk.list_refs())) == ([], 1)
    (lead,) = store.leads.list_leads()
    assert not lead.is_rescued


def test_nothing_moves_once_another_process_took_over(judge: Judge, store: Store) -> None:
    def fence() -> None:
        raise TransientMailError("another process took over")

    junk = FakeMailbox([make_offer()], folder="Junk")
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.JUNK, junk)
    beside = Beside(frozenset(), None, YEARS, moves_rescued=True)
    with pytest.raises(TransientMailError):
        beside.read(source, replace(make_options(judge, store), fence=fence))
    assert (junk.writes, store.list_runs()) == (0, [])


def test_a_rescue_that_was_taken_back_is_not_done_again(judge: Judge, store: Store) -> None:
    inbox, junk = FakeMailbox(), FakeMailbox([make_offer()], folder="Junk")
    source = FakeSource(inbox)
    source.give_role(FolderRole.JUNK, junk)
    junk.elsewhere, inbox.elsewhere = inbox, junk
    runner = make_runner(source, judge, store, moves_rescued=True)
    runner.pass_once()
    assert (len(inbox.list_refs()), junk.list_refs()) == (1, [])
    (run,) = store.list_runs()
    report = undo_run(run.run_id, store, lambda _account, _folder: source, LabelNames("Triage/"))
    assert (report.undone, inbox.list_refs(), len(junk.list_refs())) == (1, [], 1)
    runner.pass_once()
    assert (inbox.list_refs(), len(junk.list_refs())) == ([], 1)


def test_junk_is_looked_at_once_and_keeps_no_trace(judge: Judge, store: Store) -> None:
    junk = FakeMailbox([make_offer(), make_scam(), make_raw()], folder="Junk")
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.JUNK, junk)
    runner = make_runner(source, judge, store)
    for _ in range(2):
        runner.pass_once()
    (lead,) = store.leads.list_leads()
    assert (lead.is_rescued, junk.writes) == (True, 0)
    assert store.count_judgements("home") == {}


def test_a_folder_that_is_gone_is_told_and_stops_nothing(judge: Judge, store: Store) -> None:
    class Gone(FakeSource):
        def find_folder(self, role: FolderRole) -> str | None:
            raise FolderError(f"account home: there is no folder for {role.value}; set {role.value}_folder")

    inbox = FakeMailbox([make_offer()])
    report = make_runner(Gone(inbox), judge, store).pass_once()
    assert inbox.keywords(1) == {"Triage/Recruiter"}
    assert "set sent_folder" in report.problems[0]


def test_what_is_wrong_is_told_until_it_is_read_again(judge: Judge, store: Store) -> None:
    """Not with every other pass: that would be an alarm and an all-clear by turns."""

    class Gone(FakeSource):
        is_gone = True

        def find_folder(self, role: FolderRole) -> str | None:
            if self.is_gone and role is FolderRole.SENT:
                raise FolderError("account home: there is no folder Sent")
            return super().find_folder(role)

    source = Gone(FakeMailbox())
    runner = make_runner(source, judge, store, every=timedelta(hours=1))
    assert [runner.pass_once().problems for _ in range(3)] == [("account home: there is no folder Sent",)] * 3
    assert runner._side is not None
    runner._side._read_at, source.is_gone = -3600.0, False
    assert runner.pass_once().problems == ()


def test_junk_is_looked_into_even_if_sent_is_gone(judge: Judge, store: Store) -> None:
    class Gone(FakeSource):
        def find_folder(self, role: FolderRole) -> str | None:
            if role is FolderRole.SENT:
                raise FolderError("account home: there is no folder Sent")
            return super().find_folder(role)

    source = Gone(FakeMailbox())
    source.give_role(FolderRole.JUNK, FakeMailbox([make_offer()], folder="Junk"))
    assert make_runner(source, judge, store).pass_once().problems == ("account home: there is no folder Sent",)
    assert len(store.leads.list_leads()) == 1


def test_without_a_sent_folder_new_mail_does_not_wait_for_junk(judge: Judge, store: Store) -> None:
    order: list[str] = []

    class Noting(FakeSource):
        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            order.append(folder)
            return super().open(folder)

    source = Noting(FakeMailbox())
    source.give_role(FolderRole.JUNK, FakeMailbox(folder="Junk"))
    runner = make_runner(source, judge, store)
    runner.pass_once()
    order.clear()
    runner.pass_once()
    assert order == ["INBOX", "Junk"]


def test_nothing_is_moved_out_of_junk_by_a_pass_given_up_for_dead(judge: Judge, store: Store) -> None:
    junk = FakeMailbox([make_offer()], folder="Junk")
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.JUNK, junk)
    beside = Beside(frozenset(), None, YEARS, moves_rescued=True)

    def fence() -> None:
        if store.leads.list_leads():  # it slept while it judged
            raise BusyError("another triage has taken over home")

    with pytest.raises(BusyError):
        beside.read(source, replace(make_options(judge, store), fence=fence))
    assert junk.writes == 0
    beside.read(source, make_options(judge, store))
    assert junk.writes == 1


def test_beside_is_read_at_most_so_often(judge: Judge, store: Store) -> None:
    sent = FakeMailbox(folder="Sent")
    source = FakeSource(FakeMailbox())
    source.give_role(FolderRole.SENT, sent)
    runner = make_runner(source, judge, store, every=timedelta(hours=1))
    runner.pass_once()
    sent.deliver(written(ANNA))
    runner.pass_once()
    assert store.leads.list_contacts() == []
    assert runner._side is not None
    runner._side._read_at = None
    runner.pass_once()
    assert [one.address for one in store.leads.list_contacts()] == ["anna.lind@choir.example"]


def test_an_answer_is_seen_whatever_came_first(judge: Judge, store: Store) -> None:
    inbox = FakeMailbox()
    inbox.deliver(make_offer(), received=NOW - timedelta(days=3))
    answer = EmailMessage()
    answer["To"], answer["Date"], answer["In-Reply-To"] = (
        "x@y.example",
        NOW - timedelta(days=1),
        "<offer-1@kestrelfoods.example>",
    )
    answer.set_content("Thank you, I'm not interested.")
    source = FakeSource(inbox)
    source.give_role(FolderRole.SENT, FakeMailbox([answer.as_bytes()], folder="Sent"))
    make_runner(source, judge, store).pass_once()
    (found,) = store.leads.list_answers().values()
    assert [one.reply for one in found] == [Reply.DECLINE]


def test_the_owners_hand_takes_a_lead_away(judge: Judge, store: Store) -> None:
    inbox = FakeMailbox([make_offer()])
    runner = make_runner(FakeSource(inbox), judge, store)
    runner.pass_once()
    assert len(store.leads.list_leads()) == 1
    inbox.relabel(1)
    runner.pass_once()
    assert store.leads.list_leads() == []
    inbox.relabel(1, "Triage/Referral")
    runner.pass_once()
    assert len(store.leads.list_leads()) == 1


def make_daemon(judge: Judge, store: Store, plan: ReportPlan) -> Daemon:
    options = DaemonOptions(timedelta(hours=1), 1, report=plan)
    return Daemon([FakeSource(FakeMailbox())], store, make_options(judge, store), options)


@pytest.mark.parametrize(
    ("program", "words"),
    [
        ("print('the report of 2026-W18 is in home/INBOX')", "report done result=written"),
        ("print('nothing was judged in 2026-W18')", "report done result=nothing to write"),
        ("import sys; sys.exit('triage: the account is gone')", "status=1 reason=triage: the account is gone"),
        ("raise ValueError('Siobhan' + chr(10) + 'Kearns')", "status=1 reason=unknown, run the command by hand"),
    ],
)
def test_the_daemon_runs_the_report_and_tells_how_it_ended(
    judge: Judge, store: Store, caplog: pytest.LogCaptureFixture, program: str, words: str
) -> None:
    plan = ReportPlan(0, 7, 0, "home", [sys.executable, "-c", program])
    with caplog.at_level(logging.INFO):
        make_daemon(judge, store, plan)._report(plan)
    assert words in caplog.text
    assert not [word for word in ("Siobhan", "Kearns") if word in caplog.text]


def test_the_daemon_runs_no_report_that_is_there(judge: Judge, store: Store, caplog: pytest.LogCaptureFixture) -> None:
    config = parse_config({"report": {"day": "monday"}, "accounts": [ACCOUNT]})
    week = Week(due_moment(config, datetime.now().astimezone())).name
    store.leads.save_report(replace(intend(store, "home", week, "INBOX", NOW), appended_at=NOW))
    plan = ReportPlan(0, 7, 0, "home", [sys.executable, "-c", "print('ran')"])
    with caplog.at_level(logging.INFO):
        make_daemon(judge, store, plan)._report(plan)
    assert "report" not in caplog.text


ACCOUNT = {"name": "home", "host": "127.0.0.1", "security": "none", "username": "me@x.example", "password": "secret"}


def test_the_report_goes_to_the_first_private_account() -> None:
    work = ACCOUNT | {"name": "office", "work": True}
    config = parse_config({"report": {"day": "monday"}, "accounts": [work, ACCOUNT]})
    found = config.report_account()
    assert found is not None
    assert found.name == "home"


@pytest.mark.parametrize(
    ("report", "words"), [({"day": "monday"}, "work = true"), ({"day": "monday", "account": "nobody"}, "'nobody'")]
)
def test_a_report_that_has_nowhere_to_go_is_a_mistake(report: dict[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config({"report": report, "accounts": [ACCOUNT | {"name": "office", "work": True}]})


def test_a_daemon_that_missed_the_day_writes_the_report_after_its_start(
    judge: Judge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("triage.service.daemon._SETTLED", timedelta())
    made = tmp_path / "made"
    plan = ReportPlan(0, 7, 0, "home", [sys.executable, "-c", f"open({str(made)!r}, 'w').close()"])
    store = open_store(f"sqlite:///{tmp_path / 'daemon.sqlite3'}")
    daemon = make_daemon(judge, store, plan)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        deadline = time.monotonic() + 60
        while not made.exists() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert made.exists()
    finally:
        daemon.stop()
        thread.join(30)
    assert not thread.is_alive()
