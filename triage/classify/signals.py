"""Named evidence: what a mail asks, offers and claims, and how it came.

Each signal is a fact with the phrase or header that shows it. None decides alone;
the model weighs them with the words (docs/signals.md lists them all).
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from triage.classify.claims import Bearing, claimed_company, pay_out_of_proportion
from triage.classify.denial import SENTENCE_ENDS
from triage.classify.domains import (
    FREE_MAIL,
    HIRING_SYSTEMS,
    PLATFORMS,
    added_word,
    has_public_suffix,
    imitated_service,
    is_above_suspicion,
    is_lookalike,
    label,
    registrable,
)
from triage.classify.matching import PhraseBook, split_pauses
from triage.classify.normalise import NormalText, without_accents
from triage.classify.notices import tell_notice
from triage.classify.phrases import PHRASES
from triage.records import Message

_BOOK = PhraseBook(PHRASES)
_MAX_WORDS = 1500
_MAX_CHARACTERS = 8000
_FEW_WORDS = 15
"""A text so short says little beside an attachment."""
_QUOTE_WORDS = 8
_QUOTE_AROUND = 3
_DANGEROUS_FILE = re.compile(
    r"\.(?:exe|scr|lnk|iso|img|js|jse|vbs|hta|bat|cmd|msi|jar|apk|docm|xlsm|one|ps1|com|pif|dmg)$", re.IGNORECASE
)
_ARCHIVE = re.compile(r"\.(?:zip|rar|7z|gz|cab|ace|arj)$", re.IGNORECASE)
_ROLE_ACCOUNT = re.compile(
    r"^(?:no-?reply|do-?not-?reply|noresponder|nao-?responda|notifications?|news(?:letter)?|info|mailer-daemon|alerts?|jobs?-?alerts?|messages?-noreply)",
    re.IGNORECASE,
)
_COMPANY_WORD = re.compile(
    r"\b(?:inc|llc|ltd|limited|gmbh|ag|s\.?a\.?|s\.?l\.?|s\.?r\.?l|plc|corp|corporation|company|group|hr|human resources|recruitment|recruiting|talent"
    r"|careers|hiring|personalabteilung|rrhh|recursos humanos|ressources humaines|department|team|office|bank|logistics|express)\b",
    re.IGNORECASE,
)
# The first character of each is a class of its own, which the engine looks for quickly.
_MONEY = re.compile(
    r"[€$£\d](?:(?<=[€$£])\s?\d[\d.,]*\s?k?|(?<=\d)[\d.,]{0,15}+\s?(?:k\b|€|eur\b|euros?\b|usd\b|gbp\b|chf\b|pln\b|zl\b|reais\b|dollars?\b|pounds?\b))",
    re.IGNORECASE,
)
_COMPANY_SIGNALS = {
    (Bearing.BORNE, True): "company_in_domain",
    (Bearing.BORNE, False): "company_in_domain_unproved",
    **dict.fromkeys([(Bearing.LOOKALIKE, True), (Bearing.LOOKALIKE, False)], "company_lookalike"),
    **dict.fromkeys([(Bearing.ELSEWHERE, True), (Bearing.ELSEWHERE, False)], "company_elsewhere"),
}
_LINKEDIN = "linkedin.com"
_ANSWER = re.compile(
    r"\s*(?:\[[^\]]{1,40}\]\s*)?(?:(?:fwd?|wg|tr|rv|enc|pd)\s*:\s*)?(?:re|aw|antw|antwort|res|resp|r|rif|rép|sv|vs|odp|ynt)\s*(?:[\[(]\d{1,3}[\])])?\s*[:：]",
    re.IGNORECASE,
)
_CAPITALS = re.compile(r"[A-ZÄÖÜÉÈÀÇÑ](?<!\w.)[A-ZÄÖÜÉÈÀÇÑ]{3,}\b")
_MANY_CAPITALS = 6
_SHOWN_SITE = re.compile(r"(?:https?://)?(?:www\.)?([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:[/?#]|$)")
# As browsers read it (URL standard, section 4.4): a backslash is a slash, and any number of them will do.
_TARGET_SITE = re.compile(r"(?:https?:[/\\]*|[/\\]{2,})(?:[^/\\?#]*@)?([^/\\?#:]+)")
_LEFT_OUT = str.maketrans("", "", "\t\n\r")
"""Browsers leave these out of the target of a link, wherever they stand."""


@dataclass(frozen=True, slots=True)
class Signal:
    """One fact about a mail and what shows it.

    Attributes:
        quote: a phrase of the text is folded here; `triage.classify.wording` finds the mail's own words.
        place: of a phrase the first word and one past the last among those of subject and text; None otherwise.
    """

    name: str
    quote: str
    place: tuple[int, int] | None = None


def extract_signals(
    message: Message, subject: NormalText, text: NormalText, sentences: Sequence[str]
) -> tuple[Signal, ...]:
    """Return the signals of a message, each name once, in a fixed order.

    Args:
        subject: the folded subject.
        text: the folded text the sender wrote or passed on.
        sentences: the words of both, with "." where a sentence ends and "," where a clause may.
    """
    found: dict[str, Signal] = {}
    for signal in chain(
        _of_words(sentences[:_MAX_WORDS]),
        _of_sender(message),
        _of_platform(message),
        _of_notice(message, subject, text),
        _of_concealment(message, subject, text),
        _of_attachments(message),
        _of_links(message),
        _of_headers(message),
        _of_text(message, text),
    ):
        found.setdefault(signal.name, signal)
    return tuple(found.values())


def _of_words(sentences: Sequence[str]) -> Iterator[Signal]:
    words, pauses = split_pauses(sentences)
    for match in _BOOK.find(words, pauses):
        name = f"denies:{match.name}" if match.is_denied else match.name
        first, last = _around(words, match.start, match.end)
        yield Signal(name, " ".join(words[first:last]), (first, last))


def _around(words: Sequence[str], start: int, end: int) -> tuple[int, int]:
    """Return where the phrase and a word or two around it stand, within its sentence."""
    end = min(end, start + _QUOTE_WORDS)
    first = start
    while first > max(0, start - _QUOTE_AROUND) and words[first - 1] not in SENTENCE_ENDS:
        first -= 1
    last = end
    while last < min(len(words), end + _QUOTE_AROUND) and words[last] not in SENTENCE_ENDS:
        last += 1
    return first, last


def _of_sender(message: Message) -> Iterator[Signal]:
    if message.sender is None:
        yield Signal("no_sender", "From")
        return
    domain = message.sender.domain
    site = registrable(domain)
    if site in FREE_MAIL:
        yield Signal("free_mail_sender", site)
        if _COMPANY_WORD.search(message.sender.name) or _COMPANY_WORD.search(
            message.sender.local_part.replace(".", " ")
        ):
            yield Signal("free_mail_company", f"{message.sender.name} at {site}"[:80])
    if not is_above_suspicion(site) and (parts := added_word(label(domain))):
        yield Signal("added_word_domain", f"{parts[0]} + {parts[1]}")
    if _ROLE_ACCOUNT.match(message.sender.local_part):
        yield Signal("role_account", message.sender.local_part[:40])
    if "xn--" in domain:
        yield Signal("punycode_domain", domain[:60])
    if claim := claimed_company(message):
        company, bearing = claim
        yield Signal(_COMPANY_SIGNALS[bearing, _is_proved(message, site)], f"{company} at {site}")


def _of_platform(message: Message) -> Iterator[Signal]:
    if message.sender is None:
        return
    domain = message.sender.domain
    site = registrable(domain)
    if site in PLATFORMS:
        yield Signal("platform_sender", site)
        if _has_passed(message, site):
            yield Signal("platform_verified", site)
    elif imitated := imitated_service(domain):
        yield Signal("lookalike_domain", f"{site} for {imitated}")
    if site in HIRING_SYSTEMS:
        yield Signal("hiring_system_sender", site)
    yield from _of_reply_to(message, site)
    yield from _of_authentication(message, site)


def _of_notice(message: Message, subject: NormalText, text: NormalText) -> Iterator[Signal]:
    site = registrable(message.sender.domain) if message.sender else ""
    # Whoever sends a mail writes these headers; of LinkedIn they are where LinkedIn is proved to have sent it.
    is_believed = site == _LINKEDIN and _is_proved(message, site)
    if message.platform_class:
        yield Signal("platform_notice" if is_believed else "platform_claimed", message.platform_class[:60])
    if site not in PLATFORMS or (_has_failed(message) and not _is_proved(message, site)):
        return
    if notice := tell_notice(message, subject.text, text.text, is_template_believed=is_believed):
        kind, quote = notice
        yield Signal(f"notice:{kind}", quote[:60])


def _of_reply_to(message: Message, site: str) -> Iterator[Signal]:
    for address in message.reply_to[:1]:
        other = registrable(address.domain)
        if other == site:
            continue
        yield Signal("reply_to_elsewhere", other)
        if other in FREE_MAIL:
            yield Signal("reply_to_free_mail", other)
        if is_lookalike(label(other), label(site)):
            yield Signal("reply_to_lookalike", f"{other} for {site}")


def _of_authentication(message: Message, site: str) -> Iterator[Signal]:
    if _has_failed(message):
        yield Signal("authentication_fails", "Authentication-Results")
    elif _has_passed(message, site):
        yield Signal("authentication_passes", site)


def _has_failed(message: Message) -> bool:
    # Of several results of one method the last counts.
    return "fail" in {one.method: one.result for one in message.authentication}.values()


def _has_passed(message: Message, site: str) -> bool:
    return any(one.result == "pass" and registrable(one.domain) == site for one in message.authentication)


def _is_proved(message: Message, site: str) -> bool:
    # A list or a forward breaks SPF alone; DMARC fails where nothing vouches for the domain.
    return _has_passed(message, site) and ("dmarc", "fail") not in {
        (one.method, one.result) for one in message.authentication
    }


def _of_concealment(message: Message, subject: NormalText, text: NormalText) -> Iterator[Signal]:
    if message.hidden.strip():
        yield Signal("hidden_text", f"{len(message.hidden)} hidden characters")
    if text.invisible + subject.invisible > 2:  # noqa: PLR2004  one or two come from word processors
        yield Signal("invisible_characters", f"{text.invisible + subject.invisible} within words")
    if text.lookalikes + subject.lookalikes:
        yield Signal("lookalike_letters", f"{text.lookalikes + subject.lookalikes} words")


def _of_attachments(message: Message) -> Iterator[Signal]:
    if message.attachments and len(message.text.split()) < _FEW_WORDS:
        yield Signal("text_in_attachment", message.attachments[0].name[-40:] or message.attachments[0].media_type)
    for attachment in message.attachments:
        if _DANGEROUS_FILE.search(attachment.name):
            yield Signal("dangerous_attachment", attachment.name[-40:])
        elif _ARCHIVE.search(attachment.name):
            yield Signal("archive_attachment", attachment.name[-40:])
        elif attachment.media_type == "text/calendar":
            yield Signal("calendar_attachment", "text/calendar")


def _of_headers(message: Message) -> Iterator[Signal]:
    for fact in sorted(message.list_facts):
        yield Signal(f"header:{fact}", fact)
    if message.in_reply_to:
        # Anybody can write the header: what a thread leaves in a mail is its history, or the mark of an answer.
        is_shown = bool(message.quoted.strip()) or _ANSWER.match(message.subject)
        yield Signal("in_thread" if is_shown else "in_thread_unquoted", "In-Reply-To")
    if message.forwarded:
        yield Signal("forwarded", "forwarded message")


def _of_text(message: Message, text: NormalText) -> Iterator[Signal]:
    if not text.text.strip():
        yield Signal("no_text", "no readable text")
    money = _MONEY.search(text.text)
    if money:
        yield Signal("names_pay", money[0])
        if excess := pay_out_of_proportion(without_accents(text.text[:_MAX_CHARACTERS])):
            yield Signal("pay_out_of_proportion", excess)
    if len(_CAPITALS.findall(message.text)) >= _MANY_CAPITALS:
        yield Signal("shouting", "words in capitals")


def _of_links(message: Message) -> Iterator[Signal]:
    for link in message.links:
        shown = _SHOWN_SITE.match(link.text.strip().lower()) if "." in link.text else None
        if not shown or not has_public_suffix(shown[1]):  # "Node.js", "Offer.pdf"
            continue
        target = _TARGET_SITE.match(link.target.translate(_LEFT_OUT).lower())
        if target and registrable(shown[1]) != registrable(target[1]):
            yield Signal("link_text_mismatch", f"{registrable(shown[1])} leads to {registrable(target[1])}")
            return
