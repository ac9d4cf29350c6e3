"""The configuration: every problem at once, secrets hidden, the example loads."""

import json
import re
import subprocess
import sys
import tomllib
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from triage.bootstrap import build_store, has_store
from triage.config import (
    PATTERN_WORDS,
    SECRET_KEYS,
    AccountConfig,
    Config,
    default_config_path,
    is_loopback,
    load_config,
    parse_config,
)
from triage.credentials import read_secret
from triage.errors import ConfigError

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
ACCOUNT = {"name": "home", "host": "imap.example.org", "username": "me", "password": "hunter2"}
OAUTH = {"name": "home", "host": "imap.example.org", "username": "me", "auth": "xoauth2"}


def problems(**table: Any) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        parse_config(table)
    return caught.value.problems


CLUSTER = {"store": {"url": "postgresql://me:hunter2@db.example/triage"}, "accounts": [ACCOUNT]}


def test_a_cluster_needs_a_store_that_is_shared() -> None:
    (problem,) = problems(cluster={"scheduler": "tcp://127.0.0.1:8786"}, store={"url": "sqlite:////tmp/x"})
    assert "SQLite is one machine's alone" in problem
    assert parse_config({"cluster": {"scheduler": "tcp://127.0.0.1:8786"}, **CLUSTER}).cluster.lease_seconds == 60


@pytest.mark.parametrize(
    ("cluster", "words"),
    [
        ({"scheduler": "tcp://dask.example:8786"}, "trusted_network = true"),
        ({"scheduler": "tls://dask.example:8786", "ca_file": "/ca.pem"}, "ca_file, cert_file and key_file"),
        ({"scheduler": "dask.example"}, "write tls://HOST:PORT or tcp://HOST:PORT"),
    ],
)
def test_a_cluster_is_reached_safely_or_not_at_all(cluster: dict[str, Any], words: str) -> None:
    (problem,) = problems(cluster=cluster, **CLUSTER)
    assert words in problem


def test_what_a_cluster_shares_holds_no_secret_and_no_path_and_changes_with_an_account() -> None:
    first, second, third = (
        parse_config({"accounts": [ACCOUNT | changed]}).shared_settings()
        for changed in ({}, {"password": "another", "ca_file": "/elsewhere"}, {"folders": ["Work"]})
    )
    assert first == second
    assert first != third


def test_the_example_loads() -> None:
    assert load_config(EXAMPLE).accounts[0].host == "imap.example.org"


def keys(model: type[BaseModel]) -> set[str]:
    return set(model.model_fields)


def test_the_example_shows_every_key_with_its_default() -> None:
    text = EXAMPLE.read_text()
    config = load_config(EXAMPLE)
    for name in keys(Config) - {"accounts", "training"}:
        section = getattr(config, name)
        assert section == type(section)(), f"[{name}] differs from its defaults"
        for key in keys(type(section)):
            assert re.search(rf"^(?:# )?{key} = ", text, re.MULTILINE), f"{name}.{key} is not shown"
    for key in keys(AccountConfig):
        assert re.search(rf"^(?:# )?{key} = ", text, re.MULTILINE), f"accounts.{key} is not shown"
    assert "training" in tomllib.loads(text)


@pytest.mark.parametrize("key", SECRET_KEYS)
def test_each_secret_the_example_shows_can_be_taken(key: str) -> None:
    text = re.sub(r"^password_file", "# password_file", EXAMPLE.read_text(), flags=re.MULTILINE)
    text = re.sub(rf"^# {key} = ", f"{key} = ", text, flags=re.MULTILINE)
    if key == "token_command":
        text = text.replace('auth = "password"', 'auth = "xoauth2"')
    assert parse_config(tomllib.loads(text)).accounts[0].secret_key == key


