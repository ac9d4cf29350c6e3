"""What the service needs from outside: mail it can read and label, and a memory."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Protocol, runtime_checkable

from triage.records import (
    Applied,
    Category,
    LabelChange,
    MessageRef,
    RawMessage,
    Uid,
    UidValidity,
    UnreadableMessage,
)


class Mailbox(Protocol):
    """One opened folder of an account or of the local disk.

    It is opened for reading: nothing it does while listing or reading changes
    flags or the order of messages. `apply` is the only call that writes.
    """

    @property
    def account(self) -> str:
        """The account's configured name; empty for local mail."""

    @property
    def folder(self) -> str:
        """The folder's name on the server, or its local path."""

    @property
    def uidvalidity(self) -> UidValidity:
        """The generation of the UIDs; 0 for local mail."""

    @property
    def carries_keywords(self) -> bool:
        """Whether a message here can carry keywords that are not our labels, such as $Phishing."""

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        """Return the messages present, in a stable order (by UID on a server).

        Args:
            after: only messages with a greater UID; ignored for local mail.
            since: only messages received on or after this day.
        """

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        """Read the messages in the order given, a few hundred in each round trip.

        A message that has gone since it was listed is left out. One that cannot be
        read is yielded as unreadable and does not stop the others.
        """

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        """Return where the messages with these fingerprints are now; the missing are left out."""

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        """Write the changes, labels first and then moves, and return what became of each, in order.

        Repeating it is harmless. Other labels, flags and the messages themselves
        stay as they are.

        Args:
            again: an earlier attempt may have got half-way, so that a message to be moved may
                lie in both folders.

        Raises:
            TransientMailError: the connection failed; some changes may be written.
            AccountError: the folder cannot be written.
        """

    def label_moved(self, folder: str, labels: Mapping[str, frozenset[str]]) -> None:
        """See to it that messages lately moved to another folder carry their labels, by identity.

        A server that dies within a move may keep the message and lose its keywords. What is
        not found there is left alone: its owner took it.
        """

    def move_target(self, where: str) -> str:
        r"""Return the folder that mail is moved to, in the server's spelling; empty where nothing can be moved.

        Args:
            where: one of our labels (its folder), a special use such as \\Junk, or a folder's name.
        """


@runtime_checkable
class ServerMailbox(Mailbox, Protocol):
    """A folder on a server, as the daemon needs it: it tells cheaply whether anything is new."""

    @property
    def uid_next(self) -> Uid | None:
        """A UID above every one in use when the folder was opened (RFC 9051 section 2.3.1.1); None if not told."""

    @property
    def highest_modseq(self) -> int | None:
        """The folder's HIGHESTMODSEQ when it was opened (RFC 7162 section 3.1.2.1); None without CONDSTORE."""

    def changed_since(self, modseq: int) -> Sequence[MessageRef] | None:
        """Return the messages whose flags changed after a mod-sequence; None where nobody can tell."""

    def fetch_labels(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, frozenset[str]]:
        """Return keywords and labels of messages; those that have gone are left out."""

    def iter_beginnings(self, refs: Sequence[MessageRef], octets: int) -> Iterator[RawMessage | UnreadableMessage]:
        """Read only the first octets of messages: header and a short text; labels are not looked up."""

    def identify(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
        """Return the identity of messages: what `RawMessage.server_id` or else the fingerprint says."""


class FolderRole(StrEnum):
    """Folders that are there for something (RFC 6154, special use)."""

    SENT = "sent"
    DRAFTS = "drafts"
    JUNK = "junk"


class MailSource(Protocol):
    """An account on a server, or local mail."""

    @property
    def name(self) -> str:
        """The account's configured name; empty for local mail."""

    def folders(self) -> Sequence[str]:
        """Return the folders to look at, in order."""

    def open(self, folder: str) -> AbstractContextManager[Mailbox]:
        """Open a folder for reading (EXAMINE on a server).

        Raises:
            AccountError: login refused, certificate untrusted or no such folder.
            TransientMailError: the server cannot be reached for now.
        """

    def close(self) -> None:
        """End the session; it may be opened again."""


@runtime_checkable
class ServerSource(Protocol):
    """An account on a server, as the daemon needs it."""

    @property
    def name(self) -> str:
        """The account's configured name."""

    def folders(self) -> Sequence[str]:
        """Return the folders to look at, in order."""

    def open(self, folder: str) -> AbstractContextManager[ServerMailbox]:
        """Open a folder for reading.

        Raises:
            FolderError: there is no such folder, or it cannot be opened.
            AccountError: login refused or certificate untrusted.
            TransientMailError: the server cannot be reached for now.
        """

    def find_folder(self, role: FolderRole) -> str | None:
        """Return the folder of a role: the one configured, the one the server marks, or one of the usual name.

        Raises:
            AccountError, TransientMailError: as `open`.
        """

    def append(self, folder: str, content: bytes, message_id: str, flags: Sequence[str] = ()) -> bool:
        """Put a message of our own into a folder, made where it is missing, unless it is there already.

        Args:
            message_id: of the message, by which it is found again.

        Returns:
            Whether it was put there now.

        Raises:
            AccountError, TransientMailError: as `open`; it may be there or not, and repeating is harmless.
        """

    def watch(self, folder: str, ring: Callable[[], None]) -> bool:
        """Ring whenever the server tells of news in a folder, until `stop_watching` (IDLE, RFC 2177).

        Rings once when the watch begins: what came before is not told.

        Returns:
            False at once where the server cannot watch; True once it was told to stop.

        Raises:
            AccountError, TransientMailError: as `open`.
        """

    def stop_watching(self) -> None:
        """End every watch of this account for good; from any thread."""

    def interrupt(self) -> None:
        """Cut the session under whatever uses it, from any thread: it fails with a TransientMailError."""

    def close(self) -> None:
        """End the session; it may be opened again."""


@dataclass(frozen=True)
class SortedFolder:
    """A folder whose mail the owner has sorted.

    Attributes:
        name: as the configuration has it.
        source: None where it is empty, or cannot be opened; then `problem` says why.
    """

    name: str
    category: Category
    source: MailSource | None
    folder: str = ""
    problem: str = ""
