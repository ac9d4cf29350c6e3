"""A lead: one opportunity across its messages, and how it stands between its sender and the owner."""

import hashlib
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from triage.classify.domains import FREE_MAIL, PLATFORMS, registrable
from triage.lead.opportunity import Channel, Opportunity
from triage.records import Address, Category, MessageRef

LEADS = frozenset({Category.RECRUITER, Category.REFERRAL})
"""The categories that make a lead; any other message belongs to one only by its thread."""

LATE_ANSWER = timedelta(days=60)
"""A mail to the sender outside the thread, later than this, is about something else."""

NOBODY = Address("", "")
"""Who wrote a message without a sender."""

NOTHING_SAID = Opportunity()
"""The card of a message that says nothing of an opportunity."""

_ALPHABET = "23456789bcdfghjkmnpqrstvwxyz"  # no vowels, no look-alikes: no words, and easy to type
_ID_LENGTH = 5
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,490}>")
_MOST_IDS = 30
_REPLY_MARK = re.compile(
    r"^\s*(?:re|fwd?|aw|wg|antw|tr|rv|res|enc|i|r|doorst|vb|odp|pd|sv|ynt)\s*(?:\[\d+\])?\s*:", re.IGNORECASE
)
_UNATTENDED = re.compile(
    r"^(?:no-?reply|do-?not-?reply|noresponder|nao-?responda|ne-?pas-?repondre|notifications?|mailer-daemon|postmaster|bounce|messages?-noreply|calendar-notification|inmail|invitations?|alerts?)\b",
    re.IGNORECASE,
)


class LeadState(StrEnum):
    """How a lead stands."""

    NEW = "new"
    ANSWERED = "answered"
    CHASED = "chased"
    DECLINED = "declined"
    EXPIRED = "expired"
    TURNED_INTO_SCAM = "turned_into_scam"


CHANNEL_WORDS = {
    Channel.LINKEDIN: "LinkedIn",
    Channel.XING: "XING",
    Channel.FACEBOOK: "Facebook",
    Channel.X: "X",
    Channel.INDEED: "Indeed",
    Channel.WELLFOUND: "Wellfound",
    Channel.CALENDAR: "calendar invitation",
    Channel.CONTACT_FORM: "contact form",
}
"""Channels as people write them; the others are words already."""


_RELAYED = frozenset({Channel.VOICEMAIL, Channel.CONTACT_FORM})
"""Channels whose sender is a machine that passes on what different people said."""


UNANSWERED = frozenset({LeadState.NEW, LeadState.CHASED})
"""The states in which the last word is theirs."""


class Reply(StrEnum):
    """What a message that the owner sent is to whom it went."""

    ANSWER = "answer"
    DECLINE = "decline"
    UNSUBSCRIBE = "unsubscribe"
    AUTOMATIC = "automatic"


class Way(StrEnum):
    """How a message is known to be about a lead: one that was sent by the first three, one received by all."""

    THREAD = "thread"
    SUBJECT = "subject"
    ADDRESS = "address"
    ANSWERED = "answered"
    SENDER = "sender"
    JOB = "job"


THREADS = frozenset({Way.THREAD, Way.ANSWERED})
"""The ways that know a thread, however old it is."""


@dataclass(frozen=True, slots=True)
class Mark:
    """What a message of a lead and an answer to it, or another message of it, have in common: hashed."""

    way: Way
    mark: str


@dataclass(frozen=True, slots=True)
class Answer:
    """A message that the owner sent, as far as a lead is concerned."""

    sent_at: datetime
    reply: Reply
    way: Way


