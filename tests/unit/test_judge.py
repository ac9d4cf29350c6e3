"""Judging: exact, deterministic, honest about what it cannot tell."""

import dataclasses
import inspect
import re
import time
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import make_offer, make_raw, make_scam
from triage.bootstrap import build_judge
from triage.classify import signals
from triage.classify.advice import ADVICE
from triage.classify.decision import CostTable, decide
from triage.classify.features import FAMILIES, OwnerMask, extract_features, occurrences
from triage.classify.judge import Judge, advice_for, describe
from triage.classify.ngrams import character_ngrams, hash_text, hash_words, shorten
from triage.classify.phrases import PHRASES
from triage.classify.scorer import score
from triage.config import Config, DecisionConfig
from triage.mail.parse import open_message, parse_message
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


def test_every_signal_has_words_for_people() -> None:
    named = set(re.findall(r'Signal\(\s*"([a-z_]+)"', inspect.getsource(signals))) | {
        *PHRASES,
        *signals._COMPANY_SIGNALS.values(),
    }
    assert {"punycode_domain", "asks_money", "company_lookalike"} <= named
    assert [name for name in sorted(named) if describe(name) == name.replace("_", " ")] == []


def test_plain_mail_has_no_scam_kind_and_no_advice(judge: Judge) -> None:
    verdict = judge.judge(parse_message(make_raw()))
    assert (verdict.category, verdict.scam_kind, advice_for(verdict)) == (Category.OTHER, None, None)


def test_the_same_mail_gets_the_same_verdict(judge: Judge) -> None:
    assert judge.judge(parse_message(make_offer())) == build_judge(Config()).judge(parse_message(make_offer()))


@pytest.mark.parametrize("raw", [make_offer(), make_scam(), make_raw(), make_raw("x", subject="y")])
def test_contributions_add_up_to_the_score(judge: Judge, raw: bytes) -> None:
    explained = judge.explain(parse_message(raw))
    scores = score(explained.vector, explained.model)
    place = CATEGORIES.index(explained.category)
    against = scores[place] - np.delete(scores, place).mean()
    parts = explained.contributions
    assert parts.total == pytest.approx(against, abs=1e-6)
    assert parts.words.sum() + sum(item.weight for item in parts.named) + parts.rest == pytest.approx(against, abs=1e-6)


def test_a_mail_without_text_is_unsure_and_says_why(judge: Judge) -> None:
    verdict = judge.judge(Message())
    assert (verdict.state, verdict.reason) == (State.UNSURE, "there is no readable text to judge")


OFFER = "Dear Sam, we offer you the job of senior engineer, interview on Telegram, salary. "


def plain(body: str) -> bytes:
    return make_raw(OFFER + body)


def html(markup: str) -> bytes:
    header = b"From: a@b.example\r\nSubject: s\r\nContent-Type: text/html; charset=utf-8\r\n\r\n"
    return header + f"<body><p>{OFFER}{markup}".encode()


def cpu_seconds(judge: Judge, raw: bytes) -> float:
    """Return what judging costs in full, the least of three."""
    costs = []
    for _ in range(3):
        start = time.process_time()
        assert judge.read(raw).message is not None
        costs.append(time.process_time() - start)
    return min(costs)


