"""Notices of platforms: what a mail of LinkedIn, XING or Indeed is about, told by its template, its sender or its wording.

A person's message, an invitation and a job alert come from the same domains, and only the first is somebody's word.
"""

import re
from enum import StrEnum

from triage.classify.normalise import without_accents
from triage.records import Message


class NoticeKind(StrEnum):
    """What a platform's notice is about."""

    MESSAGE = "message"
    INVITATION = "invitation"
    APPEARANCES = "appearances"
    APPLICATION = "application"
    DIGEST = "digest"


# X-LinkedIn-Class and -Template as mails in public repositories have them: INMAIL email_hire_inmail_initial_single_01,
# MBR-TO-MBR, INVITE-GUEST, SAVEDSEARCH email_job_alert_digest_01, JOBS-TO-MBR jobs_jymbii_digest,
# email_jobs_job_application_viewed, jobs_applicant_applied, EMAIL-DEFAULT email_editorial_suggested_top_conversations_01.
_TEMPLATES = (
    (NoticeKind.APPLICATION, re.compile(r"applica(?:nt|tion)|applied")),
    (NoticeKind.INVITATION, re.compile(r"invite|invitation|connection")),
    (NoticeKind.APPEARANCES, re.compile(r"search[_-]?appear|wvmp|profile[_-]?view|viewed[_-](?:my|your)[_-]profile")),
    (NoticeKind.MESSAGE, re.compile(r"inmail|mbr-to-mbr|m2m|messag|msg")),
    (
        NoticeKind.DIGEST,
        re.compile(r"savedsearch|job[_-]?alert|jobs?[_-]|digest|newsletter|editorial|network|suggest|recommend|group"),
    ),
)
INVITATION = re.compile(
    r"^invitations?@|join (?:your|my) network|wants to connect|add (?:you|me) to (?:my|your) .{0,25}network|netzwerk hinzuf|rejoindre votre réseau"
    r"|quiere conectar|unirte a mi red|adicion[aá]-lo à (?:sua )?rede|quer (?:se )?conectar|vorrebbe collegarsi|nuovo invito|wil (?:graag )?connectie|do sieci",
    re.IGNORECASE,
)
DIGEST = re.compile(
    r"^(?:notifications?-noreply|jobalerts?|jobs-listings|editors-noreply|endorsements|alert|billing|updates|news(?:letter)?)\b",
    re.IGNORECASE,
)
"""Local parts of addresses that send no person's words."""

