"""The configuration: TOML and TRIAGE_ environment variables to one checked record.

Every problem of a file is reported at once, unknown keys with a suggestion. Secrets
are hidden from `repr` and from errors; `credentials` reads them when a connection is made.
"""

import difflib
import hashlib
import ipaddress
import json
import os
import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    PrivateAttr,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, SettingsError

from triage.errors import ConfigError
from triage.records import Category

LABEL_PATTERN = r"[A-Za-z0-9_.$/-]{0,30}"
Name = Annotated[str, Field(min_length=1)]
# A command may hold a secret of its own, such as OAuth's client_secret.
Command = Annotated[str | None, Field(min_length=1, repr=False)]
SecretKey = Literal[
    "password",
    "password_file",
    "password_command",
    "password_env",
    "password_credential",
    "password_keyring",
    "token_command",
]
# pydantic-settings names the field only in its text.
_SETTINGS_FIELD = re.compile(r'field "(\w+)"')
SECRET_KEYS: tuple[SecretKey, ...] = get_args(SecretKey)


def is_loopback(host: str) -> bool:
    """Return whether connecting to the host never leaves this machine."""
    if host.lower() in {"localhost", "localhost.localdomain", "ip6-localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def state_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the XDG state folder (XDG Base Directory Specification 0.8)."""
    base = environment.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "triage"


def data_directory(environment: Mapping[str, str] = os.environ) -> Path:
    """Return the XDG data folder (XDG Base Directory Specification 0.8)."""
    base = environment.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(base) / "triage"


def default_config_path(environment: Mapping[str, str] = os.environ) -> Path:
    """Return where the configuration is looked for when none is named."""
    if named := environment.get("TRIAGE_CONFIG"):
        return Path(named)
    base = environment.get("XDG_CONFIG_HOME") or str(Path.home() / ".config")
    return Path(base) / "triage" / "config.toml"


class _Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class AccountConfig(_Section):
    """One login on one IMAP server."""

    name: Annotated[str, Field(pattern=r"^[^/;\s]+$")]
    host: Name
    port: Annotated[int, Field(ge=1, le=65535)] = 993
    security: Literal["tls", "starttls", "none"] = "tls"
    ca_file: Path | None = None
    username: Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f]+$")]
    auth: Literal["password", "xoauth2", "oauthbearer"] = "password"
    password: SecretStr | None = None
    password_file: Path | None = None
    password_command: Command = None
    password_env: Name | None = None
    password_credential: Annotated[str, Field(pattern=r"^[^./:\s][^/:\s]*$")] | None = None
    password_keyring: Name | None = None
    token_command: Command = None
    folders: Annotated[list[Name], Field(min_length=1)] = ["INBOX"]
    timeout_seconds: Annotated[float, Field(gt=0, le=600)] = 60.0
    idle: bool = True
    authserv_id: str | None = None
    sent_folder: Name | None = None
    drafts_folder: Name | None = None
    junk_folder: Name | None = None
    work: bool = False
    _hidden_variables: frozenset[str] = PrivateAttr(default=frozenset())

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.security == "none" and not is_loopback(self.host):
            message = (
                "security = 'none' would send the password in the clear; "
                "use 'tls' or 'starttls' (only a loopback host may go without)"
            )
            raise ValueError(message)
        self._check_secret()
        return self

    def _check_secret(self) -> None:
        given = [key for key in SECRET_KEYS if getattr(self, key) is not None]
        if self.auth == "password" and "token_command" in given:
            message = "token_command needs auth = 'xoauth2' or 'oauthbearer'; set auth, or call it password_command"
            raise ValueError(message)
        if len(given) == 1:
            return
        found = f"{', '.join(given)} are given" if given else "none is given"
        if self.auth == "password":
            passwords = ", ".join(key for key in SECRET_KEYS if key != "token_command")
            message = f"exactly one of {passwords} is needed, {found}"
        else:
            message = (
                f"auth = '{self.auth}' needs an access token from exactly one of token_command (made anew "
                f"for each connection), {', '.join(SECRET_KEYS[:-1])}; {found}"
            )
        raise ValueError(message)

    @property
    def secret_key(self) -> SecretKey:
        """The key that says where the secret comes from."""
        return next(key for key in SECRET_KEYS if getattr(self, key) is not None)

    @property
    def hidden_variables(self) -> frozenset[str]:
        """The variables that hold secrets of this account and its neighbours: commands do not inherit them."""
        return self._hidden_variables

    def hide_variables(self, names: Iterable[str]) -> None:
        """Keep environment variables from the commands of this account."""
        self._hidden_variables = frozenset(names)


