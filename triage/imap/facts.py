"""Asks a server what it can do and how its folders are called."""

from imapclient import IMAPClient

from triage.imap.capabilities import ServerFacts
from triage.imap.errors import translated

_SPECIAL_USE = frozenset({"\\all", "\\archive", "\\drafts", "\\flagged", "\\important", "\\junk", "\\sent", "\\trash"})


def fetch_facts(client: IMAPClient, account: str) -> ServerFacts:
    """Return what CAPABILITY, NAMESPACE and LIST tell; PERMANENTFLAGS are left empty: they take a SELECT."""
    with translated(account, "asking for capabilities"):
        capabilities = frozenset(_text(one).upper() for one in client.capabilities())
        namespace = _fetch_namespace(client, capabilities)
        listed = client.list_folders()
    special_use = {
        _text(flag).lower(): _text(one[2]) for one in listed for flag in one[0] if _text(flag).lower() in _SPECIAL_USE
    }
    return ServerFacts(
        capabilities=capabilities,
        permanent_flags=frozenset(),
        delimiter=next((_text(one[1]) for one in listed if one[1]), ""),
        namespace=namespace,
        folders=tuple(_text(one[2]) for one in listed),
        special_use=special_use,
    )


def _fetch_namespace(client: IMAPClient, capabilities: frozenset[str]) -> str:
    """Return the prefix of personal folders (RFC 2342 section 5)."""
    if "NAMESPACE" not in capabilities:
        return ""
    personal = client.namespace().personal
    return _text(personal[0][0]) if personal else ""


def _text(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
