"""Verdict to label change: pure, and planning twice plans nothing more."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from triage.records import Category, LabelChange, MessageRef, Verdict
from triage.store.records import Entry


@dataclass(frozen=True, slots=True)
class LabelNames:
    """The names under one prefix; nothing else is ever written or removed."""

    prefix: str

    @property
    def unsure(self) -> str:
        """The label of a message that the model abstains on."""
        return f"{self.prefix}Unsure"

    def of(self, category: Category) -> str | None:
        """Return a category's label; `other` has none."""
        return None if category is Category.OTHER else f"{self.prefix}{category.value.capitalize()}"

    @property
    def all(self) -> frozenset[str]:
        """Every label this program may write."""
        return frozenset({name for one in Category if (name := self.of(one))} | {self.unsure})

    def wanted(self, verdict: Verdict) -> frozenset[str]:
        """Return the labels a verdict asks for."""
        if verdict.category is None:
            return frozenset({self.unsure})
        name = self.of(verdict.category)
        return frozenset({name}) if name else frozenset()

    def ours(self, keywords: Collection[str]) -> frozenset[str]:
        """Return our labels among keywords, which are compared without regard to case (RFC 9051 section 2.3.2)."""
        lower = {keyword.lower() for keyword in keywords}
        return frozenset(name for name in self.all if name.lower() in lower)


def plan_labels(
    ref: MessageRef, verdict: Verdict, present: Collection[str], writes: Sequence[Entry], names: LabelNames
) -> LabelChange:
    """Return what to write on a message so that it shows the verdict.

    The owner's last word wins: what differs from what this program wrote is theirs and
    stays, and so does a label that nobody remembers writing.

    Args:
        present: keywords on the message now.
        writes: confirmed writes on messages with its fingerprint, oldest first.
        names: the labels there are.
    """
    wanted = names.wanted(verdict)
    ours = names.ours(present)
    written = last_written(ref, writes)
    expected = frozenset() if written is None else written & names.all
    if ours != expected:
        return LabelChange(ref)
    return LabelChange(ref, add=wanted - ours, remove=ours - wanted)


def last_written(ref: MessageRef, writes: Sequence[Entry]) -> frozenset[str] | None:
    """Return the labels last written on this very message, None if it was never written on.

    A write under the same UIDVALIDITY but another UID was on another copy. After the
    folder's UIDVALIDITY changed the fingerprint alone tells that it is the same message.
    """
    same_place = [one for one in writes if one.change.ref == ref]
    if same_place:
        return same_place[-1].after
    in_folder = [one for one in writes if one.change.ref.folder == ref.folder]
    if any(one.change.ref.uidvalidity == ref.uidvalidity for one in in_folder):
        return None
    # Moved to another folder, or renumbered: the message took its labels along.
    return writes[-1].after if writes else None
