"""`triage status`: how the daemon is doing, from its health file and the store."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_store
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console, printable
from triage.cli.settings import required_config
from triage.config import Config
from triage.records import State
from triage.service.notify import is_fresh, load_health
from triage.store.records import PassInfo, Retry

_OVERDUE = 3
"""Intervals without a whole pass after which an account is overdue."""

_HEARTBEAT_SECONDS = 60.0
"""Age of the health file after which the daemon does not live: four beats."""

_FINE = "fine"


@dataclass(frozen=True, slots=True)
class _Line:
    """What is known of one account."""

    account: str
    info: PassInfo | None
    word: str
    retries: Sequence[Retry]
    changed: int

    @property
    def unjudged(self) -> int:
        return sum(retry.state is State.UNJUDGED for retry in self.retries)

    @property
    def unlabelled(self) -> int:
        return len(self.retries) - self.unjudged


def status(config_path: Path | None, *, check: bool, unjudged: bool, as_json: bool) -> None:
    """Show the daemon and each account; end with 1 if something is wrong."""
    config = required_config(config_path)
    now = datetime.now(UTC)
    health = load_health(config.daemon.resolved_health_file())
    is_alive = health is not None and is_fresh(health, now, _HEARTBEAT_SECONDS)
    lines = _read(config, health if is_alive else None, now)
    wrong = [line for line in lines if line.word != _FINE]
    console = open_console()
    if unjudged:
        _print_retries(console, lines, as_json=as_json)
    elif as_json:
        for line in lines:
            console.print(_to_json(line, is_alive=is_alive), soft_wrap=True, markup=False)
    elif not check or wrong or not is_alive:
        console.print(_daemon_line(health, is_alive=is_alive), markup=False)
        console.print(_table(lines, now))
    if wrong or (check and not is_alive):
        raise typer.Exit(FOUND_WRONG)


def _read(config: Config, health: Mapping[str, Any] | None, now: datetime) -> list[_Line]:
    store = build_store(config)
    try:
        passes = {info.account: info for info in store.list_passes()}
        patience = config.daemon.poll_interval * _OVERDUE
        return [
            _Line(
                account.name,
                passes.get(account.name),
                _state(account.name, passes.get(account.name), health, now - patience),
                store.list_retries(account.name),
                len(store.list_relabellings(account.name)),
            )
            for account in config.accounts
        ]
    finally:
        store.close()


def _state(account: str, info: PassInfo | None, health: Mapping[str, Any] | None, oldest: datetime) -> str:
    """Return what is wrong with an account, in words; what the living daemon says comes first."""
    told = (health or {}).get("accounts", {}).get(account, {})
    for key in ("paused", "problem"):
        if told.get(key):
            return f"paused: {told[key]}" if key == "paused" else str(told[key])
    if info is None:
        return "no pass yet; start `triage run`"
    if info.problem:
        return info.problem
    if info.finished_at < oldest:
        return "overdue; is `triage run` still running?"
    return _FINE


def _daemon_line(health: Mapping[str, object] | None, *, is_alive: bool) -> str:
    if health is None:
        return "daemon: not running; start it with `triage run`"
    if not is_alive:
        return f"daemon: no sign of life since {health.get('written_at')}; start it with `triage run`"
    return f"daemon: running, model {health.get('model')}"


def _table(lines: Sequence[_Line], now: datetime) -> Table:
    names = ("account", "last whole pass", "seen", "labelled", "unjudged", "not labelled", "changed by you", "state")
    table = Table(*names, box=None, pad_edge=False)
    for line in lines:
        done = line.info.succeeded_at if line.info else None
        when = f"{_ago(now - done)} ago" if done else "never"
        seen, labelled = (str(line.info.seen), str(line.info.labelled)) if line.info else ("", "")
        counts = (str(line.unjudged), str(line.unlabelled), str(line.changed))
        table.add_row(line.account, when, seen, labelled, *counts, Text(printable(line.word)))
    return table


def _ago(span: timedelta) -> str:
    seconds = max(0, int(span.total_seconds()))
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds // size} {name}"
    return f"{seconds} s"


def _print_retries(console: Console, lines: Sequence[_Line], *, as_json: bool) -> None:
    """List what is tried again, by place: nothing of the mail itself is kept."""
    table = Table("message", "state", "tried", "next try", "reason", box=None, pad_edge=False)
    for retry in (retry for line in lines for retry in line.retries):
        if as_json:
            console.print(_retry_to_json(retry), soft_wrap=True, markup=False)
        word = "unjudged" if retry.state is State.UNJUDGED else "not labelled"
        next_try = f"{retry.next_at.astimezone():%Y-%m-%d %H:%M}"
        table.add_row(Text(str(retry.ref)), word, str(retry.attempts), next_try, Text(printable(retry.reason)))
    if not as_json:
        console.print(table if table.row_count else "nothing is waiting to be tried again")


def _retry_to_json(retry: Retry) -> str:
    return json.dumps(
        {
            "source": str(retry.ref),
            "state": retry.state.value,
            "attempts": retry.attempts,
            "first_at": retry.first_at.isoformat(),
            "next_at": retry.next_at.isoformat(),
            "reason": retry.reason,
        }
    )


def _to_json(line: _Line, *, is_alive: bool) -> str:
    info = line.info
    return json.dumps(
        {
            "account": line.account,
            "daemon": "running" if is_alive else "not running",
            "last_pass": info.finished_at.isoformat() if info else None,
            "last_whole_pass": info.succeeded_at.isoformat() if info and info.succeeded_at else None,
            "seen": info.seen if info else 0,
            "labelled": info.labelled if info else 0,
            "unjudged": line.unjudged,
            "not_labelled": line.unlabelled,
            "changed_by_owner": line.changed,
            "state": line.word,
        }
    )
