"""Counts that platforms tell of the owner's profile: "you appeared in 30 searches this week"."""

import re
from collections.abc import Collection
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


# In small letters without accents; a blank stands for any white space, `#` for the number.
_NUMBER = r"(?<![\d.,])(\d{1,3}(?:[., ]\d{3}){1,2}|\d{1,6})(?![\d])"
_SEARCHES = (
    r"(?:appeared|showed up) in # search",
    r"# search appearances?",
    r"# people (?:found you|searched)",
    r"(?:in|erscheinen in|erschienen in|tauchten in) # such(?:anfrage|e)",
    r"#(?:-| )?mal (?:gefunden|in suchen|in der suche)",
    r"# suchanzeige",
    r"apparue?(?:\(e\)|·e)? dans # (?:resultats de )?recherche",
    r"# apparitions? dans (?:les|des) (?:resultats de )?recherche",
    r"(?:aparecido|apareciste) en # (?:resultados de )?(?:busqueda|resultado)",
    r"# apariciones? en (?:las )?(?:resultados de )?busqueda",
    r"te han encontrado # veces",
    r"apareceu em # (?:resultados de )?(?:pesquisa|busca)",
    r"# aparic(?:oes|ao) em (?:resultados de )?(?:pesquisa|busca)",
    r"(?:apparso|apparsa|comparso|comparsa|apparso/a|comparso/a) in # ricerc",
    r"# (?:comparse|apparizioni) nelle ricerche",
    r"in # zoekopdracht",
    r"# zoekopdrachten",
    r"w (?:wynikach )?# wyszukiwa",
    r"# wyszukiwa(?:n|nia) z twoim profilem",
    r"(?:^|\n)#\s?(?:pesquisas|suchanfragen|searches|recherches|busquedas|ricerche|wyszukiwan)\b",
)
_WHO = r"(?:people|persons|recruiters?|personen|personnes|personas|pessoas|persone|mensen|osob\w*)"
# "150 people viewed this job" tells of a job: the profile is named, or the owner is.
_VIEWS = (
    rf"# {_WHO} (?:have )?(?:viewed|looked at) (?:your profile|you\b)",
    rf"# {_WHO} (?:haben|besuchten) (?:sich )?(?:ihr|dein) profil",
    rf"# {_WHO} ont (?:consulte|vu) (?:votre|ton) profil",
    rf"# {_WHO} (?:han visto|vieron|han consultado) (?:su|tu) perfil",
    rf"# {_WHO} (?:viram|visualizaram|visitaram) (?:o )?seu perfil",
    rf"# {_WHO} hanno (?:visto|visualizzato|guardato) il (?:tuo|suo) profilo",
    rf"# {_WHO} hebben (?:je|uw|jouw) profiel",
    r"# profile views?",
    r"# profilbesuche",
    r"# vues? (?:de|du) (?:votre |ton )?profil",
    r"# visitas? a (?:tu|su) perfil",
)
_COUNTS = tuple(
    (kind, re.compile(pattern.replace(" ", r"\s").replace("#", _NUMBER.replace(" ", r"\s"))))
    for kind, patterns in ((Kind.SEARCHES, _SEARCHES), (Kind.VIEWS, _VIEWS))
    for pattern in patterns
)
_MOST_TEXT = 2000


def find_count(subject: str, text: str, wanted: Collection[Kind] = tuple(Kind)) -> tuple[Kind, int] | None:
    """Return what a platform counts and the count, None where its words tell none.

    Args:
        text: its visible text, of which the beginning is looked at where the subject tells nothing.
    """
    for words in (subject[:_MOST_TEXT], text[:_MOST_TEXT]):
        lines = without_accents(words.casefold()).splitlines()
        plain = "\n".join(" ".join(line.split()) for line in lines)
        for kind, pattern in _COUNTS:
            if kind in wanted and (match := pattern.search(plain)):
                return kind, int(re.sub(r"\D", "", match[1]))
    return None


def read_appearance(sender: Address | None, subject: str, text: str, seen_at: datetime) -> Appearance | None:
    """Return the count that a platform's notice tells, None where it tells none.

    Args:
        text: the beginning of its visible text, which is looked at where the subject tells nothing.
    """
    platform = registrable(sender.domain) if sender else ""
    if platform not in PLATFORMS:
        return None
    found = find_count(subject, text)
    return Appearance(platform, *found, seen_at) if found else None
