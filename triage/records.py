"""Frozen values that cross rooms: what is read, judged, planned and reported."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NewType, TypeVar, overload

Uid = NewType("Uid", int)
"""A unique identifier of a message in one folder and UIDVALIDITY (RFC 9051 section 2.3.1.1)."""

UidValidity = NewType("UidValidity", int)
"""The generation of a folder's UIDs (RFC 9051 section 2.3.1.1)."""


class Category(StrEnum):
    """What a message can turn out to be."""

    RECRUITER = "recruiter"
    REFERRAL = "referral"
    SCAM = "scam"
    OTHER = "other"


CATEGORIES = tuple(Category)
"""The order of every array with one entry for each category."""


class State(StrEnum):
    """How far judging one message came; an error is not a category."""

    JUDGED = "judged"
    UNSURE = "unsure"
    UNJUDGED = "unjudged"


@dataclass(frozen=True, slots=True, order=True)
class MessageRef:
    """Where a message lives: on an IMAP server, or in a local file.

    Attributes:
        account: the configured name; empty for local mail.
        folder: the folder's name on the server, or the local folder, Maildir or mbox.
        uidvalidity: 0 for local mail.
        uid: 0 for local mail.
        key: the file below a local folder, the unique name in a Maildir, or the
            position in an mbox (from 1); empty on a server.
    """

    account: str
    folder: str
    uidvalidity: UidValidity = UidValidity(0)
    uid: Uid = Uid(0)
    key: str = ""

    def __str__(self) -> str:
        """Return the source as people and scripts write it."""
        if self.account:
            return f"{self.account}/{self.folder};uidvalidity={self.uidvalidity};uid={self.uid}"
        if not self.key:
            return self.folder
        return f"{self.folder}#{self.key}" if self.key.isdecimal() else f"{self.folder.rstrip('/')}/{self.key}"


_Place = TypeVar("_Place")


class Refs(Sequence[MessageRef]):  # noqa: PLW1641  compared like a list, which has no hash either
    """Many references, each made when it is asked for: of a hundred thousand messages only the places are kept."""

    def __init__(self, places: Sequence[_Place], make: Callable[[_Place], MessageRef]) -> None:
        """Keep the places, in order, and how a reference is made of one."""
        self._places = places
        self._make: Callable[[_Place], MessageRef] = make

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._places)

    @overload
    def __getitem__(self, index: int) -> MessageRef: ...

    @overload
    def __getitem__(self, index: slice) -> "Refs": ...

    def __getitem__(self, index: int | slice) -> "MessageRef | Refs":
        """Return one, or a part of them."""
        if isinstance(index, slice):
            return Refs(self._places[index], self._make)
        return self._make(self._places[index])

    def __iter__(self) -> Iterator[MessageRef]:
        """Yield them in order."""
        return map(self._make, self._places)

    def __eq__(self, other: object) -> bool:
        """Return whether the other holds the same references in the same order."""
        if not isinstance(other, Sequence) or isinstance(other, str):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    def __repr__(self) -> str:
        """Return them as a list shows them."""
        return repr(list(self))


@dataclass(frozen=True, slots=True)
class RawMessage:
    """One message as it came, cut after the first part of its bytes if it is large.

    Attributes:
        content: the message from its first byte; `size` tells whether it was cut.
        size: octets of the whole message (RFC822.SIZE), None where unknown.
        internal_date: when the server received it, None where unknown.
        keywords: user flags and, in folder or Gmail mode, labels found on it.
        server_id: the server's own identity of the message, the same in every folder; empty where it has none.
    """

    ref: MessageRef
    content: bytes = field(repr=False)
    size: int | None = None
    internal_date: datetime | None = None
    flags: frozenset[str] = frozenset()
    keywords: frozenset[str] = frozenset()
    server_id: str = ""

    @property
    def is_cut(self) -> bool:
        """Whether the content is only the beginning of the message."""
        return self.size is not None and len(self.content) < self.size


@dataclass(frozen=True, slots=True)
class UnreadableMessage:
    """A message that is there but could not be read; `reason` holds no mail text."""

    ref: MessageRef
    reason: str


@dataclass(frozen=True, slots=True)
class Address:
    """A mailbox of an address header (RFC 5322 section 3.4), the addr-spec in lower case."""

    name: str
    addr_spec: str

    @property
    def domain(self) -> str:
        """The part after the last at sign; empty if there is none."""
        return self.addr_spec.rpartition("@")[2] if "@" in self.addr_spec else ""

    @property
    def local_part(self) -> str:
        """The part before the last at sign; the whole if there is none."""
        return self.addr_spec.rpartition("@")[0] or self.addr_spec


@dataclass(frozen=True, slots=True)
class Link:
    """A hyperlink: the text shown and the address it leads to. It is never followed."""

    text: str
    target: str


@dataclass(frozen=True, slots=True)
class Attachment:
    """Name and media type of a part that is not body text; its bytes are never looked at."""

    name: str
    media_type: str


