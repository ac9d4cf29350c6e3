"""What would have changed a verdict: the fewest reasons without which it would be another.

The model is linear, so that taking a reason away is taking its contributions out of the
scores, exactly. Reasons are taken one after the other, the one first without which the
verdict is least likely.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass

import numpy as np

from triage.classify.explanation import Contributions, in_own_words, strong_runs, take_apart
from triage.classify.features import Features
from triage.classify.model import LinearModel, Vector
from triage.classify.scorer import SparseVector, probabilities, score
from triage.records import CATEGORIES, Category, Evidence

_MOST = 5
"""More reasons than a person would read."""

Decide = Callable[[Vector, Collection[str]], Category | None]
"""From probabilities, and the names of the facts that are known beside the message, to a verdict."""


@dataclass(frozen=True, slots=True)
class WhatIf:
    """The verdict without some of its reasons.

    Attributes:
        without: what was taken away, in that order; the weight is what each added to the
            log-odds of the verdict against the likeliest other category.
        category: what the verdict then is; None where the model would abstain.
        probabilities: shape (4,), in the order of `CATEGORIES`.
        changes: whether that is another verdict; if not, no few reasons decide it.
    """

    without: tuple[Evidence, ...]
    category: Category | None
    probabilities: Vector
    changes: bool


def without_reasons(
    features: Features,
    vector: SparseVector,
    model: LinearModel,
    decide: Decide,
    known: Sequence[tuple[Evidence, Vector]] = (),
) -> WhatIf:
    """Take reasons away until the verdict is another, five at most.

    Args:
        known: facts that the message does not say, and what each adds to the raw scores.
    """
    scores = score(vector, model) + sum((adds for _, adds in known), np.zeros(len(CATEGORIES)))
    left = {fact.name for fact, _ in known}
    chances = probabilities(scores, model)
    verdict = decide(chances, left)
    first, second = np.argsort(-chances, kind="stable")[:2]
    direction = np.zeros(len(CATEGORIES))
    direction[first], direction[second] = model.slope[first], -model.slope[second]
    reasons = [*_known_reasons(direction, known), *_reasons(direction, features, vector, model)]
    taken: list[Evidence] = []
    while reasons and len(taken) < _MOST and decide(chances, left) == verdict:
        best = min(reasons, key=lambda one: float(probabilities(scores - one[1], model)[first]))
        reasons.remove(best)
        scores = scores - best[1]
        chances = probabilities(scores, model)
        left.discard(best[0].name)
        taken.append(best[0])
    category = decide(chances, left)
    return WhatIf(in_own_words(taken, features), category, chances, category != verdict)


def _known_reasons(direction: Vector, known: Sequence[tuple[Evidence, Vector]]) -> list[tuple[Evidence, Vector]]:
    weighed = [(fact, adds, float(adds @ direction)) for fact, adds in known]
    return [(Evidence(fact.name, fact.quote, weight), adds) for fact, adds, weight in weighed if weight > 0]


def _reasons(
    direction: Vector, features: Features, vector: SparseVector, model: LinearModel
) -> list[tuple[Evidence, Vector]]:
    """Return the reasons for the likeliest category against the next, and what each adds to every score."""
    each = [take_apart(row, features, vector, model) for row in np.eye(len(CATEGORIES))]
    named = np.array([[item.weight for item in part.named] for part in each])
    found = [
        (Evidence(item.name, item.quote, float(adds @ direction)), adds)
        for item, adds in zip(each[0].named, named.T, strict=True)
        if adds @ direction > 0
    ]
    return [*found, *_phrases(direction, features, each)]


def _phrases(direction: Vector, features: Features, each: list[Contributions]) -> list[tuple[Evidence, Vector]]:
    view = features.views["all"]
    words = np.array([part.words for part in each])
    return [
        (Evidence("words", view.text[view.starts[start] : view.ends[end - 1]], weight), words[:, start:end].sum(axis=1))
        for weight, start, end in strong_runs(direction @ words)
        if weight > 0
    ]
