"""An mbox file behind the `Mailbox` protocol (RFC 4155), read in one pass and never changed."""

from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date
from functools import partial
from itertools import chain
from pathlib import Path

from triage.errors import AccountError
from triage.local.files import CANNOT_CARRY_LABELS, MAX_READ_ON_BYTES, LocalFolder, find_by_reading, with_text
from triage.mail.parse import MAX_BODY_BYTES, parse_date
from triage.records import Applied, LabelChange, MessageRef, RawMessage, Refs, Uid, UnreadableMessage

_SEPARATOR = b"From "
# A line longer than this is no mail; reading it in pieces keeps memory flat.
_MAX_LINE = 1 << 20


def is_mbox(path: Path) -> bool:
    """Return whether a file begins as an mbox does; a file called .eml is one message."""
    if path.suffix.lower() == ".eml":
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(_SEPARATOR)) == _SEPARATOR
    except OSError:
        return False


class Mbox(LocalFolder):
    """One mbox file. A message is known by its position, from 1."""

    def __init__(self, path: Path) -> None:
        """Keep the path; nothing is read yet."""
        super().__init__(path)
        self._borders = array("q")  # start and size of each message

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        """Return the messages in the order of the file; `since` looks at their Date headers."""
        del after
        self._borders = array("q", chain.from_iterable(self._iter_places()))
        folder = self.folder
        refs = Refs(range(1, len(self._borders) // 2 + 1), lambda number: MessageRef("", folder, key=str(number)))
        return refs if since is None else [ref for ref in refs if self._day(ref) >= since]

    def _place(self, ref: MessageRef) -> tuple[int, int]:
        """Return start and size of a message."""
        index = (int(ref.key) - 1) * 2
        return self._borders[index], self._borders[index + 1]

    def _iter_places(self) -> Iterator[tuple[int, int]]:
        """Yield start and size of each message: a separator stands after an empty line."""
        try:
            with self._path.open("rb") as file:
                start, position, after_blank = None, 0, True
                while line := file.readline(_MAX_LINE):
                    if after_blank and line.startswith(_SEPARATOR):
                        if start is not None:
                            yield start, position - start
                        start = position + len(line)
                    after_blank = line in {b"\n", b"\r\n"}
                    position += len(line)
                if start is not None:
                    yield start, position - start
        except OSError as error:
            message = f"{self._path} cannot be read: {error.strerror}; check the path and its permissions"
            raise AccountError(message) from error

    def _day(self, ref: MessageRef) -> date:
        head = self._read(ref).partition(b"\n\n")[0].partition(b"\r\n\r\n")[0]
        for line in head.splitlines():
            if line.lower().startswith(b"date:"):
                moment = parse_date(line[5:].decode("ascii", "replace").strip())
                return moment.date() if moment else date.max
        return date.max  # without a date it is rather shown than lost

    def _read(self, ref: MessageRef, most: int = MAX_BODY_BYTES) -> bytes:
        start, size = self._place(ref)
        with self._path.open("rb") as file:
            file.seek(start)
            return file.read(min(size, most)).replace(b"\n>From ", b"\nFrom ")

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        """Read the beginning of each message, or its text behind attachments."""
        for ref in refs:
            size = self._place(ref)[1]
            try:
                content = self._read(ref)
                if size > MAX_BODY_BYTES:
                    content = with_text(content, size, partial(self._read, ref, MAX_READ_ON_BYTES))
            except OSError as error:
                yield UnreadableMessage(ref, f"the mbox cannot be read: {error.strerror}")
                continue
            yield RawMessage(ref, content, size if size > MAX_BODY_BYTES else None)

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        """Return the messages with these fingerprints."""
        return find_by_reading(self, fingerprints)

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        """Say of each change that it cannot be written: an mbox is never changed."""
        del again
        return [Applied(change, CANNOT_CARRY_LABELS) for change in changes]


class MboxSource:
    """One mbox file as a source."""

    name = ""

    def __init__(self, path: Path) -> None:
        """Keep the path."""
        self._path = path

    def folders(self) -> Sequence[str]:
        """Return the path, as the only folder."""
        return [str(self._path)]

    def open(self, folder: str) -> AbstractContextManager[Mbox]:
        """Open the file."""
        return nullcontext(Mbox(Path(folder)))

    def close(self) -> None:
        """Nothing stays open."""
