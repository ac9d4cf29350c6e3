"""Folders of our own on the owner's server: named, found again and removed.

A folder is removed only if its name is one that `scratch_name` gave and it holds nothing but
messages that `triage doctor` wrote.
"""

import logging
import re
import secrets
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from triage.errors import AccountError, FolderError, TriageError
from triage.imap.capabilities import ServerFacts
from triage.imap.errors import translated
from triage.imap.folders import select_folder
from triage.imap.probe import ProbeSession

log = logging.getLogger(__name__)

PREFIX = "Triage-Doctor-"
STALE = timedelta(hours=1)
"""What is younger may belong to a doctor that runs right now."""

_TIME = "%Y%m%dT%H%M%SZ"
_NAME = re.compile(rf"({PREFIX}(\d{{8}}T\d{{6}}Z)-[0-9a-f]{{8}})(?:-Labels(?:\W.*)?)?")
_MOST_OURS = 20


def scratch_name(now: datetime) -> str:
    """Return a name nobody else has, which tells when it was made."""
    return f"{PREFIX}{now.astimezone(UTC).strftime(_TIME)}-{secrets.token_hex(4)}"


def message_id(name: str) -> str:
    """Return the Message-ID of what is written under a scratch name, in a domain that is nobody's (RFC 2606)."""
    return f"<{name.lower()}@triage-doctor.invalid>"


def parse_scratch_name(folder: str, namespace: str) -> tuple[str, datetime] | None:
    """Return the scratch name that a folder belongs to and when it was made, None if it is none of ours."""
    match = _NAME.fullmatch(folder.removeprefix(namespace))
    if match is None or not folder.startswith(namespace):
        return None
    try:
        return match[1], datetime.strptime(match[2], _TIME).replace(tzinfo=UTC)
    except ValueError:
        return None


def list_scratch(session: ProbeSession, facts: ServerFacts) -> dict[str, datetime]:
    """Return the names of scratch folders that are there, and when each was made."""
    with translated(session.name, "listing folders"):
        listed = session.client.list_folders("", f"{facts.namespace}{PREFIX}*")
    found = (parse_scratch_name(str(one[2]), facts.namespace) for one in listed)
    return dict(one for one in found if one)


def remove_stale(session: ProbeSession, facts: ServerFacts, now: datetime) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Remove what earlier runs left that were killed; return the names removed and the folders still there."""
    stale = [name for name, made_at in list_scratch(session, facts).items() if now - made_at > STALE]
    left = {name: remove_scratch(session, facts, name) for name in sorted(stale)}
    return tuple(name for name in left if not left[name]), tuple(one for some in left.values() for one in some)


def remove_scratch(session: ProbeSession, facts: ServerFacts, name: str) -> tuple[str, ...]:
    """Remove the folders that begin with a scratch name, on a new connection if the one at hand broke.

    Returns:
        What is still there, as far as that is known; nothing is raised.
    """
    for is_last in (not session.is_open, True):
        try:
            return _remove(session, facts, name)
        except TriageError as error:
            log.debug("scratch folder not removed account=%s reason=%s", session.name, type(error).__name__)
            session.drop()
            if is_last:
                break
    return (f"{facts.namespace}{name}",)


def _remove(session: ProbeSession, facts: ServerFacts, name: str) -> tuple[str, ...]:
    for folder, is_selectable in _listed(session, facts, name):
        if is_selectable:
            with suppress(FolderError):
                if not _holds_ours_alone(session, folder, name):
                    continue
                if facts.has("X-GM-EXT-1"):
                    _empty_on_gmail(session, facts, folder, name)
                # Some servers end the session of who deletes the folder that is open.
                select_folder(session.client, session.name, "INBOX", readonly=True)
        _delete(session, folder)
    return tuple(folder for folder, is_selectable in _listed(session, facts, name) if is_selectable)


def _listed(session: ProbeSession, facts: ServerFacts, name: str) -> list[tuple[str, bool]]:
    """Return our folders, the deepest first, and whether each can be opened."""
    with translated(session.name, "listing folders"):
        listed = session.client.list_folders("", f"{facts.namespace}{name}*")
    unusable = {b"\\noselect", b"\\nonexistent"}
    found = [(str(one[2]), not unusable & {flag.lower() for flag in one[0]}) for one in listed]
    ours = [one for one in found if (parse_scratch_name(one[0], facts.namespace) or ("",))[0] == name]
    return sorted(ours, key=lambda one: (-len(one[0]), one[0]))


def _holds_ours_alone(session: ProbeSession, folder: str, name: str) -> bool:
    """Return whether every message was written by us; a folder may have been used for something else since."""
    exists = select_folder(session.client, session.name, folder, readonly=True).get(b"EXISTS", 0)
    if not isinstance(exists, int) or exists > _MOST_OURS:
        return False
    return len(_fetch_ours(session, ["ALL"], name)) == exists


def _fetch_ours(session: ProbeSession, criteria: list[str], name: str) -> list[int]:
    """Return which of the messages found in the open folder carry the Message-ID that goes with a scratch name."""
    client = session.client
    with translated(session.name, "reading headers"):
        uids = client.search(criteria)
        found = client.fetch(uids, ["BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)]"]) if uids else {}
    wanted = message_id(name).encode()
    return [
        int(uid)
        for uid, items in found.items()
        for key, value in items.items()
        if key.upper().startswith(b"BODY[HEADER") and value.partition(b":")[2].strip() == wanted
    ]


def _empty_on_gmail(session: ProbeSession, facts: ServerFacts, folder: str, name: str) -> None:
    r"""Delete our message for good: without its last label it would stay in All Mail.

    Gmail deletes only what lies in \Trash.
    """
    client, trash = session.client, facts.special_use.get("\\trash", "")
    select_folder(client, session.name, folder, readonly=False)
    ours = _fetch_ours(session, ["ALL"], name)
    if not ours or not trash:
        return
    with translated(session.name, "deleting our message"):
        client.move(ours, trash)
    select_folder(client, session.name, trash, readonly=False)
    doomed = _fetch_ours(session, ["HEADER", "Message-ID", message_id(name)], name)
    if doomed:
        with translated(session.name, "deleting our message"):
            client.add_flags(doomed, ["\\Deleted"], silent=True)
            client.uid_expunge(doomed)


def _delete(session: ProbeSession, folder: str) -> None:
    """Unsubscribe and delete; a refusal shows in what is listed afterwards."""
    with suppress(AccountError), translated(session.name, "unsubscribing our folder"):
        session.client.unsubscribe_folder(folder)
    with suppress(AccountError), translated(session.name, "deleting our folder"):
        session.client.delete_folder(folder)
