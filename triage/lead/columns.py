"""Describes the words of a message to the tagger: numbers by column, put together by templates.

Training and reading use the same functions. What belongs to a word alone is worked out
once for each word; what belongs to its neighbours is arithmetic over whole columns.
"""

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from triage.classify.domains import FREE_MAIL, PLATFORMS, label, registrable
from triage.lead.fold import fold
from triage.lead.material import Line, Material, Zone
from triage.lead.words import AGENCY_WORDS, COMPANY_WORDS, REFERRING, ROLE_HEADS, SEEKING, TITLES, matcher
from triage.records import Category

Ids = npt.NDArray[np.uint64]
Hashes = npt.NDArray[np.uint32]

GAZETTEERS = ("big_places", "places", "first_names", "last_names", "lower_words")
"""Lists of words known by their hash alone; each is one bit of a word's description."""

CLUSTERS = ("cluster_words", "cluster_coarse", "cluster_fine")
"""Words of all languages by meaning: hashes, and for each the number of its cluster, coarse and fine."""

_LISTS = tuple(matcher(words) for words in (ROLE_HEADS, COMPANY_WORDS, AGENCY_WORDS, SEEKING, REFERRING, TITLES))
_DIGITS = re.compile(r"\d")
_MAX_PLACE_WORDS = 3
_OUTSIDE = np.uint64(0x9E3779B97F4A7C15)
_MIX = np.uint64(0xFF51AFD7ED558CCD)
_SHIFT = np.uint64(29)
_HIGH = np.uint64(32)
_MIN_DOMAIN_WORD = 3
_BAG_LEFT = 6
_BAG_RIGHT = 4


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of the whole message."""

    category: Category | None
    language: str | None
    is_notice: bool
    writer: str


@lru_cache(maxsize=10_000)
def _of_word(text: str) -> tuple[int, ...]:
    """Return the columns that belong to a word alone."""
    word = fold(text)
    plain = _DIGITS.sub("0", word)
    flags = sum(1 << place for place, test in enumerate(_LISTS) if test(word))
    return (
        zlib.crc32(plain.encode()),
        zlib.crc32(b"2" + plain[-2:].encode()),
        zlib.crc32(b"3" + plain[-3:].encode()),
        zlib.crc32(b"4" + plain[-4:].encode()),
        zlib.crc32(b"p" + plain[:4].encode()),
        zlib.crc32(_shape(text).encode()),
        flags,
    )


def _shape(text: str) -> str:
    if not text[0].isalnum():
        return text[0]
    if text[0].isdigit():
        return "0k" if text[-1].isalpha() else "0"
    if len(text) == 1:
        return "X1" if text.isupper() else "x1"
    if text[0].isupper():
        return "XX" if text.isupper() else "Xx" if text[1:].islower() else "XxX"
    return "xX" if not text.islower() else "x"


def columns(material: Material, context: Context, gazetteers: Mapping[str, Hashes]) -> tuple[dict[str, Ids], list[int]]:
    """Return a column of numbers for each property of words, and where each line begins."""
    lines = material.lines
    starts, total = [], 0
    for line in lines:
        starts.append(total)
        total += len(line.tokens)
    words = [token.text for line in lines for token in line.tokens]
    table = np.array([_of_word(word) for word in words], dtype=np.uint64).reshape(-1, 7)
    found = dict(zip(("word", "end2", "end3", "end4", "begin", "shape", "lists"), table.T, strict=True))
    found |= _of_gazetteers(words, starts, gazetteers)
    found |= _of_clusters(found["word"], gazetteers)
    found |= _of_lines(lines)
    found["sender"] = _of_people(material, context, words)
    whole = zlib.crc32(f"{context.category}".encode()) if context.category else 0
    found["category"] = np.full(total, whole, dtype=np.uint64)
    found["language"] = np.full(total, zlib.crc32(f"{context.language}".encode()), dtype=np.uint64)
    return found, starts


def _of_gazetteers(words: Sequence[str], starts: Sequence[int], gazetteers: Mapping[str, Hashes]) -> dict[str, Ids]:
    folded = [fold(word) for word in words]
    single = np.array([zlib.crc32(word.encode()) for word in folded], dtype=np.uint32)
    size = len(words)
    bits = np.zeros(size, dtype=np.uint64)
    for place, name in enumerate(("first_names", "last_names", "lower_words")):
        bits |= is_known(single, gazetteers[name]).astype(np.uint64) << np.uint64(place)
    places = np.zeros(size, dtype=np.uint64)
    begins = np.zeros(size, dtype=bool)
    begins[list(starts)] = True
    for length in range(1, _MAX_PLACE_WORDS + 1):
        if size < length:
            break
        joined = (
            single
            if length == 1
            else np.array(
                [zlib.crc32(" ".join(folded[at : at + length]).encode()) for at in range(size - length + 1)],
                dtype=np.uint32,
            )
        )
        for value, name in ((1, "places"), (3, "big_places")):
            for at in np.flatnonzero(is_known(joined, gazetteers[name])).tolist():
                if begins[at + 1 : at + length].any() or not words[at][:1].isupper():
                    continue
                places[at] = value
                places[at + 1 : at + length] = value + 1
    return {"names": bits, "places": places}


def _of_clusters(words: Ids, lists: Mapping[str, Hashes]) -> dict[str, Ids]:
    """Return the clusters of meaning that words are in; words unknown, mostly names, are in one of their own."""
    known, hashes = lists["cluster_words"], words.astype(np.uint32)
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    hit = known[at] == hashes
    return {
        "coarse": np.where(hit, lists["cluster_coarse"][at] + np.uint64(1), np.uint64(0)).astype(np.uint64),
        "fine": np.where(hit, lists["cluster_fine"][at] + np.uint64(1), np.uint64(0)).astype(np.uint64),
    }


def is_known(hashes: Hashes, known: Hashes) -> npt.NDArray[np.bool_]:
    """Return which hashes are in a sorted list."""
    if not len(known):
        return np.zeros(len(hashes), dtype=bool)
    at = np.minimum(np.searchsorted(known, hashes), len(known) - 1)
    return np.asarray(known[at] == hashes)


def _of_lines(lines: Sequence[Line]) -> dict[str, Ids]:
    zones, places, inner, keys = [], [], [], []
    order = list(Zone)
    for line in lines:
        size = len(line.tokens)
        top, bottom = min(line.place, 3), min(line.last - line.place, 5)
        length = 0 if size <= 3 else 1 if size <= 8 else 2  # noqa: PLR2004  a name, a short line, prose
        zones += [order.index(line.zone)] * size
        places += [top + 4 * bottom + 24 * length] * size
        inner += [min(at, 2) + 3 * min(size - 1 - at, 2) for at in range(size)]
        keys += _key(line)
    return {
        "zone": np.array(zones, dtype=np.uint64),
        "place": np.array(places, dtype=np.uint64),
        "inner": np.array(inner, dtype=np.uint64),
        "key": np.array(keys, dtype=np.uint64),
    }


def _key(line: Line) -> list[int]:
    """Return the hash of what stands before the colon of "Location: Leeds", for the words after it."""
    texts = [token.text for token in line.tokens]
    if ":" not in texts[:4]:
        return [0] * len(texts)
    at = texts.index(":")
    key = zlib.crc32(" ".join(fold(text) for text in texts[:at]).encode())
    return [0] * (at + 1) + [key] * (len(texts) - at - 1)


def _of_people(material: Material, context: Context, words: Sequence[str]) -> Ids:
    """Return bit by bit whether a word is in the sender's domain, in a name of sender, writer or owner, or in the subject."""
    message = material.message
    domain = registrable(message.sender.domain) if message.sender else ""
    site = "" if domain in FREE_MAIL or domain in PLATFORMS else fold(label(domain)).replace("-", "")
    sender = _name_words(material.texts[Zone.SENDER])
    writer = _name_words(context.writer)
    owner = frozenset(
        word
        for one in (*message.recipients, *message.copied)[:5]
        for word in _name_words(f"{one.name} {one.local_part}")
    )
    subject = _name_words(material.texts[Zone.SUBJECT])
    known: dict[str, int] = {}
    for text in words:
        if text in known:
            continue
        word = fold(text)
        long = len(word) >= _MIN_DOMAIN_WORD
        known[text] = (
            (long and word.replace("-", "") in site)
            | (word in sender) << 1
            | (word in writer) << 2
            | (word in owner) << 3
            | (long and word in subject) << 4
        )
    values = np.array([known[text] for text in words], dtype=np.uint64)
    return (
        values | (np.uint64(32) if context.is_notice else np.uint64(0)) | (np.uint64(64) if not site else np.uint64(0))
    )


