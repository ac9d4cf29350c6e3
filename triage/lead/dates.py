"""Days that a text names, resolved against the day it was written.

Only what people write in full is resolved: a day and month, a date in figures, a day of the
week. "End of May", "asap" and "ab Ostern" stay phrases. Without a year the next such
day is meant. A library that guesses (dateparser) reads "May" as today's day in May.
"""

import re
from datetime import date, timedelta
from enum import StrEnum

from triage.lead.fold import fold

_MONTHS = (
    "jan januar january janvier enero janeiro gennaio januari stycznia styczen ene genn stycz",
    "feb februar february fevrier febrero fevereiro febbraio februari lutego luty fev febr lut",
    "mar marz march mars marzo marco maart marca marzec mrt",
    "apr april avril abril aprile kwietnia kwiecien avr abr kwi",
    "may mai mayo maio maggio mei maja maj mag",
    "jun juni june juin junio junho giugno czerwca czerwiec giu cze",
    "jul juli july juillet julio julho luglio lipca lipiec lug lip juil",
    "aug august aout agosto augustus sierpnia sierpien ago sie",
    "sep sept september septembre septiembre setembro settembre wrzesnia wrzesien set wrz setiembre",
    "oct okt october oktober octobre octubre outubro ottobre pazdziernika pazdziernik out ott paz",
    "nov november novembre noviembre novembro listopada listopad lis",
    "dec dez december dezember decembre diciembre dezembro dicembre grudnia grudzien dic gru",
)
_MONTH = {name: number for number, names in enumerate(_MONTHS, 1) for name in names.split()}
_WEEKDAYS = (
    "monday montag lundi lunes segunda segunda-feira lunedi maandag poniedzialek poniedzialku mon",
    "tuesday dienstag mardi martes terca terca-feira martedi dinsdag wtorek wtorku tue tues",
    "wednesday mittwoch mercredi miercoles quarta quarta-feira mercoledi woensdag sroda srode srody wed",
    "thursday donnerstag jeudi jueves quinta quinta-feira giovedi donderdag czwartek czwartku thu thurs",
    "friday freitag vendredi viernes sexta sexta-feira venerdi vrijdag piatek piatku fri",
    "saturday samstag sonnabend samedi sabado sabato zaterdag sobota sobote soboty sat",
    "sunday sonntag dimanche domingo domenica zondag niedziela niedziele niedzieli sun",
)
_WEEKDAY = {name: number for number, names in enumerate(_WEEKDAYS) for name in names.split()}
_TODAY = {
    "today": 0,
    "heute": 0,
    "aujourd'hui": 0,
    "hoy": 0,
    "hoje": 0,
    "oggi": 0,
    "vandaag": 0,
    "dzis": 0,
    "dzisiaj": 0,
}
_TOMORROW = {"tomorrow": 1, "morgen": 1, "demain": 1, "manana": 1, "amanha": 1, "domani": 1, "jutro": 1}
_NEAR = _TODAY | _TOMORROW
_ISO = re.compile(r"\b((?:19|20)\d\d)-(\d{1,2})-(\d{1,2})\b")
_FIGURES = re.compile(r"\b(\d{1,2})([./])(\d{1,2})(?:\2((?:19|20)?\d\d))?(?!\d)")
# "1.5 months" is no day.
_SPAN = re.compile(
    r"\s?(?:months?|monat\w*|mois|mes(?:es|i)?|maand\w*|miesi\w*|years?|yrs?|jahr\w*|ans|anos?|anni|jaar|lat|days?|tage?n?|jours?|dias?|giorni|dagen|dni"
    r"|hours?|hrs?|h|std|stunden|heures?|horas?|ore|uur|uren|k|%)(?!\w)"
)
_DAY_MONTH = re.compile(
    r"\b(\d{1,2})(?:st|nd|rd|th|er|\.|º|°)?\s+(?:of\s+|de\s+|di\s+)?([^\W\d_]{3,12})\.?(?:,?\s+(?:de\s+|del\s+)?((?:19|20)\d\d))?"
)
_MONTH_DAY = re.compile(
    r"\b([^\W\d_]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?\b(?:,?\s+((?:19|20)\d\d))?(?!\s?[:h%.,]?\d)"
)
_WORD = re.compile(r"[^\W\d_]+(?:['-][^\W\d_]+)*")
_VAGUE = re.compile(
    r"\b(?:end|mid|middle|beginning|start|early|late|ende|mitte|anfang|fin|mi|debut|finales|mediados|principios|fim|meados|inicio|meta|fine|inizio|eind|begin|koniec|konca|polowie|poczatku|poczatek|around|circa|um|umkring|week|weeks|woche|wochen|semaine|semana|settimana|tydzien)\b"
)
_CENTURY = 2000
_MONTHS_A_YEAR = 12


