"""What people and scripts read: tables, progress, JSON lines."""

import json
import re
import sys
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from triage.errors import ConfigError
from triage.records import Category, Outcome, State, Verdict

_AGE = re.compile(r"(\d{1,5})([hdw])")
_WIDE = 160
_ENCODER = json.JSONEncoder(ensure_ascii=False)
_HOURS = {"h": 1, "d": 24, "w": 168}
_STYLES = {
    Category.RECRUITER: "bold green",
    Category.REFERRAL: "bold cyan",
    Category.SCAM: "bold red",
    Category.OTHER: "dim",
}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2066-\u2069]")


def parse_age(text: str | None) -> timedelta | None:
    """Return how long "30d", "12h" or "2w" is.

    Raises:
        ConfigError: it is not a number with h, d or w.
    """
    if text is None:
        return None
    match = _AGE.fullmatch(text)
    if match is None:
        raise ConfigError([f"--since {text!r} is not an age; write a number with h, d or w, such as 30d"])
    return timedelta(hours=int(match[1]) * _HOURS[match[2]])


def day_before(age: timedelta | None) -> date | None:
    """Return the day that lies so long back."""
    return None if age is None else (datetime.now(UTC) - age).date()


def printable(text: str, width: int | None = None) -> str:
    """Return text of a mail without anything that could act on a terminal, cut to a width."""
    clean = " ".join(_CONTROL.sub(" ", text).split())
    return clean if width is None or len(clean) <= width else f"{clean[: width - 1]}…"


def outcome_to_json(outcome: Outcome) -> str:
    """Return the line that `scan --json` prints (design: a contract)."""
    verdict = outcome.verdict
    return (
        _ENCODER.encode(
            {
                "source": str(outcome.ref),
                "message_id": outcome.message_id,
                "state": outcome.state.value,
                "category": verdict.category.value if verdict and verdict.category else None,
                "probabilities": probabilities_to_json(verdict) if verdict else None,
                "scam_kind": verdict.scam_kind if verdict else None,
                "advice": advice_line(verdict) if verdict else None,
                "evidence": evidence_to_json(verdict) if verdict else [],
                "label_change": {"add": sorted(outcome.change.add), "remove": sorted(outcome.change.remove)},
                "applied": outcome.applied,
                "error": outcome.error,
            }
        )
        .encode("utf-8", "replace")
        .decode()
    )


def probabilities_to_json(verdict: Verdict) -> dict[str, float]:
    """Return probabilities by the category's name."""
    return {category.value: chance for category, chance in verdict.probabilities.items()}


def evidence_to_json(verdict: Verdict) -> list[dict[str, str | float]]:
    """Return evidence as plain values."""
    return [{"name": one.name, "quote": one.quote, "weight": round(one.weight, 4)} for one in verdict.evidence]


def verdict_text(outcome: Outcome) -> Text:
    """Return the verdict as a coloured word."""
    if outcome.state is State.UNJUDGED:
        return Text("unjudged", style="bold yellow")
    if outcome.verdict is None or outcome.verdict.category is None:
        return Text("unsure", style="yellow")
    return Text(outcome.verdict.category.value, style=_STYLES[outcome.verdict.category])


def outcome_table(outcomes: Iterable[Outcome], *, title: str | None = None) -> Table:
    """Return a table of verdicts with the deciding reason each."""
    table = Table(title=title, title_justify="left", expand=True, pad_edge=False, box=None, header_style="bold")
    table.add_column("verdict", no_wrap=True, min_width=9)
    table.add_column("sure", justify="right", no_wrap=True, min_width=4)
    table.add_column("from", overflow="ellipsis", no_wrap=True, min_width=12, max_width=26, ratio=2)
    table.add_column("subject", overflow="ellipsis", no_wrap=True, min_width=16, max_width=34, ratio=3)
    table.add_column("because", overflow="fold", min_width=24, ratio=5)
    for outcome in outcomes:
        table.add_row(*_row(outcome))
    return table


def _row(outcome: Outcome) -> tuple[Text | str, ...]:
    verdict = outcome.verdict
    if verdict is None:
        return verdict_text(outcome), "", "", Text(printable(str(outcome.ref))), Text(printable(outcome.error or ""))
    sure = f"{verdict.probabilities[verdict.category]:.0%}" if verdict.category else ""
    reason = Text(printable(verdict.reason, 90))
    if verdict.category is Category.SCAM and verdict.scam_kind:
        reason = Text(f"{verdict.scam_kind.replace('_', ' ')}; ", style="red") + reason
    if advice := advice_line(verdict):
        reason += Text(f"\n{advice}", style="red")
    if outcome.error:
        reason += Text(f" ({printable(outcome.error)})", style="yellow")
    return verdict_text(outcome), sure, Text(printable(outcome.sender)), Text(printable(outcome.subject)), reason


def advice_line(verdict: Verdict) -> str | None:
    """Return what to do about a scam, None for anything else."""
    from triage.classify.judge import advice_for  # noqa: PLC0415  brings NumPy along, which what judges nothing does without

    return advice_for(verdict)


class _Console(Console):
    """Rich's own ends the process with 1 where the reader of a pipe has gone; here `main` answers that."""

    def on_broken_pipe(self) -> None:
        raise  # noqa: PLE0704  called while the BrokenPipeError is handled


def open_console(stream: TextIO | None = None) -> Console:
    """Return a console on standard output, or on another stream; wide where no terminal sets the width.

    It takes no word for a style: most of what is printed was written by other people, in mail or in names of folders.
    """
    console = _Console(file=stream or sys.stdout, highlight=False, markup=False, emoji=False, soft_wrap=False)
    if not console.is_terminal:
        console.width = _WIDE
    return console


def open_progress() -> Progress:
    """Return a progress bar on standard error, silent where that is no terminal."""
    console = Console(file=sys.stderr, highlight=False)
    return Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )
