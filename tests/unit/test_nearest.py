"""The mails a message is most like: the same mail comes first, and no text is kept."""

from pathlib import Path

import numpy as np
import pytest

from tests.builders import make_offer, make_raw, make_scam
from triage.bootstrap import build_judge
from triage.classify.features import extract_features
from triage.classify.judge import Judge
from triage.classify.nearest import WIDTH, Known, fold, nearest, sketch
from triage.classify.scorer import SparseVector, vectorise
from triage.config import Config
from triage.errors import ModelError
from triage.mail.parse import parse_message
from triage.modelfile import load_known, save_known

MAILS = {"scam": make_scam(), "recruiter": make_offer(), "other": make_raw()}


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


def _vector(judge: Judge, raw: bytes) -> SparseVector:
    return vectorise(extract_features(parse_message(raw)), judge.model)


def _known(judge: Judge) -> Known:
    sketches = np.array([sketch(_vector(judge, raw)) for raw in MAILS.values()])
    return Known(sketches, tuple((name, f"{name}_kind", "en") for name in MAILS))


@pytest.mark.parametrize("name", MAILS)
def test_a_mail_is_most_like_itself(judge: Judge, name: str) -> None:
    first, second, _ = nearest(_known(judge), _vector(judge, MAILS[name]), 3)
    assert (first.category, first.kind, first.likeness) == (name, f"{name}_kind", 1.0)
    assert second.likeness < 0.6


def test_nothing_is_like_anything_where_nothing_is_known(judge: Judge) -> None:
    assert nearest(Known(np.empty((0, WIDTH), dtype=np.int8), ()), _vector(judge, make_raw()), 3) == ()


def test_sketches_keep_likeness() -> None:
    rng = np.random.default_rng(0)
    places = np.sort(rng.choice(100_000, 3000, replace=False))
    one, other = rng.random(3000), rng.random(3000)
    other[:1500] = one[:1500]
    cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    left, right = (fold(places, values).astype(float) for values in (one, other))
    assert float(left @ right / np.linalg.norm(left) / np.linalg.norm(right)) == pytest.approx(cosine, abs=0.15)


def test_what_is_saved_is_loaded(judge: Judge, tmp_path: Path) -> None:
    known = _known(judge)
    save_known(tmp_path / "nearest.npz", known)
    found = load_known(tmp_path / "nearest.npz")
    assert found.names == known.names
    assert np.array_equal(found.sketches, known.sketches)


def test_a_damaged_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "nearest.npz").write_bytes(b"PK nothing of the kind")
    with pytest.raises(ModelError, match="train"):
        load_known(tmp_path / "nearest.npz")
