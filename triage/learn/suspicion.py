"""Notices that something went wrong before it is learnt: a folder emptied into another, mail planted, a mapping mixed up."""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from triage.classify.model import Vector
from triage.learn.examples import Example
from triage.records import CATEGORIES, Category

MASS = 50
"""So many contradictions at once are no correction any more."""

_SURE = 0.8


def find_contradictions(
    examples: Sequence[Example], learnt: Mapping[str, Category], chances: Vector
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    """Return which examples contradict what was learnt of them, and which new ones what the model in use is sure of.

    Args:
        learnt: what the model in use learnt, by fingerprint.
        chances: its probabilities, shape (n, 4).
    """
    flipped = np.array([learnt.get(one.fingerprint, one.category) is not one.category for one in examples], dtype=bool)
    new = np.array([one.fingerprint not in learnt for one in examples], dtype=bool)
    truth = np.array([CATEGORIES.index(one.category) for one in examples], dtype=np.int64)
    surprising = new & (chances.argmax(axis=1) != truth) & (chances.max(axis=1) >= _SURE)
    return flipped, surprising


def reason_to_hold(examples: Sequence[Example], learnt: Mapping[str, Category], chances: Vector) -> str:
    """Return why to ask the owner first, empty if there is no reason."""
    flipped, surprising = find_contradictions(examples, learnt, chances)
    if flipped.sum() >= MASS:
        return f"{flipped.sum()} messages have another category than last time{_where(examples, flipped)}"
    new = sum(one.fingerprint not in learnt for one in examples)
    if surprising.sum() >= MASS and 2 * surprising.sum() >= new:
        return (
            f"{surprising.sum()} of {new} new messages are surely something else by the model in use"
            f"{_where(examples, surprising)}"
        )
    return ""


def _where(examples: Sequence[Example], chosen: npt.NDArray[np.bool_]) -> str:
    """Return the folder that most of them are in, with what it says they are."""
    counts: dict[tuple[str, str], int] = {}
    for index in np.flatnonzero(chosen).tolist():
        place = (examples[index].ref.folder, examples[index].category.value)
        counts[place] = counts.get(place, 0) + 1
    folder, category = max(counts, key=lambda place: (counts[place], place))
    return (
        f", most of them now {category} in {folder}; if you meant that, run `triage train --confirm`, "
        "else move them back or mend [training.folders]"
    )
