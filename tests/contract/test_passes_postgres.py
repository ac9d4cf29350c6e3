"""The tests of passes and visits that remember something, again with PostgreSQL as their memory."""

import inspect
from collections.abc import Iterator

import pytest

from tests.servers.postgres import Postgres
from tests.unit import test_cycle, test_visit
from tests.unit.test_visit import judge, options
from triage.store.store import Store, open_store

pytestmark = pytest.mark.server

__all__ = ["judge", "options"]


@pytest.fixture
def store(postgres: Postgres) -> Iterator[Store]:
    store = open_store(postgres.url(postgres.new_database()))
    yield store
    store.close()


for _module in (test_cycle, test_visit):
    for _name, _test in vars(_module).items():
        if _name.startswith("test_") and {"store", "options"} & set(inspect.signature(_test).parameters):
            globals()[_name] = _test
