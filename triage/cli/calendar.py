"""Leads for calendars (RFC 5545): a task for each that waits, and an event for each deadline.

By hand, since it is thirty lines; the icalendar package would bring time zone data along.
"""

import hashlib
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta

from triage import __version__
from triage.cli.output import printable
from triage.lead.overview import Standing

_LINE_OCTETS = 75
_ANSWER_WITHIN = timedelta(days=7)


def to_calendar(standings: Sequence[Standing], now: datetime) -> str:
    """Return one iCalendar object; the same lead keeps its UID, so that a calendar replaces what it knows."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", f"PRODID:-//triage//{__version__}//EN", "CALSCALE:GREGORIAN"]
    for one in standings:
        lines += _task(one, now)
        lines += _deadline(one, now)
    lines.append("END:VCALENDAR")
    return "".join(f"{_folded(line)}\r\n" for line in lines)


def _task(one: Standing, now: datetime) -> Iterator[str]:
    since = one.waiting_since
    if since is None:
        return
    yield "BEGIN:VTODO"
    yield from _common(one, "answer", now)
    yield f"SUMMARY:{_text(f'Answer {one.sender}: {one.title}')}"
    yield f"DUE;VALUE=DATE:{(since + _ANSWER_WITHIN):%Y%m%d}"
    yield "STATUS:NEEDS-ACTION"
    yield "END:VTODO"


def _deadline(one: Standing, now: datetime) -> Iterator[str]:
    deadline = one.card.deadline
    if deadline is None or deadline.day is None:
        return
    yield "BEGIN:VEVENT"
    yield from _common(one, "deadline", now)
    yield f"SUMMARY:{_text(f'Deadline: {one.title}')}"
    yield f"DESCRIPTION:{_text(deadline.phrase)}"
    yield f"DTSTART;VALUE=DATE:{deadline.day:%Y%m%d}"
    yield "TRANSP:TRANSPARENT"
    yield "END:VEVENT"


def _common(one: Standing, purpose: str, now: datetime) -> Iterator[str]:
    mark = hashlib.sha256(f"{one.lead.lead_id} {purpose}".encode()).hexdigest()[:20]
    yield f"UID:{mark}@triage.invalid"
    yield f"DTSTAMP:{now.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _text(value: str) -> str:
    """Return a text value (RFC 5545 section 3.3.11)."""
    clean = printable(value)
    for letter in ("\\", ";", ","):
        clean = clean.replace(letter, f"\\{letter}")
    return clean


def _folded(line: str) -> str:
    """Return a content line in pieces of 75 octets at most, no letter torn apart (RFC 5545 section 3.1)."""
    pieces, octets = [""], 0
    for letter in line:
        size = len(letter.encode("utf-8", "replace"))
        if octets + size > _LINE_OCTETS:
            pieces.append(" ")
            octets = 1
        pieces[-1] += letter
        octets += size
    return "\r\n".join(pieces)
