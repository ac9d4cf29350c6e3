"""Sums of money in a text: amounts, currency and what they are paid for, normalised.

Every sum that has a currency, a period or a word of wages beside it is found; which of
them are the pay is for `triage.lead.card` to weigh.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from triage.lead.opportunity import Pay, Period

_CURRENCIES = (
    ("USD", r"US\s?\$|USD|U\$S|u\$s|US-Dollar|d[oó]lares americanos"),
    ("CAD", r"CA\$|C\$|CAD|\$\s?CA\b|dollars canadiens"),
    ("AUD", r"A\$|AU\$|AUD"),
    ("NZD", r"NZ\$|NZD"),
    ("SGD", r"S\$|SGD"),
    ("HKD", r"HK\$|HKD"),
    ("MXN", r"MX\$|MXN|pesos mexicanos"),
    ("BRL", r"R\$|BRL|reais|real\b"),
    ("GBP", r"£|GBP|pounds?\b|quid\b|libras?\b|sterling"),
    ("EUR", r"€|EUR\b|euros?\b|Euros?\b|EURO\b|eurot?\b"),
    ("CHF", r"CHF|Franken\b|SFr\.?|Fr\.(?=\s?\d)|fr\.(?=\s?\d)|francs suisses|franchi\b|Fr\b(?=\.?\s?\d)"),
    ("PLN", r"PLN|zł(?:otych)?|zlotych|zl\b"),
    ("CZK", r"CZK|Kč"),
    ("SEK", r"SEK"),
    ("NOK", r"NOK"),
    ("DKK", r"DKK"),
    ("INR", r"₹|INR|Rs\.?(?=\s?\d)|lakhs?\b|LPA\b|lpa\b|crores?\b"),
    ("ZAR", r"ZAR|R(?=\s?\d)|rand\b"),
    ("NGN", r"₦|NGN|N(?=\d)|naira\b"),
    ("KES", r"KES|KSh|Ksh|shillings?\b"),
    ("AED", r"AED|dirhams?\b"),
    ("JPY", r"¥|JPY|yen\b"),
    ("ILS", r"₪|ILS|NIS"),
    ("TRY", r"₺|TRY"),
    ("HUF", r"HUF|Ft\b"),
    ("RON", r"RON|lei\b"),
    ("SAR", r"SAR"),
    ("QAR", r"QAR"),
    ("GHS", r"GHS"),
    ("ARS", r"ARS|AR\$|pesos argentinos"),
    ("CLP", r"CLP"),
    ("COP", r"COP"),
    ("PEN", r"PEN|S/\.?(?=\s?\d)|soles\b"),
    ("UAH", r"UAH|грн"),
    ("RUB", r"RUB|руб"),
    ("AOA", r"AOA|[Kk]wanzas?\b"),
    ("MZN", r"MZN|meticais\b"),
    ("?kr", r"kr\.?\b|kronor\b|kroner\b"),
    ("?$", r"\$|dollars?\b|bucks\b|d[oó]lares\b"),
    ("?peso", r"pesos\b"),
    ("?franc", r"francs?\b"),
)
_CODES = {f"c{place}": code for place, (code, _) in enumerate(_CURRENCIES)}
_CURRENCY = "|".join(pattern for _, pattern in _CURRENCIES)
_LOOKAHEAD = re.compile(r"\(\?=[^()]*\)")
_WHICH = re.compile("|".join(f"(?P<c{n}>{_LOOKAHEAD.sub('', pattern)})" for n, (_, pattern) in enumerate(_CURRENCIES)))
# By the country of the sender's domain: what "$", "kr", "pesos" and "francs" mean there.
_LOCAL = {
    "?$": {
        "ca": "CAD",
        "au": "AUD",
        "nz": "NZD",
        "sg": "SGD",
        "hk": "HKD",
        "mx": "MXN",
        "ar": "ARS",
        "cl": "CLP",
        "co": "COP",
        "us": "USD",
    },
    "?kr": {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"},
    "?peso": {"mx": "MXN", "ar": "ARS", "cl": "CLP", "co": "COP", "uy": "UYU", "ph": "PHP"},
    "?franc": {"ch": "CHF", "li": "CHF"},
}
_NUMBER = r"\d{1,3}(?:[.,'’ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?(?![\d])|\d{1,7}(?:[.,]\d{1,2})?(?!\d)"
_TIMES = (
    (
        r"k\b|K\b|mil\b|tys\.?|tis\b|mila\b|thousand\b|grand\b|T€|TEUR\b|tsd\.?|Tsd\.?|duizend\b|Tausend\b|tausend\b|mille\b",
        1000,
    ),
    (r"lakhs?\b|LPA\b|lpa\b", 100_000),
    (r"crores?\b", 10_000_000),
    (r"m\b|mio\.?|Mio\.?|million(?:s|en)?\b|millones\b|milhões\b|milioni\b|mln\b", 1_000_000),
)
_TIMES_ANY = "|".join(pattern for pattern, _ in _TIMES)
_SPACE = r"[ \u00a0\u202f]?"
_AMOUNT = (
    rf"(?:(?P<before{{0}}>{_CURRENCY}){_SPACE})?(?P<number{{0}}>{_NUMBER})(?:,-|,–|\.-|\.–)?"
    rf"(?P<plus{{0}}>\+)?(?:{_SPACE}(?P<times{{0}}>{_TIMES_ANY}))?(?P<more{{0}}>\+)?(?:{_SPACE}(?P<after{{0}}>{_CURRENCY}))?"
)


def _amount(group: str) -> str:
    # Groups inside the currency patterns have no names, so that only ours are numbered.
    return _AMOUNT.replace("{0}", group)


_BETWEEN = r"\s?(?:-|–|—|to|bis|à|a|até|do|tot|und|and|et|e|y|en|i|oder|or|/)\s?"
_SUM = re.compile(rf"(?<![\w.,'’])(?:{_amount('1')})(?:{_BETWEEN}(?:{_amount('2')}))?")
_PERIODS = (
    (
        Period.HOUR,
        r"(?:per|an|a|the|each|/|pro|die|je|in der|à l['’]|de l['’]|par|por|la|a la|à|l['’]|all['’]|per|per|het|na|za|za)?\s?(?:hours?\b|hr\b|h\b(?!\d)|hourly|stunde\b|std\b\.?|stündlich|heure\b|hora\b|ora\b|uur\b|godz\w*\.?)|p\.h\.|ph\b|/h\b|oraria|orarie|horaire|stundenlohn|stundensatz|hourly",
    ),
    (
        Period.DAY,
        r"(?:per|a|the|each|/|pro|am|par|por|al|ao|à la|al|per|na|za)?\s?(?:day\b|daily|tag\b|täglich|jour\b|journée\b|día\b|dia\b|giorno\b|dag\b|dzień\b|dniówk\w*|dagtarief)|p\.d\.|pd\b|/d\b|tagessatz|tjm\b|day rate|diária|diaria",
    ),
    (
        Period.WEEK,
        r"(?:per|a|the|each|/|pro|die|in der|par|por|a la|à|alla|na|za)?\s?(?:weeks?\b|wk\b|weekly|woche\b|wöchentlich|semaine\b|semana\b|semanales|settimana\b|settimanali|tydzień|tygodniowo)|p\.?w\.?\b",
    ),
    (
        Period.MONTH,
        r"(?:per|a|the|each|/|pro|im|par|por|al|ao|à|al|per|na|za)?\s?(?:months?\b|monthly|monat\b|monatlich|mtl\.?|mois\b|mensuel\w*|mes\b|mês\b|mensal|mensais|mensuales|mensual|mese\b|mensili|mensile|maand\b|mies\w*\.?|maandelijks)|p\.m\.|pm\b|/mo?\b|mensais",
    ),
    (
        Period.YEAR,
        r"(?:per|a|the|each|/|pro|im|par|por|al|ao|à|l['’]|all['’]|per|na|za)?\s?(?:years?\b|yr\b|yearly|annum\b|annually|annual|jahr\b|jährlich|an\b|annuels?\b|année\b|año\b|anuales|anual|ano\b|anuais|anno\b|annui|annue|jaar\b|rok\b|rocznie|lordi annui)|p\.\s?a\.|p\.?a\b|pro rata|LPA\b|jahresgehalt|RAL\b|CTC\b|OTE\b",
    ),
)
_WHAT_FOR = re.compile("|".join(f"(?P<{period.value}>{pattern})" for period, pattern in _PERIODS), re.IGNORECASE)
_MANNER = re.compile(
    r"[ \u00a0]?(?:\(?(?:brutto|netto|gross|net|bruts?|nets?|brut[oa]s?|neti|net[oa]s?|l[ií]quid[oa]s?|lord[ie]|nett[ie]|bruto|all-?in|fixe|fix|base|basic|plus super|ote|take home|in hand|in the hand|na rękę|líquido)\b\)?)",
    re.IGNORECASE,
)
_FROM = re.compile(
    r"(?:\b(?:from|ab|desde|dès|à partir de|a partir de|a partire da|od|vanaf|starting at|starts? (?:at|on)|at least|mindestens|north of|over|da|min\.?)\s+)$",
    re.IGNORECASE,
)
_UP_TO = re.compile(
    r"(?:\b(?:up ?to|bis zu|bis|jusqu['’]à|hasta|até|fino a|tot|do|max\.?|maximum|top(?:s)? out at)\s+)$", re.IGNORECASE
)
_WAGE = re.compile(
    r"salar\w*|pay\b|paid|pays|wage\w*|rate\b|package|comp\b|compensation|gehalt|lohn|vergütung|fixum|jahresgehalt|bezahl\w*|zahl\w*|salaire|rémunér\w*|payé\w*"
    r"|sueldo|salario|remuneraci\w*|pagan|pagamos|paga\w*|salário|remunera\w*|ordenado|stipend\w*|retribuz\w*|compenso|ral\b|salaris|loon|verdien\w*|wynagrodz\w*|pensj\w*|płac\w*|stawk\w*|widełki|band\b|budget\b|fee\b|base\b|cachet\w*|honorar\w*",
    re.IGNORECASE,
)
_YEAR = re.compile(r"(?:19|20)\d\d")
_GROUPED = re.compile(r"[1-9]\d{0,2}[.,'’ \u00a0\u202f]\d{3}")
_AROUND = 40


@dataclass(frozen=True, slots=True)
class Sum:
    """A sum that stands in a text.

    Attributes:
        start, end: where its phrase stands.
        is_marked: a currency stands beside the number.
        is_waged: a word of wages or a manner (gross, net) stands near.
        is_thousands: it is written with k, mil, lakh or the like.
    """

    pay: Pay
    start: int
    end: int
    is_marked: bool
    is_waged: bool
    is_thousands: bool


def find_sums(text: str, *, country: str = "", language: str | None = None) -> Iterator[Sum]:
    """Yield the sums of a text in order.

    Args:
        country: of the sender's domain, in lower case; tells what "$" is.
    """
    for match in _SUM.finditer(text):
        found = _read(match, text, country, language)
        if found is not None:
            yield found


def _read(match: re.Match[str], text: str, country: str, language: str | None) -> Sum | None:
    marks = [match[name] for name in ("before1", "after1", "before2", "after2") if match[name]]
    currency = next((code for code in (_currency(mark, country, language) for mark in marks) if code), None)
    if not marks and match["times1"] and re.search(r"lakh|lpa|crore", match["times1"], re.IGNORECASE):
        currency = "INR"
    low, high = _bounds(match)
    if low is None:
        return None
    end = match.end()
    before = text[max(0, match.start() - _AROUND) : match.start()]
    period, end, has_manner = _what_for(text, end)
    is_waged = has_manner or _WAGE.search(before) is not None or _WAGE.search(text[end : end + 15]) is not None
    if period is None:
        yearly = any((match[name] or "").lower() == "lpa" for name in ("times1", "times2"))
        period = Period.YEAR if yearly else _period_before(before)
    start = match.start()
    low, high, start = _open_ended(match, text, low, high, start)
    if not marks and not _stands_alone(match, period, is_waged=is_waged, is_k=bool(match["times1"] or match["times2"])):
        return None
    phrase = text[start:end].strip()
    pay = Pay(low, high, currency, period, phrase)
    return Sum(pay, start, end, bool(marks), is_waged, bool(match["times1"] or match["times2"]))


def _stands_alone(match: re.Match[str], period: Period | None, *, is_waged: bool, is_k: bool) -> bool:
    """Return whether a number without a currency is a sum at all."""
    if is_k:
        return True
    number = match["number1"]
    if _YEAR.fullmatch(number) and not is_waged:
        return False
    return len(number) > 1 and (is_waged or period is not None or _GROUPED.fullmatch(number) is not None)


def _bounds(match: re.Match[str]) -> tuple[Decimal | None, Decimal | None]:
    first = _to_decimal(match["number1"])
    if first is None:
        return None, None
    times1, times2 = _factor(match["times1"]), _factor(match["times2"])
    if not match["number2"]:
        value = first * (times1 or 1)
        return value, value
    second = _to_decimal(match["number2"])
    if second is None:
        return None, None
    if times2 and not times1 and first < second * times2 and first < 1000:  # noqa: PLR2004  "85-95k"
        times1 = times2
    if not times1 and not times2 and first < 1000 <= second and second % 1000 == 0 and first * 1000 <= second:  # noqa: PLR2004
        times1 = 1000  # "39-42 000 kr"; a range from 39 to 42,000 is nobody's pay
    low, high = (
        first * (times1 or 1),
        second * (times2 or (times1 if times1 and second < first * times1 else None) or 1),
    )
    return (low, high) if low <= high else (high, low)


def _factor(word: str | None) -> int | None:
    if not word:
        return None
    return next((times for pattern, times in _TIMES if re.fullmatch(pattern, word)), None)


def _to_decimal(text: str) -> Decimal | None:
    """Return a number written in any of the usual ways: 1,234.50, 1.234,50, 1 234, 1'234."""
    bare = re.sub(r"['’ \u00a0\u202f]", "", text)
    if match := re.fullmatch(r"(\d{1,3}(?:[.,]\d{3})+)([.,]\d{1,2})?", bare):
        bare = re.sub(r"[.,]", "", match[1]) + (match[2] or "").replace(",", ".")
    else:
        bare = bare.replace(",", ".")
    try:
        return Decimal(bare)
    except InvalidOperation:
        return None


