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
    # The card holds authors out in 30 parts, the report, which learns a hundred times, in 15: it can only be nearly the same.
    for name, within in (("macro_f1", 0.002), ("lead_called_scam", 0.001), ("scam_called_lead", 0.001)):
        assert summary[name]["value"] == pytest.approx(held[name]["value"], abs=within)
    assert report["calibration"]["error"]["value"] == pytest.approx(held["calibration_error"], abs=0.001)
    for cells, others in zip(summary["confusion"], held["confusion"], strict=True):
        assert cells == pytest.approx(others, abs=0.01 * sum(others))
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
