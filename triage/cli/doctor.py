"""`triage doctor`: every check worth doing before trusting the program with a mailbox."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import typer
from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_account_sources, build_judge, build_store
from triage.cli.main import FOUND_WRONG
from triage.cli.output import open_console, printable
from triage.cli.settings import required_config
from triage.config import AccountConfig, Config
from triage.errors import ModelError, StoreError, TriageError
from triage.imap.capabilities import Mode, ServerFacts
from triage.imap.source import ImapSource

Colour = Literal["green", "amber", "red"]

_WANTED = {
    "IDLE": "new mail is noticed at once",
    "MOVE": "moving is one step",
    "UIDPLUS": "single copies can be deleted",
    "CONDSTORE": "relabelling is noticed cheaply",
    "NAMESPACE": "folders are made in the right place",
    "SPECIAL-USE": "Junk and Sent are known by role",
}
_MODE_WORDS: dict[Mode, str] = {
    "keyword": "as keywords on the message",
    "gmail": "as Gmail labels",
    "folder": "as copies in folders; the mail itself stays where it is",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        account: empty for what concerns all.
        advice: what to do about it; empty when all is well.
    """

    account: str
    name: str
    colour: Colour
    found: str
    advice: str = ""


def doctor(config_path: Path | None, accounts: Sequence[str], *, as_json: bool) -> None:
    """Run the checks and print them; nothing is written on any server."""
    config = required_config(config_path)
    chosen = [config.account(name) for name in accounts] if accounts else config.accounts
    console = open_console()
    checks = [*_check_here(config), *(check for account in chosen for check in _check_account(config, account))]
    if as_json:
        for check in checks:
            console.print(_to_json(check), soft_wrap=True, markup=False)
    else:
        console.print(_table(checks))
    if any(check.colour == "red" for check in checks):
        raise typer.Exit(FOUND_WRONG)


def _check_here(config: Config) -> Iterator[Check]:
    yield Check("", "configuration", "green", f"{len(config.accounts)} accounts")
    if not config.accounts:
        yield Check("", "accounts", "red", "none", "add an [[accounts]] section to the configuration")
    try:
        build_store(config).close()
    except StoreError as error:
        yield Check("", "store", "red", str(error), "check the folder's permissions or set store.url")
    else:
        yield Check("", "store", "green", "can be written")
    try:
        judge = build_judge(config)
    except ModelError as error:
        yield Check("", "model", "red", str(error), "install triage again")
    else:
        yield Check("", "model", "green", f"base model {judge.model_id}, digest verified")


def _check_account(config: Config, account: AccountConfig) -> Iterator[Check]:
    source = build_account_sources(config, [account.name], [])[0]
    assert isinstance(source, ImapSource)  # noqa: S101  narrows the type: accounts are IMAP
    try:
        yield from _check_server(source, account)
    except TriageError as error:
        yield Check(account.name, "connection", "red", str(error), "mend it and run doctor again")
    finally:
        source.close()


def _check_server(source: ImapSource, account: AccountConfig) -> Iterator[Check]:
    facts = source.facts(account.folders[0])
    how = {"tls": "TLS, certificate verified", "starttls": "STARTTLS, certificate verified", "none": "not encrypted"}
    yield Check(
        account.name, "connection", "green", f"{account.host}:{account.port}, {how[account.security]}, logged in"
    )
    for folder in account.folders:
        there = folder.upper() == "INBOX" or folder in facts.folders
        advice = "" if there else f"folders there are: {', '.join(facts.folders[:12])}"
        yield Check(
            account.name, f"folder {folder}", "green" if there else "red", "there" if there else "missing", advice
        )
    yield from _check_capabilities(account.name, facts)
    mode, reason = source.label_mode(facts)
    colour: Colour = "amber" if mode == "folder" else "green"
    yield Check(account.name, "labels", colour, f"mode {mode}: {_MODE_WORDS[mode]}", f"because {reason}")
    roles = ", ".join(f"{use[1:]} is {name}" for use, name in sorted(facts.special_use.items()))
    yield Check(account.name, "special folders", "green" if roles else "amber", roles or "none named by the server")


def _check_capabilities(account: str, facts: ServerFacts) -> Iterator[Check]:
    has = [name for name in _WANTED if facts.has(name)]
    lacks = [name for name in _WANTED if name not in has]
    yield Check(account, "server can", "green", ", ".join(has) or "only the basics")
    if lacks:
        without = "; ".join(f"{name}: {_WANTED[name]}" for name in lacks)
        yield Check(account, "server lacks", "amber", ", ".join(lacks), f"triage works without ({without})")


def _table(checks: Sequence[Check]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("", "account", "check", "found", "what to do"):
        table.add_column(name, overflow="fold")
    styles = {"green": "green", "amber": "yellow", "red": "bold red"}
    for check in checks:
        table.add_row(
            Text(check.colour, style=styles[check.colour]),
            check.account,
            Text(check.name),
            Text(printable(check.found)),
            Text(printable(check.advice)),
        )
    return table


def _to_json(check: Check) -> str:
    return json.dumps(
        {
            "account": check.account or None,
            "check": check.name,
            "colour": check.colour,
            "found": check.found,
            "advice": check.advice or None,
        },
        ensure_ascii=False,
    )
