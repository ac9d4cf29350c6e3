"""Makes mail and records with every field defaulted, so that a test states only what matters."""

from email import policy
from email.message import EmailMessage
from functools import cache

from triage.records import CATEGORIES, Category, MessageRef, RawMessage, Uid, UidValidity, Verdict

OFFER = """\
Hi Marta,

we are looking for a lead maintenance engineer for our plant in Leeds, permanent, 52k. Your profile came up
in the chamber's list. Would you be open to a call on Thursday?

Siobhan Kearns, Kestrel Foods
"""
MAIL_DEPARTMENT = """\
Dear Sir/Madam,

We have reviewed your personal information and you are the right person to become our employee in our mail
department. You receive packages at your home address, put on a new label and forward the packages. No
experience needed, 3,000 USD a month. Send a copy of your ID card and your bank details to join.
"""
PLAIN = "Hi,\n\nthe choir rehearses on Tuesday at eight instead of seven. Please bring the blue folder.\n\nAnna\n"


def make_raw(
    text: str = PLAIN,
    *,
    subject: str = "Tuesday",
    sender: str = "Anna Lind <anna.lind@choir.example>",
    message_id: str = "<1@choir.example>",
    headers: tuple[tuple[str, str], ...] = (),
    html: str | None = None,
) -> bytes:
    """Return an RFC 5322 message."""
    message = EmailMessage(policy=policy.SMTP)
    message["From"] = sender
    message["To"] = "Marta Keller <marta.keller@posteo.example>"
    message["Subject"] = subject
    message["Date"] = "Mon, 04 May 2026 14:33:00 +0200"
    message["Message-ID"] = message_id
    for name, value in headers:
        message[name] = value
    message.set_content(text)
    if html is not None:
        message.add_alternative(html, subtype="html")
    return message.as_bytes()


_NUMBER = "123456789"
"""Stands in the messages of which there is one for each number: to build each anew takes longer than to judge it."""


def _put_number(content: bytes, number: int) -> bytes:
    return content.replace(_NUMBER.encode(), b"%d" % number)


def make_offer(number: int = 1) -> bytes:
    """Return a genuine approach, a different message for each number."""
    return _put_number(_offer(), number)


@cache
def _offer() -> bytes:
    return make_raw(
        OFFER,
        subject="Lead maintenance engineer, Leeds",
        sender="Siobhan Kearns <siobhan@kestrelfoods.example>",
        message_id=f"<offer-{_NUMBER}@kestrelfoods.example>",
    )


_ROLES = (
    "maintenance engineer",
    "production planner",
    "payroll clerk",
    "night baker",
    "forklift driver",
    "laboratory assistant",
    "purchasing manager",
)
_TOWNS = ("Leeds", "Cardiff", "Exeter", "Derby", "Perth", "Oban", "Newry", "Bath")


_SYLLABLES = ("ba", "ce", "di", "fo", "gu", "ha", "je", "ki", "lo", "mu")


def _spell(number: int) -> str:
    """Return a name of six syllables, no two of which are a slip of each other (`is_same_company`)."""
    return "".join(_SYLLABLES[int(digit)] for digit in f"{number:06}")


def make_own_offer(number: int = 1) -> bytes:
    """Return a genuine approach by a firm of its own, about a job of its own for each number."""
    firm, role, town = f"Kestrel{_spell(number)}", _ROLES[number % len(_ROLES)], _TOWNS[number % len(_TOWNS)]
    return make_raw(
        f"Hi Marta,\n\nwe are looking for a {role} for our plant in {town}, permanent, {30 + number % 40}k. Your profile"
        f" came up in the chamber's list. Would you be open to a call on Thursday?\n\nSiobhan Kearns, {firm} Foods\n",
        subject=f"{role.capitalize()}, {town}",
        sender=f"Siobhan Kearns <siobhan@{firm.lower()}.example>",
        message_id=f"<offer-{number}@{firm.lower()}.example>",
    )


def make_plain_of(number: int = 1) -> bytes:
    """Return private mail, a different message for each number."""
    return _put_number(_plain(), number)


@cache
def _plain() -> bytes:
    return make_raw(message_id=f"<plain-{_NUMBER}@choir.example>")


def make_scam(number: int = 1) -> bytes:
    """Return a mail-department offer, a different message for each number."""
    return _put_number(_scam(), number)


@cache
def _scam() -> bytes:
    return make_raw(
        MAIL_DEPARTMENT,
        subject="Position in our mail department",
        sender="Personnel <personnel.desk@outlook.com>",
        message_id=f"<scam-{_NUMBER}@outlook.com>",
        headers=(("Reply-To", "maildept@gmail.com"),),
    )


def make_ref(uid: int = 1, *, folder: str = "INBOX", uidvalidity: int = 7) -> MessageRef:
    """Return where a message of the account "home" lives."""
    return MessageRef("home", folder, UidValidity(uidvalidity), Uid(uid))


def make_message(uid: int = 1, content: bytes | None = None, *keywords: str) -> RawMessage:
    """Return a message as it comes from a mailbox."""
    content = content if content is not None else make_raw(message_id=f"<{uid}@choir.example>")
    return RawMessage(make_ref(uid), content, len(content), keywords=frozenset(keywords))


def make_verdict(category: Category | None = Category.RECRUITER, *, probability: float = 0.97) -> Verdict:
    """Return a verdict without evidence."""
    rest = (1 - probability) / (len(CATEGORIES) - 1)
    chances = {one: probability if one is category else rest for one in CATEGORIES}
    kind = "mail_department" if category is Category.SCAM else None
    return Verdict(category, chances, kind, (), "because", "0123456789ab")
