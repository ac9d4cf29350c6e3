"""What a pass reads beside the folders it labels: what the owner sent, and what lies in Junk."""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from triage.errors import FolderError, MessageError
from triage.interfaces import FolderRole, ServerMailbox, ServerSource
from triage.lead.lead import LEADS
from triage.lead.sent import SentMessage, read_sent
from triage.mail.identity import fingerprint
from triage.mail.parse import open_message
from triage.records import LabelChange, MessageRef, Outcome, RawMessage, Uid, UnreadableMessage
from triage.service.cycle import PassOptions, run_pass, write_labels
from triage.service.leadbook import LeadBook
from triage.service.recovery import settle_pending
from triage.service.visit import VisitOptions
from triage.store.leads import SideCursor
from triage.store.records import Intent
from triage.store.store import Store

log = logging.getLogger(__name__)

_BEGINNING = 16_384
"""Octets of a sent message: its header, which is short where no relay has added to it, and a page of text."""

_BATCH = 250
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Beside:
    """How other folders are read; nothing in them is changed, unless `moves_rescued`.

    Attributes:
        own: the owner's addresses, in small letters.
        sent_since, junk_since: how far back on the first visit; None never reads the folder.
        every: at most so often.
        labels_only: accounts of which nothing is read beside.
        moves_rescued: leads found in Junk go to the account's first folder.
    """

    own: frozenset[str]
    sent_since: timedelta | None
    junk_since: timedelta | None
    every: timedelta = timedelta(minutes=1)
    labels_only: frozenset[str] = frozenset()
    moves_rescued: bool = False

    def knows_sent(self, source: ServerSource, options: VisitOptions) -> bool:
        """Return whether the Sent folder was read before: what is judged first needs to know whom the owner knows."""
        if self.sent_since is None or source.name in self.labels_only:
            return True
        return options.store.leads.load_side_cursor(source.name, "sent") is not None

    def read(self, source: ServerSource, options: VisitOptions) -> tuple[str, ...]:
        """Read what is new in Sent and Junk, and return in words which of them cannot be opened; one does not stop the other.

        Raises:
            TransientMailError: the connection failed; the next visit goes on where this one stopped.
            StoreError: nothing could be remembered.
        """
        if source.name in self.labels_only:
            return ()
        problems = []
        try:
            if self.sent_since is not None:
                self.read_sent_folder(source, options.store, self.sent_since, options.clock, options.should_stop)
        except FolderError as error:
            problems.append(str(error))
        try:
            if self.junk_since is not None and not options.should_stop():
                self._look_into_junk(source, options, self.junk_since)
        except FolderError as error:
            problems.append(str(error))
        return tuple(problems)

    def read_sent_folder(
        self,
        source: ServerSource,
        store: Store,
        since: timedelta,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        should_stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Read what the owner sent since the last visit, and return how many messages that were."""
        folder = source.find_folder(FolderRole.SENT)
        if folder is None:
            log.debug("no Sent folder account=%s", source.name)
            return 0
        count = 0
        with source.open(folder) as mailbox:
            for refs, cursor in _new_refs(mailbox, store, "sent", clock() - since, should_stop):
                sent = [
                    one for item in mailbox.iter_beginnings(refs, _BEGINNING) if (one := self._read_one(item, clock()))
                ]
                store.leads.save_sent(sent, source.name, cursor)
                count += len(refs)
        if count:
            log.info("sent mail read account=%s count=%d", source.name, count)
        return count

    def _read_one(self, item: RawMessage | UnreadableMessage, now: datetime) -> SentMessage | None:
        if isinstance(item, UnreadableMessage):
            log.debug("sent message unreadable account=%s uid=%d", item.ref.account, item.ref.uid)
            return None
        try:
            opened = open_message(item.content, is_cut=item.is_cut)
        except MessageError:
            return None
        message = opened.complete()
        # The Date is the same in every copy; one in the future is a clock that is wrong.
        moment = message.date if message.date and message.date <= now + _DAY else item.internal_date or now
        thread = f"{opened.parts.first('in-reply-to')} {opened.parts.first('references')}"
        return read_sent(message, moment.astimezone(UTC), self.own, thread)

    def _look_into_junk(self, source: ServerSource, options: VisitOptions, since: timedelta) -> None:
        folder = source.find_folder(FolderRole.JUNK)
        if folder is None or folder in source.folders():
            return
        with source.open(folder) as mailbox:
            if self.moves_rescued:
                options.fence()
                settle_pending(mailbox, options.store, options.names)
            book = LeadBook(options.store, self.own, is_rescue=True, clock=options.clock)
            for refs, cursor in _new_refs(mailbox, options.store, "junk", options.clock() - since, options.should_stop):
                found = self._rescued(mailbox, refs, options, book)
                if found:
                    log.info("leads found in Junk account=%s count=%d", source.name, len(found))
                if found and self.moves_rescued:
                    _move(found, mailbox, options, source.folders()[0])
                options.store.leads.save_side_cursor(source.name, "junk", cursor)

    def _rescued(
        self, mailbox: ServerMailbox, refs: Sequence[MessageRef], options: VisitOptions, book: LeadBook
    ) -> list[Outcome]:
        passing = PassOptions(
            options.names, authserv_ids=options.authserv_ids, people=options.people(), book=book
        )  # without a run: nothing is labelled
        outcomes = list(run_pass(mailbox, refs, options.judge, None, passing))
        return [one for one in outcomes if one.verdict is not None and one.verdict.category in LEADS]


def _new_refs(
    mailbox: ServerMailbox, store: Store, purpose: str, since: datetime, should_stop: Callable[[], bool]
) -> Iterator[tuple[Sequence[MessageRef], SideCursor]]:
    """Yield what is new in batches, each with the cursor to save once it is done."""
    known = store.leads.load_side_cursor(mailbox.account, purpose)
    is_same = known is not None and (known.folder, known.uidvalidity) == (mailbox.folder, mailbox.uidvalidity)
    if known is not None and is_same:
        if mailbox.uid_next == known.last_uid + 1:
            return
        refs = mailbox.list_refs(after=known.last_uid)
    else:
        refs = mailbox.list_refs(since=(since - _DAY).date())
    last = Uid(mailbox.uid_next - 1) if mailbox.uid_next else max((ref.uid for ref in refs), default=Uid(0))
    for start in range(0, len(refs), _BATCH):
        if should_stop():
            return
        batch = refs[start : start + _BATCH]
        yield batch, SideCursor(mailbox.folder, mailbox.uidvalidity, batch[-1].uid)
    if not should_stop():
        yield [], SideCursor(mailbox.folder, mailbox.uidvalidity, max(last, refs[-1].uid if refs else last))


def _move(found: Sequence[Outcome], mailbox: ServerMailbox, options: VisitOptions, home: str) -> None:
    """Label leads found in Junk and move them home, journaled like every write: `undo` takes it back.

    What was labelled before, or told what it is, lies in Junk because its owner, or `undo`, put it there.
    """
    intents: list[Intent] = []
    marks = {item.ref: item for item in mailbox.iter_messages([one.ref for one in found])}
    for one in found:
        item = marks.get(one.ref)
        if one.verdict is None or not isinstance(item, RawMessage):
            continue
        label = options.names.wanted(one.verdict)
        change = LabelChange(one.ref, add=label - options.names.ours(item.keywords), move_to=home)
        intents.append(Intent(change, item.server_id or fingerprint(item.content), label))
    identities = [one.fingerprint for one in intents]
    settled = {*options.store.written(mailbox.account, identities), *options.store.evidence.corrected(identities)}
    if fresh := [one for one in intents if one.fingerprint not in settled]:
        options.fence()
        write_labels(fresh, mailbox, options.store, options.store.begin_run("rescue"))
