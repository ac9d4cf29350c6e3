"""An IMAP account as `MailSource`: one connection, opened when needed and dropped when broken."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from imapclient import IMAPClient

from triage.config import AccountConfig, LabelsConfig
from triage.errors import AccountError, ProtocolError, TransientMailError
from triage.imap.capabilities import Mode, ServerFacts, choose_label_mode
from triage.imap.connection import connect, disconnect, log_out
from triage.imap.errors import is_temporary, translated
from triage.imap.labels import FolderLabels, GmailLabels, KeywordLabels, Labels
from triage.imap.mailbox import ImapMailbox
from triage.records import LABEL_NAMES

_SPECIAL_USE = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\important", "\\junk", "\\sent", "\\trash"})

_PROBED = ("\\trash", "\\junk", "\\drafts", "\\sent")


class ImapSource:
    """One account. Not for two threads at once: it has one socket."""

    def __init__(self, account: AccountConfig, labels: LabelsConfig) -> None:
        """Keep the settings; nothing is connected yet."""
        self._account = account
        self._labels = labels
        self._client: IMAPClient | None = None
        self._permanent_flags: frozenset[str] | None = None

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
            AccountError: login refused, certificate untrusted or no such folder.
            TransientMailError: the server cannot be reached for now.
        """
        if self._client is not None:
            self._revive()
        try:
            facts = self.facts(folder)
            yield ImapMailbox(self._connected(), self.name, folder, self._way(facts, folder))
        except (TransientMailError, ProtocolError):
            self._drop()  # after a timeout the next answer would be taken for another's
            raise

    def _revive(self) -> None:
        """Drop a session that ended while nobody looked: servers end idle ones (RFC 9051 section 5.4)."""
        try:
            with translated(self.name, "waking up"):
                self._connected().noop()
        except (TransientMailError, ProtocolError, AccountError):
            self._drop()

    def _connected(self) -> IMAPClient:
        if self._client is None:
            self._client = connect(self._account)
        return self._client

    def _way(self, facts: ServerFacts, folder: str) -> Labels:
        mode, _ = self.label_mode(facts)
        client, names = self._connected(), self.label_names()
        match mode:
            case "gmail":
                return GmailLabels(client, self.name, names)
            case "folder":
                return FolderLabels(client, self.name, names, facts, folder)
            case "keyword":
                return KeywordLabels(client, self.name, names)

    def label_names(self) -> frozenset[str]:
        """Return the labels this account may carry."""
        return frozenset(f"{self._labels.prefix}{name}" for name in LABEL_NAMES)

    def label_mode(self, facts: ServerFacts) -> tuple[Mode, str]:
        """Return how labels are written here, and why."""
        return choose_label_mode(facts, self._labels.mode, self.label_names())

    def facts(self, folder: str) -> ServerFacts:
        """Ask the server what it can do, and open the folder with EXAMINE.

        Raises:
            AccountError: login refused, certificate untrusted or no such folder.
            TransientMailError: the server cannot be reached for now.
        """
        client = self._connected()
        with translated(self.name, "asking for capabilities"):
            capabilities = frozenset(_text(one).upper() for one in client.capabilities())
            namespace = self._namespace(client, capabilities)
            listed = client.list_folders()
        special_use = {
            _text(flag).lower(): _text(one[2])
            for one in listed
            for flag in one[0]
            if _text(flag).lower() in _SPECIAL_USE
        }
        if self._permanent_flags is None:
            self._permanent_flags = self._probe(client, special_use, folder)
        self._select(client, folder, readonly=True)
        return ServerFacts(
            capabilities=capabilities,
            permanent_flags=self._permanent_flags,
            delimiter=next((_text(one[1]) for one in listed if one[1]), ""),
            namespace=namespace,
            folders=tuple(_text(one[2]) for one in listed),
            special_use=special_use,
        )

    def _probe(self, client: IMAPClient, special_use: Mapping[str, str], folder: str) -> frozenset[str]:
        r"""Return PERMANENTFLAGS, which EXAMINE leaves empty (RFC 9051 section 7.1).

        SELECT takes away \Recent, so that a folder nobody reads is asked rather than the owner's.
        """
        probed = next((special_use[use] for use in _PROBED if use in special_use), folder)
        found = self._select(client, probed, readonly=False)
        flags = found.get(b"PERMANENTFLAGS", ())
        return frozenset(_text(flag) for flag in flags) if isinstance(flags, tuple | list) else frozenset()

    def _select(self, client: IMAPClient, folder: str, *, readonly: bool) -> Mapping[bytes, object]:
        with translated(self.name, f"opening {folder}"):
            try:
                found: Mapping[bytes, object] = client.select_folder(folder, readonly=readonly)
            except IMAPClient.ReadOnlyError:
                return {}
            except IMAPClient.AbortError:
                raise
            except IMAPClient.Error as error:
                if is_temporary(error):
                    raise
                message = f"account {self.name}: there is no folder {folder!r} that can be opened; check folders"
                raise AccountError(message) from error
        return found

    @staticmethod
    def _namespace(client: IMAPClient, capabilities: frozenset[str]) -> str:
        """Return the prefix of personal folders (RFC 2342 section 5)."""
        if "NAMESPACE" not in capabilities:
            return ""
        personal = client.namespace().personal
        return _text(personal[0][0]) if personal else ""

    def _drop(self) -> None:
        if self._client is not None:
            disconnect(self._client)
            self._client = None

    def close(self) -> None:
        """Log out; the source may be opened again."""
        if self._client is not None:
            log_out(self._client)
            self._client = None


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
