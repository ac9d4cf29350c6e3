"""Counts that platforms tell of the owner's profile: "you appeared in 30 searches this week"."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from triage.classify.domains import PLATFORMS, registrable
from triage.classify.normalise import without_accents
from triage.records import Address


class Kind(StrEnum):
    """What is counted."""

    SEARCHES = "searches"
    VIEWS = "views"


@dataclass(frozen=True, slots=True)
class Appearance:
    """One count of a series."""

    platform: str
    kind: Kind
    number: int
    seen_at: datetime


_NUMBER = r"(?P<number>\d{1,3}(?:[., ]\d{3})+|\d{1,6})"
_SEARCHES = re.compile(
    rf"(?:appeared in|in|erscheinen in|erschienen in|tauchten in|apparu dans|apparu\(?e?\)? dans|aparecido en|apareciste en|apareceu em"
    rf"|comparso in|comparsa in|weergegeven in|in|w) {_NUMBER} (?:search|such|recherche|busqueda|resultados de|pesquisa|ricerc|zoek|wyszuk)"
    rf"|(?P<second>\d{{1,6}}) (?:search appearance|people (?:found|searched)|suchanzeige)"
)
_VIEWS = re.compile(
    rf"{_NUMBER} (?:people|persons|recruiters?|personen|personnes|personas|pessoas|persone|mensen|osob\w*) "
    r"(?:have )?(?:viewed|looked at|haben (?:ihr|dein) profil|besuchten|ont (?:consulte|vu)|(?:han visto|vieron)|viram|visualizaram|hanno visto|hebben)"
    rf"|(?P<second>\d{{1,6}}) (?:profile views?|profilbesuche\w*|vues? (?:de|du) profil|visitas? a (?:tu|su) perfil)"
)


def read_appearance(sender: Address | None, subject: str, text: str, seen_at: datetime) -> Appearance | None:
    """Return the count that a platform's notice tells, None where it tells none.

    Args:
        text: the beginning of its visible text, which is looked at where the subject tells nothing.
    """
    platform = registrable(sender.domain) if sender else ""
    if platform not in PLATFORMS:
        return None
    for words in (subject, text[:2000]):
        plain = " ".join(without_accents(words.casefold()).split())
        for kind, pattern in ((Kind.SEARCHES, _SEARCHES), (Kind.VIEWS, _VIEWS)):
            match = pattern.search(plain)
            if match:
                number = next(value for value in match.groups() if value)
                return Appearance(platform, kind, int(re.sub(r"\D", "", number)), seen_at)
    return None
