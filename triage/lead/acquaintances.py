"""The people the owner wrote to: what a message's sender and referrer are to them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from triage.classify.domains import registrable
from triage.classify.known import (
    CONTACT_DISOWNED,
    CONTACT_UNVERIFIED,
    KNOWN_CONTACT,
    REFERRER_KNOWN,
    REFERRER_UNKNOWN,
    Known,
)
from triage.classify.normalise import without_accents
from triage.lead.lead import is_personal
from triage.lead.opportunity import Opportunity
from triage.records import Message

ENOUGH_TO_MISS = 20
"""Contacts below which an unknown referrer says nothing: the book is too thin."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Somebody the owner meaningfully wrote to.

    Attributes:
        sent: messages the owner wrote to them; declines and unsubscribing are not counted.
        last_received_at: when the last message of theirs that was judged came; None if none was yet.
    """

    address: str
    name: str
    sent: int
    first_sent_at: datetime
    last_sent_at: datetime
    last_received_at: datetime | None = None

    @property
    def last_exchange_at(self) -> datetime:
        """When either last wrote."""
        return max(self.last_sent_at, self.last_received_at or self.last_sent_at)

    @property
    def words(self) -> str:
        """The acquaintance in words."""
        times = "once" if self.sent == 1 else f"{self.sent} times"
        return f"you wrote to {self.address} {times}, last on {self.last_sent_at:%Y-%m-%d}"


def name_key(name: str) -> str:
    """Return a person's name as it is compared: plain small letters, "Lind, Anna" as "anna lind"."""
    last, comma, first = name.partition(",")
    words = without_accents((f"{first} {last}" if comma else name).casefold()).replace(".", " ").split()
    return " ".join(word.strip("'\"()") for word in words)


@dataclass(frozen=True)
class People:
    """All contacts, found by address or name."""

    contacts: tuple[Contact, ...] = ()
    _by_address: dict[str, Contact] = field(init=False, repr=False, compare=False)
    _by_name: dict[str, Contact] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Prepare what is asked of every message; of namesakes the one written to last is found."""
        ordered = sorted(self.contacts, key=lambda one: (one.last_sent_at, one.address))
        object.__setattr__(self, "_by_address", {one.address: one for one in ordered})
        named = {key: one for one in ordered if " " in (key := name_key(one.name))}
        object.__setattr__(self, "_by_name", named)

    def __bool__(self) -> bool:
        """Whether anybody is known."""
        return bool(self.contacts)

    def at(self, address: str) -> Contact | None:
        """Return who has an address."""
        return self._by_address.get(address.lower())

    def named(self, name: str) -> Contact | None:
        """Return who has a name of at least two words; a first name alone is everybody's."""
        return self._by_name.get(name_key(name))


NOBODY_KNOWN = People()


def known_of(message: Message, card: Opportunity, people: People) -> tuple[Known, ...]:
    """Return what is known of a message's sender and of the referrer it names."""
    if not people:
        return ()
    return (*_of_sender(message, people), *_of_referrer(message, card, people))


def _of_sender(message: Message, people: People) -> Iterable[Known]:
    contact = people.at(message.sender.addr_spec) if message.sender else None
    if contact is None or message.sender is None:
        return
    site = registrable(message.sender.domain)
    if any(one.result == "pass" and registrable(one.domain) == site for one in message.authentication):
        yield Known(KNOWN_CONTACT, contact.words)
    elif any(one.result in {"fail", "permerror", "softfail"} for one in message.authentication):
        yield Known(CONTACT_DISOWNED, f"the domain of {contact.address} does not vouch for it")
    else:
        yield Known(CONTACT_UNVERIFIED, contact.words)


def _of_referrer(message: Message, card: Opportunity, people: People) -> Iterable[Known]:
    if card.referrer is None:
        return
    name = card.referrer.value
    if message.sender and name_key(name) == name_key(message.sender.name):
        return  # who passes a job on is the sender, and known or not as such
    contact = people.named(name) or next((one for copy in message.copied if (one := people.at(copy.addr_spec))), None)
    if contact is not None and (people.named(name) or name_key(name) == name_key(contact.name)):
        yield Known(REFERRER_KNOWN, f"{card.referrer.phrase}: {contact.words}")
    elif " " in name_key(name) and len(people.contacts) >= ENOUGH_TO_MISS and not _is_copied(message, name):
        yield Known(REFERRER_UNKNOWN, card.referrer.phrase)


def _is_copied(message: Message, name: str) -> bool:
    """Return whether the referrer is in copy, as who introduces people is: an address to ask is no empty claim."""
    return any(is_personal(one.addr_spec) and name_key(one.name) == name_key(name) for one in message.copied)
