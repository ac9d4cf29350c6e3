"""Verdict to label change: pure, and planning twice plans nothing more."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from triage.records import Category, LabelChange, MessageRef, Verdict
from triage.store.records import Entry, Status

PHISHING = "$Phishing"
"""Registered keyword for mail that is likely a fraud (IANA registry of IMAP keywords)."""


@dataclass(frozen=True, slots=True)
class LabelNames:
    """The names under one prefix; nothing else is ever written or removed.

    Attributes:
        moves: where mail of a category goes when it is labelled, as `Mailbox.move_target`
            takes it; mail of the other categories stays where it is.
        has_phishing: whether a scam also gets $Phishing, which some mail clients warn of. It
            is not of our prefix: it is written beside our label and taken back by undo alone.
        all: every label this program may write.
    """

    prefix: str
    has_phishing: bool = False
    moves: Mapping[Category, str] = field(default_factory=dict)
    all: frozenset[str] = field(init=False, repr=False, compare=False)
    _lower: Mapping[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare what is asked of every message."""
        names = frozenset({name for one in Category if (name := self.of(one))} | {self.unsure})
        object.__setattr__(self, "all", names)
        object.__setattr__(self, "_lower", {name.lower(): name for name in names})

    @property
    def unsure(self) -> str:
        """The label of a message that the model abstains on."""
        return f"{self.prefix}Unsure"

    def of(self, category: Category) -> str | None:
        """Return a category's label; `other` has none."""
        return None if category is Category.OTHER else f"{self.prefix}{category.value.capitalize()}"

    def wanted(self, verdict: Verdict) -> frozenset[str]:
        """Return the labels a verdict asks for."""
        if verdict.category is None:
            return frozenset({self.unsure})
        name = self.of(verdict.category)
        return frozenset({name}) if name else frozenset()

    def companions(self, verdict: Verdict, present: Collection[str]) -> frozenset[str]:
        """Return the foreign keywords to write beside a verdict's label, without those already there."""
        if not self.has_phishing or verdict.category is not Category.SCAM:
            return frozenset()
        return frozenset({PHISHING}) - {PHISHING for keyword in present if keyword.lower() == PHISHING.lower()}

    def destination(self, verdict: Verdict) -> str:
        """Return where mail of that verdict goes; empty if it stays."""
        return self.moves.get(verdict.category, "") if verdict.category else ""

    def ours(self, keywords: Collection[str]) -> frozenset[str]:
        """Return our labels among keywords, which are compared without regard to case (RFC 9051 section 2.3.2)."""
        return frozenset(name for keyword in keywords if (name := self._lower.get(keyword.lower())))


def plan_labels(
    ref: MessageRef, verdict: Verdict, present: Collection[str], writes: Sequence[Entry], names: LabelNames
) -> LabelChange:
    """Return what to write on a message so that it shows the verdict.

    The owner's last word wins: what differs from what this program wrote is theirs and
    stays, and so does a label that nobody remembers writing. What was taken back with
    `undo` is not written again. A message is moved once at most: one that is back was
    brought back.

    Args:
        present: keywords on the message now.
        writes: confirmed or undone writes on messages with its identity, oldest first.
        names: the labels there are.
    """
    wanted = names.wanted(verdict)
    ours = names.ours(present)
    last = last_write(ref, writes)
    if last is not None and last.status is Status.UNDONE:
        return LabelChange(ref)
    expected = frozenset() if last is None else last.after & names.all
    if ours != expected:
        return LabelChange(ref)
    was_moved = any(one.change.move_to for one in writes)
    add = wanted - ours
    return LabelChange(
        ref,
        add=add | names.companions(verdict, present) if add else add,
        remove=ours - wanted,
        move_to=names.destination(verdict) if add and not was_moved else "",
    )


def last_write(ref: MessageRef, writes: Sequence[Entry]) -> Entry | None:
    """Return the last write on this very message, None if it was never written on.

    A write under the same UIDVALIDITY but another UID was on another copy, unless the
    message was moved away in it and has come back. After the folder's UIDVALIDITY changed
    the identity alone tells that it is the same message.
    """
    same_place = [one for one in writes if one.change.ref == ref]
    if same_place:
        return same_place[-1]
    in_folder = [one for one in writes if one.change.ref.folder == ref.folder and not one.change.move_to]
    if any(one.change.ref.uidvalidity == ref.uidvalidity for one in in_folder):
        return None
    # Moved to another folder, or renumbered: the message took its labels along.
    return writes[-1] if writes else None
