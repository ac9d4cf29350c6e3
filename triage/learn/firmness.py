"""How firmly the corpus holds each weight of the base model, and the file that says so.

Whoever corrects the base model by an owner's examples should turn those weights that the corpus
says nothing of, not those that it depends on. How much the corpus's loss grows when a weight is
turned is, to second order, the diagonal of its Hessian,

    firmness = sum over the corpus's mails of p (1 - p) x^2

which is what is shipped in place of the corpus: one number for each weight, no mail's counts, no text.
"""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.classify.model import LinearModel, Vector
from triage.errors import ModelError
from triage.modelfile import base_model_path, write_whole
from triage.records import CATEGORIES

FILE = "base.firmness.npz"
"""Its name, beside the base model."""

# One octet for each number: zero, or a step of 5 % from the least that matters beside the ridge up to 60. Of
# words the largest is 2.1 and the ridge goes from 0.008 to 5.5; what is above 60, as for what sentences do, is kept as that.
_LEAST, _STEP = 2.5e-4, 1.05
_TABLE = np.concatenate([[0.0], _LEAST * _STEP ** np.arange(255)])

_CHUNK = 500


@dataclass(frozen=True)
class Firmness:
    """How firmly weights are held.

    Attributes:
        codes: places in a table of numbers, shape (buckets, 4).
        ridge: the same for how firmly each weight is held whatever the corpus says, shape (buckets,).
    """

    codes: npt.NDArray[np.uint8]
    ridge: npt.NDArray[np.uint8]

    def at(self, places: npt.NDArray[np.int64]) -> Vector:
        """Return the firmness of some buckets' weights, shape (k, 4); above zero."""
        return np.asarray(self.ridge_at(places)[:, None] + _TABLE[self.codes[places]])

    def ridge_at(self, places: npt.NDArray[np.int64]) -> Vector:
        """Return how firmly they are held whatever the corpus says, shape (k,); above zero."""
        return np.asarray(_TABLE[self.ridge[places]])


def firmness_path() -> Path:
    """Return where the shipped model's is."""
    return base_model_path().with_name(FILE)


def measure_firmness(matrix: sparse.csr_matrix, model: LinearModel, ridge: Vector) -> Firmness:
    """Return how firmly the mails that a model learnt from hold its weights.

    Args:
        matrix: their vectors, shape (n, buckets).
        ridge: what the fit held each weight by, shape (buckets,); above zero.
    """
    weights = np.asarray(model.weights, dtype=np.float64)
    found = np.zeros(weights.shape)
    for start in range(0, matrix.shape[0], _CHUNK):
        part = matrix[start : start + _CHUNK]
        chances = 1.0 / (1.0 + np.exp(-(part @ weights + model.intercept)))
        found += part.power(2).T @ (chances * (1.0 - chances))
    return Firmness(_encode(found), np.maximum(_encode(ridge), 1))


def _encode(numbers: Vector) -> npt.NDArray[np.uint8]:
    with np.errstate(divide="ignore"):
        steps = 1.0 + np.round(np.log(numbers / _LEAST) / np.log(_STEP))
    return np.where(numbers < _LEAST, 0.0, np.clip(steps, 1, len(_TABLE) - 1)).astype(np.uint8)


def save_firmness(path: Path, firmness: Firmness, digest: str) -> None:
    """Write it whole or not at all, the same bytes each time; with the digest of the model it belongs to."""
    buffer = io.BytesIO()
    arrays: dict[str, np.ndarray] = {
        "codes": np.ascontiguousarray(firmness.codes.T),  # alike beside alike is smaller
        "ridge": firmness.ridge,
        "digest": np.array(digest),
    }
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_whole(path, buffer.getvalue())


def load_firmness(path: Path, model: LinearModel) -> Firmness:
    """Return what was measured of a model.

    Raises:
        ModelError: it is missing, damaged, or of another model.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
            codes, ridge, digest = arrays["codes"], arrays["ridge"], str(arrays["digest"])
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        message = f"{path.name} beside the shipped model cannot be read; restore it, or run `triage train --base`"
        raise ModelError(message) from error
    if not model.model_id or not digest.startswith(model.model_id):
        message = f"{path.name} is of another model than the shipped one; restore it, or run `triage train --base`"
        raise ModelError(message)
    shape = (len(CATEGORIES), len(model.weights))
    if codes.shape != shape or ridge.shape != shape[1:] or {codes.dtype, ridge.dtype} != {np.dtype(np.uint8)}:
        message = f"{path.name} does not fit the shipped model; restore it, or run `triage train --base`"
        raise ModelError(message)
    return Firmness(np.ascontiguousarray(codes.T), ridge)