def test_all_problems_are_told_at_once_with_suggestions() -> None:
    found = problems(
        accounts=[{"name": "home", "host": "h", "usrname": "x", "password": "p"}],
        daemon={"pol_interval_seconds": 3},
        stroe={},
    )
    assert len(found) == 4
    assert any("did you mean 'username'?" in one for one in found)
    assert any("did you mean 'poll_interval_seconds'?" in one for one in found)
    assert any("did you mean 'store'?" in one for one in found)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"security": "none"}, "send the password in the clear"),
        ({"password": None}, "exactly one of"),
        ({"password_env": "X"}, "exactly one of"),
        ({"port": 0}, "greater than or equal to 1"),
        ({"name": "a/b"}, "accounts.0.name: write a word without slash, semicolon or blank"),
        ({"username": "a\r\nb"}, "without line breaks"),
        ({"password": None, "password_credential": "../x"}, "write the name of the credential"),
        ({"password": None, "token_command": "x"}, "token_command needs auth = 'xoauth2' or 'oauthbearer'"),
        ({"token_command": "x"}, "token_command needs auth"),
        (
            {"password": None, "auth": "xoauth2"},
            "auth = 'xoauth2' needs an access token from exactly one of token_command",
        ),
        ({"token_command": "x", "auth": "oauthbearer"}, "password, token_command are given"),
        ({"auth": "oauth"}, "input should be 'password', 'xoauth2' or 'oauthbearer'"),
        ({"folders": []}, "at least 1 item"),
    ],
)
def test_a_wrong_account_is_told(change: dict[str, Any], words: str) -> None:
    assert words in " ".join(problems(accounts=[ACCOUNT | change]))


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"labels": {"prefix": "a b"}}, "labels.prefix: write at most 30 letters"),
        ({"training": {"at": "3:30"}}, "training.at: write HH:MM, such as 03:30"),
        ({"report": {"at": "24:00"}}, "report.at: write HH:MM, such as 07:00"),
        ({"drafts": {"templates": {"English": {}}}}, "write the language as two small letters"),
        ({"accounts": ACCOUNT}, "accounts: write [[accounts]] with two brackets"),
        ({"accounts": ["home"]}, "accounts: write [[accounts]] with two brackets"),
        ({"accounts": [ACCOUNT | {"folders": "INBOX"}]}, "accounts.0.folders: write a list in brackets"),
        ({"labels": "Triage/"}, "labels: write [labels] as a section"),
        ({"labels": [{"prefix": "Triage/"}]}, "labels: write [labels] as a section, in single brackets"),
        ({"training": {"folders": "Jobs"}}, "training.folders: write [training.folders] as a section"),
    ],
)
def test_a_mistake_is_told_in_words_that_mend_it(table: dict[str, Any], words: str) -> None:
    (problem,) = problems(**table)
    assert words in problem
    assert not re.search(r"[\^\\]|Config|dictionary", problem)


def patterns(model: type[BaseModel]) -> Iterator[str]:
    """Return where a pattern stands in a section, whether of a value or of a key."""
    for name, field in model.model_json_schema()["properties"].items():
        if "pattern" in json.dumps(field).lower():
            yield name


def test_every_pattern_has_words() -> None:
    sections = {name: type(getattr(Config(), name)) for name in keys(Config) - {"accounts"}}
    found = {f"{name}.{key}" for name, one in (sections | {"accounts": AccountConfig}).items() for key in patterns(one)}
    assert found == set(PATTERN_WORDS)


def test_two_accounts_of_one_name_are_told() -> None:
    assert "two accounts are called 'home'" in problems(accounts=[ACCOUNT, ACCOUNT])[0]


@pytest.mark.parametrize("prefix", ["", "a b", 'x"y', "{5}", "Ü"])
def test_a_prefix_that_imap_would_read_otherwise_is_refused(prefix: str) -> None:
    assert problems(labels={"prefix": prefix})


