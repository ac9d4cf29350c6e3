"""Model files: verified before a byte is unpickled, saved whole or not at all."""

import hashlib
import io
import json
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import joblib
import numpy as np

from triage.classify.model import LinearModel, from_plain, to_plain
from triage.classify.nearest import WIDTH, Known
from triage.errors import ModelError

MODEL_ID_DIGITS = 12


def base_model_path() -> Path:
    """Return where the shipped model is: in the package, or in the checkout it runs from."""
    packaged = Path(__file__).parent / "models" / "base.joblib"
    return packaged if packaged.exists() else Path(__file__).parent.parent / "models" / "base.joblib"


def check_set_path() -> Path:
    """Return the folder of mail that no model learns from: in the package, or in the checkout."""
    return base_model_path().parent / "check"


def card_path(path: Path) -> Path:
    """Return the JSON card beside a model file."""
    return path.with_suffix(".json")


def load_card(path: Path) -> Mapping[str, object]:
    """Read the card of a model file.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    try:
        card = json.loads(card_path(path).read_text("utf-8"))
    except (OSError, ValueError) as error:
        message = f"model {path.name} has no readable card {card_path(path).name}; restore it or train again"
        raise ModelError(message) from error
    if not isinstance(card, dict):
        message = f"model {path.name}: its card is not a JSON object; restore it or train again"
        raise ModelError(message)
    return card


def load_model(path: Path) -> LinearModel:
    """Load a model whose digest is the one on its card.

    The digest is checked over the whole file before anything is unpickled. Weights are
    memory-mapped where the file allows it.

    Raises:
        ModelError: file or card is missing, the digest differs, or the format is another.
            The file is left alone.
    """
    expected = load_card(path).get("digest")
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"model {path.name} cannot be read: {error.strerror}; restore it or train again"
        raise ModelError(message) from error
    if digest != expected:
        message = f"model {path.name} was refused: its digest is not the one on its card; restore it or train again"
        raise ModelError(message)
    try:
        return from_plain(joblib.load(path, mmap_mode="r"), digest[:MODEL_ID_DIGITS])
    except (KeyError, TypeError, ValueError) as error:
        message = f"model {path.name} was refused: {error}; train again with this version"
        raise ModelError(message) from error


def save_model(path: Path, model: LinearModel, card: Mapping[str, object]) -> str:
    """Write a model and its card, each whole or not at all, and return the digest.

    The model is renamed into place before its card, so that after a crash between the
    two the digest does not fit and the pair is refused rather than believed.
    """
    buffer = io.BytesIO()
    joblib.dump(to_plain(model), buffer)
    content = buffer.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    text = json.dumps({**card, "digest": digest}, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
    write_whole(card_path(path), text.encode())
    return digest


def known_path() -> Path:
    """Return the sketches of the corpus beside the shipped model."""
    return base_model_path().parent / "nearest.npz"


def save_known(path: Path, known: Known) -> None:
    """Write the sketches of the corpus, whole or not at all; the same bytes each time."""
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer, allow_pickle=False, sketches=known.sketches, names=np.array(known.names, dtype=np.str_).reshape(-1, 3)
    )
    write_whole(path, buffer.getvalue())


def load_known(path: Path) -> Known:
    """Read the sketches of the corpus; nothing in the file can be executed.

    Raises:
        ModelError: it is missing, or not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            sketches, names = arrays["sketches"], arrays["names"]
    except (OSError, KeyError, ValueError, zipfile.BadZipFile) as error:
        message = f"{path.name} cannot be read; restore it, or make it anew with `triage train --base`"
        raise ModelError(message) from error
    if sketches.dtype != np.int8 or sketches.shape != (len(names), WIDTH) or names.shape[1:] != (3,):
        message = f"{path.name} is of another version; make it anew with `triage train --base`"
        raise ModelError(message)
    return Known(sketches, tuple((str(one), str(two), str(three)) for one, two, three in names.tolist()))


def write_whole(path: Path, content: bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a crash, sees the old one or the new one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
