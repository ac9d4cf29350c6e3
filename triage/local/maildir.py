"""A Maildir behind the `Mailbox` protocol (https://cr.yp.to/proto/maildir.html)."""

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import UTC, date, datetime
from pathlib import Path

from triage.errors import AccountError
from triage.local.files import LocalFolder, find_by_reading, read_beginning
from triage.local.maildir_keywords import letter_for, load_keywords, locked, save_keywords
from triage.records import Applied, LabelChange, MessageRef, RawMessage, Refs, Uid, UnreadableMessage

_FLAG_NAMES = {"D": "\\Draft", "F": "\\Flagged", "P": "$Forwarded", "R": "\\Answered", "S": "\\Seen", "T": "\\Deleted"}


def is_maildir(path: Path) -> bool:
    """Return whether a folder is a Maildir: it has cur and new."""
    return (path / "cur").is_dir() and (path / "new").is_dir()


class Maildir(LocalFolder):
    """One Maildir. A message is known by the part of its file name that never changes."""

    carries_keywords = True

    def __init__(self, path: Path) -> None:
        """Look at the Maildir; nothing is read or changed yet."""
        super().__init__(path)
        self._files: dict[str, str] = {}

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        """Return the messages by unique name; `after` has no meaning here."""
        del after
        self._files = self._read_names()
        chosen = self._files if since is None else (one for one in self._files if self._is_since(one, since))
        folder = self.folder
        return Refs(sorted(chosen), lambda key: MessageRef("", folder, key=key))

    def _is_since(self, key: str, since: date) -> bool:
        moment = _received(self._path / self._files[key])
        return moment is None or moment.date() >= since

    def _read_names(self) -> dict[str, str]:
        """Return the place of each message's file by its unique name: a Path takes ten times the memory."""
        found: dict[str, str] = {}
        for part in ("new", "cur"):
            try:
                with os.scandir(self._path / part) as entries:
                    names = (entry.name for entry in entries)
                    found |= {name.partition(":")[0]: f"{part}/{name}" for name in names if not name.startswith(".")}
            except OSError as error:
                message = f"{self._path} cannot be read: {error.strerror}; check the path and its permissions"
                raise AccountError(message) from error
        return found

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        """Read the messages; one whose file was renamed meanwhile is found again."""
        keywords = load_keywords(self._path)
        self._files = self._files or self._read_names()
        for ref in refs:
            try:
                found = self._read(ref, keywords)
            except OSError as error:
                yield UnreadableMessage(ref, f"its file cannot be read: {error.strerror}")
                continue
            if found is not None:
                yield found

    def _read(self, ref: MessageRef, keywords: Mapping[str, str]) -> RawMessage | None:
        for _ in range(2):
            place = self._files.get(ref.key)
            if place is None:
                return None
            file = self._path / place
            try:
                content, size = read_beginning(file)
            except FileNotFoundError:
                self._files = self._read_names()
                continue
            letters = _letters(file)
            return RawMessage(
                ref,
                content,
                size,
                _received(file),
                flags=frozenset(_FLAG_NAMES[letter] for letter in letters if letter in _FLAG_NAMES),
                keywords=frozenset(keywords[letter] for letter in letters if letter in keywords),
            )
        return None

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        """Return the messages with these fingerprints."""
        return find_by_reading(self, fingerprints)

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        """Rename the files so that they carry the letters of their keywords."""
        del again
        with locked(self._path):
            keywords = load_keywords(self._path)
            before = dict(keywords)
            letters = {name: letter_for(keywords, name) for change in changes for name in sorted(change.add)}
            if keywords != before:  # a name must be known before the first file carries its letter
                save_keywords(self._path, keywords)
            by_name = {name.lower(): letter for letter, name in keywords.items()}
            self._files = self._read_names()
            return [self._apply_one(change, letters, by_name) for change in changes]

    def _apply_one(self, change: LabelChange, letters: Mapping[str, str | None], by_name: Mapping[str, str]) -> Applied:
        place = self._files.get(change.ref.key)
        if place is None:
            return Applied(change, "the message has gone")
        file = self._path / place
        added = {letters[name] for name in change.add}
        if None in added:
            return Applied(change, "all 26 keywords of this Maildir are taken; remove one")
        removed = {by_name[name.lower()] for name in change.remove if name.lower() in by_name}
        present = set(_letters(file))
        wanted = (present | {letter for letter in added if letter}) - removed
        if wanted == present:
            return Applied(change)
        target = f"cur/{change.ref.key}:2,{''.join(sorted(wanted))}"
        try:
            file.rename(self._path / target)
        except OSError as error:
            return Applied(change, f"its file cannot be renamed: {error.strerror}")
        self._files[change.ref.key] = target
        return Applied(change)


def _letters(file: Path) -> str:
    _, marker, letters = file.name.rpartition(":2,")
    return letters.partition(",")[0] if marker else ""


def _received(file: Path) -> datetime | None:
    try:
        return datetime.fromtimestamp(file.stat().st_mtime, tz=UTC)
    except (OSError, ValueError, OverflowError):
        return None


class MaildirSource:
    """A Maildir, and the Maildirs below it, as a source."""

    name = ""

    def __init__(self, paths: Sequence[Path]) -> None:
        """Keep the Maildirs to read, in order."""
        self._paths = tuple(paths)

    def folders(self) -> Sequence[str]:
        """Return the paths of the Maildirs."""
        return [str(path) for path in self._paths]

    def open(self, folder: str) -> AbstractContextManager[Maildir]:
        """Open a Maildir."""
        return nullcontext(Maildir(Path(folder)))

    def close(self) -> None:
        """Nothing stays open."""
