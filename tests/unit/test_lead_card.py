"""The card of whole messages: what is said stands there with its words, what is not is absent."""

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import PLAIN, make_raw, make_verdict
from triage.cli.cards import card_rows, card_to_json
from triage.lead.card import read_opportunity
from triage.lead.material import MAX_WORDS, Material
from triage.lead.opportunity import Channel, Opportunity
from triage.mail.parse import parse_message
from triage.records import Address, Category, Message

AGENCY = """\
Hello Marta,

I recruit for food manufacturers in the north. My client in Leeds is looking for a Senior Maintenance Engineer, permanent,
£52,000 a year, hybrid is not possible. They interview from 1 June.

Would you be open to a call on Thursday? 0113 496 0177.

Best regards,
Siobhan Kearns
Kestrel Recruitment
"""
REFERRAL = """\
Hi Marta,

our workshop in Bristol is looking for a bookkeeper, three days a week, £18 an hour. I told my boss about you. Shall I
give him your number?

Tom
"""
GERMAN = """\
Sehr geehrte Frau Keller,

für unser Werk in Kassel suchen wir zum 1. Oktober eine Leiterin Einkauf (m/w/d), unbefristet, 75.000 bis 85.000 Euro im Jahr.

Hätten Sie am Montag Zeit für ein Gespräch?

Mit freundlichen Grüßen
Jens Hartmann
Hartmann Maschinenbau GmbH
"""
FRENCH = """\
Bonjour Marta,

Nous cherchons pour notre atelier de Nantes un soudeur TIG en CDI, 15,80 €/h, à partir du 3 septembre.

Pouvez-vous passer samedi matin ?

Olivier Pasquier
Ateliers Cormier
"""
SPANISH = """\
Hola Marta:

Soy Lucía Ortega, de Talleres Ibarra. Buscamos un mecánico para nuestro taller de Bilbao, contrato indefinido, 28.000 euros brutos anuales.

¿Podemos hablar por teléfono el jueves?

Lucía Ortega
Talleres Ibarra
"""
PORTUGUESE = """\
Olá Marta,

Estamos à procura de uma engenheira de projeto para o nosso escritório em Évora, 2.900 € brutos por mês, a partir de 1 de junho.

Posso ligar-lhe na quinta-feira?

Renato Quintela
Solfirme
"""


def read(text: str, *, sender: str, subject: str = "A job", category: Category = Category.RECRUITER) -> Opportunity:
    return read_opportunity(parse_message(make_raw(text, subject=subject, sender=sender)), make_verdict(category))


def phrases(card: Opportunity) -> Iterator[str]:
    return (phrase for name, _, phrase in card_rows(card) if name != "channel")


def words_of(message: Message) -> tuple[str, ...]:
    sender = message.sender or Address("", "")
    return (
        sender.name,
        sender.addr_spec,
        message.subject,
        message.text,
        message.forwarded,
        message.quoted,
        *(link.target for link in message.links),
    )


@pytest.mark.parametrize(
    ("text", "sender", "language", "low", "currency"),
    [
        (AGENCY, "Siobhan Kearns <siobhan@kestrel-recruitment.example>", "en", 52000, "GBP"),
        (GERMAN, "Jens Hartmann <jens@hartmann-maschinenbau.example>", "de", 75000, "EUR"),
        (FRENCH, "Olivier Pasquier <o.pasquier@ateliers-cormier.fr>", "fr", "15.80", "EUR"),
        (SPANISH, "Lucía Ortega <lucia@talleresibarra.es>", "es", 28000, "EUR"),
        (PORTUGUESE, "Renato Quintela <renato@solfirme.pt>", "pt", 2900, "EUR"),
    ],
)
def test_a_plain_approach_is_carded_in_five_languages(
    text: str, sender: str, language: str, low: object, currency: str
) -> None:
    card = read(text, sender=sender)
    assert card.recruiter is not None
    assert card.recruiter.value == sender.partition(" <")[0]
    assert [(one.low, one.currency) for one in card.pay] == [(Decimal(str(low)), currency)]
    assert card.language == language
    assert card.next_step is not None
    assert card.next_step.phrase.endswith("?")
    assert card.referrer is None


def test_an_agency_s_mail_names_role_place_phone_and_contract() -> None:
    card = read(
        AGENCY,
        sender="Siobhan Kearns <siobhan@kestrel-recruitment.example>",
        subject="Senior Maintenance Engineer, Leeds",
    )
    assert "Senior Maintenance Engineer" in [one.value for one in card.roles]
    assert [one.value for one in card.places] == ["Leeds"]
    assert [one.value for one in card.phones] == ["01134960177"]
    assert (card.contract and card.contract.value, card.level and card.level.value) == ("permanent", "senior")
    assert card.address is not None
    assert card.address.value == "siobhan@kestrel-recruitment.example"


def test_a_friend_is_the_referrer_and_nobody_recruits() -> None:
    card = read(REFERRAL, sender="Tom Baker <tom.baker@gmail.com>", category=Category.REFERRAL)
    assert card.referrer is not None
    assert card.referrer.value == "Tom Baker"
    assert card.recruiter is None
    assert card.companies == ()


