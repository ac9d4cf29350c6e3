"""The shipped check set as the shipped model sees it: counted once, by whoever trains the base model.

Every training holds its challenger against these mails. To parse and read them anew would take it ten seconds.
"""

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from triage.classify.counted import features_id
from triage.classify.features import OwnerMask
from triage.classify.model import LinearModel
from triage.learn.corpus import Specimen
from triage.modelfile import base_model_path, write_whole
from triage.reading import Reading
from triage.records import MessageRef, RawMessage
from triage.store.evidence import KeptFeatures

FILE = "base.check.npz"
"""Its name, beside the base model."""

# The check set has no order of time.
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


def count_check_set(specimens: Sequence[Specimen], base: LinearModel) -> list[KeptFeatures]:
    """Return what would be kept of each mail."""
    reading = Reading(base, OwnerMask(), b"")
    return [reading.read(RawMessage(MessageRef("", one.id), one.content), _EPOCH) for one in specimens]


def save_check_set(path: Path, specimens: Sequence[Specimen], base: LinearModel) -> None:
    """Count the check set and write it, whole or not at all, the same bytes each time."""
    kept = count_check_set(specimens, base)
    buffer = io.BytesIO()
    arrays: dict[str, np.ndarray] = {
        "counts": np.frombuffer(b"".join(one.counts for one in kept), dtype=np.uint8),
        "ends": np.cumsum([len(one.counts) for one in kept]),
        "glances": np.array([one.glance for one in kept], dtype=np.float64),
        "ids": np.array([one.id for one in specimens]),
        "made_of": np.array(_made_of(base)),
    }
    np.savez(buffer, allow_pickle=False, **arrays)
    write_whole(path, buffer.getvalue())


def load_check_set(specimens: Sequence[Specimen], base: LinearModel) -> list[KeptFeatures]:
    """Return what is kept of each mail: from the file beside the shipped model, or counted anew where that is of another."""
    try:
        with np.load(io.BytesIO(base_model_path().with_name(FILE).read_bytes()), allow_pickle=False) as arrays:
            counts, ends, glances, ids = (arrays[name] for name in ("counts", "ends", "glances", "ids"))
            is_this = str(arrays["made_of"]) == _made_of(base)
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
        return count_check_set(specimens, base)
    if not is_this or ids.tolist() != [one.id for one in specimens]:
        return count_check_set(specimens, base)
    name = features_id(base, OwnerMask())
    return [
        KeptFeatures("", name, part.tobytes(), "", "", _EPOCH, float(glance), base.model_id)
        for part, glance in zip(np.split(counts, ends[:-1]), glances, strict=True)
    ]


def _made_of(base: LinearModel) -> str:
    return f"{base.model_id} {features_id(base, OwnerMask())}"
