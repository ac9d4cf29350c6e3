"""Which messages speak of the same opportunity: by thread, by sender, by job; with care for near names."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from itertools import product

from triage.classify.normalise import without_accents
from triage.lead.lead import Lead, LeadMessage, Mark, Way, bare_subject, make_mark, marks_of_message, thread_marks
from triage.lead.opportunity import Fact, Opportunity, Pay
from triage.records import Category

SAME_JOB = timedelta(days=120)
"""Two offers further apart are two openings, though they read alike."""

SAME_SENDER = timedelta(days=60)
_NO_NAME = timedelta(days=30)
_SILENT_SENDER = timedelta(days=21)

_SIMILAR_ROLES = 0.6
_CHECKED_LETTERS = 8
"""A name of fewer letters that differs by one is another name: Nexa is not Nexo."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_LEGAL_FORMS = _set(
    "gmbh ag kg ohg se mbh ug ltd limited llc llp inc incorporated corp corporation co company plc sa sas sarl sl slu bv nv srl spa sro"
    " spzoo oo oy ab as aps lda ltda pty kk"
)
_COUNTRIES = _set(
    "deutschland germany france espana spain italia italy nederland netherlands portugal polska poland osterreich austria schweiz suisse"
    " switzerland uk usa europe emea international"
)
_ROLE_NOISE = _set(
    "m w d f x mwd fmd mfd wmd hf h all gender genders the a an of for and und et e y i en de der die das fur pour para per dla voor la le"
    " position role job stelle poste puesto ruolo vacature vaga praca opportunity opening remote hybrid"
)
_LEVELS = {
    "sr": "senior", "senior": "senior", "jr": "junior", "junior": "junior", "lead": "lead", "principal": "principal",
    "staff": "staff", "head": "head", "chief": "chief", "director": "director", "intern": "intern", "praktikant": "intern",
    "werkstudent": "intern", "trainee": "intern", "vp": "director",
}  # fmt: skip
_SPELLINGS = {
    "eng": "engineer", "engineering": "engineer", "dev": "developer", "devs": "developer", "swe": "engineer",
    "entwickler": "developer", "entwicklerin": "developer", "ingenieur": "engineer", "ingenieurin": "engineer",
    "desarrollador": "developer", "developpeur": "developer", "ingeniero": "engineer", "mgr": "manager",
    "managerin": "manager", "frontend": "frontend", "frontends": "frontend",
}  # fmt: skip
_PLACE_NOISE = _set("remote hybrid on site home office near area greater region city of in and or the am an der")
_WORDS = re.compile(r"[a-z0-9+#]+")
_RIVAL_LEVELS = frozenset({"intern", "junior"})


@dataclass(frozen=True, slots=True)
class _Job:
    """The facts of a card as jobs are compared."""

    companies: frozenset[str]
    roles: tuple[frozenset[str], ...]
    levels: frozenset[str]
    places: frozenset[str]
    pay: tuple[Pay, ...]
    requisition: str

    @property
    def is_silent(self) -> bool:
        return not (self.companies or self.roles)


