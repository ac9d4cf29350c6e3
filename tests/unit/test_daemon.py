"""The daemon's passes: what is looked at, and what a failure leaves behind."""

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import date, timedelta
from pathlib import Path

import pytest

from tests.builders import make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.config import Config
from triage.errors import AccountError, TransientMailError
from triage.records import MessageRef, Uid
from triage.service.daemon import Daemon
from triage.service.plan import LabelNames
from triage.store.store import Store, open_store

SCAM = {"Triage/Scam"}


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    yield store
    store.close()


def make_daemon(store: Store, *sources: FakeSource, since_days: int | None = None) -> Daemon:
    judge, names = build_judge(Config()), LabelNames("Triage/")
    return Daemon(sources, judge, store, names, every=timedelta(seconds=5), workers=1, since_days=since_days)


class DatedMailbox(FakeMailbox):
    """A folder whose messages up to a UID are older than any day asked for."""

    old = 0

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> list[MessageRef]:
        return [ref for ref in super().list_refs(after=after) if since is None or ref.uid > self.old]


def test_the_first_visit_leaves_alone_what_is_there(store: Store) -> None:
    box = FakeMailbox([make_scam(1)])
    daemon = make_daemon(store, FakeSource(box))
    daemon.pass_once(FakeSource(box))
    box.deliver(make_scam(2))
    assert daemon.pass_once(FakeSource(box)).labelled == 1
    assert [box.keywords(uid) for uid in (1, 2)] == [set(), SCAM]


@pytest.mark.parametrize("old", [1, 3])
def test_mail_from_before_since_is_never_labelled(store: Store, old: int) -> None:
    box = DatedMailbox([make_scam(number) for number in range(3)])
    box.old = old
    daemon = make_daemon(store, FakeSource(box), since_days=30)
    for number in range(3, 6):
        daemon.pass_once(FakeSource(box))
        box.deliver(make_scam(number))
    daemon.pass_once(FakeSource(box))
    assert [box.keywords(uid) for uid in range(1, 7)] == [set()] * old + [SCAM] * (6 - old)


def test_after_a_new_uidvalidity_old_mail_is_still_left_alone(store: Store) -> None:
    box = DatedMailbox([make_scam(1), make_scam(2)])
    daemon = make_daemon(store, FakeSource(box))
    daemon.pass_once(FakeSource(box))
    box.renumber(99)
    box.old = 2
    daemon.pass_once(FakeSource(box))
    box.deliver(make_scam(3))
    daemon.pass_once(FakeSource(box))
    assert [box.keywords(uid) for uid in (1, 2, 3)] == [set(), set(), SCAM]


@pytest.mark.parametrize("error", [AccountError("login refused"), TransientMailError("cut off")])
def test_a_failure_is_remembered_in_its_words(store: Store, error: Exception) -> None:
    source = FakeSource(FakeMailbox())
    source.error = error
    make_daemon(store, source)._pass_safely(source)
    assert store.list_passes()[0].problem == str(error)


def test_an_outage_is_said_once_when_it_starts_and_once_when_it_ends(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    source = FakeSource(FakeMailbox())
    daemon = make_daemon(store, source)
    with caplog.at_level(logging.INFO):
        source.error = TransientMailError("cut off")
        for _ in range(3):
            daemon._pass_safely(source)
        source.error = None
        for _ in range(2):
            daemon._pass_safely(source)
    assert [record.getMessage().partition(" account=")[0] for record in caplog.records] == [
        "account fails, trying again on each pass",
        "account works again",
    ]


def test_a_bug_stops_no_other_account_and_logs_no_mail(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    class Quoting(FakeSource):
        def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
            raise RuntimeError(f"cannot handle 'Dear Marta, your salary' in {folder}")

    broken = Quoting(FakeMailbox())
    daemon = make_daemon(store, broken)
    daemon._pass_safely(broken)
    assert "a bug stopped the pass (RuntimeError in open)" in str(store.list_passes()[0].problem)
    assert "bug account=home kind=RuntimeError" in caplog.text
    assert "Marta" not in caplog.text
    daemon._pass_safely(FakeSource(FakeMailbox()))
    assert store.list_passes()[0].problem is None
