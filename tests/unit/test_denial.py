"""Denial: which negations turn a phrase into its contrary, and which leave it as it is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.classify.denial import is_denied, negations_of
from triage.classify.features import extract_features
from triage.classify.matching import PAUSE, split_pauses
from triage.classify.normalise import WordText
from triage.records import Message

BANK, MONEY, PAPERS = "asks_bank_details", "asks_money", "asks_identity_papers"


def names(text: str) -> set[str]:
    return {signal.name for signal in extract_features(Message(text=text)).signals}


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (BANK, "No experience needed, send your bank details today."),
        (BANK, "No experience needed - just send your bank details."),
        (BANK, "There is no interview (send your bank details to start)."),
        (BANK, "Please do not delay sending your bank details."),
        (BANK, "Don't hesitate to send us your bank details."),
        (BANK, "Do not forget to send your bank details."),
        (BANK, "Don't wait to send your bank details."),
        (BANK, "We need not only your bank details but a photo as well."),
        (BANK, "Without delay send your bank details."),
        (BANK, "You need no CV but send your bank details."),
        (BANK, "If you do not send your bank details by Friday the post goes to somebody else."),
        (BANK, "You will not be paid until we have your bank details."),
        (BANK, "We cannot pay you without your bank details."),
        (BANK, "Without your bank details we cannot pay you."),
        (BANK, "No problem at all just send your bank details."),
        (BANK, "Send no later than Friday your bank details."),
        (BANK, "There is no dress code and we need your bank details."),
        (BANK, "Interviews are not held, and we need your bank details."),
        (BANK, "Zögern Sie nicht, uns Ihre Bankverbindung zu senden."),
        (BANK, "Zögern Sie nicht uns Ihre Bankverbindung zu schicken."),
        (BANK, "Bitte vergessen Sie nicht Ihre Bankverbindung anzugeben."),
        (BANK, "Erfahrung ist nicht nötig, wir brauchen Ihre Bankverbindung."),
        (BANK, "Keine Erfahrung nötig – senden Sie Ihre Bankverbindung."),
        (BANK, "Wir brauchen nicht nur Ihre Bankverbindung."),
        (BANK, "Ohne Ihre Bankverbindung können wir nicht auszahlen."),
        (BANK, "Wenn Sie Ihre Kontonummer nicht senden, entfällt die Stelle."),
        (BANK, "Haben Sie Ihre Bankverbindung noch nicht angegeben?"),
        (BANK, "Ihre Bankverbindung haben wir noch nicht."),
        (BANK, "Bitte die Kontodaten nicht per Telefon angeben."),
        (BANK, "N'hésitez pas à envoyer votre RIB."),
        (BANK, "N'oubliez pas de joindre votre RIB."),
        (BANK, "Aucune expérience demandée, envoyez votre RIB."),
        (BANK, "Nous ne demandons que votre RIB."),
        (BANK, "Il nous faut non seulement votre RIB mais aussi une photo."),
        (BANK, "Sans votre RIB nous ne pouvons pas vous payer."),
        (BANK, "Si vous n'envoyez pas votre RIB, le poste est perdu."),
        (BANK, "Sans tarder envoyez votre RIB."),
        (BANK, "No dude en enviar sus datos bancarios."),
        (BANK, "No olvide mandar sus datos bancarios."),
        (BANK, "No hace falta experiencia, envía tus datos bancarios."),
        (BANK, "No solo necesitamos tus datos bancarios."),
        (BANK, "Mande sin falta sus datos bancarios."),
        (BANK, "Sin sus datos bancarios no podemos pagarle."),
        (BANK, "Si no envía sus datos bancarios perderá la plaza."),
        (BANK, "Não hesite em enviar os seus dados bancários."),
        (BANK, "Não se esqueça de enviar os seus dados bancários."),
        (BANK, "Não precisa de experiência, mande os seus dados bancários."),
        (BANK, "Envie no WhatsApp os seus dados bancários para uma vaga."),
        (BANK, "Não só precisamos dos seus dados bancários."),
        (BANK, "Sem os seus dados bancários não podemos pagar."),
        (BANK, "Non esiti a inviare le coordinate bancarie."),
        (BANK, "Aarzel niet om je bankgegevens te sturen."),
        (BANK, "Nie zwlekaj i podaj numer konta."),
        (BANK, "No CV, no interview, just bank details and you're in."),
        (BANK, "There's nothing to lose: give us your bank details."),
        (BANK, "No experience is required to start and bank details are taken on day one."),
        (BANK, "We don't care about degrees, all we want is your bank details."),
        (BANK, "You won't regret it if you send your bank details."),
        (BANK, "Never mind the CV, send your bank details."),
        (BANK, "Why not send your bank details now?"),
        (BANK, "Why don't you send us your bank details?"),
        (BANK, "Nothing is easier than sending your bank details."),
        (BANK, "Nobody else applied so send your bank details."),
        (BANK, "Es kostet nichts und wir brauchen nur Ihre Bankverbindung."),
        (BANK, "Kein Lebenslauf nötig, Ihre Bankverbindung genügt."),
        (BANK, "Sie müssen nichts weiter tun als Ihre Bankverbindung zu senden."),
        (BANK, "Ohne Vorstellungsgespräch: schicken Sie Ihre Bankverbindung."),
        (BANK, "Warum nicht gleich Ihre Bankverbindung senden?"),
        (BANK, "Pas besoin de CV, juste votre RIB."),
        (BANK, "Pas de diplôme, il nous faut seulement votre RIB."),
        (BANK, "Ne tardez pas à envoyer votre RIB."),
        (BANK, "N'attendez pas, envoyez votre RIB."),
        (BANK, "Il ne manque que votre RIB."),
        (BANK, "Vous n'avez rien d'autre à faire que d'envoyer votre RIB."),
        (BANK, "No pierda tiempo y envíe sus datos bancarios."),
        (BANK, "No se preocupe, mande sus datos bancarios."),
        (BANK, "Solo falta que envíe sus datos bancarios, nada más."),
        (BANK, "No necesitamos más que sus datos bancarios."),
        (BANK, "¿Por qué no envía sus datos bancarios?"),
        (BANK, "Não perca tempo, mande os seus dados bancários."),
        (BANK, "Só não esqueça de mandar os dados bancários."),
        (BANK, "Sem experiência, basta mandar os dados bancários."),
        (BANK, "Não demore a enviar os seus dados bancários."),
        (BANK, "Não precisamos de mais nada além dos seus dados bancários."),
        (BANK, "We need nothing except your bank details."),
        (BANK, "We need nothing more than your bank details."),
        (BANK, "Send your NI number and your bank details to the office."),
        (MONEY, "There is a non-refundable deposit of 50 euros and you start on Monday."),
        (MONEY, "La caution non remboursable est de 50 euros."),
        (MONEY, "No interview, pay the registration fee and start on Monday."),
        (MONEY, "Am 3. Mai ist die Bearbeitungsgebühr fällig."),
        (PAPERS, "No calls please, send a copy of your passport."),
    ],
)
def test_a_negation_of_something_else_denies_nothing(signal: str, text: str) -> None:
    found = names(text)
    assert signal in found
    assert f"denies:{signal}" not in found


@pytest.mark.parametrize(
    ("signal", "text"),
    [
        (BANK, "We never ask for bank details."),
        (BANK, "We will never ask any of our candidates for their bank details."),
        (BANK, "We don't need your bank details."),
        (BANK, "Do not send your bank details to anybody."),
        (BANK, "You do not have to give us your bank details."),
        (BANK, "We will never, under any circumstances, ask for bank details."),
        (BANK, "We never ask for fees, bank details or passwords."),
        (BANK, "We never ask for passwords, fees or bank details."),
        (BANK, "We do not ask for money, or for your bank details."),
        (BANK, "You can start without giving your bank details."),
        (BANK, "Wir fragen nie nach Ihrer Bankverbindung."),
        (BANK, "Wir werden Sie niemals per E-Mail oder Telefon nach Ihrer Bankverbindung fragen."),
        (BANK, "Bankdaten brauchen wir nicht."),
        (BANK, "Ihre Bankdaten werden niemals abgefragt."),
        (BANK, "Schicken Sie uns bitte keine Bankdaten."),
        (BANK, "Wir fragen nie nach Passwörtern, Bankdaten oder Gebühren."),
        (BANK, "Eine Kontonummer ist nicht erforderlich, nur ein Lebenslauf."),
        (MONEY, "Eine Kaution wird nie verlangt."),
        (MONEY, "Wir verlangen eine Vermittlungsgebühr niemals."),
        (BANK, "Nous ne demandons jamais vos coordonnées bancaires."),
        (BANK, "Nous n'avons pas besoin de votre RIB."),
        (BANK, "Ne nous envoyez pas vos coordonnées bancaires."),
        (BANK, "Aucun compte bancaire n'est demandé."),
        (BANK, "Nous ne demandons jamais de mot de passe, de coordonnées bancaires ni de photo."),
        (BANK, "Nunca le pediremos por teléfono ni por correo sus datos bancarios."),
        (BANK, "No pedimos datos bancarios."),
        (BANK, "No hace falta que envíes tus datos bancarios."),
        (BANK, "No pedimos dinero, datos bancarios ni claves."),
        (BANK, "Nunca pedimos dados bancários."),
        (BANK, "Não precisamos dos seus dados bancários."),
        (BANK, "Não pedimos senhas, dados bancários ou dinheiro."),
        (BANK, "Non chiediamo mai le coordinate bancarie."),
        (BANK, "Wij vragen nooit om je bankgegevens."),
        (BANK, "Bankgegevens hebben wij niet nodig."),
        (BANK, "Nigdy nie prosimy o numer konta."),
        (BANK, "We do not and will not ask for your bank details."),
        (BANK, "At no point will we ask for your bank details."),
        (BANK, "Bank details are not needed."),
        (BANK, "Your bank details are never requested."),
        (BANK, "No one from our team will ask for bank details."),
        (BANK, "You should never have to share your bank details."),
        (BANK, "We won't be asking for your bank details."),
        (BANK, "Neither passwords nor bank details will be asked for."),
        (BANK, "Bitte senden Sie niemals Ihre Bankverbindung."),
        (BANK, "Ihre Kontonummer benötigen wir nicht."),
        (BANK, "Die Bankverbindung müssen Sie nicht angeben."),
        (BANK, "Wir erheben keine Gebühren und verlangen keine Bankdaten."),
        (BANK, "Ne communiquez jamais votre RIB."),
        (BANK, "Votre RIB n'est pas nécessaire."),
        (BANK, "Vos coordonnées bancaires ne vous seront jamais demandées."),
        (BANK, "Nous ne vous demanderons ni votre RIB ni votre mot de passe."),
        (BANK, "Nadie de nuestro equipo le pedirá sus datos bancarios."),
        (BANK, "Sus datos bancarios no son necesarios."),
        (BANK, "No le vamos a pedir sus datos bancarios."),
        (BANK, "En ningún momento le pediremos sus datos bancarios."),
        (BANK, "Ninguém da nossa equipa lhe pedirá dados bancários."),
        (BANK, "Jamais pediremos os seus dados bancários."),
        (BANK, "Os dados bancários não são necessários."),
        (BANK, "Em nenhum momento pedimos dados bancários."),
        (BANK, "That is why we never ask for bank details."),
        (BANK, "Se recuerda que no pedimos datos bancarios."),
        (BANK, "Lembre-se que nunca pedimos dados bancários."),
        (BANK, "C'est pourquoi nous ne demandons jamais de coordonnées bancaires."),
        (BANK, "Als seriöses Unternehmen verlangen wir keine Bankdaten."),
        (BANK, "Until the day you start we never ask for bank details."),
        (MONEY, "You start without having to pay a fee and do not need a CV."),
        (MONEY, "Bis zum Vertrag zahlen Sie keine Bearbeitungsgebühr."),
        (MONEY, "There is no registration fee."),
        (MONEY, "You pay no fee."),
        (PAPERS, "Please don't email a copy of your passport."),
    ],
)
def test_a_negation_of_it_denies_it(signal: str, text: str) -> None:
    found = names(text)
    assert f"denies:{signal}" in found
    assert signal not in found


def test_pauses_are_no_words_of_the_text() -> None:
    text = WordText.of("one, two (three) four – five - six 1,200 well-known\x00")
    assert text.words == "one two three four five six 0 000 well known"
    assert text.sentences == [
        "one",
        ",",
        "two",
        ",",
        "three",
        ",",
        "four",
        ",",
        "five",
        ",",
        "six",
        *("0", "000", "well", "known"),
    ]
    assert text.lengths == [10]
    assert split_pauses(["one", PAUSE, "two", PAUSE, PAUSE, "three"]) == (["one", "two", "three"], frozenset({1, 2}))
    assert split_pauses(["one"]) == (["one"], frozenset())


@given(
    st.lists(
        st.sampled_from(["no", "never", "ne", "que", "t", "don", "nie", "or", "if", ".", "?", "pay", "wait", "without"])
    )
)
def test_any_words_are_denied_or_not(words: list[str]) -> None:
    negations = negations_of(frozenset(words))
    for start in range(len(words)):
        for end in range(start + 1, len(words) + 1):
            assert is_denied(words, frozenset({2, 4, 5}), negations, start, end) in {True, False}
