"""Hashed n-grams of words and characters, all at once with NumPy.

Every n-gram of a text is a window over its code points, so that its polynomial hash
modulo 2**64 is the difference of two prefix sums (Karp and Rabin 1987). The multiplier
is odd and has an inverse modulo 2**64, which makes windows at different places
comparable. No Python loop runs over words or characters: a mail takes 27 us where a loop
with a hash function takes 474 us (public mail of 9 KB, tests/benchmarks/bench.py).
"""

import zlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Hashes = npt.NDArray[np.uint64]
Positions = npt.NDArray[np.intp]

MAX_CHARACTERS = 6000
"""Longer text is cut to its beginning and its end, where an approach says what it wants."""

_P = 0x9E3779B97F4A7C15
_P_INVERSE = pow(_P, -1, 2**64)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(32)
_SPACE, _EXCLAMATION, _QUESTION = np.uint32(32), np.uint32(33), np.uint32(63)


def _powers(base: int, count: int) -> Hashes:
    values = np.empty(count, dtype=np.uint64)
    value = 1
    for index in range(count):
        values[index] = value
        value = value * base % 2**64
    return values


_POWERS = _powers(_P, MAX_CHARACTERS + 3)
_INVERSES = _powers(_P_INVERSE, MAX_CHARACTERS + 3)


@dataclass(frozen=True, slots=True)
class HashedText:
    """A text prepared for n-grams.

    Attributes:
        prefix: hashes of its beginnings, shape (characters + 1,).
        starts, ends: the places of its words.
        asking: the numbers of the words that end with a question or exclamation mark.
    """

    text: str
    prefix: Hashes
    starts: Positions
    ends: Positions
    asking: Positions

    def windows(self, starts: Positions, ends: Positions) -> Hashes:
        """Return the hash of the text between each start and end."""
        return (self.prefix[ends] - self.prefix[starts]) * _INVERSES[starts]


def shorten(text: str) -> str:
    """Cut words from the middle of a text that is longer than `MAX_CHARACTERS`."""
    return text if len(text) <= MAX_CHARACTERS else " ".join(_head_and_tail(text))


def _head_and_tail(text: str) -> tuple[str, str]:
    head = MAX_CHARACTERS * 3 // 4
    return text[:head].rpartition(" ")[0], text[head - MAX_CHARACTERS + 1 :].partition(" ")[2]


def shorten_places(text: str, places: Positions) -> Positions:
    """Return where words stand in the shortened text, by their numbers in the whole; those cut away are left out."""
    if len(text) <= MAX_CHARACTERS:
        return places
    head, tail = _head_and_tail(text)
    first, last = len(head.split()), len(tail.split())  # a word too long for either is in none
    cut = text.count(" ") + 1 - first - last
    return np.concatenate([places[places < first], [first], places[places > first + cut] - cut])


def hash_text(words: str) -> HashedText:
    """Prepare words that stand one space apart; one space is put around the whole."""
    return _hash_text(words) if words else _NOTHING


def _hash_text(words: str) -> HashedText:
    text = f" {shorten(words)} "[: MAX_CHARACTERS + 2]
    points = np.frombuffer(text.encode("utf-32-le", "replace"), dtype=np.uint32)
    prefix = np.zeros(len(points) + 1, dtype=np.uint64)
    np.cumsum((points.astype(np.uint64) + np.uint64(1)) * _POWERS[: len(points)], out=prefix[1:])
    blanks = np.flatnonzero(points == _SPACE)
    starts, ends = blanks[:-1] + 1, blanks[1:]
    real = ends > starts
    starts, ends = starts[real], ends[real]
    last = points.take(ends - 1)
    asking = ((last == _QUESTION) | (last == _EXCLAMATION)).nonzero()[0]
    return HashedText(text, prefix, starts, ends, asking)


_NOTHING = _hash_text("")


def salt(name: str) -> np.uint64:
    """Return what hashes of that name are told apart from others by."""
    return np.uint64(zlib.crc32(name.encode()) * _P % 2**64)


def spread(hashes: Hashes) -> None:
    """Spread salted hashes over all 64 bits, in place (MurmurHash3's finalizer)."""
    hashes *= _MIX
    hashes ^= hashes >> _SHIFT
    hashes *= _MIX
    hashes ^= hashes >> _SHIFT


def hash_words(hashed: HashedText) -> Hashes:
    """Return the hash of each word, in the order of the text."""
    return hashed.windows(hashed.starts, hashed.ends)


def character_ngrams(hashed: HashedText, order: int) -> Hashes:
    """Return the hashes of each `order` characters in a row, spaces included."""
    count = len(hashed.prefix) - order
    if count <= 0:
        return np.empty(0, dtype=np.uint64)
    return (hashed.prefix[order:] - hashed.prefix[:count]) * _INVERSES[:count]