class LeadIndex:
    """Leads as messages are compared with them; what was added is found from then on."""

    def __init__(self, leads: Iterable[Lead] = ()) -> None:
        """Take leads in, in any order."""
        self.leads: dict[str, Lead] = {}
        self._known: dict[str, _Known] = {}
        self._by_fingerprint: dict[str, str] = {}
        self._by_mark: dict[str, dict[str, set[datetime]]] = {}
        self._by_sender: dict[str, set[str]] = {}
        for lead in leads:
            self.add(lead)

    def add(self, lead: Lead) -> None:
        """Take a lead in, in place of what was known of it: of its messages the new ones alone are read.

        A thread may have hundreds, which come one after the other while others wait for the store.
        """
        known = self._known.get(lead.lead_id)
        former = {one.fingerprint: one for one in known.lead.messages} if known else {}
        fresh = [one for one in lead.messages if one is not former.get(one.fingerprint)]
        subjects = frozenset(bare_subject(one.subject) for one in fresh)
        self.leads[lead.lead_id] = lead
        self._known[lead.lead_id] = _Known(lead, _job(lead.card), known.subjects | subjects if known else subjects)
        for one in fresh:
            self._by_fingerprint.setdefault(one.fingerprint, lead.lead_id)
            self._by_sender.setdefault(one.who, set()).add(lead.lead_id)
            for mark in (*one.thread, *(mark.mark for mark in marks_of_message(one))):
                self._by_mark.setdefault(mark, {}).setdefault(lead.lead_id, set()).add(one.received_at)

    def may_belong(self, fingerprint: str, marks: Iterable[Mark]) -> bool:
        """Return whether a message that is no lead may be part of one: a quick look, before it is read."""
        return fingerprint in self._by_fingerprint or any(one.mark in self._by_mark for one in marks)

    def find(self, message: LeadMessage) -> str | None:
        """Return the lead that a message belongs to, None where it opens one or is about none.

        A message goes where it is already; else by its thread; one that is a lead by itself also by its
        sender or its job, nearest in time first. One that is none goes by thread or subject alone,
        except that a scam by a lead's sender is that lead's business.
        """
        known = self._by_fingerprint.get(message.fingerprint) or self._by_thread(message)
        if known is not None or not message.is_lead:
            return known
        mine = _job(message.card)
        senders = self._nearest(message, self._by_sender.get(message.who, set()))
        found = next((one for one in senders if _is_follow_up(message, mine, one)), None)
        if found is None:
            found = next((one for one in self._nearest(message, self._known) if _is_same_job(message, mine, one)), None)
        return found.lead.lead_id if found else None

    def _nearest(self, message: LeadMessage, names: Iterable[str]) -> list["_Known"]:
        near = (one for name in names if _is_near(message, (one := self._known[name]).lead, SAME_JOB))
        return sorted(near, key=lambda one: (abs(message.received_at - one.lead.last_at), one.lead.lead_id))

    def _by_thread(self, message: LeadMessage) -> str | None:
        marks = thread_marks(message.thread, message.sender.addr_spec, message.subject)
        certain = {one.mark for one in marks if one.way is Way.THREAD}
        if message.is_lead:  # or it is what one of the lead's messages answers
            found = {name for mark in certain | {message.message_id} for name in self._by_mark.get(mark, ())}
        else:
            close = {one.mark for one in marks if _counts(one.way, message)}
            found = self._before(message, certain, None) or self._before(message, close, SAME_SENDER)
        return max(found, key=lambda name: (self.leads[name].last_at, name)) if found else None

    def _before(self, message: LeadMessage, marks: Iterable[str], within: timedelta | None) -> set[str]:
        """Return the leads of which a message with such a mark came before this one.

        What came later says nothing of it: so the same mail is grouped the same way each time it is looked at.
        """
        return {
            name
            for mark in marks
            for name, times in self._by_mark.get(mark, {}).items()
            for time in times
            if time < message.received_at and (within is None or message.received_at - time <= within)
        }


def grouping_marks(lead: Lead, messages: Iterable[LeadMessage]) -> frozenset[Mark]:
    """Return the marks by which a lead is found for what some of its messages and all of them together say.

    Stores keep them: whoever changes what they are made of adds a step to the upgrades, which adds those of today.
    """
    found = {make_mark(Way.JOB, one) for one in _job_names(_job(lead.card))}
    for one in messages:
        found.update(marks_of_message(one), (make_mark(Way.ANSWERED, name) for name in one.thread))
        found.add(make_mark(Way.SENDER, one.who))
    return frozenset(found)


