"""`triage undo`: take runs back."""

from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from triage.bootstrap import build_names, build_store
from triage.cli.main import FOUND_WRONG, NOT_DONE, say
from triage.cli.messages import open_source
from triage.cli.output import open_console, parse_age
from triage.cli.settings import optional_config
from triage.errors import ConfigError
from triage.service.undo import Closed, UndoReport, undo_run
from triage.store.store import Store


def undo(config_path: Path | None, run_id: str | None, *, since: str | None) -> None:
    """Take a run back, or every run since a moment, or list the latest."""
    if run_id is not None and since is not None:
        raise ConfigError(["give either a run or --since, not both"])
    age = parse_age(since)
    config = optional_config(config_path)
    store = build_store(config)
    console = open_console()

    report, closed = UndoReport(), Closed()
    try:
        if run_id is not None:
            chosen = [run_id]
        elif age is not None:
            chosen = store.runs_since(datetime.now(UTC) - age)
        else:
            _list_runs(console, store)
            return
        for one in chosen:
            report += undo_run(one, store, partial(open_source, config), build_names(config), closed)
    finally:
        store.close()
    _print(console, report)
    for problem in report.problems:
        say(problem)
    if report.problems:
        raise typer.Exit(NOT_DONE)
    if report.failed:
        raise typer.Exit(FOUND_WRONG)


def _list_runs(console: Console, store: Store) -> None:
    table = Table("run", "purpose", "labels written", "undone", box=None, pad_edge=False, header_style="bold")
    for info in store.list_runs():
        table.add_row(info.run_id, info.purpose, str(info.writes), "yes" if info.undone_at else "")
    console.print(table)


def _print(console: Console, report: UndoReport) -> None:
    console.print(
        f"{report.undone} taken back, {report.kept} left as you changed them since, {report.gone} no longer there"
    )
    for failed in report.failed:
        console.print(f"not taken back: {failed.change.ref}: {failed.error}", markup=False, soft_wrap=True)
