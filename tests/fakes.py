"""Real behaviour in memory: a mailbox that keeps labels, and can fail where a test says so."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import date, datetime

from triage.errors import TransientMailError
from triage.interfaces import FolderRole
from triage.local.files import with_text
from triage.mail.identity import fingerprint
from triage.mail.parse import MAX_BODY_BYTES
from triage.records import Applied, LabelChange, MessageRef, RawMessage, Uid, UidValidity, UnreadableMessage


class FakeMailbox:
    """A folder on a server that never was.

    Attributes:
        writes: how many changes were written.
        elsewhere: where messages that are moved go.
        fail_after: raise a TransientMailError once so many changes are written in one call.
    """

    account = "home"
    carries_keywords = True

    def __init__(self, contents: Sequence[bytes] = (), *, folder: str = "INBOX", uidvalidity: int = 7) -> None:
        self.folder = folder
        self.uidvalidity = UidValidity(uidvalidity)
        self.writes = 0
        self.fail_after: int | None = None
        self.elsewhere: FakeMailbox | None = None
        self.has_condstore = True
        self._messages: dict[Uid, RawMessage | UnreadableMessage] = {}
        self._modseqs: dict[Uid, int] = {}
        self._modseq = 1
        self._next = 1
        for content in contents:
            self.deliver(content)

    def deliver(self, content: bytes, *keywords: str, received: datetime | None = None) -> MessageRef:
        """Add a message."""
        ref = MessageRef("home", self.folder, self.uidvalidity, Uid(self._next))
        beginning = with_text(content[:MAX_BODY_BYTES], len(content), lambda: content)
        self._messages[ref.uid] = RawMessage(ref, beginning, len(content), received, keywords=frozenset(keywords))
        self._next += 1
        self._touch(ref.uid)
        return ref

    def _touch(self, uid: Uid) -> None:
        self._modseq += 1
        self._modseqs[uid] = self._modseq

    @property
    def uid_next(self) -> Uid:
        return Uid(self._next)

    @property
    def highest_modseq(self) -> int | None:
        return self._modseq if self.has_condstore else None

    def changed_since(self, modseq: int) -> Sequence[MessageRef] | None:
        if not self.has_condstore:
            return None
        return [one.ref for uid, one in sorted(self._messages.items()) if self._modseqs.get(uid, 0) > modseq]

    def fetch_labels(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, frozenset[str]]:
        return {one.ref: one.keywords for one in self.iter_messages(refs) if isinstance(one, RawMessage)}

    def identify(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
        return {one.ref: fingerprint(one.content) for one in self.iter_messages(refs) if isinstance(one, RawMessage)}

    def move_target(self, where: str) -> str:
        return where

    def label_moved(self, folder: str, labels: Mapping[str, frozenset[str]]) -> None:
        assert self.elsewhere is not None
        assert self.elsewhere.folder == folder
        for mark, ref in self.elsewhere.find(set(labels)).items():
            self.elsewhere.apply([LabelChange(ref, labels[mark])])

    def mend(self, uid: int, content: bytes) -> None:
        """Make an unreadable message readable."""
        item = self._messages[Uid(uid)]
        self._messages[Uid(uid)] = RawMessage(item.ref, content, len(content))
        self._touch(Uid(uid))

    def take_away(self, uid: Uid) -> RawMessage | UnreadableMessage:
        """Hide a message, as a server does whose UIDs appear out of order."""
        return self._messages.pop(uid)

    def put_back(self, uid: Uid, item: RawMessage | UnreadableMessage) -> None:
        """Let a hidden message appear under its old UID."""
        self._messages[uid] = item
        self._touch(uid)

    def spoil(self, uid: int) -> None:
        """Make a message unreadable."""
        ref = MessageRef("home", self.folder, self.uidvalidity, Uid(uid))
        self._messages[Uid(uid)] = UnreadableMessage(ref, "the server gives no body")

    def expunge(self, uid: int) -> None:
        """Remove a message."""
        del self._messages[Uid(uid)]

    def renumber(self, uidvalidity: int) -> None:
        """Give every message a new UID under a new UIDVALIDITY."""
        old = [one for _, one in sorted(self._messages.items())]
        self.uidvalidity = UidValidity(uidvalidity)
        self._messages, self._next = {}, 1
        for item in old:
            if isinstance(item, RawMessage):
                self.deliver(item.content, *item.keywords)

    def keywords(self, uid: int) -> set[str]:
        """Return a message's keywords."""
        item = self._messages[Uid(uid)]
        return set(item.keywords) if isinstance(item, RawMessage) else set()

    def relabel(self, uid: int, *keywords: str) -> None:
        """Set a message's keywords, as its owner would."""
        item = self._messages[Uid(uid)]
        assert isinstance(item, RawMessage)
        self._messages[Uid(uid)] = replace(item, keywords=frozenset(keywords))
        self._touch(Uid(uid))

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        return [
            one.ref
            for uid, one in sorted(self._messages.items())
            if (after is None or uid > after) and not _is_older(one, since)
        ]

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        for ref in refs:
            if ref.uid in self._messages and ref.uidvalidity == self.uidvalidity:
                yield self._messages[ref.uid]

    def iter_beginnings(self, refs: Sequence[MessageRef], octets: int) -> Iterator[RawMessage | UnreadableMessage]:
        for item in self.iter_messages(refs):
            yield replace(item, content=item.content[:octets]) if isinstance(item, RawMessage) else item

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        return {
            fingerprint(one.content): one.ref
            for one in self._messages.values()
            if isinstance(one, RawMessage) and fingerprint(one.content) in fingerprints
        }

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        del again
        done = []
        for count, change in enumerate(changes):
            if self.fail_after is not None and count >= self.fail_after:
                raise TransientMailError("the connection was cut")
            item = self._messages.get(change.ref.uid)
            if item is None or change.ref.uidvalidity != self.uidvalidity or isinstance(item, UnreadableMessage):
                done.append(Applied(change, "the message has gone"))
                continue
            self._messages[change.ref.uid] = replace(item, keywords=(item.keywords | change.add) - change.remove)
            self._touch(change.ref.uid)
            self.writes += 1
            if change.move_to:
                self.expunge(change.ref.uid)
                if self.elsewhere is not None:
                    self.elsewhere.deliver(item.content, *((item.keywords | change.add) - change.remove))
            done.append(Applied(change))
        return done