_SENDERS = (
    (NoticeKind.INVITATION, re.compile(r"invitations?\b")),
    (NoticeKind.MESSAGE, re.compile(r"(?:inmail-)?hit-reply|messaging|inmail|nachricht|mensaje|mensage")),
    (NoticeKind.DIGEST, re.compile(r"(?!notif|billing)" + DIGEST.pattern.removeprefix("^"))),
)
_MESSAGES = re.compile(r"messages?-no")
"""Congratulations come from there as well: it tells where the subject does not."""
_VIA = re.compile(r"\b(?:via|uber|przez|atraves d[oe]|tramite|par)\s+(?:linkedin|xing|facebook|indeed|wellfound)\b")
# In small letters without accents.
_WORDING = (
    (
        NoticeKind.APPEARANCES,
        re.compile(
            r"(?:appear(?:ed|ances?)|showed up) in .{0,25}search|search appearances?|profile views?|getting noticed"
            r"|(?:viewed|looked at|looking at|visited) your (?:profile|resume|cv)|profiel bekeken"
            r"|in .{0,15}such(?:anfrage|ergebnis)|profil(?:besuch|aufruf|ansicht)|(?:ihr|dein) profil .{0,20}(?:angesehen|besucht|gefunden)"
            r"|besucht\w* .{0,12}profil|apparu\S* dans .{0,25}recherche|apparitions? dans|(?:consulte|vu|visite|regarde) (?:votre|ton) profil"
            r"|vues? d[eu] (?:votre |ton )?profil|(?:aparecido|apareciste|aparecio|apariciones) en .{0,25}(?:busqueda|resultado)"
            r"|(?:visto|vieron|visitado|visito|consultado) (?:tu|su) perfil|visitas? a (?:tu|su) perfil"
            r"|(?:apareceu|apareceste|aparicoes) em .{0,25}(?:pesquisa|busca|resultado)"
            r"|(?:viu|viram|visualizou|visualizaram|visitou|visitaram) (?:o )?(?:seu|teu) perfil|visualizac\w+ (?:do )?(?:seu |teu )?perfil"
            r"|(?:appars|compars)\S* in .{0,15}ricerc|comparse nelle ricerche|(?:visto|visualizzato|guardato) il (?:tuo|suo) profilo|zoekopdracht|wynikach .{0,10}wyszukiwa"
        ),
    ),
    (
        NoticeKind.INVITATION,
        re.compile(
            r"invitation to connect|(?:invited|invites) you to connect|(?:accepted|accept) .{0,25}invitation|connection request"
            r"|(?:mochte|will) .{0,30}(?:vernetzen|kontakt hinzufugen|netzwerk aufnehmen)|kontaktanfrage|zu (?:ihrem|deinem|meinem) netzwerk"
            r"|invitation .{0,15}(?:connecter|reseau)|souhaite (?:vous ajouter|se connecter|entrer en (?:contact|relation))|rejoindre (?:mon|votre) reseau"
            r"|(?:invitacion|invitado|invita) .{0,15}(?:conectar|red\b)|(?:quiere|gustaria) (?:conectar|anadirte|agregarte|unirse)|solicitud de contacto"
            r"|(?:convite|convidou|convida) .{0,20}(?:conectar|rede|ligar)|(?:quer|gostaria) .{0,20}(?:conectar|rede\b|ligar-se)|aceitou o (?:seu|teu) convite"
        ),
    ),
    (
        NoticeKind.APPLICATION,
        re.compile(
            r"your application|indeed application|application (?:was|has been) |you applied|(?:ihre|deine|ihrer|deiner) bewerbung|bewerbung (?:wurde|ist) "
            r"|(?:votre|ta) candidature|candidature (?:envoyee|transmise|recue|consultee)|(?:tu|su) (?:candidatura|solicitud|postulacion)"
            r"|(?:candidatura|solicitud|postulacion) (?:enviada|recibida|vista)|te (?:postulaste|has inscrito|inscribiste)"
            r"|(?:sua|tua) (?:candidatura|inscricao)|candidatura (?:enviada|recebida|visualizada)|voce se candidatou|te candidataste"
            r"|tua candidatura|je sollicitatie|(?:twoja|twoje) (?:aplikacj|zgloszeni)"
        ),
    ),
    (
        NoticeKind.MESSAGE,
        re.compile(
            r"\bmessage|inmail|messaged you|(?:sent|wrote to|replied to) you|invite[ds] you to apply|interested in your (?:resume|cv)|wants? to (?:hire|interview|talk to) you"
            r"|nachricht|hat (?:ihnen|dir|sie|dich) .{0,30}(?:geschrieben|geschickt|gesendet|angeschrieben)|(?:vous|t.) a (?:envoye|ecrit|contacte)"
            r"|souhaite echanger|mensaje|te (?:ha )?(?:envio|escribio|mando|enviado|escrito|contacto)\b|mensagem|(?:enviou|escreveu|mandou)[ -](?:lhe|te|uma)"
            r"|te (?:enviou|escreveu|mandou)|messaggio|ti ha (?:scritto|inviato)|\bbericht|heeft (?:je|u) |wiadomosc"
        ),
    ),
    (
        NoticeKind.DIGEST,
        re.compile(
            r"\b(?:new|more|\d+\+?|top|similar|recommended) .{0,40}\b(?:jobs?|roles|openings|vacancies)\b|jobs? (?:alert|for you|you may|near you|picks)|(?:is|are) (?:now )?hiring"
            r"|recommended|weekly|digest|newsletter|top (?:posts|conversations|stories)|trending|congratulate|work anniversary|happy birthday|endorsed you"
            r"|\b(?:neue|weitere|passende|\d+) .{0,30}(?:jobs?|stellen\w*)\b|jobs? fur (?:sie|dich)|jobempfehlung|suchauftrag|neue treffer|neue stelle passend|gratulieren"
            r"|(?:nouvelles?|\d+) offres?|offres? d.emploi|alerte|recommande\w* pour vous|felicitez"
            r"|(?:nuev[ao]s?|\d+) .{0,20}(?:ofertas?|empleos?|vacantes?)|ofertas? de empleo|alerta de|recomendad|felicita a"
            r"|(?:novas?|\d+) .{0,20}vagas?|vagas? para (?:voce|si|ti)|se encaixa nesta vaga|parabenize|felicite"
            r"|offerte di lavoro|congratulati con|auguri a|\bvacatures\b|ofert\w* pracy|new jobs"
        ),
    ),
)
_BEGINNING = 300
_NEAR = 30
_DIGIT = re.compile(r"\d")


def tell_notice(
    message: Message, subject: str, text: str, *, is_template_believed: bool
) -> tuple[NoticeKind, str] | None:
    """Return what a platform's mail is about and what shows it, None where nothing does.

    Args:
        message: one from a platform's domain.
        subject: folded.
        text: folded, of which the beginning is looked at.
        is_template_believed: whether the platform itself wrote the X-LinkedIn headers.
    """
    template = message.platform_class.lower() if is_template_believed else ""
    sender = message.sender
    sources = [(template, _TEMPLATES), (sender.local_part if sender else "", _SENDERS)]
    for source, patterns in sources:
        for kind, pattern in patterns:
            if source and (match := pattern.search(source) if patterns is _TEMPLATES else pattern.match(source)):
                return kind, match[0]
    if sender and (via := _VIA.search(without_accents(sender.name.lower()))):
        return NoticeKind.MESSAGE, via[0]
    if invites := INVITATION.search(subject):
        return NoticeKind.INVITATION, invites[0]
    if found := _tell_wording(subject):
        return found
    if sender and (messages := _MESSAGES.match(sender.local_part)):
        return NoticeKind.MESSAGE, messages[0]
    return _tell_wording(text[:_BEGINNING], needs_count=True)


def _tell_wording(words: str, *, needs_count: bool = False) -> tuple[NoticeKind, str] | None:
    """Return what words are about; "see who viewed your profile" of a text sells something unless it counts."""
    plain = " ".join(without_accents(words).split())
    for kind, pattern in _WORDING:
        match = pattern.search(plain)
        if match and not (
            needs_count
            and kind is NoticeKind.APPEARANCES
            and not _DIGIT.search(plain, max(0, match.start() - _NEAR), match.end())
        ):
            return kind, match[0]
    return None
