"""What sentences do: cut, weighed, learnt from marks, and part of every score."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_learn import LABELS, record
from triage.classify.acts import ACTS, FULL, LEVELS, ActModel, split_words, to_levels, weigh_sentences
from triage.classify.explanation import ACT, contributions, direction_of
from triage.classify.features import Features, extract_features
from triage.classify.judge import describe
from triage.classify.ngrams import MAX_CHARACTERS, hash_text, shorten, shorten_places
from triage.classify.scorer import count_features, score, vectorise
from triage.errors import ConfigError
from triage.learn.acts import levels_of, with_acts, without_acts, without_reader
from triage.learn.base import load_dataset
from triage.learn.corpus import load_corpus
from triage.learn.dataset import Dataset
from triage.learn.fit import BASE_RECIPE, fit_model, held_out_scores
from triage.learn.marks import mark_mail
from triage.mail.parse import parse_message
from triage.modelfile import load_model, save_model
from triage.records import Category, Message

OFFER = "We have a post for a welder in Ghent, and I would like you to have it."
FEE = "Before you begin you pay a deposit of 80 euros for the safety course."
SENTENCES = {
    "recruiter": OFFER,
    "referral": "Bo told me to ask you.",
    "scam": FEE,
    "other": "The choir sings on Friday.",
}
MARKS = {"recruiter": "offers_post", "referral": "passes_post_on", "scam": "asks_payment", "other": "tells_of_others"}


def write_marked(folder: Path, authors: int = 4, mails: int = 8) -> Path:
    folder.mkdir()
    for author in range(authors):
        lines = []
        for number in range(mails):
            label = LABELS[number % 4]
            body = f"Hello Marta,\n\nthe garden is green, number {number}. {SENTENCES[label]} Best wishes, Bo"
            acts = [[MARKS[label], SENTENCES[label]]]
            lines.append(json.dumps(record(author * 100 + number, label, body=body, acts=acts)))
        (folder / f"author_{author}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


@pytest.fixture
def marked(tmp_path: Path) -> Dataset:
    return load_dataset([write_marked(tmp_path / "corpus")], BASE_RECIPE)


def sentences_of(features: Features) -> list[str]:
    view = features.views["all"]
    bounds = [*features.sentences.tolist(), len(view.starts)]
    return [view.text[view.starts[a] : view.ends[b - 1]] for a, b in pairwise(bounds)]


def message_of(subject: str, text: str) -> Message:
    return parse_message(f"From: a@b.example\nSubject: {subject}\n\n{text}\n".encode())


def test_sentences_end_at_stops_marks_and_empty_lines_not_at_line_ends() -> None:
    found = extract_features(message_of("A post. In Ghent", "Dear Jo\n\nwould you\nlike it? Do! Pay: 3.5 k\n\nBo"))
    assert sentences_of(found) == ["a post in ghent", "dear jo", "would you like it?", "do!", "pay", "0 0 k", "bo"]
    assert found.has_subject


def test_without_a_subject_the_first_sentence_is_the_first() -> None:
    found = extract_features(message_of("", "One. Two."))
    assert (sentences_of(found), found.has_subject) == (["one", "two"], False)
    places = split_words(found.views["all"], found.sentences, 10, has_subject=False).places
    assert places.tolist() == [[0, 1, 1, 0], [0, 0, 1, 1]]


def test_a_mail_without_words_has_no_sentence() -> None:
    found = extract_features(message_of("", ""))
    words = split_words(found.views["all"], found.sentences, 10, has_subject=found.has_subject)
    assert not to_levels(weigh_sentences(words, some_model(10))).any()


WORDS = st.lists(
    st.text("abcdefgh", min_size=1, max_size=9) | st.integers(1, 9000).map(lambda size: "x" * size),
    min_size=1,
    max_size=2500,
).map(" ".join)


@given(WORDS)
def test_words_keep_their_places_where_the_middle_is_cut(text: str) -> None:
    words = text.split(" ")
    short = shorten(text).split()
    places = shorten_places(text, np.arange(len(words)))
    head = len(words) if len(text) <= MAX_CHARACTERS else text[: MAX_CHARACTERS * 3 // 4].count(" ")
    assert short == [*words[:head], *words[len(words) - len(short) + head :]]
    # Each place is a word of what is left, but for the last where nothing is left behind it.
    assert (np.diff(places) > 0).all()
    assert set(places.tolist()) - {len(short)} == set(range(len(short)))


@given(WORDS, st.lists(st.integers(1, 2500), max_size=40))
def test_every_word_and_pair_belongs_to_one_sentence(text: str, cuts: list[int]) -> None:
    view = hash_text(text)
    count = len(view.starts)
    starts = np.unique([0, *(cut for cut in cuts if cut < count)])[:count]
    found = split_words(view, starts, 12, has_subject=True)
    assert len(found.words) == len(found.pairs) == count
    if not count:  # one word that is longer than what is read
        return
    assert np.flatnonzero(~found.is_paired).tolist() == [*(starts[1:] - 1).tolist(), count - 1]
    # A sentence's words are the same whatever stands around it.
    last = " ".join(view.text.split()[starts[-1] :])
    alone = split_words(hash_text(last), np.zeros(1, dtype=np.intp), 12, has_subject=True)
    assert alone.words.tolist() == found.words[starts[-1] :].tolist()
    assert alone.pairs[:-1].tolist() == found.pairs[starts[-1] : -1].tolist()


@pytest.mark.parametrize("run", ["deadbeef" * 900, "x" * 5000, "x" * 70_000])
def test_a_word_longer_than_what_is_read_stops_nobody(run: str) -> None:
    for text in (f"job offer\n\n{run}", f"{run}\n\njob offer", f"one. two.\n\n{run}\n\nthree. four.", run):
        found = extract_features(message_of("x", text))
        count = len(found.views["all"].starts)
        assert (found.sentences < max(count, 1)).all()


def some_model(bits: int, seed: int = 1) -> ActModel:
    rng = np.random.default_rng(seed)
    weights = rng.normal(size=(2**bits, 3 * len(ACTS))).astype(np.float16)
    return ActModel(
        np.ones(2**bits, dtype=np.float16), weights, rng.normal(size=(4, len(ACTS))), rng.normal(size=len(ACTS)), ""
    ).renamed()


def test_a_sentence_is_weighed_with_its_neighbours() -> None:
    model = some_model(8)
    text, starts = hash_text("one two three four five six"), np.array([0, 2, 4])
    words = split_words(text, starts, 8, has_subject=False)
    found = weigh_sentences(words, model)
    own = np.split(model.weights.astype(np.float64), 3, axis=1)
    units = []
    for start in starts:
        unit = np.zeros(256)
        np.add.at(unit, [*words.words[start : start + 2], words.pairs[start]], 1.0)
        units.append(unit / np.sqrt(3))
    expected = (
        units[1] @ own[0] + units[0] @ own[1] + units[2] @ own[2] + words.places[1] @ model.places + model.intercept
    )
    assert np.allclose(found[1], expected, atol=1e-4)


def test_levels_run_from_none_to_full_and_many_doubtful_sentences_make_a_likely_one() -> None:
    none, sure = np.full((3, len(ACTS)), -30.0), np.full((1, len(ACTS)), 30.0)
    assert to_levels(none).tolist() == [0] * LEVELS
    assert to_levels(sure).tolist() == [FULL] * LEVELS
    doubtful = np.full((5, len(ACTS)), -1.0)
    one, five = to_levels(doubtful[:1]), to_levels(doubtful)
    assert one[0] == five[0]
    assert 20 < one[-1] < 50 < five[-1] < FULL


def test_models_of_other_weights_have_other_names() -> None:
    one = some_model(8)
    assert one.name == some_model(8).name
    assert len({one.name, some_model(8, 2).name, replace(one, intercept=one.intercept + 1).renamed().name}) == 3


def test_a_mark_finds_its_sentence_whatever_is_masked_or_folded() -> None:
    message = parse_message(
        b"From: a@b.example\nTo: Marta Keller <m@k.example>\nSubject: x\nContent-Type: text/plain; charset=utf-8\n\nDear Marta, hello.\n\nWould Marta\nlike our"
        b" caf\xc3\xa9? Pay is good.\n"
    )
    features = extract_features(message)
    found = mark_mail(message, features, [("offers_post", "Would Marta like our café?"), ("sells", "is nowhere here")])
    assert sentences_of(features)[2] == "would xowner like our cafe?"
    assert np.argwhere(found.acts).tolist() == [[2, ACTS.index("offers_post")]]


def test_a_mark_over_several_sentences_marks_them_all() -> None:
    message = message_of("x", "Role: welder; pay: good.\n\nBye, all of you there.")
    features = extract_features(message)
    found = mark_mail(message, features, [("offers_post", "Role: welder; pay: good.")])
    assert [sentences_of(features)[row] for row, _ in np.argwhere(found.acts)] == ["role", "welder", "pay", "good"]


def test_what_is_learnt_tells_sentences_of_strangers(marked: Dataset) -> None:
    assert marked.acts is not None
    found = extract_features(message_of("hello", f"The garden is green. {FEE} Best wishes, Bo"))
    scores = count_features(found, marked.blocks, marked.acts).acts
    asked = scores[:, ACTS.index("asks_payment")]
    assert asked.argmax() == 2
    assert asked[2] > 0 > asked[[0, 1, 3]].max()
    assert scores[2].argmax() == ACTS.index("asks_payment")


def test_levels_of_the_corpus_are_of_models_that_had_not_seen_the_author(marked: Dataset) -> None:
    levels = levels_of(marked)
    for row, specimen in enumerate(marked.specimens):
        assert levels[row, : len(ACTS)].argmax() == ACTS.index(MARKS[specimen.category.value])
    # With one author nobody is a stranger, so that nothing is learnt.
    alone = replace(marked, groups=np.array(["one"] * len(marked)))
    assert with_acts(replace(alone, acts=None), []).acts is None


def test_score_and_training_combine_words_and_sentences_alike(marked: Dataset, tmp_path: Path) -> None:
    held_out = held_out_scores(marked, BASE_RECIPE)
    model = fit_model(marked, BASE_RECIPE, held_out)
    save_model(tmp_path / "m.joblib", model, {})
    loaded = load_model(tmp_path / "m.joblib")
    assert loaded.acts is not None
    assert loaded.acts.name == model.acts.name if model.acts else False
    message = message_of("hello", f"The garden is green. {FEE} Best wishes, Bo")
    features = extract_features(message)
    vector = vectorise(features, loaded)
    block = loaded.blocks[-1]
    inside = vector.counted.places >= block.offset
    levels = to_levels(vector.counted.acts)
    assert vector.counted.places[inside].tolist() == (block.offset + levels.nonzero()[0]).tolist()
    table = loaded.weights[block.offset : block.offset + LEVELS].astype(np.float64)
    words = vector.values[~inside] @ vector.weights[~inside] + loaded.intercept
    assert np.allclose(score(vector, loaded), words + levels / FULL @ table)


def test_evidence_names_the_sentence_and_adds_up(marked: Dataset) -> None:
    model = fit_model(marked, BASE_RECIPE, held_out_scores(marked, BASE_RECIPE))
    features = extract_features(message_of("hello", f"The garden is green. {FEE} Best wishes, Bo"))
    vector = vectorise(features, model)
    found = contributions(Category.SCAM, features, vector, model)
    named = {item.name: item for item in found.named}
    fee = named[f"{ACT}asks_payment"]
    assert fee.quote == "before you begin you pay a deposit of 00 euros for the safety course"
    assert fee.weight > 0
    assert found.total == pytest.approx(float(score(vector, model) @ direction_of(Category.SCAM)))
    assert describe(fee.name) == "a sentence asks you to pay"


def test_without_sentences_the_data_set_is_as_before(marked: Dataset) -> None:
    bare = without_reader(without_acts(marked))
    assert bare.acts is None
    assert bare.reader is None
    assert not levels_of(bare).any()
    assert without_reader(without_acts(bare)) is bare
    model = fit_model(bare, BASE_RECIPE, held_out_scores(bare, BASE_RECIPE))
    assert model.acts is None
    assert np.array_equal(held_out_scores(bare, BASE_RECIPE).words, held_out_scores(bare, BASE_RECIPE).scores)


def test_sentences_beside_the_mails_are_learnt_from(tmp_path: Path) -> None:
    corpus = write_marked(tmp_path / "corpus")
    plain = load_dataset([corpus], BASE_RECIPE)
    (corpus / "sentences").mkdir()
    lines = [
        {"act": "sells", "text": "Our course has three seats left."},
        {"act": None, "text": "The garden is green."},
    ]
    (corpus / "sentences" / "one.jsonl").write_text("\n".join(map(json.dumps, lines)))
    more = load_dataset([corpus], BASE_RECIPE)
    assert plain.acts is not None
    assert more.acts is not None
    place = ACTS.index("sells")
    assert more.acts.intercept[place] != plain.acts.intercept[place]
    assert not plain.acts.weights.reshape(-1, 3, len(ACTS))[:, :, place].any()


@pytest.mark.parametrize("line", ["{", '{"act": "sings", "text": "la"}', '{"act": null}'])
def test_a_broken_file_of_sentences_is_told_with_its_line(tmp_path: Path, line: str) -> None:
    corpus = write_marked(tmp_path / "corpus")
    (corpus / "sentences").mkdir()
    (corpus / "sentences" / "one.jsonl").write_text(line)
    with pytest.raises(ConfigError, match=r"one\.jsonl, line 1"):
        load_dataset([corpus], BASE_RECIPE)


@pytest.mark.parametrize("acts", ["x", [["sings", "la"]]])
def test_a_mark_of_no_known_act_is_told(tmp_path: Path, acts: object) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(json.dumps(record(1, "other", acts=acts)))
    with pytest.raises(ConfigError, match="line 1"):
        load_corpus([path])
