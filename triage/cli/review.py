"""`triage review`: ask about the messages that the model would learn most from, one key each."""

import heapq
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import click
from rich.console import Console
from rich.text import Text

from triage.bootstrap import (
    build_account_sources,
    build_authserv_ids,
    build_judge,
    build_path_sources,
    build_store,
)
from triage.classify.judge import Judge
from triage.cli.correct import tell
from triage.cli.messages import open_source
from triage.cli.output import open_console, open_progress, printable
from triage.cli.settings import optional_config, required_config
from triage.config import Config
from triage.errors import AccountError, ConfigError, TransientMailError
from triage.interfaces import MailSource
from triage.mail.parse import open_message
from triage.records import Category, RawMessage, Verdict
from triage.service.cycle import choose
from triage.service.judging import judge_item
from triage.store.evidence import Origin
from triage.store.store import Store

_KEYS = {"r": Category.RECRUITER, "f": Category.REFERRAL, "s": Category.SCAM, "o": Category.OTHER}
_HELP = "r recruiter   f referral   s scam   o other   Enter not now   q quit"
_LINES = 14
_WIDTH = 100


@dataclass(order=True)
class _Candidate:
    """A message and how sure the model is of it: the lead of the likeliest category over the next."""

    margin: float
    number: int
    item: RawMessage = field(compare=False)
    verdict: Verdict = field(compare=False)
    sender: str = field(compare=False)


def review(
    config_path: Path | None,
    *,
    paths: Sequence[Path],
    accounts: Sequence[str],
    folders: Sequence[str],
    limit: int,
    count: int,
) -> None:
    """Ask the owner about the messages that the model is least sure of, and remember the answers."""
    if paths and (accounts or folders):
        raise ConfigError(["give either paths or --account and --folder, not both"])
    config = optional_config(config_path) if paths else required_config(config_path)
    sources = build_path_sources(paths) if paths else build_account_sources(config, accounts, folders)
    if not sources:
        raise ConfigError(["no account is configured; add an [[accounts]] section or give paths to review"])
    console = open_console()
    store = build_store(config)
    try:
        chosen = _choose(_candidates(sources, build_judge(config), config, store, limit), count)
        if not chosen:
            console.print("there is nothing to ask about: you have told about every message, or the folders are empty")
            return
        told = _ask_all(console, chosen, config, store)
    finally:
        store.close()
    words = f"{told} remembered; `triage train` learns from them" if told else "nothing was remembered"
    console.print(words, markup=False)


def _candidates(
    sources: Sequence[MailSource], judge: Judge, config: Config, store: Store, limit: int
) -> Iterator[_Candidate]:
    """Judge the messages of all folders, without those that the owner has told about."""
    authserv_ids = build_authserv_ids(config)
    number = 0
    with open_progress() as progress:
        for source in sources:
            for folder in source.folders():
                task = progress.add_task(f"{source.name or 'local'} {folder}", total=None)
                for item in _messages(source, folder, limit):
                    progress.advance(task)
                    number += 1
                    found = judge_item(judge, item, authserv_ids.get(item.ref.account))
                    if found.verdict is None or store.evidence.corrected([found.mark]):
                        continue
                    first, second = sorted(found.verdict.probabilities.values(), reverse=True)[:2]
                    yield _Candidate(first - second, number, item, found.verdict, found.sender)
            source.close()


def _messages(source: MailSource, folder: str, limit: int) -> Iterator[RawMessage]:
    with source.open(folder) as mailbox:
        for item in mailbox.iter_messages(choose(mailbox.list_refs(), limit)):
            if isinstance(item, RawMessage):
                yield item


def _choose(candidates: Iterator[_Candidate], count: int) -> list[_Candidate]:
    """Return the least sure ones, one of each sender: what one answer teaches holds for the others."""
    least: dict[str, _Candidate] = {}
    for one in candidates:
        name = one.sender or str(one.number)
        if name not in least or one < least[name]:
            least[name] = one
    return heapq.nsmallest(count, least.values())


def _ask_all(console: Console, chosen: Sequence[_Candidate], config: Config, store: Store) -> int:
    told = 0
    for number, one in enumerate(chosen, 1):
        _show(console, one, f"{number} of {len(chosen)}")
        answer = _ask(console)
        if answer == "q":
            break
        if category := _KEYS.get(answer):
            told += _remember(console, one, category, config, store)
    return told


def _remember(console: Console, one: _Candidate, category: Category, config: Config, store: Store) -> int:
    source = open_source(config, one.item.ref.account, one.item.ref.folder)
    try:
        with source.open(one.item.ref.folder) as mailbox:
            words = tell(one.item, category, Origin.REVIEW, mailbox, config, store)
    except (AccountError, TransientMailError) as error:
        console.print(f"not labelled: {error}", markup=False)
        return 1
    finally:
        source.close()
    console.print(words, style="dim", markup=False)
    return 1


def _show(console: Console, one: _Candidate, place: str) -> None:
    message = open_message(one.item.content, is_cut=one.item.is_cut).complete()
    console.rule(place)
    console.print(Text(f"From:    {printable(message.sender.addr_spec if message.sender else '', _WIDTH)}"))
    console.print(Text(f"Subject: {printable(message.subject, _WIDTH)}", style="bold"))
    lines = [printable(line, _WIDTH) for line in message.text.splitlines() if line.strip()]
    for line in lines[:_LINES]:
        console.print(Text(f"  {line}"))
    if len(lines) > _LINES:
        console.print(Text(f"  … {len(lines) - _LINES} more lines", style="dim"))
    chances = "  ".join(f"{name.value} {chance:.0%}" for name, chance in one.verdict.probabilities.items())
    console.print(Text(f"{chances}: {printable(one.verdict.reason)}", style="dim"))


def _ask(console: Console) -> str:
    """Return one key in lower case; from a pipe, one line."""
    while True:
        console.print(_HELP, markup=False)
        if sys.stdin.isatty():
            answer = click.getchar().strip().lower()
        else:
            line = sys.stdin.readline()
            answer = line.strip().lower() if line else "q"
        if answer in {"", "q", *_KEYS}:
            return answer
