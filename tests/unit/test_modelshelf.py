"""The shelf of personal models: signed, private, whole or not at all."""

import json
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from triage.classify.model import LinearModel
from triage.errors import ModelError
from triage.modelfile import base_model_path, load_model
from triage.modelshelf import BASE, ModelShelf


@pytest.fixture(scope="module")
def model() -> LinearModel:
    return load_model(base_model_path())


@pytest.fixture
def shelf(tmp_path: Path) -> ModelShelf:
    return ModelShelf(tmp_path / "models")


def test_an_empty_shelf_is_the_shipped_model(shelf: ModelShelf) -> None:
    assert (shelf.in_use(), shelf.list_models()) == (BASE, [])
    with pytest.raises(ModelError, match="no former model"):
        shelf.roll_back()


def test_what_was_saved_is_loaded_used_and_gone_back_from(
    shelf: ModelShelf, model: LinearModel, tmp_path: Path
) -> None:
    name = shelf.save(model, {"examples": {"scam": 3}})
    assert shelf.in_use() == BASE
    before = shelf.stamp()
    shelf.use(name)
    assert shelf.stamp() != before
    assert shelf.in_use() == name
    assert shelf.load(name).model_id == name
    (listed,) = shelf.list_models()
    assert (listed.model_id, listed.examples, listed.problem) == (name, 3, "")
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "models").iterdir()} == {0o600}
    assert stat.S_IMODE((tmp_path / "models").stat().st_mode) == 0o700
    assert shelf.roll_back() == BASE


@pytest.mark.parametrize("part", ["model", "card", "key"])
def test_what_was_tampered_with_is_refused_before_it_is_unpickled(
    shelf: ModelShelf, model: LinearModel, tmp_path: Path, part: str
) -> None:
    name = shelf.save(model, {})
    folder = tmp_path / "models"
    match part:
        case "model":
            (folder / f"{name}.joblib").write_bytes(b"cos\nsystem\n(S'touch /tmp/owned'\ntR.")
        case "card":
            card = json.loads((folder / f"{name}.json").read_text())
            (folder / f"{name}.json").write_text(json.dumps(card | {"features": "another"}))
        case _:
            (folder / "key").write_bytes(b"x" * 32)
    with pytest.raises(ModelError, match="not signed by this user's key"):
        shelf.use(name)
    assert shelf.in_use() == BASE


def test_a_key_that_others_can_read_or_that_is_damaged_is_refused(
    shelf: ModelShelf, model: LinearModel, tmp_path: Path
) -> None:
    name = shelf.save(model, {})
    key = tmp_path / "models" / "key"
    key.chmod(0o644)
    with pytest.raises(ModelError, match="can be read by others"):
        shelf.load(name)
    key.chmod(0o600)
    key.write_bytes(b"short")
    with pytest.raises(ModelError, match="damaged"):
        shelf.load(name)


def test_names_that_lead_elsewhere_are_no_names(shelf: ModelShelf) -> None:
    with pytest.raises(ModelError, match="no name of a model"):
        shelf.load("../base")


def test_a_damaged_list_of_use_is_the_shipped_model(shelf: ModelShelf, model: LinearModel, tmp_path: Path) -> None:
    shelf.use(shelf.save(model, {}))
    (tmp_path / "models" / "in_use.json").write_text("[")
    assert shelf.in_use() == BASE


def test_old_models_go_and_those_lately_made_or_used_stay(shelf: ModelShelf, model: LinearModel) -> None:
    names = []
    for number in range(8):
        names.append(shelf.save(replace(model, intercept=model.intercept + number), {}))
        shelf.use(names[-1])
    assert sorted(shelf.prune()) == sorted(names[:3])
    assert {one.model_id for one in shelf.list_models()} == set(names[3:])
