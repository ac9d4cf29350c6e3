"""What would have changed a verdict: few reasons, taken out of the scores exactly."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import make_offer, make_raw, make_scam
from triage.bootstrap import build_judge
from triage.classify.judge import Explanation, Judge
from triage.classify.known import CONTACT_UNVERIFIED, REFERRER_UNKNOWN, Known
from triage.classify.scorer import known_scores, probabilities, score
from triage.config import Config
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Message


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


def _log_odds(chances: np.ndarray, first: int, second: int) -> float:
    return float(np.log(chances[first]) - np.log(chances[second]))


def _explain(judge: Judge, raw: bytes) -> tuple[Explanation, np.ndarray]:
    explained = judge.explain(parse_message(raw))
    return explained, probabilities(score(explained.vector, explained.model), explained.model)


@pytest.mark.parametrize("raw", [make_offer(), make_scam(), make_raw()])
def test_what_is_taken_away_is_what_it_added(judge: Judge, raw: bytes) -> None:
    explained, before = _explain(judge, raw)
    found = explained.what_if
    first, second = np.argsort(-before)[:2]
    lost = _log_odds(before, first, second) - _log_odds(found.probabilities, first, second)
    assert found.without
    assert sum(one.weight for one in found.without) == pytest.approx(lost, abs=1e-6)


def test_a_scam_without_its_reasons_is_none(judge: Judge) -> None:
    found = _explain(judge, make_scam())[0].what_if
    assert found.changes == (found.category is not CATEGORIES[2])
    assert found.probabilities[2] < _explain(judge, make_scam())[1][2]


@given(st.text(max_size=300))
@settings(max_examples=40, deadline=None)
def test_few_reasons_are_named_and_each_speaks_for_the_verdict(text: str) -> None:
    explained = build_judge(Config()).explain(Message(text=text))
    found = explained.what_if
    assert len(found.without) <= 5
    assert all(one.weight > 0 for one in found.without)
    if not found.changes:
        assert found.category == explained.verdict.category or not explained.features.has_words


def test_a_protected_scam_is_told_what_would_make_it_another_verdict(judge: Judge) -> None:
    known = [Known(CONTACT_UNVERIFIED, "a@b.example")]
    explained = judge.explain(parse_message(make_scam()), known)
    assert explained.verdict.category is None
    found = explained.what_if
    assert found.changes is (found.category is not None)
    assert found.category is not CATEGORIES[2]


def test_a_known_fact_is_weighed_and_may_be_the_reason(judge: Judge) -> None:
    message = parse_message(make_scam())
    found = judge.explain(message, [Known(REFERRER_UNKNOWN, "Ann Other")]).what_if
    chances = judge.explain(message).what_if
    assert found.probabilities[2] != chances.probabilities[2] or found.without != chances.without


@pytest.mark.parametrize("name", [REFERRER_UNKNOWN, CONTACT_UNVERIFIED])
def test_with_known_facts_what_is_taken_away_is_still_what_it_added(judge: Judge, name: str) -> None:
    message, known = parse_message(make_scam()), [Known(name, "Ann Other")]
    found = judge.explain(message, known).what_if
    explained = judge.explain(message)
    scores = score(explained.vector, explained.model) + known_scores(known, explained.model).sum(axis=0)
    before = probabilities(scores, explained.model)
    first, second = np.argsort(-before)[:2]
    lost = _log_odds(before, first, second) - _log_odds(found.probabilities, first, second)
    assert sum(one.weight for one in found.without) == pytest.approx(lost, abs=1e-6)
