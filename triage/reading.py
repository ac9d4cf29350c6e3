"""A message to all that is kept of it for learning: hashed features, and keyed hashes of sender and thread."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import joblib

from triage.classify.counted import features_id, pack_counts
from triage.classify.encoder import encode
from triage.classify.features import OwnerMask, extract_features
from triage.classify.judge import only_vouched
from triage.classify.model import LinearModel
from triage.classify.scorer import count_features, count_read
from triage.classify.screen import HEAD, TAIL, glance_words
from triage.errors import MessageError
from triage.mail.identity import fingerprint
from triage.mail.parse import open_message
from triage.records import Message, RawMessage
from triage.store.evidence import KeptFeatures

_PART = 50
"""Messages that one process reads at a time."""


@dataclass(frozen=True)
class Reading:
    """How a message becomes features, the same for every message of a training.

    Attributes:
        key: keeps what tells senders and threads apart from telling who they are.
        authserv_ids: by account, see `PassOptions`.
        jobs: how many processes may read where there is much; -1 is as many as joblib's backend has.
    """

    model: LinearModel
    owner: OwnerMask
    key: bytes = field(repr=False)
    authserv_ids: Mapping[str, str] = field(default_factory=dict)
    jobs: int = 1

    @property
    def features_id(self) -> str:
        """The name of the features that this reading makes."""
        return features_id(self.model, self.owner)

    def read(self, item: RawMessage, now: datetime) -> KeptFeatures:
        """Return what is kept of a message.

        Raises:
            MessageError: it is no mail message.
        """
        opened = open_message(item.content, is_cut=item.is_cut)
        message = only_vouched(opened.complete(), self.authserv_ids.get(item.ref.account))
        features = extract_features(message, self.owner)
        counted = count_features(features, self.model.blocks, self.model.acts)
        if self.model.reader is not None:  # of every mail, as what is learnt may leave open what the words say now
            counted = count_read(counted, self.model.blocks, features.read(self.model.reader, encode))
        return KeptFeatures(
            fingerprint=item.server_id or fingerprint(item.content),
            features_id=self.features_id,
            counts=pack_counts(counted),
            sender=self._hashed(message.sender.addr_spec if message.sender else ""),
            thread=self._hashed(_thread(message)),
            received_at=item.internal_date or _aware(message.date) or now,
            glance=self.model.screen.look(glance_words(opened.glance_ends(HEAD, TAIL))).score,
            glance_model=self.model.model_id,
        )

    def read_all(self, items: Sequence[RawMessage], now: datetime) -> list[KeptFeatures | None]:
        """Return what is kept of messages, None for what is no mail message."""
        if self.jobs == 1 or len(items) <= _PART:
            return _read_each(self, items, now)
        parts = [items[start : start + _PART] for start in range(0, len(items), _PART)]
        done = joblib.Parallel(n_jobs=self.jobs)(joblib.delayed(_read_each)(self, part, now) for part in parts)
        return [one for part in done for one in part]

    def _hashed(self, text: str) -> str:
        return hmac.new(self.key, text.encode("utf-8", "replace"), "sha256").hexdigest()[:16] if text else ""


def _read_each(reading: Reading, items: Sequence[RawMessage], now: datetime) -> list[KeptFeatures | None]:
    found: list[KeptFeatures | None] = []
    for item in items:
        try:
            found.append(reading.read(item, now))
        except MessageError:
            found.append(None)
    return found


def _thread(message: Message) -> str:
    """Return the subject without the marks of answers: all mails of a thread or a campaign share it."""
    words = [word for word in message.subject.casefold().split() if not word.endswith(":")]
    return " ".join(words)


def _aware(moment: datetime | None) -> datetime | None:
    return None if moment is None else moment.astimezone(UTC)
