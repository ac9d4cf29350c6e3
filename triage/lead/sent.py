"""What the owner sent: an answer, a decline, an unsubscribing, or nothing meant for a person."""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from triage.classify.normalise import without_accents
from triage.lead.lead import Mark, Reply, is_personal, marks_of_sent, message_ids
from triage.records import Address, Message

_MOST_RECIPIENTS = 10
"""A mail to more is a circular: it makes nobody a contact."""

_SHORT = 600
"""Characters of what the owner wrote that are looked at: a decline comes first."""

_UNSUBSCRIBE = re.compile(
    r"^\W*(?:please\s+)?(?:unsubscribe|remove me|stop(?! by| in)|abmelden|abbestellen|desabonner|desinscription|me desinscrire|darme de baja|baja(?! california)"
    r"|cancelar (?:suscripcion|inscricao)|cancellami|disiscriv\w*|afmelden|uitschrijven|wypisz\w*|rezygnuje)\b"
    r"|\bunsubscribe\b|\b(?:take|remove) me (?:off|from) (?:your|this|the) (?:mailing )?list|\baus (?:dem|ihrem) verteiler\b",
)
_DECLINE = re.compile(
    r"\b(?:not interested|no,? thank(?:s| you)\b(?! (?:(?:is|are) )?(?:needed|necessary|required))|not looking|not (?:currently |actively )?(?:open|available|searching)"
    r"|(?:have|need) to (?:decline|pass)|(?:i'?ll|i will|i'?d|i would|must|i) (?:have to )?pass\b(?! (?:it|this|that|you|your|on|along|the|my|our|by|through))"
    r"|pass on (?:this|that|the) (?:one|time|opportunity|role|offer|occasion)|i decline|respectfully decline|politely decline|happy (?:where i am|in my (?:current|present))|not the right (?:time|moment|fit)"
    r"|not for me|not a (?:good )?(?:fit|match)"
    r"|kein(?:e|erlei)? interesse|nicht interessiert|nein,? danke|(?:muss|mochte) (?:ich )?(?:dankend )?ab(?:sagen|lehnen)|dankend ab"
    r"|nicht (?:auf der suche|wechselwillig)|passt (?:es )?(?:derzeit |gerade |zurzeit )?nicht|derzeit nicht (?:auf der suche|verfugbar|offen)"
    r"|pas interesse|non,? merci|pas (?:a l'ecoute|en recherche|disponible)|je (?:dois )?decline|ne suis pas (?:actuellement )?(?:a la recherche|a l'ecoute|disponible)"
    r"|no (?:me interesa|estoy interesad[oa]|gracias|busco|estoy buscando)|declinar|debo rechazar"
    r"|nao (?:tenho interesse|estou interessad[oa]|obrigad[oa]|estou a procura|estou procurando)|recusar"
    r"|non (?:sono interessat[oa]|mi interessa|cerco|sto cercando)|no,? grazie|devo declinare"
    r"|geen interesse|niet geinteresseerd|nee,? (?:bedankt|dank)|niet (?:op zoek|beschikbaar)|moet (?:ik )?(?:het )?afslaan"
    r"|nie (?:jestem )?(?:zainteresowan[ya]|szukam)|dziekuje,? (?:ale )?nie\b|nie,? dziekuje|musze odmowic)",
)
# "Not interested in X, but very much in Y" is an answer, and so is a "no" with a question after it; but thanks,
# good wishes and "perhaps in the future" are polite, and how one came by the address is asked by who is not interested.
_SOME_DAY = r"futur|next year|later (?:on|time|date)|down the (?:road|line)|zukunft|kunftig|spateren|avenir|plus tard|mas (?:adelante|tarde)|mais tarde|piu avanti|toekomst|przyszlos|pozniej"
_YET_INTERESTED = re.compile(
    r"\b(?:but|however|aber|jedoch|allerdings|mais|cependant|pero|sin embargo|mas|porem|ma|tuttavia|maar|echter|ale|jednak)\b"
    r"(?:(?!\b(?:thank|appreci|luck|find (?:some|the|a )|not\b|no\b|dank|nicht\b|kein|erfolg|merci|remerci|pas\b|gracias|agrade|obrigad|nao\b|grazie|ringrazi"
    rf"|apprezz|non\b|bedankt|waardeer|niet\b|geen\b|dziek|doceni|nie\b|{_SOME_DAY})|n't\b)[^.?!]){{0,60}}"
    r"\b(?:interest|interess|interes|geinteresseerd|zainteresowan|call|tell me more|(?:hear|learn|know|find out) more|(?:happy|glad|love|keen|willing|open|like|curious) to (?:a |an |have (?:a |an )?)?(?:quick |short |brief )?(?:hear|listen|talk|chat|speak|discuss|learn|explore|meet|call|conversation|talking|hearing|discussing)"
    r"|sounds (?:great|good|interesting|exciting)|let'?s (?:talk|speak|chat|discuss)"
    r"|gerne? an\b|anhoren|gerne? (?:mehr|horen|sprechen|telefonieren|reden|austauschen|kennenlernen)|mehr (?:erfahren|daruber|horen|wissen)|offen fur|klingt (?:spannend|gut|interessant)|gesprach|telefonier"
    r"|curieu|en savoir plus|volontiers|(?:vous|t')ecouter|discuter|en parler|(?:dites|parlez)[- ]m'en|ouverte? a"
    r"|saber mas|me gustaria (?:saber|conocer|escuchar|hablar)|encantad[oa] de (?:hablar|escuchar|saber|conocer)|cuenteme|cuentame|(?:abiert|dispuest)[oa] a"
    r"|saber mais|gostaria de (?:saber|ouvir|conversar|conhecer|falar)|conversar|abert[oa] a"
    r"|saperne di piu|mi piacerebbe|volentieri|parlarne|sentirci|(?:apert|dispost)[oa] a"
    r"|hoor (?:ik )?(?:er )?(?:wel )?graag|graag (?:meer|horen|weten|praten|bellen)|meer (?:weten|horen|over)|open voor|nieuwsgierig"
    r"|chetnie (?:porozmawiam|uslysze|poslucham|wyslucham|dowiem|poznam)|porozmawia|dowiedziec|uslysze|wiecej|otwart[ya] na)\w*"
    rf"(?![^.?!]*\b(?:{_SOME_DAY}))",
)
_QUESTION = re.compile(r"[^.?!]*\?(?=[\s?!)\"']|$)")
_BEGONE = re.compile(
    r"\b(?:remov(?:e|ing)\b|delet|stop(?! by)|unsubscrib|(?:how|where) did you (?:get|find|obtain|come)|got my|losch|entfern|streich|woher (?:haben|hast)|supprim|retir(?:er|ez)|d'ou|(?:comment|ou) avez[- ]vous"
    r"|elimin|borr(?:ar|e)|(?:de )?donde (?:ha|consigui|obtuv|sac)|remov(?:er|a)\b|apag(?:ar|ue)|(?:de )?onde (?:conseguiu|obteve|tirou)|cancell|rimuov|dove (?:ha|hai|avete)|verwijder|(?:waar|hoe) (?:heb|heeft|kom)|usun|skad)",
)

