"""Rebuilds the base model from the corpus, with its card."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product
from pathlib import Path
from typing import Literal

import numpy as np

from triage.classify.decision import CostTable
from triage.classify.judge import Judge
from triage.classify.model import LinearModel, Vector
from triage.classify.nearest import Known, fold
from triage.classify.reader import LEVELS_READ
from triage.config import DecisionConfig
from triage.learn.acts import combination_ridge, levels_of, with_acts
from triage.learn.background import load_background
from triage.learn.card import make_card, render_card
from triage.learn.checkset import FILE as CHECK_COUNTS
from triage.learn.checkset import save_check_set
from triage.learn.corpus import load_corpus
from triage.learn.dataset import Dataset, build_dataset, design_matrix, with_background
from triage.learn.firmness import FILE as FIRMNESS
from triage.learn.firmness import Firmness, measure_firmness, save_firmness
from triage.learn.fit import BASE_RECIPE, HeldOut, Recipe, feature_scale, fit_model, held_out_scores, words_alone
from triage.learn.marks import FOLDER
from triage.learn.metrics import Answers, answer, interval, macro_f1
from triage.learn.reader import with_reader
from triage.modelfile import MODEL_ID_DIGITS, save_known, save_model, write_whole
from triage.records import CATEGORIES, Category

BACKGROUND: Mapping[str, Literal[Category.OTHER, Category.SCAM]] = {
    "background.npz": Category.OTHER,
    "frauds.npz": Category.SCAM,
}
"""Counts of public mail beside the corpus, and what it is; learnt from where they are there."""


CHECK = "check"
"""Folder beside the model, of mail that no model may learn from."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What was learnt, in one line."""

    mails: int
    groups: int
    macro_f1: float
    low: float
    high: float
    digest: str


def train_base(corpus: Sequence[Path], output: Path) -> TrainingReport:
    """Learn from corpus files and write base.joblib, base.json, base.md, base.firmness.npz, nearest.npz and base.check.npz.

    The last only where there is a check set.

    Raises:
        ConfigError: the corpus cannot be read.
        OSError: the output cannot be written; a model that was there stays whole.
    """
    recipe = BASE_RECIPE
    dataset = load_dataset(corpus, recipe)
    specimens = dataset.specimens
    held_out = held_out_scores(dataset, recipe)
    found = answer(specimens, dataset.labels[: len(dataset)], held_out.probabilities, default_costs())
    model = fit_model(dataset, recipe, held_out)
    check = judge_check(output / CHECK, model) if (output / CHECK).is_dir() else None
    card = make_card(
        found,
        recipe,
        background=_count_background(dataset),
        check=check,
        screen=_screen_figures(held_out, dataset),
    )
    digest = save_model(output / "base.joblib", model, card)
    save_firmness(output / FIRMNESS, _measure_firmness(dataset, model, recipe), digest)
    if check is not None:
        named = replace(model, model_id=digest[:MODEL_ID_DIGITS])
        save_check_set(output / CHECK_COUNTS, load_corpus([output / CHECK]), named)
    write_whole(output / "base.md", render_card(card).encode())
    save_known(output / "nearest.npz", sketch_corpus(dataset, model))
    low, high = interval(found, macro_f1)
    return TrainingReport(
        len(specimens), len(set(dataset.groups)), macro_f1(found.truth, found.answers), low, high, digest
    )


def sketch_corpus(dataset: Dataset, model: LinearModel) -> Known:
    """Return what explanations compare a message with: a sketch of every mail learnt from, and its kind."""
    matrix = words_alone(design_matrix(dataset, _idf(model)), dataset)[: len(dataset)].tocsr()
    sketches = [
        fold(matrix.indices[start:end].astype(np.int64), matrix.data[start:end])
        for start, end in pairwise(matrix.indptr)
    ]
    return Known(np.array(sketches), tuple((one.category.value, one.kind, one.lang) for one in dataset.specimens))


def _measure_firmness(dataset: Dataset, model: LinearModel, recipe: Recipe) -> Firmness:
    """Return how firmly the mails that were learnt from hold the weights."""
    matrix = design_matrix(dataset, _idf(model))
    scale = feature_scale(words_alone(matrix, dataset), dataset.labels, recipe)
    ridge = np.ones(matrix.shape[1])  # of places that nothing is counted in
    ridge[: len(scale)] = 1.0 / (recipe.inverse_regularisation * scale**2)
    if dataset.has_levels:
        ridge[dataset.blocks[-1].offset :][:LEVELS_READ] = combination_ridge(levels_of(dataset))
    return measure_firmness(matrix, model, ridge)


def _idf(model: LinearModel) -> list[Vector]:
    return [model.idf[block.offset : block.offset + 2**block.bits].astype(np.float64) for block in model.blocks]


def _count_background(dataset: Dataset) -> Mapping[str, int]:
    labels = dataset.labels[len(dataset) :]
    frauds = int(np.sum(labels == CATEGORIES.index(Category.SCAM)))
    return {"mails": len(labels) - frauds, "first_look": dataset.ordinary.shape[0], "frauds": frauds}


def _screen_figures(held_out: HeldOut, dataset: Dataset) -> dict[str, object]:
    """Return what the first look keeps of authors it had not seen."""
    labels = dataset.labels[: len(dataset)]
    return {
        "words": len(held_out.screen.screen.weights),
        "kept": {
            category.value: round(held_out.screen.kept(labels == index), 4) for index, category in enumerate(CATEGORIES)
        },
    }


def load_dataset(corpus: Sequence[Path], recipe: Recipe) -> Dataset:
    """Read corpus files with the background mail beside them, and count their features.

    Raises:
        ConfigError: the corpus cannot be read.
    """
    dataset = build_dataset(load_corpus(corpus), recipe.layout())
    for path, name in product(corpus, BACKGROUND):
        if (path / name).is_file():
            dataset = with_background(dataset, *load_background(path / name, recipe.layout()), BACKGROUND[name])
    return with_reader(with_acts(dataset, [path / FOLDER for path in corpus if path.is_dir()]))


def default_costs() -> CostTable:
    """Return what mistakes cost where the owner has set nothing."""
    return CostTable(**DecisionConfig().model_dump())


def judge_check(folder: Path, model: LinearModel) -> Answers:
    """Answer the check set with the finished model."""
    specimens = load_corpus([folder])
    judge = Judge(model, default_costs())
    chances = np.array([[*judge.read(one.content).verdict.probabilities.values()] for one in specimens])
    labels = np.array([CATEGORIES.index(one.category) for one in specimens], dtype=np.int64)
    return answer(specimens, labels, chances, default_costs())
