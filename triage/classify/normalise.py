"""Text as the features see it: one spelling for what looks the same to a reader."""

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

# Letters that look like Latin ones and are used to slip past filters (a subset of Unicode
# Technical Standard 39's confusables: those with a lower-case Latin skeleton of one letter).
_LOOKALIKES = str.maketrans(
    "аеорсухівкмнтјѕԁһӏցԛԝαορτυνικχγɡıɩ",
    "aeopcyxibkmhtjsdhlgqwaoptuvikxygil",
)
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff"
    "\U000e0000-\U000e0fff]"
)
# The flags of England, Scotland and Wales hide nothing (Unicode Technical Standard 51, definition ED-14a).
_FLAG = re.compile("\U0001f3f4[\U000e0020-\U000e007e]{1,8}\U000e007f")
_FOREIGN = re.compile("[\u0370-\u03ff\u0400-\u052f\u0261\u0131\u0269]")
# A word with letters of both kinds, wherever they stand. It is looked for from the beginning of
# each word alone: from every letter of it, a long one would cost the square of its length.
_MIXED_WORD = re.compile(
    r"\b(?=\w*?[a-z])[^\W\u0370-\u03ff\u0400-\u052f\u0261\u0269]*+[\u0370-\u03ff\u0400-\u052f\u0261\u0269]\w*"
)
# Alternatives that begin with a letter each, and a class at the beginning of a pattern: the
# engine then looks for those first characters alone, which is several times quicker.
_URL = re.compile(r"(?:https?://|hxxps?://|ftp://|www\.)[^\s<>\"')\]}]+")
_AT_DOMAIN = re.compile(r"@[\w-]{1,63}(?:\.[\w-]{1,63})+")
_LOCAL_PART = re.compile(r"[\w.+-]{1,64}\Z")
_MAX_LOCAL_PART = 64
_DIGITS = re.compile(r"\d")
_NOT_WORD = re.compile(r"(?:[^\w€$£%?!@\0]|_)+")
# The same for ASCII, where a table does without a regular expression.
_ASCII_WORDS = "".join(
    "0" if char.isdigit() else char if char.isalnum() or char in "$%?!@\0" else " " for char in map(chr, range(128))
)
ACCENT = re.compile("[\u0300-\u036f]")
# Letters that no decomposition takes apart.
_PLAIN_LETTERS = str.maketrans({"ł": "l", "ø": "o", "đ": "d", "æ": "ae", "œ": "oe", "ß": "ss", "ı": "i"})
# Part words as their ASCII kin do; without them most text is ASCII, and quicker to read.
PUNCTUATION = "“”„‟‘’‚‛–—―…•·«»‹›¡¿"
_PLAIN = _PLAIN_LETTERS | str.maketrans(dict.fromkeys(PUNCTUATION, " "))
# From the first sign of a run alone, which is taken as a whole: runs may be long.
_SENTENCE_END = re.compile(r"[.;:\n](?:(?<!\n)(?<![.;:].)[.;:]*+(?=\s|$)|(?<=\n)\s*\n)")
_KNOWN_RUN = 8
"""A longer run is a word of another script, which seldom comes again."""
_NOT_ASCII = re.compile("[^\0-\x7f]+")
_STOP = "\0"
_PAUSE = _STOP * 2  # of the same sign, which `words_only` leaves alone
# White space to everything that reads text, and nothing that anybody writes.
_LONG_DASH = "\x1f"
_LONG_DASHES = re.compile("[–—―•…]")
# A comma or bracket beside white space, a dash between: not 1,200 nor a hyphen.
_CLAUSE_END = re.compile(r"[,()\x1f-](?:(?<=,)(?=\s)|(?<=\s\()|(?<=\))(?=\s)|(?<=\x1f)|(?<=\s-)(?=\s))")


@dataclass(frozen=True, slots=True)
class NormalText:
    """Folded text and what had to be undone to get it.

    Attributes:
        text: words in lower case with one space between them; digits are 0, links "xurl",
            addresses "xaddr".
        invisible: how many invisible characters stood within the text.
        lookalikes: how many words mixed Latin with lookalike letters.
    """

    text: str
    invisible: int = 0
    lookalikes: int = 0


def fold(text: str) -> NormalText:
    """Return compatible forms composed, lookalikes folded and what is invisible removed.

    Line ends and punctuation stay: signals read sentences.
    """
    if text.isascii():
        return NormalText(text.lower())
    text = _FLAG.sub("\U0001f3f4", unicodedata.normalize("NFKC", text))
    visible = INVISIBLE.sub("", text)
    invisible = len(text) - len(visible)
    visible = visible.lower()
    lookalikes = 0
    if _FOREIGN.search(visible):
        visible, lookalikes = _MIXED_WORD.subn(lambda match: match[0].translate(_LOOKALIKES), visible)
    return NormalText(visible, invisible, lookalikes)


def words_only(folded: str) -> str:
    """Return folded text as words, one space apart: the input of the n-gram features."""
    if "://" in folded or "www." in folded:
        folded = _URL.sub(" xurl ", folded)
    if "@" in folded:
        folded = without_addresses(folded)
    if folded.isascii():
        return " ".join(folded.translate(_ASCII_WORDS).split())
    return _DIGITS.sub("0", _NOT_WORD.sub(" ", folded)).strip()


def without_addresses(text: str, instead: str = " xaddr ") -> str:
    """Put other text for each address: what stands before an @ is looked at only where an @ is."""
    pieces, end = [], 0
    for domain in _AT_DOMAIN.finditer(text):
        at = domain.start()
        local_part = _LOCAL_PART.search(text, max(end, at - _MAX_LOCAL_PART), at)
        if local_part:
            pieces.append(text[end : local_part.start()])
            end = domain.end()
    return instead.join([*pieces, text[end:]])


def without_accents(folded: str) -> str:
    """Return folded text with plain letters: people leave accents out as often as not."""
    if folded.isascii():
        return folded
    return _NOT_ASCII.sub(lambda match: _plain_run(match[0]), folded)


def _plain_run(run: str) -> str:
    return _plain_letters(run) if len(run) <= _KNOWN_RUN else _plain_letters.__wrapped__(run)


@lru_cache(maxsize=4096)
def _plain_letters(run: str) -> str:
    """Return a run of other characters than ASCII without accents: in most languages the same few come again."""
    return ACCENT.sub("", unicodedata.normalize("NFD", run.translate(_PLAIN)))


@dataclass(frozen=True, slots=True)
class WordText:
    """A text as words one space apart, a mark of its own where a sentence ends, and one where a clause may."""

    marked: str

    @classmethod
    def of(cls, folded: str) -> "WordText":
        """Return the words of folded text, without accents."""
        text = folded.replace(_STOP, " ")
        if not text.isascii():
            text = without_accents(_LONG_DASHES.sub(_LONG_DASH, text))
        text = _SENTENCE_END.sub(f" {_STOP} ", text)
        return cls(words_only(_CLAUSE_END.sub(f" {_PAUSE} ", text)))

    @property
    def words(self) -> str:
        """The words alone: the input of the n-gram features."""
        return f" {self.marked}".replace(f" {_PAUSE}", "").replace(f" {_STOP}", "").lstrip(" ")

    @property
    def lengths(self) -> list[int]:
        """How many words each sentence has."""
        return [len(one.split()) for one in self.marked.replace(_PAUSE, "").split(_STOP)]

    @property
    def sentences(self) -> list[str]:
        """The words for phrases, with "." where a sentence ends and "," where a clause may."""
        return self.marked.replace(_PAUSE, ",").replace(_STOP, ".").replace("!", " ! ").replace("?", " ? ").split()
