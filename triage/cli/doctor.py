"""`triage doctor`: every check worth doing before trusting the program with a mailbox."""

import json
import signal
import sys
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from triage.bootstrap import build_store, load_base_model, load_personal_model
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console, printable
from triage.cli.settings import required_config
from triage.config import AccountConfig, Config, default_config_path
from triage.errors import ConfigError, ModelError, StoreError
from triage.service.diagnosis import Check
from triage.service.disk import check_state, judge_secret_file, read_path
from triage.service.doctor import check_account
from triage.store.engine import sqlite_file


def doctor(config_path: Path | None, accounts: Sequence[str], *, write: bool, as_json: bool) -> None:
    """Run the checks and print them; on a server only folders of our own are written, and removed again."""
    config = required_config(config_path)
    chosen = [config.account(name) for name in accounts] if accounts else config.accounts
    checks: list[Check] = []
    with _terminating_as_interrupt():
        for check in _iter_checks(config, config_path or default_config_path(), chosen, write=write, quiet=as_json):
            checks.append(check)
            if as_json:
                sys.stdout.write(_to_json(check) + "\n")
                sys.stdout.flush()
    if not as_json:
        open_console().print(_table(checks))
    if any(check.colour == "red" for check in checks):
        raise typer.Exit(FOUND_WRONG)


def _iter_checks(
    config: Config, path: Path, accounts: Sequence[AccountConfig], *, write: bool, quiet: bool
) -> Iterator[Check]:
    progress = Console(file=sys.stderr, highlight=False, quiet=quiet or not sys.stderr.isatty())
    yield from check_here(config)
    yield from _check_secrets(config, path)
    for account in accounts:
        with progress.status(Text(f"looking at {account.name} ({account.host})")):
            yield from check_account(account, config.labels, write=write)


@contextmanager
def _terminating_as_interrupt() -> Iterator[None]:
    """Let SIGTERM do what Ctrl-C does: the scratch folder is removed on the way out."""
    former = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)


def check_here(config: Config) -> Iterator[Check]:
    """Check what is on this machine: configuration, store, cluster and model."""
    count = len(config.accounts)
    yield Check("", "configuration", "green", f"{count} account{'' if count == 1 else 's'}")
    if not config.accounts:
        yield Check("", "accounts", "red", "none", "add an [[accounts]] section to the configuration")
    try:
        build_store(config).close()
    except StoreError as error:
        yield Check("", "store", "red", str(error), "check the folder's permissions or set store.url")
    else:
        yield Check("", "store", "green", "can be written")
    with suppress(StoreError):  # opening the store has said so
        if file := sqlite_file(config.store.resolved_url()):
            yield from check_state(file)
    if config.cluster.scheduler:
        yield _check_cluster(config)
    yield _check_model(config)


def _check_model(config: Config) -> Check:
    """Check the model in use; a personal one that is refused is told with the reason, and the shipped one serves."""
    refusal = ""
    try:
        personal = load_personal_model(config)
    except ModelError as error:
        personal, refusal = None, str(error)
    if personal is not None:
        return Check("", "model", "green", f"personal model {personal.model_id}, signature verified")
    try:
        found = f"base model {load_base_model().model_id}, digest verified"
    except ModelError as error:
        return Check("", "model", "red", str(error), "install triage again")
    if refusal:
        advice = "`triage train` learns another; `triage models use base` stays with the shipped one"
        return Check("", "model", "amber", f"{found}; the personal model is not used: {refusal}", advice)
    return Check("", "model", "green", found)


def _check_cluster(config: Config) -> Check:
    from triage.service.cluster import connect  # noqa: PLC0415  most have no cluster

    try:
        with connect(config.cluster) as client:
            threads = client.nthreads()
    except ConfigError as error:
        return Check("", "cluster", "red", error.problems[0], "start it, or remove cluster.scheduler")
    if not threads:
        return Check("", "cluster", "amber", "no worker", f"start some: dask worker {config.cluster.scheduler}")
    return Check("", "cluster", "green", f"{len(threads)} workers, {sum(threads.values())} passes at a time")


def _check_secrets(config: Config, path: Path) -> Iterator[Check]:
    """Look who can read the configuration if it holds a password; other files with secrets are refused when read."""
    # What the environment overrides is not what the file holds.
    accounts = tomllib.loads(path.read_text("utf-8")).get("accounts", ())
    url = _store_url(config)
    if any("password" in account for account in accounts) or (url is not None and url.password):
        yield from judge_secret_file(read_path(path))


def _store_url(config: Config) -> URL | None:
    try:
        return make_url(config.store.resolved_url())
    except ArgumentError:
        return None  # opening the store says so


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "account", "check", "found", "what to do"):
        table.add_column(name, overflow="fold")
    styles = {"green": "green", "amber": "yellow", "red": "bold red"}
    for check in checks:
        table.add_row(
            Text(check.colour, style=styles[check.colour]),
            Text(check.account),
            Text(printable(check.name)),
            Text(printable(check.found)),
            Text(printable(check.advice)),
        )
    return table


def _to_json(check: Check) -> str:
    return json.dumps(
        {
            "account": check.account or None,
            "check": check.name,
            "colour": check.colour,
            "found": check.found,
            "advice": check.advice or None,
        },
        ensure_ascii=False,
    )
