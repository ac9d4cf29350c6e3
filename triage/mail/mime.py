"""Bytes to header fields and decoded text parts, whatever they contain.

A Rust parser reads nearly everything (46 us a message of 9 KB, where the standard
library needs 276 us for the structure alone: tests/benchmarks/bench.py). What it refuses, such as
a base64 part cut in the middle, goes to the standard library, which mends it.
"""

import base64
import codecs
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import Message as MimeMessage

import fast_mail_parser

from triage.errors import MessageError
from triage.records import Attachment

# Nobody writes deeper; each level costs the standard library a Python stack frame or two.
_MAX_DEPTH = 50
_MAX_TEXT_PARTS = 20
# The library looks for the end of each encoded word that has none, which costs the square of their length.
_MAX_ENCODED = 8192
_NOT_BASE64 = re.compile("[^A-Za-z0-9+/]")
_HALF_LETTERS = re.compile("[\ud800-\udfff]")
# A charset the fast parser does not know, which windows-1252 may still explain.
_UNDECODED = "charset-fallback"
_NESTING = re.compile(rb"content-type:\s*(?:multipart|message)/", re.IGNORECASE)
_FORWARDED = "message/rfc822"


@dataclass(frozen=True, slots=True)
class Parts:
    """A message taken apart.

    Attributes:
        headers: decoded values by lower-case field name, in the order they stand.
        plain: the text/plain parts that are not attachments.
        html: the text/html parts that are not attachments.
        attachments: every other part, and those of the message forwarded.
        repairs: what had to be mended, by name.
        forwarded: the first message/rfc822 part (RFC 2046 section 5.2.1); none within it is read.
    """

    headers: Mapping[str, Sequence[str]]
    plain: tuple[str, ...]
    html: tuple[str, ...]
    attachments: tuple[Attachment, ...]
    repairs: tuple[str, ...] = ()
    forwarded: "Parts | None" = None

    def first(self, name: str) -> str:
        """Return the first (topmost) value of a field, empty if there is none."""
        values = self.headers.get(name)
        return values[0] if values else ""


def parse_parts(content: bytes) -> Parts:
    """Take a message apart.

    Args:
        content: the message or its beginning.

    Raises:
        MessageError: it is empty, or has not one header field.
    """
    return _parse(content, reads_forwarded=True)


def _parse(content: bytes, *, reads_forwarded: bool) -> Parts:
    if not content or content.isspace():
        message = "the message is empty"
        raise MessageError(message)
    try:
        parts = _parse_fast(content, reads_forwarded=reads_forwarded)
        if _UNDECODED in parts.repairs:
            parts = _parse_stdlib(content, reads_forwarded=reads_forwarded)
    except fast_mail_parser.ParseError:
        parts = _parse_stdlib(content, reads_forwarded=reads_forwarded)
    if not parts.headers:
        message = "it has no header fields, so it is not a mail message"
        raise MessageError(message)
    return parts


def _parse_forwarded(content: bytes) -> Parts | None:
    """Take a forwarded message apart, but none within it; None where it is no message."""
    try:
        return _parse(content, reads_forwarded=False)
    except MessageError:
        return None


def _is_report(headers: Mapping[str, Sequence[str]]) -> bool:
    """Return whether a message gives back what was sent (RFC 6522): nobody passes that on."""
    return next(iter(headers.get("content-type", ())), "").strip().lower().startswith("multipart/report")


def _parse_fast(content: bytes, *, reads_forwarded: bool) -> Parts:
    mail = fast_mail_parser.parse_email(content, mode="lazy")
    given = mail.headers
    headers = {name.lower(): values for name, values in given.items()}
    if len(headers) < len(given):  # the same field in capitals and small letters
        headers = {}
        for name, values in given.items():
            headers.setdefault(name.lower(), []).extend(values)
    attachments = [Attachment(part.filename, part.mimetype.lower()) for part in mail.attachments]
    forwarded = None
    if reads_forwarded and attachments and not _is_report(headers):
        place = next((place for place, one in enumerate(attachments) if one.media_type == _FORWARDED), None)
        forwarded = None if place is None else _parse_forwarded(mail.attachments[place].content)
        if place is not None and forwarded is not None:
            attachments[place : place + 1] = forwarded.attachments
    repairs = tuple(sorted({warning.kind for warning in mail.warnings}))
    plain = tuple(filter(None, mail.text_plain[:_MAX_TEXT_PARTS]))
    return Parts(headers, plain, tuple(mail.text_html[:_MAX_TEXT_PARTS]), tuple(attachments), repairs, forwarded)


def _parse_stdlib(content: bytes, *, reads_forwarded: bool) -> Parts:
    if _nests_too_deeply(content):
        # The parser itself recurses: keep the header and treat the rest as text.
        head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
        bare = message_from_bytes(_without_content_type(head) + b"\n\n")
        return Parts(_decode_headers(bare), (body.decode("utf-8", "replace"),), (), (), ("nested-too-deeply",))
    return _take_apart(message_from_bytes(content), reads_forwarded=reads_forwarded)


