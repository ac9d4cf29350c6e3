"""`triage scan`: one pass over paths or accounts, shown or applied."""

import sys
from collections import Counter
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import typer
from rich.progress import Progress

from triage.bootstrap import (
    build_account_sources,
    build_authserv_ids,
    build_beside,
    build_book,
    build_judge,
    build_names,
    build_path_sources,
    build_store,
    has_store,
)
from triage.classify.judge import Judge
from triage.cli.main import FOUND_WRONG, NOT_DONE, say
from triage.cli.messages import can_label
from triage.cli.output import day_before, open_console, open_progress, outcome_table, outcome_to_json, parse_age
from triage.cli.settings import optional_config, required_config
from triage.cli.signals import stopping_on_signals
from triage.config import Config
from triage.errors import AccountError, ConfigError, FolderError, ProtocolError, StoreError, TransientMailError
from triage.interfaces import MailSource, ServerSource
from triage.lead.acquaintances import NOBODY_KNOWN, People
from triage.local.files import CANNOT_CARRY_LABELS
from triage.opening import work_accounts
from triage.records import Category, Outcome, State
from triage.service.cycle import Judges, PassOptions, choose, run_pass
from triage.service.judging import MANY, JudgePool, useful_workers
from triage.service.leases import LEASE_PATIENCE, Leases, pass_lease

if TYPE_CHECKING:
    from triage.store.store import Store

_MAX_ROWS = 200
_LARGE_FILE = 2_000_000
_ONE_ACCOUNT = (AccountError, TransientMailError, ProtocolError)
"""What keeps one account or folder from being read or written, and none of the others."""


@dataclass
class _Tally:
    """What was seen, for the last lines and the exit status.

    Attributes:
        planned: messages that would get labels.
        unlabelled: messages that would, if the files they are in could carry any.
        problems: folders and accounts that could not be used, or not to the end.
    """

    categories: Counter[str] = field(default_factory=Counter)
    shown: list[Outcome] = field(default_factory=list)
    planned: int = 0
    unlabelled: int = 0
    applied: int = 0
    errors: int = 0
    problems: int = 0

    def add(self, outcome: Outcome, *, may_label: bool) -> None:
        category = outcome.verdict.category if outcome.verdict else None
        self.categories[category.value if category else outcome.state.value] += 1
        self.planned += may_label and bool(outcome.change)
        self.unlabelled += not may_label and bool(outcome.change)
        self.applied += outcome.applied
        self.errors += outcome.error is not None
        if (category is not Category.OTHER or outcome.error) and len(self.shown) < _MAX_ROWS:
            self.shown.append(outcome)

    def note(self, error: Exception) -> None:
        """Tell of an account or folder that cannot be used, and go on."""
        self.problems += 1
        say(str(error))


@dataclass(frozen=True)
class _Work:
    """How each folder is gone through."""

    judge: Judge
    store: "Store | None"
    leases: Leases | None
    options: PassOptions
    since: date | None
    limit: int | None


def scan(  # noqa: PLR0913  one parameter for each option of the contract
    config_path: Path | None,
    *,
    paths: Sequence[Path],
    accounts: Sequence[str],
    folders: Sequence[str],
    since: str | None,
    limit: int | None,
    apply: bool,
    as_json: bool,
) -> None:
    """Judge mail and print an outcome for each message."""
    if paths and (accounts or folders):
        raise ConfigError(["give either paths or --account and --folder, not both"])
    day = day_before(parse_age(since))
    config = optional_config(config_path) if paths else required_config(config_path)
    sources = build_path_sources(paths) if paths else build_account_sources(config, accounts, folders)
    if not sources and not paths:
        raise ConfigError(["no account is configured; add an [[accounts]] section or give paths to scan"])
    store = _open_memory(config, apply=apply)
    run_id = store.begin_run("scan") if store is not None and apply else None
    tally = _Tally()
    with ExitStack() as stack:
        should_stop = stack.enter_context(stopping_on_signals())
        if store is not None:
            stack.callback(store.close)
        stack.callback(sys.stdout.flush)
        sources = read_sent_first(config, sources, store if run_id is not None else None, tally)
        options = PassOptions(
            build_names(config),
            run_id,
            build_authserv_ids(config),
            label_again=True,  # asked for by name, unlike what the daemon does
            should_stop=should_stop,
            people=load_people(store),
            book=build_book(config, store) if store is not None and run_id is not None else None,
            labels_only=work_accounts(config),
            ours=store.leads.report_ids() if store is not None else frozenset(),
        )
        judge = build_judge(config)
        stack.callback(_print_end, tally, store, run_id, as_json=as_json)  # also where the rest is broken off
        options = replace(options, pool=stack.enter_context(_open_pool(config, judge, options.people, paths, limit)))
        leases = Leases(store) if store is not None and run_id is not None else None
        if leases is not None:
            stack.enter_context(leases.renewing())
        work = _Work(judge, store, leases, options, day, limit)
        for outcome in stack.enter_context(closing(_iter_outcomes(sources, work, tally))):
            if as_json:
                sys.stdout.write(outcome_to_json(outcome) + "\n")
        if should_stop():
            raise KeyboardInterrupt
    if tally.problems:
        raise typer.Exit(NOT_DONE)
    if tally.errors:
        raise typer.Exit(FOUND_WRONG)


