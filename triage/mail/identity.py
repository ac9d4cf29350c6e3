"""The identity of a message that survives copies, moves and new UIDs."""

import hashlib
import re
from collections.abc import Sequence

# These stay the same in every copy of a message; Received, Status and the like do not.
FINGERPRINT_FIELDS = ("message-id", "date", "from", "subject")

_NAMES = frozenset(name.encode() for name in FINGERPRINT_FIELDS)
# Most lines of a header begin with another letter and are passed over at once.
_INITIALS = frozenset(bytes([letter]) for name in _NAMES for letter in name[:1] + name[:1].upper())
_HEADER_END = re.compile(rb"\n\r?\n")
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
    end = _HEADER_END.search(content, 0, _MAX_HEADER_BYTES)
    lines = content[: end.start() if end else _MAX_HEADER_BYTES].split(b"\n")
    found: dict[bytes, bytes] = {}
    for place, line in enumerate(lines):
        if line[:1] in _INITIALS:
            name, colon, value = line.partition(b":")
            name = name.rstrip(b" \t").lower()
            if colon and name in _NAMES and name not in found:
                found[name] = b" ".join(b" ".join([value, *_folded(lines, place + 1)]).split())
    digest = hashlib.sha256()
    for field in FINGERPRINT_FIELDS:
        value = found.get(field.encode(), b"")
        digest.update(b"%d:%s" % (len(value), value))
    return digest.hexdigest()[:32]


def _folded(lines: Sequence[bytes], start: int) -> Sequence[bytes]:
    """Return the lines that continue a field (RFC 5322 section 2.2.3)."""
    end = start
    while end < len(lines) and lines[end][:1] in {b" ", b"\t"}:
        end += 1
    return lines[start:end]
