"""Writes down what a pass finds of leads: new ones, what goes on with them, near misses, counts of platforms."""

import logging
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from triage.classify.domains import PLATFORMS, registrable
from triage.errors import MessageError
from triage.lead.acquaintances import NOBODY_KNOWN, People
from triage.lead.appearance import Appearance, read_appearance
from triage.lead.card import read_opportunity
from triage.lead.grouping import SAME_JOB, LeadIndex, search_marks
from triage.lead.lead import (
    LEADS,
    NOBODY,
    Lead,
    LeadMessage,
    Mark,
    Way,
    make_lead_id,
    message_ids,
    thread_marks,
    turned_into_scam,
)
from triage.mail.identity import fingerprint
from triage.mail.parse import OpenedMessage, open_message, parse_date
from triage.records import Address, Category, RawMessage, Verdict
from triage.service.judging import Judgement

if TYPE_CHECKING:
    from triage.store.leads import LeadStore, NearMiss
    from triage.store.store import Store  # brings SQLAlchemy along, which a scan of paths does without

log = logging.getLogger(__name__)

_DAY = timedelta(days=1)
"""A clock may be wrong by so much."""

_TOGETHER = 100
"""Messages that are grouped in one transaction: on SQLite whoever else writes waits meanwhile, and gives up after 15 s."""

NEAR = 0.15
"""A chance of being a lead from which a message judged otherwise is shown in the report."""


