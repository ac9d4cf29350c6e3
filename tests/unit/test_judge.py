"""Judging: exact, deterministic, honest about what it cannot tell."""

import dataclasses
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import make_offer, make_raw, make_scam
from triage.bootstrap import build_judge
from triage.classify.advice import ADVICE
from triage.classify.decision import CostTable, decide
from triage.classify.features import FAMILIES, OwnerMask, extract_features, occurrences
from triage.classify.judge import Judge, advice_for
from triage.classify.ngrams import character_ngrams, hash_text, hash_words, shorten
from triage.classify.scorer import score, vectorise
from triage.config import Config, DecisionConfig
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Category, Message, State

COSTS = CostTable(**DecisionConfig().model_dump())


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


def test_the_mail_department_is_a_scam_with_its_kind_and_advice(judge: Judge) -> None:
    verdict = judge.judge(parse_message(make_scam()))
    assert (verdict.category, verdict.state) == (Category.SCAM, State.JUDGED)
    assert verdict.scam_kind in ADVICE
    assert advice_for(verdict)


def test_plain_mail_has_no_scam_kind_and_no_advice(judge: Judge) -> None:
    verdict = judge.judge(parse_message(make_raw()))
    assert (verdict.category, verdict.scam_kind, advice_for(verdict)) == (Category.OTHER, None, None)


def test_the_same_mail_gets_the_same_verdict(judge: Judge) -> None:
    assert judge.judge(parse_message(make_offer())) == build_judge(Config()).judge(parse_message(make_offer()))


@pytest.mark.parametrize("raw", [make_offer(), make_scam(), make_raw(), make_raw("x", subject="y")])
def test_contributions_add_up_to_the_score(judge: Judge, raw: bytes) -> None:
    explained = judge.explain(parse_message(raw))
    scores = score(vectorise(explained.features, judge.model), judge.model)
    place = CATEGORIES.index(explained.category)
    against = scores[place] - np.delete(scores, place).mean()
    parts = explained.contributions
    assert parts.total == pytest.approx(against, abs=1e-6)
    assert parts.words.sum() + sum(item.weight for item in parts.named) + parts.rest == pytest.approx(against, abs=1e-6)


def test_a_mail_without_text_is_unsure_and_says_why(judge: Judge) -> None:
    verdict = judge.judge(Message())
    assert (verdict.state, verdict.reason) == (State.UNSURE, "there is no readable text to judge")


@given(st.text(max_size=400), st.text(max_size=60))
@settings(max_examples=60, deadline=None)
def test_any_text_gets_probabilities_that_sum_to_one(text: str, subject: str) -> None:
    verdict = build_judge(Config()).judge(Message(text=text, subject=subject))
    assert sum(verdict.probabilities.values()) == pytest.approx(1, abs=1e-4)


def test_five_megabytes_of_text_are_judged_in_bounded_time(judge: Judge) -> None:
    start = time.process_time()
    judge.judge(Message(text="please send your bank details " * 170_000))
    assert time.process_time() - start < 10


@given(st.lists(st.floats(0.001, 1), min_size=4, max_size=4))
def test_the_least_expected_cost_decides(weights: list[float]) -> None:
    chances = np.array(weights) / sum(weights)
    answer = decide(chances, COSTS)
    expected = chances @ COSTS.matrix()
    if answer is None:
        assert expected.min() > COSTS.abstain
    else:
        assert expected[CATEGORIES.index(answer)] == expected.min() <= COSTS.abstain


def test_a_lead_is_rather_unsure_than_called_a_scam() -> None:
    assert decide(np.array([0.3, 0.1, 0.6, 0.0]), COSTS) is not Category.SCAM
    assert decide(np.array([0.01, 0.01, 0.97, 0.01]), COSTS) is Category.SCAM


def test_a_right_answer_costs_nothing() -> None:
    assert np.diag(COSTS.matrix()).tolist() == [0, 0, 0, 0]
    assert (COSTS.matrix() >= 0).all()


def test_the_owner_is_masked() -> None:
    message = dataclasses.replace(parse_message(make_offer()), text="Dear Priya Natarajan of Ledgerbrook")
    words = extract_features(message, OwnerMask.of("Priya Natarajan", "Ledgerbrook")).views["all"].text
    assert "priya" not in words
    assert "ledgerbrook" not in words
    assert words.count("xowner") == 3


def test_the_recipients_of_the_mail_are_masked() -> None:
    assert "marta" not in extract_features(parse_message(make_offer())).views["all"].text


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_places_of_a_family_fit_its_hashes(family: str) -> None:
    features = extract_features(parse_message(make_offer()))
    places = occurrences(features, family)
    if places is not None:
        assert len(places[0]) == len(places[1]) == len(features.family(family))
    assert len(extract_features(Message()).family(family)) >= 0


@given(
    st.lists(st.text(st.characters(codec="utf-8", exclude_categories=["Z", "C"]), min_size=1, max_size=6), max_size=30)
)
def test_hashes_are_equal_exactly_where_ngrams_are(words: list[str]) -> None:
    text = " ".join(words)
    hashed = hash_text(text)
    assert same_partition(hash_words(hashed).tolist(), words)
    assert same_partition(character_ngrams(hashed, 3).tolist(), [f" {text} "[i : i + 3] for i in range(len(text))])


def same_partition(hashes: list[int], grams: list[str]) -> bool:
    return len(hashes) == len(grams) and len(set(zip(hashes, grams, strict=True))) == len(set(grams)) == len(
        set(hashes)
    )


def test_long_text_keeps_its_beginning_and_its_end() -> None:
    short = shorten("begin " + "middle " * 3000 + "end")
    assert short.startswith("begin ")
    assert short.endswith(" end")
    assert len(short) <= 6000
