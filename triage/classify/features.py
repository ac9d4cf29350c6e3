"""Message to features: hashed n-grams by family, sender tokens and signals.

The only feature extractor: scoring, training, evaluation and explanation use it. A
family is a list of 64-bit hashes, one for each occurrence; a model chooses which
families it weighs, in which blocks.
"""

import re
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from triage.classify.encoder import one_thread
from triage.classify.ngrams import (
    HashedText,
    Hashes,
    Positions,
    character_ngrams,
    hash_text,
    hash_words,
    salt,
    shorten_places,
)
from triage.classify.normalise import INVISIBLE, WordText, fold, without_accents, words_only
from triage.classify.reader import Encode, Read, ReaderModel, read_meanings, split_clauses, split_sentences
from triage.classify.signals import Signal, extract_signals
from triage.records import Address, Message

_WORD = re.compile(r"\w+")
_SOMEBODY = "Alex"  # a name like any other: the encoder has read no "xowner"


@dataclass(frozen=True, slots=True)
class OwnerMask:
    """Words of the owner's names, addresses and employers, which no feature may show."""

    words: frozenset[str] = frozenset()

    @classmethod
    def of(cls, *texts: str) -> "OwnerMask":
        """Return the mask for names and addresses as they are written."""
        return cls(frozenset(word for text in texts for word in _name_words(text)))


def _name_words(text: str) -> Iterator[str]:
    plain = without_accents(fold(text).text).replace("@", " ").replace(".", " ").replace("-", " ").replace("_", " ")
    # Two letters and common words of addresses would mask ordinary text.
    return (word for word in plain.split() if len(word) > 2 and word not in _NOT_NAMES)  # noqa: PLR2004


_NOT_NAMES = frozenset(
    [
        "com",
        "org",
        "net",
        "example",
        "mail",
        "gmail",
        "outlook",
        "hotmail",
        "yahoo",
        "gmx",
        "web",
        "the",
        "info",
        "fastmail",
        "posteo",
        "mailbox",
    ]
)


@dataclass(frozen=True, slots=True)
class Features:
    """What the model may see of a message.

    Attributes:
        views: the hashed texts that the families read.
        tokens: hashes of the sender's and header's tokens.
        signals: named evidence with quotes.
        source: subject and text that they were read from, not folded.
        sentences: the number of the first word of each sentence in the view "all", ascending from 0.
        has_subject: whether the first of them is the subject.
        mask: the names that nothing may show.
    """

    views: Mapping[str, HashedText]
    tokens: Hashes
    signals: tuple[Signal, ...]
    source: tuple[str, str] = field(repr=False)
    sentences: Positions
    has_subject: bool
    mask: frozenset[str] = field(default=frozenset(), repr=False)
    _families: dict[str, Hashes] = field(default_factory=dict, repr=False)

    @property
    def has_words(self) -> bool:
        """Whether there is any text to judge."""
        return bool(self.views["all"].starts.size)

    def sentences_as_written(self) -> list[str]:
        """Return subject and sentences as they stand."""
        return split_sentences(*self.source)

    def read(self, model: ReaderModel, encode: Encode) -> Read:
        """Read the sentences clause by clause, the names of the owner masked; those shown are as they stand."""
        written = [clause for sentence in self.sentences_as_written() for clause in split_clauses(sentence)]
        masked = [mask_names(one, self.mask) for one in written]
        with one_thread():
            return read_meanings(written, encode(masked), model)

    def family(self, name: str) -> Hashes:
        """Return the hashes of a family, one for each occurrence; those of different families are told apart.

        Raises:
            KeyError: there is no family of that name.
        """
        known = self._families.get(name)
        if known is None:
            known = self._families[name] = FAMILIES[name](self) ^ _SALTS[name]
        return known


