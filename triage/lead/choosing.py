"""Chooses among candidates: a weighted sum of facts for each field, and a threshold set on authors held out."""

import math
from collections.abc import Callable, Mapping, Sequence

from triage.lead.candidates import Candidate, overlaps

BIAS, THRESHOLD = "bias", "threshold"


def score(facts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    """Return the probability that a candidate is right, by its facts."""
    total = weights.get(BIAS, 0.0) + sum(weights[name] * value for name, value in facts.items() if name in weights)
    return 1.0 / (1.0 + math.exp(-max(-30.0, min(30.0, total))))


def choose(
    candidates: Sequence[Candidate],
    weights: Mapping[str, float],
    *,
    limit: int,
    clash: Callable[[Candidate, Candidate], bool] = overlaps,
) -> list[Candidate]:
    """Return the candidates that reach the threshold, the surest first, none of which clashes with a surer one."""
    rated = sorted(
        ((score(one.facts, weights), one.phrase, one) for one in candidates), key=lambda item: (-item[0], item[1])
    )
    chosen: list[Candidate] = []
    for chance, _, candidate in rated:
        if chance < weights.get(THRESHOLD, 1.0) or len(chosen) >= limit:
            break
        if not any(clash(candidate, one) for one in chosen):
            chosen.append(candidate)
    return chosen
