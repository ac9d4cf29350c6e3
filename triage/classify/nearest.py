"""Which mails of the corpus a message is most like: by a sketch of each, without a word of its text.

A sketch is the message's vector folded into a few numbers with random signs (Weinberger et
al. 2009, feature hashing), so that the cosine of two sketches estimates that of the vectors.
"""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from triage.classify.ngrams import spread
from triage.classify.scorer import Buckets, SparseVector

WIDTH = 256
"""Numbers of a sketch: the cosine is off by 1 / 16 in the mean."""

Sketch = npt.NDArray[np.int8]


@dataclass(frozen=True)
class Known:
    """The mails of the corpus.

    Attributes:
        sketches: shape (mails, WIDTH).
        names: category, kind and language of each.
    """

    sketches: Sketch
    names: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A mail of the corpus and how like it a message is.

    Attributes:
        likeness: cosine, 1 for the same mail, about 0 for any other.
    """

    category: str
    kind: str
    language: str
    likeness: float


def sketch(vector: SparseVector) -> Sketch:
    """Return the sketch of a message, shape (WIDTH,).

    Without what its sentences do and mean, which every mail has some of: likeness would be great throughout.
    """
    counted = vector.counted
    end = int(counted.bounds[-2]) if len(counted.acts) or vector.read is not None else len(counted.places)
    return fold(counted.places[:end], vector.values[:end])


def fold(places: Buckets, values: npt.NDArray[np.float64]) -> Sketch:
    """Return values at places folded to `WIDTH` numbers, the largest of which is 127."""
    hashes = places.astype(np.uint64)
    spread(hashes)
    signs = np.where(hashes >> np.uint64(63), 1.0, -1.0)
    sums = np.bincount((hashes % np.uint64(WIDTH)).astype(np.int64), weights=signs * values, minlength=WIDTH)
    largest = float(np.abs(sums).max())
    return np.round(sums * (127 / largest) if largest else sums).astype(np.int8)


def nearest(known: Known, vector: SparseVector, count: int) -> tuple[Neighbour, ...]:
    """Return the mails that a message is most like, the likest first."""
    if not known.names:
        return ()
    own = sketch(vector).astype(np.float64)
    all_of_them = known.sketches.astype(np.float64)
    lengths = np.linalg.norm(all_of_them, axis=1) * (np.linalg.norm(own) or 1.0)
    likeness = all_of_them @ own / np.where(lengths, lengths, 1.0)
    best: Iterable[int] = np.argsort(-likeness, kind="stable")[:count].tolist()
    return tuple(Neighbour(*known.names[index], round(float(likeness[index]), 3)) for index in best)
