"""The people behind leads: who brought some, who has not been in touch for long, who is to be thanked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from triage.lead.acquaintances import Contact, People, name_key
from triage.lead.lead import Lead, LeadMessage, is_personal
from triage.records import Category

LONG_AGO = timedelta(days=180)
THANKS_WITHIN = timedelta(days=120)
_WELL_KNOWN = 3
"""Messages to somebody from which silence is worth a word."""


@dataclass(frozen=True, slots=True)
class Bringer:
    """Somebody who brought leads: passed them on, introduced people, or was named as the referrer.

    Attributes:
        contact: None where the owner never wrote to them: a claimed referrer nobody knows.
        said: how a mail says they are known, in its own words; empty if none does.
    """

    name: str
    contact: Contact | None
    leads: tuple[str, ...]
    last_at: datetime
    said: str = ""

    @property
    def is_thanked(self) -> bool:
        """Whether the owner wrote to them since."""
        return self.contact is not None and self.contact.last_sent_at > self.last_at


@dataclass(frozen=True, slots=True)
class Network:
    """What `triage network` answers."""

    brought: tuple[Bringer, ...]
    silent: tuple[Contact, ...]
    to_thank: tuple[Bringer, ...]


def look_around(leads: Sequence[Lead], people: People, now: datetime) -> Network:
    """Return who brought leads, the most first; who is silent, the best known first; whom to thank, the latest first."""
    brought = sorted(_bringers(leads, people), key=lambda one: (-len(one.leads), -one.last_at.timestamp(), one.name))
    silent = [one for one in people.contacts if one.sent >= _WELL_KNOWN and now - one.last_exchange_at > LONG_AGO]
    thanks = [
        one for one in brought if one.contact is not None and not one.is_thanked and now - one.last_at <= THANKS_WITHIN
    ]
    return Network(
        tuple(brought),
        tuple(sorted(silent, key=lambda one: (-one.sent, one.last_exchange_at, one.address))),
        tuple(sorted(thanks, key=lambda one: (-one.last_at.timestamp(), one.name))),
    )


def _bringers(leads: Sequence[Lead], people: People) -> list[Bringer]:
    found: dict[str, list[tuple[Lead, LeadMessage, str, Contact | None]]] = {}
    for lead in leads:
        for message in lead.messages:
            for name, contact in _behind(message, people):
                key = contact.address if contact else name_key(name)
                found.setdefault(key, []).append((lead, message, name, contact))
    return [_bringer(some) for some in found.values()]


def _bringer(some: Sequence[tuple[Lead, LeadMessage, str, Contact | None]]) -> Bringer:
    _, _, name, contact = some[-1]
    said = [message.card.acquaintance.value for _, message, _, _ in some if message.card.acquaintance]
    return Bringer(
        (contact.name if contact else "") or name,
        contact,
        tuple(dict.fromkeys(lead.lead_id for lead, _, _, _ in some)),
        max(message.received_at for _, message, _, _ in some),
        said[-1] if said else "",
    )


def _behind(message: LeadMessage, people: People) -> list[tuple[str, Contact | None]]:
    """Return who brought a message: the referrer it names, else a sender who is no recruiter."""
    card = message.card
    if card.referrer is not None:
        name = card.referrer.value
        is_sender = name_key(name) == name_key(message.sender.name)
        contact = people.named(name) or (people.at(message.sender.addr_spec) if is_sender else None)
        return [(name, contact)]
    if message.category is Category.REFERRAL and is_personal(message.sender.addr_spec):
        return [(message.sender.name or message.sender.addr_spec, people.at(message.sender.addr_spec))]
    return []