def _name_words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"[^\W\d_]{2,}", fold(text)))


# Each template: the columns it puts together, with the distance to the word described.
TEMPLATES: tuple[tuple[tuple[str, int], ...], ...] = (
    (("word", 0),),
    (("word", -1),),
    (("word", 1),),
    (("word", -2),),
    (("word", 2),),
    (("word", -1), ("word", 0)),
    (("word", 0), ("word", 1)),
    (("word", -2), ("word", -1)),
    (("word", 1), ("word", 2)),
    (("word", -1), ("shape", 0)),
    (("word", 1), ("shape", 0)),
    (("word", -2), ("word", -1), ("shape", 0)),
    (("word", -1), ("places", 0)),
    (("word", -1), ("lists", 0)),
    (("end2", 0),),
    (("end3", 0),),
    (("end4", 0),),
    (("begin", 0),),
    (("end3", -1),),
    (("end3", 1),),
    (("end3", 0), ("language", 0)),
    (("shape", 0),),
    (("shape", -1), ("shape", 0)),
    (("shape", 0), ("shape", 1)),
    (("shape", -1), ("shape", 0), ("shape", 1)),
    (("lists", 0),),
    (("lists", -1), ("lists", 0)),
    (("lists", 0), ("lists", 1)),
    (("lists", -2), ("lists", -1)),
    (("lists", 1), ("lists", 2)),
    (("lists", 0), ("shape", 0), ("zone", 0)),
    (("names", 0), ("shape", 0)),
    (("names", -1), ("names", 0), ("shape", 0)),
    (("names", 0), ("names", 1), ("shape", 0)),
    (("places", 0), ("shape", 0)),
    (("places", 0), ("names", 0), ("language", 0)),
    (("places", -1), ("places", 0)),
    (("places", 0), ("places", 1)),
    (("places", 0), ("zone", 0), ("place", 0)),
    (("zone", 0), ("shape", 0)),
    (("zone", 0), ("place", 0)),
    (("zone", 0), ("place", 0), ("shape", 0)),
    (("zone", 0), ("inner", 0), ("shape", 0)),
    (("place", 0), ("inner", 0), ("shape", 0), ("zone", 0)),
    (("place", 0), ("names", 0), ("zone", 0)),
    (("sender", 0),),
    (("sender", -1), ("sender", 0)),
    (("sender", 0), ("sender", 1)),
    (("sender", 0), ("shape", 0), ("place", 0)),
    (("sender", 0), ("lists", 0), ("zone", 0)),
    (("key", 0),),
    (("key", 0), ("shape", 0)),
    (("category", 0), ("zone", 0), ("place", 0)),
    (("category", 0), ("sender", 0), ("zone", 0)),
    (("category", 0), ("names", 0), ("shape", 0), ("zone", 0)),
    (("category", 0), ("word", -1), ("shape", 0)),
    (("fine", 0),),
    (("fine", -1),),
    (("fine", 1),),
    (("coarse", 0), ("shape", 0)),
    (("coarse", -1), ("coarse", 0)),
    (("coarse", 0), ("coarse", 1)),
    (("coarse", -2), ("coarse", -1), ("shape", 0)),
    (("coarse", 1), ("coarse", 2), ("shape", 0)),
    (("coarse", -1), ("shape", 0), ("lists", 0)),
    (("coarse", -1), ("places", 0), ("shape", 0)),
    (("coarse", 0), ("lists", 0)),
    (("category", 0), ("coarse", -1), ("shape", 0)),
)
# Neighbours wherever they stand within reach.
_BAGS = tuple(
    (name, distances) for name in ("word", "coarse") for distances in (range(-_BAG_LEFT, 0), range(1, _BAG_RIGHT + 1))
)
FEATURES_A_WORD = len(TEMPLATES) + 2 * (_BAG_LEFT + _BAG_RIGHT)


