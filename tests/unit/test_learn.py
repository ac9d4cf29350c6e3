"""Learning: the same corpus gives the same model, and evaluation holds authors apart."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.builders import OFFER, PLAIN
from triage.classify.features import extract_features
from triage.classify.scorer import probabilities, score, vectorise
from triage.classify.screen import glance_words
from triage.errors import ConfigError
from triage.learn.background import load_background, save_background
from triage.learn.base import load_dataset, train_base
from triage.learn.corpus import build_message, load_corpus
from triage.learn.dataset import build_dataset, count_glances, count_message, design_matrix
from triage.learn.fit import BASE_RECIPE, fit_model, held_out_scores, iter_folds
from triage.learn.metrics import (
    ABSTAINED,
    Answers,
    calibration_error,
    confusion,
    interval,
    macro_f1,
    pairs_wholly_right,
)
from triage.mail.parse import open_message, parse_message
from triage.modelfile import base_model_path, load_model
from triage.records import CATEGORIES, Category

LABELS = ("recruiter", "referral", "scam", "other")
WORDS = {
    "recruiter": OFFER,
    "referral": "Priya, my boss needs a welder and I thought of you. Shall I pass on your name? Bo",
    "scam": "Send a copy of your ID card and your bank details, then receive packages at home. {} a week.",
    "other": PLAIN,
}


def record(number: int, label: str, **change: object) -> dict[str, object]:
    return {
        "id": f"t-{number}",
        "label": label,
        "kind": "money_mule" if label == "scam" and number % 2 else "reshipping" if label == "scam" else "x",
        "lang": "en",
        "pair": None,
        "difficulty": "easy",
        "from": f"Bo <bo{number}@firm{number}.example>",
        "to": "Marta Keller <marta.keller@posteo.example>",
        "subject": f"about {label} {number}",
        "date": "2026-05-04 14:33 +0200",
        "auth": "pass",
        "body": f"{WORDS[label]} Number {number}.",
    } | change


def write_corpus(folder: Path, authors: int = 3, mails: int = 8) -> Path:
    folder.mkdir(parents=True)
    for author in range(authors):
        lines = [json.dumps(record(author * 100 + number, LABELS[number % 4])) for number in range(mails)]
        (folder / f"author_{author}.jsonl").write_text("\n".join(lines) + "\n")
    return folder


def test_the_same_corpus_gives_the_same_digest(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    first, second = train_base([corpus], tmp_path / "a"), train_base([corpus], tmp_path / "b")
    assert first.digest == second.digest
    assert (first.mails, first.groups) == (24, 3)
    assert (tmp_path / "a" / "base.md").read_text().startswith("# The base model")
    assert load_model(tmp_path / "a" / "base.joblib").model_id == first.digest[:12]
    files = ("base.joblib", "base.json", "base.md", "base.firmness.npz")
    assert [(tmp_path / "a" / one).read_bytes() for one in files] == [
        (tmp_path / "b" / one).read_bytes() for one in files
    ]


def test_training_and_scoring_see_the_same_vector(tmp_path: Path) -> None:
    specimens = load_corpus([write_corpus(tmp_path / "corpus")])
    dataset = build_dataset(specimens, BASE_RECIPE.layout())
    model = fit_model(dataset, BASE_RECIPE, held_out_scores(dataset, BASE_RECIPE))
    idf = [model.idf[b.offset : b.offset + 2**b.bits].astype(np.float64) for b in model.blocks]
    rows = design_matrix(dataset, idf)
    for row, specimen in enumerate(specimens[:4]):
        vectors = vectorise(extract_features(parse_message(specimen.content)), model)
        mine = rows[row] @ model.weights.astype(np.float64) + model.intercept
        assert np.allclose(np.ravel(mine), score(vectors, model))


def test_authors_are_never_split_between_training_and_test(tmp_path: Path) -> None:
    dataset = build_dataset(load_corpus([write_corpus(tmp_path / "corpus")]), BASE_RECIPE.layout())
    for train, test in iter_folds(dataset, 30):
        assert not set(dataset.groups[train]) & set(dataset.groups[test])


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{", "line 1"),
        ('{"label": "recruiter"}', "line 1"),
        (json.dumps(record(1, "other") | {"label": "spam"}), "spam"),
    ],
)
def test_a_broken_corpus_is_told_with_its_line(tmp_path: Path, line: str, words: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(line)
    with pytest.raises(ConfigError, match=words):
        load_corpus([path])


def test_an_empty_corpus_is_told(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no corpus"):
        load_corpus([tmp_path])


def test_messages_follow_from_records_alone() -> None:
    one = build_message(
        record(1, "scam", attachments=[["a.pdf", "application/pdf"]], format="alternative", reply_to="x@y.example")
    )
    message = parse_message(one)
    assert message.reply_to[0].addr_spec == "x@y.example"
    assert message.attachments[0].name == "a.pdf"
    as_other = record(
        1, "scam", attachments=[["a.pdf", "application/pdf"]], format="alternative", reply_to="x@y.example"
    ) | {"label": "other", "kind": "y", "difficulty": "hard"}
    assert parse_message(build_message(as_other)) == message


@pytest.mark.parametrize(
    "change",
    [
        {"from": "nobody"},
        {"from": "x@bücher.example"},
        {"date": "never"},
        {"cc": ["a@b.example", "c@d.example"]},
        {"html": "<p>hi</p>", "format": "html"},
    ],
)
def test_odd_records_become_mail_as_well(change: dict[str, object]) -> None:
    assert parse_message(build_message(record(1, "other", **change))).subject


def answers(truth: list[int], given: list[int], tmp_path: Path, *, pairs: bool = False) -> Answers:
    path = tmp_path / "m.jsonl"
    path.write_text(
        "\n".join(
            json.dumps(record(n, LABELS[label], pair=f"p{n // 2}" if pairs else None)) for n, label in enumerate(truth)
        )
    )
    chances = np.eye(4)[[min(one, 3) for one in given]]
    return Answers(tuple(load_corpus([path])), np.array(truth), np.array(given), chances)


def test_an_abstention_is_a_miss(tmp_path: Path) -> None:
    whole = answers([0, 1, 2, 3], [0, 1, 2, 3], tmp_path)
    assert macro_f1(whole.truth, whole.answers) == 1
    some = answers([0, 1, 2, 3], [0, 1, 2, ABSTAINED], tmp_path)
    assert macro_f1(some.truth, some.answers) == 0.75
    assert confusion(some)[3].tolist() == [0, 0, 0, 0, 1]


def test_pairs_intervals_and_calibration(tmp_path: Path) -> None:
    found = answers([0, 1, 2, 3], [0, 1, 2, 0], tmp_path, pairs=True)
    assert pairs_wholly_right(found) == (1, 2)
    low, high = interval(found, macro_f1)
    assert 0 <= low <= macro_f1(found.truth, found.answers) <= high <= 1
    assert calibration_error(found) == pytest.approx(0.25)


def test_the_shipped_model_judges_in_the_order_of_the_categories() -> None:
    assert load_model(base_model_path()).weights.shape[1] == len(CATEGORIES)


def test_background_is_counted_kept_and_read_again(tmp_path: Path) -> None:
    blocks = BASE_RECIPE.layout()
    contents = [build_message(record(n, "other", body="The choir meets on Tuesday.")) for n in range(3)]
    path = tmp_path / "background.npz"
    assert save_background(path, [*contents, b""], blocks) == 3
    loaded, words = load_background(path, blocks)
    assert (words != count_glances([glance_words(open_message(one).glance()) for one in contents])).nnz == 0
    assert words.nnz
    expected = [count_message(parse_message(content), blocks) for content in contents]
    for place, matrix in enumerate(loaded):
        assert matrix.shape[0] == 3
        assert np.array_equal(matrix[0].indices, expected[0][place][0])
        assert np.array_equal(matrix[0].data, expected[0][place][1])


def test_what_only_the_first_look_learns_from_is_no_row_of_the_judge(tmp_path: Path) -> None:
    blocks, path = BASE_RECIPE.layout(), tmp_path / "background.npz"
    contents = [build_message(record(n, "other", body=f"choir number {chr(97 + n)}")) for n in range(3)]
    assert save_background(path, contents[:1], blocks, [*contents[1:], b""]) == 3
    counts, words = load_background(path, blocks)
    assert {matrix.shape[0] for matrix in counts} == {1}
    expected = count_glances([glance_words(open_message(one).glance()) for one in contents])
    assert (words != expected).nnz == 0


def test_background_of_another_layout_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "background.npz"
    save_background(path, [build_message(record(1, "other"))], BASE_RECIPE.layout())
    with pytest.raises(ConfigError, match="count it anew"):
        load_background(path, BASE_RECIPE.layout()[:2])


def test_background_is_learnt_from_and_never_judged(tmp_path: Path) -> None:
    corpus = write_corpus(tmp_path / "corpus")
    blocks = BASE_RECIPE.layout()
    save_background(corpus / "background.npz", [build_message(record(n, "other")) for n in range(5)], blocks)
    report = train_base([corpus], tmp_path / "out")
    assert report.mails == 24
    assert json.loads((tmp_path / "out" / "base.json").read_text())["data"]["background"]["mails"] == 5


def test_public_frauds_are_learnt_from_as_scams(tmp_path: Path) -> None:
    corpus, fraud = write_corpus(tmp_path / "corpus"), "Dear beneficiary, your lottery fund waits at our bank."
    plain = load_dataset([corpus], BASE_RECIPE)
    save_background(
        corpus / "frauds.npz",
        [build_message(record(n, "other", body=f"{fraud} {n}")) for n in range(7)],
        BASE_RECIPE.layout(),
    )
    taught = load_dataset([corpus], BASE_RECIPE)
    assert taught.labels[len(taught) :].tolist() == [CATEGORIES.index(Category.SCAM)] * 7
    assert (taught.frauds.shape[0], taught.ordinary.shape[0]) == (7, 0)
    message = parse_message(build_message(record(1, "other", body=fraud)))
    models = [fit_model(one, BASE_RECIPE, held_out_scores(one, BASE_RECIPE)) for one in (plain, taught)]
    before, after = (
        probabilities(score(vectorise(extract_features(message), one), one), one)[CATEGORIES.index(Category.SCAM)]
        for one in models
    )
    assert after > before
