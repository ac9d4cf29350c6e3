"""Configuration to running objects: the only place that wires rooms together."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from triage.classify.counted import features_id
from triage.classify.decision import CostTable
from triage.classify.features import OwnerMask
from triage.classify.judge import Judge
from triage.classify.model import LinearModel
from triage.config import WEEKDAYS, Config, default_config_path
from triage.errors import ConfigError, MessageError, ModelError
from triage.interfaces import MailSource, ServerSource, SortedFolder
from triage.modelfile import base_model_path, load_model
from triage.modelshelf import BASE, ModelShelf
from triage.opening import open_store_of, work_accounts
from triage.records import Category, RawMessage
from triage.service.plan import LabelNames

if TYPE_CHECKING:
    from triage.lead.reply import Wording
    from triage.reading import Reading
    from triage.service.beside import Beside
    from triage.service.cluster import ClusterPool, Orders
    from triage.service.daemon import Daemon
    from triage.service.leadbook import LeadBook
    from triage.service.reporting import ReportPlan
    from triage.service.training import TrainingPlan
    from triage.service.visit import VisitOptions
    from triage.store.store import Store

log = logging.getLogger(__name__)


def build_judge(config: Config) -> Judge:
    """Return the judge with the model in use.

    Raises:
        ModelError: the model file was refused.
    """
    return Judge(_model_in_use(config), build_costs(config), build_owner_mask(config))


def build_owner_mask(config: Config) -> OwnerMask:
    """Return the words that no feature may show."""
    return OwnerMask.of(
        *config.owner.names,
        *config.owner.addresses,
        *config.owner.employers,
        *(account.username for account in config.accounts),
    )


def build_costs(config: Config) -> CostTable:
    """Return what mistakes cost."""
    return CostTable(**config.decision.model_dump())


def build_shelf(config: Config) -> ModelShelf:
    """Return the shelf of personal models."""
    return ModelShelf(config.models.resolved_directory())


@cache
def load_base_model() -> LinearModel:
    """Load the shipped model once: a daemon that reloads its configuration keeps it, unless another is in use."""
    return load_model(base_model_path())


def _model_in_use(config: Config) -> LinearModel:
    """Return the personal model in use; the shipped one where there is none or it is refused."""
    try:
        return load_personal_model(config) or load_base_model()
    except ModelError as error:
        log.warning("personal model not used, the shipped one takes its place: %s", error)
        return load_base_model()


def load_personal_model(config: Config) -> LinearModel | None:
    """Return the personal model in use, None where it is the shipped one.

    Raises:
        ModelError: it was refused.
    """
    shelf = build_shelf(config)
    name = shelf.in_use()
    if name == BASE:
        return None
    model = shelf.load(name)
    if shelf.card(name).get("features") != features_id(model, build_owner_mask(config)):
        message = f"model {name} was made by another version or for another owner; train again"
        raise ModelError(message)
    load_base_model.cache_clear()  # one model in memory is enough
    return model


def build_names(config: Config) -> LabelNames:
    """Return the names of the labels."""
    names = LabelNames(config.labels.prefix, has_phishing=config.labels.phishing_keyword)
    return replace(names, moves={one: _destination(names, one, where) for one, where in config.labels.move.items()})


def _destination(names: LabelNames, category: Category, where: str) -> str:
    return names.of(category) or "" if where == "label" else where


def build_authserv_ids(config: Config) -> dict[str, str]:
    """Return, by account, which server's word about senders is to be believed."""
    return {account.name: account.authserv_id for account in config.accounts if account.authserv_id}


def build_book(config: Config, store: "Store", *, is_rescue: bool = False) -> "LeadBook":
    """Return what leads are written down in."""
    from triage.service.leadbook import LeadBook  # noqa: PLC0415  a scan that remembers nothing needs none

    return LeadBook(store, config.own_addresses(), is_rescue=is_rescue)


def build_beside(config: Config) -> "Beside":
    """Return how Sent and Junk are read."""
    from triage.service.beside import Beside  # noqa: PLC0415  only the daemon reads them

    return Beside(
        config.own_addresses(),
        timedelta(days=config.leads.sent_days) if config.leads.read_sent else None,
        timedelta(days=config.leads.junk_days) if config.leads.junk != "off" else None,
        min(timedelta(minutes=1), config.daemon.poll_interval),
        work_accounts(config),
        moves_rescued=config.leads.junk == "move",
    )


