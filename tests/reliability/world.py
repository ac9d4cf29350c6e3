"""A mailbox with an owner, a program that labels it, and everything that can go wrong between them.

The world knows what was delivered and what the owner did. From that follows what the mailbox
must look like once all faults have passed: `check` compares.
"""

import hashlib
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Protocol

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from pydantic import SecretStr

from tests.builders import make_offer, make_plain_of, make_scam
from tests.reliability.crashing import Crash, CrashingStore
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.config import AccountConfig, Config, LabelsConfig
from triage.errors import FolderError, StoreError
from triage.imap.source import ImapSource
from triage.mail.identity import fingerprint
from triage.records import Category
from triage.service.account import AccountRunner, Surroundings
from triage.service.backoff import Backoff
from triage.service.cycle import PassOptions, run_pass
from triage.service.leadbook import LeadBook
from triage.service.leases import Leases, daemon_lease
from triage.service.plan import LabelNames
from triage.service.visit import VisitOptions
from triage.store.store import open_store

OURS = ("Triage/Recruiter", "Triage/Referral", "Triage/Scam", "Triage/Unsure")
NESTED = b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n" + b"".join(
    b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (depth, depth + 1) for depth in range(1500)
)


@cache
def the_judge() -> Judge:
    """The shipped model: loaded once."""
    return build_judge(Config())


@dataclass
class Letter:
    """One message delivered.

    Attributes:
        wanted: the label it must carry in the end, by its kind or by the owner's hand.
        moved: whether it must lie in Junk in the end.
        is_odd: whether any verdict will do: only its safety is looked at.
    """

    content: bytes
    wanted: str | None
    moved: bool = False
    is_odd: bool = False
    is_deleted: bool = False
    is_read: bool = False
    is_owners: bool = False


@dataclass
class Findings:
    """What is not as promised, by kind, and what was done."""

    wrong: Counter[str] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    messages: int = 0
    passes: int = 0

    def add(self, other: "Findings") -> None:
        """Count another's."""
        self.wrong.update(other.wrong)
        self.faults.update(other.faults)
        self.messages += other.messages
        self.passes += other.passes


class Server(Protocol):
    """What a mail server must do to have faults played on it."""

    port: int
    password: str

    def deliver(self, user: str, content: bytes) -> None:
        """Deliver a message to INBOX."""


