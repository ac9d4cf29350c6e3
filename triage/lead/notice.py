"""Notices: by which way a message came, who wrote the message inside, and what is no message at all.

Platforms, voice boxes, calendars and contact forms send in their own name what a
person wrote. The person and the words are what a card is about.
"""

import re
from dataclasses import dataclass

from triage.classify.domains import registrable
from triage.classify.notices import DIGEST, INVITATION, NoticeKind
from triage.lead.appearance import Kind, find_count
from triage.lead.material import Material, Zone
from triage.lead.opportunity import Channel, Fact
from triage.records import Message

_SITES = {
    "linkedin.com": Channel.LINKEDIN,
    "xing.com": Channel.XING,
    "facebook.com": Channel.FACEBOOK,
    "facebookmail.com": Channel.FACEBOOK,
    "twitter.com": Channel.X,
    "x.com": Channel.X,
    "indeed.com": Channel.INDEED,
    "indeedemail.com": Channel.INDEED,
    "wellfound.com": Channel.WELLFOUND,
    "angel.co": Channel.WELLFOUND,
}
_VIA = re.compile(
    r"\b(?:via|über|przez|vía|através d[oe]|tramite|par)\s+(linkedin|xing|facebook|twitter|x|indeed|wellfound)\b",
    re.IGNORECASE,
)
_VOICE = re.compile(
    r"voice ?-?mail|voice (?:message|box)|sprachnachricht|mailbox-nachricht|anrufbeantworter|messagerie vocale|message vocal"
    r"|buz[oó]n de voz|mensaje de voz|correo de voz|mensagem de voz|caixa postal|messaggio vocale|segreteria telefonica"
    r"|voicemailbericht|wiadomo[sś][cć] g[lł]osow|poczta g[lł]osow|vm2mail|unity connection",
    re.IGNORECASE,
)
_TRANSCRIPT = re.compile(
    r"transcri|transkri|trascri|przepisan|(?:duration|dauer|durée|duración|duração|durata)\W{1,3}\d", re.IGNORECASE
)
# A person who speaks of a call: "I left you a voicemail", "following up on my voicemail".
_SPEAKS_OF_A_CALL = re.compile(
    r"\b(?:(?:left|leave|leaving|sent)(?: (?:you|a|an|another|quick|short|brief)){0,4}|(?:my|your|our|got the|third|last)(?: (?:last|earlier|recent|quick|previous)){0,2}"
    r"|(?:auf|meine|ihre[nmr]?|deine[nmr]?)(?: (?:ihre[nmr]?|deine[nmr]?|der|den))?|(?:laissé|envoyé)(?: un)?|(?:mon|votre|ton)|(?:dejé|dejado|enviado|mandado)(?: un)?|(?:mi|su|tu)"
    r"|(?:deixei|deixado|enviei)(?: uma)?|(?:minha|sua)|(?:lasciato|mandato)(?: un)?|(?:mio|suo|tuo)|(?:mijn|uw|je)|(?:zostawił[ae]m|moj[ąaeęi]+))"
    rf" (?:{_VOICE.pattern})",
    re.IGNORECASE,
)
_FORM = re.compile(
    r"contact form|website form|form submission|formmailer|form mailer|website enquir|(?:sent|submitted|received|posted|message|enquiry|inquiry|request)(?: \w+){0,3} via your website|kontaktformular|formulaire de contact"
    r"|formulario de contacto|formul[aá]rio de contato|formul[aá]rio de contacto|modulo (?:di )?contatt|contactformulier"
    r"|formularz(?:a)? kontaktow|new (?:enquiry|inquiry) via|new full-time inquiry|neue anfrage über",
    re.IGNORECASE,
)
_CALENDAR = re.compile(
    r"^(?:(?:updated )?invitation|einladung|invitation mise à jour|invitaci[oó]n|convite|invito|uitnodiging|zaproszenie|termin)\s*:.*(?:@|\d{1,2}[:.]\d{2})",
    re.IGNORECASE,
)
_CALENDAR_SENDER = re.compile(r"calendar-notification@|@calendly\.|@cal\.com$", re.IGNORECASE)