def search_marks(message: LeadMessage) -> frozenset[str]:
    """Return marks: a lead that `LeadIndex.find` may return has one of them, unless the message is in it already.

    So an index of the leads that have one is as good as an index of all.
    """
    marks = thread_marks(message.thread, message.sender.addr_spec, message.subject)
    if not message.is_lead:
        return frozenset(one.mark for one in marks if one.way is Way.THREAD or _counts(one.way, message))
    found = {one for one in marks if one.way is Way.THREAD}
    found.update(make_mark(Way.JOB, one) for one in _job_names(_job(message.card)))
    found.update((make_mark(Way.ANSWERED, message.message_id), make_mark(Way.SENDER, message.who)))
    return frozenset(one.mark for one in found)


def _job_names(job: _Job) -> Iterator[str]:
    """Yield names of which two cards of one job (`_is_same_job`) share one."""
    if job.requisition:
        yield f"requisition {job.requisition}"
    for company in job.companies:
        plain = company.replace(" ", "")
        yield f"company {plain}"
        if len(plain) >= _CHECKED_LETTERS:
            # Names that are one letter or one swap apart are equal once the right letter is left out of each.
            yield from {f"company {plain[:place]}{plain[place + 1 :]}" for place in range(len(plain))}
    for role, place, pay in product(job.roles, job.places, job.pay):
        yield f"offer {' '.join(sorted(role))}, {place}, {_sum(pay)}"


@dataclass(frozen=True, slots=True)
class _Known:
    """A lead with what is compared of it."""

    lead: Lead
    job: _Job
    subjects: frozenset[str]


def _counts(way: Way, message: LeadMessage) -> bool:
    """Return whether a mark other than the thread's tells of a message that is no lead."""
    return way is Way.SUBJECT or (way is Way.ADDRESS and message.category is Category.SCAM)


def _is_near(message: LeadMessage, lead: Lead, span: timedelta) -> bool:
    return lead.first.received_at - span <= message.received_at <= lead.last_at + span


def _is_follow_up(message: LeadMessage, mine: _Job, known: _Known) -> bool:
    """Return whether its sender goes on outside the thread: with the same job, or with none that is named."""
    if not _is_near(message, known.lead, SAME_SENDER):
        return False
    if mine.is_silent or known.job.is_silent:
        is_same_subject = bare_subject(message.subject) in known.subjects
        return is_same_subject or (mine.is_silent and _is_near(message, known.lead, _SILENT_SENDER))
    return not _contradict(mine, known.job) and _roles_match(mine, known.job, unknown=True)


def _is_same_job(message: LeadMessage, mine: _Job, known: _Known) -> bool:
    """Return whether somebody else offers the same job."""
    theirs = known.job
    if _contradict(mine, theirs):
        return False
    if mine.requisition and mine.requisition == theirs.requisition:
        # A number alone says little: each employer counts from one, and what is read as a number may be none.
        return _companies_match(mine, theirs) or _roles_match(mine, theirs, unknown=True)
    if mine.companies and theirs.companies:
        return _companies_match(mine, theirs) and _roles_match(mine, theirs, unknown=False)
    # An agency that names no client: only what agrees in everything is the same, and only for a while.
    return (
        _is_near(message, known.lead, _NO_NAME)
        and bool(mine.places & theirs.places)
        and bool({_sum(one) for one in mine.pay} & {_sum(one) for one in theirs.pay})
        and bool(set(mine.roles) & set(theirs.roles))
    )


def _contradict(mine: _Job, theirs: _Job) -> bool:
    """Return whether two cards cannot speak of the same job."""
    if mine.requisition and theirs.requisition and mine.requisition != theirs.requisition:
        return True
    if mine.companies and theirs.companies and not _companies_match(mine, theirs):
        return True
    if mine.places and theirs.places and not mine.places & theirs.places:
        return True
    if (mine.levels ^ theirs.levels) & _RIVAL_LEVELS:
        return True
    return bool(mine.pay and theirs.pay) and not any(_overlap(one, other) for one in mine.pay for other in theirs.pay)


def _companies_match(mine: _Job, theirs: _Job) -> bool:
    return any(is_same_company(one, other) for one in mine.companies for other in theirs.companies)


