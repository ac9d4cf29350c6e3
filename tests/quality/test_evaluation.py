"""The shipped evaluation is that of the shipped model, whole, and says what the card says."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from triage.learn.evaluation import WHOLE
from triage.modelfile import base_model_path, load_card

pytestmark = pytest.mark.quality

FOLDER = Path(__file__).parents[2] / "models" / "evaluation"


@pytest.fixture(scope="module")
def report() -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads((FOLDER / "report.json").read_text("utf-8"))
    return found


def test_it_is_of_the_shipped_model_and_agrees_with_its_card(report: Mapping[str, Any]) -> None:
    card: Mapping[str, Any] = load_card(base_model_path())
    assert report["model"] == card["digest"][:12], "run `triage evaluate --output models/evaluation` for this model"
    held, summary = card["held_out"], report["by_author"]["summary"]
    assert summary["macro_f1"] == pytest.approx(held["macro_f1"])
    assert summary["lead_called_scam"] == pytest.approx(held["lead_called_scam"])
    assert summary["scam_called_lead"] == pytest.approx(held["scam_called_lead"])
    assert summary["confusion"] == held["confusion"]
    assert report["calibration"]["error"]["value"] == pytest.approx(held["calibration_error"])
    assert report["check"]["macro_f1"] == pytest.approx(card["check"]["macro_f1"])


def test_it_is_whole(report: Mapping[str, Any]) -> None:
    assert report["by_author"]["folds"] == WHOLE.folds
    assert len(report["languages"]) >= 8
    assert len(report["kinds"]) >= 15
    assert {one["name"] for one in report["families"]} >= {"without word1", "only signal"}
    assert len(report["learning"]) == 5


def test_its_page_shows_its_pictures() -> None:
    page = (FOLDER / "report.md").read_text("utf-8")
    named = set(re.findall(r"\]\((\w+\.svg)\)", page))
    assert named == {path.name for path in FOLDER.glob("*.svg")}
