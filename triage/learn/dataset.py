"""Specimens to matrices: the scorer's own counting, once for each message."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.classify.acts import FULL, ActModel
from triage.classify.features import Features, extract_features, mask_names, recipient_mask
from triage.classify.model import Block, Vector
from triage.classify.reader import ReaderModel, split_clauses
from triage.classify.scorer import Buckets, count_features
from triage.classify.screen import glance_words
from triage.learn.corpus import Specimen
from triage.learn.marks import Flags, Marked, mark_mail, mark_written
from triage.mail.parse import OpenedMessage, open_message
from triage.records import CATEGORIES, Category, Message

GLANCE_BITS = 18
"""Binary logarithm of the buckets that words of background mail are counted in."""

Labels = npt.NDArray[np.int64]
Rows = npt.NDArray[np.intp]


@dataclass(frozen=True)
class Written:
    """The sentences of a mail as they stand in it, clause by clause, names masked, and what each does.

    Attributes:
        acts: shape (sentences, acts).
    """

    sentences: tuple[str, ...]
    acts: Flags


@dataclass(frozen=True)
class Dataset:
    """Counted features of labelled mail.

    Attributes:
        specimens: one for each of the first rows.
        counts: a matrix for each block, shape (n, 2 ** bits), of occurrences.
        labels: indices into `CATEGORIES`, shape (n,); more where background mail follows.
        groups: names of authors, shape (specimens,).
        glances: the words of each specimen, as the first look sees them.
        ordinary: the same of ordinary background mail, shape (m, 2 ** GLANCE_BITS), by the bucket of a word.
        frauds: the same of background mail that is fraud.
        marked: the sentences of each specimen and what they do.
        acts: learnt from them, None where no block asks for it.
        written: the sentences of each specimen as the reader sees them.
        reader: learnt from these, None where no block asks for it.
    """

    specimens: tuple[Specimen, ...]
    blocks: tuple[Block, ...]
    counts: tuple[sparse.csr_matrix, ...]
    labels: Labels
    groups: npt.NDArray[np.str_]
    glances: tuple[tuple[str, ...], ...]
    ordinary: sparse.csr_matrix
    frauds: sparse.csr_matrix
    marked: tuple[Marked, ...] = ()
    acts: ActModel | None = None
    written: tuple[Written, ...] = ()
    reader: ReaderModel | None = None

    def __len__(self) -> int:
        """Return how many mails there are."""
        return len(self.specimens)

    @property
    def has_levels(self) -> bool:
        """Whether anything is known of what sentences do or mean."""
        return self.acts is not None or self.reader is not None


def build_dataset(specimens: Sequence[Specimen], blocks: Sequence[Block]) -> Dataset:
    """Count the features of every specimen; what its sentences do is for `triage.learn.acts` to tell."""
    opened = [open_message(specimen.content) for specimen in specimens]
    counted, marked, written = [], [], []
    for one, specimen in zip(opened, specimens, strict=True):
        message = one.complete()
        features = extract_features(message)
        counted.append(_count(features, blocks))
        marked.append(mark_mail(message, features, specimen.acts))
        sentences = features.sentences_as_written()
        clauses = [split_clauses(one) for one in sentences]
        masked = tuple(mask_names(one, features.mask) for clause in clauses for one in clause)
        # A sentence is marked whole.
        acts = np.repeat(mark_written(sentences, specimen.acts), [len(one) for one in clauses], axis=0)
        written.append(Written(masked, acts))
    return Dataset(
        specimens=tuple(specimens),
        blocks=tuple(blocks),
        counts=tuple(counts_matrix([one[place] for one in counted], block) for place, block in enumerate(blocks)),
        labels=np.array([CATEGORIES.index(specimen.category) for specimen in specimens], dtype=np.int64),
        groups=np.array([specimen.group for specimen in specimens]),
        glances=tuple(tuple(_nameless_words(one)) for one in opened),
        ordinary=sparse.csr_matrix((0, 2**GLANCE_BITS)),
        frauds=sparse.csr_matrix((0, 2**GLANCE_BITS)),
        marked=tuple(marked),
        written=tuple(written),
    )


def _nameless_words(opened: OpenedMessage) -> Iterator[str]:
    """Yield the words of the first look without the names of the recipients, who are other people elsewhere."""
    names = recipient_mask(opened.recipients).words
    return (word for word in glance_words(opened.glance()) if word not in names)


def count_message(message: Message, blocks: Sequence[Block]) -> list[tuple[Buckets, Buckets]]:
    """Return distinct buckets and their counts for each block."""
    return _count(extract_features(message), blocks)


def _count(features: Features, blocks: Sequence[Block]) -> list[tuple[Buckets, Buckets]]:
    counted = count_features(features, blocks)
    return [
        (counted.places[start:end] - block.offset, counted.counts[start:end])
        for block, start, end in zip(blocks, counted.bounds[:-1], counted.bounds[1:], strict=True)
    ]


def counts_matrix(rows: Sequence[tuple[Buckets, Buckets]], block: Block) -> sparse.csr_matrix:
    """Return counts as a matrix, shape (n, 2 ** bits)."""
    pointers = np.concatenate([[0], np.cumsum([len(buckets) for buckets, _ in rows])])
    indices = np.concatenate([buckets for buckets, _ in rows]) if rows else np.empty(0, dtype=np.int64)
    data = np.concatenate([counts for _, counts in rows]).astype(np.float64) if rows else np.empty(0)
    return sparse.csr_matrix((data, indices, pointers), shape=(len(rows), 2**block.bits))


def count_glances(glances: Sequence[Sequence[str]]) -> sparse.csr_matrix:
    """Return which buckets the words of each mail fall in, shape (n, 2 ** GLANCE_BITS)."""
    return presence([sorted({glance_bucket(word) for word in words}) for words in glances], 2**GLANCE_BITS)


def glance_bucket(word: str) -> int:
    """Return the bucket that a word of background mail is counted in."""
    return zlib.crc32(word.encode("latin-1")) >> (32 - GLANCE_BITS)


def presence(rows: Sequence[Sequence[int]], width: int) -> sparse.csr_matrix:
    """Return a matrix of ones at the columns of each row, shape (n, width)."""
    indices = np.array([place for row in rows for place in row], dtype=np.int64)
    pointers = np.cumsum([0, *(len(row) for row in rows)])
    return sparse.csr_matrix((np.ones(len(indices)), indices, pointers), shape=(len(rows), width))


def with_background(
    dataset: Dataset,
    background: Sequence[sparse.csr_matrix],
    words: sparse.csr_matrix,
    category: Literal[Category.OTHER, Category.SCAM] = Category.OTHER,
) -> Dataset:
    """Return the data set with public mail of one category below it: rows that are learnt from and never judged."""
    extra = background[0].shape[0]
    part = "frauds" if category is Category.SCAM else "ordinary"
    together = sparse.vstack([getattr(dataset, part), words], format="csr")
    return replace(
        dataset,
        counts=tuple(
            sparse.vstack([own, other], format="csr") for own, other in zip(dataset.counts, background, strict=True)
        ),
        labels=np.concatenate([dataset.labels, np.full(extra, CATEGORIES.index(category), dtype=np.int64)]),
        **{part: together},
    )


def without_background(dataset: Dataset) -> Dataset:
    """Return the data set without the public mail below it."""
    size = len(dataset)
    return replace(
        dataset,
        counts=tuple(counts[:size] for counts in dataset.counts),
        labels=dataset.labels[:size],
        ordinary=dataset.ordinary[:0],
        frauds=dataset.frauds[:0],
    )


def inverse_frequencies(counts: sparse.csr_matrix, rows: Rows, power: float) -> Vector:
    """Return (ln((1 + n) / (1 + df)) + 1) ** power over some rows (scikit-learn's smooth_idf)."""
    frequencies = np.bincount(counts[rows].indices, minlength=counts.shape[1])
    return np.asarray((np.log((1 + len(rows)) / (1 + frequencies)) + 1.0) ** power, dtype=np.float64)


def design_matrix(dataset: Dataset, idf: Sequence[Vector]) -> sparse.csr_matrix:
    """Return the vectors of all mails of a data set, blocks side by side."""
    return scaled_matrix(dataset.counts, dataset.blocks, idf)


def scaled_matrix(
    counts: Sequence[sparse.csr_matrix], blocks: Sequence[Block], idf: Sequence[Vector]
) -> sparse.csr_matrix:
    """Return counted mails as vectors, blocks side by side: the same as `scorer.vectorise`."""
    parts = []
    for counted, block, weights in zip(counts, blocks, idf, strict=True):
        part = counted.copy()
        if not block.families:
            parts.append(part * (block.weight / FULL))
            continue
        part.data = (1.0 + np.log(part.data)) * weights[part.indices]
        norms = np.sqrt(np.asarray(part.multiply(part).sum(axis=1)).ravel())
        norms[norms == 0] = 1.0
        parts.append(sparse.diags(block.weight / norms) @ part)
    return sparse.hstack(parts, format="csr")
