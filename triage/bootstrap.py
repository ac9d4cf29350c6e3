"""Configuration to running objects: the only place that wires rooms together."""

from collections.abc import Sequence
from pathlib import Path

from triage.classify.decision import CostTable
from triage.classify.features import OwnerMask
from triage.classify.judge import Judge
from triage.config import Config
from triage.interfaces import MailSource
from triage.modelfile import base_model_path, load_model
from triage.service.daemon import Daemon
from triage.service.plan import LabelNames
from triage.store.store import Store, open_store


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
    return Judge(load_model(base_model_path()), costs, owner)


def build_names(config: Config) -> LabelNames:
    """Return the names of the labels."""
    return LabelNames(config.labels.prefix)


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


def build_daemon(config: Config, since_days: int | None) -> Daemon:
    """Return a daemon for all accounts.

    Raises:
        ModelError, StoreError: it cannot start.
    """
    return Daemon(
        build_account_sources(config, (), ()),
        build_judge(config),
        build_store(config),
        build_names(config),
        every=config.daemon.poll_interval,
        workers=config.daemon.workers,
        since_days=since_days,
        authserv_ids=build_authserv_ids(config),
    )
