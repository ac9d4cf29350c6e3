"""Servers for the whole session, and a user of its own for each test."""

import itertools
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.servers.dovecot import EXECUTABLE, Dovecot
from tests.servers.postgres import Postgres, find_programs

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot; skipped with a word where it is not installed."""
    if not EXECUTABLE.exists():
        if os.environ.get("CI"):
            pytest.fail("Dovecot is missing, and CI may not skip what needs it: .ci/run installs it")
        pytest.skip("Dovecot is missing: apt-get install dovecot-imapd")
    with Dovecot() as server:
        yield server


@pytest.fixture
def user() -> str:
    """A user name nobody else has."""
    return f"user{next(_NUMBERS)}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A private PostgreSQL; skipped with a word where it is not installed."""
    programs = find_programs()
    if programs is None:
        if os.environ.get("CI"):
            pytest.fail("PostgreSQL is missing, and CI may not skip what needs it: .ci/run installs it")
        pytest.skip("PostgreSQL is missing: apt-get install postgresql")
    with Postgres(programs) as server:
        yield server


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.server)])
def store_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty store, on each database."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'store.sqlite3'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(server.new_database())
