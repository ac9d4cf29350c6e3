"""One side of a lead: what one of several who offer the same said, apart from the others."""

from dataclasses import replace

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
    fallen = [one for one in lead.messages if any(_is_bound_to(one, scam) for scam in scams)]
    left = tuple(one for one in lead.messages if not any(is_one_side(one, other) for other in fallen))
    return replace(lead, messages=left) if any(one.is_lead for one in left) else None


def _is_bound_to(one: LeadMessage, scam: LeadMessage) -> bool:
    """Return whether a scam is of a message's side or came into its thread: of a scam no card is read, nor who is named."""
    marks = thread_marks(scam.thread, scam.sender.addr_spec, scam.subject)
    return (
        is_one_side(one, scam)
        or one.sender.addr_spec == scam.sender.addr_spec
        or replace(one, card=NOTHING_SAID).side == replace(scam, card=NOTHING_SAID).side
        or scam.message_id in one.thread
        or not set(marks).isdisjoint(marks_of_message(one))
    )


def recruiter_of(side: Lead) -> str:
    """Return the name of who wrote the latest message of a side, as their mails give it; empty where none does.

    A colleague at the same agency is somebody else.
    """
    own = tuple(one for one in side.messages if one.who == side.latest.who)
    named = replace(side, messages=own).card.recruiter
    return named.value if named else ""
