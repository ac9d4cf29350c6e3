"""Proves that labels can be written: on a message of our own, in a folder of our own, both removed again.

The owner's folders and messages are never part of it.
"""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Literal

from triage.errors import ProtocolError, TransientMailError, TriageError
from triage.imap.capabilities import Mode, ServerFacts, choose_label_mode
from triage.imap.errors import response_code, translated
from triage.imap.folders import select_folder
from triage.imap.labels import make_labels
from triage.imap.mailbox import ImapMailbox
from triage.imap.probe import FlagFacts, ProbeSession, select_for_flags
from triage.imap.scratch import message_id, remove_scratch, scratch_name
from triage.records import LabelChange, MessageRef, Uid

_MESSAGE = """\
From: triage doctor <nobody@triage-doctor.invalid>\r
To: nobody@triage-doctor.invalid\r
Subject: Written by triage doctor; it may be deleted\r
Date: {date}\r
Message-ID: {message_id}\r
MIME-Version: 1.0\r
Content-Type: text/plain; charset=us-ascii\r
\r
"triage doctor" wrote this to see whether labels can be written here. It may be deleted, and its folder too.\r
"""

Step = Literal[
    "making a folder",
    "writing a message",
    "writing labels",
    "reading labels back",
    "taking labels back",
    "proved",
]


@dataclass(frozen=True, slots=True)
class Trial:
    """What is to be proved.

    Attributes:
        flags: PERMANENTFLAGS where they are known already; the scratch folder's own otherwise.
        wanted: `labels.mode` of the configuration.
        labels: the labels, as they would be written.
        keywords: written beside them where labels are keywords.
    """

    facts: ServerFacts
    flags: FlagFacts | None
    wanted: str
    labels: frozenset[str]
    keywords: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """How far the trial came.

    Attributes:
        step: the one it ended in.
        problem: why it ended there; empty when all went well.
        code: the server's response code (RFC 5530), if that was why.
        is_lost: the connection broke, which says nothing about labels.
        skew: how far the server's clock is ahead of ours; None if no message was written.
        left: folders of ours that could not be removed.
    """

    step: Step
    problem: str = ""
    code: str = ""
    is_lost: bool = False
    mode: Mode | None = None
    flags: FlagFacts | None = None
    skew: timedelta | None = None
    left: tuple[str, ...] = ()


def clock_skew(before: datetime, internal_date: datetime, after: datetime) -> timedelta:
    """Return how far the server's clock is ahead of ours, negative if it is behind.

    Args:
        before: our time when the message was sent.
        internal_date: when the server says it came, in whole seconds.
        after: our time when the server had it.
    """
    if internal_date > after:
        return internal_date - after
    if internal_date < before - timedelta(seconds=1):
        return internal_date - before
    return timedelta(0)


def prove_labels(session: ProbeSession, trial: Trial) -> Proof:
    """Write every label on a message of our own, read it back, take it away, and leave nothing behind."""
    name = scratch_name(datetime.now(UTC))
    attempt = _Attempt(session, trial, name)
    left: tuple[str, ...] = ()
    try:
        proof = attempt.run()
    except (TransientMailError, ProtocolError) as error:
        session.drop()
        proof = replace(attempt.proof, problem=str(error), is_lost=True)
    except TriageError as error:
        proof = replace(attempt.proof, problem=str(error), code=_code(error))
    except BaseException:  # Ctrl-C: an answer may be on its way that nobody will read
        session.drop()
        raise
    finally:
        left = remove_scratch(session, trial.facts, name)
    return replace(proof, left=left)


def _code(error: BaseException) -> str:
    return response_code(error.__cause__) if error.__cause__ else ""


@dataclass
class _Attempt:
    session: ProbeSession
    trial: Trial
    name: str
    proof: Proof = field(default_factory=lambda: Proof("making a folder"))

    @property
    def _folder(self) -> str:
        return f"{self.trial.facts.namespace}{self.name}"

    def run(self) -> Proof:
        """Go from step to step; `proof` says where it broke off."""
        with translated(self.session.name, "making a folder"):
            self.session.client.create_folder(self._folder)
        self._choose_mode()
        self._step("writing a message")
        ref = self._write_message()
        self._step("writing labels")
        wanted = self._labels() | (self.trial.keywords if self.proof.mode == "keyword" else frozenset())
        if problem := self._apply(LabelChange(ref, add=wanted)):
            return replace(self.proof, problem=problem)
        self._step("reading labels back")
        if missing := sorted(self._missing(ref, wanted)):
            return replace(self.proof, problem=f"{missing[0]} is not there when the message is read again")
        self._step("taking labels back")
        if problem := self._apply(LabelChange(ref, remove=wanted)):
            return replace(self.proof, problem=problem)
        if stuck := sorted(wanted - self._missing(ref, wanted)):
            return replace(self.proof, problem=f"{stuck[0]} is still there when the message is read again")
        return replace(self.proof, step="proved")

    def _step(self, step: Step) -> None:
        self.proof = replace(self.proof, step=step)

    def _choose_mode(self) -> None:
        flags = self.trial.flags or select_for_flags(self.session, self._folder)
        facts = replace(self.trial.facts, permanent_flags=flags.flags)
        mode, _ = choose_label_mode(facts, self.trial.wanted, self.trial.labels)
        self.proof = replace(self.proof, mode=mode, flags=flags)

    def _write_message(self) -> MessageRef:
        client, account = self.session.client, self.session.name
        before = datetime.now(UTC)
        content = _MESSAGE.format(date=before.strftime("%a, %d %b %Y %H:%M:%S +0000"), message_id=message_id(self.name))
        with translated(account, "writing a message"):
            # Read already, so that no mail program announces it.
            client.append(self._folder, content.encode(), ("\\Seen",))
        after = datetime.now(UTC)
        select_folder(client, account, self._folder, readonly=True)
        with translated(account, "reading the message back"):
            uids = client.search(["ALL"])
            items = client.fetch(uids, ["INTERNALDATE"]) if len(uids) == 1 else {}
            moment = items[uids[0]][b"INTERNALDATE"]
        self.proof = replace(self.proof, skew=clock_skew(before, moment, after))
        return MessageRef(account, self._folder, self._open().uidvalidity, Uid(uids[0]))

    def _labels(self) -> frozenset[str]:
        """Return the labels as they are tried: the owner's own label folders stay out of it."""
        if self.proof.mode == "keyword":
            return self.trial.labels
        return frozenset(f"{self.name}-Labels/{label}" for label in self.trial.labels)

    def _open(self) -> ImapMailbox:
        """Open the scratch folder anew, with nothing remembered."""
        assert self.proof.mode is not None  # noqa: S101  narrows the type: chosen before the message is written
        client, account = self.session.client, self.session.name
        labels = make_labels(self.proof.mode, client, account, self._labels(), self.trial.facts, self._folder)
        return ImapMailbox(client, account, self._folder, labels, self.trial.facts)

    def _apply(self, change: LabelChange) -> str:
        """Write a change as a pass does, and return what went wrong."""
        (applied,) = self._open().apply([change])
        return applied.error or ""

    def _missing(self, ref: MessageRef, wanted: frozenset[str]) -> frozenset[str]:
        there = {one.lower() for one in self._open().fetch_labels([ref]).get(ref, frozenset())}
        return frozenset(label for label in wanted if label.lower() not in there)