def _roles_match(mine: _Job, theirs: _Job, *, unknown: bool) -> bool:
    if not mine.roles or not theirs.roles:
        return unknown
    return any(_similarity(one, other) >= _SIMILAR_ROLES for one in mine.roles for other in theirs.roles)


def _similarity(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other) if one | other else 0.0


def _job(card: Opportunity) -> _Job:
    words = [role_words(one.value) for one in card.roles]
    return _Job(
        frozenset(name for one in card.companies if (name := company_name(one.value))),
        tuple(dict.fromkeys(kept for one in words if (kept := one - set(_LEVELS.values()) or one))),
        frozenset(word for one in words for word in one if word in set(_LEVELS.values())) | _level(card.level),
        frozenset(word for one in card.places for word in _words(one.value)) - _COUNTRIES - _PLACE_NOISE,
        card.pay,
        "".join(_words(card.requisition.value)) if card.requisition else "",
    )


def _level(level: Fact | None) -> frozenset[str]:
    return frozenset({level.value}) if level else frozenset()


def _words(text: str) -> list[str]:
    return _WORDS.findall(without_accents(text.casefold()))


@lru_cache(maxsize=4096)
def company_name(name: str) -> str:
    """Return a company's name as it is compared: without legal form and country, in plain small letters.

    Everything else stays: Acme Health is not Acme.
    """
    words = [word for word in _words(name.replace(".", "")) if word not in {"and", "und", "et"}]
    core = [word for word in words if word not in _LEGAL_FORMS]
    without = [word for word in core if word not in _COUNTRIES]
    return " ".join(without or core or words)


def is_same_company(one: str, other: str) -> bool:
    """Return whether two names, as `company_name` gives them, are one company's: equal, or a long one misspelt."""
    plain, others = one.replace(" ", ""), other.replace(" ", "")
    if plain == others:
        return True
    if one.count(" ") != other.count(" ") or min(len(plain), len(others)) < _CHECKED_LETTERS:
        return False
    return (
        plain[0] == others[0] and plain[-1:].isalpha() and others[-1:].isalpha() and _is_one_edit_apart(plain, others)
    )


def _is_one_edit_apart(one: str, other: str) -> bool:
    """Return whether a letter is left out, put in, or two neighbours are swapped; another letter is another name."""
    if len(one) == len(other):
        places = [place for place in range(len(one)) if one[place] != other[place]]
        return len(places) == 2 and one[places[0]] + one[places[1]] == other[places[1]] + other[places[0]]  # noqa: PLR2004  a pair
    short, long = sorted((one, other), key=len)
    return len(long) - len(short) == 1 and any(long[:place] + long[place + 1 :] == short for place in range(len(long)))


@lru_cache(maxsize=4096)
def role_words(role: str) -> frozenset[str]:
    """Return the words of a role that tell it from another."""
    words = [_SPELLINGS.get(word, word) for word in _words(fold_hyphens(role))]
    found = frozenset(_LEVELS.get(word, word) for word in words if word not in _ROLE_NOISE)
    return found or frozenset(words)


def fold_hyphens(text: str) -> str:
    """Return front-end, front end and frontend as one word, and nothing else changed."""
    return re.sub(r"\b(front|back|full)[\s-]+(end|stack)\b", r"\1\2", text, flags=re.IGNORECASE)


def _sum(pay: Pay) -> tuple[Decimal | None, Decimal | None, str | None, str | None]:
    return pay.low, pay.high, pay.currency, pay.period.value if pay.period else None


def _overlap(one: Pay, other: Pay) -> bool:
    """Return whether two sums can be the same offer; what is in another currency or period tells nothing."""
    if (one.currency, one.period) != (other.currency, other.period):
        return True
    low = max(one.low or Decimal(0), other.low or Decimal(0))
    highs = [high for high in (one.high, other.high) if high is not None]
    return not highs or low <= min(highs)