def test_secrets_are_hidden() -> None:
    url = "postgresql+psycopg://me:hunter2@db/triage"
    config = parse_config({"accounts": [ACCOUNT, ACCOUNT | {"name": "two"}], "store": {"url": url}})
    command = AccountConfig.model_validate(OAUTH | {"token_command": "refresh --client-secret hunter2"})
    for text in (repr(config), str(config), repr(command), str(command), str(config.accounts[0].model_dump())):
        assert "hunter2" not in text


@pytest.mark.parametrize(
    "table",
    [
        {"accounts": [ACCOUNT | {"password_env": "X", "port": "y"}]},
        {"accounts": [ACCOUNT | {"password_env": "X"}]},
        {"accounts": [ACCOUNT | {"security": "none"}]},
        {"accounts": ACCOUNT},
        {"accounts": {"home": ACCOUNT}},
        {"accounts": [{"name": "home", "passwrd": "hunter2"}]},
        {"accounts": [ACCOUNT | {"password": ["hunter2"]}]},
        {"accounts": ["hunter2"]},
        {"accounts": [ACCOUNT | {"auth": "hunter2"}]},
        {"account": [ACCOUNT]},
        {"labels": ACCOUNT},
        {"store": {"url": ["postgresql+psycopg://me:hunter2@db/triage"]}},
        {"accounts": [OAUTH | {"token_command": ["refresh", "hunter2"]}]},
    ],
)
def test_no_problem_repeats_a_secret(table: dict[str, Any]) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_config(table)
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("value", ['[{"password": "hunter2"', "hunter2", '{"password": "hunter2"}', '"hunter2"', "[7]"])
def test_an_environment_that_is_no_configuration_is_told_without_its_value(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIAGE_ACCOUNTS", value)
    with pytest.raises(ConfigError, match=r"accounts|TRIAGE_ACCOUNTS is not valid JSON") as caught:
        parse_config({})
    assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_accounts_and_their_secrets_may_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_ACCOUNTS", json.dumps([ACCOUNT | {"password": "from environment"}]))
    (found,) = parse_config({"accounts": [ACCOUNT, ACCOUNT | {"name": "two"}]}).accounts
    assert read_secret(found) == "from environment"


def test_the_environment_overrides(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIAGE_LABELS__PREFIX", "Jobs/")
    assert parse_config({"labels": {"prefix": "Other/"}}).labels.prefix == "Jobs/"


@pytest.mark.parametrize(
    ("host", "loops"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("::1", True),
        ("[::1]", True),
        ("imap.example.org", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback_hosts_are_known(host: str, *, loops: bool) -> None:
    assert is_loopback(host) is loops


@pytest.mark.parametrize(
    ("content", "words"), [(b"a = [", "not valid TOML"), (b"\xff", "not UTF-8"), (None, "does not exist")]
)
def test_a_file_that_cannot_be_read_is_told(tmp_path: Path, content: bytes | None, words: str) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=words):
        load_config(path)


def test_the_default_place_follows_xdg() -> None:
    assert default_config_path({"XDG_CONFIG_HOME": "/x"}) == Path("/x/triage/config.toml")
    assert default_config_path({"TRIAGE_CONFIG": "/y.toml"}) == Path("/y.toml")


def test_an_unknown_account_lists_those_there_are() -> None:
    with pytest.raises(ConfigError, match=r"no account is called 'work' \(configured: home\)"):
        parse_config({"accounts": [ACCOUNT]}).account("work")


def test_a_scan_imports_no_database_library() -> None:
    code = "import sys, triage.cli.scan; sys.exit('sqlalchemy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_store_is_there_once_its_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    named = Config.model_validate({"store": {"url": f"sqlite:///{tmp_path / 'named'}"}})
    server = Config.model_validate({"store": {"url": "postgresql://me@db.example/mail"}})
    assert [has_store(one) for one in (Config(), named, server)] == [False, False, True]
    build_store(Config()).close()
    build_store(named).close()
    assert has_store(Config())
    assert has_store(named)
