"""Marks the words of a message that name company, role, place and people: a linear-chain model, learnt from annotated mail.

Weights stand in a file of plain arrays beside this one, written by `triage train --leads`.
A word's score for each tag is the sum over its features; forward and backward passes over
each line (Lafferty, McCallum and Pereira 2001) turn scores into probabilities.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib import resources

import numpy as np
import numpy.typing as npt

from triage.lead.columns import CLUSTERS, GAZETTEERS, Context, Hashes, Ids, columns, features
from triage.lead.material import Material

FIELDS = ("company", "agency", "role", "place", "recruiter", "referrer", "pay", "known", "deadline", "start")
"""What words can belong to; tags are O, then B and I of each field."""

TAGS = 1 + 2 * len(FIELDS)

_BUCKET_BITS = 19
_MAX_CELLS = 40_000
"""Words, padding counted, that run side by side: 7 MB an array; a mail of 60 lines takes some 2,000."""

Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True)
class LeadModel:
    """Weights and word lists.

    Attributes:
        hashes: sorted, of the features that have weights.
        weights: shape (features, tags).
        transitions: shape (tags, tags), from row to column.
        choosers: by field, weights of the facts that choose among candidates, and a threshold.
        lists: word lists by name, as sorted hashes.
    """

    hashes: Hashes
    weights: npt.NDArray[np.floating]
    transitions: Matrix
    choosers: Mapping[str, Mapping[str, float]]
    lists: Mapping[str, Hashes]

    @cached_property
    def buckets(self) -> npt.NDArray[np.int32]:
        """The first row of each beginning of a hash, and the end of the last."""
        firsts = np.arange(2**_BUCKET_BITS, dtype=np.uint64) << np.uint64(32 - _BUCKET_BITS)
        found = np.searchsorted(self.hashes, firsts.astype(np.uint32))
        return np.append(found, len(self.hashes)).astype(np.int32)


@lru_cache(maxsize=1)
def shipped_model() -> LeadModel:
    """Return the model that ships with the program; read once, when the first card is made."""
    with (
        resources.files("triage.lead").joinpath("card.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as found,
    ):
        return from_arrays(dict(found))


def from_arrays(found: Mapping[str, npt.NDArray[np.generic]]) -> LeadModel:
    """Return the model that arrays of a file stand for."""
    return LeadModel(
        found["hashes"].astype(np.uint32),
        found["weights"].astype(np.float16),  # half the memory; a mail's rows are widened when they are added up
        found["transitions"].astype(np.float64),
        json.loads(str(found["choosers"])),
        {name: found[f"list_{name}"].astype(np.uint32) for name in (*GAZETTEERS, *CLUSTERS)},
    )


def to_arrays(model: LeadModel) -> dict[str, npt.NDArray[np.generic]]:
    """Return the arrays of a file."""
    return {
        "hashes": model.hashes,
        "weights": model.weights.astype(np.float16),
        "transitions": model.transitions,
        "choosers": np.array(json.dumps(model.choosers, sort_keys=True)),
        **{f"list_{name}": values for name, values in model.lists.items()},
    }


@dataclass(frozen=True)
class Marks:
    """What is known of the words of each line.

    Attributes:
        chances: the probability of every tag, shape (words, TAGS).
        places: where a place of the lists begins (1 or 3) and goes on (2 or 4), else 0.
    """

    chances: Sequence[Matrix]
    places: Sequence[Sequence[int]]


def mark(material: Material, context: Context, model: LeadModel) -> Marks:
    """Return what the model makes of the words of a message."""
    if not material.lines:
        return Marks((), ())
    found, starts = columns(material, context, model.lists)
    chances = chances_of(material, features(found, starts), starts, model)
    return Marks(chances, places_of(material, found, starts))


def places_of(material: Material, found: Mapping[str, Ids], starts: Sequence[int]) -> list[list[int]]:
    """Return the column of listed places, line by line."""
    values = found["places"].tolist()
    return [values[start : start + len(line.tokens)] for start, line in zip(starts, material.lines, strict=True)]


def chances_of(
    material: Material, made: npt.NDArray[np.uint32], starts: Sequence[int], model: LeadModel
) -> list[Matrix]:
    """Return the same from features made before."""
    if not material.lines:
        return []
    sizes = [len(line.tokens) for line in material.lines]
    return _marginals(_scores(made, model), starts, sizes, model.transitions)


def _scores(made: npt.NDArray[np.uint32], model: LeadModel) -> Matrix:
    scores = np.zeros((len(made), TAGS))
    found, rows = _look_up(made.ravel(), model)
    if len(found):
        words = found // made.shape[1]
        firsts = np.flatnonzero(np.diff(words, prepend=-1))
        scores[words[firsts]] = np.add.reduceat(model.weights[rows].astype(np.float32), firsts, axis=0)
    return scores


def _look_up(hashes: Hashes, model: LeadModel) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """Return which hashes have weights, in order, and the rows of those.

    Most have none, and a binary search for each would be half of what a card costs: the
    highest bits lead to the few rows that begin with them.
    """
    highest = hashes >> np.uint32(32 - _BUCKET_BITS)
    places = np.flatnonzero(model.buckets[highest] < model.buckets[highest + np.uint32(1)])
    wanted, ends = hashes[places], model.buckets[highest[places] + np.uint32(1)]
    rows = model.buckets[highest[places]].astype(np.intp)
    while True:
        behind = (rows < ends - 1) & (model.hashes[rows] < wanted)
        if not behind.any():
            break
        rows += behind
    hit = model.hashes[rows] == wanted
    return places[hit], rows[hit]


def _marginals(scores: Matrix, starts: Sequence[int], sizes: Sequence[int], transitions: Matrix) -> list[Matrix]:
    """Return the probabilities of every line's tags.

    Lines run side by side, as long as the longest of them. Ordinary mail runs at once; where one line is long and
    many are short, the long ones run apart from the short, or each short one would take the room of the longest.
    """
    found: list[Matrix] = [np.empty((0, TAGS))] * len(sizes)
    order = sorted(range(len(sizes)), key=lambda line: -sizes[line])
    if len(sizes) * max(sizes) <= _MAX_CELLS:
        order = list(range(len(sizes)))
    while order:
        count = max(1, _MAX_CELLS // max(sizes[line] for line in order))
        group, order = order[:count], order[count:]
        run = _side_by_side(scores, [starts[line] for line in group], [sizes[line] for line in group], transitions)
        for line, values in zip(group, run, strict=True):
            found[line] = values
    return found


def _side_by_side(scores: Matrix, starts: Sequence[int], sizes: Sequence[int], transitions: Matrix) -> list[Matrix]:
    """Run forward and backward over all lines at once, shorter ones padded at their end."""
    count, longest = len(sizes), max(sizes)
    padded = np.zeros((longest, count, TAGS))
    for line, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        padded[:size, line] = scores[start : start + size]
    padded = np.exp(padded - padded.max(axis=2, keepdims=True))
    step = np.exp(transitions)
    lengths = np.array(sizes)
    forward = np.empty_like(padded)
    forward[0] = padded[0] / padded[0].sum(axis=1, keepdims=True)
    for at in range(1, longest):
        forward[at] = (forward[at - 1] @ step) * padded[at]
        forward[at] /= forward[at].sum(axis=1, keepdims=True)
    backward = np.ones((count, TAGS))
    result = np.empty_like(padded)
    result[longest - 1] = forward[longest - 1]
    for at in range(longest - 2, -1, -1):
        moved = (backward * padded[at + 1]) @ step.T
        moved /= moved.sum(axis=1, keepdims=True)
        backward = np.where((at + 1 < lengths)[:, None], moved, 1.0)
        result[at] = forward[at] * backward
    result /= result.sum(axis=2, keepdims=True)
    return [result[:size, line] for line, size in enumerate(sizes)]
