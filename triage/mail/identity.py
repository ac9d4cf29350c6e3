"""The identity of a message that survives copies, moves and new UIDs."""

import hashlib
import re

# These stay the same in every copy of a message; Received, Status and the like do not.
FINGERPRINT_FIELDS = ("message-id", "date", "from", "subject")

_FIELD = re.compile(
    rb"^(message-id|date|from|subject)[ \t]*:((?:[^\r\n]*(?:\r?\n[ \t])?)*)", re.IGNORECASE | re.MULTILINE
)
_HEADER_END = re.compile(rb"\r?\n\r?\n")
# RFC 5322 sets no limit for a header section; 64 KiB is what is read of a message anyway.
_MAX_HEADER_BYTES = 65536


def fingerprint(content: bytes) -> str:
    """Return a hash of Message-ID, Date, From and Subject as they stand in the header.

    Args:
        content: a whole message, its beginning, or only those header fields. Folding
            and the kind of line ending make no difference.

    Returns:
        32 hexadecimal digits; the same for every copy of a message.
    """
    head = content[:_MAX_HEADER_BYTES]
    if end := _HEADER_END.search(head):
        head = head[: end.start()]
    found: dict[bytes, bytes] = {}
    for match in _FIELD.finditer(head):
        found.setdefault(match[1].lower(), b" ".join(match[2].split()))
    digest = hashlib.sha256()
    for name in FINGERPRINT_FIELDS:
        value = found.get(name.encode(), b"")
        digest.update(b"%d:%s" % (len(value), value))
    return digest.hexdigest()[:32]
