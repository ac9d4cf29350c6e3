"""The facts of an opportunity, each with the phrase it was read from; what is not said is absent."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum


class Channel(StrEnum):
    """The way by which a lead came."""

    MAIL = "mail"
    LINKEDIN = "linkedin"
    XING = "xing"
    FACEBOOK = "facebook"
    X = "x"
    INDEED = "indeed"
    WELLFOUND = "wellfound"
    VOICEMAIL = "voicemail"
    CALENDAR = "calendar"
    CONTACT_FORM = "contact_form"


class Period(StrEnum):
    """What a sum is paid for."""

    HOUR = "hour"
    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    YEAR = "year"
    TOTAL = "total"


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a message says.

    Attributes:
        value: the fact by itself, as people write it, or one of the fixed words of its field.
        phrase: the words of the message, letter by letter, that it was read from.
    """

    value: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Day:
    """A day that a message names; `day` is None where it cannot be told which ("soon", "asap")."""

    day: date | None
    phrase: str


@dataclass(frozen=True, slots=True)
class Pay:
    """A sum or range offered.

    Attributes:
        low, high: equal where one sum is named; None where the range is open on that side.
        currency: ISO 4217; None where the message does not tell.
        period: None where the message does not tell.
    """

    low: Decimal | None
    high: Decimal | None
    currency: str | None
    period: Period | None
    phrase: str


@dataclass(frozen=True, slots=True)
class Opportunity:
    """The lead card: what one message says of an opportunity.

    Nothing is guessed: what the message does not say is None or empty, and what it
    says in several ways (two places, contradictory pay) stands there more than once.

    Attributes:
        companies: who would employ; agency: who recruits for them.
        hirer: "agency" or "in_house".
        level: "intern", "junior", "senior", "lead", "head" or "executive".
        remote: "remote", "hybrid" or "on_site".
        contract: "permanent", "temporary", "contract", "internship" or "seasonal".
        recruiter: who makes the approach; address, phones and profile are that person's.
        referrer: who suggested the owner or passes the lead on; acquaintance: how they are known.
        next_step: what the owner is asked to do.
        language: of the message, ISO 639-1; None where it cannot be told.
    """

    companies: tuple[Fact, ...] = ()
    agency: Fact | None = None
    hirer: Fact | None = None
    roles: tuple[Fact, ...] = ()
    level: Fact | None = None
    places: tuple[Fact, ...] = ()
    remote: Fact | None = None
    pay: tuple[Pay, ...] = ()
    contract: Fact | None = None
    start: Day | None = None
    deadline: Day | None = None
    requisition: Fact | None = None
    recruiter: Fact | None = None
    address: Fact | None = None
    phones: tuple[Fact, ...] = ()
    profile: Fact | None = None
    referrer: Fact | None = None
    acquaintance: Fact | None = None
    next_step: Fact | None = None
    channel: Channel = Channel.MAIL
    language: str | None = None
