"""The shelf of personal models: which there are, which is in use, and a key that says they are ours.

A personal model is pickled, and unpickling runs what a file says. So each carries an HMAC
(RFC 2104) under a key that only this user can read, checked over the whole file and its
card before a byte is unpickled. Everything here is for its owner alone (mode 0600): the
weights tell, of any word one cares to hash, how often the owner's mail held it.
"""

import hashlib
import hmac
import io
import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import joblib

from triage.classify.model import LinearModel, from_plain, to_plain
from triage.errors import ModelError
from triage.modelfile import MODEL_ID_DIGITS, card_path, load_card, write_whole

BASE = "base"
"""The name of the shipped model among the personal ones."""

_KEY = "key"
_IN_USE = "in_use.json"
_PRIVATE = 0o600
_PRIVATE_FOLDER = 0o700
_KEY_OCTETS = 32

_REMEMBERED = 50
_KEPT = 5
"""So many models can be gone back to."""


@dataclass(frozen=True, slots=True)
class ShelvedModel:
    """A personal model and what its card says of it.

    Attributes:
        problem: why it would be refused, empty if it would not.
    """

    model_id: str
    made_at: datetime | None
    examples: int
    verdict: str
    problem: str = ""


class ModelShelf:
    """The folder of personal models."""

    def __init__(self, directory: Path) -> None:
        """Keep the folder; it is made when the first model is saved."""
        self._directory = directory

    # -- which is in use

    def in_use(self) -> str:
        """Return the name of the model in use; "base" is the shipped one."""
        return self._used()[-1]

    def stamp(self) -> tuple[int, int]:
        """Return what changes whenever another model is taken into use, at the price of one stat."""
        try:
            found = (self._directory / _IN_USE).stat()
        except OSError:
            return 0, 0
        return found.st_ino, found.st_mtime_ns

    def _used(self) -> list[str]:
        try:
            found = json.loads((self._directory / _IN_USE).read_text("utf-8"))
        except (OSError, ValueError):
            return [BASE]
        names = found.get("used") if isinstance(found, dict) else None
        return [str(name) for name in names] if isinstance(names, list) and names else [BASE]

    def use(self, model_id: str) -> None:
        """Take a model into use, once it was verified; "base" is the shipped one.

        Raises:
            ModelError: there is no such model, it would be refused, or nothing can be written.
        """
        if model_id != BASE:
            self.load(model_id)
        used = self._used()
        if used[-1] != model_id:
            self._save_used([*used, model_id])

    def roll_back(self) -> str:
        """Take the model before this one into use again, and return its name.

        Raises:
            ModelError: there was none, or it would be refused.
        """
        used = self._used()
        if len(used) < 2:  # noqa: PLR2004  the one in use and the one before
            message = "there is no former model to go back to; `triage models list` shows what there is"
            raise ModelError(message)
        if used[-2] != BASE:
            self.load(used[-2])
        self._save_used(used[:-1])
        return used[-2]

    def _save_used(self, used: Sequence[str]) -> None:
        self._write(_IN_USE, (json.dumps({"used": list(used[-_REMEMBERED:])}, indent=2) + "\n").encode())

    # -- the models

    def load(self, model_id: str) -> LinearModel:
        """Load a personal model that this user's key has signed.

        Raises:
            ModelError: file, card or key is missing, the HMAC differs, or the format is
                another. The file is left alone.
        """
        path = self._path(model_id)
        card = load_card(path)
        try:
            with path.open("rb") as file:
                digest = hashlib.file_digest(file, "sha256").digest()
        except OSError as error:
            message = f"model {model_id} cannot be read: {error.strerror}; restore it or train again"
            raise ModelError(message) from error
        if not hmac.compare_digest(str(card.get("hmac")), _sign(self._load_key(), digest, card)):
            message = f"model {model_id} was refused: it was not signed by this user's key; train again"
            raise ModelError(message)
        try:
            return from_plain(joblib.load(path, mmap_mode="r"), model_id)
        except (KeyError, TypeError, ValueError) as error:
            message = f"model {model_id} was refused: {error}; train again with this version"
            raise ModelError(message) from error

    def card(self, model_id: str) -> Mapping[str, object]:
        """Return a model's card.

        Raises:
            ModelError: there is none, or it cannot be read.
        """
        return load_card(self._path(model_id))

    def save(self, model: LinearModel, card: Mapping[str, object]) -> str:
        """Save a model, signed, and return its name, which follows from its content alone.

        It is not in use yet. Like `modelfile.save_model`, but for its owner alone.

        Raises:
            ModelError: it cannot be written; what was there stays.
        """
        buffer = io.BytesIO()
        joblib.dump(to_plain(model), buffer)
        content = buffer.getvalue()
        digest = hashlib.sha256(content)
        whole = dict(card) | {
            "digest": digest.hexdigest(),
            "made_at": datetime.now(UTC).isoformat(timespec="microseconds"),
        }
        signed = whole | {"hmac": _sign(self.key(), digest.digest(), whole)}
        name = digest.hexdigest()[:MODEL_ID_DIGITS]
        self._write(self._path(name).name, content)
        text = json.dumps(signed, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
        self._write(card_path(self._path(name)).name, text.encode())
        return name

    def list_models(self) -> list[ShelvedModel]:
        """Return the personal models, oldest first."""
        found = [self._describe(path.stem) for path in self._directory.glob("*.joblib")]
        return sorted(found, key=lambda one: (one.made_at or datetime.min.replace(tzinfo=UTC), one.model_id))

    def prune(self) -> list[str]:
        """Remove all but the latest models and those lately in use, and return their names."""
        kept = {*self._used()[-_KEPT:], *[one.model_id for one in self.list_models()[-_KEPT:]]}
        # A model refused is left alone: its owner may want to know why.
        old = [one.model_id for one in self.list_models() if one.model_id not in kept and not one.problem]
        for name in old:
            card_path(self._path(name)).unlink(missing_ok=True)
            self._path(name).unlink(missing_ok=True)
        return old

    def _describe(self, model_id: str) -> ShelvedModel:
        try:
            card = self.card(model_id)
            self.load(model_id)
            made_at = datetime.fromisoformat(str(card.get("made_at")))
            examples = card.get("examples")
            count = sum(int(one) for one in examples.values()) if isinstance(examples, dict) else 0
            return ShelvedModel(model_id, made_at, count, str(card.get("verdict", "")))
        except (ModelError, ValueError) as error:
            return ShelvedModel(model_id, None, 0, "", str(error))

    def _path(self, model_id: str) -> Path:
        if not model_id.isalnum():
            message = f"{model_id!r} is no name of a model; `triage models list` shows what there is"
            raise ModelError(message)
        return self._directory / f"{model_id}.joblib"

    # -- the key

    def has_key(self) -> bool:
        """Return whether this user has a key."""
        return (self._directory / _KEY).exists()

    def key(self) -> bytes:
        """Return this user's key, made on first use.

        Raises:
            ModelError: it cannot be made or read.
        """
        try:
            return self._load_key()
        except ModelError:
            if (self._directory / _KEY).exists():
                raise
        self._write(_KEY, secrets.token_bytes(_KEY_OCTETS))
        return self._load_key()

    def _load_key(self) -> bytes:
        path = self._directory / _KEY
        try:
            if path.stat().st_mode & 0o077:
                message = f"the key {path} can be read by others; chmod 600 it, or remove it and train again"
                raise ModelError(message)
            key = path.read_bytes()
        except OSError as error:
            message = f"the key {path} cannot be read: {error.strerror}; `triage train` makes one"
            raise ModelError(message) from error
        if len(key) != _KEY_OCTETS:
            message = f"the key {path} is damaged; remove it and train again"
            raise ModelError(message)
        return key

    def _write(self, name: str, content: bytes) -> None:
        try:
            self._directory.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
            write_whole(self._directory / name, content, _PRIVATE)
        except OSError as error:
            message = f"{self._directory} cannot be written: {error.strerror}; the model in use stays"
            raise ModelError(message) from error


def _sign(key: bytes, digest: bytes, card: Mapping[str, object]) -> str:
    """Return the HMAC of a file, by its digest, and its card."""
    rest = {name: value for name, value in card.items() if name != "hmac"}
    text = json.dumps(rest, ensure_ascii=False, sort_keys=True).encode()
    return hmac.new(key, digest + text, "sha256").hexdigest()
