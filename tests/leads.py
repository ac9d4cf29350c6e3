"""Makes leads, and a store with a plausible half year of them for looking at."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from tests.builders import make_verdict
from triage.lead.appearance import Appearance, Kind
from triage.lead.grouping import LeadIndex
from triage.lead.lead import Lead, LeadMessage, Mark, Reply, marks_of_sent
from triage.lead.opportunity import Channel, Day, Fact, Opportunity, Pay, Period
from triage.lead.sent import SentMessage
from triage.records import Address, Category, LabelChange, MessageRef, Outcome, State, Uid, UidValidity
from triage.service.leadbook import with_message
from triage.store.evidence import Correction, Origin, Result, Training
from triage.store.leads import NearMiss, SideCursor
from triage.store.store import Store

NOW = datetime(2026, 5, 4, 12, tzinfo=UTC)


def fact(value: str) -> Fact:
    return Fact(value, value)


def make_pay(
    low: int | None, high: int | None = None, currency: str | None = "EUR", period: Period | None = Period.YEAR
) -> Pay:
    top = high if high is not None else low
    return Pay(
        Decimal(low) if low is not None else None,
        Decimal(top) if top is not None else None,
        currency,
        period,
        f"{low}-{top} {currency}",
    )


def make_card(
    role: str = "", company: str = "", place: str = "", *, agency: str = "", pay: Sequence[Pay] = (), **more: Any
) -> Opportunity:
    return Opportunity(
        companies=(fact(company),) if company else (),
        roles=(fact(role),) if role else (),
        places=(fact(place),) if place else (),
        agency=fact(agency) if agency else None,
        pay=tuple(pay),
        **more,
    )


def make_lead_message(  # noqa: PLR0913  every field defaulted
    number: int = 1,
    *,
    sender: str = "Siobhan Kearns <siobhan@kestrelfoods.example>",
    at: datetime = NOW,
    category: Category | None = Category.RECRUITER,
    account: str = "home",
    subject: str = "Lead maintenance engineer",
    thread: tuple[str, ...] = (),
    card: Opportunity | None = None,
    **more: Any,
) -> LeadMessage:
    name, _, address = sender.rpartition(" <")
    mark = f"{number:032x}"
    return LeadMessage(
        ref=MessageRef(account, "INBOX", UidValidity(7), Uid(number)),
        fingerprint=mark,
        received_at=at,
        category=category,
        sender=Address(name, address.rstrip(">").lower()),
        subject=subject,
        message_id=f"<{number}@{address.rpartition('@')[2].rstrip('>')}>",
        thread=thread,
        card=card or Opportunity(),
        **more,
    )


def make_lead(*messages: LeadMessage, lead_id: str = "bcdfg") -> Lead:
    return Lead(lead_id, messages or (make_lead_message(),))


def record(message: LeadMessage, index: LeadIndex) -> None:
    """Write a message down as a pass does."""
    lead = with_message(message, index)
    if lead is not None:
        index.add(lead)


def make_sent(
    at: datetime,
    *to: str,
    thread: tuple[str, ...] = (),
    reply: Reply = Reply.ANSWER,
    subject: str = "",
    people: bool = True,
) -> SentMessage:
    addresses = tuple(
        Address(one.partition(" <")[0] if "<" in one else "", one.partition("<")[2].rstrip(">") or one) for one in to
    )
    marks: tuple[Mark, ...] = marks_of_sent(thread, addresses, subject)
    return SentMessage(at, reply, marks, addresses if people else ())


_OFFERS: tuple[tuple[str, str, str, str, Channel, Opportunity], ...] = (
    ("Siobhan Kearns", "siobhan@kestrelfoods.example", "Lead maintenance engineer, Leeds", "recruiter", Channel.MAIL,
     make_card("Lead maintenance engineer", "Kestrel Foods", "Leeds", pay=(Pay(Decimal(52000), Decimal(52000), "GBP", Period.YEAR, "52k"),))),
    ("Henrik Dahl", "henrik.dahl@norrtalent.example", "Head of maintenance, Malmö", "recruiter", Channel.LINKEDIN,
     make_card("Head of maintenance", "Öresund Dairy", "Malmö", agency="Norr Talent",
               pay=(Pay(Decimal(68000), Decimal(75000), "EUR", Period.YEAR, "68 to 75 thousand euros a year"),))),
    ("Anna Lind", "anna.lind@choir.example", "we are hiring, thought of you", "referral", Channel.MAIL,
     make_card("Reliability engineer", "Lindqvist Marine", "Gothenburg", referrer=fact("Anna Lind"), acquaintance=fact("from the choir"))),
    ("Piotr Wójcik", "p.wojcik@silesiajobs.example", "Utrzymanie ruchu, Katowice", "recruiter", Channel.MAIL,
     make_card("Maintenance manager", "", "Katowice", agency="Silesia Jobs", language="pl")),
    ("Carla Fontes", "carla@fontes-search.example", "A confidential search", "recruiter", Channel.XING,
     make_card("Plant director", "", "Porto", agency="Fontes Search", deadline=Day(date(2026, 5, 20), "by 20 May"))),
    ("Jürgen Maas", "jm@maas-personal.example", "Instandhaltungsleiter (m/w/d)", "recruiter", Channel.VOICEMAIL,
     make_card("Instandhaltungsleiter", "Harzer Walzwerk", "Goslar", contract=fact("permanent"))),
)  # fmt: skip


def fill_specimen(store: Store, now: datetime = NOW) -> None:
    """Put half a year of a maintenance engineer's leads into a store."""
    number = 0
    for weeks in range(26):
        for index, (name, address, subject, category, channel, card) in enumerate(_OFFERS):
            if weeks and (weeks * 5 + index * 3) % 7 > 1:
                continue
            number += 1
            at = now - timedelta(weeks=weeks, days=(index * 5 + 4) % 7, hours=3 + index)
            fresh = card if weeks == 0 else make_card(f"{card.roles[0].value} {weeks}", f"Works {number}", "Leeds")
            who = f"{name} <{address}>" if weeks == 0 else f"{name} <w{number}.{address}>"

            message = make_lead_message(
                number,
                sender=who,
                at=at,
                subject=subject,
                category=Category(category),
                card=replace(fresh, recruiter=fact(name), channel=channel),
                is_rescued=weeks == 0 and index == 3,
            )
            messages = [message]
            if weeks == 0 and index == 1:  # another agency with the same job
                other = make_lead_message(
                    900,
                    sender="Mia Berg <mia@bergpartners.example>",
                    at=at + timedelta(days=1),
                    card=replace(card, agency=fact("Berg & Partners"), recruiter=fact("Mia Berg")),
                )
                messages.append(other)
            if weeks == 0 and index == 0:
                messages.append(
                    make_lead_message(
                        901, sender=who, at=at + timedelta(days=2), thread=(message.message_id,), card=card
                    )
                )
            if weeks == 0 and index == 4:
                fallen = make_lead_message(
                    902,
                    sender=who,
                    at=at + timedelta(days=1),
                    thread=(message.message_id,),
                    category=Category.SCAM,
                    scam_kind="advance_fee",
                )
                messages.append(fallen)
            store.leads.save_leads(
                [make_lead(*sorted(messages, key=lambda m: m.received_at), lead_id=f"b{number:04d}")]
            )
            if weeks % 3 == 1:
                sent = make_sent(
                    at + timedelta(days=1), f"{name} <{message.sender.addr_spec}>", thread=(message.message_id,)
                )
                store.leads.save_sent([sent], "home", SideCursor("Sent", UidValidity(7), Uid(number)))
    _fill_beside(store, now)


