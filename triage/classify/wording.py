"""Folded words back to the mail's own: what a reader is shown as a quote.

Judging needs no more than folded words, so that the text is parted anew only when a quote is shown, and no
further than the quotes reach.
"""

import re
import unicodedata
from collections.abc import Sequence

from triage.classify.normalise import (
    ACCENT,
    INVISIBLE,
    PUNCTUATION,
    fold,
    without_accents,
    without_addresses,
    words_only,
)
from triage.classify.signals import Signal

_MAX_QUOTE = 160
_SPACE = rf"[\s{PUNCTUATION}]"
# As `WordText` parts folded text. An underscore, which is none of its words, stands here as "\0"; a "\1" is around
# what is put for a link or address, where a space would end a sentence.
_PARTS = re.compile(rf"([\w€$£%@]+|[!?]|[.;:](?<![.;:].)[.;:]*+(?={_SPACE}|$)|\n{_SPACE}*\n)")
# Points at its end are those of the sentence. Each run of them is taken as a whole: it may be long.
_LINK = re.compile(
    r"[hHfFwW](?:(?<=[hH])(?:[tT]{2}|[xX]{2})[pP][sS]?://|(?<=[fF])[tT][pP]://|(?<=[wW])[wW]{2}\.)"
    rf"(?:[^\s<>\"')\]}}.;:{PUNCTUATION}]|[.;:]++(?!{_SPACE}|$))++"
)
_REACH = 24_000
"""Characters in which the words that signals are read from stand; of longer words less is found again."""


def own_words(subject: str, text: str, signals: Sequence[Signal]) -> dict[str, str]:
    """Return the quotes of signals as they stand in the mail, by the signals' names.

    Left out is a signal whose quote is no phrase, and one whose place is not found again; links and addresses are
    not repeated.

    Args:
        subject: as the signals were read from it, not folded; text likewise.
    """
    last = max((signal.place[1] for signal in signals if signal.place), default=0)
    if not last:
        return {}
    # Words stand at the odd places, what parts them between.
    pieces = [*_parts(subject, last), ".", *_parts(text, last)]
    found = {}
    for signal in signals:
        if signal.place:
            start, end = signal.place
            quote = "".join(pieces[2 * start + 1 : 2 * end]).replace("\0", "_")
            if words_only(without_accents(fold(quote).text)) == signal.quote:
                found[signal.name] = _shown(quote)
    return found


def shown_sentence(sentence: str) -> str:
    """Return a sentence as a reader is shown it: links and addresses are not repeated."""
    text = INVISIBLE.sub("", sentence)
    if "://" in text or "www." in text.lower():
        text = _LINK.sub("[link]", text)
    return _shown(without_addresses(text, "[address]") if "@" in text else text)


def _parts(text: str, most: int) -> list[str]:
    """Return what stands before the first word, that word, what stands before the second, and so on to the end."""
    text = text[:_REACH]
    if not text.isascii():
        # Accents that no letter has are of no use to a reader either.
        text = ACCENT.sub("", INVISIBLE.sub("", unicodedata.normalize("NFKC", text)))
    if "://" in text or "www." in text.lower():
        text = _LINK.sub("\1xurl\1", text)
    if "@" in text:
        text = without_addresses(text, "\1xaddr\1")
    return _PARTS.split(text.replace("\0", " ").replace("_", "\0"), maxsplit=most)


def _shown(quote: str) -> str:
    quote = quote.replace("xurl", "[link]").replace("xaddr", "[address]").replace("\1", " ")
    # Half letters, which a charset of Python's own may bring, end a program that prints them; others act on a terminal.
    quote = " ".join("".join(letter if letter.isprintable() else " " for letter in quote).split())
    return quote if len(quote) <= _MAX_QUOTE else f"{quote[:_MAX_QUOTE]}…"
