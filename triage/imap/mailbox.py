"""One opened folder: listing, fetching and labelling in few round trips."""

import logging
from array import array
from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime

from imapclient import IMAPClient

from triage.errors import AccountError, FolderError, ProtocolError, TransientMailError
from triage.imap.bodystructure import first_text_part
from triage.imap.capabilities import ServerFacts
from triage.imap.errors import translated
from triage.imap.fetching import fetch
from triage.imap.folders import select_folder
from triage.imap.headers import fetch_fingerprints
from triage.imap.labels import GMAIL_ID, STORE_BATCH, Labels, gmail_id
from triage.imap.moving import Mover
from triage.mail.behind import compose, lacks_text_part
from triage.mail.parse import MAX_BODY_BYTES
from triage.records import Applied, LabelChange, MessageRef, RawMessage, Refs, Uid, UidValidity, UnreadableMessage

log = logging.getLogger(__name__)

FETCH_BATCH = 250
"""UIDs in one FETCH: 200 to 500 are equally fast, and memory grows with them."""

_LATELY_MOVED = 2000
"""Messages of another folder that are looked through for one just moved there."""

_SEARCH_WINDOW = 50_000
"""Messages in one SEARCH: imaplib gives up on an answer of a million octets."""

_BODY = f"BODY.PEEK[]<0.{MAX_BODY_BYTES}>"
_READ_ITEMS = ["RFC822.SIZE", "INTERNALDATE", "FLAGS", _BODY]