def _fill_beside(store: Store, now: datetime) -> None:
    kinds = ("mail_department",) * 4 + ("task_scam",) * 7 + ("advance_fee",) * 2 + ("phishing",) * 5
    categories = [Category.SCAM] * len(kinds) + [Category.OTHER] * 160 + [Category.RECRUITER] * 5 + [None] * 6
    for number, category in enumerate(categories):
        verdict = make_verdict(category)
        if category is Category.SCAM:
            verdict = replace(verdict, scam_kind=kinds[number])
        ref = MessageRef("home", "INBOX", UidValidity(7), Uid(number + 1))
        outcome = Outcome(
            ref, None, State.JUDGED if category else State.UNSURE, verdict, LabelChange(ref), applied=False, error=None
        )
        store.save_judgements({f"{number:032x}": outcome})
    for number, (sender, subject, category, chance) in enumerate(
        (
            ("office@brightpath-hr.example", "Your application at Brightpath", Category.OTHER, 0.34),
            ("r.okafor@gmail.com", "Site engineer wanted, Lagos project", Category.SCAM, 0.29),
        )
    ):
        ref = MessageRef("home", "INBOX", UidValidity(7), Uid(700 + number))
        near = NearMiss(ref, f"{700 + number:032x}", category, chance, sender, subject, now - timedelta(days=1))
        store.leads.save_near_misses([near])
    counts = (11, 14, 12, 19, 23, 22, 30, 28, 34)
    store.leads.save_appearances(
        "home",
        {
            f"{800 + index:032x}": Appearance(
                "linkedin.com", Kind.SEARCHES, number, now - timedelta(weeks=len(counts) - index, days=-6)
            )
            for index, number in enumerate(counts)
        },
    )
    silent = [
        make_sent(now - timedelta(days=400 + 30 * turn), "Nadia Rahimi <nadia.rahimi@steelworks.example>")
        for turn in range(5)
    ]
    anna = [make_sent(now - timedelta(days=90 + turn), "Anna Lind <anna.lind@choir.example>") for turn in range(3)]
    store.leads.save_sent([*silent, *anna], "home", SideCursor("Sent", UidValidity(7), Uid(999)))
    ref = MessageRef("home", "INBOX", UidValidity(7), Uid(9))
    store.evidence.save_correction(
        Correction(ref, f"{9:032x}", Category.OTHER, Origin.CORRECT, now - timedelta(days=2))
    )
    store.evidence.save_training(
        Training(
            now - timedelta(days=1),
            Result.PROMOTED,
            "0123456789ab",
            57,
            "0" * 64,
            "as good on what you sorted, better on 3 corrections",
        )
    )
