"""A report as headings, items and bars: what each way of writing it starts from."""

from dataclasses import dataclass
from enum import StrEnum


class Tone(StrEnum):
    """How an item is to be taken."""

    PLAIN = "plain"
    GOOD = "good"
    WARNING = "warning"
    ALERT = "alert"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing with what is to be said of it.

    Attributes:
        side: a few letters beside the title, such as its age.
    """

    title: str
    details: tuple[str, ...] = ()
    side: str = ""
    tone: Tone = Tone.PLAIN


@dataclass(frozen=True, slots=True)
class Bars:
    """Numbers that are compared.

    Attributes:
        stacks: several numbers for each label, named by `series`; one where there is no series.
    """

    caption: str
    labels: tuple[str, ...]
    stacks: tuple[tuple[int, ...], ...]
    series: tuple[str, ...] = ()

    @property
    def totals(self) -> tuple[int, ...]:
        """The whole of each label."""
        return tuple(sum(stack) for stack in self.stacks)


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with what stands below it.

    Attributes:
        note: a sentence before everything else.
        more: a sentence after it, such as which command shows the rest.
    """

    title: str
    note: str = ""
    items: tuple[Item, ...] = ()
    bars: Bars | None = None
    more: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A whole report.

    Attributes:
        tiles: the few numbers that stand first, with what they count.
    """

    title: str
    subtitle: str
    tiles: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]
