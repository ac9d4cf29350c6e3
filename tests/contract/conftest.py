"""The implementations of `Mailbox`, each with the means to play the owner beside it."""

import contextlib
import os
import re
import socket
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol

import pytest
from imapclient import IMAPClient

from tests.fakes import FakeMailbox, FakeSource
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot
from tests.servers.gmail import Gmail
from tests.servers.proxy import FaultProxy
from tests.servers.pymap import Pymap
from triage.config import AccountConfig, LabelsConfig
from triage.imap.capabilities import Mode
from triage.imap.source import ImapSource
from triage.interfaces import MailSource
from triage.local.maildir import MaildirSource
from triage.records import LABEL_NAMES


class World(Protocol):
    """A mailbox with its owner's hands on it."""

    @property
    def source(self) -> MailSource:
        """What is tested."""

    folder: str

    def deliver(self, content: bytes, *flags: str, received: datetime | None = None) -> None:
        """Put a message into the folder."""

    def flags(self) -> list[set[str]]:
        """Return flags and keywords of each message in order, as another program sees them."""

    def labels(self) -> list[set[str]]:
        """Return our labels of each message in order, where the owner looks for them."""

    def expunge(self, position: int) -> None:
        """Delete a message for good."""


class ServerWorld(World, Protocol):
    """A mailbox with UIDs."""

    def remake(self) -> None:
        """Give the folder another UIDVALIDITY; its messages are the same."""

    def spoiled(self, position: int, way: str) -> AbstractContextManager[MailSource]:
        """Return a source to which a message's body is refused, or does not come."""


