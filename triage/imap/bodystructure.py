"""Finds the text in a BODYSTRUCTURE (RFC 9051 section 7.5.2)."""

_MAX_DEPTH = 20


def first_text_part(structure: object, prefix: str = "") -> str | None:
    """Return the number of the first text/plain or text/html part, None if there is none.

    Args:
        structure: imapclient's nested tuples: a multipart begins with the list of its parts.
        prefix: the number of the part that the structure belongs to.
    """
    if not isinstance(structure, tuple | list) or not structure or prefix.count(".") > _MAX_DEPTH:
        return None
    children = structure[0]
    if isinstance(children, list):
        for number, child in enumerate(children, 1):
            found = first_text_part(child, f"{prefix}.{number}" if prefix else str(number))
            if found:
                return found
        return None
    subtype = structure[1] if len(structure) > 1 else b""
    if _lower(children) == b"text" and _lower(subtype) in {b"plain", b"html"}:
        return prefix or "1"
    return None


def _lower(value: object) -> bytes:
    return value.lower() if isinstance(value, bytes) else b""