@dataclass(frozen=True, slots=True)
class Authentication:
    """One method's result of an Authentication-Results header (RFC 8601 section 2.2).

    Attributes:
        authserv_id: who says so; only the account's own server is to be believed.
        domain: the domain the result is about (header.d, smtp.mailfrom or header.from).
    """

    authserv_id: str
    method: str
    result: str
    domain: str


@dataclass(frozen=True, slots=True)
class Message:
    """A parsed message: everything judging may look at, and nothing of where it lives.

    Attributes:
        text: visible text of the best text part, without what is quoted or forwarded.
        quoted: quoted history, visible as well, kept apart.
        forwarded: text of a forwarded message below its separator; subject and text of one that is a part.
        hidden: text of the markup that no reader sees.
        list_facts: names of the bulk headers present (list-id, list-unsubscribe, ...).
        authentication: results of the topmost Authentication-Results header only.
        fingerprint: hash of Message-ID and stable header fields; the same in every copy.
        is_cut: the message was longer than what was read.
        lacks_text: the body has no words, while something in it was not read: an attachment, a picture, what was cut off.
        repairs: what had to be mended to read it, by name.
    """

    subject: str = ""
    sender: Address | None = None
    reply_to: tuple[Address, ...] = ()
    recipients: tuple[Address, ...] = ()
    copied: tuple[Address, ...] = ()
    date: datetime | None = None
    message_id: str | None = None
    in_reply_to: str | None = None
    text: str = ""
    quoted: str = ""
    forwarded: str = ""
    hidden: str = ""
    links: tuple[Link, ...] = ()
    attachments: tuple[Attachment, ...] = ()
    list_facts: frozenset[str] = frozenset()
    mailer: str = ""
    platform_class: str = ""
    authentication: tuple[Authentication, ...] = ()
    fingerprint: str = ""
    is_html: bool = False
    is_cut: bool = False
    lacks_text: bool = False
    repairs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """One named reason for or against a verdict.

    Attributes:
        name: the signal's name, or "words" for a phrase of the text.
        quote: the phrase or header that shows it.
        weight: its exact contribution to the raw score of the category judged, less the mean of those to
            the other categories: before calibration, so no log-odds. Of mail cleared at first look, what
            it takes off that look's score.
    """

    name: str
    quote: str
    weight: float

    def __reduce__(self) -> "tuple[type[Evidence], tuple[str, str, float]]":
        """Return how to make it again: what a dataclass with slots does of itself takes five times as long.

        Records that go from process to process in numbers do so.
        """
        return Evidence, (self.name, self.quote, self.weight)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the model thinks of a message; never a label.

    Attributes:
        category: None when the model abstains.
        probabilities: calibrated, one for each category, summing to 1.
        scam_kind: the kind of fraud; only with category scam.
        evidence: the strongest reasons first.
        reason: one sentence that names the deciding reason, or why it abstains.
        model_id: the first digits of the digest of the model that judged.
    """

    category: Category | None
    probabilities: Mapping[Category, float]
    scam_kind: str | None
    evidence: tuple[Evidence, ...]
    reason: str
    model_id: str

    def __reduce__(self) -> "tuple[type[Verdict], tuple[object, ...]]":
        """Return how to make it again, quickly; see `Evidence`."""
        fields = (self.category, self.probabilities, self.scam_kind, self.evidence, self.reason, self.model_id)
        return Verdict, fields

    @property
    def state(self) -> State:
        """Judged, or unsure when the model abstains."""
        return State.UNSURE if self.category is None else State.JUDGED


@dataclass(frozen=True, slots=True)
class LabelChange:
    """Names to add to and remove from one message; all of them carry our prefix.

    Attributes:
        move_to: the folder the message goes to once it is labelled; empty to leave it where it is.
    """

    ref: MessageRef
    add: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    move_to: str = ""

    def __bool__(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.add or self.remove or self.move_to)


LABEL_NAMES = (*(one.value.capitalize() for one in Category if one is not Category.OTHER), "Unsure")
"""What stands after the prefix of a label; mail judged `other` gets none."""


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of one label change.

    Attributes:
        error: None when the server holds the change now; else why not, in words.
    """

    change: LabelChange
    error: str | None = None


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a folder was seen.

    Attributes:
        floor_uid: what was there before the first visit is the owner's own business:
            messages up to this UID are never looked at.
        began_at: when the first visit was, which outlives a new UIDVALIDITY.
        highest_modseq: of the folder at the start of the last visit (RFC 7162 section 3.1.2);
            None where the server keeps none.
        recent_uids: the last UIDs seen; one below `last_uid` that is not among them came late.
    """

    uidvalidity: UidValidity
    last_uid: Uid
    floor_uid: Uid
    began_at: datetime
    highest_modseq: int | None = None
    recent_uids: tuple[Uid, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one message of a pass, as `scan --json` prints it."""

    ref: MessageRef
    message_id: str | None
    state: State
    verdict: Verdict | None
    change: LabelChange
    applied: bool
    error: str | None
    subject: str = field(default="", repr=False)
    sender: str = field(default="", repr=False)