@pytest.mark.parametrize(
    "build",
    [
        lambda size: plain("forward\n" + "-" * size),
        lambda size: plain("forward\n" + ("-" * 200 + "\n") * (size // 200)),
        lambda size: plain("." * size + "x"),
        lambda size: plain(".;:" * (size // 3) + "x"),
        lambda size: plain("\n" * size + "x"),
        lambda size: plain("α " + "a" * size),
        lambda size: plain("1" * size + "x"),
        lambda size: plain("1." * (size // 2) + "x"),
        lambda size: plain("<p " * (size // 3)),
        lambda size: html("<div hidden>" * (size // 24) + "x " * (size // 4)),
        lambda size: html("<style>.a{display:none}" + "@media" * (size // 6) + "</style>"),
        lambda size: b"From: =?utf-8?q?" + b"=C2=A0" * (size // 6) + b"x?=\r\n" + plain(""),
    ],
    ids=[
        "dashes",
        "lines of dashes",
        "full stops",
        "signs",
        "empty lines",
        "a long word",
        "digits",
        "numbers",
        "open tags",
        "hidden within hidden",
        "open rules",
        "spaces before a name",
    ],
)
def test_a_mail_eight_times_as_long_costs_no_more_than_its_length(judge: Judge, build: Callable[[int], bytes]) -> None:
    # Eightfold where the cost is that of the length, 64-fold where it is the square of it.
    assert cpu_seconds(judge, build(16_000)) < 24 * cpu_seconds(judge, build(2_000))


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


PHOTO = b"--b\r\nContent-Type: image/jpeg; name=a.jpg\r\nContent-Transfer-Encoding: base64\r\n\r\n/9j/4AAQ\r\n"


def _mixed(*parts: bytes, subject: str = "Lead maintenance engineer, Leeds") -> bytes:
    head = f"From: a@kestrelfoods.example\r\nSubject: {subject}\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    return head.encode() + b"".join(parts) + b"--b--\r\n"


def _html(markup: str, subject: str = "Lead maintenance engineer, Leeds") -> bytes:
    head = f"From: a@kestrelfoods.example\r\nSubject: {subject}\r\nContent-Type: text/html\r\n\r\n"
    return head.encode() + markup.encode()


BLANK = b"--b\r\nContent-Type: text/plain\r\n\r\n \r\n"
PDF = (
    b"--b\r\nContent-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + b"JVBE" * 20_000
    + b"\r\n"
)
OFFER_PART = b"--b\r\nContent-Type: text/plain\r\n\r\nWe offer you the post of lead engineer.\r\n"
# Words that the first look knows and clears by.
HARMLESS = "Rehearsal on Tuesday: choir, church, coffee, tickets, newsletter, invoice, delivery, school, weekend"


@pytest.mark.parametrize("subject", ["Lead maintenance engineer, Leeds", HARMLESS, "Fwd:"])
@pytest.mark.parametrize(
    "content",
    [
        lambda subject: _mixed(BLANK, PHOTO, subject=subject),
        lambda subject: _mixed(PHOTO, subject=subject),
        lambda subject: _mixed(PDF, OFFER_PART, subject=subject),
        lambda subject: _mixed(b"--b\r\nContent-Type: message/rfc822\r\n\r\n\r\n", subject=subject),
        lambda subject: _html("<body><img src=http://a.example/1.png alt=''></body>", subject),
        lambda subject: _html("<style>choir { color: red }</style><!-- the choir --><img src=x>", subject),
        lambda subject: _html(
            f"<head><style>{'.a { color: red } ' * 5000}</style></head><p>We offer a post</p>", subject
        ),
    ],
)
def test_nothing_is_judged_by_its_subject_where_the_rest_was_not_read(
    judge: Judge, content: Callable[[str], bytes], subject: str
) -> None:
    found = judge.read(content(subject))
    assert (found.verdict.state, found.verdict.reason) == (State.UNSURE, "only a subject could be read")
    assert found.message is not None
    assert judge.explain(found.message).what_if.category is None


@pytest.mark.parametrize(
    "content",
    [_mixed(BLANK), _html("<div dir=ltr><br></div>"), _mixed(BLANK, b"--b\r\nContent-Type: text/html\r\n\r\n\r\n")],
)
def test_a_subject_that_is_all_there_is_is_judged(judge: Judge, content: bytes) -> None:
    message = judge.read(content).opened.complete()
    assert not message.lacks_text
    assert judge.judge(message).reason != "only a subject could be read"


def test_a_picture_beside_words_leaves_them_to_the_first_look(judge: Judge) -> None:
    words = f"{HARMLESS}. The choir rehearses on Tuesday at eight instead of seven. Please bring the blue folder."
    plain = b"--b\r\nContent-Type: text/plain\r\n\r\n" + words.encode() + b"\r\n"
    for content in (_mixed(plain, PHOTO, subject=HARMLESS), _html(f"<body><img src=x><p>{words}</p></body>", HARMLESS)):
        assert judge.clear(open_message(content)) is not None


def test_an_offer_forwarded_as_a_part_is_judged_by_its_text(judge: Judge) -> None:
    part = b"--b\r\nContent-Type: message/rfc822\r\n\r\n" + make_offer() + b"\r\n"
    found = judge.read(_mixed(BLANK, part, subject=HARMLESS))
    assert found.message is not None
    assert "maintenance engineer for our plant" in found.message.forwarded
    assert found.verdict.category is not Category.OTHER
