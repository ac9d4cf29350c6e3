"""`triage evaluate --account`: how well an owner's own mail is judged."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from triage.bootstrap import build_sorted_folders, build_store
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console
from triage.cli.settings import required_config
from triage.cli.train import build_training
from triage.config import Config
from triage.errors import ConfigError
from triage.learn.gather import FolderReport
from triage.learn.training import Found, find_examples
from triage.service.leases import Leases

if TYPE_CHECKING:
    from triage.learn.metrics import Figure
    from triage.learn.own_evaluation import OwnEvaluation


def evaluate_own(config_path: Path | None, account: str, *, output: Path | None, as_json: bool) -> None:
    """Evaluate an account, and print or write what was found."""
    from triage.learn.own_report import own_to_json, save_own_report  # noqa: PLC0415  scikit-learn
    from triage.learn.tables import require_plots  # noqa: PLC0415  the same

    config = required_config(config_path)
    _require_account(config, account)
    if output is not None:
        require_plots()
    found, folders = _measure(config, account)
    written = save_own_report(found, output) if output is not None else []
    problems = [one for one in folders if one.problem]
    for one in problems:
        sys.stderr.write(f"triage: {one.name}: {one.problem}; what is known of it from before was judged\n")
    console = open_console()
    if as_json:
        console.print(json.dumps(own_to_json(found), ensure_ascii=False), soft_wrap=True, markup=False)
    else:
        _print(console, found)
        if written:
            console.print(f"written: {written[0]}, {written[1].name} and {len(written) - 2} pictures", soft_wrap=True)
    if found.is_worse or problems:
        raise typer.Exit(FOUND_WRONG)


def _require_account(config: Config, account: str) -> None:
    names = [one.name for one in config.accounts]
    if account not in names:
        known = f"there are {', '.join(names)}" if names else "none is configured"
        raise ConfigError([f"there is no account {account}; {known}"])


def _measure(config: Config, account: str) -> tuple["OwnEvaluation", Sequence[FolderReport]]:
    from triage.learn.own_evaluation import evaluate_own as evaluate  # noqa: PLC0415  scikit-learn
    from triage.learn.promotion import load_prior  # noqa: PLC0415  the same

    store = build_store(config)
    leases = Leases(store)
    try:
        # It reads folders as a training does, and two at once would read everything twice.
        with leases.holding("training:training"), leases.renewing():
            options = build_training(config, store)
            places = build_sorted_folders(config)
            found: Found = find_examples(places, options)
    finally:
        store.close()
    own = {place.name for place in places if place.source is not None and place.source.name == account}
    folders = [one for one in found.folders if one.name in own]
    try:
        measured = evaluate(account, found.kept, found.examples, load_prior(options.base), options.costs)
    except ConfigError as error:
        # A folder that is empty or cannot be read is the likeliest reason.
        told = [
            f"{one.name}: {one.problem or 'it holds no message'}" for one in folders if one.problem or not one.messages
        ]
        raise ConfigError([*error.problems, *told]) from error
    return measured, folders


def _print(console: Console, found: "OwnEvaluation") -> None:
    counts = ", ".join(f"{count} {name}" for name, count in found.examples.items() if count)
    console.print(f"{found.judged} mails of {found.account} judged by what came before them ({counts} in all)")
    table = Table(
        "judged by",
        "mistakes",
        "95 %",
        "against the shipped model",
        "macro-F1",
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for one in found.judges:
        f1 = one.summary.macro_f1.value
        table.add_row(
            one.name,
            _percent(one.mistakes),
            _reach(one.mistakes),
            f"{_percent(one.against_shipped)} {_reach(one.against_shipped)}",
            "-" if f1 is None else f"{f1:.3f}",
        )
    console.print(table)
    if found.is_worse:
        console.print(
            "the personal model is worse than the shipped one: `triage learned` shows what it learnt, `triage models use base` goes back"
        )


def _percent(figure: "Figure") -> str:
    return "-" if figure.value is None else f"{figure.value:.1%}"


def _reach(figure: "Figure") -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.1%} to {figure.high:.1%}"
