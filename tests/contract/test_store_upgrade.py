"""Upgrading a store: whole or not at all, by one process alone, with a copy kept, and never backwards."""

import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import make_url

from tests.contract.first_store import NOW, TABLES, make_first_store
from tests.leads import make_card, make_lead, make_lead_message
from triage.errors import StoreError
from triage.lead.grouping import search_marks
from triage.lead.lead import address_mark, marks_of_message
from triage.lead.opportunity import Channel
from triage.records import Cursor, State, Uid, UidValidity
from triage.store import upgrade
from triage.store.engine import make_engine, transaction
from triage.store.records import PassInfo, Status
from triage.store.schema import metadata, revisions
from triage.store.store import open_store
from triage.store.upgrade import HEAD, REVISIONS

Rows = Mapping[str, list[tuple[object, ...]]]


def run_sql(url: str, *statements: str) -> None:
    engine = create_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def read_all(url: str) -> tuple[str, Rows]:
    """Return the tables as reflected, and every row of them."""
    engine = create_engine(url)
    with engine.connect() as connection:
        found = describe(connection)
        rows = {
            name: sorted((tuple(row) for row in connection.execute(text(f"SELECT * FROM {name}"))), key=repr)  # noqa: S608
            for name in sorted(inspect(connection).get_table_names())
        }
    engine.dispose()
    return found, rows


def describe(connection: Connection) -> str:
    """Return all there is to tell of the tables, whatever the order of their columns."""
    lines = []
    found = inspect(connection)
    for table in found.get_table_names():
        for column in found.get_columns(table):
            kind, default = column["type"].compile(connection.dialect), column["default"]
            # A sequence is named after its table; SQLite has none.
            lines.append(
                f"{table}.{column['name']} {kind} {column['nullable']} {default} {column.get('autoincrement')}"
            )
        lines.append(f"{table} key {found.get_pk_constraint(table)}")
        lines.extend(f"{table} index {index}" for index in found.get_indexes(table))
        lines.extend(f"{table} unique {unique}" for unique in found.get_unique_constraints(table))
    return "\n".join(sorted(lines))


def differences(connection: Connection) -> list[object]:
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, metadata))


def test_a_store_of_the_first_version_is_upgraded_with_its_data_kept(store_url: str) -> None:
    make_first_store(store_url)
    before = read_all(store_url)[1]
    store = open_store(store_url)
    assert store.load_cursor("home", "INBOX") == Cursor(UidValidity(7), Uid(5), Uid(3), NOW)
    assert store.count_judgements("home") == {State.JUDGED: 1}
    assert store.list_passes() == [PassInfo("home", NOW, 3, 1, 2, "cut off")]
    assert [(one.run_id, one.started_at, one.writes) for one in store.list_runs()] == [("first", NOW, 3)]
    written = store.written("home", ["f" * 32])["f" * 32]
    assert [(one.change.ref.uid, one.status) for one in written] == [(1, Status.CONFIRMED), (2, Status.UNDONE)]
    assert [one.change.ref.uid for one in store.pending("home", "INBOX")] == [3]
    assert (store.list_retries("home"), store.list_relabellings("home")) == ([], [])
    store.close()
    after = read_all(store_url)[1]
    assert {name: len(after[name]) for name in before} == {name: len(rows) for name, rows in before.items()}


def test_an_upgraded_store_is_like_a_new_one(store_url: str) -> None:
    make_first_store(store_url)
    open_store(store_url).close()
    upgraded = read_all(store_url)[0]
    run_sql(store_url, *(f"DROP TABLE {name}" for name in [*metadata.tables, revisions.name]))
    open_store(store_url).close()
    assert upgraded == read_all(store_url)[0]
    assert "moved_to" in upgraded


@pytest.mark.parametrize("way", ["made", "upgraded", "from the first step"])
def test_the_migrations_lead_to_the_schema(store_url: str, way: str) -> None:
    engine = make_engine(store_url, timedelta(seconds=5))
    if way == "upgraded":
        make_first_store(store_url)
    if way == "from the first step":
        with transaction(engine) as connection:
            revisions.create(connection)
            upgrade._migrate(connection)
    upgrade.bring_up_to_date(engine)
    with engine.connect() as connection:
        assert differences(connection) == []
        connection.execute(text("CREATE INDEX one_too_many ON journal (uid)"))
        assert differences(connection) != []
    engine.dispose()


def test_leads_of_an_earlier_version_are_found_by_their_job(store_url: str) -> None:
    offer = make_lead_message(1, card=make_card("Welder", "Acme", "Leeds"))
    store = open_store(store_url)
    store.leads.save_leads([make_lead(offer)])
    store.close()
    run_sql(
        store_url,
        "DELETE FROM lead_marks WHERE way IN ('answered', 'sender', 'job')",
        "UPDATE alembic_version SET version_num = '0004'",
    )
    store = open_store(store_url)
    same = make_lead_message(2, sender="Ann <ann@y.example>", card=make_card("Welder", "Acme", "Leeds"))
    assert store.leads.find_leads(search_marks(same), [], offer.received_at) == [make_lead(offer)]
    assert store.leads.find_leads(search_marks(same), [], offer.received_at + timedelta(days=1)) == []
    store.close()


def test_marks_that_leads_have_no_more_are_forgotten(store_url: str) -> None:
    form = replace(make_card("Welder"), channel=Channel.CONTACT_FORM)
    offer = make_lead_message(1, sender="My site <wordpress@mysite.example>", card=form)
    store = open_store(store_url)
    store.leads.save_leads([make_lead(offer)])
    store.close()
    mark = address_mark(offer.sender.addr_spec)
    run_sql(
        store_url,
        f"INSERT INTO lead_marks (lead_id, mark, way) VALUES ('bcdfg', '{mark}', 'address')",  # noqa: S608  a hash
        "UPDATE alembic_version SET version_num = '0005'",
    )
    store = open_store(store_url)
    of_today = {one.mark for one in marks_of_message(offer)}
    assert store.leads.marked([mark, *of_today]) == of_today
    store.close()


def test_every_step_is_known_and_the_newest_is_the_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(upgrade._SCRIPTS))
    steps = [one.revision for one in ScriptDirectory.from_config(config).walk_revisions()]
    assert tuple(reversed(steps)) == REVISIONS
    assert max(REVISIONS) == HEAD


def test_a_store_of_today_is_opened_without_alembic(store_url: str) -> None:
    program = (
        "import sys; from triage.store.store import open_store; open_store(sys.argv[1]).close(); print(*sys.modules)"
    )

    def modules() -> set[str]:
        result = subprocess.run([sys.executable, "-c", program, store_url], capture_output=True, check=True)
        return {name.partition(".")[0] for name in result.stdout.decode().split()}

    assert "alembic" not in modules()  # it makes a new one
    assert "alembic" not in modules()
    run_sql(store_url, *(f"DROP TABLE {name}" for name in [*metadata.tables, revisions.name]))
    make_first_store(store_url)
    assert "alembic" in modules()


@pytest.mark.parametrize("sign", ["alembic", "number"])
def test_a_store_of_a_later_version_is_refused_and_not_touched(store_url: str, sign: str) -> None:
    open_store(store_url).close()
    if sign == "alembic":
        run_sql(store_url, "UPDATE alembic_version SET version_num = '9999'", "CREATE TABLE later (x INTEGER)")
    else:
        run_sql(store_url, "DROP TABLE alembic_version", "UPDATE schema_version SET version = 9999")
    before = read_all(store_url), read_files(store_url)
    with pytest.raises(StoreError, match=r"later version of triage \(schema 9999\); update triage"):
        open_store(store_url)
    assert (read_all(store_url), read_files(store_url)) == before


def read_files(url: str) -> dict[str, bytes]:
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        return {}
    return {one.name: one.read_bytes() for one in Path(parsed.database or "").parent.iterdir()}


def test_the_first_version_would_refuse_what_it_does_not_know(store_url: str) -> None:
    open_store(store_url).close()
    ((version,),) = read_all(store_url)[1]["schema_version"]
    assert isinstance(version, int)
    assert version > 1  # all that 0.1.0 asks


def test_tables_of_another_program_are_left_alone(store_url: str) -> None:
    run_sql(store_url, "CREATE TABLE journal (day TEXT)", "INSERT INTO journal VALUES ('Monday')")
    before = read_all(store_url)
    with pytest.raises(StoreError, match="another program"):
        open_store(store_url)
    assert read_all(store_url) == before


def test_a_store_between_two_versions_is_upgraded(store_url: str) -> None:
    make_first_store(store_url)
    engine = create_engine(store_url)
    metadata.create_all(engine)  # what the program did until it had migrations: tables, no columns
    engine.dispose()
    store = open_store(store_url)
    assert store.load_cursor("home", "INBOX") is not None
    store.close()
    run_sql(store_url, "DROP TABLE alembic_version", "UPDATE schema_version SET version = 1")
    open_store(store_url).close()  # every column is there already


class InterruptedUpgradeError(Exception):
    pass


def test_an_upgrade_that_fails_anywhere_leaves_the_store_as_it_was(store_url: str) -> None:
    make_first_store(store_url)
    before = read_all(store_url)
    statements = count = 0

    def interrupt(*arguments: object) -> None:
        nonlocal statements
        statements += 1
        if "alembic" in sys.modules and statements == count:
            raise InterruptedUpgradeError(arguments[2])

    event.listen(Engine, "before_cursor_execute", interrupt)
    try:
        while True:
            statements, count = 0, count + 1
            try:
                open_store(store_url).close()
            except InterruptedUpgradeError:
                event.remove(Engine, "before_cursor_execute", interrupt)
                assert read_all(store_url) == before, f"after statement {count}"
                event.listen(Engine, "before_cursor_execute", interrupt)
            else:
                break
    finally:
        event.remove(Engine, "before_cursor_execute", interrupt)
    assert count > 20
    assert read_all(store_url)[1]["alembic_version"] == [(HEAD,)]


