"""`triage leads`: what was offered, by whom, and how it stands."""

import csv
import json
import sys
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from rich.console import Console
from rich.table import Table
from rich.text import Text

from triage.cli.calendar import to_calendar
from triage.cli.cards import card_to_json
from triage.cli.output import open_console, parse_age, printable
from triage.cli.settings import optional_config
from triage.config import Config
from triage.errors import ConfigError
from triage.lead.lead import LeadState
from triage.lead.opportunity import Fact
from triage.lead.overview import Standing, look_at
from triage.lead.sides import recruiter_of
from triage.opening import build_view, open_store_of

_STYLES = {
    LeadState.NEW: "bold green",
    LeadState.CHASED: "bold yellow",
    LeadState.TURNED_INTO_SCAM: "bold red",
    LeadState.ANSWERED: "dim",
    LeadState.DECLINED: "dim",
    LeadState.EXPIRED: "dim",
}
_MAX_ROWS = 200
# What a spreadsheet would take for a formula (OWASP, CSV injection): somebody else wrote these words.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_COLUMNS = (
    "lead", "state", "category", "channel", "first", "last", "waiting_days", "score", "role", "company", "agency", "place",
    "remote", "pay", "contract", "recruiter", "address", "referrer", "next_step", "deadline", "subject", "work", "alert",
)  # fmt: skip


def leads(
    config_path: Path | None, *, unanswered: bool, since: str | None, as_json: bool, as_csv: bool, as_ics: bool
) -> None:
    """Print leads as a table, or as one of the three kinds of data."""
    if as_json + as_csv + as_ics > 1:
        raise ConfigError(["give one of --json, --csv and --ics"])
    config = optional_config(config_path)
    now = datetime.now(UTC)
    age = parse_age(since)
    if unanswered:  # what is older has expired
        longest = timedelta(days=config.leads.expire_after_days)
        age = min(age, longest) if age else longest
    standings = [one for one in load_standings(config, now, age) if one.is_unanswered or not unanswered]
    if as_json:
        for one in standings:
            sys.stdout.write(json.dumps(standing_to_json(one, now), ensure_ascii=False) + "\n")
    elif as_csv:
        _print_csv(standings, now)
    elif as_ics:
        sys.stdout.write(to_calendar(standings, now))
    else:
        _print(open_console(), standings, now, unanswered=unanswered)


def load_standings(config: Config, now: datetime, age: timedelta | None = None) -> list[Standing]:
    """Return all leads of the store as they stand, or those with mail of so long."""
    store = open_store_of(config)
    try:
        since = None if age is None else now - age
        return look_at(store.leads.list_leads(since), store.leads.list_answers(since), build_view(config, now))
    finally:
        store.close()


def _print(console: Console, standings: Sequence[Standing], now: datetime, *, unanswered: bool) -> None:
    if not standings:
        words = (
            "nobody waits for an answer" if unanswered else "no leads yet: `triage run` or `scan --apply` finds them"
        )
        console.print(words, markup=False)
        return
    table = Table(box=None, pad_edge=False, header_style="bold", expand=True)
    for name, width in (("lead", 6), ("state", 9), ("waits", 5)):
        table.add_column(name, no_wrap=True, min_width=width)
    table.add_column("what", ratio=4, overflow="fold", min_width=20)
    table.add_column("from", ratio=3, overflow="ellipsis", no_wrap=True, min_width=14)
    table.add_column("by", no_wrap=True)
    table.add_column("fits", justify="right", no_wrap=True)
    table.add_column("why", ratio=4, overflow="fold", min_width=12)
    for one in standings[:_MAX_ROWS]:
        table.add_row(*_row(one, now))
    console.print(table)
    if len(standings) > _MAX_ROWS:
        console.print(f"... and {len(standings) - _MAX_ROWS} more; --since 30d shows the latest, --json all")
    if any(one.is_work for one in standings):
        console.print("[work]: it reached an employer's account; do not answer it from there", markup=False)