class World:
    """One owner, one mailbox, one program."""

    def __init__(self, server: Server, proxy: FaultProxy, user: str, folder: Path, mode: str) -> None:
        """Begin with an empty mailbox and a first visit."""
        self.server, self.proxy, self.user, self.mode = server, proxy, user, mode
        self.findings = Findings()
        self.letters: dict[str, Letter] = {}
        self.now = datetime.now(UTC)
        self._url = f"sqlite:///{folder / (user + '.sqlite3')}"
        self._validity = 4242
        self._killed_at = 0.0
        self.log_in()
        if not self.owner.folder_exists("Junk"):
            self.owner.create_folder("Junk")
        moves = {Category.SCAM: "Junk"} if mode == "move" else {}
        self._names = LabelNames("Triage/", moves=moves)
        self._account = AccountConfig(
            name="home",
            host="127.0.0.1",
            port=proxy.port,
            security="none",
            username=user,
            password=SecretStr(server.password),
            timeout_seconds=0.6,
        )
        self._labels = LabelsConfig(mode="folder" if mode == "folder" else "auto")
        self.start()
        self.run_pass()

    def log_in(self) -> None:
        """Begin a session of the owner."""
        # After a kill the server waits for locks of the dead.
        self.owner = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=300)
        self.owner.login(self.user, self.server.password)

    def _select(self, folder: str, *, readonly: bool = False) -> None:
        """Open a folder; of one whose files were renumbered Dovecot may say once that it was deleted under us."""
        try:
            self.owner.select_folder(folder, readonly=readonly)
        except IMAPClientError:
            self.owner.shutdown()
            self.log_in()
            self.owner.select_folder(folder, readonly=readonly)

    # -- the program

    def start(self) -> None:
        """Start the program anew, as after a crash: only the store and the server remember."""
        self.store = CrashingStore.of(open_store(self._url))
        self.fatal: list[StoreError] = []
        self.runner = self.make_runner(self.store)

    def make_runner(self, store: CrashingStore) -> AccountRunner:
        options = VisitOptions(
            the_judge(),
            store,
            self._names,
            clock=lambda: self.now,
            book=lambda: LeadBook(store, clock=lambda: self.now),
        )
        self._leases = Leases(store, lambda: self.now)
        around = Surroundings(
            self._leases,
            self.fatal.append,
            clock=lambda: self.now,
            backoff=lambda: Backoff(first=0.0, longest=0.0),
        )
        return AccountRunner(ImapSource(self._account, self._labels), options, around)

    def run_pass(self) -> None:
        """Run a pass; one that crashes is followed by a new start."""
        self.findings.passes += 1
        self.now += timedelta(minutes=1)
        try:
            self.runner.run()
        except Crash:
            self.stop()
            self.start()

    def release(self) -> None:
        """Give back what a daemon holds while it lives, so that another may serve the account."""
        self._leases.give_back(daemon_lease("home"))

    def stop(self) -> None:
        """End the program without a word."""
        self.runner.source.interrupt()
        self.runner.source.close()
        self.store.close()

    # -- what comes and what the owner does

    def deliver(self, kind: str) -> None:
        """Deliver a message of a kind."""
        self.server.deliver(self.user, self.expect(kind))

    def expect(self, kind: str) -> bytes:
        """Return a message of a kind that is going to be delivered."""
        number = len(self.letters) + 1
        name = f"{kind}-{number}"
        match kind:
            case "scam":
                content = make_scam(number)
            case "offer":
                content = make_offer(number)
            case "poison":
                content = b"Message-ID: <poison-%d@x.example>\r\n" % number + NESTED
            case _:
                content = make_plain_of(number)
        verdict = the_judge().read(content).verdict
        wanted = next(iter(self._names.wanted(verdict)), None)
        self.letters[name] = Letter(
            content, wanted, moved=kind == "scam" and self.mode == "move", is_odd=kind == "poison"
        )
        self.findings.messages += 1
        return content

    def _labelled(self) -> dict[str, tuple[int, set[str]]]:
        """Return UID and labels of the letters in INBOX that carry exactly the label the program wrote."""
        self._select("INBOX")
        names = {digest(letter.content): name for name, letter in self.letters.items()}
        found = {}
        for uid, items in self.owner.fetch(self.owner.search(), ["FLAGS", "BODY.PEEK[]"]).items():
            name = names.get(digest(items[b"BODY[]"]))
            labels = {flag.decode() for flag in items[b"FLAGS"]} & set(OURS)
            if name is not None and labels == {self.letters[name].wanted}:
                found[name] = (uid, labels)
        return found

    def owner_relabels(self, rng: random.Random, label: str | None) -> None:
        """Let the owner put another label, or none, in the place of one the program wrote."""
        if self.mode != "keyword" or self.store.pending("home", "INBOX"):
            return  # what a crash left unconfirmed cannot be told from what the owner took away
        candidates = self._labelled()
        if not candidates:
            return
        name = rng.choice(sorted(candidates))
        uid, labels = candidates[name]
        self.owner.remove_flags([uid], sorted(labels))
        if label:
            self.owner.add_flags([uid], [label])
        self.letters[name].wanted = label
        self.letters[name].is_owners = True
        self.findings.faults["owner relabels"] += 1

    def owner_reads(self) -> None:
        """Let the owner read what is in INBOX now."""
        self._select("INBOX")
        uids = self.owner.search()
        if not uids:
            return
        names = {digest(letter.content): name for name, letter in self.letters.items()}
        for items in self.owner.fetch(uids, ["BODY[]"]).values():
            name = names.get(digest(items[b"BODY[]"]))
            if name is not None:
                self.letters[name].is_read = True

    def owner_deletes(self, rng: random.Random) -> None:
        """Let the owner delete a message for good.

        One that a dying server left in both folders is deleted in both: an owner who sees it twice
        means both, and nobody could tell a second copy in Junk from one that was moved there.
        """
        self._select("INBOX")
        uids = self.owner.search()
        names = {digest(letter.content): name for name, letter in self.letters.items()}
        if not uids:
            return
        uid = rng.choice(uids)
        name = names[digest(self.owner.fetch([uid], ["BODY.PEEK[]"])[uid][b"BODY[]"])]
        self._expunge([uid])
        self._select("Junk")
        found = self.owner.fetch(self.owner.search(), ["BODY.PEEK[]"]) if self.owner.search() else {}
        self._expunge(
            [one for one, items in found.items() if digest(items[b"BODY[]"]) == digest(self.letters[name].content)]
        )
        self.letters[name].is_deleted = True
        self.findings.faults["expunged by its owner"] += 1

    def _expunge(self, uids: Sequence[int]) -> None:
        if uids:
            self.owner.delete_messages(uids)
            self.owner.uid_expunge(uids)

    # -- faults

    def change_uidvalidity(self) -> None:
        """Renumber INBOX while nobody has it open; Dovecot's files can be changed so."""
        if not isinstance(self.server, Dovecot):
            return
        self.runner.source.close()
        # A killed session leaves flags in the log of the index, which goes with the old numbers: let them into the files' names.
        self._select("INBOX", readonly=False)
        self.owner.noop()
        self.owner.logout()
        self._validity += 1
        self.server.change_uidvalidity(self.user, value=self._validity)
        self.log_in()
        self.findings.faults["UIDVALIDITY changed"] += 1

    def arm(self, fault: str, rng: random.Random) -> Callable[[], None]:
        """Put a fault in the way of the next pass and return what takes it away."""
        self.findings.faults[fault] += 1
        rig: dict[str, Callable[[], Callable[[], None]]] = {
            "cut in an answer": lambda: self._set("cut_after", rng.randint(1, 6000)),
            "cut in a command": lambda: self._cut_command(rng),
            "refused": lambda: self._set("refuse", True),  # noqa: FBT003  a switch by name
            "slow link": lambda: self._set("rtt", 0.03),
            "stalled": lambda: self._after(rng, lambda: self.proxy.stall(on=True)),
            "dropped": lambda: self._after(rng, self.proxy.drop),
            "session killed": lambda: self._after(rng, self._kill_sessions),
            "crash": lambda: self._crash(rng.randint(0, 30)),
            "disk full": self._fill_disk,
            "clock jumps": lambda: self._jump(rng.choice([-400, 400])),
        }
        return rig[fault]()

    def _set(self, attribute: str, value: float) -> Callable[[], None]:
        setattr(self.proxy, attribute, value)
        return self._heal

    def _crash(self, steps: int) -> Callable[[], None]:
        self.store.steps_left = steps
        return lambda: setattr(self.store, "steps_left", None)

    def _fill_disk(self) -> Callable[[], None]:
        self.store.is_full = True
        return lambda: setattr(self.store, "is_full", False)

    def _jump(self, days: int) -> Callable[[], None]:
        self.now += timedelta(days=days)
        return lambda: None

    def _after(self, rng: random.Random, act: Callable[[], object]) -> Callable[[], None]:
        timer = threading.Timer(rng.uniform(0, 0.08), act)
        timer.start()

        def heal() -> None:
            timer.join()
            self._heal()

        return heal

    def _kill_sessions(self) -> None:
        assert isinstance(self.server, Dovecot)
        self.owner.shutdown()
        self.server.kill_sessions()
        self._killed_at = time.time()
        self.log_in()

    def _cut_command(self, rng: random.Random) -> Callable[[], None]:
        """Let the link die while a command is on its way: done by the server, and we never hear of it."""
        left = rng.randint(1, 25)

        def hook(data: bytes) -> bytes:
            nonlocal left
            left -= 1
            if left == 0:
                self.proxy.refuse_answers()
            return data

        self.proxy.on_client = hook
        return self._heal

    def _heal(self) -> None:
        self.proxy.refuse, self.proxy.cut_after, self.proxy.rtt, self.proxy.on_client = False, None, 0.0, None
        self.proxy.stall(on=False)
        self.proxy.drop()
        if isinstance(self.server, Dovecot):
            self.server.expire_locks(self.user, self._killed_at)

    # -- what must hold

    def settle(self) -> None:
        """Let all faults pass and the program come to rest."""
        self._heal()
        self.store.steps_left, self.store.is_full = None, False
        for _ in range(30):
            self.now += timedelta(days=2)  # beyond every back-off of a message
            self.run_pass()
            if self.runner.problem is None:
                break
            time.sleep(0.05)
        for _ in range(2):
            self.now += timedelta(days=2)
            self.run_pass()

    def check(self) -> Counter[str]:
        """Return what is not as promised, by kind."""
        wrong: Counter[str] = Counter()
        folders = {name: self._read_folder(name) for name in ("INBOX", "Junk", *self._label_folders())}
        for letter in self.letters.values():
            self._check_letter(letter, folders, wrong)
        wrong["lead not written down"] += self._count_forgotten()
        known = {digest(letter.content) for letter in self.letters.values()}
        wrong["changed"] += sum(mark not in known for copies in folders.values() for mark, _ in copies)
        left = self.store.pending("home", "INBOX") or self.store.list_retries("home")
        if self.fatal or self.runner.paused or self.runner.problem or left:
            wrong["left unfinished"] += 1
        wrong["planned twice"] += self._plan_again()
        self.findings.wrong.update(+wrong)
        return +wrong

    def _count_forgotten(self) -> int:
        """Return how many messages were labelled as leads, and are in none."""
        written = {one.fingerprint for lead in self.store.leads.list_leads() for one in lead.messages}
        leads = {f"Triage/{name}" for name in ("Recruiter", "Referral")}
        certain = (one for one in self.letters.values() if not (one.is_odd or one.is_deleted or one.is_owners))
        return sum(one.wanted in leads and fingerprint(one.content) not in written for one in certain)

    def _label_folders(self) -> list[str]:
        return [name for name in OURS if self.owner.folder_exists(name)] if self.mode == "folder" else []

    def _read_folder(self, folder: str) -> list[tuple[str, set[str]]]:
        self._select(folder, readonly=True)
        uids = self.owner.search()
        if not uids:
            return []
        found = self.owner.fetch(uids, ["FLAGS", "BODY.PEEK[]"]).values()
        return [(digest(one[b"BODY[]"]), {flag.decode() for flag in one[b"FLAGS"]}) for one in found]

    def _check_letter(
        self,
        letter: Letter,
        folders: dict[str, list[tuple[str, set[str]]]],
        wrong: Counter[str],
    ) -> None:

        mark = digest(letter.content)
        where = {folder: [flags for one, flags in copies if one == mark] for folder, copies in folders.items()}
        home = where["INBOX"] + where["Junk"]
        if letter.is_deleted:
            wrong["came back"] += bool(home)
            return
        wrong["lost"] += not home
        wrong["doubled"] += len(home) > 1
        for flags in home[:1]:
            wrong["\\Seen changed"] += ("\\Seen" in flags) is not letter.is_read
            labels = flags & set(OURS)
            if self.mode == "folder":
                labels = {folder for folder in OURS if where.get(folder)}
                wrong["doubled"] += any(len(where.get(folder, [])) > 1 for folder in OURS)
            expected = {letter.wanted} if letter.wanted else set()
            if labels != expected and not letter.is_odd:
                kind = (
                    "owner overruled" if letter.is_owners else "wrongly skipped" if expected - labels else "mislabelled"
                )
                wrong[kind] += 1
        wrong["not moved"] += letter.moved and not where["Junk"]

    def _plan_again(self) -> int:
        try:
            return self._count_changes()
        except FolderError:  # as in `_select`; the daemon comes again as well
            self.runner.source.close()
            return self._count_changes()

    def _count_changes(self) -> int:
        options = PassOptions(self._names)
        with self.runner.source.open("INBOX") as mailbox:
            outcomes = list(run_pass(mailbox, mailbox.list_refs(), the_judge(), self.store, options))
        return sum(bool(outcome.change) for outcome in outcomes)

    def close(self) -> None:
        """End the program and the owner's session."""
        self.stop()
        self.owner.shutdown()


@cache
def digest(content: bytes) -> str:
    """Return a mark of the exact message, whatever its line ends."""
    return hashlib.sha256(content.replace(b"\r\n", b"\n").rstrip(b"\n")).hexdigest()
