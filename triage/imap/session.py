"""A logged-in connection: the IMAP commands this program sends, with types and our errors.

Nothing above this module touches IMAPClient. CLOSE and a bare EXPUNGE are not here, and
must never be: both remove whatever the owner has marked as deleted (RFC 9051 sections
6.4.2 and 6.4.3).
"""

import imaplib
import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any, Self

from triage.config import AccountConfig
from triage.errors import AccountError
from triage.imap.connection import Client, close_client, drop_client, open_client
from triage.imap.errors import Refusal, Step, refused, response_code, translated
from triage.imap.responses import FetchReply, Record, format_uid_set, parse_fetch, parse_search
from triage.records import Uid, UidValidity

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Selected:
    """The folder in use (RFC 9051 section 6.3.2).

    Attributes:
        is_writable: opened by SELECT, and the server did not make it read-only.
        exists: the number of messages when it was opened.
        permanent_flags: PERMANENTFLAGS; empty on most servers when opened by EXAMINE.
    """

    folder: str
    is_writable: bool
    uidvalidity: UidValidity
    exists: int
    permanent_flags: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListedFolder:
    """One line of LIST (RFC 9051 section 7.3.1)."""

    name: str
    delimiter: str | None
    attributes: frozenset[str]


class Session:
    """One connection, used by one thread at a time."""

    def __init__(self, client: Client, account: AccountConfig) -> None:
        """Take over a logged-in client and ask what the server can do."""
        self._client = client
        self._account = account.name
        self.selected: Selected | None = None
        with translated(self._account, Step.OPEN, account.host):
            # The greeting's list is often shorter than the one after login, so it is asked for again.
            status, lines = client._imap.capability()
            self._check(status, lines, Step.OPEN, account.host)
            words = b" ".join(line for line in lines if isinstance(line, bytes)).decode("ascii", "replace")
            self.capabilities = frozenset(words.upper().split())

    @classmethod
    def open(cls, account: AccountConfig) -> Self:
        """Connect and log in.

        Raises:
            AccountError: a person must act.
            TransientMailError: the server cannot be reached for now.
        """
        client = open_client(account)
        try:
            return cls(client, account)
        except BaseException:
            drop_client(client)
            raise

    def close(self) -> None:
        """Log out."""
        close_client(self._client)

    def drop(self) -> None:
        """Close the socket without a word."""
        drop_client(self._client)

    def examine(self, folder: str) -> Selected:
        """Open a folder for reading only (RFC 9051 section 6.3.3).

        Raises:
            AccountError: there is no such folder, or it may not be opened.
        """
        return self._open(folder, readonly=True)

    def select(self, folder: str) -> Selected:
        """Open a folder for writing (RFC 9051 section 6.3.2); look whether it `is_writable`.

        Raises:
            AccountError: there is no such folder, or it may not be opened.
        """
        return self._open(folder, readonly=False)

    def _open(self, folder: str, *, readonly: bool) -> Selected:
        self.selected = None  # a failed SELECT leaves no folder selected
        with translated(self._account, Step.OPEN, folder):
            is_writable = not readonly
            try:
                answer = self._client.select_folder(folder, readonly=readonly)
            except imaplib.IMAP4.readonly:  # IMAPClient calls it an error; the folder is open all the same
                is_writable = False
                answer = self._client._process_select_response(self._client._imap.untagged_responses)
            if b"UIDVALIDITY" not in answer:
                message = f"account {self._account}: the server gives {folder} no UIDVALIDITY, so its mail cannot be told apart"
                raise AccountError(message)
            self.selected = Selected(
                folder,
                is_writable,
                UidValidity(answer[b"UIDVALIDITY"]),
                int(answer.get(b"EXISTS", 0)),
                frozenset(_decode_flag(flag) for flag in answer.get(b"PERMANENTFLAGS", ())),
            )
        return self.selected

    def search(self, criteria: str) -> list[Uid]:
        """Return the UIDs that match (RFC 9051 section 6.4.4), sorted."""
        return parse_search(self._read("SEARCH", criteria))

    def fetch(self, uids: Collection[Uid], items: Sequence[str]) -> FetchReply | Refusal:
        """Fetch data items of messages (RFC 9051 section 6.4.5); a refusal is for the caller to judge.

        Raises:
            TransientMailError: the connection failed, or the server cannot for now.
        """
        if not uids:
            return FetchReply({})
        imap = self._client._imap
        with translated(self._account, Step.READ, self._folder):
            imap.response("FETCH")  # forget unsolicited answers to earlier commands
            status, records = imap.uid("FETCH", format_uid_set(uids), f"({' '.join(items)})")
        if status != "OK":
            return self._refusal(records, Step.READ)
        return parse_fetch(records)

    def _read(self, command: str, *arguments: str) -> Sequence[Record]:
        with translated(self._account, Step.READ, self._folder):
            status, records = self._client._imap.uid(command, *arguments)
        self._check(status, records, Step.READ, self._folder)
        return records  # type: ignore[no-any-return]

    def store(self, uids: Collection[Uid], item: str, values: str) -> Refusal | None:
        """Change flags or labels of messages (RFC 9051 section 6.4.6), without echo."""
        return self._write(lambda imap: imap.uid("STORE", format_uid_set(uids), f"{item}.SILENT", f"({values})"))

    def copy(self, uids: Collection[Uid], folder: str) -> Refusal | None:
        """Copy messages to the end of another folder (RFC 9051 section 6.4.7)."""
        name = self._client._normalise_folder(folder)
        return self._write(lambda imap: imap.uid("COPY", format_uid_set(uids), name))

    def uid_expunge(self, uids: Collection[Uid]) -> Refusal | None:
        """Remove those of the messages named that are marked as deleted, and no others (RFC 4315 section 2.1).

        Raises:
            AccountError: the server lacks UIDPLUS; nothing was sent.
        """
        if "UIDPLUS" not in self.capabilities and "IMAP4REV2" not in self.capabilities:
            message = f"account {self._account}: the server lacks UIDPLUS, so single messages cannot be removed"
            raise AccountError(message)
        return self._write(lambda imap: imap.uid("EXPUNGE", format_uid_set(uids)))

    def create(self, folder: str) -> Refusal | None:
        """Make a folder and subscribe to it (RFC 9051 sections 6.3.4 and 6.3.7), so that mail clients show it."""
        name = self._client._normalise_folder(folder)
        refusal = self._write(lambda imap: imap.create(name))
        if refusal is not None and refusal.code != "ALREADYEXISTS":
            return refusal
        if self._write(lambda imap: imap.subscribe(name)) is not None:
            log.info("folder made but not subscribed account=%s", self._account)
        return None

    def _write(self, command: Callable[[Any], tuple[str, Sequence[Record]]]) -> Refusal | None:
        """Send a command that changes something and return why the server would not, None if it did.

        Raises:
            TransientMailError: the connection failed, or the server cannot for now.
        """
        with translated(self._account, Step.WRITE, self._folder):
            status, records = command(self._client._imap)
        return None if status == "OK" else self._refusal(records, Step.WRITE)

    def _refusal(self, records: Sequence[Record], step: Step) -> Refusal:
        code = _code_of(records)
        if code in {"UNAVAILABLE", "INUSE", "THROTTLED"}:  # it concerns all mail, so nothing else is worth trying
            raise refused(code, self._account, step, self._folder)
        return Refusal(code)

    def list_folders(self) -> list[ListedFolder]:
        """Return all folders (RFC 9051 section 6.3.9), names decoded."""
        with translated(self._account, Step.LIST):
            listed = self._client.list_folders()
            return [
                ListedFolder(
                    str(name),
                    None if delimiter is None else _decode(delimiter),
                    frozenset(_decode(attribute) for attribute in attributes),
                )
                for attributes, delimiter, name in listed
            ]

    def personal_namespace(self) -> tuple[str, str | None]:
        """Return prefix and delimiter of the owner's own folders (RFC 2342; RFC 9051 section 6.3.10)."""
        if "NAMESPACE" not in self.capabilities:
            return "", self._root_delimiter()
        with translated(self._account, Step.LIST):
            personal = self._client.namespace().personal
            if not personal:
                return "", self._root_delimiter()
            prefix, delimiter = personal[0]
            return str(prefix), str(delimiter) if delimiter else None

    def _root_delimiter(self) -> str | None:
        """Ask for the delimiter alone: LIST with two empty names (RFC 9051 section 6.3.9)."""
        with translated(self._account, Step.LIST):
            for _, delimiter, _ in self._client.list_folders("", ""):
                return None if delimiter is None else _decode(delimiter)
        return None

    @property
    def _folder(self) -> str:
        return self.selected.folder if self.selected else ""

    def _check(self, status: str, records: Sequence[Record], step: Step, detail: str) -> None:
        if status != "OK":
            raise refused(_code_of(records), self._account, step, detail)


def _code_of(records: Sequence[Record]) -> str:
    last = records[-1] if records else None
    return response_code(last.decode("ascii", "replace")) if isinstance(last, bytes) else ""


def _decode(value: bytes | str | int) -> str:
    return value.decode("ascii", "replace") if isinstance(value, bytes) else str(value)


def _decode_flag(flag: bytes) -> str:
    return _decode(flag).strip("()")
