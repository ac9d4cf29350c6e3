"""Counted features as bytes: all that is kept of a message to learn from it again.

The places are hashes, of which no word can be read, but for the last few: how surely a sentence of
the mail does each act (`triage.classify.acts`), and what all of them together are read as (`triage.classify.reader`).
"""

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np

from triage.classify.features import OwnerMask
from triage.classify.model import Block, LinearModel
from triage.classify.scorer import NO_ACTS, Counted

FEATURES = 3
"""Version of what features see in a message; counts of another version are made anew."""

_MAX_COUNT = 255
_WIDTH = 5  # octets for each place: four of distance, one of count


def features_id(model: LinearModel, owner: OwnerMask) -> str:
    """Return a name of what counts depend on: only those of one name may be learnt from together."""
    layout = ";".join(f"{block.name}:{','.join(block.families)}:{block.bits}" for block in model.blocks)
    acts = model.acts.name if model.acts else ""
    reader = model.reader.name if model.reader else ""
    text = f"{FEATURES}\n{layout}\n{acts}\n{reader}\n{' '.join(sorted(owner.words))}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def pack_counts(counted: Counted) -> bytes:
    """Return places and counts as compressed bytes; a count is 255 at most."""
    distances = np.diff(counted.places, prepend=0).astype("<u4")
    counts = np.minimum(counted.counts, _MAX_COUNT).astype(np.uint8)
    # The first octets of all distances, then the second ones: alike stands beside alike.
    octets = distances.view(np.uint8).reshape(-1, _WIDTH - 1).T.tobytes()
    return zlib.compress(octets + counts.tobytes(), 6)


def unpack_counts(packed: bytes, blocks: Sequence[Block]) -> Counted:
    """Return what `pack_counts` took apart, without the order of the occurrences.

    Raises:
        ValueError: these are no such bytes.
    """
    try:
        plain = np.frombuffer(zlib.decompress(packed), dtype=np.uint8)
    except zlib.error as error:
        message = "the counts are damaged"
        raise ValueError(message) from error
    size, rest = divmod(len(plain), _WIDTH)
    if rest:
        message = "the counts are cut"
        raise ValueError(message)
    octets = plain[: size * (_WIDTH - 1)].reshape(_WIDTH - 1, size).T
    places = np.cumsum(np.ascontiguousarray(octets).view("<u4").ravel(), dtype=np.int64)
    ends = [block.offset + 2**block.bits for block in blocks]
    bounds = np.searchsorted(places, [0, *ends])
    return Counted(places, plain[size * (_WIDTH - 1) :].astype(np.int64), bounds, np.empty(0, dtype=np.int64), NO_ACTS)