class LabelsConfig(_Section):
    """How verdicts are written."""

    mode: Literal["auto", "keyword", "gmail", "folder"] = "auto"
    prefix: Annotated[str, Field(pattern=rf"^{LABEL_PATTERN}$", min_length=1)] = "Triage/"
    phishing_keyword: bool = False
    move: dict[Category, Name] = {}

    @field_validator("move")
    @classmethod
    def _other_stays(cls, move: dict[Category, str]) -> dict[Category, str]:
        if Category.OTHER in move:
            raise ValueError("mail judged 'other' is never touched; only recruiter, referral and scam can be moved")
        return move


class StoreConfig(_Section):
    """Where the journal and the cursors are kept."""

    url: Annotated[str, Field(repr=False)] = ""  # a database's may hold its password

    def resolved_url(self) -> str:
        """Return the SQLAlchemy URL; by default SQLite in the XDG state folder."""
        return self.url or f"sqlite:///{self.default_file()}"

    def default_file(self) -> Path:
        """Return where the store is if no URL is given."""
        return state_directory() / "triage.sqlite3"


class ModelsConfig(_Section):
    """Where models live."""

    directory: Path | None = None

    def resolved_directory(self) -> Path:
        """Return the folder of personal models; by default in the XDG data folder."""
        return (self.directory or data_directory() / "models").expanduser()


class DecisionConfig(_Section):
    """What each kind of mistake costs; the verdict with the least expected cost wins.

    The defaults were chosen on held-out authors (3,628 mails): 0.5 % of leads called scam, 4.9 %
    unsure; the likeliest category alone calls 3.1 % of leads scam (models/base.md has today's figures). That of a
    scam called a lead was raised from 3.5 on 16,733 mails: 1.8 % of scams instead of 2.1 %, for 0.0003 of macro-F1.
    """

    lead_called_other: Annotated[float, Field(ge=0)] = 2.0
    lead_called_scam: Annotated[float, Field(ge=0)] = 5.0
    scam_called_lead: Annotated[float, Field(ge=0)] = 4.0
    scam_called_other: Annotated[float, Field(ge=0)] = 1.5
    other_called_lead: Annotated[float, Field(ge=0)] = 1.8
    other_called_scam: Annotated[float, Field(ge=0)] = 1.8
    lead_called_other_lead: Annotated[float, Field(ge=0)] = 1.2
    abstain: Annotated[float, Field(ge=0)] = 1.2


class OwnerConfig(_Section):
    """Who owns the mail: masked before features are made, so that no model knows it."""

    names: list[Name] = []
    addresses: list[Name] = []
    employers: list[Name] = []


class DaemonConfig(_Section):
    """How `triage run` works."""

    poll_interval_seconds: Annotated[int, Field(ge=5, le=86400)] = 300
    workers: Annotated[int, Field(ge=1, le=64)] = 4
    log_format: Literal["plain", "json"] = "plain"
    health_file: Path | None = None

    def resolved_health_file(self) -> Path:
        """Return where the daemon tells that it is alive; by default in the XDG state folder."""
        return (self.health_file or state_directory() / "health.json").expanduser()

    @property
    def poll_interval(self) -> timedelta:
        """The time from the start of one pass to the start of the next."""
        return timedelta(seconds=self.poll_interval_seconds)