def build_store(config: Config) -> "Store":
    """Open the store, making it where it is missing.

    Raises:
        StoreError: it cannot be opened.
    """
    return open_store_of(config)


def has_store(config: Config) -> bool:
    """Return whether the store is there already; a server's is taken to be.

    Raises:
        StoreError: the URL is not one of a database.
    """
    if not config.store.url:
        return config.store.default_file().exists()
    from triage.store.engine import sqlite_file  # noqa: PLC0415  as above

    file = sqlite_file(config.store.url)
    return file is None or file.exists()


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


def open_account(config: Config, name: str) -> ServerSource:
    """Return a connection of its own to an account, which is made when it is needed.

    Raises:
        ConfigError: there is no such account.
    """
    from triage.imap.source import ImapSource  # noqa: PLC0415  as above

    return ImapSource(config.account(name), config.labels)


def build_wording(config: Config) -> "Wording":
    """Return how the owner writes drafts."""
    from triage.lead.reply import Wording  # noqa: PLC0415  only drafts need it

    signature = config.drafts.signature or next(iter(config.owner.names), "")
    templates = {
        language: {str(kind): text for kind, text in texts.items()}
        for language, texts in config.drafts.templates.items()
    }
    return Wording(signature, templates)


def build_path_sources(paths: Sequence[Path]) -> list[MailSource]:
    """Return sources for local paths, made absolute: what is remembered of them holds in any folder.

    Raises:
        ConfigError: a path is not there or cannot be read.
    """
    from triage.local.discover import open_paths  # noqa: PLC0415  accounts need no local mail

    return open_paths([path.absolute() for path in paths])


def build_sorted_folders(config: Config) -> list[SortedFolder]:
    """Return the folders of `training.folders`: of accounts, or of this disk.

    A name that begins like a path (/, ~ or .) is one. Before a slash an account may be
    named; any other folder is looked for in every account.
    """
    sources = {source.name: source for source in build_account_sources(config, [], [])} if config.accounts else {}
    return [
        one for name, category in config.training.folders.items() for one in _sorted_folders(name, category, sources)
    ]


def _sorted_folders(name: str, category: Category, sources: Mapping[str, MailSource]) -> Iterator[SortedFolder]:
    if name.startswith(("/", "~", ".")):
        yield from _sorted_path(name, category)
        return
    account, slash, folder = name.partition("/")
    if slash and account in sources:
        yield SortedFolder(name, category, sources[account], folder)
        return
    for source in sources.values():
        yield SortedFolder(name if len(sources) == 1 else f"{source.name}/{name}", category, source, name)
    if not sources:
        problem = "no account is configured; name an account's folder, or a path that begins with / ~ or ."
        yield SortedFolder(name, category, None, problem=problem)


def _sorted_path(name: str, category: Category) -> Iterator[SortedFolder]:
    try:
        found = [
            SortedFolder(name, category, source, folder)
            for source in build_path_sources([Path(name).expanduser()])
            for folder in source.folders()
        ]
        yield from found or [SortedFolder(name, category, None)]
    except ConfigError as error:
        yield SortedFolder(name, category, None, problem=str(error))


def build_visits(config: Config, judge: Judge, store: "Store", since: timedelta | None) -> "VisitOptions":
    """Return what every visit to a folder needs."""
    from triage.service.leadbook import Acquaintances  # noqa: PLC0415  a scan needs none of these
    from triage.service.visit import VisitOptions  # noqa: PLC0415

    return VisitOptions(
        judge,
        store,
        build_names(config),
        since,
        build_authserv_ids(config),
        keep=_Keeper(config, store).keep,
        book=lambda: build_book(config, store),
        people=Acquaintances(store).people,
        labels_only=work_accounts(config),
    )


