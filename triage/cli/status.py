"""`triage status`: how the daemon is doing, from the store alone."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import typer
from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_store
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console
from triage.cli.settings import required_config
from triage.records import State
from triage.store.records import PassInfo

_OVERDUE = 3
"""Intervals without a pass after which an account is overdue."""


def status(config_path: Path | None, *, check: bool, as_json: bool) -> None:
    """Show the last pass of each account; end with 1 if one failed or is overdue."""
    config = required_config(config_path)
    store = build_store(config)
    try:
        found = {info.account: info for info in store.list_passes()}
        counts = {account.name: store.count_judgements(account.name) for account in config.accounts}
    finally:
        store.close()
    patience = config.daemon.poll_interval * _OVERDUE
    console = open_console()
    table = Table("account", "last pass", "seen", "labelled", "unjudged", "state", box=None, pad_edge=False)
    is_wrong = False
    for account in config.accounts:
        info = found.get(account.name)
        word = _state(info, patience)
        is_wrong = is_wrong or word != "fine"
        unjudged = counts[account.name].get(State.UNJUDGED, 0)
        if as_json:
            console.print(_to_json(account.name, info, word, unjudged), soft_wrap=True, markup=False)
            continue
        when = f"{info.finished_at.astimezone():%Y-%m-%d %H:%M}" if info else "never"
        seen, labelled = (str(info.seen), str(info.labelled)) if info else ("", "")
        table.add_row(account.name, when, seen, labelled, str(unjudged), Text(word))
    if not as_json and not check:
        console.print(table)
    if is_wrong:
        raise typer.Exit(FOUND_WRONG)


def _state(info: PassInfo | None, patience: timedelta) -> str:
    if info is None:
        return "no pass yet; start `triage run`"
    if info.problem:
        return info.problem
    if datetime.now(UTC) - info.finished_at > patience:
        return "overdue; is `triage run` still running?"
    return "fine"


def _to_json(account: str, info: PassInfo | None, state: str, unjudged: int) -> str:
    return json.dumps(
        {
            "account": account,
            "last_pass": info.finished_at.isoformat() if info else None,
            "seen": info.seen if info else 0,
            "labelled": info.labelled if info else 0,
            "unjudged": unjudged,
            "state": state,
        }
    )
