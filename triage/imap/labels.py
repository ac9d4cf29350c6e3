"""Three ways to carry a label: as keyword, as Gmail label, as a copy in a folder."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import Protocol

from imapclient import IMAPClient
from imapclient.exceptions import ProtocolError as LibraryProtocolError
from imapclient.imap_utf7 import decode as decode_utf7

from triage.errors import AccountError
from triage.imap.capabilities import Mode, ServerFacts
from triage.imap.errors import is_temporary, response_code, translated
from triage.imap.headers import fetch_copy_marks, fetch_identities
from triage.records import Applied, LabelChange

STORE_BATCH = 500
"""UIDs in one command: one round trip for many messages, within the line length servers accept."""

GONE = "the message has gone"

GMAIL_ID = "gm:"
"""What an identity begins with that is an X-GM-MSGID and not a fingerprint."""


class Labels(Protocol):
    """One way to carry labels, on the client's open folder."""

    @property
    def names(self) -> frozenset[str]:
        """The labels that may be written."""

    @property
    def on_message(self) -> bool:
        """Whether labels lie on the message itself: they move with it and raise its mod-sequence."""

    @property
    def carries_keywords(self) -> bool:
        """Whether keywords that are not our labels can be written the same way."""

    @property
    def fetch_items(self) -> tuple[str, ...]:
        """What to fetch beside FLAGS to see the labels of a message."""

    def from_items(self, items: Mapping[bytes, object]) -> frozenset[str]:
        """Return the labels that such an answer shows."""

    def server_id(self, items: Mapping[bytes, object]) -> str:
        """Return the server's own identity of a message from such an answer, empty if it has none."""

    def present(self, uids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Return the labels that no answer shows, by UID of the open folder."""

    def apply(self, changes: Sequence[LabelChange]) -> list[Applied]:
        """Write changes on the folder that is selected for writing."""


def by_label(changes: Sequence[LabelChange]) -> Iterator[tuple[str, bool, list[int]]]:
    """Yield (label, whether it is added, UIDs), at most 500 UIDs at a time."""
    wanted: dict[tuple[str, bool], list[int]] = {}
    for change in changes:
        for label in change.add:
            wanted.setdefault((label, True), []).append(change.ref.uid)
        for label in change.remove:
            wanted.setdefault((label, False), []).append(change.ref.uid)
    for (label, is_added), uids in sorted(wanted.items()):
        for start in range(0, len(uids), STORE_BATCH):
            yield label, is_added, uids[start : start + STORE_BATCH]


def _results(changes: Sequence[LabelChange], errors: Mapping[int, str]) -> list[Applied]:
    return [Applied(change, errors.get(change.ref.uid)) for change in changes]


def _refusal(account: str, store: Callable[[Sequence[int], Sequence[str]], object], uids: list[int], label: str) -> str:
    """Return the response code with which a STORE is refused (RFC 9051 section 7.1), empty if it is not.

    Raises:
        TransientMailError: the refusal will pass, or the connection was lost.
    """
    with translated(account, "writing labels"):
        try:
            store(uids, [label])
        except (IMAPClient.AbortError, LibraryProtocolError):
            raise
        except IMAPClient.Error as error:
            if is_temporary(error):
                raise
            return response_code(error) or "NO"
    return ""


def _why(labels: Collection[str], refused: Mapping[str, str]) -> str:
    code = next((refused[label] for label in sorted(labels) if label in refused), "")
    return f" ({code})" if code else ""


class KeywordLabels:
    """Labels as keywords of the message (RFC 9051 section 2.3.2)."""

    carries_keywords = True
    on_message = True
    fetch_items: tuple[str, ...] = ()

    def __init__(self, client: IMAPClient, account: str, names: frozenset[str]) -> None:
        """Keep the client and the names that may be written."""
        self._client = client
        self._account = account
        self.names = names

    def from_items(self, items: Mapping[bytes, object]) -> frozenset[str]:
        """Nothing beyond FLAGS."""
        del items
        return frozenset()

    def server_id(self, items: Mapping[bytes, object]) -> str:
        """Nothing: header fields tell messages apart."""
        del items
        return ""

    def present(self, uids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Nothing beyond FLAGS."""
        del uids
        return {}

    def apply(self, changes: Sequence[LabelChange]) -> list[Applied]:
        """STORE +FLAGS.SILENT and -FLAGS.SILENT, then look whether they stuck."""
        refused: dict[str, str] = {}
        for label, is_added, uids in by_label(changes):
            store = partial(self._client.add_flags if is_added else self._client.remove_flags, silent=True)
            if code := _refusal(self._account, store, uids, label):
                refused[label] = code
        return self._verify(changes, refused)

    def _verify(self, changes: Sequence[LabelChange], refused: Mapping[str, str]) -> list[Applied]:
        """A server may answer OK and drop a keyword: only a FETCH tells."""
        uids = [change.ref.uid for change in changes]
        flags: dict[int, set[str]] = {}
        for start in range(0, len(uids), STORE_BATCH):
            with translated(self._account, "checking keywords"):
                found = self._client.get_flags(uids[start : start + STORE_BATCH])
            flags.update({uid: {flag.decode("utf-8", "replace").lower() for flag in one} for uid, one in found.items()})
        errors: dict[int, str] = {}
        for change in changes:
            there = flags.get(change.ref.uid)
            if there is None:
                errors[change.ref.uid] = GONE
            elif any(label.lower() not in there for label in change.add):
                why = _why(change.add, refused)
                errors[change.ref.uid] = f"the server did not keep the keyword{why}; set labels.mode = 'folder'"
            elif any(label.lower() in there for label in change.remove):
                errors[change.ref.uid] = "the server did not remove the keyword"
        return _results(changes, errors)


class GmailLabels:
    """Labels as Gmail's own (X-GM-EXT-1): +X-GM-LABELS touches no other label."""

    carries_keywords = False
    on_message = True
    fetch_items: tuple[str, ...] = ("X-GM-LABELS", "X-GM-MSGID")

    def __init__(self, client: IMAPClient, account: str, names: frozenset[str], home: str) -> None:
        """Keep the client, the names that may be written, and the open folder.

        A label is a folder. While that folder is open Gmail does not list its label: whatever lies there has it.
        """
        self._client = client
        self._account = account
        self.names = names
        self._home = home
        self._implied = frozenset(name for name in names if name.lower() == home.lower())

    def from_items(self, items: Mapping[bytes, object]) -> frozenset[str]:
        r"""Return the labels the server lists; those of the system, such as \Inbox, say where a message lies."""
        value = items.get(b"X-GM-LABELS", ())
        names = (_decode_label(one) for one in (value if isinstance(value, tuple | list) else ()))
        return frozenset(name for name in names if not name.startswith("\\")) | self._implied

    def server_id(self, items: Mapping[bytes, object]) -> str:
        """Return X-GM-MSGID: the same in All Mail and in every label's folder."""
        return gmail_id(items)

    def present(self, uids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Nothing beyond X-GM-LABELS."""
        del uids
        return {}

    def apply(self, changes: Sequence[LabelChange]) -> list[Applied]:
        """STORE +X-GM-LABELS and -X-GM-LABELS, then look whether they stuck.

        Gmail documents no .SILENT for them.
        """
        stuck = [change for change in changes if change.remove & self._implied]
        writable = [change for change in changes if change not in stuck]
        refused: dict[str, str] = {}
        for label, is_added, uids in by_label(writable):
            if label in self._implied:
                continue
            if code := _refusal(self._account, partial(self._store, is_added=is_added), uids, label):
                refused[label] = code
        words = f"the message itself lies in {self._home}; move it yourself"
        errors = self._verify(writable, refused) | {change.ref.uid: words for change in stuck}
        return _results(changes, errors)

    def _store(self, uids: Sequence[int], labels: Sequence[str], *, is_added: bool) -> None:
        # The library decodes all labels of the answer, and fails on one spelt wrong: the server has said OK by then.
        with suppress(UnicodeDecodeError):
            if is_added:
                self._client.add_gmail_labels(uids, labels)
            else:
                self._client.remove_gmail_labels(uids, labels)

    def _verify(self, changes: Sequence[LabelChange], refused: Mapping[str, str]) -> dict[int, str]:
        errors: dict[int, str] = {}
        present = self._read([change.ref.uid for change in changes])
        for change in changes:
            there = present.get(change.ref.uid)
            if there is None:
                errors[change.ref.uid] = GONE
            elif not _lower(change.add) <= there:
                why = _why(change.add, refused)
                errors[change.ref.uid] = f"the server did not keep the label{why}; see `triage doctor`"
            elif _lower(change.remove) & there:
                errors[change.ref.uid] = "the server did not remove the label"
        return errors

    def _read(self, uids: Sequence[int]) -> dict[int, frozenset[str]]:
        """Return the labels of messages, in lower case: Gmail keeps the case of the first who made a label."""
        present: dict[int, frozenset[str]] = {}
        for start in range(0, len(uids), STORE_BATCH):
            with translated(self._account, "checking labels"):
                found = self._client.fetch(uids[start : start + STORE_BATCH], ["X-GM-LABELS"])
            present.update({uid: _lower(self.from_items(items)) for uid, items in found.items()})
        return present


def gmail_id(items: Mapping[bytes, object]) -> str:
    """Return the identity that X-GM-MSGID gives a message, empty if the answer has none."""
    value = items.get(b"X-GM-MSGID")
    return f"{GMAIL_ID}{value}" if isinstance(value, int) else ""


def _decode_label(value: object) -> str:
    """Return a label's name, spelt in modified UTF-7 as a folder's (RFC 3501 section 5.1.3)."""
    if not isinstance(value, bytes):
        return str(value)  # the library takes a label such as 2024 for a number
    try:
        return str(decode_utf7(value))
    except ValueError:
        return value.decode("utf-8", "replace")


def _lower(labels: Collection[str]) -> frozenset[str]:
    return frozenset(label.lower() for label in labels)


class FolderLabels:
    """Labels as copies in folders, for servers that keep no keywords: nothing ever moves.

    A message carries a label when the label's folder holds a copy: a message with the
    same fingerprint. So the server itself remembers, and copying twice is copying once.
    """

    carries_keywords = False
    on_message = False
    fetch_items: tuple[str, ...] = ()

    def __init__(self, client: IMAPClient, account: str, names: frozenset[str], facts: ServerFacts, home: str) -> None:
        """Keep the client, the names that may be written, how the server spells folders, and the open folder."""
        self._home = home
        self._client = client
        self._account = account
        self.names = names
        self._facts = facts
        self._folders = {name: facts.folder_for(name) for name in names}
        self._existing = set(facts.folders)
        self._copies: dict[str, set[str]] | None = None

    def from_items(self, items: Mapping[bytes, object]) -> frozenset[str]:
        """Nothing in the message's own folder tells."""
        del items
        return frozenset()

    def server_id(self, items: Mapping[bytes, object]) -> str:
        """Nothing: header fields tell messages apart."""
        del items
        return ""

    def present(self, uids: Collection[int]) -> Mapping[int, frozenset[str]]:
        """Return the labels of messages of the open folder, which stays open."""
        copies = self._load_copies()
        if not any(copies.values()) or not uids:
            return {}
        marks = fetch_copy_marks(self._client, self._account, sorted(uids))
        return {uid: frozenset(name for name in self.names if mark in copies[name]) for uid, mark in marks.items()}

    def _load_copies(self) -> dict[str, set[str]]:
        """Return the fingerprints in each label's folder; the folders are examined once."""
        if self._copies is None:
            copies: dict[str, set[str]] = {name: set() for name in self.names}
            there = [name for name in sorted(self.names) if self._folders[name] in self._existing]
            for name in there:
                with self._visiting(self._folders[name], readonly=True):
                    with translated(self._account, "listing copies"):
                        uids = self._client.search(["ALL"])
                    copies[name].update(fetch_copy_marks(self._client, self._account, uids).values())
            self._copies = copies
        return self._copies

    @contextmanager
    def _visiting(self, folder: str, *, readonly: bool) -> Iterator[None]:
        """Open another folder for a while and come back to the one that was open."""
        with translated(self._account, f"opening {folder}"):
            self._client.select_folder(folder, readonly=readonly)
        yield
        with translated(self._account, f"opening {self._home}"):
            self._client.select_folder(self._home, readonly=True)

    def apply(self, changes: Sequence[LabelChange]) -> list[Applied]:
        """COPY what a label is added to, and take back our own copies where one is removed."""
        uids: list[int] = sorted({change.ref.uid for change in changes})
        copies = self._load_copies()
        # Looking at other folders left this one examined: COPY needs no more.
        marks = fetch_copy_marks(self._client, self._account, uids)
        errors = {uid: GONE for uid in uids if uid not in marks}
        for label, is_added, wanted in by_label(changes):
            here = [uid for uid in wanted if uid in marks]
            if is_added:
                missing = [uid for uid in here if marks[uid] not in copies[label]]
                errors.update(self._copy(label, missing, marks))
            else:
                errors.update(self._take_back(label, here))
        return _results(changes, errors)

    def _copy(self, label: str, uids: Sequence[int], marks: Mapping[int, str]) -> dict[int, str]:
        if not uids:
            return {}
        folder = self._folders[label]
        self._make(folder)
        try:
            with translated(self._account, f"copying to {folder}"):
                self._client.copy(uids, folder)
        except AccountError as error:
            return dict.fromkeys(uids, str(error))
        # The copies' own UIDs are found when they are needed: not every server tells them (UIDPLUS).
        self._load_copies()[label].update(marks[uid] for uid in uids)
        return {}

    def _make(self, folder: str) -> None:
        if folder in self._existing:
            return
        with translated(self._account, f"making {folder}"):
            try:
                self._client.create_folder(folder)
            except IMAPClient.AbortError:
                raise
            except IMAPClient.Error:
                if not self._client.folder_exists(folder):  # another session may have been faster
                    raise
            self._client.subscribe_folder(folder)
        self._existing.add(folder)

    def _take_back(self, label: str, uids: Sequence[int]) -> dict[int, str]:
        """Delete our copies: marked, and expunged by their UIDs alone (RFC 4315 section 2.1)."""
        folder = self._folders[label]
        if not uids or folder not in self._existing:
            return {}
        if folder == self._home:
            return dict.fromkeys(uids, f"the message itself lies in {folder}; move it yourself")
        if not self._facts.has("UIDPLUS"):
            why = f"the server cannot delete single copies (no UIDPLUS); delete them in {folder} yourself"
            return dict.fromkeys(uids, why)
        identities = fetch_identities(self._client, self._account, uids)
        doomed = set(identities.values())
        with self._visiting(folder, readonly=False), translated(self._account, f"deleting copies in {folder}"):
            found = fetch_identities(self._client, self._account, self._client.search(["ALL"]))
            ours = sorted(uid for uid, identity in found.items() if identity in doomed)
            for start in range(0, len(ours), STORE_BATCH):
                batch = ours[start : start + STORE_BATCH]
                self._client.add_flags(batch, ["\\Deleted"], silent=True)
                self._client.uid_expunge(batch)
        self._copies = None  # what is left there is looked at anew
        return {
            uid: f"it cannot be told which copy in {folder} is ours; delete it yourself"
            for uid in uids
            if uid not in identities
        }


def make_labels(
    mode: Mode, client: IMAPClient, account: str, names: frozenset[str], facts: ServerFacts, home: str
) -> Labels:
    """Return the way to label of a mode, for the folder `home`."""
    match mode:
        case "gmail":
            return GmailLabels(client, account, names, home)
        case "folder":
            with translated(account, "listing folders"):  # the owner may have deleted one since the session began
                there = tuple(str(one[2]) for one in client.list_folders())
            return FolderLabels(client, account, names, replace(facts, folders=there), home)
        case "keyword":
            return KeywordLabels(client, account, names)