def test_the_person_inside_a_notice_is_the_recruiter() -> None:
    text = "Torben Quast hat Ihnen eine Nachricht geschrieben:\n\nHallo, wir suchen eine Beraterin in Kiel, 70.000 Euro im Jahr. Haben Sie Zeit für ein Gespräch?\n"
    card = read(text, sender="XING <mailrobot@mail.xing.com>", subject="Neue Nachricht")
    assert card.channel is Channel.XING
    assert card.recruiter is not None
    assert card.recruiter.value == "Torben Quast"


def test_a_call_is_carded_with_the_caller_s_number() -> None:
    text = 'Transcript (may contain mistakes):\n\n"hi Dan it\'s Ray at Goldcrest, nights at the manor, twenty two an hour, call me back"\n'
    card = read(text, sender="Voicebox <vm@voicebox.example>", subject="Voicemail from +44 1632 960871 (0:41)")
    assert card.channel is Channel.VOICEMAIL
    assert [one.value for one in card.phones] == ["+441632960871"]


def test_mail_that_says_nothing_of_a_job_has_an_empty_card() -> None:
    card = read_opportunity(parse_message(make_raw(PLAIN)), None)
    assert (card.companies, card.roles, card.pay, card.phones) == ((), (), (), ())
    assert card.start is None


def test_contradictory_pay_stands_twice_and_no_company_is_invented() -> None:
    text = "Hi Marta, a nursery manager job in York, £34,000 a year. Sorry, HR just told me it is £31,500 a year. Interested? Ann"
    card = read(text, sender="Ann Bell <ann.bell@gmail.com>")
    assert {one.low for one in card.pay} == {Decimal(34000), Decimal(31500)}
    assert card.companies == ()


def test_a_date_without_a_year_is_the_next_one_and_mail_of_2003_means_2003() -> None:
    message = parse_message(make_raw(GERMAN, sender="Jens Hartmann <jens@hartmann-maschinenbau.example>"))
    now = read_opportunity(message, make_verdict()).start
    then = read_opportunity(replace(message, date=datetime(2003, 11, 20, tzinfo=UTC)), make_verdict()).start
    assert now is None or now.day == date(2026, 10, 1)
    assert then is None or then.day == date(2004, 10, 1)


def test_what_is_inside_a_forward_is_read() -> None:
    text = f"you'd be perfect!! S\n\n---------- Forwarded message ---------\nFrom: Esther Vane <e@water.example>\n\n{AGENCY}"
    card = read(text, sender="Sara Lund <sara@gmail.com>", subject="Fwd: job", category=Category.REFERRAL)
    assert [one.low for one in card.pay] == [Decimal(52000)]
    assert card.referrer is not None
    assert card.referrer.value == "Sara Lund"


@pytest.mark.parametrize("text", [AGENCY, REFERRAL, GERMAN, FRENCH, SPANISH, PORTUGUESE])
def test_every_phrase_is_in_the_mail_letter_by_letter(text: str) -> None:
    message = parse_message(make_raw(text, sender="Jo Bell <jo@bell-search.example>"))
    card = read_opportunity(message, make_verdict())
    for phrase in phrases(card):
        assert any(phrase in part for part in words_of(message)), phrase
    assert card_to_json(card)["channel"] == "mail"


_LINES = st.lists(
    st.one_of(
        st.text(max_size=40),
        st.sampled_from([line for text in (AGENCY, GERMAN, FRENCH, SPANISH, REFERRAL) for line in text.splitlines()]),
        st.sampled_from(
            [
                "£85-95k",
                "bis 31.02.",
                "Tel. +49 30 555 0100",
                "linkedin.com/in/x",
                "Job ID: 4711",
                "> quoted",
                "a" * 300,
            ]
        ),
    ),
    max_size=14,
)


@settings(max_examples=60, deadline=None)
@given(
    lines=_LINES, subject=st.text(max_size=30), name=st.text(max_size=20), category=st.sampled_from([*Category, None])
)
def test_no_message_is_too_odd_and_every_phrase_occurs(
    lines: list[str], subject: str, name: str, category: Category | None
) -> None:
    message = Message(
        subject=" ".join(subject.split()),
        sender=Address(name, "jo@bell.example"),
        recipients=(Address("Marta Keller", "marta@posteo.example"),),
        text="\n".join(lines),
        forwarded="\n".join(lines[::2]),
    )
    verdict = make_verdict(category) if category else None
    card = read_opportunity(message, verdict)
    assert card == read_opportunity(message, verdict)
    for phrase in phrases(card):
        assert any(phrase in part for part in words_of(message)), phrase


@pytest.mark.parametrize("text", ["b " * 30_000, "a\n" * 1_100 + "b " * 30_000, "a\n" * 600 + "b " * 590])
def test_a_row_of_many_words_takes_no_more_room_than_ordinary_mail(text: str) -> None:
    message = Message(subject="Job", sender=Address("Eva", "eva@acme.example"), text=f"We hire in Berlin.\n{text}")
    read_opportunity(message, None)  # what is read once is no part of it
    tracemalloc.start()
    try:
        read_opportunity(message, None)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert sum(len(line.tokens) for line in Material(message).lines) <= MAX_WORDS
    assert most < 100 << 20  # it was gigabytes


def test_a_sender_s_name_of_blanks_costs_no_time() -> None:
    began = process_time()
    read_opportunity(Message(subject="Job", sender=Address("E" + " " * 10_000 + "va", "eva@acme.example")), None)
    assert process_time() - began < 5  # it was minutes
