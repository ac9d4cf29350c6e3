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
from triage.records import CATEGORIES, Category, Message

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Dataset:
    """Counted features of labelled mail.

    Attributes:
        specimens: one for each of the first rows.
        counts: a matrix for each block, shape (n, 2 ** bits), of occurrences.
        labels: indices into `CATEGORIES`, shape (n,); more where background mail follows.
        groups: names of authors, shape (specimens,).
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
    counted = [count_message(parse_message(specimen.content), blocks) for specimen in specimens]
    return Dataset(
        specimens=tuple(specimens),
        blocks=tuple(blocks),
        counts=tuple(counts_matrix([one[place] for one in counted], block) for place, block in enumerate(blocks)),
        labels=np.array([CATEGORIES.index(specimen.category) for specimen in specimens], dtype=np.int64),
        groups=np.array([specimen.group for specimen in specimens]),
    )


def count_message(message: Message, blocks: Sequence[Block]) -> list[tuple[Buckets, Buckets]]:
    """Return distinct buckets and their counts for each block."""
    features = extract_features(message)
    return [count_buckets(features, block) for block in blocks]


def counts_matrix(rows: Sequence[tuple[Buckets, Buckets]], block: Block) -> sparse.csr_matrix:
    """Return counts as a matrix, shape (n, 2 ** bits)."""
    pointers = np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in rows])])
    indices = np.concatenate([buckets for buckets, _ in rows]) if rows else np.empty(0, dtype=np.int64)
    data = np.concatenate([counts for _, counts in rows]).astype(np.float64) if rows else np.empty(0)
    return sparse.csr_matrix((data, indices, pointers), shape=(len(rows), 2**block.bits))


def with_background(dataset: Dataset, background: Sequence[sparse.csr_matrix]) -> Dataset:
    """Return the data set with ordinary mail below it: rows that are `other`, learnt from and never judged."""
    extra = background[0].shape[0]
    return Dataset(
        specimens=dataset.specimens,
        blocks=dataset.blocks,
        counts=tuple(
            sparse.vstack([own, other], format="csr") for own, other in zip(dataset.counts, background, strict=True)
        ),
        labels=np.concatenate([dataset.labels, np.full(extra, CATEGORIES.index(Category.OTHER), dtype=np.int64)]),
        groups=dataset.groups,
    )


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
