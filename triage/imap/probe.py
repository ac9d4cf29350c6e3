r"""Looks at a server for `triage doctor` without changing anything: not a flag, not even \Recent."""

import logging
import re
import socket
import threading
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal, Self

from imapclient import IMAPClient

from triage.config import AccountConfig
from triage.errors import AccountError, FolderError
from triage.imap.capabilities import ServerFacts
from triage.imap.connection import connect, disconnect, log_out
from triage.imap.errors import translated
from triage.imap.folders import select_folder
from triage.mail.authentication import parse_authserv_id

log = logging.getLogger(__name__)

ANSWER_SECONDS = 20.0
"""A server that takes longer for one answer is taken for stalled, however patient the daemon is."""

SESSION_SECONDS = 120.0
"""A session that takes longer is cut: a server may drip for ever without ever being silent."""

NEWEST = 50
"""Messages whose Authentication-Results are looked at."""

_PROBED = ("\\trash", "\\junk", "\\drafts", "\\sent")
_AUTHENTICATION_RESULTS = "BODY.PEEK[HEADER.FIELDS (AUTHENTICATION-RESULTS)]<0.16384>"

# The owner is asked to write it into a file, and a stranger may have chosen it.
_PLAIN_ID = re.compile(r"[a-z0-9](?:[a-z0-9._-]{0,252}[a-z0-9])?")


class ProbeSession:
    """A logged-in connection, opened when needed, that lives a limited time."""

    def __init__(self, account: AccountConfig) -> None:
        """Keep the settings, with a shorter patience; nothing is connected yet."""
        patience = min(account.timeout_seconds, ANSWER_SECONDS)
        self.account = account.model_copy(update={"timeout_seconds": patience})
        self._client: IMAPClient | None = None
        self._timer: threading.Timer | None = None

    @property
    def name(self) -> str:
        """The account's configured name."""
        return self.account.name

    @property
    def is_open(self) -> bool:
        """Whether there is a connection to use."""
        return self._client is not None

    @property
    def client(self) -> IMAPClient:
        """The connection, made anew where there is none.

        Raises:
            AccountError: login refused or certificate untrusted.
            TransientMailError: the server cannot be reached for now.
        """
        if self._client is None:
            self._client = connect(self.account)
            self._client.normalise_times = False  # INTERNALDATE with its zone
            self._timer = threading.Timer(SESSION_SECONDS, _cut, [self._client])
            self._timer.daemon = True
            self._timer.start()
        return self._client

    def drop(self) -> None:
        """Close the connection at once, whatever state it is in."""
        client = self._forget()
        if client is not None:
            disconnect(client)

    def close(self) -> None:
        """Log out."""
        client = self._forget()
        if client is not None:
            log_out(client)

    def _forget(self) -> IMAPClient | None:
        if self._timer is not None:
            self._timer.cancel()
        client, self._client, self._timer = self._client, None, None
        return client

    def __enter__(self) -> Self:
        """Return the session."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connection without asking: after a failure no answer can be trusted."""
        self.drop()


def _cut(client: IMAPClient) -> None:
    log.debug("session cut after its time")
    with suppress(OSError):
        client.socket().shutdown(socket.SHUT_RDWR)


@dataclass(frozen=True, slots=True)
class FlagFacts:
    r"""What one folder keeps.

    Attributes:
        folder: the one asked.
        flags: its PERMANENTFLAGS (RFC 9051 section 7.1), as the server spells them.
    """

    folder: str
    flags: frozenset[str]


def fetch_permanent_flags(session: ProbeSession, facts: ServerFacts) -> FlagFacts | None:
    r"""Return PERMANENTFLAGS of the first folder where asking changes nothing, None if there is none.

    EXAMINE leaves them empty, and SELECT takes \Recent away from what has it: only a folder
    where nothing is recent is asked.
    """
    special = [facts.special_use[use] for use in _PROBED if use in facts.special_use]
    for folder in dict.fromkeys([*special, *session.account.folders]):
        with suppress(FolderError):  # this one is refused; another may do
            if not _has_recent(facts, select_folder(session.client, session.name, folder, readonly=True)):
                return select_for_flags(session, folder)
    return None


def select_for_flags(session: ProbeSession, folder: str) -> FlagFacts:
    """Return PERMANENTFLAGS by a SELECT.

    Raises:
        FolderError: the folder cannot be opened for writing.
    """
    return FlagFacts(folder, _flags(select_folder(session.client, session.name, folder, readonly=False)))


