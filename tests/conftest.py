"""Servers for the whole session, and a user of its own for each test."""

import itertools
import os
from collections.abc import Iterator

import pytest

from tests.servers.dovecot import EXECUTABLE, Dovecot, DovecotOptions

_NUMBERS = itertools.count(1)


@pytest.fixture(scope="session")
def dovecot() -> Iterator[Dovecot]:
    """A private Dovecot; skipped with a word where it is not installed."""
    yield from _start_dovecot(DovecotOptions())


@pytest.fixture(scope="session")
def oauth_dovecot() -> Iterator[Dovecot]:
    """One that takes access tokens too, and whose password is found by a search."""
    yield from _start_dovecot(DovecotOptions(oauth=True, password="specimen-4be1f7"))


def _start_dovecot(options: DovecotOptions) -> Iterator[Dovecot]:
    if not EXECUTABLE.exists():
        if os.environ.get("CI"):
            pytest.fail("Dovecot is missing, and CI may not skip what needs it: .ci/run installs it")
        pytest.skip("Dovecot is missing: apt-get install dovecot-imapd")
    with Dovecot(options) as server:
        yield server


@pytest.fixture
def user() -> str:
    """A user name nobody else has."""
    return f"user{next(_NUMBERS)}"
