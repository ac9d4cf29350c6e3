"""Texts of drafts, in the languages that are judged. The configuration may replace each of them."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DraftKind(StrEnum):
    """What the owner wants to say."""

    INTERESTED = "interested"
    NOT_NOW = "not-now"
    REFER = "refer"
    ASK = "ask"


class Missing(StrEnum):
    """What a card may lack that an answer asks for, in this order."""

    COMPANY = "company"
    ROLE = "role"
    PLACE = "place"
    PAY = "pay"
    CONTRACT = "contract"
    START = "start"


@dataclass(frozen=True, slots=True)
class Phrases:
    """The texts of one language.

    Attributes:
        greeting: with {name}; unnamed: without.
        about: what is answered, with {topic}; message: where there is no topic.
        ask: before the questions; more: where nothing is missing.
        closing: before the signature.
        texts: by kind, with {about}.
    """

    greeting: str
    unnamed: str
    about: str
    message: str
    ask: str
    more: str
    closing: str
    questions: Mapping[Missing, str]
    texts: Mapping[DraftKind, str]


def _questions(company: str, role: str, place: str, pay: str, contract: str, start: str) -> Mapping[Missing, str]:
    return dict(zip(Missing, (company, role, place, pay, contract, start), strict=True))


def _texts(interested: str, not_now: str, refer: str, ask: str) -> Mapping[DraftKind, str]:
    return dict(zip(DraftKind, (interested, not_now, refer, ask), strict=True))


PHRASES: Mapping[str, Phrases] = {
    "en": Phrases(
        "Hello {name},", "Hello,", "your message about “{topic}”", "your message",
        "Could you tell me:", "Could you tell me a little more, and what the next steps would be?", "Kind regards",
        _questions(
            "which company it is for", "what the role is", "where it is, and how much of it can be done remotely",
            "what the pay range is", "whether it is permanent or a contract, and for how long", "when it would start",
        ),
        _texts(
            "Thank you for {about}. It interests me, and I would like to talk about it.",
            "Thank you for {about}. I am not looking for a change at the moment. You are welcome to write again later.",
            "Thank you for {about}. I may know somebody whom it would suit better than me, and would gladly pass it on.",
            "Thank you for {about}. Before I can say more, I would like to know more.",
        ),
    ),
    "de": Phrases(
        "Guten Tag {name},", "Guten Tag,", "Ihre Nachricht zu „{topic}“", "Ihre Nachricht",
        "Könnten Sie mir noch sagen:", "Könnten Sie mir etwas mehr dazu sagen, und was die nächsten Schritte wären?",
        "Mit freundlichen Grüßen",
        _questions(
            "um welches Unternehmen es geht", "um welche Stelle es geht", "wo der Arbeitsort ist und wie viel aus der Ferne möglich ist",
            "in welchem Rahmen die Vergütung liegt", "ob es eine Festanstellung oder ein befristeter Vertrag ist", "wann es losgehen soll",
        ),
        _texts(
            "vielen Dank für {about}. Das interessiert mich, und ich würde gern mit Ihnen darüber sprechen.",
            "vielen Dank für {about}. Ich bin derzeit nicht auf der Suche. Melden Sie sich gern später wieder.",
            "vielen Dank für {about}. Vielleicht kenne ich jemanden, zu dem es besser passt, und gebe es gern weiter.",
            "vielen Dank für {about}. Bevor ich mehr sagen kann, wüsste ich gern mehr.",
        ),
    ),
    "fr": Phrases(
        "Bonjour {name},", "Bonjour,", "votre message au sujet de « {topic} »", "votre message",
        "Pourriez-vous me dire :", "Pourriez-vous m'en dire un peu plus, et quelles seraient les prochaines étapes ?", "Cordialement",
        _questions(
            "de quelle entreprise il s'agit", "de quel poste il s'agit", "où se trouve le poste, et la part de télétravail possible",
            "quelle est la fourchette de rémunération", "s'il s'agit d'un CDI ou d'une mission, et de quelle durée", "quelle est la date de début",
        ),
        _texts(
            "Merci pour {about}. Cela m'intéresse, et j'aimerais en parler avec vous.",
            "Merci pour {about}. Je ne suis pas à la recherche d'un nouveau poste pour le moment. N'hésitez pas à me réécrire plus tard.",
            "Merci pour {about}. Je connais peut-être quelqu'un à qui cela conviendrait mieux, et je transmettrai volontiers.",
            "Merci pour {about}. Avant d'en dire plus, j'aimerais en savoir plus.",
        ),
    ),
    "es": Phrases(
        "Hola, {name}:", "Hola:", "su mensaje sobre «{topic}»", "su mensaje",
        "¿Podría decirme lo siguiente?", "¿Podría contarme algo más, y cuáles serían los próximos pasos?", "Un saludo",
        _questions(
            "de qué empresa se trata", "de qué puesto se trata", "dónde es, y qué parte se puede hacer en remoto",
            "cuál es la banda salarial", "si es un contrato indefinido o temporal, y por cuánto tiempo", "cuándo empezaría",
        ),
        _texts(
            "Gracias por {about}. Me interesa, y me gustaría hablar de ello.",
            "Gracias por {about}. En este momento no busco un cambio. Puede volver a escribirme más adelante.",
            "Gracias por {about}. Quizá conozca a alguien a quien le encaje mejor, y con gusto lo haré llegar.",
            "Gracias por {about}. Antes de decir más, me gustaría saber más.",
        ),
    ),
    "pt": Phrases(
        "Olá, {name},", "Olá,", "a sua mensagem sobre “{topic}”", "a sua mensagem",
        "Poderia dizer-me:", "Poderia contar-me um pouco mais, e quais seriam os próximos passos?", "Cumprimentos",
        _questions(
            "de que empresa se trata", "de que função se trata", "onde é, e que parte pode ser feita à distância",
            "qual é a faixa salarial", "se é um contrato sem termo ou temporário, e por quanto tempo", "quando começaria",
        ),
        _texts(
            "Agradeço {about}. Interessa-me, e gostaria de falar sobre isso.",
            "Agradeço {about}. Neste momento não estou à procura de mudança. Pode voltar a escrever-me mais tarde.",
            "Agradeço {about}. Talvez conheça alguém a quem sirva melhor, e terei gosto em passá-la adiante.",
            "Agradeço {about}. Antes de dizer mais, gostaria de saber mais.",
        ),
    ),
    "it": Phrases(
        "Buongiorno {name},", "Buongiorno,", "il Suo messaggio su «{topic}»", "il Suo messaggio",
        "Potrebbe dirmi:", "Potrebbe dirmi qualcosa di più, e quali sarebbero i prossimi passi?", "Cordiali saluti",
        _questions(
            "di quale azienda si tratta", "di quale ruolo si tratta", "dove si svolge, e quanto si può lavorare da remoto",
            "qual è la fascia retributiva", "se è un contratto a tempo indeterminato o una collaborazione, e di che durata", "quando inizierebbe",
        ),
        _texts(
            "La ringrazio per {about}. Mi interessa, e ne parlerei volentieri.",
            "La ringrazio per {about}. Al momento non sto cercando un cambiamento. Può riscrivermi più avanti.",
            "La ringrazio per {about}. Forse conosco qualcuno per cui è più adatto, e lo inoltrerei volentieri.",
            "La ringrazio per {about}. Prima di dire altro, vorrei saperne di più.",
        ),
    ),
    "nl": Phrases(
        "Beste {name},", "Goedendag,", "uw bericht over “{topic}”", "uw bericht",
        "Kunt u mij nog zeggen:", "Kunt u mij er iets meer over vertellen, en wat de volgende stappen zouden zijn?", "Met vriendelijke groet",
        _questions(
            "om welk bedrijf het gaat", "om welke functie het gaat", "waar het is, en hoeveel op afstand kan",
            "wat de salarisschaal is", "of het een vast contract of een opdracht is, en voor hoe lang", "wanneer het zou beginnen",
        ),
        _texts(
            "Dank voor {about}. Het spreekt mij aan, en ik praat er graag over.",
            "Dank voor {about}. Ik ben op dit moment niet op zoek. U mag mij later gerust weer schrijven.",
            "Dank voor {about}. Misschien ken ik iemand bij wie het beter past, en ik geef het graag door.",
            "Dank voor {about}. Voor ik meer kan zeggen, zou ik graag meer weten.",
        ),
    ),
    "pl": Phrases(
        "Dzień dobry,", "Dzień dobry,", "wiadomość w sprawie „{topic}”", "wiadomość",
        "Czy mogę prosić o informację:", "Czy mogę prosić o więcej szczegółów i o kolejne kroki?", "Z poważaniem",
        _questions(
            "o jaką firmę chodzi", "o jakie stanowisko chodzi", "gdzie jest miejsce pracy i ile można pracować zdalnie",
            "jakie są widełki wynagrodzenia", "czy to umowa na stałe, czy na czas określony", "od kiedy",
        ),
        _texts(
            "Dziękuję za {about}. To mnie interesuje i chętnie o tym porozmawiam.",
            "Dziękuję za {about}. Obecnie nie szukam zmiany. Proszę śmiało napisać później.",
            "Dziękuję za {about}. Być może znam kogoś, komu lepiej by to odpowiadało, i chętnie przekażę.",
            "Dziękuję za {about}. Zanim powiem więcej, proszę o kilka informacji.",
        ),
    ),
}  # fmt: skip
