"""`triage learned` and `triage unlearn`: what was learnt, and how to take it back."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.table import Table

from triage.bootstrap import build_shelf, build_sorted_folders, build_store
from triage.cli.messages import read_message
from triage.cli.output import open_console, printable
from triage.cli.settings import optional_config
from triage.cli.train import build_training
from triage.errors import ConfigError
from triage.learn.examples import Example, Resolved
from triage.learn.training import collect
from triage.mail.identity import fingerprint
from triage.modelshelf import BASE
from triage.store.evidence import Correction, Learnt, Origin

_HOW = {
    Origin.FOLDER: "in the folder",
    Origin.LABEL: "labelled",
    Origin.CORRECT: "corrected",
    Origin.REVIEW: "reviewed",
    Origin.UNLEARN: "",
}


def learned(config_path: Path | None, *, conflicts: bool, as_json: bool) -> None:
    """Print every example with where it came from and its influence on the model in use."""
    resolved, learnt = _load(config_path)
    if conflicts:
        _print_conflicts(resolved, as_json=as_json)
    elif as_json:
        console = open_console()
        for one in _ordered(resolved.examples, learnt):
            console.print(json.dumps(_to_json(one, learnt), ensure_ascii=False), soft_wrap=True, markup=False)
    else:
        _print(resolved, learnt)


def _load(config_path: Path | None) -> tuple[Resolved, Mapping[str, Learnt]]:
    config = optional_config(config_path)
    store = build_store(config)
    try:
        in_use = build_shelf(config).in_use()
        learnt = {} if in_use == BASE else {one.fingerprint: one for one in store.evidence.list_learnt(in_use)}
        return collect(build_sorted_folders(config), build_training(config, store)), learnt
    finally:
        store.close()


def _ordered(examples: Sequence[Example], learnt: Mapping[str, Learnt]) -> list[Example]:
    """Return the examples, those of most influence first and new ones last."""
    return sorted(examples, key=lambda one: (-_share(one, learnt), one.fingerprint))


def _share(example: Example, learnt: Mapping[str, Learnt]) -> float:
    known = learnt.get(example.fingerprint)
    return known.influence if known and known.category is example.category else -1.0


def _to_json(one: Example, learnt: Mapping[str, Learnt]) -> dict[str, object]:
    share = _share(one, learnt)
    return {
        "example": one.fingerprint,
        "source": str(one.ref),
        "category": one.category.value,
        "origin": one.origin.value,
        "since": one.since.isoformat(timespec="seconds"),
        "before": [former.value for former in one.before],
        "learnt": share >= 0,
        "influence": round(share, 6) if share >= 0 else None,
    }


def _print(resolved: Resolved, learnt: Mapping[str, Learnt]) -> None:
    console = open_console()
    if not resolved.examples:
        console.print(
            "nothing was learnt: map folders in [training.folders], or correct a message, and run `triage train`",
            markup=False,
        )
        return
    table = Table(
        "example", "category", "share", "how", "since", "source", box=None, pad_edge=False, header_style="bold"
    )
    for one in _ordered(resolved.examples, learnt):
        share = _share(one, learnt)
        how = _HOW[one.origin] + (f", before: {one.before[-1].value}" if one.before else "")
        since = one.since.astimezone().strftime("%Y-%m-%d")
        table.add_row(
            one.fingerprint,
            one.category.value,
            f"{share:.1%}" if share >= 0 else "not yet",
            how,
            since,
            printable(str(one.ref)),
        )
    console.print(table)
    told = {one.fingerprint: one.category for one in resolved.examples}
    if back := sum(told.get(mark) is not one.category for mark, one in learnt.items()):
        console.print(f"{back} more are in the model in use and taken back or changed since; `triage train` follows")
    if resolved.conflicts:
        console.print(
            f"{len(resolved.conflicts)} messages lie in folders of several categories: --conflicts lists them"
        )


def _print_conflicts(resolved: Resolved, *, as_json: bool) -> None:
    console = open_console()
    for one in resolved.conflicts:
        places = [{"source": str(ref), "category": category.value} for ref, category in one.places]
        if as_json:
            line = json.dumps({"example": one.fingerprint, "places": places}, ensure_ascii=False)
            console.print(line, soft_wrap=True, markup=False)
        else:
            words = ", ".join(f"{category.value} in {printable(str(ref))}" for ref, category in one.places)
            console.print(f"{one.fingerprint}: {words}", markup=False, soft_wrap=True)
    if not resolved.conflicts and not as_json:
        console.print("no message lies in folders of several categories")


def unlearn(config_path: Path | None, names: Sequence[str]) -> None:
    """Take examples back."""
    resolved, learnt = _load(config_path)
    known = {one.fingerprint: one for one in resolved.examples}
    chosen = {_mark(config_path, name, known) for name in names}
    config = optional_config(config_path)
    store = build_store(config)
    try:
        for mark in sorted(chosen):
            now = datetime.now(UTC)
            store.evidence.save_correction(Correction(known[mark].ref, mark, None, Origin.UNLEARN, now))
    finally:
        store.close()
    count = sum(mark in learnt for mark in chosen)
    words = f"; the model in use has learnt {count} of them, `triage train` makes one without" if count else ""
    open_console().print(f"{len(chosen)} taken back{words}", markup=False)


def _mark(config_path: Path | None, name: str, known: Mapping[str, Example]) -> str:
    """Return the fingerprint that a name means: one itself, the beginning of one, a source or a mail file."""
    if found := [mark for mark in known if mark.startswith(name) or str(known[mark].ref) == name]:
        if len(found) > 1:
            raise ConfigError([f"{name} is the beginning of {len(found)} examples; write more of it"])
        return found[0]
    if "/" in name or Path(name).exists():
        item = read_message(config_path, name)
        mark = item.server_id or fingerprint(item.content)
        if mark in known:
            return mark
    raise ConfigError([f"nothing was learnt from {name}; `triage learned` lists the examples"])
