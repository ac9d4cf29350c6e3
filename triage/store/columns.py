"""Columns that hold on SQLite and PostgreSQL alike what a plain one would lose or refuse."""

from datetime import UTC, datetime

from sqlalchemy import DateTime, Dialect, String, Text, TypeDecorator


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


# File names that are no UTF-8 come as lone surrogates (PEP 383), which no database takes: they are
# kept as characters of private use. PostgreSQL takes no NUL, which a server may put in its words.
_SURROGATES = range(0xD800, 0xE000)
_PRIVATE_USE = 0x100000
_TO_STORE = {code: _PRIVATE_USE + code for code in _SURROGATES} | {0: "\ufffd"}
_FROM_STORE = {_PRIVATE_USE + code: code for code in _SURROGATES}


class Words(TypeDecorator[str]):
    """Text from outside: a name comes back as it was, whatever it is made of."""

    impl: type[String] = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as any database takes it."""
        del dialect
        if value is None or (value.isascii() and "\0" not in value):
            return value
        return value.translate(_TO_STORE)

    def process_result_value(self, value: str | None, dialect: Dialect) -> str | None:
        """Return the text as it was."""
        del dialect
        return value if value is None or value.isascii() else value.translate(_FROM_STORE)


class Name(Words):
    """The same, of a length at most."""

    impl = String
    cache_ok = True