@dataclass
class ImapWorld:
    """An account on a real server.

    Attributes:
        mode: the way to label that is right here.
        prefix, delimiter: how the server spells folders.
    """

    source: ImapSource
    client: IMAPClient
    port: int
    user: str
    password: str
    settings: LabelsConfig
    mode: Mode
    prefix: str = ""
    delimiter: str = "/"
    folder: str = "INBOX"

    def name(self, *levels: str) -> str:
        """Return a folder's name as the server spells it."""
        return self.prefix + self.delimiter.join(levels)

    def deliver(self, content: bytes, *flags: str, received: datetime | None = None) -> None:
        self.client.append(self.folder, content, flags, received)

    def uids(self) -> list[int]:
        self.client.select_folder(self.folder, readonly=True)
        return sorted(self.client.search())

    def flags(self) -> list[set[str]]:
        return _flags(self.client, self.folder)

    def labels(self) -> list[set[str]]:
        match self.mode:
            case "keyword":
                return [_ours(flags) for flags in self.flags()]
            case "gmail":
                found = self.client.get_gmail_labels(self.uids())
                return [_ours(set(map(str, found[uid]))) for uid in sorted(found)]
            case "folder":
                holders: list[set[str]] = [set() for _ in self.uids()]
                here = self.message_ids(self.folder)
                for label in LABEL_NAMES:
                    copies = self.message_ids(self.name("Triage", label))
                    for number, message_id in enumerate(here):
                        holders[number] |= {f"Triage/{label}"} if message_id in copies else set()
                return holders

    def message_ids(self, folder: str) -> list[bytes]:
        """Return the Message-ID field of each message of a folder, nothing if it is not there."""
        if not self.client.folder_exists(folder):
            return []
        self.client.select_folder(folder, readonly=True)
        found = self.client.fetch(self.client.search(), ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"])
        return [
            next(value for key, value in items.items() if key.startswith(b"BODY")) for _, items in sorted(found.items())
        ]

    def expunge(self, position: int) -> None:
        uid = self.uids()[position]
        self.client.select_folder(self.folder)
        self.client.add_flags([uid], ["\\Deleted"])
        self.client.expunge()

    def remake(self) -> None:
        found = self.client.fetch(self.uids(), ["BODY.PEEK[]"])
        self.client.select_folder("INBOX")
        self.client.delete_folder(self.folder)
        self.client.create_folder(self.folder)
        for _, items in sorted(found.items()):
            self.deliver(items[b"BODY[]"])

    @contextlib.contextmanager
    def proxied(self) -> Iterator[tuple[FaultProxy, ImapSource]]:
        """Return another session of ours, and the proxy it goes through."""
        with FaultProxy(self.port) as proxy:
            source = ImapSource(make_account(proxy.port, self.user, self.password), self.settings)
            yield proxy, source
            source.close()

    @contextlib.contextmanager
    def spoiled(self, position: int, way: str) -> Iterator[MailSource]:
        bad = b"%d" % self.uids()[position]
        instead = {"refused": b"BODY.PEEK[", "missing": b"BODY.PEEK[HEADER.FIELDS (X-NONE)]"}[way]

        def spoil(data: bytes) -> bytes:
            asked = re.search(rb"UID FETCH ([\d,]+) ", data)
            hurts = asked is not None and bad in asked[1].split(b",")
            return data.replace(b"BODY.PEEK[]<0.65536>", instead) if hurts else data

        with self.proxied() as (proxy, source):
            proxy.on_client = spoil
            yield source


def _flags(client: IMAPClient, folder: str) -> list[set[str]]:
    client.select_folder(folder, readonly=True)
    found = client.get_flags(client.search())
    return [{flag.decode() for flag in found[uid] if flag != b"\\Recent"} for uid in sorted(found)]


def _ours(names: set[str]) -> set[str]:
    return {name for name in names if name.startswith("Triage/")}


@dataclass
class FakeWorld:
    """An account in memory."""

    box: FakeMailbox
    source: MailSource
    folder: str = "INBOX"

    def deliver(self, content: bytes, *flags: str, received: datetime | None = None) -> None:
        self.box.deliver(content, *flags, received=received)

    def flags(self) -> list[set[str]]:
        return [self.box.keywords(ref.uid) for ref in self.box.list_refs()]

    def labels(self) -> list[set[str]]:
        return [_ours(flags) for flags in self.flags()]

    def expunge(self, position: int) -> None:
        self.box.expunge(self.box.list_refs()[position].uid)

    def remake(self) -> None:
        self.box.renumber(self.box.uidvalidity + 1)

    @contextlib.contextmanager
    def spoiled(self, position: int, way: str) -> Iterator[MailSource]:
        del way
        self.box.spoil(self.box.list_refs()[position].uid)
        yield self.source


@dataclass
class MaildirWorld:
    """A Maildir that Dovecot serves as well: labels written in files must show over IMAP."""

    source: MailSource
    client: IMAPClient
    folder: str

    def deliver(self, content: bytes, *flags: str, received: datetime | None = None) -> None:
        self.client.append("INBOX", content, flags, received)

    def flags(self) -> list[set[str]]:
        return _flags(self.client, "INBOX")

    def labels(self) -> list[set[str]]:
        return [_ours(flags) for flags in self.flags()]

    def expunge(self, position: int) -> None:
        self.client.select_folder("INBOX")
        self.client.add_flags([sorted(self.client.search())[position]], ["\\Deleted"])
        self.client.expunge()


def make_account(port: int, user: str, password: str | None = "secret", **others: object) -> AccountConfig:
    """Return an account on a server of this machine."""
    values = {
        "name": "home",
        "host": "127.0.0.1",
        "port": port,
        "security": "none",
        "username": user,
        "password": password,
    }
    return AccountConfig.model_validate(values | others)


@dataclass(frozen=True)
class Kind:
    """A server and how it is set up.

    Attributes:
        serve: starts it if need be, and gives port, user and password of an empty account.
        wanted: labels.mode in the configuration.
        mode: what that comes to.
        cannot: what the server is not able to do, by test, and why.
    """

    serve: Callable[[pytest.FixtureRequest], Iterator[tuple[int, str, str]]]
    wanted: str
    mode: Mode
    prefix: str = ""
    delimiter: str = "/"
    cannot: Mapping[str, str] = field(default_factory=dict)


def _serve_dovecot(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    server: Dovecot = request.getfixturevalue("dovecot")
    yield server.port, request.getfixturevalue("user"), server.password


def _serve_cyrus(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    server: Cyrus = request.getfixturevalue("cyrus")
    yield server.port, server.add_user(request.getfixturevalue("user")), server.password


def _serve_cyrus_slash(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    server: Cyrus = request.getfixturevalue("cyrus_slash")
    yield server.port, server.add_user(request.getfixturevalue("user")), server.password


def _serve_gmail(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    server: Gmail = request.getfixturevalue("gmail")
    yield server.port, server.user, server.password


def _serve_pymap(request: pytest.FixtureRequest) -> Iterator[tuple[int, str, str]]:
    del request
    with Pymap() as server:
        yield server.port, server.user, server.password


_CYRUS = {"test_a_folder_with_quotes_is_read_and_labelled": "Cyrus takes no double quote in a folder's name"}

KINDS: Mapping[str, Kind] = {
    "dovecot-keyword": Kind(_serve_dovecot, "auto", "keyword"),
    "dovecot-folder": Kind(_serve_dovecot, "folder", "folder"),
    "cyrus-keyword": Kind(_serve_cyrus, "auto", "keyword", "INBOX.", ".", _CYRUS),
    "cyrus-folder": Kind(_serve_cyrus, "folder", "folder", "INBOX.", ".", _CYRUS),
    "cyrus-slash-folder": Kind(_serve_cyrus_slash, "folder", "folder", cannot=_CYRUS),
    "gmail": Kind(_serve_gmail, "auto", "gmail"),
    "pymap-folder": Kind(_serve_pymap, "auto", "folder"),
}


def _log_in(port: int, user: str, password: str) -> IMAPClient:
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=10)
    client.socket().setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # else each APPEND waits 40 ms
    client.login(user, password)
    return client


def _imap_world(request: pytest.FixtureRequest, name: str) -> Iterator[ImapWorld]:
    kind = KINDS[name]
    test = request.node.originalname
    if test in kind.cannot:
        request.applymarker(pytest.mark.xfail(reason=kind.cannot[test], strict=True))
    for port, user, password in kind.serve(request):
        client = _log_in(port, user, password)
        settings = LabelsConfig.model_validate({"mode": kind.wanted})
        source = ImapSource(make_account(port, user, password), settings)
        yield ImapWorld(
            source,
            client,
            port,
            user,
            password,
            settings,
            kind.mode,
            kind.prefix,
            kind.delimiter,
        )
        source.close()
        client.shutdown()


def _fake_world(request: pytest.FixtureRequest, name: str) -> Iterator[FakeWorld]:
    del request, name
    box = FakeMailbox()
    yield FakeWorld(box, FakeSource(box))


def _maildir_world(request: pytest.FixtureRequest, name: str) -> Iterator[MaildirWorld]:
    del name
    server: Dovecot = request.getfixturevalue("dovecot")
    user = request.getfixturevalue("user")
    path: Path = server.maildir(user)
    client = _log_in(server.port, user, server.password)
    client.select_folder("INBOX")
    yield MaildirWorld(MaildirSource([path]), client, str(path))
    client.shutdown()
    assert os.path.exists(path)  # noqa: PTH110


SERVERS = [pytest.param((_imap_world, name), id=name, marks=pytest.mark.server) for name in KINDS]
FAKE = pytest.param((_fake_world, "fake"), id="fake")
MAILDIR = pytest.param((_maildir_world, "maildir"), id="maildir", marks=pytest.mark.server)


@pytest.fixture(params=[FAKE, *SERVERS, MAILDIR])
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One mailbox of each kind."""
    make, name = request.param
    yield from make(request, name)


@pytest.fixture(params=[FAKE, *SERVERS])
def server_world(request: pytest.FixtureRequest) -> Iterator[ServerWorld]:
    """One mailbox of each kind that has UIDs."""
    make, name = request.param
    yield from make(request, name)


@pytest.fixture(params=SERVERS)
def imap_world(request: pytest.FixtureRequest) -> Iterator[ImapWorld]:
    """One mailbox on each real server."""
    make, name = request.param
    yield from make(request, name)


class Opener(Protocol):
    def __call__(self, account: AccountConfig, mode: str = "auto") -> ImapSource: ...


@pytest.fixture
def client(dovecot: Dovecot, user: str) -> Iterator[IMAPClient]:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    yield client
    with contextlib.suppress(OSError, IMAPClient.Error):
        client.logout()


@pytest.fixture
def source_of() -> Iterator[Opener]:
    opened: list[ImapSource] = []

    def make(account: AccountConfig, mode: str = "auto") -> ImapSource:
        opened.append(ImapSource(account, LabelsConfig.model_validate({"mode": mode})))
        return opened[-1]

    yield make
    for source in opened:
        source.close()
