"""Authentication-Results: who vouches for the sender (RFC 8601)."""

import re

from triage.records import Authentication

# RFC 8601 section 2.2: authserv-id [version] *( ";" method "=" result [reason] *propspec ).
_COMMENT = re.compile(r"\([^()]*\)")
# A quoted string (RFC 5322 section 3.2.4), a quoted pair, one sign that parts, or what stands between.
_PIECE = re.compile(r'"(?:[^"\\]|\\.)*+"|\\.|[^"\\();]+|.', re.DOTALL)
_NOT_NAME = re.compile(r"[^\w.@<>+-]")
_RESULT = re.compile(r"^\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"(?<!\S)(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|helo|mail))\s*=\s*(\S+)", re.IGNORECASE)
_METHODS = frozenset({"spf", "dkim", "dmarc", "arc"})
_MAX_CHARACTERS = 4096


def parse_authentication_results(value: str) -> tuple[Authentication, ...]:
    """Return the results of one Authentication-Results header.

    Args:
        value: the unfolded value of the topmost header: only that one can come from
            the owner's own server, everything below may have been sent along.

    Returns:
        The spf, dkim, dmarc and arc results in order; empty for "none" and for
        what cannot be read. Whether the authserv-id is to be believed is for the
        caller to decide (RFC 8601 section 5).
    """
    head, *rest = _items(value)
    authserv_id = _authserv_id(head)
    if not authserv_id:
        return ()
    found = []
    for item in rest:
        match = _RESULT.match(item)
        if not match or match[1].lower() not in _METHODS:
            continue
        about = _PROPERTY.search(item)
        domain = about[1].rpartition("@")[2].strip("<>.").lower() if about else ""
        found.append(Authentication(authserv_id, match[1].lower(), match[2].lower(), domain))
    return tuple(found)


def parse_authserv_id(value: str) -> str:
    """Return who speaks in an Authentication-Results header, in small letters; empty if it does not say.

    Args:
        value: the unfolded value.
    """
    return _authserv_id(_items(value)[0])


def _items(value: str) -> list[str]:
    """Return what semicolons part, each comment a space and of a quoted string only what can be in a name.

    What a sender chose, such as the local part of an address, stands in one or the other: nothing
    in it is to be read as a result or a property. Programs write addresses into comments as they
    are, so that a quoted string holds there as well, though RFC 5322 section 3.2.2 knows none.
    """
    value = value[:_MAX_CHARACTERS]
    if '"' not in value and "\\" not in value:  # as most are
        plain = _COMMENT.sub(" ", value)
        if "(" not in plain:
            return plain.split(";")
    return _careful_items(value)


def _careful_items(value: str) -> list[str]:
    items, depth = [""], 0
    for piece in _PIECE.findall(value):
        if piece == "(":
            items[-1] += " "
            depth += 1
        elif depth:
            depth -= piece == ")"
        elif piece == ";":
            items.append("")
        elif piece == '"':  # it never ends, so that this item and what follows may all be the sender's
            items[-1] = ""
            break
        elif piece.startswith('"'):
            items[-1] += _NOT_NAME.sub("_", piece[1:-1])
        else:
            items[-1] += piece
    return items


def _authserv_id(head: str) -> str:
    words = head.split()
    return "" if not words or "=" in words[0] else words[0].lower()
