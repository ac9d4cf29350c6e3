"""Signals: the phrase or header that shows each, in several languages, and its denial."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify import matching
from triage.classify.domains import (
    FREE_MAIL,
    HIRING_SYSTEMS,
    PLATFORMS,
    added_word,
    imitated_service,
    is_lookalike,
    label,
    registrable,
)
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
        ("paid_portal", "Upgrade to Premium to see who wants to hire you."),
        ("paid_portal", "Bitte das Angebot für 19 Euro freischalten."),
        ("paid_portal", "Débloquez l'offre dès maintenant."),
        ("paid_portal", "Desbloquea la oferta con tu tarjeta."),
        ("paid_portal", "Desbloqueie a vaga por 29 reais."),
        ("vague_offer", "Full details will be given once you accept."),
        ("vague_offer", "Wir haben mehrere Stellen zu vergeben."),
        ("vague_offer", "Plusieurs postes sont à pourvoir."),
        ("vague_offer", "Es una oportunidad única."),
        ("vague_offer", "Temos várias vagas."),
        ("knows_owner", "We worked together at the mill."),
        ("knows_owner", "Wir haben zusammen gearbeitet."),
        ("knows_owner", "Nous avons travaillé ensemble à Lyon."),
        ("knows_owner", "Nos conocimos en Burgos."),
        ("knows_owner", "Trabalhamos juntos no Porto."),
        ("offers_candidates", "Nous avons des candidats disponibles pour vous."),
        ("offers_candidates", "Tenemos candidatos disponibles para su vacante."),
        ("offers_candidates", "Temos candidatos disponíveis para a sua vaga."),
        ("asks_referral", "Könntest du mich deinem Chef empfehlen?"),
        ("asks_referral", "Pourrais-tu me recommander auprès de ton chef ?"),
        ("asks_referral", "¿Podrías recomendarme a tu jefa?"),
        ("asks_referral", "Podes recomendar-me ao teu chefe?"),
        ("asks_job", "Hiermit bewerbe ich mich um die Stelle als Koch."),
        ("asks_job", "Je vous adresse ma candidature au poste de cuisinier."),
        ("asks_job", "Le envío mi currículum para el puesto de cocinero."),
        ("asks_job", "Envio o meu currículo para a vaga de cozinheiro."),
        ("application_status", "Nous avons bien reçu votre candidature."),
        ("application_status", "Hemos recibido tu candidatura."),
        ("application_status", "Recebemos a sua candidatura."),
        ("introduction", "Marta, ich möchte dir Quentin vorstellen."),
        ("introduction", "Marta, je te présente Quentin."),
        ("introduction", "Marta, te presento a Quentin."),
        ("introduction", "Marta, apresento-te o Quentin."),
        ("job_alert", "12 neue Jobs für Sie"),
        ("job_alert", "12 nouvelles offres d'emploi pour vous"),
        ("job_alert", "12 nuevas ofertas de empleo para ti"),
        ("job_alert", "12 novas vagas para você"),
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


def claims(domain: str, text: str, result: str) -> Message:
    return replace(sent(f"j@{domain}"), text=text, authentication=(Authentication("mx", "dmarc", result, domain),))


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
        *(
            (
                "link_text_mismatch",
                replace(sent("x@a.example"), links=(Link("www.bank.example", target),)),
            )
            for target in (
                "https://evil.example#@bank.example/login",
                "https://evil.example?@bank.example",
                "https://bank.example@evil.example/",
                "//evil.example/x",
                "http:\\\\evil.example",
                "https:/evil.example\\@bank.example",
                "ht\ttps://evil.example",
            )
        ),
        ("header:list-id", replace(sent("x@a.example"), list_facts=frozenset({"list-id"}))),
        ("in_thread", replace(sent("x@a.example"), in_reply_to="<1@x>", quoted="as I wrote")),
        ("names_pay", replace(sent("x@a.example"), text="52.000 € a year")),
        (
            "company_elsewhere",
            replace(sent("j@quick-hire.example"), text="I write for Halden Marine Ltd about a post."),
        ),
        ("company_in_domain", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "pass")),
        ("company_in_domain", claims("hms-group.example", "Halden Marine Services GmbH, Kiel", "pass")),
        ("company_in_domain", claims("mueller-bau.example", "Müller Bau GmbH, Kiel", "pass")),
        ("company_in_domain_unproved", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "fail")),
        ("company_in_domain_unproved", claims("haldenmarine.example", "I write for Halden Marine Ltd.", "none")),
        ("company_in_domain_unproved", replace(sent("j@haldenmarine.example"), text="Halden Marine Ltd")),
        ("text_in_attachment", replace(sent("x@a.example"), attachments=(Attachment("offer.pdf", "application/pdf"),))),
        ("pay_out_of_proportion", Message(text="Earn $400 a day, only 1-2 hours a day from your phone.")),
        ("pay_out_of_proportion", Message(text="300 € pro Tag bei nur 2 Stunden am Tag")),
        ("pay_out_of_proportion", Message(text="250 euros par jour pour 2 heures par jour")),
        ("pay_out_of_proportion", Message(text="Ganarás 300 euros al día por 2 horas al día")),
        ("pay_out_of_proportion", Message(text="Ganhe 300 euros por dia com 2 horas por dia")),
    ],
)
def test_a_fact_shows_its_signal(signal: str, message: Message) -> None:
    assert signal in names(message)


@pytest.mark.parametrize(
    "text",
    [
        "£19 an hour, 20 hours a week",
        "We pay 600 € per day for 8 hours a day",
        "1,900 a month for 3 hours a day",
        "2 hours",
    ],
)
def test_ordinary_pay_is_in_proportion(text: str) -> None:
    assert "pay_out_of_proportion" not in names(Message(text=text))


@pytest.mark.parametrize(
    "subject",
    [
        *("Re: the post", "RE: the post", "Re[2]: the post", "AW: Stelle", "Antwort: Stelle", "RE : le poste"),
        *(
            "RES: vaga",
            "R: posto",
            "SV: jobbet",
            "VS: työ",
            "Odp: praca",
            "Antw: baan",
            "Fwd: Re: post",
            "[list] Re: x",
        ),
    ],
)
def test_a_subject_that_answers_is_in_a_thread(subject: str) -> None:
    found = names(replace(sent("x@a.example"), in_reply_to="<1@x>", subject=subject))
    assert "in_thread" in found
    assert "in_thread_unquoted" not in found


@pytest.mark.parametrize(
    "subject", ["", "The post", "Restaurant: staff", "Ref: 1234", "Area manager: a post", "Rechnung"]
)
def test_a_thread_that_nothing_shows_is_claimed_alone(subject: str) -> None:
    found = names(replace(sent("x@a.example"), in_reply_to="<1@x>", subject=subject))
    assert "in_thread_unquoted" in found
    assert "in_thread" not in found
    assert not names(replace(sent("x@a.example"), subject="Re: the post")) & {"in_thread", "in_thread_unquoted"}


def test_a_company_on_free_mail_or_a_platform_is_held_against_no_domain() -> None:
    for address in ("bo@gmail.com", "messages@linkedin.com"):
        assert not names(replace(sent(address), text="Halden Marine Ltd")) & {"company_elsewhere", "company_in_domain"}


ACCUSATIONS = {"lookalike_domain", "added_word_domain", "punycode_domain", "free_mail_sender"}


@pytest.mark.parametrize(
    "domain",
    [
        *("acme.com", "linkedin.com", "bbc.co.uk", "posteo.de", "mailbox.org", "mail.example.org", "outlook.acme.com"),
        # Words that end as an added word does.
        *(
            "lancashire.gov.uk",
            "cheshire.com",
            "network.com",
            "artwork.com",
            "steam.com",
            "coffer.com",
            "flagstaff.com",
        ),
        *("wspolpraca.pl", "citigroup.com", "tele-work.eu", "greenjobs.co.uk", "hr-jobs.nhs.uk", "brighttalent.com"),
        # Neighbours of well-known names.
        *("freelance.de", "freelancers.org", "mall.cz", "salt.ch", "malta.com", "grange.com", "range.co", "laporte.fr"),
        *(
            "libera.chat",
            "minster.co.uk",
            "munster.ie",
            "twister.de",
            "cloud.com",
            "plant.com",
            "telnet.com",
            "week.com",
        ),
        *("bluefin.com", "total.com", "fiver.com", "tella.tv", "seed.com", "sing.com", "indexed.com", "x.gov", "ac.me"),
        # Platforms that are called like one, or have a domain in each country.
        *("hellowork.com", "totaljobs.com", "irishjobs.ie", "infojobs.it", "facebookmail.com", "xing.de", "indeed.fr"),
        # Called like free mail, under a suffix anybody may take.
        *("live.studio", "live.example", "outlook.ai", "yahoo.com.de", "yandex.example"),
    ],
)
def test_an_innocent_domain_is_accused_of_nothing(domain: str) -> None:
    assert not names(sent(f"x@{domain}")) & ACCUSATIONS


@pytest.mark.parametrize(
    ("domain", "imitated"),
    [
        *((one, "linkedin.com") for one in ("linkedln.com", "1inkedin.com", "linkdein.com")),
        *(
            (one, "linkedin.com")
            for one in ("linkedin-jobs.com", "linkedinteam.com", "jobs-linkedin.com", "linkedin.careers")
        ),
        *((one, "linkedin.com") for one in ("linkedin.careers-x.com", "linkdin-vagas.com.br", "linkedln-hr-team.com")),
        ("rnonster.com", "monster.com"),
        ("gmai1.com", "gmail.com"),
        ("gmall.com", "gmail.com"),
        ("outlok.com", "outlook.com"),
        ("yah00.com", "yahoo.com"),
        ("xlng.com", "xing.com"),
        ("faceb00k.com", "facebook.com"),
        ("indeeed.com", "indeed.com"),
        ("indeed-hiring.com", "indeed.com"),
        ("lnfojobs.net", "infojobs.net"),
        ("0range.fr", "orange.fr"),
        ("rnalt.com", "malt.com"),
        ("stepst0ne.de", "stepstone.de"),
    ],
)
def test_an_imitation_is_told_from_what_it_imitates(domain: str, imitated: str) -> None:
    assert imitated_service(domain) == imitated
    assert "lookalike_domain" in names(sent(f"x@mail.{domain}"))


@pytest.mark.parametrize(
    "domain",
    [
        *("yahoo.ca", "yahoo.co.in", "outlook.de", "outlook.fr", "hotmail.be", "hotmail.nl", "live.fr", "live.co.uk"),
        *("pm.me", "seznam.cz", "email.cz", "abv.bg", "ukr.net", "freemail.hu", "home.nl", "hetnet.nl", "telia.com"),
        *("gmx.fr", "yandex.kz", "yandex.com.tr", "poczta.onet.pl", "pop.interia.pl"),
    ],
)
def test_free_mail_is_known_by_its_national_forms(domain: str) -> None:
    assert "free_mail_sender" in names(sent(f"x@{domain}"))


def test_every_domain_of_the_lists_can_be_met() -> None:
    for sites in (FREE_MAIL, PLATFORMS, HIRING_SYSTEMS):
        assert [site for site in sites if registrable(site) != site] == []
    assert PLATFORMS.isdisjoint(FREE_MAIL | HIRING_SYSTEMS)


@pytest.mark.parametrize(
    ("signal", "address"),
    [
        ("platform_sender", "no-reply@jobteaser.com"),
        ("platform_sender", "contact@emails.hellowork.com"),
        ("platform_sender", "x@apec.fr"),
        ("hiring_system_sender", "acme@hire.lever.co"),
        ("hiring_system_sender", "nao-responda@gupy.io"),
    ],
)
def test_platforms_and_hiring_systems_are_known(signal: str, address: str) -> None:
    assert signal in names(sent(address))


@pytest.mark.parametrize(
    ("text", "target"),
    [
        ("Node.js", "https://acme.com/job"),
        ("Offer.pdf", "https://acme.com/offer.pdf"),
        ("www.acme.com", "https://user:word@jobs.acme.com:443/x#@y"),
        ("acme.co.uk/jobs", "//www.acme.co.uk"),
        ("www.acme.com", "mailto:jobs@other.example"),
        ("www.acme.com", "/jobs"),
    ],
)
def test_a_link_that_leads_where_it_says_is_no_mismatch(text: str, target: str) -> None:
    assert "link_text_mismatch" not in names(replace(sent("x@a.example"), links=(Link(text, target),)))


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
    [
        ("acme-careers", ("acme", "careers")),
        ("acme-group", ("acme", "group")),
        ("acmejobs", ("acme", "jobs")),
        ("acmerecrutement", ("acme", "recrutement")),
        ("acmegroup", None),
        ("acme", None),
        ("jobs", None),
        ("bpjobs", None),
        ("bp-jobs", ("bp", "jobs")),
        ("topjobs", None),
    ],
)
def test_added_words(name: str, parts: tuple[str, str] | None) -> None:
    assert added_word(name) == parts


def test_text_is_folded_to_one_spelling() -> None:
    assert fold("Ｓａｌａｒｙ\u200b").text == "salary"
    assert fold("sаlаry").text == "salary"
    assert fold("зарплата").text == "зарплата"
    assert fold("раyment ѕelected аѕѕіstant вaнк Keep тeam к1к").text == "payment selected assistant bahk keep team к1к"
    assert fold("раyment, b\u0435nk, кeep").lookalikes == 3
    assert fold("sa\U000e0061l\U000e0100ary").text == "salary"
    assert fold("sa\U000e0061l\U000e0100ary").invisible == 2
    assert fold("in \U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f").invisible == 0
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
