"""`triage train --leads`: rebuild what reads lead cards from the annotated corpus."""

import json
from collections.abc import Sequence
from pathlib import Path

import typer

from triage.cli.main import NOT_DONE
from triage.cli.output import open_console
from triage.errors import ConfigError
from triage.learn.lead_clusters import build_clusters
from triage.learn.lead_data import load_leads
from triage.learn.lead_lists import build_lists
from triage.learn.lead_training import MODEL_PATH, save_leads
from triage.learn.lead_training import train_leads as learn


def train_leads(*, corpus: Path, extra: Sequence[Path], annotations: Path) -> None:
    """Learn from all annotated mail but the test set, and write the model into the package."""
    console = open_console()
    try:
        held_back = frozenset(json.loads((annotations / "split.json").read_text("utf-8"))["test"])
    except (OSError, ValueError, KeyError) as error:
        raise ConfigError(
            [f"{annotations}/split.json cannot be read: {error}; it names the files of the test set"]
        ) from error
    files = [path for path in (*sorted(corpus.glob("*.jsonl")), *extra) if path.stem not in held_back]
    leads = load_leads(files, sorted(annotations.glob("dev*.jsonl")))
    try:
        console.print(f"{len(leads)} annotated leads of {len({one.group for one in leads})} authors")
        lists = {**build_lists(_texts(files)), **build_clusters()}
        model = learn(leads, lists, lambda line: console.print(line, markup=False, soft_wrap=True))
    except ModuleNotFoundError as error:
        console.print(
            f"{error.name} is missing; install the extra `leads`: pip install '.[leads]' in a checkout of triage",
            markup=False,
        )
        raise typer.Exit(NOT_DONE) from error
    save_leads(MODEL_PATH, model)
    console.print(f"{len(model.hashes)} features; wrote {MODEL_PATH.name}", markup=False)


def _texts(files: Sequence[Path]) -> list[str]:
    lines = (line for path in files for line in path.read_text("utf-8").splitlines() if line.strip())
    return [str(json.loads(line).get("body") or "") for line in lines]
