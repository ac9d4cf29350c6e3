"""`triage models`: which models there are, and which is in use."""

import json
from pathlib import Path

from rich.table import Table

from triage.bootstrap import build_shelf, load_base_model
from triage.cli.output import open_console, printable
from triage.cli.settings import optional_config
from triage.errors import ConfigError
from triage.modelfile import base_model_path, load_card
from triage.modelshelf import BASE, ModelShelf, ShelvedModel


def list_models(config_path: Path | None, *, as_json: bool) -> None:
    """Print the shipped model and the personal ones, oldest first."""
    shelf = build_shelf(optional_config(config_path))
    in_use = shelf.in_use()
    models = [ShelvedModel(BASE, None, 0, f"shipped, {load_base_model().model_id}"), *shelf.list_models()]
    console = open_console()
    if as_json:
        for one in models:
            line = {
                "model": one.model_id,
                "in_use": one.model_id == in_use,
                "made_at": one.made_at.isoformat() if one.made_at else None,
                "examples": one.examples,
                "problem": one.problem or None,
            }
            console.print(json.dumps(line, ensure_ascii=False), soft_wrap=True, markup=False)
        return
    table = Table("model", "", "made", "examples", "", box=None, pad_edge=False, header_style="bold")
    for one in models:
        made = one.made_at.astimezone().strftime("%Y-%m-%d %H:%M") if one.made_at else ""
        count = str(one.examples) if one.examples else ""
        table.add_row(
            one.model_id, "in use" if one.model_id == in_use else "", made, count, printable(one.problem or one.verdict)
        )
    console.print(table)


def show_model(config_path: Path | None, name: str | None) -> None:
    """Print the card of a model."""
    shelf = build_shelf(optional_config(config_path))
    chosen = name or shelf.in_use()
    card = load_card(base_model_path()) if chosen == BASE else shelf.card(chosen)
    open_console().print(json.dumps(card, indent=2, ensure_ascii=False, sort_keys=True), soft_wrap=True, markup=False)


def use_model(config_path: Path | None, name: str) -> None:
    """Take a model into use."""
    shelf = build_shelf(optional_config(config_path))
    _check(shelf, name)
    shelf.use(name)
    open_console().print(f"{name} is in use", markup=False)


def roll_back(config_path: Path | None) -> None:
    """Go back to the model before."""
    name = build_shelf(optional_config(config_path)).roll_back()
    open_console().print(f"{name} is in use again", markup=False)


def _check(shelf: ModelShelf, name: str) -> None:
    known = [BASE, *(one.model_id for one in shelf.list_models())]
    if name not in known:
        raise ConfigError([f"there is no model {name}; there are {', '.join(known)}"])