@dataclass(frozen=True, slots=True)
class LeadMessage:
    """One message of a lead.

    Attributes:
        fingerprint: its identity, the same in every copy.
        category: None where the model abstained; another than a lead's where its thread brought it here.
        message_id: empty where it has none.
        thread: the Message-IDs it answers.
        is_rescued: it was found in the Junk folder.
    """

    ref: MessageRef
    fingerprint: str
    received_at: datetime
    category: Category | None
    sender: Address = NOBODY
    reply_to: str = ""
    subject: str = field(default="", repr=False)
    message_id: str = ""
    thread: tuple[str, ...] = ()
    scam_kind: str | None = None
    card: Opportunity = NOTHING_SAID
    is_rescued: bool = False

    @property
    def is_lead(self) -> bool:
        """Whether the message by itself was judged a lead."""
        return self.category in LEADS

    @property
    def who(self) -> str:
        """Who wrote: the address; where that is a platform's, a switchboard's or nobody's, the person or number named.

        Where none is named, nobody else is the same.
        """
        if is_personal(self.sender.addr_spec) and self.card.channel not in _RELAYED:
            return self.sender.addr_spec
        named = self._named()
        return f"{fold_name(named)} via {self.card.channel.value}" if named else f"message {self.fingerprint}"

    def _named(self) -> str:
        """Return the person or number that a relay names, empty where it names none but itself."""
        card = self.card
        if card.channel in _RELAYED:
            return next((phone.value for phone in card.phones), card.recruiter.value if card.recruiter else "")
        if card.recruiter:
            return card.recruiter.value
        name = self.sender.name.partition(" via ")[0]
        site, folded = registrable(self.sender.domain).partition(".")[0], fold_name(name).replace(" ", "")
        return "" if site in folded or folded in site else name  # "Facebook" of facebookmail.com is no person

    @property
    def side(self) -> str:
        """Who stands behind the sender: the agency where it is named, else the sender's domain or the person."""
        if self.card.agency:
            return fold_name(self.card.agency.value)
        site = registrable(self.sender.domain)
        is_shared = site in FREE_MAIL or site in PLATFORMS or self.card.channel in _RELAYED or not site
        return self.who if is_shared else site

    @property
    def side_name(self) -> str:
        """The same for people."""
        if self.card.agency:
            return self.card.agency.value
        return (self._named() if self.side == self.who else "") or self.side


@dataclass(frozen=True, slots=True)
class Lead:
    """An opportunity with all its messages, the oldest first."""

    lead_id: str
    messages: tuple[LeadMessage, ...]

    @property
    def first(self) -> LeadMessage:
        """The message that opened it."""
        return self.messages[0]

    @property
    def last_at(self) -> datetime:
        """When the latest message came."""
        return self.messages[-1].received_at

    @property
    def latest(self) -> LeadMessage:
        """The latest message that is not a scam: whom to answer."""
        honest = [one for one in self.messages if one.category is not Category.SCAM]
        return honest[-1] if honest else self.messages[-1]

    @property
    def category(self) -> Category:
        """Referral where a person brought it, else recruiter."""
        return Category.REFERRAL if any(m.category is Category.REFERRAL for m in self.messages) else Category.RECRUITER

    @property
    def channel(self) -> Channel:
        """The way by which it came first."""
        return self.first.card.channel

    @property
    def channel_words(self) -> str:
        """The same for people."""
        return CHANNEL_WORDS.get(self.channel, self.channel.value)

    @property
    def card(self) -> Opportunity:
        """What all messages together say: each field from the latest message that has it."""
        return merge_cards([one.card for one in self.messages if one.category is not Category.SCAM])

    @property
    def sides(self) -> tuple[str, ...]:
        """Who offers it, in the order they came."""
        return tuple(dict.fromkeys(one.side for one in self.messages if one.is_lead))

    @property
    def side_names(self) -> tuple[str, ...]:
        """The same for people, as they write themselves."""
        return tuple({one.side: one.side_name for one in self.messages if one.is_lead}.values())

    @property
    def accounts(self) -> frozenset[str]:
        """The accounts it reached."""
        return frozenset(one.ref.account for one in self.messages)

    def without(self, accounts: Collection[str]) -> "Lead":
        """Return the lead without what reached these accounts; some of it must have reached another."""
        return replace(self, messages=tuple(one for one in self.messages if one.ref.account not in accounts))

    @property
    def is_rescued(self) -> bool:
        """Whether all of it lay in Junk folders."""
        return all(one.is_rescued for one in self.messages)


