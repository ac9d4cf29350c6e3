"""`triage train`: learn from the owner's folders, or rebuild the shipped model from the corpus."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import typer
from rich.console import Console
from rich.progress import TaskID
from rich.table import Table

from triage.bootstrap import (
    build_costs,
    build_names,
    build_reading,
    build_shelf,
    build_sorted_folders,
    build_store,
    load_base_model,
)
from triage.cli.main import FOUND_WRONG
from triage.cli.messages import open_source
from triage.cli.output import open_console, open_progress
from triage.cli.settings import required_config
from triage.config import Config
from triage.learn.options import TrainingOptions
from triage.learn.training import TrainingReport, train_personal
from triage.records import Category
from triage.service.judging import useful_workers
from triage.service.leases import Leases
from triage.store.evidence import Result
from triage.store.store import Store

_WORDS = {
    Result.PROMOTED: "in use now",
    Result.REFUSED: "not taken into use",
    Result.HELD: "held back until you confirm",
    Result.NOTHING: "nothing to do",
}


def train(config_path: Path | None, *, confirmed: bool, as_json: bool) -> None:
    """Learn from everything the owner has sorted and said."""
    config = required_config(config_path)
    store = build_store(config)
    leases = Leases(store)
    try:
        # Two at once would each take its model into use.
        with leases.holding("training:training"), leases.renewing(), open_progress() as progress:
            tasks: dict[str, TaskID] = {}

            def advance(name: str, count: int) -> None:
                if name not in tasks:
                    tasks[name] = progress.add_task(name, total=None)
                progress.advance(tasks[name], count)

            options = build_training(config, store)
            with _reading_elsewhere(config, options):
                report = train_personal(
                    build_sorted_folders(config), replace(options, advance=advance), confirmed=confirmed
                )
    finally:
        store.close()
    console = open_console()
    if as_json:
        console.print(json.dumps(_to_json(report), ensure_ascii=False), soft_wrap=True, markup=False)
    else:
        _print(console, report)
    if report.training.result in {Result.REFUSED, Result.HELD} or any(one.problem for one in report.folders):
        raise typer.Exit(FOUND_WRONG)


@contextmanager
def _reading_elsewhere(config: Config, options: TrainingOptions) -> Iterator[None]:
    """Let joblib make features on the cluster where there is one: the model goes to each worker once.

    Raises:
        ConfigError: the cluster cannot be used.
    """
    if not config.cluster.scheduler:
        yield
        return
    import joblib  # noqa: PLC0415  most have no cluster

    from triage.service.cluster import connect  # noqa: PLC0415  as above

    with (
        connect(config.cluster) as client,
        joblib.parallel_config(backend="dask", client=client, scatter=[options.reading]),
    ):
        yield


def build_training(config: Config, store: Store) -> TrainingOptions:
    """Return what a training works with."""
    names = build_names(config)
    return TrainingOptions(
        load_base_model(),
        store,
        build_shelf(config),
        build_reading(config, jobs=-1 if config.cluster.scheduler else useful_workers()),
        build_costs(config),
        {label: one for one in Category if (label := names.of(one))},
        partial(open_source, config),
        tuple(account.name for account in config.accounts),
    )


def _to_json(report: TrainingReport) -> Mapping[str, object]:
    training = report.training
    return {
        "result": training.result.value,
        "reason": training.reason,
        "model": training.model_id,
        "examples": report.counts,
        "conflicts": len(report.resolved.conflicts),
        "missing": report.missing,
        "folders": [
            {
                "folder": one.name,
                "category": one.category,
                "messages": one.messages,
                "read": one.read,
                "unreadable": one.unreadable,
                "left_out": one.left_out,
                "problem": one.problem or None,
            }
            for one in report.folders
        ],
    }


def _print(console: Console, report: TrainingReport) -> None:
    table = Table("folder", "category", "messages", "read now", "", box=None, pad_edge=False, header_style="bold")
    for one in report.folders:
        notes = [one.problem] if one.problem else []
        notes += [f"{one.unreadable} unreadable"] if one.unreadable else []
        notes += [f"{one.left_out} older ones left out"] if one.left_out else []
        table.add_row(one.name, one.category, str(one.messages), str(one.read), "; ".join(notes))
    if report.folders:
        console.print(table)
    counts = ", ".join(f"{count} {name}" for name, count in report.counts.items() if count)
    console.print(f"{report.training.examples} examples" + (f": {counts}" if counts else ""))
    if report.resolved.conflicts:
        console.print(
            f"{len(report.resolved.conflicts)} messages lie in folders of several categories and are not learnt from; "
            "`triage learned --conflicts` lists them"
        )
    if report.missing:
        console.print(f"{report.missing} messages have gone before they were read")
    training = report.training
    words = f"model {training.model_id} {_WORDS[training.result]}" if training.model_id else _WORDS[training.result]
    console.print(f"{words}: {training.reason}" if training.reason else words, markup=False, soft_wrap=True)


def train_base(*, corpus: Path, extra: Sequence[Path], output: Path) -> None:
    """Learn the base model and write it with its card and report."""
    console = open_console()
    from triage.learn.base import train_base as rebuild  # noqa: PLC0415  scikit-learn takes three seconds to import

    with console.status("learning"):
        report = rebuild([corpus, *extra], output)
    console.print(
        f"{report.mails} mails, {report.groups} authors: macro-F1 {report.macro_f1:.3f} on authors held out "
        f"({report.low:.3f} to {report.high:.3f}, 95 %)"
    )
    console.print(f"written: {output / 'base.joblib'}, its card base.json and base.md; digest {report.digest[:12]}")