class ClusterConfig(_Section):
    """Other machines that run the passes: an existing Dask cluster."""

    scheduler: Annotated[str, Field(pattern=r"^((tcp|tls)://(\[[0-9A-Fa-f:.]+\]|[^\[\]:/\s]+):\d{1,5})?$")] = ""
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    trusted_network: bool = False
    config_file: Path | None = None
    lease_seconds: Annotated[int, Field(ge=4, le=3600)] = 60

    @model_validator(mode="after")
    def _check(self) -> Self:
        # Whoever reaches a Dask scheduler runs programs on its workers: the link is worth as much as a login.
        if self.scheduler.startswith("tls:") and None in {self.ca_file, self.cert_file, self.key_file}:
            message = (
                "a scheduler at tls:// needs ca_file, cert_file and key_file, by which the machines know each other"
            )
            raise ValueError(message)
        host = self.scheduler.partition("://")[2].rpartition(":")[0]
        if self.scheduler.startswith("tcp:") and not is_loopback(host) and not self.trusted_network:
            message = (
                "over tcp:// mail crosses the network in the clear, and whoever reaches the scheduler can run programs as you; "
                "use tls://, or set trusted_network = true if nobody else is in this network"
            )
            raise ValueError(message)
        return self

    @property
    def lease(self) -> timedelta:
        """How long a worker that died keeps its account from others."""
        return timedelta(seconds=self.lease_seconds)


class TrainingConfig(_Section):
    """What the owner has sorted, and when to learn from it."""

    folders: dict[Name, Category] = {}
    at: Annotated[str, Field(pattern=r"^(([01]\d|2[0-3]):[0-5]\d)?$")] = "03:30"


class LeadsConfig(_Section):
    """How leads and the people behind them are followed."""

    expire_after_days: Annotated[int, Field(ge=7, le=3650)] = 60
    read_sent: bool = True
    sent_days: Annotated[int, Field(ge=0, le=36500)] = 1095
    junk: Literal["off", "report", "move"] = "report"
    junk_days: Annotated[int, Field(ge=0, le=365)] = 14


_PAY = re.compile(
    r"(?P<sum>\d[\d ,.']*?)(?P<thousand>k)?\s*(?P<currency>[A-Z]{3})(?:\s*/\s*(?P<period>hour|day|week|month|year))?"
)


class PreferencesConfig(_Section):
    """What the owner wishes: it ranks leads and hides none."""

    roles: list[Name] = []
    places: list[Name] = []
    pay_floor: str = ""
    only_exceptional: bool = False

    @field_validator("pay_floor")
    @classmethod
    def _check_pay(cls, pay: str) -> str:
        if pay and not _PAY.fullmatch(pay.strip()):
            raise ValueError("write a sum, a currency and a period, such as '80000 EUR/year' or '650 GBP/day'")
        return pay.strip()

    def floor(self) -> tuple[Decimal, str, str] | None:
        """Return sum, currency (ISO 4217) and period of the least pay; None where there is none."""
        match = _PAY.fullmatch(self.pay_floor)
        if match is None:
            return None
        # Two digits or one after the last mark are a fraction: 72.5k, 650.50; three are thousands: 80.000.
        whole, _, fraction = re.sub(r"[,.](\d{1,2})$", r"|\1", match["sum"]).partition("|")
        digits = re.sub(r"[ ,.']", "", whole)
        amount = Decimal(f"{digits}.{fraction}" if fraction else digits) * (1000 if match["thousand"] else 1)
        return amount, match["currency"], match["period"] or "year"


WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


