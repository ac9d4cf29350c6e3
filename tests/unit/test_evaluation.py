"""Evaluation: numbers that can be worked out by hand, folds that hold out what they say, the same bytes each time."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.unit.test_learn import LABELS, WORDS, record
from triage.classify.decision import CostTable
from triage.classify.screen import glance_words
from triage.config import DecisionConfig
from triage.errors import ConfigError
from triage.learn import metrics, tables
from triage.learn.corpus import load_corpus
from triage.learn.curves import (
    brier_score,
    coverage_risk,
    expected_calibration_error,
    likeliest,
    log_loss,
    reliability,
    wilson,
)
from triage.learn.dataset import Dataset, build_dataset, count_glances, with_background, without_background
from triage.learn.evaluation import (
    LIMITS,
    Budget,
    Evaluation,
    Plan,
    calibrate_check,
    count_mistakes,
    evaluate,
    summarise,
    tell_kinds,
    weigh_abstention,
)
from triage.learn.evaluation_report import render_report, save_report, to_json
from triage.learn.experiments import Bench, campaign_folds, with_families, with_fewer_authors, without
from triage.learn.fit import BASE_RECIPE, held_out_kinds, held_out_scores, iter_folds, true_kinds
from triage.learn.kinds import KINDS
from triage.learn.metrics import ABSTAINED, Figure, bootstrap, estimate
from triage.learn.tables import require_plots
from triage.records import Category

COSTS = CostTable(**DecisionConfig().model_dump())
PLAN = Plan(part_folds=2, campaign_folds=3, min_mails=4, shares=(0.5, 1.0), draws=1)
LANGUAGES = ("en", "de")
MISLEADING = {"subject": "about recruiter 1", "body": WORDS["recruiter"]}


def write_corpus(folder: Path, authors: int = 3, mails: int = 16) -> Path:
    folder.mkdir(parents=True)
    for author in range(authors):
        records = [
            record(author * 100 + n, LABELS[n % 4], lang=LANGUAGES[n // 8 % 2], pair=f"p{author}-{n // 2}")
            | (MISLEADING if n == 3 else {})
            for n in range(mails)
        ]
        text = "\n".join(json.dumps(one) for one in records)
        (folder / f"author_{author}.jsonl").write_text(text + "\n")
    return folder


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    corpus = write_corpus(tmp_path_factory.mktemp("evaluation") / "corpus")
    return build_dataset(load_corpus([corpus]), BASE_RECIPE.layout())


@pytest.fixture(scope="module")
def found(dataset: Dataset) -> Evaluation:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(metrics, "_RESAMPLES", 50)  # ends of intervals are not looked at
        return evaluate(Bench(dataset, BASE_RECIPE, COSTS, PLAN.part_folds), PLAN, model="0123456789ab", check=None)


# -- curves


def test_the_calibration_error_of_known_numbers() -> None:
    forecasts, came_true = np.array([0.95, 0.95, 0.55, 0.55, 0.55, 0.55]), np.array([1, 1, 1, 0, 0, 0], dtype=bool)
    bins = reliability(forecasts, came_true)
    assert [(one.count, one.share) for one in bins] == [(4, 0.25), (2, 1.0)]
    assert expected_calibration_error(bins) == pytest.approx((4 * 0.30 + 2 * 0.05) / 6)


def test_a_certain_forecast_lies_in_the_last_bin() -> None:
    (only,) = reliability(np.array([1.0]), np.array([True]))
    assert (only.forecast, only.share, expected_calibration_error((only,))) == (1.0, 1.0, 0.0)


def test_the_interval_of_a_share_is_that_of_the_books() -> None:
    assert wilson(0.5, 10) == pytest.approx((0.2366, 0.7634), abs=1e-4)
    assert wilson(0.0, 5)[0] == 0
    assert wilson(1.0, 5)[1] == 1


def test_scores_of_probabilities_are_those_of_their_definitions() -> None:
    chances, truth = np.array([[0.5, 0.5, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0]]), np.array([0, 3])
    assert brier_score(chances, truth) == pytest.approx(0.25)
    assert log_loss(chances, truth) == pytest.approx(np.log(2) / 2)
    assert likeliest(chances, truth)[1].tolist() == [True, True]


def test_risk_grows_with_coverage_where_confidence_knows_the_errors() -> None:
    confidence = np.linspace(1, 0, 50)
    losses = (np.arange(50) >= 30).astype(float)
    curve = coverage_risk(confidence, losses)
    assert all(earlier <= later for earlier, later in zip(curve.risk, curve.risk[1:], strict=False))
    assert (curve.at(0.6), curve.at(1.0), curve.risk[-1]) == (0.0, 0.4, 0.4)
    assert curve.area < coverage_risk(-confidence, losses).area


def test_mails_of_one_confidence_are_answered_together() -> None:
    curve = coverage_risk(np.array([0.9, 0.5, 0.5, 0.5]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert curve.coverage == (0.25, 1.0)
    assert curve.risk == (0.0, 0.5)
    assert curve.area == pytest.approx((0.0 + 3 * 0.5) / 4)


def test_a_thinned_curve_keeps_its_end_and_its_area() -> None:
    curve = coverage_risk(np.arange(1000.0), np.tile([0.0, 1.0], 500))
    thin = curve.thinned()
    assert len(thin.risk) == 100
    assert (thin.coverage[-1], thin.risk[-1], thin.area) == (1.0, 0.5, curve.area)
    assert thin.at(0.5) == curve.at(0.5)


# -- intervals


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    covered = 0
    for seed in range(30):
        sample = np.random.default_rng(seed).random(80) < 0.3
        low, high = bootstrap(lambda rows, sample=sample: [sample[rows].mean()], [str(n) for n in range(80)])  # type: ignore[misc]
        covered += bool(low[0] <= 0.3 <= high[0])
    assert 26 <= covered <= 30


def test_groups_are_drawn_whole() -> None:
    values = np.repeat([0.0, 1.0], 50)
    (alone,) = estimate(lambda rows: [values[rows].mean()], [str(n) for n in range(100)])
    (together,) = estimate(lambda rows: [values[rows].mean()], [str(n // 25) for n in range(100)])
    assert alone.value == together.value == 0.5
    assert (together.low, together.high) == (0.0, 1.0)
    assert alone.low is not None
    assert alone.low > 0.3


def test_what_cannot_be_divided_has_no_figure() -> None:
    assert estimate(lambda _: [np.nan], ["a", "b"]) == (Figure(None, None, None),)
    assert estimate(lambda _: [np.nan], []) == (Figure(None, None, None),)


# -- figures of arrays


def test_a_summary_counts_an_abstention_as_wrong() -> None:
    truth, answers = np.array([0, 0, 2, 3]), np.array([0, 2, ABSTAINED, 3])
    whole = summarise(truth, answers, ["a", "b", "c", "d"])
    assert (whole.mails, whole.groups, whole.unsure.value) == (4, 4, 0.25)
    assert (whole.lead_called_scam.value, whole.scam_called_lead.value) == (0.5, 0.0)
    recruiter, referral, scam, other = whole.categories
    assert (recruiter.precision.value, recruiter.recall.value) == (1.0, 0.5)
    assert (referral.mails, referral.precision.value, referral.recall.value) == (0, None, None)
    assert (scam.precision.value, scam.recall.value, other.recall.value) == (0.0, 0.0, 1.0)
    assert whole.confusion[0] == (1, 0, 1, 0, 0)


def test_calibration_names_every_category() -> None:
    chances, truth = np.tile([0.7, 0.1, 0.1, 0.1], (10, 1)), np.zeros(10, dtype=np.int64)
    one = calibrate_check(truth, chances, [str(n) for n in range(10)])
    assert one.error.value == pytest.approx(0.3)
    assert [(name, round(error, 3)) for name, error, _ in one.categories] == [
        ("recruiter", 0.3),
        ("referral", 0.1),
        ("scam", 0.1),
        ("other", 0.1),
    ]


def test_mistakes_are_ranked_by_what_they_cost() -> None:
    truth, answers = np.array([0, 0, 3, 3, 2]), np.array([2, 0, ABSTAINED, ABSTAINED, 2])
    first, second = count_mistakes(truth, answers, COSTS)
    assert (first.truth, first.answer, first.count, first.cost) == ("recruiter", "scam", 1, COSTS.lead_called_scam)
    assert (second.answer, second.count) == ("unsure", 2)
    assert first.share + second.share == pytest.approx(1)


def test_nothing_wrong_costs_nothing() -> None:
    assert count_mistakes(np.array([0, 3]), np.array([0, 3]), COSTS) == ()


def test_abstaining_is_weighed_against_what_it_saves() -> None:
    truth, answers = np.array([0, 3, 0]), np.array([0, 3, 2])
    chances = np.array([[0.97, 0.01, 0.01, 0.01], [0.01, 0.01, 0.01, 0.97], [0.4, 0.0, 0.6, 0.0]])
    one = weigh_abstention(truth, answers, np.array([True, True, False]), chances, COSTS)
    assert one.coverage == pytest.approx(2 / 3)
    assert one.error == 0
    assert one.cost == pytest.approx(COSTS.abstain / 3)
    assert one.cost_never == pytest.approx(COSTS.lead_called_scam / 3)
    assert one.errors.at(0.5) == 0
    assert one.errors.at(1.0) == pytest.approx(1 / 3)


def test_a_budget_is_kept_up_to_its_limit() -> None:
    assert Budget("x", 0.01, Figure(0.01, 0.0, 0.1)).is_kept
    assert not Budget("x", 0.01, Figure(0.0101, 0.0, 0.1)).is_kept
    assert Budget("x", 0.01, Figure(None, None, None)).is_kept


def test_the_dear_mistakes_have_their_budgets() -> None:
    assert (LIMITS["genuine leads called scam"], LIMITS["scams called a lead"]) == (0.01, 0.02)


# -- what is held out


def test_pairs_stay_whole_where_authors_are_known(dataset: Dataset) -> None:
    for train, test in campaign_folds(dataset, 4):
        pairs = [{dataset.specimens[row].pair for row in rows} for rows in (train, test)]
        assert not pairs[0] & pairs[1]
        assert set(dataset.groups[test]) <= set(dataset.groups[train])


def test_what_is_held_out_is_neither_learnt_nor_missed(dataset: Dataset) -> None:
    held = np.array([one.lang == "de" for one in dataset.specimens])
    folds = without(iter_folds(dataset, 2), held)
    assert sorted(row for _, test in folds for row in test) == np.flatnonzero(held).tolist()
    for train, test in folds:
        assert not held[train].any()
        assert not set(dataset.groups[train]) & set(dataset.groups[test])


def test_smaller_shares_of_authors_lie_within_larger_ones(dataset: Dataset) -> None:
    folds = iter_folds(dataset, 30)
    small, large = (with_fewer_authors(dataset, folds, share, draw=1) for share in (0.5, 1.0))
    for (less, tested), (more, _), (train, test) in zip(small, large, folds, strict=True):
        assert set(less) < set(more) == set(train)
        assert tested is test


def test_background_mail_can_be_left_out_again(dataset: Dataset) -> None:
    words = count_glances([glance_words("The choir meets on Tuesday.")])
    row = [counts[:1] for counts in dataset.counts]
    more = with_background(with_background(dataset, row, words), row, words, Category.SCAM)
    assert (len(more.labels), more.ordinary.shape[0], more.frauds.shape[0]) == (len(dataset) + 2, 1, 1)
    less = without_background(more)
    assert (less.labels.tolist(), less.ordinary.shape[0], less.frauds.shape[0]) == (dataset.labels.tolist(), 0, 0)
    assert [counts.shape for counts in less.counts] == [counts.shape for counts in dataset.counts]


def test_no_background_mail_stands_in_for_its_own_language(dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics, "_RESAMPLES", 2)
    ordinary = count_glances([glance_words("The choir meets on Tuesday.")])
    more = with_background(dataset, [counts[:1] for counts in dataset.counts], ordinary)
    told: list[str] = []
    bench = Bench(more, BASE_RECIPE, COSTS, 2, lambda name, _done, _of: told.append(name))
    plan = replace(PLAN, alone=False, kinds=0, shares=(1.0,))
    with_it = evaluate(bench, plan, model="", check=None)
    assert "authors, without background mail" in told
    bare = evaluate(replace(bench, dataset=dataset), plan, model="", check=None)
    english = [[one for one in each.languages if one.name == "en"] for each in (with_it, bare)]
    assert english[0] == english[1]


def test_a_family_that_is_left_out_goes_from_every_block() -> None:
    recipe = with_families(BASE_RECIPE, {"word1", "char5"})
    assert [(name, families) for name, families, _, _ in recipe.blocks] == [
        ("words", ("word1",)),
        ("characters", ("char5",)),
        ("kinds", ("word1",)),
        ("acts", ()),
    ]


def test_known_scores_calibrate_as_their_own_folds_would(dataset: Dataset) -> None:
    folds = iter_folds(dataset, 30)
    known = held_out_scores(dataset, BASE_RECIPE, folds)
    again = held_out_scores(dataset, BASE_RECIPE, folds[:1], known=known)
    judged, rest = folds[0][1], np.concatenate([test for _, test in folds[1:]])
    assert np.array_equal(again.probabilities[judged], known.probabilities[judged])
    assert not again.probabilities[rest].any()
    doubled = replace(known, scores=known.scores * 2)
    other = held_out_scores(dataset, BASE_RECIPE, folds[:1], known=doubled)
    assert not np.allclose(other.probabilities[judged], known.probabilities[judged])


def test_kinds_are_told_by_models_that_saw_no_mail_of_the_author(dataset: Dataset) -> None:
    scams, truth = true_kinds(dataset)
    assert {dataset.specimens[row].category for row in scams} == {Category.SCAM}
    assert {KINDS[index] for index in truth} == {"reshipping"}
    folds = iter_folds(dataset, 3)
    assert held_out_kinds(dataset, BASE_RECIPE, folds).tolist() == truth.tolist()

    ours = dataset.groups == dataset.groups[folds[0][1][0]]
    called = [
        replace(one, kind="money_mule") if mine else one for one, mine in zip(dataset.specimens, ours, strict=True)
    ]
    alone = replace(dataset, specimens=tuple(called))
    found = held_out_kinds(alone, BASE_RECIPE, folds)
    assert {KINDS[index] for index in found[ours[scams]]} == {"reshipping"}  # the others know no mule


def test_figures_of_kinds_are_those_of_their_definitions() -> None:
    truth, given = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 0, 1, 1, 3, 0])
    told = tell_kinds(truth, given, [str(n) for n in range(6)])
    assert told.mails == 6
    assert told.accuracy.value == pytest.approx(3 / 6)
    assert [(one.name, one.mails) for one in told.kinds] == list(zip(KINDS[:3], (3, 2, 1), strict=True))
    assert [one.precision.value for one in told.kinds] == [pytest.approx(2 / 3), 0.5, None]
    assert [one.recall.value for one in told.kinds] == [pytest.approx(2 / 3), 0.5, 0.0]
    assert told.macro_f1.value == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_no_scam_has_no_figures_of_kinds() -> None:
    none = tell_kinds(np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64), [])
    assert (none.mails, none.kinds, none.accuracy, none.macro_f1) == (0, (), Figure(None, None, None), none.accuracy)


# -- the whole


def test_every_part_is_measured(found: Evaluation) -> None:
    assert (found.by_author.folds, found.by_campaign.folds, found.by_author.pairs) == (3, 3, 24)
    assert [one.name for one in found.languages] == ["de", "en"]
    assert {one.name for one in found.kinds} == {"reshipping"}
    assert [(one.name, one.mails) for one in found.kinds_told.kinds] == [("reshipping", found.kinds_told.mails)]
    assert found.kinds_told.accuracy.value == 1.0
    assert found.families[0].difference == Figure(0.0, 0.0, 0.0)
    assert {one.name for one in found.families} >= {"without char4 and char5", "only signal"}
    assert [one.share for one in found.learning] == [0.5, 1.0]
    assert found.learning[0].mails < found.learning[1].mails
    assert sum(one.mails for one in found.authors) == found.by_author.summary.mails == 48


def test_progress_counts_every_model(dataset: Dataset) -> None:
    told: list[tuple[str, int, int]] = []
    bench = Bench(dataset, BASE_RECIPE, COSTS, 2, lambda *step: told.append(step))
    bench.score("authors", bench.author_folds())
    assert told == [("authors", 0, 2), ("authors", 1, 2), ("authors", 2, 2)]


def test_the_report_is_the_same_each_time_and_links_its_pictures(found: Evaluation, tmp_path: Path) -> None:
    first, second = save_report(found, tmp_path / "a"), save_report(found, tmp_path / "b")
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]
    page = (tmp_path / "a" / "report.md").read_text("utf-8")
    pictures = {path.name for path in first if path.suffix == ".svg"}
    assert set(re.findall(r"\]\(([a-z_]+\.svg)\)", page)) == pictures
    assert not [path for path in first if path.suffix == ".svg" and b"<dc:date>" in path.read_bytes()]


def test_the_json_has_four_digits_and_no_number_that_is_none(found: Evaluation, tmp_path: Path) -> None:
    save_report(found, tmp_path)
    text = (tmp_path / "report.json").read_text("utf-8")
    assert json.loads(text) == to_json(found)
    assert "NaN" not in text
    assert not re.search(r"\d\.\d{5}", text)


def test_text_of_mail_is_no_markup(found: Evaluation) -> None:
    worst = replace(found.worst[0], subject="<b>*Pay*</b>", excerpt="a | [b](c)")
    page = render_report(replace(found, worst=(worst,)))
    assert r"\<b\>\*Pay\*\</b\>" in page
    assert r"a \| \[b\](c)" in page


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tables, "find_spec", lambda _name: None)
    with pytest.raises(ConfigError, match=r"pip install '\.\[plots\]' in a checkout"):
        require_plots()


def test_a_folder_that_cannot_be_written_is_told(found: Evaluation, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ConfigError, match="--output"):
        save_report(found, tmp_path / "file" / "folder")


def test_worst_mistakes_come_in_the_order_of_regret(found: Evaluation) -> None:
    regrets = [one.regret for one in found.worst]
    assert regrets == sorted(regrets, reverse=True)
    assert found.worst
    assert all(one.truth != one.answer for one in found.worst)
    assert {(one.truth, one.answer) for one in found.worst} <= {("other", "recruiter"), ("recruiter", "other")}
    assert all(one.truth != one.answer for one in found.worst)
