"""Specimens to matrices: the scorer's own counting, once for each message."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.classify.features import extract_features
from triage.classify.model import Block, Vector
from triage.classify.scorer import Buckets, count_buckets
from triage.learn.corpus import Specimen
from triage.mail.parse import parse_message
from triage.records import CATEGORIES

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Dataset:
    """Counted features of labelled mail.

    Attributes:
        specimens: one for each row.
        counts: a matrix for each block, shape (n, 2 ** bits), of occurrences.
        labels: indices into `CATEGORIES`, shape (n,).
        groups: names of authors, shape (n,).
    """

    specimens: tuple[Specimen, ...]
    blocks: tuple[Block, ...]
    counts: tuple[sparse.csr_matrix, ...]
    labels: Labels
    groups: npt.NDArray[np.str_]

    def __len__(self) -> int:
        """Return how many mails there are."""
        return len(self.specimens)


def build_dataset(specimens: Sequence[Specimen], blocks: Sequence[Block]) -> Dataset:
    """Count the features of every specimen."""
    counted: list[list[tuple[Buckets, Buckets]]] = [[] for _ in blocks]
    for specimen in specimens:
        features = extract_features(parse_message(specimen.content))
        for position, block in enumerate(blocks):
            counted[position].append(count_buckets(features, block))
    return Dataset(
        specimens=tuple(specimens),
        blocks=tuple(blocks),
        counts=tuple(_matrix(rows, block) for rows, block in zip(counted, blocks, strict=True)),
        labels=np.array([CATEGORIES.index(specimen.category) for specimen in specimens], dtype=np.int64),
        groups=np.array([specimen.group for specimen in specimens]),
    )


def _matrix(rows: Sequence[tuple[Buckets, Buckets]], block: Block) -> sparse.csr_matrix:
    pointers = np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in rows])])
    indices = np.concatenate([buckets for buckets, _ in rows]) if rows else np.empty(0, dtype=np.int64)
    data = np.concatenate([counts for _, counts in rows]).astype(np.float64) if rows else np.empty(0)
    return sparse.csr_matrix((data, indices, pointers), shape=(len(rows), 2**block.bits))


def inverse_frequencies(counts: sparse.csr_matrix, rows: Rows, power: float) -> Vector:
    """Return (ln((1 + n) / (1 + df)) + 1) ** power over some rows (scikit-learn's smooth_idf)."""
    frequencies = np.bincount(counts[rows].indices, minlength=counts.shape[1])
    return np.asarray((np.log((1 + len(rows)) / (1 + frequencies)) + 1.0) ** power, dtype=np.float64)


def design_matrix(dataset: Dataset, idf: Sequence[Vector]) -> sparse.csr_matrix:
    """Return the vectors of all mails, blocks side by side: the same as `scorer.vectorise`."""
    parts = []
    for counts, block, weights in zip(dataset.counts, dataset.blocks, idf, strict=True):
        part = counts.copy()
        part.data = (1.0 + np.log(part.data)) * weights[part.indices]
        norms = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        norms[norms == 0] = 1.0
        parts.append(sparse.diags(block.weight / norms) @ part)
    return sparse.hstack(parts, format="csr")