def merge_cards(cards: Sequence[Opportunity]) -> Opportunity:
    """Return one card of several, given oldest first: of each field what was said last."""
    if len(cards) == 1:
        return cards[0]
    names = Opportunity.__dataclass_fields__
    merged = {}
    for name in names:
        said = [value for card in cards if (value := getattr(card, name)) not in {None, ()}]
        if said:
            merged[name] = said[0] if name == "channel" else said[-1]
    return Opportunity(**merged)


def make_lead_id(account: str, fingerprint: str, taken: Iterable[str] = ()) -> str:
    """Return a short name that is the same each time for the same first message.

    Args:
        taken: names that others have; then it is one letter longer.
    """
    digest = int.from_bytes(hashlib.sha256(f"{account}\0{fingerprint}".encode("utf-8", "replace")).digest(), "big")
    letters = []
    while digest:
        digest, rest = divmod(digest, len(_ALPHABET))
        letters.append(_ALPHABET[rest])
    others = set(taken)
    return next(name for length in range(_ID_LENGTH, len(letters)) if (name := "".join(letters[:length])) not in others)


def message_ids(*fields: str) -> tuple[str, ...]:
    """Return the Message-IDs of In-Reply-To and References (RFC 5322 section 3.6.4), the nearest first."""
    found = [one for text in fields for one in reversed(_MESSAGE_ID.findall(text[:8192]))]
    return tuple(dict.fromkeys(found))[:_MOST_IDS]


def bare_subject(subject: str) -> str:
    """Return a subject without the marks that answers and forwards put before it."""
    before = None
    while before != subject:
        before, subject = subject, _REPLY_MARK.sub("", subject, count=1)
    return " ".join(subject.casefold().split())


def is_personal(addr_spec: str) -> bool:
    """Return whether an address is somebody's own: not a platform's relay, not an unattended one."""
    domain = addr_spec.rpartition("@")[2]
    return bool(domain) and registrable(domain) not in PLATFORMS and not is_unattended(addr_spec)


def is_unattended(addr_spec: str) -> bool:
    """Return whether an address says itself that nobody reads it, or is none."""
    local = addr_spec.rpartition("@")[0]
    return not local or _UNATTENDED.match(local) is not None


def fold_name(name: str) -> str:
    """Return a person's or company's name as names are compared."""
    return " ".join(name.casefold().replace(",", " ").split())


def marks_of_message(message: LeadMessage) -> tuple[Mark, ...]:
    """Return the marks by which an answer to a message is known, and a later message of its thread.

    A relay's own address and subject mark nothing: the next message through the same form is a stranger's.
    """
    found = []
    if message.message_id:
        found.append(make_mark(Way.THREAD, message.message_id))
    relay = message.sender.addr_spec if message.card.channel in _RELAYED else ""
    for address in dict.fromkeys((message.sender.addr_spec, message.reply_to, _card_address(message))):
        if is_personal(address) and address != relay:
            found.append(make_mark(Way.ADDRESS, address))
            if not relay or _site(address) != _site(relay):
                found.extend(_subject_marks(address, message.subject))
    return tuple(dict.fromkeys(found))


def marks_of_sent(thread: Sequence[str], recipients: Sequence[Address], subject: str) -> tuple[Mark, ...]:
    """Return the marks of a message that the owner sent."""
    found = [make_mark(Way.THREAD, one) for one in thread]
    for address in recipients:
        found.append(make_mark(Way.ADDRESS, address.addr_spec))
        found.extend(_subject_marks(address.addr_spec, subject))
    return tuple(dict.fromkeys(found))


def thread_marks(thread: Sequence[str], sender: str, subject: str) -> tuple[Mark, ...]:
    """Return the marks by which a received message is known to go on with a lead's thread."""
    own = [make_mark(Way.ADDRESS, sender)] if is_personal(sender) else []
    return (*(make_mark(Way.THREAD, one) for one in thread), *_subject_marks(sender, subject), *own)


def address_mark(address: str) -> str:
    """Return the mark that every message to an address has."""
    return make_mark(Way.ADDRESS, address).mark


def _card_address(message: LeadMessage) -> str:
    return message.card.address.value.lower() if message.card.address else ""


