"""The check set is counted once, and counted anew where the file is of another model."""

from dataclasses import replace
from pathlib import Path

import pytest

from triage.bootstrap import load_base_model
from triage.learn import checkset
from triage.learn.checkset import FILE, count_check_set, load_check_set, save_check_set
from triage.learn.corpus import Specimen, load_corpus
from triage.modelfile import base_model_path, check_set_path


@pytest.fixture(scope="module")
def specimens() -> list[Specimen]:
    return load_corpus([check_set_path()])


def test_the_shipped_counts_are_those_of_the_shipped_model(specimens: list[Specimen]) -> None:
    found = load_check_set(specimens, load_base_model())
    assert len(found) == len(specimens)
    counted = count_check_set(specimens[:12], load_base_model())
    assert [(one.counts, one.glance, one.features_id) for one in found[:12]] == [
        (one.counts, one.glance, one.features_id) for one in counted
    ]


def test_what_is_missing_damaged_or_of_another_model_is_counted_anew(
    specimens: list[Specimen], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few, base = specimens[:3], load_base_model()
    monkeypatch.setattr(checkset, "base_model_path", lambda: tmp_path / "base.joblib")
    expected = [one.counts for one in count_check_set(few, base)]
    file = tmp_path / FILE
    assert [one.counts for one in load_check_set(few, base)] == expected
    file.write_bytes(b"PK\x03\x04 no archive")
    assert [one.counts for one in load_check_set(few, base)] == expected
    save_check_set(file, few[:2], base)
    assert [one.counts for one in load_check_set(few, base)] == expected
    save_check_set(file, few, base)
    kept = load_check_set(few, base)
    assert [one.counts for one in kept] == expected
    assert kept[0].fingerprint == ""  # from the file
    other = load_check_set(few, replace(base, model_id="another"))
    assert other[0].fingerprint


def test_it_lies_beside_the_model() -> None:
    assert base_model_path().with_name(FILE).is_file()
