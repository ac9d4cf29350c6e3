"""Quotes in the mail's own words: accents, digits, capitals and punctuation as they stand in subject and body."""

from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify.features import extract_features
from triage.classify.matching import split_pauses
from triage.classify.normalise import WordText, fold
from triage.classify.signals import Signal
from triage.classify.wording import own_words
from triage.mail.parse import parse_message
from triage.records import Message


def quotes(message: Message) -> dict[str, str]:
    features = extract_features(message)
    found = own_words(*features.source, features.signals)
    assert found.keys() == {signal.name for signal in features.signals if signal.place}
    return found


@pytest.mark.parametrize(
    ("text", "signal", "quote"),
    [
        ("Les frais de dossier sont de 90 euros.", "asks_money", "Les frais de dossier sont de 90"),
        (
            "Bonjour !\nIl vous faut envoyer vos coordonnées bancaires (IBAN), s'il vous plaît.",
            "asks_bank_details",
            "faut envoyer vos coordonnées bancaires (IBAN), s'il",
        ),
        ("Die Bearbeitungsgebühr beträgt 40,50 €.", "asks_money", "Die Bearbeitungsgebühr beträgt 40,50"),
        ("Es gibt eine Bearbeitungsgebu\u0308hr von 40 Euro", "asks_money", "gibt eine Bearbeitungsgebühr von 40 Euro"),
        ("There is a regis\u00adtration\u200b fee of 1.200 €.", "asks_money", "is a registration fee of 1.200"),
        ("Pay 25 for the регистрация. A small registrаtion fee, sir", "asks_money", "A small registrаtion fee, sir"),
        ("See https://a.example/b_c?d=1. A registration fee (at www.b.example) is due", "asks_money", "[link]"),
        (
            "Fees:jo@a.example or:https://a.example/ A registration fee, sir",
            "asks_money",
            "[link] A registration fee, sir",
        ),
        ("Ask jo_b@a.example! A registration fee, to jo@a.example now", "asks_money", "[address]"),
        (
            "1. First… “second” – third_word; 4.\n\n• The registration fee is 12 %",
            "asks_money",
            "The registration fee is 12 %",
        ),
    ],
)
def test_a_quote_is_the_mails_own(text: str, signal: str, quote: str) -> None:
    for message in (Message(text=text), Message(subject=text), Message(subject="1,5 k €? Oui: été.", text=text)):
        assert quote in quotes(message)[signal]
    forwarded = Message(subject="Fwd: _x_", text="See below.", forwarded=text)
    assert quote in quotes(forwarded)[signal]


def test_a_quote_stands_where_the_phrase_was_found() -> None:
    message = Message(
        subject="Fee: 10 euros", text="The fee is due. Today the registration fee of 20 euros, not of 30."
    )
    assert quotes(message)["asks_money"] == "Today the registration fee of 20 euros"


def test_words_that_markup_parts_are_one() -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "jo@a.example", "Übernahme"
    html = "<p>Bitte zahlen Sie die Bear<b>beitungs</b>geb&uuml;hr<br>von <i>1</i>20 &euro; sofort.</p>"
    mail.set_content(html, subtype="html")
    assert quotes(parse_message(mail.as_bytes()))["asks_money"].endswith("die Bearbeitungsgebühr von 120 €")


def test_a_quote_stays_short() -> None:
    found = quotes(Message(text=f"{'x' * 300} registration fee {'y' * 300}"))
    assert len(found["asks_money"]) <= 161


def test_a_quote_holds_nothing_that_acts_on_a_terminal_or_ends_a_program() -> None:
    found = quotes(Message(text="Please send us your \x9b bank \ud800 details\x07 \x1b today."))
    assert found["asks_bank_details"] == "Please send us your bank details today"


def test_what_is_not_found_again_is_left_out() -> None:
    assert own_words("", "a registration fee", [Signal("x", "registration fee", (0, 2)), Signal("y", "From")]) == {}


@given(st.text(alphabet="aéß1€.;:!?\n _-“•…\u0301\u00ad\0,(@w", max_size=60), st.text(alphabet="a .\n", max_size=8))
def test_every_word_of_a_mail_is_found_again(text: str, subject: str) -> None:
    words, _ = split_pauses([*WordText.of(fold(subject).text).sentences, ".", *WordText.of(fold(text).text).sentences])
    places = [(index, index + 1) for index, word in enumerate(words) if word not in ".?!"]
    signals = [Signal(str(place), words[place[0]], place) for place in places]
    assert own_words(subject, text, signals).keys() == {signal.name for signal in signals}
