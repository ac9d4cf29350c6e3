"""Identities of messages by their header fields alone."""

from collections.abc import Sequence

from imapclient import IMAPClient

from triage.imap.errors import translated
from triage.mail.identity import FINGERPRINT_FIELDS, fingerprint

_HEADER = f"BODY.PEEK[HEADER.FIELDS ({' '.join(FINGERPRINT_FIELDS).upper()})]"
_BATCH = 500


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
