"""The one parser: bytes to `Message`, shared by scan, daemon, training and evaluation."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from triage.mail.addresses import parse_addresses
from triage.mail.authentication import parse_authentication_results
from triage.mail.htmltext import extract_html, glance_ends, glance_html, may_hide
from triage.mail.identity import fingerprint
from triage.mail.mime import Parts, parse_parts
from triage.mail.quoting import split_zones
from triage.records import Address, Link, Message

MAX_BODY_BYTES = 65536
"""How much of a message is read: 64 KiB hold the text of all but a few (design: fetch little)."""

_LIST_FIELDS = ("list-id", "list-unsubscribe", "list-post", "list-help", "feedback-id", "x-campaign", "auto-submitted")
_MAILER_FIELDS = ("x-mailer", "user-agent", "x-mailer-type")
# The first letter is a class of its own and in both cases, rather than with a flag: the engine then looks for it quickly.
_URL = re.compile(r"[hHwW](?:(?<=[hH])[tT][tT][pP][sS]?://|(?<=[wW])[wW][wW]\.)[^\s<>\"'\])}]{3,500}")
_TAG = re.compile(r"</?(?:html|body|p|div|br|table|a|span|font)\b[^>]*>", re.IGNORECASE)
_FEW_TAGS = 5
_BLANK_LINES = re.compile(r"\n\s*\n+")
_MAX_LINKS = 100
_MAX_ATTACHMENTS = 50
# As much as is read of the text itself (quoting.py).
_MAX_FORWARDED_CHARACTERS = 40_000
_WORD = re.compile(r"[^\W_]")
_PICTURE = re.compile(
    r"<(?:img|image|svg|object|embed|iframe|picture|video|canvas|v:)|\bbackground\s*=|\burl\(", re.IGNORECASE
)
_NO_TEXT = re.compile(
    r"<(?:!--.*?(?:-->|\Z)|(style|script|title|noscript|template)\b.*?(?:</\1\b|\Z))", re.IGNORECASE | re.DOTALL
)
_BODY = re.compile(r"<body\b", re.IGNORECASE)
# Text stands within so much markup of most mail that has any, and of nearly all.
_FIRST_MARKUP = (1024, 16384)
# A plain part much shorter than the HTML is "your mail program cannot show this".
_MIN_SHARE_OF_PLAIN = 0.3


@dataclass(frozen=True, slots=True)
class OpenedMessage:
    """A message taken apart as far as a first look needs; the rest is read on demand."""

    parts: Parts
    content: bytes = field(repr=False)
    is_cut: bool

    @property
    def subject(self) -> str:
        """The subject, its white space collapsed."""
        return _collapse(self.parts.first("subject"))

    @property
    def sender(self) -> Address | None:
        """The first address of From."""
        senders = parse_addresses(self.parts.first("from"))
        return senders[0] if senders else None

    @property
    def recipients(self) -> tuple[Address, ...]:
        """The addresses of To."""
        return parse_addresses(self.parts.first("to"))

    @property
    def message_id(self) -> str | None:
        """The Message-ID."""
        return self.parts.first("message-id").strip()[:500] or None

    def glance(self) -> str:
        """Return subject, names of attachments and text, quickly: quoted and hidden text is not told apart."""
        return self._glance(glance_html)

    def glance_ends(self, head: int, tail: int) -> str:
        """Return what `glance` does, more quickly, maybe without the middle of a text longer than `head` and `tail` together."""
        if sum(map(len, self.parts.plain)) * _MIN_SHARE_OF_PLAIN > head + tail:
            return self.glance()  # whether the HTML is long enough to be read has to be told
        return self._glance(lambda markup: glance_ends(markup, head, tail))

    def glance_middle(self, head: int, tail: int) -> str:
        """Return what lies between the first `head` and the last `tail` characters of `glance`.

        Nothing where HTML may hide text, which here could not be told from what is shown.
        """
        if any(map(may_hide, self.parts.html)):
            return ""
        return self.glance()[head:-tail]

    def _glance(self, read_html: Callable[[str], str]) -> str:
        parts = self.parts
        text = plain = "\n".join(parts.plain)
        if parts.html:
            text = "\n".join(map(read_html, parts.html))
            if len(text) < len(plain) * _MIN_SHARE_OF_PLAIN:
                text = f"{plain}\n{text}"
        files = " ".join([item.name for item in parts.attachments[:_MAX_ATTACHMENTS]]) if parts.attachments else ""
        return f"{self.subject}\n{files}\n{text}"

    @property
    def is_beyond_glance(self) -> bool:
        """Whether a first look misses what it is about: a message forwarded as a part, or no text where something was not read."""
        parts = self.parts
        if parts.forwarded is not None:
            return True
        if any(map(_WORD.search, parts.plain)) or any(map(_shows_text, parts.html)):
            return False
        return self._has_unread()

    def _has_unread(self) -> bool:
        parts = self.parts
        markup = (*parts.html, *(parts.forwarded.html if parts.forwarded else ()))
        return self.is_cut or bool(parts.attachments) or any(map(_PICTURE.search, markup))

    def complete(self, *, with_identity: bool = True) -> Message:
        """Return the whole message.

        Args:
            with_identity: also read what no judge looks at: date and fingerprint.
        """
        parts = self.parts
        text, hidden, links, is_html = _visible_text(parts)
        zones = split_zones(text, self.subject)
        forwarded = zones.forwarded
        if parts.forwarded is not None:
            passed_on, more_hidden, more_links = _forwarded_text(parts.forwarded)
            forwarded = f"{forwarded}\n\n{passed_on}".strip()[:_MAX_FORWARDED_CHARACTERS]
            hidden, links = f"{hidden}\n{more_hidden}".strip(), (*links, *more_links)[:_MAX_LINKS]
        return Message(
            subject=self.subject,
            sender=self.sender,
            reply_to=parse_addresses(parts.first("reply-to")),
            recipients=self.recipients,
            copied=parse_addresses(parts.first("cc")),
            date=parse_date(parts.first("date")) if with_identity else None,
            message_id=self.message_id,
            in_reply_to=(parts.first("in-reply-to") or parts.first("references")).strip()[:500] or None,
            text=zones.written,
            quoted=zones.quoted,
            forwarded=forwarded,
            hidden=hidden,
            links=links,
            attachments=parts.attachments[:_MAX_ATTACHMENTS],
            list_facts=_list_facts(parts),
            mailer=next((parts.first(name) for name in _MAILER_FIELDS if name in parts.headers), "")[:200],
            platform_class=f"{parts.first('x-linkedin-class')} {parts.first('x-linkedin-template')}".strip()[:200],
            authentication=parse_authentication_results(parts.first("authentication-results")),
            fingerprint=fingerprint(self.content) if with_identity else "",
            is_html=is_html,
            is_cut=self.is_cut,
            lacks_text=not _WORD.search(text) and not forwarded and (bool(hidden) or self._has_unread()),
            repairs=parts.repairs,
        )


def open_message(content: bytes, *, is_cut: bool = False) -> OpenedMessage:
    """Take a message or its beginning apart.

    Args:
        content: RFC 5322 bytes, hostile or broken as they may be; what is beyond
            `MAX_BODY_BYTES` is not looked at.
        is_cut: the content is known to be only the beginning.

    Raises:
        MessageError: it is empty or no mail message at all.
    """
    is_cut = is_cut or len(content) > MAX_BODY_BYTES
    content = _without_envelope(content[:MAX_BODY_BYTES])
    return OpenedMessage(parse_parts(content), content, is_cut)


def parse_message(content: bytes, *, is_cut: bool = False) -> Message:
    """Parse a message or its beginning: `open_message` and the rest.

    Raises:
        MessageError: it is empty or no mail message at all.
    """
    return open_message(content, is_cut=is_cut).complete()


def _without_envelope(content: bytes) -> bytes:
    """Drop the mbox separator that some programs leave on top of a saved message (RFC 4155)."""
    return content.partition(b"\n")[2] if content.startswith((b"From ", b">From ")) else content


def _shows_text(markup: str) -> bool:
    """Return whether some markup has any words, roughly: styles, titles and comments are none."""
    body = _BODY.search(markup)
    start = body.start() if body else 0
    ends = (*(start + length for length in _FIRST_MARKUP), len(markup))
    pieces = (markup[start : markup.rfind(">", start, end) + 1] for end in ends)
    return any(_WORD.search(glance_html(_NO_TEXT.sub(" ", piece))) for piece in pieces)


def _forwarded_text(parts: Parts) -> tuple[str, str, tuple[Link, ...]]:
    """Return subject and visible text, hidden text and links of a forwarded message; without text its subject is nothing either."""
    text, hidden, links, _ = _visible_text(parts)
    return (f"{_collapse(parts.first('subject'))}\n\n{text}" if _WORD.search(text) else ""), hidden, links


def _collapse(subject: str) -> str:
    return " ".join(subject.split())[:1000]


def _visible_text(parts: Parts) -> tuple[str, str, tuple[Link, ...], bool]:
    """Return visible text, hidden text, links, and whether the text came from HTML."""
    plain = "\n".join(parts.plain)
    if plain and not parts.html and _is_markup(plain):
        return _from_html((plain,), "")
    if parts.html:
        return _from_html(parts.html, plain)
    text = _tidy_plain(plain)
    return text, "", _links_of(text), False


def _is_markup(plain: str) -> bool:
    """Return whether markup was sent as text/plain."""
    # Behind the last > no tag ends: looking for one from each < there would cost the square of its length.
    end = plain.rfind(">") + 1
    return _TAG.search(plain, 0, end) is not None and len(_TAG.findall(plain, 0, end)) > _FEW_TAGS


def _from_html(markup: tuple[str, ...], plain: str) -> tuple[str, str, tuple[Link, ...], bool]:
    extracts = [extract_html(part) for part in markup]
    visible = "\n".join(one.visible for one in extracts if one.visible)
    hidden = "\n".join(one.hidden for one in extracts if one.hidden)
    links = tuple(link for one in extracts for link in one.links)[:_MAX_LINKS]
    if len(visible) < len(plain) * _MIN_SHARE_OF_PLAIN:
        text = _tidy_plain(plain)
        return text, hidden, links or _links_of(text), False
    return visible, hidden, links, True


def _tidy_plain(text: str) -> str:
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "")
    return _BLANK_LINES.sub("\n\n", text).strip()


def _links_of(text: str) -> tuple[Link, ...]:
    if "://" not in text and "www." not in text:
        return ()
    return tuple(Link("", target) for target in _URL.findall(text)[:_MAX_LINKS])


def _list_facts(parts: Parts) -> frozenset[str]:
    found = {name for name in _LIST_FIELDS if name in parts.headers}
    if parts.first("precedence").strip().lower() in {"bulk", "list", "junk"}:
        found.add("precedence-bulk")
    return frozenset(found)


def parse_date(value: str) -> datetime | None:
    """Return the Date header (RFC 5322 section 3.6.1) with its zone, None if unreadable or in no year that UTC has."""
    if not value:
        return None
    try:
        moment = parsedate_to_datetime(value)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        moment.astimezone(UTC)  # the last evening of the year 9999 has none
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment
