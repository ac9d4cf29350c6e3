"""Moving messages without losing one: MOVE, else COPY and UID EXPUNGE, else a copy that stays a copy."""

import logging
from collections.abc import Sequence

from imapclient import IMAPClient

from triage.errors import AccountError
from triage.imap.capabilities import ServerFacts
from triage.imap.errors import translated
from triage.imap.folders import ensure_folder, select_folder
from triage.imap.headers import fetch_identities
from triage.records import Applied, LabelChange

log = logging.getLogger(__name__)

_BATCH = 500


class Mover:
    """Moves messages of one folder to the folders their changes name.

    Without MOVE (RFC 6851) a message is copied, and only when the server has said OK is the
    original marked and expunged by its UID alone (UIDPLUS, RFC 4315 section 2.1): a plain
    EXPUNGE would take what the owner has marked.
    """

    def __init__(self, client: IMAPClient, account: str, facts: ServerFacts, home: str) -> None:
        """Take a client whose open folder is `home`, selected for writing."""
        self._client = client
        self._account = account
        self._facts = facts
        self._home = home
        self.copied: dict[int, str] = {}
        """Fingerprints, by UID, of the messages of which an earlier attempt had left a copy."""

    def move(self, changes: Sequence[LabelChange], *, again: bool) -> list[Applied]:
        """Move the messages; one folder's refusal does not stop the others."""
        done: list[Applied] = []
        for folder in sorted({change.move_to for change in changes}):
            here = [change for change in changes if change.move_to == folder]
            try:
                ensure_folder(self._client, self._account, folder)
                for start in range(0, len(here), _BATCH):
                    batch = here[start : start + _BATCH]
                    self._move_batch([change.ref.uid for change in batch], folder, again=again)
                    done += [Applied(change) for change in batch]
            except AccountError as error:
                told = {one.change for one in done}
                done += [Applied(change, str(error)) for change in here if change not in told]
        return done

    def _move_batch(self, uids: Sequence[int], folder: str, *, again: bool) -> None:
        missing = self._not_copied_yet(uids, folder) if again else list(uids)
        copied = [uid for uid in uids if uid not in set(missing)]
        with translated(self._account, f"moving to {folder}"):
            if missing and self._facts.has("MOVE"):
                self._client.move(missing, folder)
            elif missing:
                self._client.copy(missing, folder)
                copied = list(uids)
            if copied and self._facts.has("UIDPLUS"):
                self._client.add_flags(copied, ["\\Deleted"], silent=True)
                self._client.uid_expunge(copied)
            elif copied:
                words = "copied, not moved: the server has no UIDPLUS account=%s count=%d"
                log.warning(words, self._account, len(copied))

    def _not_copied_yet(self, uids: Sequence[int], folder: str) -> list[int]:
        """Return the messages of which the target holds no copy.

        A crash may have come after COPY, and a server that dies within MOVE leaves both as well.
        """
        wanted = fetch_identities(self._client, self._account, uids)
        select_folder(self._client, self._account, folder, readonly=True)
        with translated(self._account, f"searching {folder}"):
            there = [int(uid) for uid in self._client.search(["ALL"])]
        copied = set(fetch_identities(self._client, self._account, there).values())
        select_folder(self._client, self._account, self._home, readonly=False)
        self.copied |= {uid: mark.rpartition(":")[0] for uid, mark in wanted.items() if mark in copied}
        return [uid for uid in uids if uid not in self.copied]