class ReportConfig(_Section):
    """When and where the weekly report is written."""

    day: Literal["", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"] = ""
    at: Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d$")] = "07:00"
    account: str = ""
    folder: Name = "INBOX"


DraftKind = Literal["interested", "not-now", "refer", "ask"]


class DraftsConfig(_Section):
    """How drafts are written.

    Attributes:
        templates: language -> kind -> text in place of the shipped one.
    """

    signature: str = ""
    templates: dict[Annotated[str, Field(pattern=r"^[a-z]{2}$")], dict[DraftKind, Name]] = {}

    @field_validator("templates")
    @classmethod
    def _check_fields(cls, templates: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        for language, texts in templates.items():
            for kind, text in texts.items():
                unknown = {name for name in re.findall(r"\{([^{}]*)\}", text) if name not in TEMPLATE_FIELDS}
                if unknown:
                    known = ", ".join(f"{{{name}}}" for name in TEMPLATE_FIELDS)
                    message = f"{language}.{kind}: unknown field {{{min(unknown)}}}; known are {known}"
                    raise ValueError(message)
        return templates


TEMPLATE_FIELDS = ("greeting", "name", "role", "company", "about", "questions", "signature")
"""What a template of a draft may name in braces."""


class Config(BaseSettings):
    """Everything that can be configured; see config.example.toml for each key."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, hide_input_in_errors=True, env_prefix="TRIAGE_", env_nested_delimiter="__"
    )

    accounts: list[AccountConfig] = []
    labels: LabelsConfig = LabelsConfig()
    store: StoreConfig = StoreConfig()
    models: ModelsConfig = ModelsConfig()
    decision: DecisionConfig = DecisionConfig()
    owner: OwnerConfig = OwnerConfig()
    daemon: DaemonConfig = DaemonConfig()
    training: TrainingConfig = TrainingConfig()
    cluster: ClusterConfig = ClusterConfig()
    leads: LeadsConfig = LeadsConfig()
    preferences: PreferencesConfig = PreferencesConfig()
    report: ReportConfig = ReportConfig()
    drafts: DraftsConfig = DraftsConfig()

    @model_validator(mode="after")
    def _check_shared_store(self) -> Self:
        if self.cluster.scheduler and not self.store.url.startswith("postgres"):
            message = (
                "cluster.scheduler needs a store that all machines reach, and SQLite is one machine's alone; "
                "set store.url = 'postgresql://USER:PASSWORD@HOST/DATABASE', or remove cluster.scheduler"
            )
            raise ValueError(message)
        return self

    @field_validator("accounts")
    @classmethod
    def _check_together(cls, accounts: list[AccountConfig]) -> list[AccountConfig]:
        names = [account.name for account in accounts]
        for name in names:
            if names.count(name) > 1:
                message = f"two accounts are called {name!r}; give each its own name"
                raise ValueError(message)
        variables = [account.password_env for account in accounts if account.password_env]
        for account in accounts:
            account.hide_variables(variables)
        return accounts

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Let the environment win over the file."""
        del settings_cls, dotenv_settings, file_secret_settings
        return env_settings, init_settings

    def shared_settings(self) -> str:
        """Return a digest of what must be the same on every machine of a cluster: no secret, no path."""
        private = {"ca_file", *SECRET_KEYS}
        shared = self.model_dump(
            mode="json",
            include={"accounts": {"__all__": set(AccountConfig.model_fields) - private}}
            | dict.fromkeys(("labels", "decision", "owner"), True),
        )
        return hashlib.sha256(json.dumps(shared, sort_keys=True).encode()).hexdigest()

    @model_validator(mode="after")
    def _check_report(self) -> Self:
        if not self.report.day:
            return self
        chosen = self.report_account()
        if chosen is None:
            named = f"no account is called {self.report.account!r}" if self.report.account else "there is no account"
            message = f"report.day is set, but {named} to write the report to that is not marked work = true"
            raise ValueError(message)
        return self

    def report_account(self) -> AccountConfig | None:
        """Return the account that gets the report: the one named, else the first; never one of work."""
        private = [one for one in self.accounts if not one.work]
        return next((one for one in private if self.report.account in {"", one.name}), None)

    def own_addresses(self) -> frozenset[str]:
        """Return the owner's addresses in small letters."""
        named = [*self.owner.addresses, *(account.username for account in self.accounts)]
        return frozenset(one.lower() for one in named if "@" in one)

    def account(self, name: str) -> AccountConfig:
        """Return the account of that name.

        Raises:
            ConfigError: there is none; the text lists those there are.
        """
        for account in self.accounts:
            if account.name == name:
                return account
        known = ", ".join(account.name for account in self.accounts) or "none"
        raise ConfigError([f"no account is called {name!r} (configured: {known})"])


def load_config(path: Path) -> Config:
    """Read and check a configuration file.

    Raises:
        ConfigError: with every problem found, each saying what to do.
    """
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise ConfigError(
            [f"{path} does not exist; write one (config.example.toml shows every key) or name one with --config"]
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise ConfigError([f"{path} cannot be read: {reason}"]) from error
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError([f"{path} is not valid TOML: {error}"]) from error
    return parse_config(table)


def parse_config(table: Mapping[str, Any]) -> Config:
    """Check a configuration given as plain values.

    Raises:
        ConfigError: with every problem found.
    """
    try:
        return Config(**table)
    except ValidationError as error:
        raise ConfigError(list(_iter_problems(error))) from error
    except SettingsError as error:
        field = _SETTINGS_FIELD.search(str(error))
        variable = f"TRIAGE_{field[1].upper()}" if field else "an environment variable TRIAGE_..."
        raise ConfigError([f"config: {variable} is not valid JSON; mend it, or unset it to use the file"]) from error


def _iter_problems(error: ValidationError) -> Iterator[str]:
    for item in error.errors(include_url=False, include_input=False):
        location = item["loc"]
        where = ".".join(str(part) for part in location) or "configuration"
        match item["type"]:
            case "extra_forbidden":
                yield f"config: unknown key '{location[-1]}'{_place(location)}{_suggestion(location)}"
            case "missing":
                yield f"config: {where} is required"
            case "value_error":
                yield f"config: {where}: {item['msg'].removeprefix('Value error, ')}"
            case "string_pattern_mismatch":
                yield f"config: {where}: {PATTERN_WORDS['.'.join(_named(location)[:2])]}"
            case "list_type" | "model_type" if location[:1] == ("accounts",) and len(location) <= 2:  # noqa: PLR2004  it or one of it
                yield "config: accounts: write [[accounts]] with two brackets, once for each login; TRIAGE_ACCOUNTS is a list"
            case "list_type":
                yield f'config: {where}: write a list in brackets, such as ["..."]'
            case "model_type" | "dict_type":
                yield f"config: {where}: write [{where}] as a section, in single brackets"
            case _:
                yield f"config: {where}: {item['msg'][:1].lower()}{item['msg'][1:]}"


PATTERN_WORDS = {
    "accounts.name": "write a word without slash, semicolon or blank, such as home",
    "accounts.username": "write it without line breaks and tabs, and not empty",
    "accounts.password_credential": "write the name of the credential: no slash, colon or blank, and no dot at the beginning",
    "labels.prefix": "write at most 30 letters (A to Z, a to z), digits and _ . $ / -, such as Triage/",
    "cluster.scheduler": "write tls://HOST:PORT or tcp://HOST:PORT, such as tls://dask.example.org:8786",
    "training.at": 'write HH:MM, such as 03:30, or "" for never',
    "report.at": "write HH:MM, such as 07:00",
    "drafts.templates": "write the language as two small letters, such as en",
}
"""What a key wants that has a pattern: the pattern itself is no answer."""


def _named(location: tuple[int | str, ...]) -> list[str]:
    return [part for part in location if isinstance(part, str)]


def _place(location: tuple[int | str, ...]) -> str:
    parents = ".".join(str(part) for part in location[:-1])
    return f" in [{parents}]" if parents else ""


def _suggestion(location: tuple[int | str, ...]) -> str:
    known = _fields_at(location[:-1])
    close = difflib.get_close_matches(str(location[-1]), known, n=1)
    if close:
        return f"; did you mean '{close[0]}'?"
    return f"; known keys are {', '.join(sorted(known))}" if known else ""


def _fields_at(location: tuple[int | str, ...]) -> list[str]:
    """Return the keys known in the section that a pydantic location names."""
    model: type[BaseModel] = Config
    for part in location:
        if isinstance(part, int):
            continue
        info = model.model_fields.get(part)
        if info is None:
            return []
        candidates = [info.annotation, *get_args(info.annotation)]
        sections = [one for one in candidates if isinstance(one, type) and issubclass(one, BaseModel)]
        if not sections:
            return []
        model = sections[0]
    return list(model.model_fields)
