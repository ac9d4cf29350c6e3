"""A first look that clears plain `other`: most mail speaks of no job and of no money at all.

A linear model over the words of a mail, weighed by one look into a dictionary each. What
it does not clear is judged in full. Weights for `other` are bounded and the beginning of
a mail must be harmless by itself, so that ordinary text below an offer does not outweigh
it. The threshold is set on authors that training held out (models/base.md).
"""

import math
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from triage.records import CATEGORIES, Category, Evidence

HEAD_WORDS = 400
"""The beginning that must be harmless by itself."""

MIN_KNOWN = 3
"""A mail with fewer known words cannot be read: it is judged in full, whatever they say."""

USUAL_WORDS = 60
"""A mail with so many known words has its weights added up as they are; of four times as many each counts half."""

HEAD, TAIL = 3_000, 1_000
"""How many characters of a mail's beginning and end are looked at first."""

_SHARED = 600
"""How many characters two parts of a mail's middle share: a short offer is whole in one of them."""

_EVIDENCE = 3
_OTHER = CATEGORIES.index(Category.OTHER)
# Letters of Latin-1 in lower case; whatever else parts words.
_TABLE = bytes(ord(chr(code).lower()) if chr(code).isalpha() else ord(" ") for code in range(256))


def glance_words(text: str) -> list[str]:
    """Return the words of a text in lower case and Latin-1, without digits.

    What is not in Latin-1 parts words, as white space does: the rest of a Polish word is as
    good a mark of it. Another script, lookalike letters and what is invisible leave nothing
    that is known, so that such a mail is judged in full.
    """
    if len(text) > HEAD + TAIL:
        text = f"{text[:HEAD]} {text[-TAIL:]}"
    # Bytes are translated ten times as fast; strings are looked up faster.
    return text.encode("latin-1", "replace").translate(_TABLE).decode("latin-1").split()


def split_middle(text: str) -> list[str]:
    """Return the parts in which the middle of a long text is looked at; neighbours share what an offer may take."""
    return [text[start : start + HEAD] for start in range(0, max(1, len(text) - _SHARED), HEAD - _SHARED) if text]


@dataclass(frozen=True, slots=True)
class Glance:
    """What the first look found.

    Attributes:
        score: of the whole or of its beginning, whichever is higher; at least the threshold
            where too few words are known.
        words: the known words that are there.
    """

    score: float
    words: AbstractSet[str]


@dataclass(frozen=True, slots=True)
class Screen:
    """A linear model over the presence of words: leads and scams against `other`.

    The sum of the weights is divided by the root of how many known words there are, so that
    a long newsletter is no suspect for its length alone.

    Attributes:
        weights: by word; the frequent first, so that they lie side by side in memory.
        intercept: the score of a mail without a known word.
        threshold: a mail whose score is lower is cleared.
        slope, bias: the logistic function of slope * score + bias is the probability of a
            lead or a scam (Platt 1999).
        shares: how leads and scams are divided, shape (4,) in the order of `CATEGORIES`.
    """

    weights: Mapping[str, float] = field(repr=False)
    intercept: float
    threshold: float
    slope: float
    bias: float
    shares: tuple[float, ...]
    _harmless: Mapping[str, float] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare the words that evidence may name, the heaviest first."""
        named = sorted(self.weights, key=lambda word: (self.weights[word], word))
        harmless = {word: -weight for word in named if (weight := self.weights[word]) < 0}
        object.__setattr__(self, "_harmless", harmless)

    def look(self, words: Sequence[str]) -> Glance:
        """Weigh the words of a mail, as `glance_words` gives them."""
        known, weight = self.weights.keys(), self.weights.__getitem__
        found = known & words[:HEAD_WORDS]
        total = sum(map(weight, found))
        score = total * _scale(found)
        if len(words) > HEAD_WORDS:
            below = (known & words[HEAD_WORDS:]) - found
            found |= below
            score = max(score, (total + sum(map(weight, below))) * _scale(found))
        score += self.intercept
        return Glance(score if len(found) >= MIN_KNOWN else max(score, self.threshold), found)

    def clears(self, glance: Glance) -> bool:
        """Return whether a mail is plain `other`."""
        return glance.score < self.threshold

    def probabilities(self, score: float) -> dict[Category, float]:
        """Return P(category) of a mail by its score alone, in the order of `CATEGORIES`."""
        suspect = 1.0 / (1.0 + math.exp(-(self.slope * score + self.bias)))
        chances = [suspect * share for share in self.shares]
        chances[_OTHER] = 1.0 - suspect
        return dict(zip(CATEGORIES, chances, strict=True))

    def evidence(self, glance: Glance) -> tuple[Evidence, ...]:
        """Return the words that speak most for `other`."""
        found, scale = [], _scale(glance.words)
        for word, weight in self._harmless.items():  # the heaviest first: a few steps find three
            if word in glance.words:
                found.append(Evidence("words", word, weight * scale))
                if len(found) == _EVIDENCE:
                    break
        return tuple(found)


def _scale(found: AbstractSet[str]) -> float:
    return math.sqrt(USUAL_WORDS / len(found)) if found else 1.0


NEVER = Screen({}, 0.0, -np.inf, 1.0, 0.0, (0.0,) * len(CATEGORIES))
"""Clears nothing: every mail is judged in full."""


def to_plain(screen: Screen) -> dict[str, object]:
    """Return the screen as containers of strings, numbers and arrays only, the words in their order."""
    return {
        "words": " ".join(screen.weights),
        "weights": np.array([*screen.weights.values()], dtype=np.float32),
        "numbers": np.array([screen.intercept, screen.threshold, screen.slope, screen.bias, *screen.shares]),
    }


def from_plain(plain: Mapping[str, object]) -> Screen:
    """Return the screen that `to_plain` took apart.

    Raises:
        KeyError, TypeError, ValueError: it is not such a screen.
    """
    words, numbers = plain["words"], np.asarray(plain["numbers"], dtype=np.float64).tolist()
    weights: npt.NDArray[np.float32] = np.asarray(plain["weights"], dtype=np.float32)
    if not isinstance(words, str) or len(numbers) != 4 + len(CATEGORIES):
        message = "the screen is incomplete"
        raise TypeError(message)
    # What is looked up stays in the processor's cache only where it is small: equal weights are one number.
    shared: dict[float, float] = {}
    equal = [shared.setdefault(weight, weight) for weight in weights.tolist()]
    return Screen(
        dict(zip(words.split(), equal, strict=True)),
        intercept=numbers[0],
        threshold=numbers[1],
        slope=numbers[2],
        bias=numbers[3],
        shares=tuple(numbers[4:]),
    )
