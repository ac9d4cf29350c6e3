"""`triage network`: the people behind leads."""

import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from triage.cli.output import open_console, printable
from triage.cli.settings import optional_config
from triage.lead.acquaintances import Contact, People
from triage.lead.network import Bringer, Network, look_around
from triage.opening import open_store_of

_MOST = 15


def network(config_path: Path | None, *, as_json: bool) -> None:
    """Print who brought leads, who has not been in touch for long, and whom to thank."""
    config = optional_config(config_path)
    now = datetime.now(UTC)
    store = open_store_of(config)
    try:
        people = People(tuple(store.leads.list_contacts()))
        found = look_around(store.leads.list_leads(), people, now)
    finally:
        store.close()
    if as_json:
        for line in _to_json(found, now):
            sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
    else:
        _print(open_console(), found, people, now)


def _to_json(found: Network, now: datetime) -> list[dict[str, object]]:
    thanks = {one.name for one in found.to_thank}
    lines: list[dict[str, object]] = [
        {
            "kind": "brought",
            "name": one.name,
            "address": one.contact.address if one.contact else None,
            "known": one.contact is not None,
            "said": one.said or None,
            "leads": list(one.leads),
            "last_at": one.last_at.isoformat(timespec="seconds"),
            "thank": one.name in thanks,
        }
        for one in found.brought
    ]
    lines += [
        {
            "kind": "silent",
            "name": one.name,
            "address": one.address,
            "written": one.sent,
            "last_at": one.last_exchange_at.isoformat(timespec="seconds"),
            "days": (now - one.last_exchange_at).days,
        }
        for one in found.silent
    ]
    return lines


def _print(console: Console, found: Network, people: People, now: datetime) -> None:
    if not people:
        console.print("nobody is known yet: `triage run` reads whom you wrote to from the Sent folder", markup=False)
    if found.to_thank:
        console.print("To thank: they brought a lead, and you have not written to them since")
        console.print(_bringers(found.to_thank, now))
        console.print()
    console.print("Who brought leads" if found.brought else "Nobody was named who brought a lead")
    if found.brought:
        console.print(_bringers(found.brought[:_MOST], now))
    if found.silent:
        console.print("\nNot in touch for half a year and more")
        console.print(_silent(found.silent[:_MOST], now))
    hidden = max(0, len(found.brought) - _MOST) + max(0, len(found.silent) - _MOST)
    if hidden:
        console.print(f"... and {hidden} more; --json shows all")


def _bringers(some: Sequence[Bringer], now: datetime) -> Table:
    table = Table("who", "leads", "the last", "known as", box=None, pad_edge=False, header_style="bold")
    for one in some:
        known = one.contact.words if one.contact else "you never wrote to them"
        said = f"; “{one.said}”" if one.said else ""
        table.add_row(
            Text(printable(one.name, 40)),
            printable(", ".join(one.leads), 40),
            f"{(now - one.last_at).days} d ago",
            Text(printable(known + said)),
        )
    return table


def _silent(some: Sequence[Contact], now: datetime) -> Table:
    table = Table("who", "address", "you wrote", "silent for", box=None, pad_edge=False, header_style="bold")
    for one in some:
        days = (now - one.last_exchange_at).days
        table.add_row(Text(printable(one.name, 40)), Text(printable(one.address)), f"{one.sent} times", f"{days} d")
    return table