class LeadBook:
    """What passes find, kept until it is saved: after the labels are written, before the cursor moves."""

    def __init__(
        self,
        store: "Store",
        own: Collection[str] = (),
        *,
        is_rescue: bool = False,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        """Begin with nothing found.

        Args:
            own: the owner's addresses, in small letters: what they wrote is no lead.
            is_rescue: the messages lie in a Junk folder.
        """
        self._store = store
        self._own = frozenset(own)
        self._is_rescue = is_rescue
        self._clock = clock
        self._found: list[LeadMessage] = []
        self._told: set[str] = set()
        self._received: dict[str, datetime] = {}
        self._appearances: dict[str, dict[str, Appearance]] = {}
        self._near: list[NearMiss] = []
        self._cleared: dict[str, set[str]] = {}

    def note(self, item: RawMessage, judgement: Judgement) -> None:
        """Take down what a judged message says; nothing is written yet."""
        verdict = judgement.verdict
        if verdict is None or not judgement.mark or judgement.sender in self._own:
            return
        received = self._received_at(item)
        if judgement.sender:
            self._received[judgement.sender] = max(received, self._received.get(judgement.sender, received))
        self._found.append(self._lead_message(item, judgement, verdict, received))
        if not self._is_rescue:
            self._note_near_miss(item, judgement, verdict)
        if verdict.category is Category.OTHER and registrable(judgement.sender.rpartition("@")[2]) in PLATFORMS:
            self._note_appearance(item, judgement, received)

    def tell(self, item: RawMessage, category: Category) -> Sequence[Lead]:
        """Write down what the owner says a message is, and return the leads that this makes or changes.

        Raises:
            StoreError: nothing could be remembered.
        """
        opened = _open(item)
        if opened is None:
            return []
        sender = opened.sender.addr_spec if opened.sender else ""
        verdict = Verdict(category, {one: float(one is category) for one in Category}, None, (), "you said so", "owner")
        judgement = Judgement(
            verdict,
            None,
            item.server_id or fingerprint(item.content),
            opened.message_id,
            opened.subject,
            sender,
            message_ids(opened.parts.first("in-reply-to"), opened.parts.first("references")),
        )
        self._told.add(judgement.mark)
        self.note(item, judgement)
        return self.save()

    def save(self) -> Sequence[Lead]:
        """Write down what was found, and return the leads that are new or have changed; repeating it is harmless.

        Raises:
            StoreError: nothing could be remembered.
        """
        changed = self._save_leads()
        if self._received:
            self._store.leads.note_received(self._received)
        for account, found in self._appearances.items():
            self._store.leads.save_appearances(account, found)
        if self._near:
            self._store.leads.save_near_misses(self._near)
        for account, marks in self._cleared.items():
            self._store.leads.forget_near_misses(account, marks)
        self._found, self._received, self._appearances, self._near, self._cleared = [], {}, {}, [], {}
        self._told = set()
        return changed

    def _received_at(self, item: RawMessage) -> datetime:
        """Return when a message came; local mail says so itself, but nothing comes from the future."""
        now, moment = self._clock(), item.internal_date
        if moment is None and (opened := _open(item)) is not None:
            moment = parse_date(opened.parts.first("date"))
        return (moment if moment and moment <= now + _DAY else now).astimezone(UTC)

    def _lead_message(
        self, item: RawMessage, judgement: Judgement, verdict: Verdict, received: datetime
    ) -> LeadMessage:
        """Return the message as leads know it; the card is read of leads alone."""
        light = LeadMessage(
            ref=item.ref,
            fingerprint=judgement.mark,
            received_at=received,
            category=verdict.category,
            sender=replace(NOBODY, addr_spec=_whole(judgement.sender)),
            subject=_whole(judgement.subject),
            message_id=_whole(judgement.message_id or ""),
            thread=tuple(map(_whole, judgement.thread)),
            scam_kind=verdict.scam_kind,
            is_rescued=self._is_rescue,
        )
        if verdict.category not in LEADS:
            return light
        opened = _open(item)
        message = opened.complete() if opened else None
        if message is None:
            return light
        return replace(
            light,
            sender=Address(_whole(message.sender.name), light.sender.addr_spec) if message.sender else NOBODY,
            reply_to=_whole(message.reply_to[0].addr_spec) if message.reply_to else "",
            card=read_opportunity(message, verdict),
        )

    def _note_near_miss(self, item: RawMessage, judgement: Judgement, verdict: Verdict) -> None:
        from triage.store.leads import NearMiss  # noqa: PLC0415  as above

        chance = sum(verdict.probabilities[one] for one in LEADS)
        if verdict.category in {Category.OTHER, Category.SCAM} and chance >= NEAR:
            moment = self._clock()
            words = _whole(judgement.sender), _whole(judgement.subject)
            self._near.append(NearMiss(item.ref, judgement.mark, verdict.category, chance, *words, moment))
        elif verdict.category in LEADS:
            self._cleared.setdefault(item.ref.account, set()).add(judgement.mark)

    def _note_appearance(self, item: RawMessage, judgement: Judgement, received: datetime) -> None:
        opened = _open(item)
        if opened is None:
            return
        found = read_appearance(opened.sender, opened.subject, opened.glance(), received)
        if found is not None:
            self._appearances.setdefault(item.ref.account, {})[judgement.mark] = found

    def _save_leads(self) -> Sequence[Lead]:
        found = self._worth_a_look()
        changed: dict[str, Lead] = {}
        for start in range(0, len(found), _TOGETHER):
            # Accounts are served side by side, `triage scan` beside the daemon, and the same job may reach two at once:
            # it is one lead all the same.
            with self._store.leads.grouping() as known:
                changed |= {one.lead_id: one for one in _group(found[start : start + _TOGETHER], known)}
        return list(changed.values())

    def _worth_a_look(self) -> list[LeadMessage]:
        """Return leads, and of the rest what is in one or shares a mark with one that is known or new, the oldest first."""
        settled = self._owners_word() if self._found else frozenset()
        self._found = [one for one in self._found if one.fingerprint not in settled]
        rest = [one for one in self._found if not one.is_lead]
        marks = {one: {mark.mark for mark in _marks_of_follow_up(one)} for one in rest}
        known = self._store.leads.marked(set().union(*marks.values())) if rest else frozenset()
        held = self._held(rest)
        fresh = [one for one in self._found if one.is_lead]
        among = LeadIndex(Lead(str(number), (one,)) for number, one in enumerate(fresh))
        going_on = [
            one
            for one in rest
            if (one.ref.account, one.fingerprint) in held
            or marks[one] & known
            or (fresh and among.may_belong(one.fingerprint, _marks_of_follow_up(one)))
        ]
        return sorted([*fresh, *going_on], key=lambda one: (one.received_at, one.fingerprint))

    def _held(self, messages: Sequence[LeadMessage]) -> frozenset[tuple[str, str]]:
        """Return which messages are in leads, though they are none any more: by account and identity."""
        accounts: dict[str, set[str]] = {}
        for one in messages:
            accounts.setdefault(one.ref.account, set()).add(one.fingerprint)
        return frozenset(
            (account, mark) for account, marks in accounts.items() for mark in self._store.leads.holding(account, marks)
        )

    def _owners_word(self) -> frozenset[str]:
        """Return the messages that the owner has said something of: what the model thinks of them changes nothing."""
        corrected = self._store.evidence.corrected({one.fingerprint for one in self._found})
        accounts = {one.ref.account for one in self._found}
        changed = {one.fingerprint for account in accounts for one in self._store.list_relabellings(account)}
        return (corrected | changed) - self._told


class Acquaintances:
    """The owner's contacts, read anew only when they have changed."""

    def __init__(self, store: "Store") -> None:
        """Read nothing yet."""
        self._store = store
        self._stamp: tuple[int, int] | None = None
        self._people = NOBODY_KNOWN

    def people(self) -> People:
        """Return the contacts as they are now.

        Raises:
            StoreError: they cannot be read.
        """
        stamp = self._store.leads.contacts_stamp()
        if stamp != self._stamp:
            self._people = People(tuple(self._store.leads.list_contacts()))
            self._stamp = stamp
        return self._people


def _group(found: Sequence[LeadMessage], known: "LeadStore") -> Sequence[Lead]:
    """Write messages into the leads they belong to, and return these; the oldest message comes first."""
    marks = frozenset().union(*(search_marks(one) for one in found))
    prints = {one.fingerprint for one in found}
    index = LeadIndex(known.find_leads(marks, prints, found[0].received_at - SAME_JOB))
    former, changed = dict(index.leads), dict[str, Lead]()

    def names_of_others(message: LeadMessage) -> Sequence[str]:  # that a new lead may not take: the index holds few
        shortest = make_lead_id(message.ref.account, message.fingerprint)
        return known.find_lead_ids(shortest, but_of=(message.ref.account, message.fingerprint))

    for message in found:
        lead = with_message(message, index, names_of_others)
        if lead is not None:
            _raise_alert(index.leads.get(lead.lead_id), lead)
            index.add(lead)
            changed[lead.lead_id] = lead
    if changed:
        known.save_leads(list(changed.values()), former)
    return list(changed.values())


def _marks_of_follow_up(message: LeadMessage) -> tuple[Mark, ...]:
    """Return the marks by which a message that is no lead may go on with one: of all but scams not the address."""
    marks = thread_marks(message.thread, message.sender.addr_spec, message.subject)
    return tuple(one for one in marks if one.way is not Way.ADDRESS or message.category is Category.SCAM)


def _whole(text: str) -> str:
    """Return text without half letters (lone surrogates), which no mail, table or page can be written with."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()


def _open(item: RawMessage) -> OpenedMessage | None:
    try:
        return open_message(item.content, is_cut=item.is_cut)
    except MessageError:  # it was judged a moment ago
        return None


def with_message(
    message: LeadMessage, index: LeadIndex, taken: Callable[[LeadMessage], Collection[str]] = lambda _: ()
) -> Lead | None:
    """Return the lead with a message in it, a new one where it opens one; None if it is about no lead, or changes none.

    Args:
        taken: returns names that leads beside those of the index have.
    """
    lead_id = index.find(message)
    if lead_id is None and not message.is_lead:
        return None
    if lead_id is None:
        lead_id = make_lead_id(message.ref.account, message.fingerprint, {*index.leads, *taken(message)})
    former = index.leads.get(lead_id)
    before = next((one for one in former.messages if _is_same(one, message)), None) if former else None
    if before is not None:
        # It was found in Junk, or not, wherever it is now: who puts a lead into Junk is its owner.
        message = replace(message, is_rescued=before.is_rescued)
    others = [one for one in (former.messages if former else ()) if not _is_same(one, message)]
    ordered = sorted([*others, message], key=lambda one: (one.received_at, one.fingerprint))
    lead = Lead(lead_id, tuple(ordered))
    return None if lead == former else lead


def _is_same(one: LeadMessage, other: LeadMessage) -> bool:
    return (one.ref.account, one.fingerprint) == (other.ref.account, other.fingerprint)


def _raise_alert(former: Lead | None, lead: Lead) -> None:
    fallen = turned_into_scam(lead)
    if fallen is not None and (former is None or turned_into_scam(former) is None):
        log.warning(
            "a lead turned into a scam, do not answer it lead=%s account=%s uid=%d",
            lead.lead_id,
            fallen.ref.account,
            fallen.ref.uid,
        )