def _currency(mark: str, country: str, language: str | None) -> str | None:
    match = _WHICH.match(mark)
    code = _CODES.get(match.lastgroup or "") if match else None
    if code is None or not code.startswith("?"):
        return code
    local = _LOCAL[code].get(country)
    if local or code != "?$":
        return local
    return "USD" if language not in {"es", "pt"} else None


def _what_for(text: str, end: int) -> tuple[Period | None, int, bool]:
    """Return what a sum is paid for, where its phrase ends, and whether a manner (gross, net) follows."""
    has_manner = False
    for _ in range(2):
        if match := _MANNER.match(text, end):
            end, has_manner = match.end(), True
    gap = re.match(r"[ \u00a0]?", text[end : end + 1])
    match = _WHAT_FOR.match(text, end + (gap.end() if gap else 0))
    if match is None:
        return None, end, has_manner
    end = match.end()
    if manner := _MANNER.match(text, end):
        end, has_manner = manner.end(), True
    return Period(match.lastgroup or ""), end, has_manner


def _period_before(before: str) -> Period | None:
    """Return the period that a word before the sum tells ("annual salary of", "day rate")."""
    clause = re.split(r"[.;!?\n]", before)[-1]
    for period, pattern in (
        (Period.DAY, r"day rate|tagessatz|daily rate|tjm|dagtarief"),
        (Period.HOUR, r"stundenlohn|stundensatz|hourly|taux horaire|uurloon|stawka godzinowa"),
        (Period.YEAR, r"annual|jahresgehalt|jahresbrutto|ral\b|yearly|ctc|annuel|anual"),
        (Period.MONTH, r"monthly|monatsgehalt|monatlich|mensuel|mensual|mensal|mensile"),
    ):
        if re.search(pattern, clause, re.IGNORECASE):
            return period
    return None


def _open_ended(
    match: re.Match[str], text: str, low: Decimal | None, high: Decimal | None, start: int
) -> tuple[Decimal | None, Decimal | None, int]:
    before = text[max(0, start - 24) : start]
    if match["number2"]:
        return low, high, start
    if match["plus1"] or match["more1"]:
        return low, None, start
    if opened := _UP_TO.search(before):
        return None, high, start - (len(before) - opened.start())
    if opened := _FROM.search(before):
        return low, None, start - (len(before) - opened.start())
    return low, high, start
