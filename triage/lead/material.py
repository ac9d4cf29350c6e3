"""What a card is read from: the readable parts of a message, cut into lines and words that keep their place."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from itertools import islice

from triage.records import Message

MAX_WORDS = 1200
"""Words beyond are not looked at: no lead tells its facts so late, and time is bounded."""

_TOKEN = re.compile(r"[^\W_]+(?:[.&](?=[^\W_])[^\W_]+)*(?:-[^\W_]+)*['’]?|[€$£₹]|[^\w\s]|_+")
_MAX_TOKEN = 40
_SENTENCE_END = re.compile(r"(?<=[.!?…])[\"'”»)]*\s+(?=[\"'“„«(¿¡]*[^\W\d_a-zß-öø-ÿ])")
_LONG_LINE = 60


class Zone(StrEnum):
    """The part of a message that words stand in."""

    SENDER = "sender"
    SUBJECT = "subject"
    TEXT = "text"
    FORWARDED = "forwarded"
    QUOTED = "quoted"


@dataclass(frozen=True, slots=True)
class Token:
    """A word or sign and where it stands in the text of its zone."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Line:
    """A line or sentence.

    Attributes:
        place: number among the lines of its zone, from 0; sentences of one line share it.
        last: number of the last line of its zone.
    """

    zone: Zone
    tokens: tuple[Token, ...]
    place: int
    last: int


class Material:
    """The readable parts of one message.

    Attributes:
        texts: the text of each zone, letter by letter as the message has it.
    """

    def __init__(self, message: Message) -> None:
        """Gather the zones of a message."""
        self.message = message
        self.texts = {
            Zone.SENDER: message.sender.name if message.sender else "",
            Zone.SUBJECT: message.subject,
            Zone.TEXT: message.text,
            Zone.FORWARDED: message.forwarded,
            Zone.QUOTED: message.quoted,
        }

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        """Lines and sentences in reading order, at most `MAX_WORDS` words of them."""
        found: list[Line] = []
        left = MAX_WORDS
        for zone, text in self.texts.items():
            rows = text.split("\n")
            start = 0
            for place, row in enumerate(rows):
                if left <= 0:
                    return tuple(found)
                for offset, piece in _sentences(row):
                    tokens = tokenise(piece, start + offset, most=left)
                    left -= len(tokens)
                    if tokens:
                        found.append(Line(zone, tokens, place, len(rows) - 1))
                start += len(row) + 1
        return tuple(found)

    @cached_property
    def body(self) -> str:
        """What the sender wrote and passed on, one below the other."""
        return "\n".join(part for part in (self.texts[Zone.TEXT], self.texts[Zone.FORWARDED]) if part)

    def phrase(self, zone: Zone, start: int, end: int) -> str:
        """Return the words of a zone between two places."""
        return self.texts[zone][start:end]


def _sentences(row: str) -> list[tuple[int, str]]:
    if len(row) <= _LONG_LINE:
        return [(0, row)]
    pieces, start = [], 0
    for match in _SENTENCE_END.finditer(row):
        pieces.append((start, row[start : match.end()]))
        start = match.end()
    return [*pieces, (start, row[start:])]


def tokenise(text: str, offset: int = 0, *, most: int | None = None) -> tuple[Token, ...]:
    """Return words and signs, at most so many; an elided article (l', d') is a word of its own."""
    return tuple(
        Token(match[0][:_MAX_TOKEN], offset + match.start(), offset + match.end())
        for match in islice(_TOKEN.finditer(text), most)
    )