def test_an_upgrade_is_told_in_one_line(tmp_path: Path) -> None:
    _, url = first_file(tmp_path)
    program = "import logging, sys; logging.basicConfig(level='INFO', format='%(message)s')\n"
    program += "from triage.store.store import open_store; open_store(sys.argv[1]).close()"
    result = subprocess.run([sys.executable, "-c", program, url], capture_output=True, check=True, text=True)
    assert result.stderr == f"store upgraded from=0001 to={HEAD}\n"


KILLED = """
import os, sys
from sqlalchemy import event, Engine
from triage.store.store import open_store

@event.listens_for(Engine, "before_cursor_execute")
def before(connection, cursor, statement, *rest):
    if sys.argv[2] in statement:
        os._exit(9)

@event.listens_for(Engine, "commit")
def commit(connection):
    if sys.argv[2] == "COMMIT" and "alembic" in sys.modules:
        os._exit(9)

open_store(sys.argv[1])
"""


@pytest.mark.parametrize("at", ["ALTER TABLE journal", "INSERT INTO schema_version", "COMMIT"])
def test_a_process_killed_in_an_upgrade_leaves_the_store_as_it_was(store_url: str, at: str) -> None:
    make_first_store(store_url)
    before = read_all(store_url)
    result = subprocess.run([sys.executable, "-c", KILLED, store_url, at], check=False)
    assert result.returncode == 9
    assert read_all(store_url) == before
    open_store(store_url).close()


@pytest.mark.parametrize("age", ["new", "old"])
def test_of_processes_that_open_a_store_at_once_one_does_the_work(store_url: str, age: str) -> None:
    if age == "old":
        make_first_store(store_url)
    count = 4
    start = time.time() + 3
    # Each ends by itself: a pool ends its processes with SIGTERM, at which those that measure coverage may hang.
    program = "import sys; from tests.contract.first_store import open_at; print(int(open_at(sys.argv[1], float(sys.argv[2]))))"
    command = [sys.executable, "-c", program, store_url, str(start)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]) for _ in range(count)]
    done = [int(one.communicate(timeout=60)[0]) for one in running]
    assert [one.returncode for one in running] == [0] * count
    assert sum(done) == (1 if age == "old" else 0)
    found = read_all(store_url)[1]
    assert (found["alembic_version"], found["schema_version"]) == ([(HEAD,)], [(2,)])
    assert len(found["journal"]) == (3 if age == "old" else 0)


# -- what only a file has


def first_file(tmp_path: Path) -> tuple[Path, str]:
    path = tmp_path / "triage.sqlite3"
    url = f"sqlite:///{path}"
    make_first_store(url)
    path.chmod(0o600)
    return path, url


def test_before_an_upgrade_a_copy_is_kept_for_the_owner_alone(tmp_path: Path) -> None:
    path, url = first_file(tmp_path)
    before = read_all(url)
    open_store(url).close()
    copy = tmp_path / f"triage.sqlite3.before-{HEAD}"
    assert {one.name for one in tmp_path.iterdir()} == {path.name, copy.name}
    assert (copy.stat().st_mode & 0o777, path.stat().st_mode & 0o777) == (0o600, 0o600)
    assert read_all(f"sqlite:///{copy}") == before
    copy.replace(path)
    store = open_store(url)
    assert store.has_run("first")  # put back, it is upgraded again
    store.close()


def test_the_copy_holds_what_stands_in_the_write_ahead_log_alone(tmp_path: Path) -> None:
    _, url = first_file(tmp_path)
    daemon = create_engine(url)  # the former version, still at work: the log is not written back
    with daemon.connect() as connection:
        connection.execute(TABLES[0].insert().values(version=0))
        connection.execute(TABLES[0].delete().where(TABLES[0].c.version == 0))
        connection.execute(text("UPDATE cursors SET last_uid = 77"))
        connection.commit()
        open_store(url).close()
        copied = read_all(f"sqlite:///{tmp_path}/triage.sqlite3.before-{HEAD}")[1]
    daemon.dispose()
    assert copied["cursors"][0][3] == 77


def test_without_a_copy_nothing_is_upgraded(tmp_path: Path) -> None:
    _, url = first_file(tmp_path)
    before = read_all(url)
    (tmp_path / f"triage.sqlite3.before-{HEAD}.part").mkdir()
    with pytest.raises(StoreError, match=f"before-{HEAD} cannot be written"):
        open_store(url)
    assert read_all(url) == before


def test_a_broken_installation_is_told_and_upgrades_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, url = first_file(tmp_path)
    before = read_all(url)
    (tmp_path / "50%" / "versions").mkdir(parents=True)
    shutil.copy(upgrade._SCRIPTS / "env.py", tmp_path / "50%")
    monkeypatch.setattr(upgrade, "_SCRIPTS", tmp_path / "50%")
    with pytest.raises(StoreError, match="install triage anew"):
        open_store(url)
    assert read_all(url) == before


def test_a_new_store_has_no_copy(tmp_path: Path) -> None:
    open_store(f"sqlite:///{tmp_path / 'new.sqlite3'}").close()
    assert [one.name for one in tmp_path.iterdir()] == ["new.sqlite3"]
