"""`triage undo`: take a run back."""

from pathlib import Path

import typer
from rich.table import Table

from triage.bootstrap import build_account_sources, build_names, build_path_sources, build_store
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console
from triage.cli.settings import optional_config
from triage.interfaces import MailSource
from triage.service.undo import undo_run


def undo(config_path: Path | None, run_id: str | None) -> None:
    """Take a run back, or list the latest."""
    config = optional_config(config_path)
    store = build_store(config)
    console = open_console()
    try:
        if run_id is None:
            table = Table("run", "purpose", "labels written", "undone", box=None, pad_edge=False, header_style="bold")
            for info in store.list_runs():
                table.add_row(info.run_id, info.purpose, str(info.writes), "yes" if info.undone_at else "")
            console.print(table)
            return

        def open_source(account: str, folder: str) -> MailSource:
            if not account:
                return build_path_sources([Path(folder)])[0]
            return build_account_sources(config, [account], [folder])[0]

        report = undo_run(run_id, store, open_source, build_names(config))
    finally:
        store.close()
    console.print(
        f"{report.undone} taken back, {report.kept} left as you changed them since, {report.gone} no longer there"
    )
    for failed in report.failed:
        console.print(f"not taken back: {failed.change.ref}: {failed.error}", markup=False, soft_wrap=True)
    if report.failed:
        raise typer.Exit(FOUND_WRONG)
