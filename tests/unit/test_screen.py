"""The first look: what it clears is plain `other`, and it never clears what it cannot read."""

import dataclasses
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import MAIL_DEPARTMENT, OFFER, make_offer, make_raw, make_scam
from triage.bootstrap import build_judge
from triage.classify.judge import Judge
from triage.classify.screen import (
    HEAD,
    HEAD_WORDS,
    MIN_KNOWN,
    NEVER,
    USUAL_WORDS,
    Screen,
    from_plain,
    glance_words,
    split_middle,
    to_plain,
)
from triage.config import Config
from triage.mail import htmltext
from triage.mail.parse import open_message
from triage.records import CATEGORIES, Category

SCREEN = Screen(
    weights={"salary": 2.0, "choir": -0.25, "tuesday": -0.3, "unmoved": 0.25, "hall": -0.25},
    intercept=0.1,
    threshold=-0.4,
    slope=1.5,
    bias=0.2,
    shares=(0.4, 0.2, 0.4, 0.0),
)
CHOIR = (
    "The choir meets on Tuesday in the church hall; please bring the music for the summer concert. I think the first "
    "half of the programme was too long last year, so this time the break comes before the quartet."
)


@pytest.fixture(scope="module")
def judge() -> Judge:
    return build_judge(Config())


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Two WORDS, 3 more_words!", ["two", "words", "more", "words"]),
        ("Über l’Été\xa0fini", ["über", "l", "été", "fini"]),
        ("współpraca", ["wsp\xf3", "praca"]),
        ("Привет \N{GRINNING FACE}", []),
        ("j\u200bob", ["j", "ob"]),
        ("", []),
    ],
)
def test_words_of_a_glance(text: str, words: list[str]) -> None:
    assert glance_words(text) == words


def test_the_middle_of_a_long_text_is_not_read() -> None:
    words = glance_words("begin " + "x " * 50_000 + "end")
    assert (words[0], words[-1]) == ("begin", "end")
    assert len(words) < 5_000


@pytest.mark.parametrize(
    ("text", "is_cleared"),
    [
        ("choir tuesday hall", True),
        ("choir tuesday", False),  # two known words are too few to go by
        ("", False),
        ("choir tuesday hall salary", False),
        ("tuesday " * 9, False),
    ],
)
def test_what_is_cleared(text: str, is_cleared: bool) -> None:  # noqa: FBT001  a case of a table
    glance = SCREEN.look(glance_words(text))
    assert SCREEN.clears(glance) is is_cleared
    length = math.sqrt(max(1, len(glance.words)) / USUAL_WORDS)
    score = 0.1 + sum(SCREEN.weights[word] for word in glance.words) / length
    assert glance.score == pytest.approx(score if len(glance.words) >= MIN_KNOWN else max(score, SCREEN.threshold))


def test_four_times_as_many_known_words_count_half() -> None:
    few = Screen({f"w{number}": 0.5 for number in range(10)}, 0.0, 0.0, 1.0, 0.0, NEVER.shares)
    many = Screen({f"w{number}": 0.5 for number in range(40)}, 0.0, 0.0, 1.0, 0.0, NEVER.shares)
    assert many.look([*many.weights]).score == pytest.approx(2 * few.look([*few.weights]).score)


def test_ordinary_text_below_an_offer_does_not_outweigh_it() -> None:
    words = ["salary"] + ["x"] * HEAD_WORDS + ["choir", "tuesday"]
    assert SCREEN.look(words).score == pytest.approx(0.1 + 2.0 * math.sqrt(USUAL_WORDS))
    assert not SCREEN.clears(SCREEN.look(words))
    below = SCREEN.look(["choir", "tuesday"] + ["x"] * HEAD_WORDS + ["salary"])
    assert below.score == pytest.approx(0.1 + 1.45 * math.sqrt(USUAL_WORDS / 3))


def test_probabilities_rise_with_the_score_and_sum_to_one() -> None:
    low, high = SCREEN.probabilities(-3.0), SCREEN.probabilities(3.0)
    assert tuple(low) == CATEGORIES
    assert sum(low.values()) == pytest.approx(1)
    assert low[Category.OTHER] == pytest.approx(1 - 1 / (1 + math.exp(4.3)))
    assert high[Category.SCAM] > low[Category.SCAM]


def test_evidence_names_the_words_that_speak_for_other() -> None:
    found = SCREEN.evidence(SCREEN.look(glance_words("choir tuesday salary unmoved")))
    assert [one.quote for one in found] == ["tuesday", "choir"]
    assert [one.weight for one in found] == pytest.approx([0.3 * math.sqrt(15), 0.25 * math.sqrt(15)])


