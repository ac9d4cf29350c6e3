"""`triage demo`: the whole way on a shipped sample, without server, configuration or network."""

import shutil
import tempfile
import time
from pathlib import Path

import typer

from triage.bootstrap import build_judge, build_names, build_path_sources
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console, open_progress, outcome_table
from triage.config import Config
from triage.interfaces import MailSource
from triage.records import Category, Outcome, State
from triage.service.cycle import PassOptions, run_pass
from triage.store.store import open_store

SAMPLE = Path(__file__).parent.parent / "demo"


def demo() -> None:
    """Copy the sample into a temporary Maildir, judge and label it, and run again."""
    console = open_console()
    with tempfile.TemporaryDirectory(prefix="triage-demo-") as folder:
        maildir = copy_sample(Path(folder) / "Maildir")
        console.print(
            f"A sample mailbox of {len(list((maildir / 'new').iterdir()))} mails, judged by the shipped model.\n"
        )
        config = Config()
        source = build_path_sources([maildir])[0]
        store_url = f"sqlite:///{Path(folder) / 'store.sqlite3'}"
        first = _run(source, config, store_url)
        order = {category: place for place, category in enumerate(Category)}
        first.sort(key=lambda one: order.get(one.verdict.category, 9) if one.verdict and one.verdict.category else 8)
        console.print(outcome_table(first))
        counts = ", ".join(f"{sum(_name(one) == name for one in first)} {name}" for name in _names(first))
        console.print(f"\n{len(first)} mails: {counts}")
        console.print(f"{sum(one.applied for one in first)} labels written, as keywords that any IMAP program shows.")
        second = _run(source, config, store_url)
        left = sum(bool(one.change) for one in second)
        console.print(f"Run again: {left} labels left to write" + (", so nothing is done twice." if not left else "."))
        if left or any(one.error for one in first):
            raise typer.Exit(FOUND_WRONG)
        console.print("\nNext: triage scan PATH looks at your own mail and changes nothing.")


def copy_sample(target: Path) -> Path:
    """Copy the sample mails into a new Maildir and return it."""
    for part in ("cur", "new", "tmp"):
        (target / part).mkdir(parents=True)
    for number, mail in enumerate(sorted(SAMPLE.glob("*.eml"))):
        shutil.copyfile(mail, target / "new" / f"{int(time.time())}.M{number}.demo")
    return target


def _run(source: MailSource, config: Config, store_url: str) -> list[Outcome]:
    store = open_store(store_url)
    try:
        options = PassOptions(build_names(config), store.begin_run("demo"))
        found: list[Outcome] = []
        with open_progress() as progress:
            for folder in source.folders():
                with source.open(folder) as mailbox:
                    refs = mailbox.list_refs()
                    task = progress.add_task("judging", total=len(refs))
                    for outcome in run_pass(mailbox, refs, build_judge(config), store, options):
                        found.append(outcome)
                        progress.advance(task)
        return found
    finally:
        store.close()


def _name(outcome: Outcome) -> str:
    category = outcome.verdict.category if outcome.verdict else None
    return category.value if category else outcome.state.value


def _names(outcomes: list[Outcome]) -> list[str]:
    present = {_name(one) for one in outcomes}
    return [name.value for name in (*Category, State.UNSURE, State.UNJUDGED) if name.value in present]
