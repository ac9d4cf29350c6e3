"""An IMAP account: one connection for passes, opened when needed and dropped when broken, and one for each watch."""

import logging
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace

from imapclient import IMAPClient

from triage.config import AccountConfig, LabelsConfig
from triage.errors import FolderError, ProtocolError, TransientMailError
from triage.imap.appending import append_once, find_role
from triage.imap.capabilities import Mode, ServerFacts, choose_label_mode
from triage.imap.connection import connect, disconnect, log_out
from triage.imap.errors import translated
from triage.imap.facts import fetch_facts
from triage.imap.folders import select_folder
from triage.imap.labels import Labels, make_labels
from triage.imap.mailbox import ImapMailbox
from triage.imap.watch import watch_folder
from triage.interfaces import FolderRole
from triage.records import LABEL_NAMES

log = logging.getLogger(__name__)

_PROBED = ("\\trash", "\\junk", "\\drafts", "\\sent")


class ImapSource:
    """One account. Passes are for one thread at a time: they share one socket; each watch has its own."""

    def __init__(self, account: AccountConfig, labels: LabelsConfig) -> None:
        """Keep the settings; nothing is connected yet."""
        self._account = account
        self._labels = labels
        self._client: IMAPClient | None = None
        self._facts: ServerFacts | None = None
        self._permanent_flags: frozenset[str] | None = None
        self._watching: set[IMAPClient] = set()
        self._lock = threading.Lock()
        self._is_told_to_stop = False

    @property
    def name(self) -> str:
        """The account's configured name."""
        return self._account.name

    def folders(self) -> Sequence[str]:
        """Return the configured folders."""
        return self._account.folders

    @contextmanager
    def open(self, folder: str) -> Iterator[ImapMailbox]:
        """Open a folder with EXAMINE (RFC 9051 section 6.3.3).

        Raises:
            FolderError: there is no such folder, or it cannot be opened.
            AccountError: login refused or certificate untrusted.
            TransientMailError: the server cannot be reached for now.
        """
        mailbox = self._reopen(folder) or self._open(folder)
        try:
            yield mailbox
        except (TransientMailError, ProtocolError):
            self.drop()  # after a timeout the next answer would be taken for another's
            raise

    def _reopen(self, folder: str) -> ImapMailbox | None:
        """Use the session of the last time, None if there is none or it ended while nobody looked (section 5.4)."""
        if self._client is None:
            return None
        try:
            return self._open(folder)
        except (TransientMailError, ProtocolError):
            self.drop()
            return None

    def _open(self, folder: str) -> ImapMailbox:
        try:
            facts = self.facts(folder)
            return ImapMailbox(self._connected(), self.name, folder, self._way(facts, folder), facts)
        except (TransientMailError, ProtocolError):
            self.drop()
            raise

    def _connected(self) -> IMAPClient:
        if self._client is None:
            client = connect(self._account)
            self._client = client
            with translated(self.name, "asking for mod-sequences"):
                if client.has_capability("CONDSTORE") and client.has_capability("ENABLE"):
                    client.enable("CONDSTORE")  # Dovecot tells HIGHESTMODSEQ only then (RFC 7162 section 3.1)
        return self._client

    def find_folder(self, role: FolderRole) -> str | None:
        """Return the folder of a role; see `ServerSource`."""
        configured: str | None = getattr(self._account, f"{role.value}_folder")
        if configured:
            return configured
        if self._client is not None and self._facts is not None:
            return find_role(role, self._facts)
        with self._session() as client:  # three commands, and no folder is opened
            return find_role(role, fetch_facts(client, self.name))

    def append(self, folder: str, content: bytes, message_id: str, flags: Sequence[str] = ()) -> bool:
        """Put a message of our own into a folder, unless it is there already; see `ServerSource`."""
        with self._session() as client:
            return append_once(client, self.name, folder, content, message_id, flags)

    @contextmanager
    def _session(self) -> Iterator[IMAPClient]:
        """Use the session at hand if it lives, else a new one; a broken one is dropped."""
        if self._client is not None:
            try:
                with translated(self.name, "asking whether the session lives"):
                    self._client.noop()
            except (TransientMailError, ProtocolError):
                self.drop()
        try:
            yield self._connected()
        except (TransientMailError, ProtocolError):
            self.drop()
            raise

    def watch(self, folder: str, ring: Callable[[], None]) -> bool:
        """Ring on news in a folder until `stop_watching`; see `ServerSource`."""
        client = connect(self._account)
        with self._lock:
            self._watching.add(client)
        try:
            with translated(self.name, "asking for capabilities"):
                if not client.has_capability("IDLE"):
                    return False
            select_folder(client, self.name, folder, readonly=True)
            ring()
            watch_folder(client, self.name, folder, ring, lambda: self._is_told_to_stop)
        except TransientMailError:
            if not self._is_told_to_stop:
                raise
        finally:
            with self._lock:
                self._watching.discard(client)
            disconnect(client)
        return True

    def stop_watching(self) -> None:
        """End every watch: its socket is shut down under it."""
        self._is_told_to_stop = True
        with self._lock:
            watching = list(self._watching)
        for client in watching:
            _cut(client)

    def interrupt(self) -> None:
        """Cut the pass's connection from another thread."""
        client = self._client
        if client is not None:
            _cut(client)

    def _way(self, facts: ServerFacts, folder: str) -> Labels:
        mode, _ = self.label_mode(facts)
        return make_labels(mode, self._connected(), self.name, self.label_names(), facts, folder)

    def label_names(self) -> frozenset[str]:
        """Return the labels this account may carry."""
        return frozenset(f"{self._labels.prefix}{name}" for name in LABEL_NAMES)

    def label_mode(self, facts: ServerFacts) -> tuple[Mode, str]:
        """Return how labels are written here, and why."""
        return choose_label_mode(facts, self._labels.mode, self.label_names())

    def facts(self, folder: str) -> ServerFacts:
        """Return what the server can do, asked once a session.

        Args:
            folder: where PERMANENTFLAGS are asked for if no special folder is named.

        Raises:
            FolderError, AccountError, TransientMailError: as `open`.
        """
        if self._facts is None or self._client is None:
            self._facts = self._ask(self._connected(), folder)
        return self._facts

    def _ask(self, client: IMAPClient, folder: str) -> ServerFacts:
        facts = fetch_facts(client, self.name)
        if self._permanent_flags is None:
            self._permanent_flags = self._probe(client, facts.special_use, folder)
        return replace(facts, permanent_flags=self._permanent_flags)

    def _probe(self, client: IMAPClient, special_use: Mapping[str, str], folder: str) -> frozenset[str]:
        r"""Return PERMANENTFLAGS, which EXAMINE leaves empty (RFC 9051 section 7.1).

        SELECT takes away \Recent, so that a folder nobody reads is asked rather than the owner's.
        """
        probed = next((special_use[use] for use in _PROBED if use in special_use), folder)
        try:
            flags = select_folder(client, self.name, probed, readonly=False).get(b"PERMANENTFLAGS", ())
        except FolderError:
            return frozenset()
        return frozenset(_text(flag) for flag in flags) if isinstance(flags, tuple | list) else frozenset()

    def drop(self) -> None:
        """Close the session at once; the next `open` begins another."""
        if self._client is not None:
            disconnect(self._client)
        self._client = self._facts = None

    def close(self) -> None:
        """Log out; the source may be opened again."""
        if self._client is not None:
            log_out(self._client)
        self._client = self._facts = None


def _cut(client: IMAPClient) -> None:
    with suppress(OSError):
        client.socket().shutdown(socket.SHUT_RDWR)


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
