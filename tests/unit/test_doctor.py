"""What doctor says of this machine: the store's folder, the model in use."""

from dataclasses import replace
from pathlib import Path

import pytest

from triage.bootstrap import build_owner_mask, build_shelf, load_base_model
from triage.classify.counted import features_id
from triage.cli.doctor import check_here
from triage.config import Config, parse_config
from triage.service.diagnosis import Check


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Config:
    monkeypatch.setenv("HOME", str(tmp_path))
    return parse_config(
        {"store": {"url": "sqlite:///~/st/triage.sqlite3"}, "models": {"directory": str(tmp_path / "models")}}
    )


def checks(config: Config) -> dict[str, Check]:
    return {check.name: check for check in check_here(config)}


def take_personal_model(config: Config) -> str:
    """Take another model than the shipped one into use, and return its name."""
    base, shelf = load_base_model(), build_shelf(config)
    model = replace(base, intercept=base.intercept + 1)
    name = shelf.save(model, {"features": features_id(model, build_owner_mask(config))})
    shelf.use(name)
    return name


def test_a_state_folder_under_the_home_folder_is_found(config: Config, tmp_path: Path) -> None:
    check = checks(config)["state folder"]
    assert (check.colour, check.found) == ("green", f"{tmp_path / 'st'}, mode 0700, triage.sqlite3 mode 0600")


@pytest.mark.parametrize("url", ["sqlite://", "nonsense", "mysql://me@db.example/mail"])
def test_a_store_without_a_file_has_no_state_folder(config: Config, url: str) -> None:
    elsewhere = config.model_copy(update={"store": config.store.model_copy(update={"url": url})})
    assert "state folder" not in checks(elsewhere)


def test_the_shipped_model_is_called_so(config: Config) -> None:
    check = checks(config)["model"]
    assert (check.colour, check.found) == ("green", f"base model {load_base_model().model_id}, digest verified")


def test_a_personal_model_is_called_so(config: Config) -> None:
    name = take_personal_model(config)
    check = checks(config)["model"]
    assert (check.colour, check.found) == ("green", f"personal model {name}, signature verified")


def test_a_personal_model_that_is_refused_is_told_with_reason_and_cure(config: Config, tmp_path: Path) -> None:
    take_personal_model(config)
    (tmp_path / "models" / "key").chmod(0o644)
    check = checks(config)["model"]
    assert check.colour == "amber"
    assert check.found.startswith(f"base model {load_base_model().model_id}, digest verified; ")
    assert "can be read by others; chmod 600 it" in check.found
    assert "triage train" in check.advice
