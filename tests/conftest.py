"""Servers for the whole session, and a user of its own for each test."""

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.servers import cyrus as cyrus_server
from tests.servers import dovecot as dovecot_server
from tests.servers import gmail as gmail_server
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.servers.gmail import Gmail
from tests.servers.postgres import Postgres, find_programs

_NUMBERS = itertools.count(1)
_LONG_SECONDS = 120
"""What every test may take (pyproject.toml)."""

# No test is about time: a busy machine would fail what is right.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    # A shell lets what it runs in the background ignore Ctrl-C, and so would every program started from here.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the modules that take long, or one processor would wait for the other's last test.

    They are those with a test that may take longer than others. Within both halves the order stays as it was shuffled.
    """
    long = {item.path for item in items if _seconds(item) > _LONG_SECONDS}
    items.sort(key=lambda item: item.path not in long)


def _seconds(item: pytest.Item) -> float:
    mark = item.get_closest_marker("timeout")
    return float(mark.args[0]) if mark else 0.0


def need(*, there: bool, words: str) -> None:
    """Skip with a word what needs something that is not here; CI may not."""
    if there:
        return
    if os.environ.get("CI"):
        pytest.fail(f"CI may not skip what .ci/run installs: {words}")
    pytest.skip(words)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot."""
    yield from _start_dovecot(DovecotOptions())


@pytest.fixture(scope="session")
def oauth_dovecot() -> Iterator[Dovecot]:
    """One that takes access tokens too, and whose password is found by a search."""
    yield from _start_dovecot(DovecotOptions(oauth=True, password="specimen-4be1f7"))


def _start_dovecot(options: DovecotOptions) -> Iterator[Dovecot]:
    need(there=dovecot_server.EXECUTABLE.exists(), words="Dovecot is missing: apt-get install dovecot-imapd")
    with Dovecot(options) as server:
        yield server


@pytest.fixture(scope="session")
def cyrus() -> Iterator[Cyrus]:
    """A private Cyrus with the folder names it has by default: below INBOX, with dots."""
    yield from _start_cyrus(slash=False)


@pytest.fixture(scope="session")
def cyrus_slash() -> Iterator[Cyrus]:
    """A private Cyrus with folder names as Fastmail shows them."""
    yield from _start_cyrus(slash=True)


def _start_cyrus(*, slash: bool) -> Iterator[Cyrus]:
    need(there=cyrus_server.EXECUTABLE.exists(), words="Cyrus is missing: .ci/servers")
    with Cyrus(slash=slash) as server:
        yield server


@pytest.fixture
def gmail() -> Iterator[Gmail]:
    """A server that speaks Gmail's words."""
    need(there=gmail_server.EXECUTABLE.exists(), words="the Gmail look-alike is missing: .ci/servers")
    with Gmail() as server:
        yield server


@pytest.fixture
def user() -> str:
    """A user name nobody else has."""
    return f"user{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL."""
    programs = find_programs()
    need(there=programs is not None, words="PostgreSQL is missing: apt-get install postgresql")
    assert programs is not None
    with Postgres(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.new_database())
