"""Letters without case and accents, so that words compare as people read them."""

import unicodedata
from functools import lru_cache

_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "ł": "l", "đ": "d", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"})


@lru_cache(maxsize=8_000)
def fold(text: str) -> str:
    """Return text in lower case without accents."""
    lowered = text.lower()
    if lowered.isascii():
        return lowered
    parts = unicodedata.normalize("NFKD", lowered.translate(_SPECIAL))
    return "".join(one for one in parts if not unicodedata.combining(one))
