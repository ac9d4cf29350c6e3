"""Identities of messages by their header fields alone."""

from collections.abc import Sequence

from imapclient import IMAPClient

from triage.imap.errors import translated
from triage.mail.identity import FINGERPRINT_FIELDS, fingerprint

_HEADER = f"BODY.PEEK[HEADER.FIELDS ({' '.join(FINGERPRINT_FIELDS).upper()})]"
_BATCH = 500
_NO_FIELDS = fingerprint(b"")


def fetch_fingerprints(client: IMAPClient, account: str, uids: Sequence[int]) -> dict[int, str]:
    """Return the fingerprint of each message of the open folder, by UID; the missing are left out."""
    marks: dict[int, str] = {}
    for start in range(0, len(uids), _BATCH):
        with translated(account, "reading headers"):
            found = client.fetch(uids[start : start + _BATCH], [_HEADER])
        for uid, items in found.items():
            for key, value in items.items():
                if key.upper().startswith(b"BODY[HEADER") and isinstance(value, bytes):
                    marks[int(uid)] = fingerprint(value)
    return marks


def fetch_copy_marks(client: IMAPClient, account: str, uids: Sequence[int]) -> dict[int, str]:
    """Return what a message and its copies have in common: the fingerprint, and the size where that says nothing."""
    marks = fetch_fingerprints(client, account, uids)
    bare = [uid for uid, mark in marks.items() if mark == _NO_FIELDS]
    return marks | {uid: f"{_NO_FIELDS}:{size}" for uid, size in _fetch_sizes(client, account, bare).items()}


def fetch_identities(client: IMAPClient, account: str, uids: Sequence[int]) -> dict[int, str]:
    """Return fingerprint and size of each message: enough to delete a copy by, where headers alone are not.

    Two different messages may lack all four header fields. A copy has the size of the
    original (RFC822.SIZE, RFC 9051 section 7.5.2).
    """
    marks = fetch_fingerprints(client, account, uids)
    sizes = _fetch_sizes(client, account, uids)
    return {uid: f"{marks[uid]}:{size}" for uid, size in sizes.items() if marks.get(uid, _NO_FIELDS) != _NO_FIELDS}


def _fetch_sizes(client: IMAPClient, account: str, uids: Sequence[int]) -> dict[int, object]:
    sizes: dict[int, object] = {}
    for start in range(0, len(uids), _BATCH):
        with translated(account, "reading sizes"):
            found = client.fetch(uids[start : start + _BATCH], ["RFC822.SIZE"])
        sizes.update({int(uid): items.get(b"RFC822.SIZE") for uid, items in found.items()})
    return sizes
