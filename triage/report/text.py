"""A report as Markdown, which is also the plain-text part of its mail."""

import re
from collections.abc import Iterator

from triage.report.document import Bars, Document, Item, Section, Tone

_WIDTH = 24
# What a Markdown reader would take for markup in words that somebody else wrote.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~])")
_TONES = {Tone.PLAIN: "", Tone.GOOD: "", Tone.WARNING: "(!) ", Tone.ALERT: "(!!) "}


def to_markdown(document: Document) -> str:
    """Return the report as Markdown."""
    return "\n".join(_lines(document, markdown=True)) + "\n"


def to_text(document: Document) -> str:
    """Return the report as plain text."""
    return "\n".join(_lines(document, markdown=False)) + "\n"


def _lines(document: Document, *, markdown: bool) -> Iterator[str]:
    yield f"# {document.title}" if markdown else document.title.upper()
    yield ""
    yield _clean(document.subtitle, markdown=markdown)
    yield ""
    yield " · ".join(_clean(f"{number} {words}", markdown=markdown) for number, words in document.tiles)
    for section in document.sections:
        yield ""
        title = _clean(section.title, markdown=markdown)
        yield f"## {title}" if markdown else f"{title}\n{'-' * len(title)}"
        yield from _section(section, markdown=markdown)


def _section(section: Section, *, markdown: bool) -> Iterator[str]:
    if section.note:
        yield ""
        yield _clean(section.note, markdown=markdown)
    if section.items:
        yield ""
    for item in section.items:
        yield from _item(item, markdown=markdown)
    if section.bars:
        yield ""
        yield from _bars(section.bars, markdown=markdown)
    if section.more:
        yield ""
        yield _clean(section.more, markdown=markdown)


def _item(item: Item, *, markdown: bool) -> Iterator[str]:
    title = _clean(item.title, markdown=markdown)
    side = f" ({_clean(item.side, markdown=markdown)})" if item.side else ""
    yield f"- {_TONES[item.tone]}**{title}**{side}" if markdown else f"* {_TONES[item.tone]}{title}{side}"
    for detail in item.details:
        if detail:
            yield f"  {_clean(detail, markdown=markdown)}" + ("  " if markdown else "")


def _bars(bars: Bars, *, markdown: bool) -> Iterator[str]:
    series = f" ({' + '.join(bars.series)})" if bars.series else ""
    yield _clean(f"{bars.caption}{series}", markdown=markdown)
    yield ""
    most = max(bars.totals, default=0) or 1
    for label, stack, total in zip(bars.labels, bars.stacks, bars.totals, strict=True):
        parts = f" ({' + '.join(map(str, stack))})" if len(stack) > 1 and total else ""
        label = _clean(label, markdown=False)
        line = f"{label[:_WIDTH]:<{_WIDTH}} {'#' * round(20 * total / most):<20} {total}{parts}"
        yield f"    {line}" if markdown else f"  {line}"


def _clean(text: str, *, markdown: bool) -> str:
    plain = " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
    return _MARKUP.sub(r"\\\1", plain) if markdown else plain