def test_a_screen_is_kept_in_plain_containers() -> None:
    found = from_plain(to_plain(SCREEN))
    assert {word: pytest.approx(weight) for word, weight in SCREEN.weights.items()} == dict(found.weights)
    assert dataclasses.replace(found, weights={}) == dataclasses.replace(SCREEN, weights={})
    assert list(found.weights) == list(SCREEN.weights)
    assert found.weights["choir"] is found.weights["hall"]  # one number in memory
    assert from_plain(to_plain(NEVER)) == NEVER


@pytest.mark.parametrize("change", [{"words": 7}, {"numbers": [1.0]}, {"weights": [1.0]}])
def test_a_damaged_screen_is_refused(change: dict[str, object]) -> None:
    with pytest.raises((TypeError, ValueError)):
        from_plain(to_plain(SCREEN) | change)


def test_an_empty_screen_clears_nothing() -> None:
    assert not NEVER.clears(NEVER.look(["choir"]))


def test_the_shipped_screen_clears_plain_mail_and_keeps_offers(judge: Judge) -> None:
    cleared = judge.clear(open_message(make_raw(CHOIR, subject="Rehearsal")))
    assert cleared is not None
    assert (cleared.category, cleared.reason) == (Category.OTHER, "nothing in it speaks of an offer")
    assert cleared.evidence
    assert sum(cleared.probabilities.values()) == pytest.approx(1, abs=1e-5)
    assert judge.clear(open_message(make_offer())) is None
    assert judge.clear(open_message(make_scam())) is None


@pytest.mark.parametrize(
    "text", ["", "Предлагаем вам работу с оплатой", "ｗｏｒｋ ｆｒｏｍ ｈｏｍｅ", "s\u200be\u200bn\u200bd"]
)
def test_what_the_first_look_cannot_read_is_judged_in_full(judge: Judge, text: str) -> None:
    assert judge.clear(open_message(make_raw(text, subject=""))) is None


@given(st.text(max_size=300))
def test_the_first_look_takes_any_text(text: str) -> None:
    glance = SCREEN.look(glance_words(text))
    assert glance.words <= SCREEN.weights.keys()
    assert glance.score >= SCREEN.intercept + math.sqrt(USUAL_WORDS) * sum(
        min(0.0, one) for one in SCREEN.weights.values()
    )


MARKUP = st.lists(
    st.sampled_from(
        [
            "<p>",
            "</p>",
            "<a href='x>",
            "<br/>",
            "< ",
            ">",
            "&nbsp;",
            "&amp",
            "&#65;",
            "<!-- ",
            "<body>",
            "word ",
            "pay\n",
        ]
    )
    | st.text("ab <>&;\n", max_size=6),
    max_size=60,
)


@given(MARKUP, MARKUP, st.integers(1, 40), st.integers(0, 20), st.integers(1, 12))
def test_the_ends_of_a_text_are_the_same_without_its_middle(
    first: list[str], second: list[str], head: int, tail: int, piece: int
) -> None:
    content = (
        b"Subject: s\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nplain words\r\n"
        + b"".join(
            b"--b\r\nContent-Type: text/html\r\n\r\n" + "".join(markup).encode() + b"\r\n" for markup in (first, second)
        )
        + b"--b--\r\n"
    )
    opened = open_message(content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(htmltext, "_PIECE", piece)
        whole, ends = opened.glance(), opened.glance_ends(head, tail)
    assert len(ends) <= len(whole)
    if len(whole) > head + tail:
        assert (ends[:head], ends[len(ends) - tail :]) == (whole[:head], whole[len(whole) - tail :])
    else:
        assert ends == whole


@pytest.mark.parametrize("offer", [OFFER, MAIL_DEPARTMENT])
@pytest.mark.parametrize("before", [3_000, 5_200, 9_000])
def test_an_offer_in_the_middle_of_a_long_mail_is_not_overlooked(judge: Judge, offer: str, before: int) -> None:
    choir = CHOIR * (before // len(CHOIR) + 1)
    assert judge.clear(open_message(make_raw(choir + CHOIR * 10, subject="Rehearsal"))) is not None
    assert judge.clear(open_message(make_raw(choir[:before] + offer + CHOIR * 10, subject="Rehearsal"))) is None


@given(st.integers(0, 20_000), st.integers(1, 600))
def test_the_parts_of_a_middle_leave_nothing_out(length: int, offer: int) -> None:
    text = "".join(map(chr, range(0x4E00, 0x4E00 + length)))
    parts = split_middle(text)
    assert all(len(part) <= HEAD for part in parts)
    assert set(text) == set("".join(parts))
    for start in range(0, max(1, length - offer), 97):
        assert not text or any(text[start : start + offer] in part for part in parts)