def build_daemon(
    config: Config, since: timedelta | None, program: Sequence[str] = (), config_file: Path | None = None
) -> "Daemon":
    """Return a daemon for all accounts.

    Args:
        program: its own command with its configuration, by which it learns and reports; none for never.
        config_file: where the configuration lies, for the workers of a cluster.

    Raises:
        ConfigError: the cluster cannot be used.
        ModelError, StoreError: it cannot start.
    """
    from triage.imap.source import ImapSource  # noqa: PLC0415  as above
    from triage.service.daemon import Daemon, DaemonOptions  # noqa: PLC0415  a scan needs no scheduler

    newer = NewerJudge(config)
    judge = build_judge(config)
    store = build_store(config)
    visits = build_visits(config, judge, store, since)
    options = DaemonOptions(
        config.daemon.poll_interval,
        config.daemon.workers,
        config.daemon.resolved_health_file(),
        frozenset(account.name for account in config.accounts if account.idle),
        _build_training_plan(config, [*program, "train", "--json"] if program else []),
        newer.look,
        _build_cluster(config, config_file) if config.cluster.scheduler else None,
        build_beside(config),
        _build_report_plan(config, program),
    )
    sources = [ImapSource(account, config.labels) for account in config.accounts]
    return Daemon(sources, store, visits, options)


def _build_cluster(config: Config, config_file: Path | None) -> "tuple[ClusterPool, Orders]":
    from triage.service.cluster import ClusterPool, Orders  # noqa: PLC0415  most daemons need none

    build_shelf(config).key()  # made here, once: a worker only reads it
    file = config.cluster.config_file or (config_file or default_config_path()).absolute()
    return ClusterPool(config.cluster), Orders(str(file), config.shared_settings())


def build_reading(config: Config, jobs: int = 1) -> "Reading":
    """Return how messages become features to learn from.

    Args:
        jobs: how many processes may read where there is much.

    Raises:
        ModelError: the key of the personal models cannot be made or read.
    """
    from triage.reading import Reading  # noqa: PLC0415  as above: what is kept goes to a store

    key = build_shelf(config).key()
    return Reading(load_base_model(), build_owner_mask(config), key, build_authserv_ids(config), jobs)


def _check_key(config: Config) -> None:
    """Refuse to make a second key on a worker of a cluster: it would hash the same sender to another name."""
    if config.cluster.scheduler and not build_shelf(config).has_key():
        message = "models.directory is not the daemon's: it must be one folder that all machines share"
        raise ModelError(message)


class _Keeper:
    """Keeps the features of single messages; without a key it keeps none, and says so once."""

    def __init__(self, config: Config, store: "Store") -> None:
        """Do nothing yet: most days nothing is relabelled."""
        self._config = config
        self._store = store
        self._has_failed = False

    def keep(self, item: RawMessage) -> None:
        """Keep the features of a message, unless it is none."""
        if self._has_failed:
            return
        try:
            _check_key(self._config)
            kept = build_reading(self._config).read(item, datetime.now(UTC))
        except MessageError:
            return
        except ModelError as error:
            self._has_failed = True
            log.warning("what was relabelled is not kept for the next training: %s", error)
            return
        self._store.evidence.save_features([kept])
        if build_shelf(self._config).in_use() != BASE:
            load_base_model.cache_clear()


class NewerJudge:
    """Notices that another model was taken into use, by whatever process, at the price of one stat."""

    def __init__(self, config: Config) -> None:
        """Begin with what is in use now."""
        self._config = config
        self._shelf = build_shelf(config)
        self._stamp = self._shelf.stamp()

    def look(self) -> Judge | None:
        """Return a judge with the model in use if it is another one; a model refused leaves all as it is."""
        stamp = self._shelf.stamp()
        if stamp == self._stamp:
            return None
        self._stamp = stamp
        try:
            model = load_personal_model(self._config) or load_base_model()
        except ModelError as error:
            log.error("new model refused, the one in use stays: %s", error)  # noqa: TRY400  the text says what to do
            return None
        return Judge(model, build_costs(self._config), build_owner_mask(self._config))


def _build_training_plan(config: Config, command: Sequence[str]) -> "TrainingPlan | None":
    from triage.service.training import TrainingPlan  # noqa: PLC0415  only the daemon trains by itself

    if not command or not config.training.at:
        return None
    hour, _, minute = config.training.at.partition(":")
    accounts = [account.name for account in config.accounts]
    return TrainingPlan(int(hour), int(minute), command, accounts, bool(config.training.folders))


def _build_report_plan(config: Config, program: Sequence[str]) -> "ReportPlan | None":
    from triage.service.reporting import ReportPlan  # noqa: PLC0415  only the daemon reports by itself

    account = config.report_account()
    if not program or not config.report.day or account is None:
        return None
    hour, _, minute = config.report.at.partition(":")
    weekday = WEEKDAYS.index(config.report.day)
    return ReportPlan(weekday, int(hour), int(minute), account.name, [*program, "report", "--append"])