def _is_older(item: RawMessage | UnreadableMessage, day: date | None) -> bool:
    received = item.internal_date if isinstance(item, RawMessage) else None
    return day is not None and received is not None and received.date() < day


class FakeSource:
    """An account of fake folders."""

    name = "home"

    def __init__(self, *mailboxes: FakeMailbox) -> None:
        self._mailboxes = {one.folder: one for one in mailboxes}
        self._roles: dict[FolderRole, str] = {}
        self.error: Exception | None = None
        self.lose_append = False
        """The next APPEND arrives, and the connection breaks before it is told."""

    def give_role(self, role: FolderRole, mailbox: FakeMailbox) -> None:
        """Add a folder that is not labelled."""
        self._roles[role] = mailbox.folder
        self._mailboxes[mailbox.folder] = mailbox

    def folders(self) -> Sequence[str]:
        return [name for name in self._mailboxes if name not in self._roles.values()]

    def find_folder(self, role: FolderRole) -> str | None:
        return self._roles.get(role)

    def append(self, folder: str, content: bytes, message_id: str, flags: Sequence[str] = ()) -> bool:
        del flags
        box = self._mailboxes.setdefault(folder, FakeMailbox(folder=folder))
        held = [item.content for item in box.iter_messages(box.list_refs()) if isinstance(item, RawMessage)]
        if any(message_id.encode() in one for one in held):
            return False
        box.deliver(content)
        if self.lose_append:
            self.lose_append = False
            raise TransientMailError("the connection was cut")
        return True

    def open(self, folder: str) -> AbstractContextManager[FakeMailbox]:
        if self.error is not None:
            raise self.error
        return nullcontext(self._mailboxes[folder])

    def watch(self, folder: str, ring: Callable[[], None]) -> bool:
        del folder, ring
        return False

    def stop_watching(self) -> None:
        pass

    def interrupt(self) -> None:
        pass

    def close(self) -> None:
        pass