def features(found: Mapping[str, Ids], starts: Sequence[int]) -> npt.NDArray[np.uint32]:
    """Return the features of each word as hashes, shape (words, FEATURES_A_WORD)."""
    size = len(found["word"])
    line = np.zeros(size, dtype=np.int64)
    line[list(starts[1:])] = 1
    line = np.cumsum(line)
    shifted = np.empty((len(_NEEDED), size), dtype=np.uint64)
    for row, (name, distance) in enumerate(_NEEDED):
        shifted[row] = _shift(found[name], line, distance)
    shifted ^= shifted << _HIGH
    made = np.empty((size, FEATURES_A_WORD), dtype=np.uint32)
    for places, salts, parts in _GROUPS:
        mixed = np.repeat(salts[:, None], size, axis=1)
        for rows in parts:
            mixed ^= shifted[rows]
            mixed *= _MIX
            mixed ^= mixed >> _SHIFT
        made[:, places] = (mixed >> _HIGH).T
    return made


def _groups() -> list[tuple[list[int], Ids, list[list[int]]]]:
    """Return templates of the same length together, so that one operation does for all: places, salts, rows of `_NEEDED`."""
    found = []
    for length in sorted({len(template) for _, template in _ALL}):
        places = [at for at, (_, template) in enumerate(_ALL) if len(template) == length]
        with np.errstate(over="ignore"):
            salts = np.array([_ALL[at][0] + 1 for at in places], dtype=np.uint64) * _MIX
        found.append((places, salts, [[_NEEDED.index(_ALL[at][1][part]) for at in places] for part in range(length)]))
    return found


_BAG_SALT = 200
_ALL = (
    *enumerate(TEMPLATES),
    *(
        (_BAG_SALT + salt, ((name, distance), ("shape", 0)))
        for salt, (name, distances) in enumerate(_BAGS)
        for distance in distances
    ),
)
_NEEDED = sorted({part for _, template in _ALL for part in template})
_GROUPS = _groups()


def _shift(values: Ids, line: npt.NDArray[np.int64], distance: int) -> Ids:
    """Return the values of neighbours, `_OUTSIDE` beyond the ends of a line."""
    if distance == 0:
        return values
    moved = np.full(len(values), _OUTSIDE, dtype=np.uint64)
    if abs(distance) >= len(values):
        return moved
    if distance < 0:
        same = line[-distance:] == line[:distance]
        moved[-distance:][same] = values[:distance][same]
    else:
        same = line[:-distance] == line[distance:]
        moved[:-distance][same] = values[distance:][same]
    return moved
