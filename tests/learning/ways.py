"""Ways to a personal model, side by side on simulated owners.

    python -m tests.learning.ways [--steps 20 100]

Prints mistakes on each owner's later mail, and macro-F1 on the shipped check set, for: the base model;
what `triage train` does, a correction that turns each weight as the corpus lets it; the same with all weights
held alike; the scores of the base model as features beside the owner's words; the corpus and the examples
together, three times as heavy, learnt anew.
"""

import argparse
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from scipy import sparse

from tests.learning.owners import ROOT, Owner, load_owners, read, share_wrong
from triage.classify.model import Vector
from triage.learn.base import default_costs, load_dataset
from triage.learn.dataset import Dataset, design_matrix, inverse_frequencies
from triage.learn.firmness import Firmness
from triage.learn.fit import BASE_RECIPE, fit_categories, fit_linear
from triage.learn.gate import CheckSet, answers_of
from triage.learn.metrics import ABSTAINED, macro_f1
from triage.learn.personal import OwnMail, Prior, fit_personal
from triage.learn.promotion import load_check_set, load_prior
from triage.modelfile import base_model_path, load_model
from triage.records import CATEGORIES

_BASE = load_model(base_model_path())
_PRIOR = load_prior(_BASE)
_WEIGHT = 3
_SCALE = 0.3

Way = Callable[[OwnMail, OwnMail], Vector]


def by_base(_own: OwnMail, unseen: OwnMail) -> Vector:
    """Learn nothing."""
    return unseen.scores


def by_correction(own: OwnMail, unseen: OwnMail) -> Vector:
    """Correct the base model, each weight as the corpus lets it."""
    return fit_personal(own, _PRIOR).scores(unseen)


def by_plain_correction(own: OwnMail, unseen: OwnMail) -> Vector:
    """Correct the base model, all weights held alike."""
    firmness = Firmness(np.zeros_like(_PRIOR.firmness.codes), _PRIOR.firmness.ridge)
    return fit_personal(own, Prior(_BASE, firmness)).scores(unseen)


def by_stacking(own: OwnMail, unseen: OwnMail) -> Vector:
    """Learn from the base model's scores and the owner's words alone."""
    matrices = [sparse.hstack([mail.vectors, _SCALE * mail.scores], format="csr") for mail in (own, unseen)]
    weights, intercept = fit_linear(matrices[0], own.labels, len(CATEGORIES), 10.0)
    return np.asarray(matrices[1] @ weights + intercept)


class Union:
    """Learn anew from the corpus and the examples together."""

    def __init__(self, dataset: Dataset) -> None:
        """Prepare the corpus's part."""
        rows = np.arange(len(dataset))
        idf = [inverse_frequencies(counts, rows, BASE_RECIPE.idf_power) for counts in dataset.counts]
        self._matrix = design_matrix(dataset, idf)
        self._labels = dataset.labels

    def __call__(self, own: OwnMail, unseen: OwnMail) -> Vector:
        """Return the scores of mail."""
        matrix = sparse.vstack([self._matrix, *[own.vectors] * _WEIGHT], format="csr")
        labels = np.concatenate([self._labels, *[own.labels] * _WEIGHT])
        weights, intercept = fit_categories(matrix, labels, BASE_RECIPE)
        return np.asarray(unseen.vectors @ weights + intercept)


def measure(way: Way, own: OwnMail, owner: Owner, later: OwnMail, check: CheckSet) -> tuple[float, float]:
    """Return the share of mistakes on later mail, and macro-F1 on the check set."""
    found = answers_of(way(own, later), later, _BASE, default_costs())
    answers = [CATEGORIES[one] if one != ABSTAINED else None for one in found]
    wrong = share_wrong(owner.later, answers)
    said = answers_of(way(own, check.mail), check.mail, _BASE, default_costs())
    return wrong, macro_f1(check.mail.labels, said)


def main() -> int:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, nargs="+", default=(20, 100))
    given = parser.parse_args()
    check = load_check_set(_BASE)
    check = CheckSet(replace(check.mail, glances=np.full(len(check.mail), np.nan)), check.either)
    ways: dict[str, Way] = {
        "base model": by_base,
        "as it is": by_correction,
        "all weights held alike": by_plain_correction,
        "base scores as features": by_stacking,
        "corpus and examples learnt anew": Union(load_dataset([ROOT / "models" / "corpus"], BASE_RECIPE)),
    }
    write = sys.stdout.write
    write("| owner | examples | " + " | ".join(ways) + " |\n|---|---:|" + "---:|" * len(ways) + "\n")
    for owner in load_owners():
        later = replace(read(_BASE, owner.later), glances=np.full(len(owner.later), np.nan))
        for step in given.steps:
            own = read(_BASE, owner.filed(step))
            figures = [measure(way, own, owner, later, check) for way in ways.values()]
            cells = " | ".join(f"{wrong:.1%} / {score:.3f}" for wrong, score in figures)
            write(f"| {owner.name} | {step} | {cells} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
