"""The text that lies behind a large attachment: a message is made of its header and that text alone."""

import re
from itertools import islice

_BOUNDARY = re.compile(rb"boundary\s*=\s*(?:\"([^\"\r\n]{1,200})\"|([^\s;\"]{1,200}))", re.IGNORECASE)
_TEXT_PART = re.compile(rb"^content-type:\s*text/(?:plain|html)\b", re.IGNORECASE | re.MULTILINE)
# Each is looked back from to its border: thousands that have none would take minutes.
_MOST_TRIED = 50
_BLANK_LINE = re.compile(rb"\r?\n\r?\n")


def lacks_text_part(content: bytes) -> bool:
    """Return whether the beginning of a message shows no text part, though there may be one further down."""
    lowered = content.lower()
    return b"text/plain" not in lowered and b"text/html" not in lowered and b"multipart/" in lowered


def compose(content: bytes, mime: bytes, body: bytes) -> bytes:
    """Return a message of the header of one and a part of it.

    The part's own Content-Type and Transfer-Encoding take the place of the message's.

    Args:
        content: the beginning of the message.
        mime: the part's header.
    """
    return _headers_without_mime(content) + mime.strip() + b"\r\n\r\n" + body


def read_behind(content: bytes) -> bytes | None:
    """Return a message as header and its first text part; None where none is found.

    Args:
        content: more of the message than its beginning, which shows none.
    """
    borders = {b"--" + (quoted or bare) for quoted, bare in _BOUNDARY.findall(content)}
    for found in islice(_TEXT_PART.finditer(content), _MOST_TRIED):
        start = content.rfind(b"\n--", 0, found.start()) + 1
        border, _, _ = content[start : found.start()].partition(b"\n")
        blank = _BLANK_LINE.search(content, start)
        # A Content-Type below a blank line is some attached text's, or a forwarded message's.
        if border.rstrip() in borders and blank is not None and found.start() < blank.start():
            end = content.find(b"\n" + border.rstrip(), blank.end() - 1)
            body = content[blank.end() : end if end >= 0 else len(content)]
            return compose(content, content[start + len(border) : blank.start()], body)
    return None


def _headers_without_mime(content: bytes) -> bytes:
    head = content.replace(b"\r\n", b"\n").partition(b"\n\n")[0]
    kept: list[bytes] = []
    skip = False
    for line in head.split(b"\n"):
        if line[:1] not in {b" ", b"\t"}:
            skip = line.lower().startswith((b"content-type:", b"content-transfer-encoding:", b"content-disposition:"))
        if not skip:
            kept.append(line)
    return b"\r\n".join(kept) + b"\r\n"
