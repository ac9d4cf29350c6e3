"""Model files: refused before a byte is unpickled, saved whole or not at all."""

import json
import pickle
from pathlib import Path

import joblib
import numpy as np
import pytest

from triage.classify.model import Block, LinearModel, from_plain, to_plain
from triage.errors import ModelError
from triage.modelfile import base_model_path, card_path, load_model, save_model, write_whole


def make_model() -> LinearModel:
    return LinearModel(
        blocks=(Block("words", ("word1",), 1.0, 0, 3),),
        idf=np.ones(8, dtype=np.float16),
        weights=np.arange(32, dtype=np.float16).reshape(8, 4),
        intercept=np.zeros(4),
        slope=np.ones(4),
        bias=np.zeros(4),
        kind_names=("money_mule",),
        kind_block="words",
        kind_weights=np.zeros((8, 1), dtype=np.float16),
        kind_intercept=np.zeros(1),
    )


def test_saving_and_loading_is_identity(tmp_path: Path) -> None:
    path = tmp_path / "new" / "base.joblib"
    digest = save_model(path, make_model(), {"note": "x"})
    loaded = load_model(path)
    assert loaded.model_id == digest[:12]
    assert loaded.blocks == make_model().blocks
    assert np.array_equal(loaded.weights, make_model().weights)
    assert json.loads(card_path(path).read_text())["note"] == "x"


def test_saving_twice_gives_the_same_digest(tmp_path: Path) -> None:
    assert save_model(tmp_path / "a.joblib", make_model(), {}) == save_model(tmp_path / "b.joblib", make_model(), {})


class Bomb:
    """What a malicious model file would hold."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return (Path.touch, (Path("exploded"),))  # type: ignore[return-value]


def test_a_file_whose_digest_differs_is_refused_before_unpickling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "base.joblib"
    save_model(path, make_model(), {})
    path.write_bytes(pickle.dumps(Bomb()))
    with pytest.raises(ModelError, match="digest"):
        load_model(path)
    assert not (tmp_path / "exploded").exists()
    assert path.exists()


@pytest.mark.parametrize("card", [None, "not json", "[]", "{}"])
def test_a_file_without_its_card_is_refused(tmp_path: Path, card: str | None) -> None:
    path = tmp_path / "base.joblib"
    save_model(path, make_model(), {})
    card_path(path).unlink()
    if card is not None:
        card_path(path).write_text(card)
    with pytest.raises(ModelError, match="base"):
        load_model(path)


def test_a_missing_file_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "base.joblib"
    card_path(path).write_text('{"digest": "0"}')
    with pytest.raises(ModelError, match="train again"):
        load_model(path)


@pytest.mark.parametrize("change", [{"format": 99}, {"blocks": "x"}, {"weights": [1]}, {"kind_names": "x"}])
def test_another_format_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((ValueError, TypeError)):
        from_plain(to_plain(make_model()) | change, "id")


def test_the_file_holds_plain_containers_and_arrays_only() -> None:
    def walk(value: object) -> None:
        if isinstance(value, dict):
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)
        else:
            assert isinstance(value, str | int | float | np.ndarray)

    walk(joblib.load(base_model_path()))


def test_a_failed_save_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "file"
    write_whole(path, b"old")

    def fail(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="No space"):
        write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [one.name for one in tmp_path.iterdir()] == ["file"]
