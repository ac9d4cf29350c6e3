"""What an owner's folders say, on a real server: mail that comes, goes, comes back and was put there by us."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.builders import make_offer, make_scam
from tests.contract.conftest import Opener, make_account
from tests.servers.dovecot import Dovecot
from triage.classify.decision import CostTable
from triage.classify.features import OwnerMask
from triage.classify.judge import Judge
from triage.config import DecisionConfig
from triage.imap.source import ImapSource
from triage.interfaces import SortedFolder
from triage.learn import gather as gathering
from triage.learn.examples import Resolved
from triage.learn.options import TrainingOptions
from triage.learn.training import collect, gather, read_missing
from triage.modelfile import base_model_path, load_model
from triage.modelshelf import ModelShelf
from triage.reading import Reading
from triage.records import Category, Uid
from triage.service.cycle import PassOptions, run_pass
from triage.service.plan import LabelNames
from triage.store.records import Relabelling
from triage.store.store import Store, open_store

pytestmark = pytest.mark.server

BASE = load_model(base_model_path())
COSTS = CostTable(**DecisionConfig().model_dump())
FOLDERS = {"Leads": Category.RECRUITER, "Fakes": Category.SCAM}


@dataclass
class Desk:
    """An owner with two folders, and the learner beside them; an hour passes between two looks."""

    client: IMAPClient
    source: ImapSource
    store: Store
    options: TrainingOptions
    now: datetime = field(default_factory=lambda: datetime(2026, 5, 1, tzinfo=UTC))

    def look(self) -> dict[str, tuple[int, int, str]]:
        """Gather, and return messages, read now and problem by folder."""
        self.now += timedelta(hours=1)
        options = replace(self.options, clock=lambda: self.now)
        return {one.name: (one.messages, one.read, one.problem) for one in gather(self.places(), options)}

    def places(self) -> list[SortedFolder]:
        return [SortedFolder(name, category, self.source, name) for name, category in FOLDERS.items()]

    def resolved(self) -> Resolved:
        return collect(self.places(), self.options)

    def categories(self) -> list[Category]:
        return [one.category for one in self.resolved().examples]

    def move(self, origin: str, target: str) -> None:
        """Move everything, as a mail client does."""
        self.client.select_folder(origin)
        self.client.move(self.client.search(), target)


@pytest.fixture
def desk(dovecot: Dovecot, user: str, source_of: Opener, tmp_path: Path) -> Iterator[Desk]:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    for name in [*FOLDERS, "Archive"]:
        client.create_folder(name)
    source = source_of(make_account(dovecot.port, user))
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    reading = Reading(BASE, OwnerMask(), b"key")
    names = LabelNames("Triage/")
    labels = {label: one for one in Category if (label := names.of(one))}
    options = TrainingOptions(
        BASE, store, ModelShelf(tmp_path / "models"), reading, COSTS, labels, lambda _account, _folder: source, ["home"]
    )
    desk = Desk(client, source, store, options)
    yield desk
    store.close()
    desk.client.logout()


def test_a_text_is_fetched_once_wherever_the_message_goes(desk: Desk) -> None:
    for number in range(3):
        desk.client.append("Leads", make_offer(number))
    assert desk.look() == {"Leads": (3, 3, ""), "Fakes": (0, 0, "")}
    assert desk.look() == {"Leads": (3, 0, ""), "Fakes": (0, 0, "")}
    desk.move("Leads", "Fakes")
    assert desk.look() == {"Leads": (0, 0, ""), "Fakes": (3, 0, "")}
    assert desk.categories() == [Category.SCAM] * 3


def test_the_last_folder_counts_and_trash_and_archive_mean_nothing(desk: Desk) -> None:
    desk.client.append("Leads", make_offer(1))
    desk.look()
    desk.move("Leads", "Fakes")
    desk.look()
    assert desk.categories() == [Category.SCAM]
    desk.move("Fakes", "Leads")
    desk.look()
    assert desk.categories() == [Category.RECRUITER]
    desk.move("Leads", "Archive")
    desk.look()
    assert desk.categories() == [Category.RECRUITER]


def test_what_we_moved_ourselves_says_nothing_until_its_owner_does(desk: Desk) -> None:
    desk.client.append("INBOX", make_scam(1))
    names = LabelNames("Triage/", moves={Category.SCAM: "Fakes"})
    with desk.source.open("INBOX") as mailbox:
        options = PassOptions(names, desk.store.begin_run("test"))
        judge = Judge(BASE, COSTS)
        assert [one.applied for one in run_pass(mailbox, mailbox.list_refs(), judge, desk.store, options)] == [True]
    assert desk.look()["Fakes"][0] == 1
    assert desk.categories() == []
    desk.move("Fakes", "Leads")
    desk.look()
    assert desk.categories() == [Category.RECRUITER]
    desk.move("Leads", "Fakes")
    desk.look()
    assert desk.categories() == [Category.SCAM]  # brought back, by their own hand


def test_a_folder_that_vanishes_is_told_and_what_it_said_is_kept(desk: Desk) -> None:
    desk.client.append("Leads", make_offer(1))
    desk.look()
    desk.client.delete_folder("Leads")
    found = desk.look()
    assert "Leads" in found["Leads"][2]
    assert found["Fakes"] == (0, 0, "")
    assert desk.categories() == [Category.RECRUITER]


def test_of_a_huge_folder_the_newest_are_learnt_from(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gathering, "MAX_MESSAGES", 3)
    for number in range(5):
        desk.client.append("Leads", make_offer(number))
    assert desk.look()["Leads"] == (5, 3, "")
    uids = [one.ref.uid for one in desk.resolved().examples]
    assert sorted(uids) == [Uid(3), Uid(4), Uid(5)]


def test_a_renumbered_folder_is_not_read_again(desk: Desk, dovecot: Dovecot, user: str) -> None:
    for number in range(3):
        desk.client.append("Leads", make_offer(number))
    desk.look()
    desk.source.close()
    desk.client.logout()
    dovecot.change_uidvalidity(user, folder="Leads", value=777)
    desk.client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    desk.client.login(user, dovecot.password)
    assert desk.look()["Leads"] == (3, 0, "")
    assert desk.categories() == [Category.RECRUITER] * 3
    assert {one.ref.uidvalidity for one in desk.resolved().examples} == {777}


def test_what_was_relabelled_in_an_unmapped_folder_is_read_where_it_is(desk: Desk) -> None:
    desk.client.append("INBOX", make_offer(1))
    with desk.source.open("INBOX") as mailbox:
        (found,) = mailbox.identify(mailbox.list_refs()).items()
    ref, mark = found
    desk.store.save_relabelling(Relabelling(ref, mark, frozenset({"Triage/Recruiter"}), frozenset(), desk.now))
    resolved = desk.resolved()
    assert [one.category for one in resolved.examples] == [Category.OTHER]
    assert not desk.store.evidence.with_features(desk.options.reading.features_id)
    read_missing(resolved.examples, desk.options)
    assert desk.store.evidence.with_features(desk.options.reading.features_id) == {mark}