_NAME = r"(?P<name>(?:(?:Dr|Prof|Dra|Mag|Ing|ks)\.\s+)*[^\W\d_a-z][\w.'’-]*(?:\s+(?:(?:de|da|do|dos|van|von|der|den|di|del|della|la|le|el|ten|af)\s+)*[^\W\d_a-z][\w.'’-]*){0,4})"
_HANDLE = r"(?:\s*\([^()\n]{1,60}\))?(?:,[^,\n]{3,60},)?"
_INSIDE = tuple(
    re.compile(pattern)
    for pattern in (
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:has\s+)?(?:just\s+)?(?:sent|messaged|replied|wrote|written|shared|mentioned|invited|rescheduled|added)\b",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+hat\s+(?:dir|Ihnen|dich|Sie)\b",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:vous|t['’])\s*a\s+(?:envoyé|écrit|adressé)",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:te|le|lhe|ti|Le|Ti|Ci)\s+(?:ha|envió|mandó|escribió|enviou|mandou|escreveu)\b",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:enviou|mandou|escreveu)-(?:lhe|te)",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+ti\s+ha\s+(?:inviato|scritto|mandato)",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:heeft|stuurde)\s+(?:je|u)\b",
        rf"(?m)^\s*{_NAME}{_HANDLE}\s+(?:wysłał|napisał|przesłał)\w*(?:\(a\))?\s",
        rf"(?i:new message|neue nachricht|nachricht|nouveau message|nuevo mensaje|mensaje|nova mensagem|mensagem|nuovo messaggio|messaggio|nieuw bericht|nowa wiadomość|wiadomość|inmail)\s+(?i:from|von|de|da|van|od|di)\s+{_NAME}",
        rf"(?m)^\s*(?i:name|nom|nombre|nome|naam|imię i nazwisko|imię|absender|from|von|contact)\s*:\s*{_NAME}\s*(?:$|,|\()",
    )
)
_VIA_NAME = re.compile(
    rf"^{_NAME}\s+(?:via|über|przez|vía|no|na|su|sur|en|door)\s+(?:LinkedIn|XING|Xing|Facebook|Twitter|X|Indeed|Wellfound)\b"
)
_SELF = re.compile(
    r"^(?:linkedin|xing|facebook|messenger|twitter|x|indeed|wellfound|google|whatsapp|voicemail|new|re|fwd?|mailbox)\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Notice:
    """What a notice carries; `writer` is the person inside, as far as the notice names one."""

    channel: Channel
    kind: NoticeKind
    writer: Fact | None


def read_notice(material: Material) -> Notice | None:
    """Return what is inside a notice; None for mail that its sender wrote."""
    message = material.message
    channel = tell_channel(message)
    if channel is Channel.MAIL:
        return None
    return Notice(channel, _kind(message, channel), _writer(material, channel))


def tell_channel(message: Message) -> Channel:
    """Return the way by which a message came."""
    sender = message.sender
    site = registrable(sender.domain) if sender else ""
    if site in _SITES:
        return _SITES[site]
    head = f"{sender.name if sender else ''} {sender.addr_spec if sender else ''} {message.subject}"
    if _announces_a_call(head) or (_announces_a_call(message.text[:200]) and _TRANSCRIPT.search(message.text[:400])):
        return Channel.VOICEMAIL
    if _FORM.search(f"{head}\n{message.text[:160]}\n{message.text[-200:]}"):
        return Channel.CONTACT_FORM
    if (
        _CALENDAR.search(message.subject)
        or (sender and _CALENDAR_SENDER.search(sender.addr_spec))
        or any(one.media_type == "text/calendar" for one in message.attachments)
    ):
        return Channel.CALENDAR
    via = _VIA.search(sender.name) if sender else None
    return next((one for one in Channel if via and one.value == via[1].lower().replace("twitter", "x")), Channel.MAIL)


def _announces_a_call(words: str) -> bool:
    return _VOICE.search(_SPEAKS_OF_A_CALL.sub(" ", words)) is not None


def _kind(message: Message, channel: Channel) -> NoticeKind:
    if channel in {Channel.VOICEMAIL, Channel.CALENDAR, Channel.CONTACT_FORM}:
        return NoticeKind.MESSAGE
    if count_appearances(message) is not None:
        return NoticeKind.APPEARANCES
    local = message.sender.local_part if message.sender else ""
    if INVITATION.search(message.subject) or INVITATION.search(f"{local}@"):
        return NoticeKind.INVITATION
    return NoticeKind.DIGEST if DIGEST.match(local) else NoticeKind.MESSAGE


def count_appearances(message: Message) -> int | None:
    """Return N of a notice "you appeared in N searches"; None for every other message."""
    site = registrable(message.sender.domain) if message.sender else ""
    if site not in _SITES:
        return None
    found = find_count(message.subject, message.text, {Kind.SEARCHES})
    return found[1] if found else None


def _writer(material: Material, channel: Channel) -> Fact | None:
    sender = material.texts[Zone.SENDER]
    if match := _VIA_NAME.match(sender):
        return Fact(match["name"], match["name"])
    if (
        channel is Channel.CALENDAR
        and sender
        and not _CALENDAR_SENDER.search(material.message.sender.addr_spec if material.message.sender else "")
    ):
        return None
    for text in (material.texts[Zone.TEXT][:500], material.texts[Zone.SUBJECT]):
        for pattern in _INSIDE:
            match = pattern.search(text)
            if match and not _SELF.match(match["name"]):
                name = match["name"].rstrip(" .,'’-")
                return Fact(name, name)
    return None
