"""Configuration to running objects: the only place that wires rooms together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from triage.classify.decision import CostTable
from triage.classify.features import OwnerMask
from triage.classify.judge import Judge
from triage.classify.model import LinearModel
from triage.config import Config
from triage.interfaces import MailSource
from triage.modelfile import base_model_path, load_model
from triage.records import Category
from triage.service.plan import LabelNames
from triage.store.store import Store, open_store

if TYPE_CHECKING:
    from triage.service.daemon import Daemon


def build_judge(config: Config) -> Judge:
    """Return the judge with the model in use.

    Raises:
        ModelError: the model file was refused.
    """
    owner = OwnerMask.of(
        *config.owner.names,
        *config.owner.addresses,
        *config.owner.employers,
        *(account.username for account in config.accounts),
    )
    costs = CostTable(**config.decision.model_dump())
    return Judge(_base_model(), costs, owner)


@cache
def _base_model() -> LinearModel:
    """Load the shipped model once: a daemon that reloads its configuration keeps it."""
    return load_model(base_model_path())


def build_names(config: Config) -> LabelNames:
    """Return the names of the labels."""
    names = LabelNames(config.labels.prefix, has_phishing=config.labels.phishing_keyword)
    return replace(names, moves={one: _destination(names, one, where) for one, where in config.labels.move.items()})


def _destination(names: LabelNames, category: Category, where: str) -> str:
    return names.of(category) or "" if where == "label" else where


def build_authserv_ids(config: Config) -> dict[str, str]:
    """Return, by account, which server's word about senders is to be believed."""
    return {account.name: account.authserv_id for account in config.accounts if account.authserv_id}


def build_store(config: Config) -> Store:
    """Open the store, making it where it is missing.

    Raises:
        StoreError: it cannot be opened.
    """
    return open_store(config.store.resolved_url())


def build_account_sources(config: Config, names: Sequence[str], folders: Sequence[str]) -> list[MailSource]:
    """Return the accounts named, or all; with other folders where such are given.

    Raises:
        ConfigError: an account named is not configured.
    """
    from triage.imap.source import ImapSource  # noqa: PLC0415  paths need no IMAP library

    accounts = [config.account(name) for name in names] if names else config.accounts
    if folders:
        accounts = [account.model_copy(update={"folders": list(folders)}) for account in accounts]
    return [ImapSource(account, config.labels) for account in accounts]


def build_path_sources(paths: Sequence[Path]) -> list[MailSource]:
    """Return sources for local paths.

    Raises:
        ConfigError: a path is not there or cannot be read.
    """
    from triage.local.discover import open_paths  # noqa: PLC0415  accounts need no local mail

    return open_paths(paths)


def build_daemon(config: Config, since: timedelta | None) -> "Daemon":
    """Return a daemon for all accounts.

    Raises:
        ModelError, StoreError: it cannot start.
    """
    from triage.imap.source import ImapSource  # noqa: PLC0415  as above
    from triage.service.daemon import Daemon, DaemonOptions  # noqa: PLC0415  a scan needs no scheduler
    from triage.service.visit import VisitOptions  # noqa: PLC0415

    judge = build_judge(config)
    store = build_store(config)
    visits = VisitOptions(judge, store, build_names(config), since, build_authserv_ids(config))
    options = DaemonOptions(
        config.daemon.poll_interval,
        config.daemon.workers,
        config.daemon.resolved_health_file(),
        frozenset(account.name for account in config.accounts if account.idle),
    )
    sources = [ImapSource(account, config.labels) for account in config.accounts]
    return Daemon(sources, store, visits, options)
