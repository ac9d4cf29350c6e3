"""`triage report`: the week in leads, printed, written to a file, or put into the mailbox."""

import base64
import contextlib
import os
import sys
from datetime import UTC, datetime, time
from pathlib import Path

from triage.cli.output import open_console
from triage.cli.settings import optional_config, required_config
from triage.config import WEEKDAYS, Config
from triage.errors import ConfigError
from triage.lead.week import Week, last_due
from triage.modelshelf import ModelShelf
from triage.opening import build_view, open_store_of
from triage.report.content import compose
from triage.report.html import to_html
from triage.report.plots import addressed, can_draw, draw
from triage.report.text import to_markdown, to_text
from triage.report.week import WeekFacts, gather
from triage.store.store import Store


def report(config_path: Path | None, *, as_html: bool, as_markdown: bool, output: Path | None, append: bool) -> None:
    """Print the report of the last seven days, or put the one that is due into the mailbox."""
    if as_html + as_markdown + append > 1 or (append and output):
        raise ConfigError(["give one of --html, --md and --append; --output goes with the first two"])
    config = required_config(config_path) if append else optional_config(config_path)
    store = open_store_of(config)
    try:
        if append:
            _append(config, store)
            return
        facts = _gather(config, store, Week(datetime.now().astimezone()))
    finally:
        store.close()
    text = (
        _html(facts) if as_html else to_markdown(compose(facts)) if as_markdown or output else to_text(compose(facts))
    )
    if output is None:
        sys.stdout.write(text)
    else:
        _write(output, text)


def _gather(config: Config, store: Store, week: Week) -> WeekFacts:
    accounts = [account.name for account in config.accounts if not account.work]
    return gather(
        store,
        build_view(config, week.until.astimezone(UTC)),
        week,
        accounts,
        ModelShelf(config.models.resolved_directory()).in_use(),
    )


def _html(facts: WeekFacts) -> str:
    document = compose(facts)
    pictures = draw(document) if can_draw() else {}
    return to_html(
        document, addressed(pictures, lambda _, content: f"data:image/png;base64,{base64.b64encode(content).decode()}")
    )


def _append(config: Config, store: Store) -> None:
    # What is printed needs none of these, and is to be there at once.
    from triage.bootstrap import open_account  # noqa: PLC0415
    from triage.report.letter import to_letter  # noqa: PLC0415
    from triage.service.leases import LEASE_PATIENCE, Leases, pass_lease  # noqa: PLC0415
    from triage.service.reporting import deliver, intend  # noqa: PLC0415

    account = config.report_account()
    if account is None:
        named = config.report.account
        why = f"report.account {named!r} is none, or marked work = true" if named else "no account is there for it"
        raise ConfigError([f"{why}; configure an account that is not marked work = true"])
    due = due_moment(config, datetime.now().astimezone())
    console = open_console()
    facts = _gather(config, store, Week(due))
    record = intend(store, account.name, facts.week.name, config.report.folder, datetime.now(UTC))
    if record.appended_at is not None:
        console.print(f"the report of {facts.week.name} was written already", markup=False)
        return
    if facts.is_empty:
        console.print(f"nothing was judged in {facts.week.name}; no report is written", markup=False)
        return
    address = account.username if "@" in account.username else next(iter(config.owner.addresses), "")
    letter = to_letter(compose(facts), address, record.message_id, datetime.now().astimezone())
    source = open_account(config, account.name)
    try:
        with Leases(store).holding(pass_lease(account.name), patience=LEASE_PATIENCE):
            is_new = deliver(source, store, record, letter)
    finally:
        source.close()
    words = "is in" if is_new else "was already in"
    console.print(f"the report of {facts.week.name} {words} {account.name}/{record.folder}", markup=False)


def due_moment(config: Config, now: datetime) -> datetime:
    """Return when the last report was due; without a day, now."""
    if not config.report.day:
        return now
    hour, _, minute = config.report.at.partition(":")
    return last_due(now, WEEKDAYS.index(config.report.day), time(int(hour), int(minute)))


def _write(path: Path, text: str) -> None:
    """Write a file for its owner alone: it names who wrote to them."""
    try:
        with contextlib.suppress(FileNotFoundError):
            path.unlink()
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise ConfigError([f"{path} cannot be written: {error.strerror}; choose another --output"]) from error
