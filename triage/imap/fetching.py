"""FETCH of many messages: the library's own, but for reading plain answers several times as fast.

The library reads what stands around a message octet by octet, which takes as long as everything
else that a scan does beside judging (tests/benchmarks/mailbox.py). Here one pattern reads the answer that a server gives to a
plain question (RFC 9051 section 7.5.2); any other goes to the library.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from imapclient import IMAPClient
from imapclient.exceptions import IMAPClientError
from imapclient.response_parser import parse_fetch_response

Items = dict[bytes, object]

_ITEM = (
    rb"(?:UID \d+|RFC822\.SIZE \d+|FLAGS \([^()\"{]*\)"
    rb"|INTERNALDATE \"[ \d]\d-[A-Za-z]{3}-\d{4} \d\d:\d\d:\d\d [+-]\d{4}\")"
)
_HEAD = re.compile(rb"(\d+) \(((?:" + _ITEM + rb" )*)(BODY\[[^\]\s]*\](?:<0>)?) \{\d+\}")
_TAIL = re.compile(rb"((?: " + _ITEM + rb")*)\)")
_EACH = re.compile(rb"(UID|RFC822\.SIZE) (\d+)|FLAGS \(([^()]*)\)|INTERNALDATE \"([^\"]+)\"")
_MONTHS = {name: number for number, name in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}


def fetch(client: IMAPClient, uids: Sequence[int], items: Sequence[str]) -> Mapping[int, Mapping[bytes, object]]:
    """Return the items of messages by UID, as `IMAPClient.fetch` does.

    Raises:
        IMAPClientError: the server refuses, or its answer cannot be read.
    """
    if not uids:
        return {}
    # imaplib's own method: the client's reads the answer as well.
    status, data = client._imap.uid("FETCH", ",".join(map(str, uids)), f"({' '.join(items)})")  # noqa: SLF001
    if status != "OK":
        message = f"fetch failed: {data[0]!r}"
        raise IMAPClientError(message)
    found = read_plain(data)
    return found if found is not None else parse_fetch_response(data)


def read_plain(data: Sequence[object]) -> dict[int, Items] | None:
    """Return what imaplib took apart by UID; None where it is no plain answer."""
    found: dict[int, Items] = {}
    if len(data) % 2:
        return None
    for place in range(0, len(data), 2):
        begin, end = data[place], data[place + 1]
        if not isinstance(begin, tuple) or not isinstance(end, bytes):
            return None
        head, tail = _HEAD.fullmatch(begin[0]), _TAIL.fullmatch(end)
        if head is None or tail is None:
            return None
        values = _read_items(head[2] + tail[1])
        uid = values.pop(b"UID", None)
        if not isinstance(uid, int):
            return None
        values[b"SEQ"], values[head[3]] = int(head[1]), begin[1]
        found.setdefault(uid, {}).update(values)
    return found


def _read_items(text: bytes) -> Items:
    values: Items = {}
    for match in _EACH.finditer(text):
        name, number, flags, moment = match.groups()
        if name:
            values[name] = int(number)
        elif flags is not None:
            values[b"FLAGS"] = tuple(flags.split())
        else:
            values[b"INTERNALDATE"] = _read_moment(moment)
    return values


def _read_moment(text: bytes) -> datetime | None:
    """Return a date-time (RFC 9051 section 9), None where there is no such day."""
    month = _MONTHS.get(text[3:6].capitalize(), 0)
    try:
        return datetime(
            int(text[7:11]),
            month,
            int(text[:2]),
            int(text[12:14]),
            int(text[15:17]),
            int(text[18:20]),
            tzinfo=_zone(text[21:26]),
        )
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _zone(text: bytes) -> timezone:
    minutes = int(text[1:3]) * 60 + int(text[3:5])
    return timezone(timedelta(minutes=-minutes if text[:1] == b"-" else minutes))
