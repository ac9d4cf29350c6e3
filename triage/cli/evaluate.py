"""`triage evaluate`: how well the judging does on mail by authors that training had not seen."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.progress import TaskID
from rich.table import Table

from triage.bootstrap import load_base_model
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console, open_progress
from triage.modelfile import check_set_path

if TYPE_CHECKING:
    from triage.learn.evaluation import Evaluation


def evaluate(*, corpus: Path, output: Path | None, quick: bool, as_json: bool) -> None:
    """Evaluate, and print or write what was found."""
    from triage.learn.evaluation_report import save_report, to_json  # noqa: PLC0415  scikit-learn
    from triage.learn.tables import require_plots  # noqa: PLC0415  the same

    if output is not None:
        require_plots()
    found = _measure(corpus, quick=quick)
    written = save_report(found, output) if output is not None else []
    console = open_console()
    if as_json:
        console.print(json.dumps(to_json(found), ensure_ascii=False), soft_wrap=True, markup=False)
    else:
        _print(console, found)
        if written:
            console.print(f"written: {written[0]}, {written[1].name} and {len(written) - 2} pictures", soft_wrap=True)
    if not found.keeps_its_budgets:
        raise typer.Exit(FOUND_WRONG)


def _measure(corpus: Path, *, quick: bool) -> "Evaluation":
    from triage.learn.base import default_costs, judge_check, load_dataset  # noqa: PLC0415  scikit-learn
    from triage.learn.evaluation import QUICK, WHOLE, evaluate  # noqa: PLC0415  the same
    from triage.learn.experiments import Bench  # noqa: PLC0415  the same
    from triage.learn.fit import BASE_RECIPE  # noqa: PLC0415  the same

    model = load_base_model()
    with open_progress() as progress:
        tasks: dict[str, TaskID] = {}

        def told(name: str, done: int, total: int) -> None:
            if name not in tasks:
                for earlier in tasks.values():  # there are more of them than lines on a screen
                    progress.update(earlier, visible=False)
                tasks[name] = progress.add_task(name, total=total)
            progress.update(tasks[name], completed=done)

        told("reading", 0, 1)
        plan = QUICK if quick else WHOLE
        bench = Bench(load_dataset([corpus], BASE_RECIPE), BASE_RECIPE, default_costs(), plan.part_folds, told)
        check = judge_check(check_set_path(), model) if check_set_path().is_dir() else None
        told("reading", 1, 1)
        return evaluate(bench, plan, model=model.model_id, check=check)


def _print(console: Console, found: "Evaluation") -> None:
    whole = found.by_author.summary
    f1 = whole.macro_f1
    console.print(
        f"{whole.mails} mails: macro-F1 {f1.value:.3f} on authors held out ({f1.low:.3f} to {f1.high:.3f}, 95 %), "
        f"{found.by_campaign.summary.macro_f1.value:.3f} with authors known"
    )
    table = Table("category", "mails", "precision", "recall", box=None, pad_edge=False, header_style="bold")
    for one in whole.categories:
        numbers = (f"{number.value:.3f}" if number.value is not None else "-" for number in (one.precision, one.recall))
        table.add_row(one.category, str(one.mails), *numbers)
    console.print(table)
    for budget in found.budgets:
        value = "-" if budget.measured.value is None else f"{budget.measured.value:.2%}"
        console.print(f"{budget.name}: {value}, at most {budget.limit:.2%}" + ("" if budget.is_kept else ": exceeded"))
