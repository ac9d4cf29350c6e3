"""One side of a lead: what one of several who offer the same said, apart from the others."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from triage.lead.lead import NOTHING_SAID, Lead, LeadMessage, marks_of_message, thread_marks
from triage.records import Category


def side_of(lead: Lead, message: LeadMessage) -> Lead:
    """Return what the side of one message had said of a lead when it came, that message being the latest.

    Nothing in it was said by another side alone, so that all of it may be told to this one.
    """
    if len(lead.messages) == 1:
        return lead
    until = lead.messages[: lead.messages.index(message) + 1]
    return replace(lead, messages=tuple(one for one in until if is_one_side(one, message)))


def is_one_side(one: LeadMessage, other: LeadMessage) -> bool:
    """Return whether two messages are of one agency or of one person, who need not name the agency again."""
    # An address that passes on mail of several agencies tells them apart by where answers go.
    return one.side == other.side or (one.who, one.reply_to) == (other.who, other.reply_to)


def honest_part(lead: Lead) -> Lead | None:
    """Return a lead without the sides that scams came from, None where nobody is left who offers it."""
    scams = [one for one in lead.messages if one.category is Category.SCAM]
    if not scams:
        return lead
    fallen = _Sides.of(_bound_to(scams, lead.messages))
    left = tuple(one for one in lead.messages if one not in fallen)
    return replace(lead, messages=left) if any(one.is_lead for one in left) else None


@dataclass(frozen=True, slots=True)
class _Sides:
    """Those that some messages are of: what `is_one_side` tells of two, without a look at each pair.

    Whoever knows a thread may send hundreds of scams into it.
    """

    names: frozenset[str]
    people: frozenset[tuple[str, str]]

    @classmethod
    def of(cls, messages: Sequence[LeadMessage]) -> "_Sides":
        return cls(frozenset(one.side for one in messages), frozenset((one.who, one.reply_to) for one in messages))

    def __contains__(self, message: LeadMessage) -> bool:
        return message.side in self.names or (message.who, message.reply_to) in self.people


def _bound_to(scams: Sequence[LeadMessage], messages: Sequence[LeadMessage]) -> list[LeadMessage]:
    """Return the messages of a scam's side, or into whose thread one came: of a scam no card is read, nor who is named."""
    sides = _Sides.of(scams)
    senders = {one.sender.addr_spec for one in scams}
    bare_sides = {_bare_side(one) for one in scams}
    ids = {one.message_id for one in scams}
    marks = {mark for one in scams for mark in thread_marks(one.thread, one.sender.addr_spec, one.subject)}
    return [
        one
        for one in messages
        if one in sides
        or one.sender.addr_spec in senders
        or _bare_side(one) in bare_sides
        or not ids.isdisjoint(one.thread)
        or not marks.isdisjoint(marks_of_message(one))
    ]


def _bare_side(message: LeadMessage) -> str:
    return replace(message, card=NOTHING_SAID).side


def recruiter_of(side: Lead) -> str:
    """Return the name of who wrote the latest message of a side, as their mails give it; empty where none does.

    A colleague at the same agency is somebody else.
    """
    own = tuple(one for one in side.messages if one.who == side.latest.who)
    named = replace(side, messages=own).card.recruiter
    return named.value if named else ""
