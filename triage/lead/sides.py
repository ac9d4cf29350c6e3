"""One side of a lead: what one of several who offer the same said, apart from the others."""

from dataclasses import replace

from triage.lead.lead import Lead, LeadMessage


def side_of(lead: Lead, message: LeadMessage) -> Lead:
    """Return what the side of one message had said of a lead when it came, that message being the latest.

    Nothing in it was said by another side alone, so that all of it may be told to this one.
    """
    until = lead.messages[: lead.messages.index(message) + 1]
    return replace(lead, messages=tuple(one for one in until if is_one_side(one, message)))


def is_one_side(one: LeadMessage, other: LeadMessage) -> bool:
    """Return whether two messages are of one agency or of one person, who need not name the agency again."""
    # An address that passes on mail of several agencies tells them apart by where answers go.
    return one.side == other.side or (one.who, one.reply_to) == (other.who, other.reply_to)


def recruiter_of(side: Lead) -> str:
    """Return the name of who wrote the latest message of a side, as their mails give it; empty where none does.

    A colleague at the same agency is somebody else.
    """
    own = tuple(one for one in side.messages if one.who == side.latest.who)
    named = replace(side, messages=own).card.recruiter
    return named.value if named else ""
