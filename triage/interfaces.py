"""What the service needs from outside: mail it can read and label, and a memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

from triage.records import (
    Applied,
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

    def apply(self, changes: Sequence[LabelChange]) -> Sequence[Applied]:
        """Write the changes and return what became of each, in order.

        Repeating it is harmless. Other labels, flags and the messages themselves
        stay as they are.

        Raises:
            TransientMailError: the connection failed; some changes may be written.
            AccountError: the folder cannot be written.
        """


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
