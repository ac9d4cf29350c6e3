"""Columns that hold on SQLite and PostgreSQL alike what a plain one would lose or refuse; where a message lies, in columns."""

import re
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import DateTime, Dialect, Row, String, Text, TypeDecorator

from triage.records import MessageRef, Uid, UidValidity


class Moment(TypeDecorator[datetime]):
    """An aware time, kept as UTC: SQLite would drop the zone, PostgreSQL answers in the session's own."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time in UTC."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            message = "a time without a zone"
            raise ValueError(message)
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Return the time, aware and in UTC."""
        del dialect
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


# File names that are no UTF-8 come as lone surrogates (PEP 383), which no database takes, and a
# server may put a NUL in its words, which PostgreSQL does not take: such a character is kept as the
# last one of Unicode and one of private use.
_ESCAPE = "\U0010ffff"
_PRIVATE_USE, _LOW = 0x100000, 0xFFFF
_REFUSED = re.compile(f"[\0\ud800-\udfff{_ESCAPE}]")
_ESCAPED = re.compile(f"{_ESCAPE}(.)", re.DOTALL)


def _escape(match: re.Match[str]) -> str:
    return _ESCAPE + chr(_PRIVATE_USE | ord(match[0]) & _LOW)


def _unescape(match: re.Match[str]) -> str:
    code = ord(match[1]) & _LOW
    return _ESCAPE if code == _LOW else chr(code)


class Words(TypeDecorator[str]):
    """Text from outside: a name comes back as it was, whatever it is made of."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as any database takes it."""
        del dialect
        return None if value is None else _REFUSED.sub(_escape, value)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it was."""
        del dialect
        return None if value is None else _ESCAPED.sub(_unescape, value)


class Name(Words):
    """The same, of a length at most."""

    impl = String
    cache_ok = True


def place_of(ref: MessageRef) -> dict[str, Any]:
    """Return where a message lies, by column."""
    return {
        "account": ref.account,
        "folder": ref.folder,
        "uidvalidity": ref.uidvalidity,
        "uid": ref.uid,
        "key": ref.key,
    }


def ref_of(row: Row[Any]) -> MessageRef:
    """Return where the message of a row lies."""
    return MessageRef(row.account, row.folder, UidValidity(row.uidvalidity), Uid(row.uid), row.key)