def _take_apart(mail: "MimeMessage[str, str]", *, reads_forwarded: bool) -> Parts:
    headers = _decode_headers(mail)
    reads_forwarded = reads_forwarded and not _is_report(headers)
    plain: list[str] = []
    html: list[str] = []
    attachments: list[Attachment] = []
    forwarded: Parts | None = None
    for part in _iter_leaves(mail, 0):
        media_type = part.get_content_type()
        if media_type == _FORWARDED and reads_forwarded:
            reads_forwarded = False  # the first alone
            forwarded = _take_apart_forwarded(part)
            if forwarded is not None:
                attachments.extend(forwarded.attachments)
                continue
        is_body = media_type in {"text/plain", "text/html"} and part.get_content_disposition() != "attachment"
        if not is_body:
            attachments.append(Attachment(_decode_filename(part), media_type))
        elif len(plain) + len(html) < _MAX_TEXT_PARTS:
            (html if media_type == "text/html" else plain).append(_decode_text(part))
    return Parts(headers, tuple(plain), tuple(html), tuple(attachments), ("mended-encoding",), forwarded)


def _take_apart_forwarded(part: "MimeMessage[str, str]") -> Parts | None:
    payload = part.get_payload()
    inner = payload[0] if isinstance(payload, list) and payload else None
    if not isinstance(inner, MimeMessage):
        return None
    if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64":
        # RFC 2046 section 5.2.1 forbids it, and the library takes the code for the message.
        inner["Content-Transfer-Encoding"] = part["content-transfer-encoding"]
        return _parse_forwarded(_decode_transfer(inner))
    parts = _take_apart(inner, reads_forwarded=False)
    return parts if parts.headers else None


def _nests_too_deeply(content: bytes) -> bool:
    return len(_NESTING.findall(content)) > _MAX_DEPTH


def _without_content_type(head: bytes) -> bytes:
    return re.sub(rb"(?im)^content-type:.*(?:\n[ \t].*)*\n?", b"", head)


def _iter_leaves(part: "MimeMessage[str, str]", depth: int) -> Iterator["MimeMessage[str, str]"]:
    payload = part.get_payload()
    if not isinstance(payload, list) or part.get_content_type() == _FORWARDED:
        yield part
    elif depth < _MAX_DEPTH:
        for child in payload:
            if isinstance(child, MimeMessage):
                yield from _iter_leaves(child, depth + 1)


def _decode_text(part: "MimeMessage[str, str]") -> str:
    content = _decode_transfer(part)
    try:
        charset = part.get_content_charset("utf-8") or "utf-8"
    except ValueError:  # "charset*9999...": CPython refuses to read a number of more than 4300 digits
        charset = "utf-8"
    return decode_charset(content, charset)


def _decode_transfer(part: "MimeMessage[str, str]") -> bytes:
    """Undo the transfer encoding (RFC 2045 section 6), of base64 as much as is whole."""
    if str(part.get("content-transfer-encoding", "")).strip().lower() == "base64":
        text = _NOT_BASE64.sub("", str(part.get_payload()).partition("=")[0])
        return base64.b64decode(text[: len(text) // 4 * 4])
    payload = part.get_payload(decode=True)
    return payload if isinstance(payload, bytes) else b""


_PYTHONS_OWN = frozenset({"idna", "punycode", "raw_unicode_escape", "undefined", "unicode_escape"})
"""Codecs that no mail is written in; of punycode 64 KiB take a second."""


def decode_charset(content: bytes, charset: str) -> str:
    """Decode text by the charset named, by UTF-8 or by windows-1252, never failing."""
    for name in (charset, "utf-8"):
        try:
            if codecs.lookup(name).name.replace("-", "_") not in _PYTHONS_OWN:
                return _whole(content.decode(name))
        except (LookupError, UnicodeError, ValueError):
            continue
    return content.decode("windows-1252", "replace")


def _whole(text: str) -> str:
    """Return text without lone surrogates: no store, terminal or feature takes them, and UTF-7 can spell them."""
    return text if text.isascii() else _HALF_LETTERS.sub("\ufffd", text)


def _decode_filename(part: "MimeMessage[str, str]") -> str:
    try:
        return _whole(part.get_filename("") or "")
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""


def _decode_headers(mail: "MimeMessage[str, str]") -> dict[str, list[str]]:
    headers: dict[str, list[str]] = {}
    for name, value in mail.items():
        headers.setdefault(name.lower(), []).append(decode_header_value(value))
    return headers


def decode_header_value(value: object) -> str:
    """Return a header value with its encoded words decoded (RFC 2047), never failing."""
    text = " ".join(str(value).split())
    if "=?" not in text:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    text = text[:_MAX_ENCODED]
    try:
        return _whole(str(make_header(decode_header(text))))
    except (HeaderParseError, LookupError, UnicodeError, ValueError):
        return text.encode("utf-8", "replace").decode("utf-8")
