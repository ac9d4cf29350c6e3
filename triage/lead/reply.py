"""What to answer: in the language of the mail, asking exactly for what its card lacks."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from triage.lead.lead import Lead, bare_subject
from triage.lead.opportunity import Opportunity
from triage.lead.sides import recruiter_of
from triage.lead.templates import PHRASES, DraftKind, Missing, Phrases

DEFAULT_LANGUAGE = "en"

_ASKING = frozenset({DraftKind.INTERESTED, DraftKind.REFER, DraftKind.ASK})
_FIELD = re.compile(r"\{(\w+)\}")
_BLANK_LINES = re.compile(r"\n{3,}")
# Those of the marks that `bare_subject` knows which an answer puts there, not a forward.
_ANSWER_MARK = re.compile(r"\s*(?:re|aw|antw|res|r|odp|sv|ynt)\s*(?:\[\d+\])?\s*:", re.IGNORECASE)


@dataclass(frozen=True)
class Wording:
    """How the owner writes.

    Attributes:
        templates: language -> kind -> text in place of the shipped one.
    """

    signature: str = ""
    templates: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def language_of(lead: Lead) -> str:
    """Return the language to answer in: that of the latest message that tells, if there are texts for it."""
    said = [one.card.language for one in reversed(lead.messages) if one.card.language]
    return said[0] if said and said[0] in PHRASES else DEFAULT_LANGUAGE


def missing(card: Opportunity) -> tuple[Missing, ...]:
    """Return what a card lacks."""
    return tuple(_iter_missing(card))


def _iter_missing(card: Opportunity) -> Iterator[Missing]:
    if not card.companies:
        yield Missing.COMPANY
    if not card.roles:
        yield Missing.ROLE
    if not card.places and not card.remote:
        yield Missing.PLACE
    if not card.pay:
        yield Missing.PAY
    if not card.contract:
        yield Missing.CONTRACT
    if not card.start:
        yield Missing.START


def reply_text(lead: Lead, kind: DraftKind, language: str, wording: Wording) -> str:
    """Return the text of an answer.

    Args:
        lead: as the side that it goes to knows it (`side_of`): all of its card may be told.
    """
    phrases = PHRASES.get(language, PHRASES[DEFAULT_LANGUAGE])
    card = lead.card
    fields = {
        "greeting": _greeting(lead, phrases),
        "name": recruiter_of(lead),
        "role": card.roles[0].value if card.roles else "",
        "company": card.companies[0].value if card.companies else "",
        "about": _about(lead, phrases),
        "questions": _questions(card, kind, phrases),
        "signature": wording.signature,
    }
    template = wording.templates.get(language, {}).get(kind.value) or (
        f"{{greeting}}\n\n{phrases.texts[kind]}\n\n{{questions}}\n\n{phrases.closing}\n{{signature}}"
    )
    # Once, so that what a mail says is never taken for a field.
    text = _FIELD.sub(lambda match: fields.get(match[1], match[0]), template)
    return _BLANK_LINES.sub("\n\n", text).strip() + "\n"


def reply_subject(lead: Lead) -> str:
    """Return the subject of an answer, marked once (RFC 5322 section 3.6.5); a forward is answered, not sent on."""
    subject = " ".join(lead.latest.subject.split())
    return subject if _ANSWER_MARK.match(subject) else f"Re: {bare_case(subject)}"


def _greeting(lead: Lead, phrases: Phrases) -> str:
    name = recruiter_of(lead)
    return phrases.greeting.replace("{name}", name) if name else phrases.unnamed


def _about(lead: Lead, phrases: Phrases) -> str:
    card = lead.card
    named = [facts[0].value for facts in (card.roles, card.companies) if facts]
    topic = ", ".join(named) or bare_case(lead.latest.subject)
    return phrases.about.replace("{topic}", topic) if topic else phrases.message


def bare_case(subject: str) -> str:
    """Return a subject without the marks of answers, its letters as they were."""
    plain = " ".join(subject.split())
    # Each mark ends in a colon. By length it could not be told: "Straße" is longer when its case is folded.
    marks = plain.count(":") - bare_subject(plain).count(":")
    return plain.split(":", marks)[-1].strip()


def _questions(card: Opportunity, kind: DraftKind, phrases: Phrases) -> str:
    if kind not in _ASKING:
        return ""
    lacking = missing(card)
    if not lacking:
        return phrases.more
    return "\n".join([phrases.ask, *(f"- {phrases.questions[one]}" for one in lacking)])
