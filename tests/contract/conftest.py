"""The implementations of `Mailbox`, each with the means to play the owner beside it."""

import contextlib
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pytest
from imapclient import IMAPClient

from tests.fakes import FakeMailbox, FakeSource
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot
from tests.servers.gmail import Gmail
from tests.servers.pymap import Pymap
from triage.config import AccountConfig, LabelsConfig
from triage.imap.source import ImapSource
from triage.interfaces import MailSource
from triage.local.maildir import MaildirSource


class World(Protocol):
    """A mailbox with its owner's hands on it."""

    source: MailSource
    folder: str

    def deliver(self, content: bytes, *flags: str) -> None:
        """Put a message into the folder."""

    def flags(self) -> list[set[str]]:
        """Return flags and keywords of each message in order, as another program sees them."""


@dataclass
class ImapWorld:
    """An account on a real server."""

    source: MailSource
    client: IMAPClient
    folder: str = "INBOX"

    def deliver(self, content: bytes, *flags: str) -> None:
        self.client.append("INBOX", content, flags)

    def flags(self) -> list[set[str]]:
        self.client.select_folder("INBOX", readonly=True)
        found = self.client.get_flags(self.client.search())
        return [{flag.decode() for flag in found[uid] if flag != b"\\Recent"} for uid in sorted(found)]


@dataclass
class FakeWorld:
    """An account in memory."""

    box: FakeMailbox
    source: MailSource
    folder: str = "INBOX"

    def deliver(self, content: bytes, *flags: str) -> None:
        self.box.deliver(content, *flags)

    def flags(self) -> list[set[str]]:
        return [self.box.keywords(ref.uid) for ref in self.box.list_refs()]


@dataclass
class MaildirWorld:
    """A Maildir that Dovecot serves as well: labels written in files must show over IMAP."""

    source: MailSource
    server: Dovecot
    user: str
    folder: str

    def deliver(self, content: bytes, *flags: str) -> None:
        with self._client() as client:
            client.append("INBOX", content, flags)

    def flags(self) -> list[set[str]]:
        with self._client() as client:
            client.select_folder("INBOX", readonly=True)
            found = client.get_flags(client.search())
        return [{flag.decode() for flag in found[uid] if flag != b"\\Recent"} for uid in sorted(found)]

    def _client(self) -> IMAPClient:
        client = IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=10)
        client.login(self.user, self.server.password)
        return client


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


def _imap_world(port: int, user: str, password: str, mode: str) -> Iterator[ImapWorld]:
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=10)
    client.login(user, password)
    source = ImapSource(make_account(port, user, password), LabelsConfig.model_validate({"mode": mode}))
    yield ImapWorld(source, client)
    source.close()
    client.logout()


def _dovecot_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    server: Dovecot = request.getfixturevalue("dovecot")
    yield from _imap_world(server.port, request.getfixturevalue("user"), server.password, mode)


def _pymap_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    del request
    with Pymap() as server:
        yield from _imap_world(server.port, server.user, server.password, mode)


def _cyrus_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    server: Cyrus = request.getfixturevalue("cyrus")
    yield from _imap_world(server.port, server.add_user(request.getfixturevalue("user")), server.password, mode)


def _cyrus_slash_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    server: Cyrus = request.getfixturevalue("cyrus_slash")
    yield from _imap_world(server.port, server.add_user(request.getfixturevalue("user")), server.password, mode)


def _gmail_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    server: Gmail = request.getfixturevalue("gmail")
    yield from _imap_world(server.port, server.user, server.password, mode)


def _fake_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    del request, mode
    box = FakeMailbox()
    yield FakeWorld(box, FakeSource(box))


def _maildir_world(request: pytest.FixtureRequest, mode: str) -> Iterator[World]:
    del mode
    server: Dovecot = request.getfixturevalue("dovecot")
    user = request.getfixturevalue("user")
    path: Path = server.maildir(user)
    world = MaildirWorld(MaildirSource([path]), server, user, str(path))
    with world._client() as client:
        client.select_folder("INBOX")
    yield world
    assert os.path.exists(path)  # noqa: PTH110


WORLDS: Sequence[tuple[str, Callable[[pytest.FixtureRequest, str], Iterator[World]], str]] = (
    ("fake", _fake_world, ""),
    ("dovecot-keyword", _dovecot_world, "auto"),
    ("dovecot-folder", _dovecot_world, "folder"),
    ("cyrus-keyword", _cyrus_world, "auto"),
    ("cyrus-folder", _cyrus_world, "folder"),
    ("cyrus-slash-folder", _cyrus_slash_world, "folder"),
    ("gmail", _gmail_world, "auto"),
    ("pymap-folder", _pymap_world, "auto"),
    ("maildir", _maildir_world, ""),
)


@pytest.fixture(
    params=[
        pytest.param((make, mode), id=name, marks=[] if name == "fake" else [pytest.mark.server])
        for name, make, mode in WORLDS
    ]
)
def world(request: pytest.FixtureRequest) -> Iterator[World]:
    """One mailbox of each kind."""
    make, mode = request.param
    yield from make(request, mode)


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
