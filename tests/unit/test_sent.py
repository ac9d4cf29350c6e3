"""What the owner sent: who becomes a contact, what answers, what declines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.leads import NOW
from triage.lead.lead import Reply, Way
from triage.lead.sent import kind_of, read_sent
from triage.lead.templates import PHRASES, DraftKind
from triage.mail.parse import parse_message
from triage.records import Address, Message

ME = Address("Marta", "marta.keller@posteo.example")


def sent(text: str, *to: str, subject: str = "Re: a role", **more: object) -> Message:
    return Message(subject=subject, sender=ME, recipients=tuple(Address("", one) for one in to), text=text, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, but I'm not interested.",
        "Hi Siobhan, I'll pass on this one.",
        "I’m happy where I am, thanks.",
        "Thank you for calling on Monday. I am not available.",
        "Vielen Dank, aber ich habe derzeit kein Interesse.",
        "Danke, ich bin nicht auf der Suche.",
        "Merci, mais je ne suis pas à l'écoute du marché.",
        "Gracias, pero no estoy buscando trabajo.",
        "Obrigada, não tenho interesse.",
        "Grazie, non sono interessata.",
        "Bedankt, maar ik heb geen interesse.",
        "Dziękuję, nie jestem zainteresowana.",
        "Not interested, but thanks for your interest.",
        "I'm not looking right now, but I'd be interested in the future.",
        "I am not available until further notice.",
        "Not interested. How did you get my address?",
        "No thanks. Could you please remove me from your database?",
        "Kein Interesse, aber danke für Ihr Interesse.",
        "Ich bin derzeit nicht auf der Suche. Melden Sie sich aber gerne in einem Jahr wieder.",
        "Nein danke, woher haben Sie meine Adresse?",
        "Pas intéressé, mais merci de votre intérêt.",
        "No me interesa, pero gracias por su interés.",
        "Não tenho interesse, mas obrigado pelo interesse.",
        "Non sono interessato, ma volentieri in futuro.",
        "Geen interesse, maar bedankt voor uw interesse.",
        "Nie jestem zainteresowany, ale dziękuję za zainteresowanie.",
    ],
)
def test_a_decline_is_known_in_every_language(text: str) -> None:
    assert kind_of(sent(text)) is Reply.DECLINE


@pytest.mark.parametrize(
    "text",
    [
        "Thank you, Thursday at ten suits me.",
        "I'm not interested in relocating, but I'd be interested in the remote role.",
        "I will pass it on to a colleague.",
        "Ja, gern. Wann passt es Ihnen?",
        "Kein Problem, bis Donnerstag!",
        "No problem, call me.",
        "Thanks, I am not available on Thursday, but Friday works.",
        "Danke! Am Montag passt es nicht, Dienstag gern.",
        "Merci ! Je ne suis pas disponible jeudi, plutôt vendredi.",
        "10:30 is not a good fit; what about noon?",
        "I will pass my CV on to you tomorrow.",
        "Stop by my office on Tuesday!",
        "I'm not looking at the moment, but I'd be happy to hear more. What is the salary?",
        "I'm not looking at the moment, but I'd be happy to hear more.",
        "Not looking right now but open to a chat for the right role.",
        "I am not available until March because of my notice period, would that work for you?",
        "I am not available until the end of March.",
        "I'm not available before 5pm. The role sounds great.",
        "I am not interested in relocating, is remote possible?",
        "I am not interested in relocating. Is remote possible? If not, I'll have to pass.",
        "No thanks needed! Yes, I would love to meet.",
        "Ich bin derzeit nicht auf der Suche, höre mir das aber gerne an.",
        "Ich bin derzeit nicht auf der Suche. Wie hoch ist das Gehalt?",
        "Je ne suis pas en recherche, mais je serais curieux d'en savoir plus.",
        "Pas disponible avant avril. Est-ce un problème ?",
        "No busco trabajo, pero me gustaría saber más.",
        "Não estou à procura, mas gostaria de saber mais.",
        "Non cerco attivamente, ma mi piacerebbe saperne di più.",
        "Ik ben niet op zoek, maar ik hoor graag meer.",
        "Nie szukam pracy, ale chętnie porozmawiam.",
        "",
    ],
)
def test_an_answer_is_no_decline(text: str) -> None:
    assert kind_of(sent(text)) is Reply.ANSWER


def test_a_decline_in_what_is_quoted_is_somebody_elses() -> None:
    raw = (
        b"From: marta.keller@posteo.example\r\nTo: a@b.example\r\nSubject: Re: x\r\n\r\n"
        b"Yes, call me.\r\n\r\nOn Mon, 4 May 2026 A wrote:\r\n> I am not interested in anybody else.\r\n"
    )
    assert kind_of(parse_message(raw)) is Reply.ANSWER


@pytest.mark.parametrize(
    ("text", "subject"), [("unsubscribe", "x"), ("", "Unsubscribe"), ("Please remove me from your mailing list", "")]
)
def test_unsubscribing_is_no_answer(text: str, subject: str) -> None:
    found = read_sent(sent(text, "list@news.example", subject=subject), NOW, set())
    assert (found.reply, found.people) == (Reply.UNSUBSCRIBE, ())


def test_contacts_are_people_the_owner_meant() -> None:
    found = read_sent(
        sent("Hello", "anna@choir.example", "noreply@shop.example", "MARTA@posteo.example".lower()),
        NOW,
        {"marta@posteo.example"},
    )
    assert [one.addr_spec for one in found.people] == ["anna@choir.example"]
    crowd = [f"p{number}@x.example" for number in range(11)]
    assert read_sent(sent("Hello all", *crowd), NOW, set()).people == ()
    away = sent("I am away", "anna@choir.example", list_facts=frozenset({"auto-submitted"}))
    assert read_sent(away, NOW, set()).people == ()


def test_a_sent_message_is_marked_by_thread_and_people() -> None:
    found = read_sent(sent("Yes", "a@b.example", in_reply_to="<1@b.example>"), NOW, set())
    assert {one.way for one in found.marks} == {Way.THREAD, Way.ADDRESS, Way.SUBJECT}


@pytest.mark.parametrize("language", sorted(PHRASES))
def test_our_own_drafts_are_taken_for_what_they_are(language: str) -> None:
    for kind, text in PHRASES[language].texts.items():
        written = text.replace("{about}", PHRASES[language].message)
        wanted = Reply.DECLINE if kind is DraftKind.NOT_NOW else Reply.ANSWER
        assert kind_of(sent(written)) is wanted, (language, kind)


@given(st.text(max_size=400), st.text(max_size=60))
def test_whatever_was_sent_is_read(text: str, subject: str) -> None:
    assert read_sent(sent(text, "a@b.example", subject=subject), NOW, set()).reply in Reply
