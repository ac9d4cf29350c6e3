"""Why a verdict: exact contributions of words and signals, in a fixed order.

The model is linear, so that contributions add up to the score: the score of the
category judged less the mean of the others. What a word contributes is the sum over
all n-grams that cover it, shared evenly among the words each covers.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from triage.classify.acts import ACTS
from triage.classify.features import Features, occurrences
from triage.classify.model import LinearModel, Vector
from triage.classify.ngrams import Positions
from triage.classify.reader import adds_to_levels, has_letters
from triage.classify.scorer import SparseVector
from triage.classify.wording import own_words, shown_sentence
from triage.records import CATEGORIES, Category, Evidence

ACT = "sentence:"
"""What the name of evidence begins with that is a sentence and what it does."""

MEANING = "meaning"
"""The name of evidence that is a sentence and what it is read as."""

_MAX_SENTENCE_WORDS = 24
_MAX_PHRASES = 6
_MAX_MEANINGS = 3
_MAX_EVIDENCE = 12
_MAX_PHRASE_WORDS = 7
_AROUND = 2
_MIN_WEIGHT = 0.005
# Of the words of a mail, the fifth of most weight makes phrases.
_STRONG = 0.8


@dataclass(frozen=True, slots=True)
class Contributions:
    """A score taken apart; all parts together are the whole.

    Attributes:
        words: contribution of each word of the "all" view, in order.
        named: contributions with a name of their own: signals, what sentences do, and what they mean.
        rest: what has neither word nor name: sender tokens, acts that no sentence seems to do, sentences that mean
            little, the intercept.
    """

    words: Vector
    named: tuple[Evidence, ...]
    rest: float

    @property
    def total(self) -> float:
        """The score of the category against the mean of the others."""
        return float(self.words.sum()) + sum(item.weight for item in self.named) + self.rest


def contributions(category: Category, features: Features, vector: SparseVector, model: LinearModel) -> Contributions:
    """Take the score of a category against the mean of the others apart."""
    return take_apart(direction_of(category), features, vector, model)


def take_apart(direction: Vector, features: Features, vector: SparseVector, model: LinearModel) -> Contributions:
    """Take a weighted sum of the scores apart.

    Args:
        direction: the weight of each category's score, shape (4,).
    """
    view = features.views["all"]
    steps = np.zeros(len(view.prefix))
    named = np.zeros(len(features.signals))
    rest = float(model.intercept @ direction)
    counted = vector.counted
    each = vector.values * (vector.weights @ direction) / counted.counts
    shares = each.take(np.searchsorted(counted.places, counted.occurrences))
    for family, start, end in _families(features, model):
        part = shares[start:end]
        if family == "signal":
            named += part  # more than one block may weigh it
        elif (places := occurrences(features, family)) is None:
            rest += float(part.sum())
        else:
            steps += _spread(*places, part, len(steps))
    running = np.concatenate([[0.0], np.cumsum(np.cumsum(steps)[:-1])])
    # What lies on the spaces around a word goes to the word after them.
    edges = np.concatenate([[0], view.starts[1:], [len(view.prefix) - 1]]) if len(view.starts) else np.array([0, 0])
    words = np.diff(running.take(edges))
    if not len(view.starts):
        rest += float(words.sum())
        words = np.empty(0)
    acts, unseen = _take_acts_apart(direction, features, vector, model)
    meanings, unsaid = _take_reading_apart(direction, vector)
    return Contributions(words, (*_name(features, named), *acts, *meanings), rest + unseen + unsaid)


def _take_reading_apart(direction: Vector, vector: SparseVector) -> tuple[list[Evidence], float]:
    """Return what the sentences that say most add, and what all others do with rounding and what nothing read would."""
    read = vector.read
    if read is None:
        return [], 0.0
    size = len(read.levels)
    unit, weights = vector.values[-1] / read.levels[-1], vector.weights[-size:]
    adds = unit * (adds_to_levels(read.adds) @ weights)
    quotes = [shown_sentence(sentence) for sentence in read.sentences]
    # The same sentences whatever the direction, those that move the scores most.
    moves = np.abs(adds).sum(axis=1)
    ordered = sorted((row for row, one in enumerate(quotes) if has_letters(one)), key=lambda row: (-moves[row], row))
    found: dict[str, float] = {}
    for row in ordered:
        if quotes[row] in found or len(found) < _MAX_MEANINGS:
            found[quotes[row]] = found.get(quotes[row], 0.0) + float(adds[row] @ direction)
    whole = float(vector.values[-size:] @ (weights @ direction))
    return [Evidence(MEANING, quote, weight) for quote, weight in found.items()], whole - sum(found.values())


def _take_acts_apart(
    direction: Vector, features: Features, vector: SparseVector, model: LinearModel
) -> tuple[list[Evidence], float]:
    """Return what each act adds that a sentence rather does than not, with that sentence, and what all others add."""
    if not len(vector.counted.acts):
        return [], 0.0
    start, end = vector.counted.bounds[-2:].tolist()
    end -= 0 if vector.read is None else len(vector.read.levels)
    adds = np.zeros(2 * len(ACTS))
    places = vector.counted.places[start:end] - model.blocks[-1].offset
    adds[places] = vector.values[start:end] * (vector.weights[start:end] @ direction)
    each = adds.reshape(2, len(ACTS)).sum(axis=0)
    best = vector.counted.acts.argmax(axis=0)
    seen = vector.counted.acts.max(axis=0) > 0
    found = [
        Evidence(f"{ACT}{ACTS[act]}", _sentence(features, int(best[act])), float(each[act]))
        for act in seen.nonzero()[0].tolist()
    ]
    return found, float(each[~seen].sum())


def _sentence(features: Features, number: int) -> str:
    view = features.views["all"]
    bounds = [*features.sentences.tolist(), len(view.starts)]
    first, last = bounds[number], min(bounds[number + 1], bounds[number] + _MAX_SENTENCE_WORDS)
    return view.text[view.starts[first] : view.ends[last - 1]]


def named_evidence(
    category: Category, features: Features, vector: SparseVector, model: LinearModel
) -> tuple[Evidence, ...]:
    """Return the contributions of signals alone, strongest first: a fraction of the work of `contributions`."""
    direction, counted = direction_of(category), vector.counted
    found = np.zeros(len(features.signals))
    for family, start, end in _families(features, model):
        if family == "signal":
            places = np.searchsorted(counted.places, counted.occurrences[start:end])
            weights = vector.weights.take(places, axis=0) @ direction
            found += vector.values.take(places) * weights / counted.counts.take(places)
    return _sorted((item for item in _name(features, found) if abs(item.weight) >= _MIN_WEIGHT), features)


def _families(features: Features, model: LinearModel) -> Iterator[tuple[str, int, int]]:
    """Yield each family with the slice of the occurrences that is its own."""
    start = 0
    for family in (family for block in model.blocks for family in block.families):
        end = start + len(features.family(family))
        yield family, start, end
        start = end


def _name(features: Features, shares: Vector) -> Iterator[Evidence]:
    return (
        Evidence(signal.name, signal.quote, weight)
        for signal, weight in zip(features.signals, shares.tolist(), strict=True)
    )


def direction_of(category: Category) -> Vector:
    """Return the weights by which scores become one category's against the mean of the others."""
    direction = np.full(len(CATEGORIES), -1.0 / (len(CATEGORIES) - 1))
    direction[CATEGORIES.index(category)] = 1.0
    return direction