class Order(StrEnum):
    """Which of the two figures of 4/3 comes first."""

    DAY_FIRST = "day_first"
    MONTH_FIRST = "month_first"


_MONTH_FIRST_COUNTRIES = frozenset({"us", "ph"})
# Canadians write both; the others are bought for their letters.
_TELL_NOTHING = frozenset(["ca", "ai", "cc", "co", "fm", "gg", "io", "ly", "me", "sh", "so", "to", "tv", "ws"])


def tell_order(country: str, language: str | None) -> Order | None:
    """Return how people there write days in figures, None where it cannot be told.

    Args:
        country: of the sender's domain, in lower case; empty where it tells none.
    """
    if country in _MONTH_FIRST_COUNTRIES:
        return Order.MONTH_FIRST
    if country and country not in _TELL_NOTHING:
        return Order.DAY_FIRST
    return Order.DAY_FIRST if language not in {None, "en"} else None


def resolve_day(phrase: str, written: date | None, *, order: Order | None = None) -> date | None:
    """Return the day that a phrase names, None where it cannot be told which.

    Args:
        written: the day of the message; without it only dates with a year are resolved.
        order: what 4/3 is; None where that is not known, and such a phrase names no day.
    """
    text = fold(phrase)
    if _VAGUE.search(text):
        return None
    return _in_full(text, written, order) or _near(text, written)


def _in_full(text: str, written: date | None, order: Order | None) -> date | None:
    if match := _ISO.search(text):
        return _day(int(match[1]), int(match[2]), int(match[3]))
    for match in _DAY_MONTH.finditer(text):
        if month := _MONTH.get(match[2]):
            return _dated(match[3], month, int(match[1]), written)
    for match in _MONTH_DAY.finditer(text):
        if month := _MONTH.get(match[1]):
            return _dated(match[3], month, int(match[2]), written)
    match = _FIGURES.search(text)
    if match is None or (not match[4] and _SPAN.match(text, match.end())):
        return None
    first, second = int(match[1]), int(match[3])
    # With a point the day comes first everywhere; with a stroke only a figure beyond 12 tells by itself.
    if match[2] == "/" and first != second and max(first, second) <= _MONTHS_A_YEAR and order is None:
        return None
    is_month_first = order is Order.MONTH_FIRST if max(first, second) <= _MONTHS_A_YEAR else second > _MONTHS_A_YEAR
    if match[2] == "/" and is_month_first:
        first, second = second, first
    return _dated(match[4], second, first, written)


def _near(text: str, written: date | None) -> date | None:
    if written is None:
        return None
    for word in _WORD.findall(text):
        if word in _NEAR:
            return written + timedelta(days=_NEAR[word])
        if word in _WEEKDAY:
            return written + timedelta(days=(_WEEKDAY[word] - written.weekday() - 1) % 7 + 1)
    return None


def _dated(year: str | None, month: int, day: int, written: date | None) -> date | None:
    if year:
        number = int(year)
        return _day(number if number >= 100 else _CENTURY + number, month, day)  # noqa: PLR2004  two figures
    if written is None:
        return None
    found = _day(written.year, month, day)
    if found is None or found >= written:
        return found
    return _day(written.year + 1, month, day)


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