def _subject_marks(address: str, subject: str) -> Iterator[Mark]:
    """Yield what colleagues at one company share who write of the same thing; at Gmail all are strangers."""
    site, bare = _site(address), bare_subject(subject)
    if bare and site and site not in FREE_MAIL and site not in PLATFORMS:
        yield make_mark(Way.SUBJECT, f"{site} {bare}")


def _site(address: str) -> str:
    return registrable(address.rpartition("@")[2])


def make_mark(way: Way, value: str) -> Mark:
    """Return the mark of a value; the same value marks nothing in another way."""
    text = value.strip() if way in {Way.THREAD, Way.ANSWERED} else value.strip().casefold()
    return Mark(way, hashlib.sha256(f"{way.value}\0{text}".encode("utf-8", "replace")).hexdigest()[:16])


def state_of(lead: Lead, answers: Sequence[Answer], now: datetime, expires_after: timedelta) -> LeadState:
    """Return how a lead stands; the same for the same facts, in whatever order they were learnt.

    A thread that turned into a scam stays one. A decline stands until the owner writes
    again, or somebody answers in a thread. Who writes again waits for the owner: without
    an answer, or after it.

    Args:
        answers: what the owner sent, in any order.
        expires_after: so long after the last message nobody waits any more.
    """
    if turned_into_scam(lead) is not None:
        return LeadState.TURNED_INTO_SCAM
    own = sorted(answers_to(lead, answers), key=lambda one: (one.sent_at, one.reply is Reply.ANSWER))
    said = own[-1] if own else None
    settled = LeadState.ANSWERED if said is None or said.reply is Reply.ANSWER else LeadState.DECLINED
    waiting = _waiting(lead, said)
    if not waiting:
        return settled
    if _is_over(lead, waiting[-1].received_at, now, expires_after):
        return LeadState.EXPIRED if said is None else settled
    return LeadState.CHASED if said is not None or _wrote_again(waiting) else LeadState.NEW


def _waiting(lead: Lead, said: Answer | None) -> list[LeadMessage]:
    """Return the messages that wait for the owner, who said something last; after an unsubscribing none does."""
    if said is None:
        return list(lead.messages)
    if said.reply is Reply.UNSUBSCRIBE:
        return []
    later = [one for one in lead.messages if one.received_at > said.sent_at]
    # A mailing goes on after a decline; somebody who answers a mail has read it.
    return [one for one in later if one.thread] if said.reply is Reply.DECLINE else later


def answers_to(lead: Lead, answers: Sequence[Answer]) -> list[Answer]:
    """Return what of the owner's mail speaks to a lead: in its thread, or to its people while it is fresh.

    What names a message of the lead was written after it, whatever the two clocks say, and
    wherever the message was moved since: a server may take its arrival there for that of the mail.
    """
    came = lead.first.received_at
    told = [replace(one, sent_at=max(one.sent_at, came)) if one.way is Way.THREAD else one for one in answers]
    return [
        one
        for one in told
        if one.reply is not Reply.AUTOMATIC
        and one.sent_at >= came
        and (one.way is Way.THREAD or one.sent_at <= _last_before(lead, one.sent_at) + LATE_ANSWER)
    ]


def _last_before(lead: Lead, moment: datetime) -> datetime:
    return max(one.received_at for one in lead.messages if one.received_at <= moment)


def turned_into_scam(lead: Lead) -> LeadMessage | None:
    """Return the message by which an honest thread fell to scam, None if none did."""
    return next((one for one in lead.messages[1:] if one.category is Category.SCAM), None)


def _wrote_again(messages: Sequence[LeadMessage]) -> bool:
    """Return whether one person sent several of the messages; copies in other accounts are no second word."""
    return len({(one.who, one.fingerprint) for one in messages}) > len({one.who for one in messages})


def _is_over(lead: Lead, last: datetime, now: datetime, expires_after: timedelta) -> bool:
    deadline = lead.card.deadline
    if deadline is not None and deadline.day is not None and deadline.day < now.date():
        return True
    return now - last > expires_after