def _spread(starts: Positions, ends: Positions, shares: Vector, size: int) -> Vector:
    """Return each share spread evenly over its characters, as steps up at the start and down at the end."""
    density = shares / np.maximum(1, ends - starts)
    return np.asarray(
        np.bincount(starts, weights=density, minlength=size) - np.bincount(ends, weights=density, minlength=size)
    )


def strongest(found: Contributions, features: Features) -> tuple[Evidence, ...]:
    """Return named evidence and the phrases of most weight, strongest first."""
    named = (item for item in found.named if abs(item.weight) >= _MIN_WEIGHT)
    return _sorted([*named, *_phrases(found.words, features)], features)


def _sorted(items: Iterable[Evidence], features: Features) -> tuple[Evidence, ...]:
    ordered = sorted(items, key=lambda item: (-abs(item.weight), item.name, item.quote))
    return in_own_words(ordered[:_MAX_EVIDENCE], features)


def in_own_words(items: Sequence[Evidence], features: Features) -> tuple[Evidence, ...]:
    """Return evidence as people are shown it: what signals quote is no longer folded."""
    named = {item.name for item in items}
    quotes = own_words(*features.source, [signal for signal in features.signals if signal.name in named])
    return tuple(Evidence(item.name, quotes.get(item.name, item.quote), item.weight) for item in items)


def _phrases(words: Vector, features: Features) -> Iterator[Evidence]:
    """Yield runs of words that point the same way, the heaviest first, with a word or two around each.

    The words around are there so that a person can find the place; the weight is the run's alone.
    """
    view = features.views["all"]
    for weight, start, end in strong_runs(words)[:_MAX_PHRASES]:
        first, last = max(0, start - _AROUND), min(len(words), end + _AROUND)
        yield Evidence("words", view.text[view.starts[first] : view.ends[last - 1]], weight)


def strong_runs(words: Vector) -> list[tuple[float, int, int]]:
    """Return weight, first word and end of the runs of words that point the same way, the heaviest first.

    Args:
        words: the contribution of each word.
    """
    if not len(words):
        return []
    sizes = np.abs(words)
    strong = (sizes >= max(_MIN_WEIGHT, _quantile(sizes, _STRONG))).nonzero()[0].tolist()
    runs: list[tuple[float, int, int]] = []
    for index in strong:
        weight = float(words[index])
        if runs and _continues(runs[-1], index, weight):
            runs[-1] = (runs[-1][0] + weight, runs[-1][1], index + 1)
        else:
            runs.append((weight, index, index + 1))
    return sorted(runs, key=lambda run: (-abs(run[0]), run[1]))


def _quantile(values: Vector, share: float) -> float:
    """Return what `np.quantile` does, which takes longer than all else here and imports masked arrays for it."""
    place = (len(values) - 1) * share
    below = int(place)
    ordered = np.sort(values)
    low, high = float(ordered[below]), float(ordered[min(below + 1, len(values) - 1)])
    return low + (high - low) * (place - below)


def _continues(run: tuple[float, int, int], index: int, weight: float) -> bool:
    """Return whether a word goes on with a run: it follows, points the same way, and there is room."""
    total, start, end = run
    return index == end and end - start < _MAX_PHRASE_WORDS and (total > 0) == (weight > 0)
