"""Reads the beginning of files: a mail of 30 MB costs no more than one of 64 KiB, or of 2 MiB if attachments come first."""

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

from triage.errors import AccountError
from triage.interfaces import Mailbox
from triage.mail.behind import lacks_text_part, read_behind
from triage.mail.identity import fingerprint
from triage.mail.parse import MAX_BODY_BYTES
from triage.records import Applied, LabelChange, MessageRef, RawMessage, Refs, Uid, UidValidity, UnreadableMessage

MAX_READ_ON_BYTES = 2 << 20
"""How far text is looked for behind attachments."""


def read_beginning(path: Path) -> tuple[bytes, int]:
    """Return the first 64 KiB of a file and its whole size.

    Where they show no text part: the header and the first text part of the first 2 MiB.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content, size = file.read(MAX_BODY_BYTES), os.fstat(file.fileno()).st_size
        return with_text(content, size, lambda: content + file.read(MAX_READ_ON_BYTES - len(content))), size


def with_text(content: bytes, size: int, read_on: Callable[[], bytes]) -> bytes:
    """Return the beginning of a message or, if it shows no text part, the header and the text that is found further down.

    Args:
        size: octets of the whole message.
        read_on: gives its first 2 MiB.
    """
    if size <= len(content) or not lacks_text_part(content):
        return content
    found = read_behind(read_on())
    return content if found is None else found[:MAX_BODY_BYTES]


def find_by_reading(mailbox: Mailbox, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
    """Return the messages with these fingerprints, by reading the beginning of each."""
    found: dict[str, MessageRef] = {}
    for item in mailbox.iter_messages(mailbox.list_refs()):
        if isinstance(item, RawMessage) and (mark := fingerprint(item.content)) in fingerprints:
            found.setdefault(mark, item.ref)
    return found


class LocalFolder:
    """What every kind of local mail has in common: a path, no account, no UIDs."""

    account = ""
    uidvalidity = UidValidity(0)
    carries_keywords = False

    def __init__(self, path: Path) -> None:
        """Keep the path; nothing is read yet."""
        self._path = path

    @property
    def folder(self) -> str:
        """The path."""
        return str(self._path)

    def label_moved(self, folder: str, labels: Mapping[str, frozenset[str]]) -> None:
        """Nothing was moved."""

    def move_target(self, where: str) -> str:
        """Local mail is labelled and never moved."""
        del where
        return ""


class MessageFiles(LocalFolder):
    """The message files of a folder, at any depth, or one file alone; they cannot carry labels."""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        """Keep the files' places below the root, in the order given; one alone is "" ."""
        super().__init__(root)
        self._files = files

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        """Return the files by path; `since` looks at their modification times."""
        del after
        places = self._files if since is None else [one for one in self._files if _modified(self._path / one) >= since]
        folder = self.folder
        return Refs(places, lambda place: MessageRef("", folder, key=place))

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        """Read the beginning of each file."""
        for ref in refs:
            try:
                content, size = read_beginning(self._path / ref.key)
            except OSError as error:
                yield UnreadableMessage(ref, f"its file cannot be read: {error.strerror}")
                continue
            yield RawMessage(ref, content, size)

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        """Return the files with these fingerprints."""
        return find_by_reading(self, fingerprints)

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        """Say of each change that it cannot be written: message files are never changed."""
        del again
        return [Applied(change, CANNOT_CARRY_LABELS) for change in changes]


CANNOT_CARRY_LABELS = "files and mbox cannot carry labels; use a Maildir or an account"


def _modified(file: Path) -> date:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC).date()
    except (OSError, ValueError, OverflowError):
        return date.max


class FilesSource:
    """One file, or the message files of a folder, as a source."""

    name = ""

    def __init__(self, root: Path, files: Sequence[str]) -> None:
        """Keep the places of the files found below the root."""
        self._root = root
        self._files = files

    def folders(self) -> Sequence[str]:
        """Return the path given, as the only folder."""
        return [str(self._root)]

    def open(self, folder: str) -> AbstractContextManager[MessageFiles]:
        """Open the files.

        Raises:
            AccountError: it is not the folder of this source.
        """
        if folder != str(self._root):
            message = f"{folder} is not part of {self._root}"
            raise AccountError(message)
        return nullcontext(MessageFiles(self._root, self._files))

    def close(self) -> None:
        """Nothing stays open."""
