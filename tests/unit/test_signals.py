"""Signals: the phrase or header that shows each, in several languages, and its denial."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify import matching
from triage.classify.domains import added_word, is_lookalike, label, registrable
from triage.classify.features import extract_features
from triage.classify.matching import PhraseBook
from triage.classify.normalise import WordText, fold, without_accents, words_only
from triage.records import Address, Attachment, Authentication, Link, Message

PASSED = (Authentication("mx", "dkim", "pass", "linkedin.com"),)


def names(message: Message) -> set[str]:
    found = extract_features(message).signals
    assert all(signal.quote for signal in found)
    return {signal.name for signal in found}


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        ("asks_bank_details", "Send us your bank account details to be enrolled."),
        ("asks_bank_details", "Bitte teilen Sie uns Ihre Bankverbindung mit."),
        ("asks_bank_details", "Merci d'envoyer vos coordonnées bancaires."),
        ("asks_bank_details", "Necesitamos tu número de cuenta."),
        ("asks_bank_details", "Envie os seus dados bancários."),
        ("asks_identity_papers", "Attach a copy of your passport."),
        ("asks_identity_papers", "Schicken Sie eine Kopie Ihres Personalausweises."),
        ("asks_identity_papers", "Joignez une copie de votre carte d'identité."),
        ("asks_identity_papers", "Mándanos copia de tu DNI por ambas caras."),
        ("asks_identity_papers", "Mande uma foto do seu documento."),
        ("asks_money", "There is a small registration fee."),
        ("asks_money", "Die Bearbeitungsgebühr beträgt 40 Euro."),
        ("asks_money", "Les frais de dossier sont de 90 euros."),
        ("asks_money", "Los gastos de gestión son 60 euros."),
        ("asks_money", "A taxa de inscrição é de 80 reais."),
        ("chat_interview", "The interview takes place on Telegram."),
        ("chat_interview", "Das Vorstellungsgespräch findet über WhatsApp statt."),
        ("chat_interview", "L'entretien se fait sur Telegram."),
        ("chat_interview", "La entrevista será por WhatsApp."),
        ("chat_interview", "A entrevista é pelo WhatsApp."),
        ("passes_parcels", "You receive packages at home and put on a new label."),
        ("passes_parcels", "Sie nehmen Pakete entgegen: Pakete annehmen und weiterleiten."),
        ("passes_parcels", "Réception des colis à votre domicile."),
        ("passes_parcels", "Recibirás paquetes en tu domicilio."),
        ("passes_parcels", "Recebe encomendas em casa."),
        ("names_referrer", "Priya Shah suggested I get in touch."),
        ("names_referrer", "Auf Empfehlung von Frau Kranz schreibe ich Ihnen."),
        ("names_referrer", "Karim m'a parlé de vous."),
        ("names_referrer", "Nacho me dio tu número."),
        ("names_referrer", "O Rui me indicou você."),
        ("offers_candidates", "We have three candidates available from Monday."),
        ("offers_candidates", "Gern stellen wir Ihnen passende Kandidaten vor."),
        ("asks_referral", "Could you refer me to your boss?"),
        ("asks_job", "I am applying for the position of cook."),
        ("application_status", "Thank you for applying to Kestrel Foods."),
        ("application_status", "Leider müssen wir Ihrer Bewerbung eine Absage erteilen."),
        ("introduction", "Marta, meet Quentin, who is hiring."),
        ("job_alert", "12 new jobs for you this week"),
    ],
)
def test_a_phrase_shows_its_signal(signal: str, text: str) -> None:
    assert signal in names(Message(text=text))


def test_a_denied_phrase_is_its_own_signal() -> None:
    found = names(Message(text="We never ask for a registration fee."))
    assert "denies:asks_money" in found
    assert "asks_money" not in found


def sent(addr_spec: str, name: str = "") -> Message:
    return Message(sender=Address(name, addr_spec), text="hello")


@pytest.mark.parametrize(
    ("signal", "message"),
    [
        ("free_mail_sender", sent("bo@gmail.com")),
        ("free_mail_company", sent("acme.hr@gmail.com", "Acme Recruitment")),
        ("platform_verified", replace(sent("x@linkedin.com"), authentication=PASSED)),
        ("lookalike_domain", sent("x@linkedln.com")),
        ("lookalike_domain", sent("x@rnonster.com")),
        ("added_word_domain", sent("x@acme-careers.com")),
        ("hiring_system_sender", sent("no-reply@us.greenhouse-mail.io")),
        ("role_account", sent("no-reply@acme.example")),
        ("punycode_domain", sent("x@xn--acm-dma.example")),
        ("reply_to_free_mail", replace(sent("x@acme.example"), reply_to=(Address("", "x@gmail.com"),))),
        (
            "authentication_fails",
            replace(sent("x@acme.example"), authentication=(Authentication("mx", "dmarc", "fail", "acme.example"),)),
        ),
        ("no_sender", Message(text="hello")),
        ("hidden_text", replace(sent("x@a.example"), hidden="other words")),
        ("invisible_characters", replace(sent("x@a.example"), text="sa\u200bla\u200bry in\u200bside")),
        ("lookalike_letters", replace(sent("x@a.example"), text="your sаlary")),
        (
            "dangerous_attachment",
            replace(sent("x@a.example"), attachments=(Attachment("offer.pdf.scr", "application/x"),)),
        ),
        ("archive_attachment", replace(sent("x@a.example"), attachments=(Attachment("job.zip", "application/zip"),))),
        (
            "link_text_mismatch",
            replace(sent("x@a.example"), links=(Link("www.bank.example", "https://evil.example/x"),)),
        ),
        ("header:list-id", replace(sent("x@a.example"), list_facts=frozenset({"list-id"}))),
        ("in_thread", replace(sent("x@a.example"), in_reply_to="<1@x>")),
        ("names_pay", replace(sent("x@a.example"), text="52.000 € a year")),
    ],
)
def test_a_fact_shows_its_signal(signal: str, message: Message) -> None:
    assert signal in names(message)


def test_an_ordinary_domain_is_accused_of_nothing() -> None:
    accusations = {"lookalike_domain", "added_word_domain", "punycode_domain", "free_mail_sender"}
    for domain in ("acme.com", "linkedin.com", "bbc.co.uk", "posteo.de", "mail.example.org"):
        assert not names(sent(f"x@{domain}")) & accusations


@pytest.mark.parametrize(
    ("domain", "site", "name"),
    [
        ("mail.acme.co.uk", "acme.co.uk", "acme"),
        ("acme.com", "acme.com", "acme"),
        ("", "", ""),
        ("localhost", "localhost", "localhost"),
    ],
)
def test_registrable_domains(domain: str, site: str, name: str) -> None:
    assert (registrable(domain), label(domain)) == (site, name)


@pytest.mark.parametrize(
    ("name", "genuine", "alike"),
    [
        ("linkedln", "linkedin", True),
        ("rnonster", "monster", True),
        ("g00gle", "google", True),
        ("indeeed", "indeed", True),
        ("indeed", "indeed", False),
        ("other", "indeed", False),
        ("abc", "abd", False),
    ],
)
def test_lookalikes(name: str, genuine: str, *, alike: bool) -> None:
    assert is_lookalike(name, genuine) is alike


@pytest.mark.parametrize(
    ("name", "parts"),
    [("acme-careers", ("acme", "careers")), ("acmejobs", ("acme", "jobs")), ("acme", None), ("jobs", None)],
)
def test_added_words(name: str, parts: tuple[str, str] | None) -> None:
    assert added_word(name) == parts


def test_text_is_folded_to_one_spelling() -> None:
    assert fold("Ｓａｌａｒｙ\u200b").text == "salary"
    assert fold("sаlаry").text == "salary"
    assert fold("зарплата").text == "зарплата"
    assert without_accents("wysłano café größe") == "wyslano cafe grosse"
    assert words_only("see https://x.example/a or a@b.example, 1.200 €!") == "see xurl or xaddr 0 000 €!"
    assert WordText.of("one. two? three").sentences == ["one", ".", "two", "?", "three"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("@x.example@y.example", "@ xaddr"),
        ("a@x.example@y.example", "xaddr @y example"),
        ("@@a.b@c.d.", "@@ xaddr"),
        ("b" * 70 + "@x.example", "b" * 6 + " xaddr"),
        ("c@localhost, d@e", "c@localhost d@e"),
    ],
)
def test_an_address_is_what_stands_around_an_at_sign(text: str, words: str) -> None:
    assert words_only(text) == words


def test_a_gap_does_not_cross_a_sentence() -> None:
    book = PhraseBook({"x": ("send .. papers",)})
    assert book.find(["send", "us", "your", "papers"])
    assert not book.find(["send", "us", ".", "your", "papers"])


@given(st.text(max_size=300))
def test_any_text_has_signals_with_quotes(text: str) -> None:
    names(Message(subject=text[:50], text=text, sender=Address(text[:20], f"{text[:5]}@{text[5:20]}")))


@given(st.text(max_size=200))
def test_folding_twice_is_folding_once(text: str) -> None:
    words = words_only(without_accents(fold(text).text))
    assert words_only(words) == words


def test_a_book_finds_the_same_however_many_words_it_has_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "_MAX_KNOWN_WORDS", 5)
    book = PhraseBook({"x": ("send .. papers",), "y": ("prepay* now",)})
    wanted = [("x", 0, 3), ("y", 4, 6)]
    text = ["send", "your", "papers", "please", "prepayment", "now"]
    for number in range(10):
        assert not book.find([f"w{number}", f"v{number}", "papers"])
        assert sorted((one.name, one.start, one.end) for one in book.find(text)) == wanted
    assert len(book._known) + len(book._idle) <= 5
