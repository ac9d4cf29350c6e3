"""Puts an answer into the Drafts folder: for the owner to read, change and send, or not. Nothing is ever sent."""

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.headerregistry import Address as HeaderAddress
from email.message import EmailMessage

from triage.errors import AccountError, FolderError, MessageError
from triage.interfaces import FolderRole, ServerSource
from triage.lead.lead import Lead, LeadMessage, is_personal, is_unattended, message_ids
from triage.lead.opportunity import Channel
from triage.lead.reply import Wording, language_of, reply_subject, reply_text
from triage.lead.sides import honest_part, is_one_side, recruiter_of, side_of
from triage.lead.templates import DraftKind
from triage.records import Address

_MOST_REFERENCES = 20

# Message-IDs of platforms are often longer than a line of 78 letters, and the email package makes an encoded word of what
# is longer than a line, by which no mail program finds the thread. A line may have 998 (RFC 5322 section 2.1.1).
_POLICY = policy.SMTP.clone(max_line_length=998)


@dataclass(frozen=True, slots=True)
class Draft:
    """A draft as it was put there.

    Attributes:
        others: where answers to the other sides go.
        is_new: False where the same draft lay there already.
    """

    folder: str
    recipient: str
    others: tuple[str, ...]
    text: str
    is_new: bool


def message_to_answer(lead: Lead, work: Collection[str], to: str | None = None) -> LeadMessage:
    """Return the message that an answer goes to: the latest that reached a private account, of those who are no scam's side.

    Args:
        to: the latest from this address, or whose answers go there.

    Raises:
        MessageError: it must not, or cannot, be answered; the text says why and what to do.
    """
    honest = honest_part(lead)
    if honest is None:
        raise MessageError(f"lead {lead.lead_id} turned into a scam; do not answer it")
    private = [one for one in lead.messages if one.ref.account and one.ref.account not in work]
    if not private:
        where = (
            "an account marked work = true, where no drafts are written" if lead.accounts & set(work) else "local mail"
        )
        raise MessageError(f"lead {lead.lead_id} came to {where}; answer it from there yourself")
    safe = [one for one in private if one in honest.messages]
    latest = (safe or private)[-1] if to is None else _latest_from(lead, private, to.strip().lower())
    if latest not in safe:
        who = _one_line(latest.sender.addr_spec) or "nobody named"
        others = ", ".join(dict.fromkeys(_one_line(recipient_of(one)) for one in safe if one.is_lead))
        hint = f"; --to answers others who offer it: {others}" if others else ""
        raise MessageError(f"in lead {lead.lead_id} the side of {who} turned into a scam; do not answer it{hint}")
    # In Reply-To a platform's relay passes answers on.
    if is_unattended(recipient_of(latest)) or not (latest.reply_to or is_personal(latest.sender.addr_spec)):
        where = "no address" if not recipient_of(latest) else "an address that nobody reads"
        raise MessageError(f"lead {lead.lead_id} came from {where}; {_other_way(side_of(lead, latest))}")
    return latest


def _latest_from(lead: Lead, private: Sequence[LeadMessage], to: str) -> LeadMessage:
    for one in reversed(private):
        if to in {one.sender.addr_spec.lower(), recipient_of(one).lower()}:
            return one
    known = ", ".join(dict.fromkeys(_one_line(recipient_of(one)) for one in private if recipient_of(one)))
    raise MessageError(f"nobody wrote from {to!r} in lead {lead.lead_id}, only from {known or 'no address'}")


def _other_way(lead: Lead) -> str:
    if lead.card.profile:
        return f"answer it at {lead.card.profile.value}"
    return (
        "look into the mail for whom to answer"
        if lead.channel is Channel.MAIL
        else f"answer it on {lead.channel_words}"
    )


def recipient_of(message: LeadMessage) -> str:
    """Return where an answer goes (RFC 5322 section 3.6.2): Reply-To, else From."""
    return message.reply_to or message.sender.addr_spec


def compose(lead: Lead, message: LeadMessage, text: str, sender: Address, now: datetime) -> EmailMessage:
    """Return a draft as mail; the same answer to the same message has the same Message-ID, whenever it is made.

    Args:
        lead: as the side of the message knows it.
    """
    draft = EmailMessage(policy=_POLICY)
    draft["From"] = _header_address(sender)
    name = recruiter_of(lead) or message.sender.name
    draft["To"] = _header_address(Address(name, recipient_of(message)))
    draft["Subject"] = _one_line(reply_subject(lead))
    draft["Date"] = now
    mark = hashlib.sha256(f"{lead.lead_id} {message.fingerprint} {text}".encode("utf-8", "replace")).hexdigest()[:24]
    draft["Message-ID"] = f"<triage-draft-{mark}@{sender.domain or 'triage.invalid'}>"
    if answered := _plain_ids(message.message_id):
        draft["In-Reply-To"] = answered[0]
        draft["References"] = " ".join([*reversed(_plain_ids(*message.thread[: _MOST_REFERENCES - 1])), *answered])
    draft.set_content(text)
    return draft


def put_draft(
    lead: Lead,
    kind: DraftKind,
    language: str | None,
    wording: Wording,
    route: tuple[ServerSource, LeadMessage, Address],
    now: datetime,
) -> Draft:
    r"""Write a draft into the folder of drafts, with \Draft and \Seen; it says what the side it goes to said, no more.

    Args:
        lead: without the sides that scams came from, and what reached an employer's account.
        language: None for that of the mail.

    Raises:
        FolderError: the account has no such folder.
        AccountError, TransientMailError: it could not be written.
    """
    source, message, sender = route
    folder = source.find_folder(FolderRole.DRAFTS)
    if folder is None:
        raise FolderError(f"account {source.name}: the server names no folder of drafts; set drafts_folder")
    side = side_of(lead, message)
    text = reply_text(side, kind, language or language_of(side), wording)
    draft = compose(side, message, text, sender, now)
    is_new = source.append(folder, draft.as_bytes(), str(draft["Message-ID"]), ("\\Draft", "\\Seen"))
    return Draft(folder, recipient_of(message), _others(lead, message), text, is_new)


def _others(lead: Lead, message: LeadMessage) -> tuple[str, ...]:
    """Return where answers to the other sides go, as far as somebody reads them there."""
    found = dict.fromkeys(recipient_of(one) for one in lead.messages if one.is_lead and not is_one_side(one, message))
    return tuple(one for one in found if one != recipient_of(message) and not is_unattended(one))


def sender_of(username: str, addresses: Collection[str], names: Collection[str], account: str) -> Address:
    """Return who an answer is from: the address that is the account's login, else the owner's first.

    Raises:
        AccountError: none is known.
    """
    known = [username] if "@" in username else list(addresses)
    if not known:
        raise AccountError(f"account {account}: which address is yours? Name it in owner.addresses")
    return Address(next(iter(names), ""), known[0].lower())


def _header_address(address: Address) -> HeaderAddress | str:
    try:
        return HeaderAddress(_one_line(address.name), addr_spec=address.addr_spec)
    except (ValueError, IndexError):  # an address that is none in the strict sense, yet one that mail came from
        return _one_line(address.addr_spec)


def _plain_ids(*texts: str) -> tuple[str, ...]:
    """Return Message-IDs as they may stand in a header: what is none, or not in plain letters, is left out."""
    return message_ids(*(text for text in texts if text.isascii()))


def _one_line(text: str) -> str:
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
