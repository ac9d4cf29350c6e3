"""Authentication-Results: who vouches for the sender (RFC 8601)."""

import re

from triage.records import Authentication

# RFC 8601 section 2.2: authserv-id [version] *( ";" method "=" result [reason] *propspec ).
_COMMENT = re.compile(r"\([^()]*\)")
_RESULT = re.compile(r"^\s*([a-z0-9-]+)(?:\s*/\s*\d+)?\s*=\s*([a-z]+)", re.IGNORECASE)
_PROPERTY = re.compile(r"\b(?:header\.(?:d|i|from)|smtp\.(?:mailfrom|helo|mail))\s*=\s*\"?([^\s;\"]+)", re.IGNORECASE)
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
    head, *rest = _COMMENT.sub(" ", value[:_MAX_CHARACTERS]).split(";")
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
    return _authserv_id(_COMMENT.sub(" ", value[:_MAX_CHARACTERS]).partition(";")[0])


def _authserv_id(head: str) -> str:
    words = head.split()
    return "" if not words or "=" in words[0] else words[0].strip('"').lower()