def _has_recent(facts: ServerFacts, examined: Mapping[bytes, object]) -> bool:
    r"""Return whether SELECT would take \Recent from a message (RFC 3501 section 2.3.2; RFC 9051 has none).

    EXAMINE tells. STATUS would too, but not of the folder that is open: pymap then says none.
    """
    return facts.has("IMAP4rev1") and examined.get(b"RECENT") != 0


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """A configured folder.

    Attributes:
        state: "closed" is one that is listed and cannot be opened.
        rights: the owner's own (RFC 4314 section 2.1), None where the server has no ACL.
        is_writable: None where nobody can tell without changing something.
    """

    folder: str
    state: Literal["there", "missing", "closed"]
    rights: str | None = None
    is_writable: bool | None = None


def fetch_folder(session: ProbeSession, facts: ServerFacts, folder: str) -> FolderFacts:
    """Return whether a folder can be opened and written."""
    try:
        examined = select_folder(session.client, session.name, folder, readonly=True)
    except FolderError:
        listed = folder.upper() == "INBOX" or folder in facts.folders
        return FolderFacts(folder, "closed" if listed else "missing")
    rights = _fetch_rights(session, facts, folder)
    if rights is None and _has_recent(facts, examined):
        return FolderFacts(folder, "there")
    # RFC 4314 section 4: "w" is what storing flags other than \Seen and \Deleted takes.
    is_writable = "w" in rights if rights is not None else _try_writing(session, folder)
    return FolderFacts(folder, "there", rights, is_writable)


def _fetch_rights(session: ProbeSession, facts: ServerFacts, folder: str) -> str | None:
    """Return what MYRIGHTS says (RFC 4314 section 3.5), None if the server does not say."""
    if not facts.has("ACL"):
        return None
    client = session.client
    with suppress(AccountError), translated(session.name, f"asking for rights in {folder}"):
        # imapclient has no MYRIGHTS; imaplib leaves the name to be encoded and quoted.
        kind, lines = client._imap.myrights(client._normalise_folder(folder))  # noqa: SLF001
        last = lines[-1] if kind == "OK" and lines else None
        if isinstance(last, bytes):
            return _text(last.split()[-1]) if last.split() else ""
    return None


def _try_writing(session: ProbeSession, folder: str) -> bool | None:
    try:
        select_folder(session.client, session.name, folder, readonly=False)
    except FolderError as error:
        return False if isinstance(error.__cause__, IMAPClient.ReadOnlyError) else None
    return True


@dataclass(frozen=True, slots=True)
class AuthservTally:
    """Whose topmost Authentication-Results the newest messages carry.

    Attributes:
        messages: how many were looked at.
        counts: messages by authserv-id.
        nameless: messages whose field begins with none that can be read: some servers leave it out.
    """

    messages: int
    counts: Mapping[str, int]
    nameless: int = 0


def fetch_authserv_ids(session: ProbeSession, folder: str) -> AuthservTally:
    """Return who vouches in the newest messages of a folder, by their header alone.

    Raises:
        FolderError: the folder cannot be opened.
    """
    client = session.client
    exists = select_folder(client, session.name, folder, readonly=True).get(b"EXISTS", 0)
    if not isinstance(exists, int) or not exists:
        return AuthservTally(0, {})
    with translated(session.name, f"reading headers in {folder}"):
        # By position: to find the UIDs of the last ones would take a SEARCH of all.
        client.use_uid = False
        try:
            found = client.fetch(range(max(1, exists - NEWEST + 1), exists + 1), [_AUTHENTICATION_RESULTS])
        finally:
            client.use_uid = True
    return tally(_topmost(items) for items in found.values())


def tally(fields: Iterable[str | None]) -> AuthservTally:
    """Count authserv-ids; None is a message without the field."""
    values = list(fields)
    names = [parse_authserv_id(value) for value in values if value is not None]
    readable = [name for name in names if _PLAIN_ID.fullmatch(name)]
    return AuthservTally(len(values), Counter(readable), len(names) - len(readable))


def _topmost(items: Mapping[bytes, object]) -> str | None:
    """Return the unfolded value of the first header field (RFC 5322 section 2.2.3)."""
    for key, block in items.items():
        if key.upper().startswith(b"BODY[HEADER") and isinstance(block, bytes) and b":" in block:
            first = re.split(rb"\r?\n(?![ \t])", block, maxsplit=1)[0]
            return _text(re.sub(rb"\r?\n", b"", first).partition(b":")[2]).strip()
    return None


def _flags(found: Mapping[bytes, object]) -> frozenset[str]:
    flags = found.get(b"PERMANENTFLAGS", ())
    return frozenset(_text(flag) for flag in flags) if isinstance(flags, tuple | list) else frozenset()


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