def extract_features(message: Message, owner: OwnerMask = OwnerMask()) -> Features:
    """Return the features of a message, the owner's names masked."""
    mask = owner.words | recipient_mask(message.recipients).words
    subject = fold(message.subject)
    body = f"{message.text}\n\n{message.forwarded}" if message.forwarded else message.text
    text = fold(body)
    subject_words, text_words = WordText.of(subject.text), WordText.of(text.text)
    head = _mask(subject_words.words, mask)
    whole = f"{head} {_mask(text_words.words, mask)}".strip()
    views = {
        "all": hash_text(whole),
        "quoted": hash_text(words_only(without_accents(fold(message.quoted[:3000]).text))),
    }
    tokens = np.fromiter((zlib.crc32(token.encode()) for token in _tokens(message)), dtype=np.uint64)
    sentences = [*subject_words.sentences, ".", *text_words.sentences]
    signals = extract_signals(message, subject, text, sentences)
    starts = np.cumsum([0, head.count(" ") + 1 if head else 0, *text_words.lengths])
    bounds = _sentences(views["all"], shorten_places(whole, starts))
    return Features(views, tokens, signals, (message.subject, body), bounds, bool(head), mask)


def _sentences(view: HashedText, starts: Positions) -> Positions:
    """Return the first word of each sentence, given where some begin: others do behind a question or exclamation mark."""
    is_first = np.zeros(len(view.starts) + 1, dtype=bool)
    is_first[starts] = is_first[view.asking + 1] = True
    is_first[-1] = False  # behind the last word nothing begins
    return is_first.nonzero()[0]


def masked_words(text: str, recipients: Sequence[Address]) -> str:
    """Return a sentence of a message as its words stand in the view "all"."""
    return _mask(WordText.of(fold(text).text).words, recipient_mask(recipients).words)


def recipient_mask(recipients: Sequence[Address]) -> OwnerMask:
    """Return the mask for the names of those a message is addressed to."""
    return OwnerMask.of(*(address.name for address in recipients))


def mask_names(text: str, mask: frozenset[str]) -> str:
    """Return text as it is written with another name in place of those masked."""
    if not mask:
        return text
    plain = INVISIBLE.sub("", text)
    return _WORD.sub(lambda word: _SOMEBODY if without_accents(fold(word[0]).text) in mask else word[0], plain)


def _mask(words: str, mask: frozenset[str]) -> str:
    if not mask:
        return words
    return " ".join("xowner" if word in mask else word for word in words.split(" "))


def _tokens(message: Message) -> Iterator[str]:
    sender = message.sender
    if sender:
        yield f"tld:{sender.domain.rpartition('.')[2]}"
        yield from (f"name:{word}" for word in words_only(without_accents(fold(sender.name).text)).split()[:6])
        yield from (f"domain:{word}" for word in sender.domain.replace("-", ".").split(".")[:6])
        yield from (f"local:{word}" for word in sender.local_part.replace("-", ".").replace("_", ".").split(".")[:4])
    yield f"words:{len(message.text).bit_length()}"
    yield f"links:{min(3, len(message.links))}"
    yield f"html:{message.is_html}"
    yield f"quoted:{bool(message.quoted)}"
    yield f"copied:{bool(message.copied)}"
    yield from (f"file:{item.name.rpartition('.')[2].lower()[:5]}" for item in message.attachments[:4])
    yield from (f"bulk:{name}" for name in sorted(message.list_facts))


def _characters(order: int) -> Callable[[Features], Hashes]:
    return lambda features: character_ngrams(features.views["all"], order)


FAMILIES: Mapping[str, Callable[[Features], Hashes]] = {
    "word1": lambda features: hash_words(features.views["all"]),
    "char4": _characters(4),
    "char5": _characters(5),
    "quoted1": lambda features: hash_words(features.views["quoted"]),
    "sender": lambda features: features.tokens,
    "signal": lambda features: _hash_names(signal.name for signal in features.signals),
}
"""Every family by name: from features to one hash for each occurrence."""

_SALTS = {name: salt(name) for name in FAMILIES}


def _hash_names(names: Iterator[str]) -> Hashes:
    return np.fromiter((zlib.crc32(name.encode()) for name in names), dtype=np.uint64)


def occurrences(features: Features, family: str) -> tuple[Positions, Positions] | None:
    """Return start and end of each occurrence in the "all" view, None if it has no place there.

    The order is that of `Features.family`.
    """
    view = features.views["all"]
    match family:
        case "word1":
            return view.starts, view.ends
        case "char4" | "char5":
            order = int(family[-1])
            starts = np.arange(max(0, len(view.prefix) - order))
            return starts, starts + order
        case _:
            return None