def _row(one: Standing, now: datetime) -> tuple[Text | str, ...]:
    state = one.state.value.replace("_", " ")
    since = one.waiting_since
    fits = f"{one.preference.score:+d}" if one.preference.reasons else ""
    why = one.alert or "; ".join(reason.words for reason in one.preference.reasons)
    marks = [word for word, is_so in (("[work]", one.is_work), ("[from Junk]", one.lead.is_rescued)) if is_so]
    sides = f" ({len(one.lead.sides)} offer it)" if len(one.lead.sides) > 1 else ""
    title = " ".join([*marks, printable(one.title, 80) + sides])
    return (
        one.lead.lead_id,
        Text(state, style=_STYLES[one.state]),
        f"{(now - since).days} d" if since else "",
        Text(title, style="dim" if one.preference.is_ordinary else ""),
        Text(printable(one.sender)),
        one.lead.channel_words,
        fits,
        Text(printable(why), style="red" if one.alert else ""),
    )


def standing_to_json(one: Standing, now: datetime) -> dict[str, object]:
    """Return a lead as plain values."""
    since = one.waiting_since
    return {
        "lead": one.lead.lead_id,
        "state": one.state.value,
        "category": one.lead.category.value,
        "channel": one.lead.channel.value,
        "title": one.title,
        "from": one.sender,
        "first_at": one.lead.first.received_at.isoformat(timespec="seconds"),
        "last_at": one.lead.last_at.isoformat(timespec="seconds"),
        "answered_at": one.answered_at.isoformat(timespec="seconds") if one.answered_at else None,
        "waiting_since": since.isoformat(timespec="seconds") if since else None,
        "waiting_days": (now - since).days if since else None,
        "score": one.preference.score,
        "reasons": [{"points": reason.points, "words": reason.words} for reason in one.preference.reasons],
        "ordinary": one.preference.is_ordinary,
        "sides": list(one.lead.sides),
        "work": one.is_work,
        "from_junk": one.lead.is_rescued,
        "alert": one.alert,
        "card": card_to_json(one.card),
        "messages": [
            {
                "source": str(message.ref),
                "message_id": message.message_id or None,
                "received_at": message.received_at.isoformat(timespec="seconds"),
                "category": message.category.value if message.category else None,
                "subject": message.subject,
                "sender": message.sender.addr_spec,
            }
            for message in one.lead.messages
        ],
    }


def _print_csv(standings: Sequence[Standing], now: datetime) -> None:
    writer = csv.writer(sys.stdout)
    writer.writerow(_COLUMNS)
    for one in standings:
        writer.writerow([_cell(value) for value in _values(one, now)])


def _values(one: Standing, now: datetime) -> tuple[object, ...]:
    card, since = one.card, one.waiting_since
    side = one.side
    return (
        one.lead.lead_id,
        one.state.value,
        one.lead.category.value,
        one.lead.channel.value,
        f"{one.lead.first.received_at:%Y-%m-%d}",
        f"{one.lead.last_at:%Y-%m-%d}",
        (now - since).days if since else "",
        one.preference.score,
        _several(card.roles),
        _several(card.companies),
        _one(side.card.agency),
        _several(card.places),
        _one(card.remote),
        "; ".join(pay.phrase for pay in card.pay),
        _one(card.contract),
        recruiter_of(side),
        side.latest.sender.addr_spec,
        _one(card.referrer),
        _one(card.next_step),
        card.deadline.day or card.deadline.phrase if card.deadline else "",
        one.lead.first.subject,
        "yes" if one.is_work else "",
        one.alert or "",
    )


def _one(fact: Fact | None) -> str:
    return fact.value if fact else ""


def _several(facts: Sequence[Fact]) -> str:
    return "; ".join(fact.value for fact in facts)


def _cell(value: object) -> object:
    if not isinstance(value, str):
        return value
    clean = printable(value)
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