def read_sent_first(
    config: Config, sources: Sequence[MailSource], store: "Store | None", tally: _Tally
) -> list[MailSource]:
    """Read what is new in the Sent folders: who is known, and which leads are answered, as the daemon does.

    Returns:
        The sources without those that cannot be used.
    """
    if store is None:  # a dry run remembers nothing
        return list(sources)
    beside = build_beside(config)
    leases = Leases(store)
    usable: list[MailSource] = []
    for source in sources:
        try:
            if beside.sent_since and source.name not in beside.labels_only and isinstance(source, ServerSource):
                with leases.holding(pass_lease(source.name), patience=LEASE_PATIENCE):
                    beside.read_sent_folder(source, store, beside.sent_since)
        except _ONE_ACCOUNT as error:
            tally.note(error)
            if not isinstance(error, FolderError):
                source.close()
                continue
        usable.append(source)
    return usable


def load_people(store: "Store | None") -> People:
    """Return whom the owner wrote to, nobody without a store."""
    return People(tuple(store.leads.list_contacts())) if store is not None else NOBODY_KNOWN


def _open_pool(
    config: Config, judge: Judge, people: People, paths: Sequence[Path], limit: int | None
) -> AbstractContextManager[Judges | None]:
    """Start processes that judge, or join the cluster, where there may be enough messages to be worth it."""
    if limit is not None and limit < MANY:
        return nullcontext()
    if paths and not any(path.is_dir() or path.stat().st_size > _LARGE_FILE for path in paths):
        return nullcontext()
    if config.cluster.scheduler:
        from triage.service.bulk import ClusterJudges  # noqa: PLC0415  most have no cluster

        return ClusterJudges(judge, config.cluster, people)
    return JudgePool(judge, useful_workers(), people) if useful_workers() > 1 else nullcontext()


def _open_memory(config: Config, *, apply: bool) -> "Store | None":
    """Open the store for a real run; for a dry run only if it is there, so that nothing is made."""
    return build_store(config) if apply or has_store(config) else None


def _iter_outcomes(sources: Sequence[MailSource], work: _Work, tally: _Tally) -> Generator[Outcome]:
    """Go through all folders; one that cannot be used keeps none of the others."""
    with ExitStack() as stack:
        progress = stack.enter_context(open_progress())
        for source in sources:
            stack.callback(source.close)
            for folder in source.folders():
                if work.options.should_stop():
                    return
                try:
                    yield from _iter_folder(source, folder, work, progress, tally)
                except _ONE_ACCOUNT as error:
                    tally.note(error)
                    if source.name and not isinstance(error, FolderError):
                        break  # it would refuse its other folders too, and a login more


def _iter_folder(source: MailSource, folder: str, work: _Work, progress: Progress, tally: _Tally) -> Iterator[Outcome]:
    with _alone(work.leases, source.name), source.open(folder) as mailbox:
        refs = choose(mailbox.list_refs(since=work.since), work.limit)
        task = progress.add_task(f"{source.name}/{folder}" if source.name else folder, total=len(refs))
        for outcome in run_pass(mailbox, refs, work.judge, work.store, work.options):
            progress.advance(task)
            tally.add(outcome, may_label=can_label(mailbox))
            yield outcome


def _alone(leases: Leases | None, account: str) -> AbstractContextManager[None]:
    """Hold off a daemon that serves the account while this run writes."""
    return leases.holding(pass_lease(account), patience=LEASE_PATIENCE) if leases and account else nullcontext()


def _print_end(tally: _Tally, store: "Store | None", run_id: str | None, *, as_json: bool) -> None:
    """Print what was seen, and, whatever else went wrong, how the labels written are taken back."""
    written = _written(tally, store, run_id)
    if as_json:
        if written:
            say(written)
        return
    try:
        _print_summary(tally, run_id, written)
    except BrokenPipeError:  # nobody reads the summary, yet this must be known
        if written:
            say(written)
        raise


def _written(tally: _Tally, store: "Store | None", run_id: str | None) -> str:
    """Return how many labels were written and how to take them back; empty where there are none."""
    if store is None or run_id is None:
        return ""
    if tally.applied:
        return f"{tally.applied} labelled; take it back with: triage undo {run_id}"
    try:
        if not store.entries_of_run(run_id):
            return ""
    except StoreError:  # nobody can tell, so that it is said
        pass
    return f"it broke off while labels were written; take back what was with: triage undo {run_id}"


def _print_summary(tally: _Tally, run_id: str | None, written: str) -> None:
    total = sum(tally.categories.values())
    if tally.problems and not total and not written:
        return
    console = open_console()
    if tally.shown:
        console.print(outcome_table(tally.shown))
        hidden = total - tally.categories[Category.OTHER.value] - len(tally.shown)
        if hidden > 0:
            console.print(f"... and {hidden} more; --json shows all")
        console.print()
    order = [*Category, State.UNSURE, State.UNJUDGED]
    counts = ", ".join(f"{tally.categories[name.value]} {name.value}" for name in order if tally.categories[name.value])
    console.print(f"{total} messages: {counts or 'nothing to judge'}")
    if run_id is not None:
        console.print(written or "0 labelled", soft_wrap=True)
        return
    if tally.planned:
        console.print(f"{tally.planned} would get labels; nothing was changed (--apply writes them)")
    if tally.unlabelled:
        console.print(CANNOT_CARRY_LABELS)
