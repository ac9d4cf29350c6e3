"""Learning the first look: what may be lost, what is kept, and that it is scored as it was learnt."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.test_learn import write_corpus
from triage.classify.screen import NEVER
from triage.learn.corpus import load_corpus
from triage.learn.dataset import Dataset, build_dataset, count_glances
from triage.learn.fit import BASE_RECIPE, iter_folds
from triage.learn.screen import fit_screen, strict_threshold
from triage.records import CATEGORIES, Category


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    corpus: Path = write_corpus(tmp_path_factory.mktemp("screen") / "corpus", authors=4)
    return build_dataset(load_corpus([corpus]), BASE_RECIPE.layout())


@given(st.lists(st.floats(-50, 50), min_size=1, max_size=3000), st.integers(0, 2000))
def test_at_most_one_in_a_thousand_lies_below_the_threshold(scores: list[float], others: int) -> None:
    found = np.array(scores)
    lost = int((found < strict_threshold(found, len(scores) + others)).sum())
    assert lost <= (len(scores) + others) * 0.001


def test_equal_scores_are_lost_together_or_not_at_all() -> None:
    assert (np.full(5000, -1.00005) < strict_threshold(np.full(5000, -1.00005), 5000)).sum() == 0


def test_without_leads_that_can_be_read_nothing_is_cleared() -> None:
    assert strict_threshold(np.empty(0), 10) == -np.inf


def test_what_is_said_held_out_is_what_the_screen_says(dataset: Dataset) -> None:
    rows = np.arange(len(dataset))
    fitted = fit_screen(dataset, [(rows, rows)])  # "held out" from a model that saw all: the final one
    for row, words in enumerate(dataset.glances):
        glance = fitted.screen.look(words)
        expected = fitted.scores[row] if fitted.legible[row] else max(fitted.scores[row], fitted.screen.threshold)
        assert glance.score == pytest.approx(expected, abs=1e-5)
        assert fitted.screen.clears(glance) == fitted.cleared[row]


def test_leads_and_scams_of_held_out_authors_are_kept(dataset: Dataset) -> None:
    fitted = fit_screen(dataset, iter_folds(dataset, 30))
    suspects = dataset.labels != CATEGORIES.index(Category.OTHER)
    assert fitted.kept(suspects) == 1.0
    assert fitted.cleared[~suspects].all()
    assert next(iter(fitted.screen.weights)) in dataset.glances[0]


def test_without_other_mail_there_is_no_first_look(dataset: Dataset) -> None:
    leads = np.full(len(dataset), CATEGORIES.index(Category.SCAM), dtype=np.int64)
    other = replace(dataset, labels=leads)
    fitted = fit_screen(other, iter_folds(dataset, 30))
    assert fitted.screen == NEVER
    assert fitted.kept(np.ones(len(dataset), dtype=bool)) == 1.0


def test_words_of_public_mail_speak_as_it_was(dataset: Dataset) -> None:
    """The same mail makes its words more suspect as a fraud than as ordinary mail."""
    rows = np.arange(len(dataset))
    words = dataset.glances[CATEGORIES.index(Category.SCAM)]
    public, nothing = count_glances([words] * 20), count_glances([])
    as_fraud, as_ordinary = (
        fit_screen(replace(dataset, frauds=frauds, ordinary=ordinary), [(rows, rows)]).screen
        for frauds, ordinary in ((public, nothing), (nothing, public))
    )
    assert as_fraud.look(words).score > as_ordinary.look(words).score