class ImapMailbox:
    """A folder opened with EXAMINE; `apply` alone selects it for writing, and goes back."""

    def __init__(self, client: IMAPClient, account: str, folder: str, labels: Labels, facts: ServerFacts) -> None:
        """Take over a client; the folder is examined anew to learn its UIDVALIDITY."""
        self._client = client
        self._account = account
        self._folder = folder
        self._labels = labels
        self._facts = facts
        found = self._select(readonly=True)
        self._uidvalidity = _uidvalidity(found)
        self._exists = _number(found, b"EXISTS") or 0
        self._uid_next = _number(found, b"UIDNEXT")
        self._highest_modseq = _number(found, b"HIGHESTMODSEQ")

    @property
    def account(self) -> str:
        """The account's configured name."""
        return self._account

    @property
    def folder(self) -> str:
        """The folder's name on the server."""
        return self._folder

    @property
    def uidvalidity(self) -> UidValidity:
        """The generation of the UIDs (RFC 9051 section 2.3.1.1)."""
        return self._uidvalidity

    @property
    def uid_next(self) -> Uid | None:
        """UIDNEXT when the folder was opened."""
        return None if self._uid_next is None else Uid(self._uid_next)

    @property
    def highest_modseq(self) -> int | None:
        """HIGHESTMODSEQ when the folder was opened; None without CONDSTORE, or where labels lie elsewhere."""
        return self._highest_modseq if self._labels.on_message else None

    @property
    def carries_keywords(self) -> bool:
        """Whether labels are keywords here."""
        return self._labels.carries_keywords

    def _select(self, *, readonly: bool) -> Mapping[bytes, object]:
        return select_folder(self._client, self._account, self._folder, readonly=readonly)

    def changed_since(self, modseq: int) -> Sequence[MessageRef] | None:
        """Return what changed after a mod-sequence, by SEARCH MODSEQ (RFC 7162 section 3.1.5)."""
        if self.highest_modseq is None:
            return None
        try:
            with translated(self._account, f"searching {self._folder}"):
                found = self._search_modseq(modseq + 1)
        except AccountError:  # a refusal: it names CONDSTORE and does not keep it
            return None
        return [self._ref(int(uid)) for uid in sorted(found)]

    def _search_modseq(self, modseq: int) -> Sequence[int]:
        try:
            return [int(uid) for uid in self._client.search(["MODSEQ", str(modseq)])]
        except ValueError:
            # The library cannot read "* SEARCH (MODSEQ 1)": so Cyrus says that it found nothing.
            return []

    def fetch_labels(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, frozenset[str]]:
        """Return keywords and labels by a FETCH of FLAGS and what the way of labelling needs."""
        labels: dict[MessageRef, frozenset[str]] = {}
        here = [ref for ref in refs if ref.uidvalidity == self._uidvalidity]
        for start in range(0, len(here), STORE_BATCH):
            batch = here[start : start + STORE_BATCH]
            with translated(self._account, f"reading flags in {self._folder}"):
                found = self._client.fetch([ref.uid for ref in batch], ["FLAGS", *self._labels.fetch_items])
            extra = self._labels.present([ref.uid for ref in batch])
            for ref in batch:
                if ref.uid in found and b"FLAGS" in found[ref.uid]:
                    labels[ref] = self._keywords(found[ref.uid]) | extra.get(ref.uid, frozenset())
        return labels

    def identify(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
        """Return the server's identities, or fingerprints by the header fields alone."""
        return self._identities([ref for ref in refs if ref.uidvalidity == self._uidvalidity])

    def _identities(self, refs: Sequence[MessageRef]) -> Mapping[MessageRef, str]:
        if "X-GM-MSGID" in self._labels.fetch_items:
            return {ref: mark for ref, mark in self._server_ids(refs) if mark}
        here = {ref.uid: ref for ref in refs}
        return {here[Uid(uid)]: mark for uid, mark in fetch_fingerprints(self._client, self._account, [*here]).items()}

    def _server_ids(self, refs: Sequence[MessageRef]) -> Iterator[tuple[MessageRef, str]]:
        for start in range(0, len(refs), STORE_BATCH):
            batch = {ref.uid: ref for ref in refs[start : start + STORE_BATCH]}
            with translated(self._account, f"reading identities in {self._folder}"):
                found = self._client.fetch([*batch], ["X-GM-MSGID"])
            yield from ((batch[Uid(uid)], gmail_id(items)) for uid, items in found.items())

    def move_target(self, where: str) -> str:
        r"""Return the folder of a label, of a special use (\Junk) or of that name."""
        if where in self._labels.names:
            return self._facts.folder_for(where)
        if where.startswith("\\"):
            return self._facts.special_use.get(where.lower(), "")
        return where

    def list_refs(self, *, after: Uid | None = None, since: date | None = None) -> Sequence[MessageRef]:
        """Return the messages by UID, searched in windows of 50,000 messages.

        `n:*` always finds the last message, even below n (RFC 9051 section 6.4.8): what is not
        after `after` is left out here.
        """
        found = array("Q")  # of a decade of mail: eight octets each where a MessageRef takes a hundred
        with translated(self._account, f"searching {self._folder}"):
            borders = [border for border in self._borders() if border > (after or 0)]
            for low, high in zip([(after or 0) + 1, *(border + 1 for border in borders)], [*borders, "*"], strict=True):
                # Windows do not overlap, but for the last message, which every `n:*` finds.
                last = found[-1] if found else after or 0
                found.extend(sorted(uid for uid in {*self._search(f"{low}:{high}", since)} if uid > last))
        return Refs(found, self._ref)

    def _borders(self) -> list[int]:
        """Return the UID of every 50,000th message: UIDs may have gaps of any width, positions have none."""
        places = range(_SEARCH_WINDOW, self._exists + 1, _SEARCH_WINDOW)
        if not places:
            return []
        return sorted(int(uid) for uid in self._client.search([",".join(map(str, places))]))

    def _search(self, window: str, since: date | None) -> Sequence[int]:
        criteria: list[str | date] = ["UID", window]
        if since is not None:
            criteria += ["SINCE", since]
        return [int(uid) for uid in self._client.search(criteria)]

    def _ref(self, uid: int) -> MessageRef:
        return MessageRef(self._account, self._folder, self._uidvalidity, Uid(uid))

    def iter_messages(self, refs: Sequence[MessageRef]) -> Iterator[RawMessage | UnreadableMessage]:
        """Fetch the first 64 KiB of each message, a few hundred in each round trip.

        Only a message whose beginning holds no text part (attachment first) costs more.
        """
        for start in range(0, len(refs), FETCH_BATCH):
            batch = [ref for ref in refs[start : start + FETCH_BATCH] if ref.uidvalidity == self._uidvalidity]
            fetched = self._fetch_batch([ref.uid for ref in batch])
            extra = self._labels.present(fetched.keys())
            for ref in batch:
                if ref.uid in fetched:
                    yield self._to_message(ref, self._whole(ref.uid, fetched[ref.uid]), extra)

    def iter_beginnings(self, refs: Sequence[MessageRef], octets: int) -> Iterator[RawMessage | UnreadableMessage]:
        """Fetch the first octets of each message; nothing else is asked, whatever they hold."""
        items = ["RFC822.SIZE", "INTERNALDATE", f"BODY.PEEK[]<0.{octets}>"]
        for start in range(0, len(refs), FETCH_BATCH):
            batch = [ref for ref in refs[start : start + FETCH_BATCH] if ref.uidvalidity == self._uidvalidity]
            with translated(self._account, f"reading {self._folder}"):
                found = fetch(self._client, [ref.uid for ref in batch], items)
            for ref in batch:
                answer = found.get(ref.uid, {})
                content, size = _body(answer), answer.get(b"RFC822.SIZE")
                if content:
                    moment = _moment(answer.get(b"INTERNALDATE"))
                    yield RawMessage(ref, content[:octets], size if isinstance(size, int) else None, moment)
                elif answer:
                    yield UnreadableMessage(ref, "the server gives no body for it")

    def _whole(self, uid: Uid, items: Mapping[bytes, object] | None) -> Mapping[bytes, object] | None:
        """Ask once more, for it alone, where a message of some size comes without a body: OK is not "got it"."""
        if items is None or _body(items) or not items.get(b"RFC822.SIZE"):
            return items
        return self._fetch_batch([uid]).get(uid)

    def _fetch_batch(self, uids: Sequence[int]) -> Mapping[int, Mapping[bytes, object] | None]:
        """Return items by UID; None for one whose answer cannot be read: it alone, by halving."""
        if not uids:
            return {}
        try:
            with translated(self._account, f"reading {self._folder}"):
                found = fetch(self._client, uids, [*_READ_ITEMS, *self._labels.fetch_items])
        except (ProtocolError, AccountError):  # a NO to a FETCH may be about one message alone
            if len(uids) == 1:
                log.warning("answer unreadable account=%s uid=%d", self._account, uids[0])
                return {uids[0]: None}
            half = len(uids) // 2
            return {**self._fetch_batch(uids[:half]), **self._fetch_batch(uids[half:])}
        # Servers may add what nobody asked for: news of other messages.
        return {uid: found[uid] for uid in uids if uid in found}

    def _to_message(
        self, ref: MessageRef, items: Mapping[bytes, object] | None, extra: Mapping[int, frozenset[str]]
    ) -> RawMessage | UnreadableMessage:
        if items is None:
            return UnreadableMessage(ref, "the server's answer about it cannot be read")
        content = _body(items)
        if content is None:
            return UnreadableMessage(ref, "the server gives no body for it")
        size = items.get(b"RFC822.SIZE")
        size = size if isinstance(size, int) else None
        if size and not content:
            return UnreadableMessage(ref, "the server gives no body for it")
        if size is not None and size > len(content):
            content = self._with_text(ref, content)
        flags = {_decode(flag) for flag in _items(items, b"FLAGS")}
        return RawMessage(
            ref=ref,
            content=content,
            size=size,
            internal_date=_moment(items.get(b"INTERNALDATE")),
            flags=frozenset(flag for flag in flags if flag.startswith("\\")),
            keywords=self._keywords(items) | extra.get(ref.uid, frozenset()),
            server_id=self._labels.server_id(items),
        )

    def _keywords(self, items: Mapping[bytes, object]) -> frozenset[str]:
        flags = (_decode(flag) for flag in _items(items, b"FLAGS"))
        return frozenset(flag for flag in flags if not flag.startswith("\\")) | self._labels.from_items(items)

    def _with_text(self, ref: MessageRef, content: bytes) -> bytes:
        """Return the message as header and its first text part, if the beginning shows none."""
        if not lacks_text_part(content):
            return content
        try:
            return self._fetch_text(ref, content)
        except (ProtocolError, AccountError):
            log.debug("structure unreadable account=%s uid=%d", self._account, ref.uid)
            return content

    def _fetch_text(self, ref: MessageRef, content: bytes) -> bytes:
        with translated(self._account, f"reading {self._folder}"):
            structure = self._client.fetch([ref.uid], ["BODYSTRUCTURE"]).get(ref.uid, {}).get(b"BODYSTRUCTURE")
            part = first_text_part(structure)
            if part is None:
                return content
            items = self._client.fetch([ref.uid], [f"BODY.PEEK[{part}.MIME]", f"BODY.PEEK[{part}]<0.{MAX_BODY_BYTES}>"])
        found = items.get(ref.uid, {})
        mime, body = _body(found, f"{part}.MIME"), _body(found, part)
        if mime is None or body is None:
            return content
        return compose(content, mime, body)

    def find(self, fingerprints: Collection[str]) -> Mapping[str, MessageRef]:
        """Return where the messages with these identities are.

        Gmail's are asked for whatever the way of labelling is now, and are nowhere on another server.
        """
        refs = self.list_refs()
        found: dict[str, MessageRef] = {}
        plain = {mark for mark in fingerprints if not mark.startswith(GMAIL_ID)}
        if len(plain) < len(fingerprints) and self._facts.has("X-GM-EXT-1"):
            found = {mark: ref for ref, mark in self._server_ids(refs) if mark in fingerprints}
        for start in range(0, len(refs) if plain else 0, FETCH_BATCH):
            for uid, mark in fetch_fingerprints(
                self._client, self._account, [ref.uid for ref in refs[start : start + FETCH_BATCH]]
            ).items():
                if mark in plain:
                    found.setdefault(mark, self._ref(uid))
        return found

    def apply(self, changes: Sequence[LabelChange], *, again: bool = False) -> Sequence[Applied]:
        """Write the changes, one command for each label and 500 messages, look at what stuck, and move last."""
        if not changes:
            return []
        try:
            uidvalidity = _uidvalidity(self._select(readonly=False))
            refused = {change: why for change in changes if (why := self._obstacle(change, uidvalidity))}
            writable = [change for change in changes if change not in refused]
            written = self._write_labels(writable)
            moving = [change for change in writable if change.move_to and written[change].error is None]
            written |= {one.change: one for one in self._move(moving, again=again)}
            return [written.get(change) or Applied(change, refused.get(change)) for change in changes]
        finally:
            self._examine_again()

    def _write_labels(self, changes: Sequence[LabelChange]) -> dict[LabelChange, Applied]:
        """Write labels; where they are copies in folders, a message that moves needs none."""
        plain = {change: change for change in changes if self._labels.on_message or not change.move_to}
        applied = self._labels.apply(list(plain)) if plain else []
        return {change: Applied(change) for change in changes} | {one.change: one for one in applied}

    def label_moved(self, folder: str, labels: Mapping[str, frozenset[str]]) -> None:
        """Look for the messages among the newest of the folder, and label those that are found."""
        if not self._labels.on_message or not labels:
            return
        try:
            validity = _uidvalidity(select_folder(self._client, self._account, folder, readonly=False))
            with translated(self._account, f"searching {folder}"):
                newest = sorted(int(uid) for uid in self._client.search(["ALL"]))[-_LATELY_MOVED:]
            refs = [MessageRef(self._account, folder, validity, Uid(uid)) for uid in newest]
            marks = self._identities(refs)
            wanted = [LabelChange(ref, add=labels[mark]) for ref, mark in marks.items() if labels.get(mark)]
            self._labels.apply(wanted)
        except FolderError:  # its owner has deleted it
            log.debug("folder of moved messages has gone account=%s", self._account)
        finally:
            self._examine_again()

    def _move(self, changes: Sequence[LabelChange], *, again: bool) -> Sequence[Applied]:
        if not changes:
            return []
        self._select(readonly=False)  # writing labels may have opened another folder
        mover = Mover(self._client, self._account, self._facts, self._folder)
        done = mover.move(changes, again=again)
        # A server that died within MOVE kept the copy and lost its keywords.
        left = [one.change for one in done if one.error is None and one.change.ref.uid in mover.copied]
        for folder in sorted({change.move_to for change in left}):
            here = [change for change in left if change.move_to == folder]
            self.label_moved(folder, {mover.copied[one.ref.uid]: one.add for one in here})
        return done

    def _obstacle(self, change: LabelChange, uidvalidity: UidValidity) -> str | None:
        if change.ref.uidvalidity != uidvalidity:
            return "the folder has a new UIDVALIDITY; run again"
        known = self._labels.names | ({"$Phishing"} if self.carries_keywords else frozenset())
        if unknown := sorted((change.add | change.remove) - known):
            return f"{unknown[0]} is no label of the configured prefix; check labels.prefix"
        return None

    def _examine_again(self) -> None:
        try:
            self._select(readonly=True)
        except TransientMailError:
            log.debug("connection lost after writing account=%s", self._account)


def _uidvalidity(found: Mapping[bytes, object]) -> UidValidity:
    return UidValidity(_number(found, b"UIDVALIDITY") or 0)


def _number(found: Mapping[bytes, object], name: bytes) -> int | None:
    value = found.get(name)
    return value if isinstance(value, int) else None


def _items(items: Mapping[bytes, object], name: bytes) -> Sequence[object]:
    value = items.get(name, ())
    return value if isinstance(value, tuple | list) else ()


def _body(items: Mapping[bytes, object], part: str = "") -> bytes | None:
    """Return a BODY item: its name ends in <0>, but servers are seen that repeat the length or cut nothing."""
    wanted = f"BODY[{part}]".encode()
    value = next((value for name, value in items.items() if name.partition(b"<")[0].upper() == wanted), None)
    return value[:MAX_BODY_BYTES] if isinstance(value, bytes) else None


def _decode(value: object) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _moment(value: object) -> datetime | None:
    if not isinstance(value, datetime):
        return None
    return value if value.tzinfo else value.astimezone(UTC)
