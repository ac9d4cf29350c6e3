"""Reads a message into a lead card."""

from collections.abc import Iterator, Sequence
from datetime import date

from triage.classify.domains import registrable
from triage.lead.candidates import Candidate, gather, surest
from triage.lead.choosing import choose
from triage.lead.columns import Context
from triage.lead.contacts import find_address, find_phones, find_profile, find_requisition
from triage.lead.dates import resolve_day, tell_order
from triage.lead.language import tell_language
from triage.lead.material import Material, Zone
from triage.lead.notice import Notice, read_notice
from triage.lead.opportunity import Channel, Day, Fact, Opportunity
from triage.lead.paying import choose_pay
from triage.lead.people import gather_people
from triage.lead.tagging import LeadModel, Marks, mark, shipped_model
from triage.lead.terms import find_contract, find_level, find_next_step, find_remote
from triage.records import Category, Message, Verdict

_MANY = {"company": 3, "role": 4, "place": 5, "agency": 1}
_LEADS = (Category.RECRUITER, Category.REFERRAL)


def read_opportunity(message: Message, verdict: Verdict | None, model: LeadModel | None = None) -> Opportunity:
    """Return what a message says of an opportunity; pure, the same card each time.

    Args:
        verdict: tells who is speaking where the words alone do not; None, or one that is no lead, is no bar to reading.
        model: what marks the words; the one that ships where none is given.
    """
    model = model or shipped_model()
    material = Material(message)
    notice = read_notice(material)
    context = context_of(material, notice, verdict.category if verdict else None)
    marks = mark(material, context, model)
    chosen = {
        name: choose(gather(name, material, marks, context), model.choosers.get(name, {}), limit=limit)
        for name, limit in _MANY.items()
    }
    recruiter, referrer = choose_people(gather_people(material, marks.chances, context), model)
    days = {name: _day(name, material, marks, context) for name in ("start", "deadline")}
    texts = (material.texts[Zone.SUBJECT], material.texts[Zone.TEXT], material.texts[Zone.FORWARDED])
    agency = next((_fact(one) for one in chosen["agency"]), None)
    companies = tuple(_fact(one) for one in chosen["company"])
    roles = tuple(_fact(one) for one in chosen["role"])
    return Opportunity(
        companies=companies,
        agency=agency,
        hirer=_hirer(agency, companies, recruiter),
        roles=roles,
        level=next((level for role in roles if (level := find_level(role.phrase))), None),
        places=tuple(_fact(one) for one in chosen["place"]),
        remote=find_remote(texts),
        pay=tuple(choose_pay(material, marks.chances, context, model, country=country_of(message))),
        contract=find_contract(texts),
        start=days["start"],
        deadline=days["deadline"],
        requisition=find_requisition(material),
        recruiter=recruiter,
        address=find_address(material, recruiter.value if recruiter else None),
        phones=tuple(_phones(material, context, notice, message)),
        profile=find_profile(material),
        referrer=referrer,
        acquaintance=_acquaintance(material, marks),
        next_step=find_next_step(texts[1]) or find_next_step(texts[2]),
        channel=notice.channel if notice else Channel.MAIL,
        language=context.language,
    )


_SURE_ACQUAINTANCE = 0.6
_SURE_DAY = 0.5


def context_of(material: Material, notice: Notice | None, category: Category | None) -> Context:
    """Return what is known of the whole message."""
    writer = notice.writer.value if notice and notice.writer else ""
    language = tell_language(material.body) or tell_language(material.texts[Zone.SUBJECT])
    return Context(category if category in _LEADS else None, language, notice is not None, writer)


def country_of(message: Message) -> str:
    """Return the country that the sender's domain ends in, empty where it ends in none."""
    last = registrable(message.sender.domain).rpartition(".")[2] if message.sender else ""
    return last if len(last) == 2 else ""  # noqa: PLR2004  countries have two letters


def choose_people(people: Sequence[Candidate], model: LeadModel) -> tuple[Fact | None, Fact | None]:
    """Return recruiter and referrer; nobody is both."""

    def never(_one: Candidate, _other: Candidate) -> bool:
        return False

    recruiter = choose(people, model.choosers.get("recruiter", {}), limit=1, clash=never)
    rest = [one for one in people if one not in recruiter]
    referrer = choose(rest, model.choosers.get("referrer", {}), limit=1, clash=never)
    return next(map(_fact, recruiter), None), next(map(_fact, referrer), None)


def _fact(candidate: Candidate) -> Fact:
    return Fact(" ".join(candidate.phrase.split()), candidate.phrase)


def _hirer(agency: Fact | None, companies: tuple[Fact, ...], recruiter: Fact | None) -> Fact | None:
    """Return who hires: an agency that is named, or a company where somebody writes for it and no agency is named."""
    if agency:
        return Fact("agency", agency.phrase)
    return Fact("in_house", companies[0].phrase) if companies and recruiter else None


def _day(name: str, material: Material, marks: Marks, context: Context) -> Day | None:
    phrase = surest(name, material, marks, _SURE_DAY)
    if phrase is None:
        return None
    message = material.message
    written: date | None = message.date.date() if message.date else None
    order = tell_order(country_of(message), context.language)
    return Day(resolve_day(phrase, written, order=order), phrase)


def _acquaintance(material: Material, marks: Marks) -> Fact | None:
    phrase = surest("known", material, marks, _SURE_ACQUAINTANCE)
    return Fact(phrase, phrase) if phrase else None


def _phones(material: Material, context: Context, notice: Notice | None, message: Message) -> Iterator[Fact]:
    """Yield numbers of the text; for a call also the caller's, which only the subject may tell."""
    texts = [material.body]
    if notice and notice.channel is Channel.VOICEMAIL:
        texts = [material.texts[Zone.SUBJECT], material.texts[Zone.SENDER], material.body]
    seen: set[str] = set()
    for text in texts:
        for phone in find_phones(text, country=country_of(message), language=context.language):
            if phone.value not in seen:
                seen.add(phone.value)
                yield phone