# "Not available on Thursday" and "am Montag passt es nicht" decline a day, not a job.
_OF_A_TIME = re.compile(r"availab|verfugbar|disponi|beschikbaar|passt|right time|good fit")
_DAY = re.compile(
    r"\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)days?|tomorrow|today|tonight|(?:that|this|next) (?:day|week|morning|afternoon)"
    r"|(?:mon|diens|donners|frei|sams|sonn)tags?|mittwochs?|morgen|heute|(?:diese|nachste)n? woche"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche|demain|cette semaine"
    r"|lunes|martes|miercoles|jueves|viernes|sabado|domingo|manana|esta semana"
    r"|(?:segunda|terca|quarta|quinta|sexta)(?:-feira)?|amanha"
    r"|lunedi|martedi|mercoledi|giovedi|venerdi|sabato|domenica|domani"
    r"|(?:maan|dins|woens|donder|vrij|zater|zon)dag|deze week|volgende week"
    r"|poniedzialek|wtorek|sroda|srode|czwartek|piatek|jutro|at \d{1,2}|um \d{1,2}|\d{1,2}[:.h]\d\d|\d{1,2} ?(?:[ap]\.?m|uhr)|noon"
    # "Not available until March" tells when one could begin.
    r"|(?:until|till|before|bis|vor|avant|jusqu'(?:en|a|au)|tot|voor) (?:\w{1,9} ){0,3}?(?:\d{1,2}|jan(?:uar[iy]?|vier)?|feb(?:ruar[iy]?)?|fevrier|march|marz|mars|maart|april|avril|may|mai|mei"
    r"|jun[ei]|juin|jul[iy]|juillet|aug(?:ust(?:us)?)?|aout|sep(?:t|tember|tembre)?|o[ck]t(?:ober|obre)?|nov(?:ember|embre)?|de[cz](?:ember|embre)?))\b"
)


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What is kept of a message that the owner sent: marks, to whom, when and what kind; no text.

    Attributes:
        people: whom it makes a contact, or warms; nobody for what is not meant for a person.
    """

    sent_at: datetime
    reply: Reply
    marks: tuple[Mark, ...]
    people: tuple[Address, ...]


def read_sent(message: Message, sent_at: datetime, own: Collection[str], thread: str = "") -> SentMessage:
    """Return what is kept of a message that the owner sent.

    Args:
        own: the owner's addresses, in small letters.
        thread: its In-Reply-To and References.
    """
    mine = {*own, message.sender.addr_spec if message.sender else ""}
    others = [one for one in (*message.recipients, *message.copied) if one.addr_spec not in mine]
    reply = kind_of(message)
    marks = marks_of_sent(message_ids(thread or message.in_reply_to or ""), others[:_MOST_RECIPIENTS], message.subject)
    is_meant = reply is Reply.ANSWER and len(others) <= _MOST_RECIPIENTS
    people = tuple({one.addr_spec: one for one in others if is_meant and is_personal(one.addr_spec)}.values())
    return SentMessage(sent_at, reply, marks, people)


def kind_of(message: Message) -> Reply:
    """Return what a sent message is, by its own first words; what it quotes says nothing."""
    if "auto-submitted" in message.list_facts or "precedence-bulk" in message.list_facts:
        return Reply.AUTOMATIC
    text = _plain(message.text[:_SHORT])
    subject = _plain(message.subject)
    if _UNSUBSCRIBE.search(text[:80]) or (not text and _UNSUBSCRIBE.search(subject)) or subject == "unsubscribe":
        return Reply.UNSUBSCRIBE
    found = next((one for one in _DECLINE.finditer(text) if not _declines_a_day(text, one)), None)
    if found and not _YET_INTERESTED.search(text, found.end()) and not _asks(text, found.end()):
        return Reply.DECLINE
    return Reply.ANSWER


def _asks(text: str, start: int) -> bool:
    """Return whether a question follows, other than one how to be left alone."""
    return any(not _BEGONE.search(one[0]) for one in _QUESTION.finditer(text, start))


def _declines_a_day(text: str, found: re.Match[str]) -> bool:
    """Return whether what reads like a no is about when to meet: its sentence names a day."""
    if not _OF_A_TIME.search(found[0]):
        return False
    start = max(text.rfind(mark, 0, found.start()) for mark in ".?!") + 1
    end = min((place for mark in ".?!" if (place := text.find(mark, found.end())) >= 0), default=len(text))
    return _DAY.search(text, start, end) is not None


def _plain(text: str) -> str:
    return " ".join(without_accents(text.casefold().replace("’", "'")).split())
