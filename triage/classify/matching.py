"""Finds phrases in a text word by word: one pass for all phrases of all languages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from triage.classify.denial import SENTENCE_ENDS, is_denied, negations_of, own_negations

MAX_GAP = 4
PAUSE = ","
"""Where a comma, dash or bracket stands, among the words of a text; phrases do not see it."""
_STEM = 4
_MAX_KNOWN_WORDS = 50_000


@dataclass(frozen=True, slots=True)
class Match:
    """Where a phrase stands: indices of its first word and one past its last."""

    name: str
    start: int
    end: int
    is_denied: bool


@dataclass(frozen=True, slots=True)
class _Slot:
    """One place of a phrase: the words and beginnings of words that fit it."""

    words: frozenset[str]
    stems: tuple[str, ...]
    may_skip: bool

    def fits(self, word: str) -> bool:
        return word in self.words or (bool(self.stems) and word.startswith(self.stems))


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A phrase; of each set in `needed` a word must be in the text, and `own` are its negations."""

    name: str
    slots: tuple[_Slot, ...]
    needed: tuple[frozenset[str], ...]
    own: frozenset[str]

    def may_be_in(self, present: frozenset[str]) -> bool:
        for words in self.needed:  # noqa: SIM110  any() costs as much as all the rest, a hundred times a mail
            if words.isdisjoint(present):
                return False
        return True


class PhraseBook:
    """Phrases, indexed by their first word or its first four letters."""

    def __init__(self, phrases: Mapping[str, Sequence[str]]) -> None:
        """Compile phrases written as `triage.classify.phrases` explains."""
        self._by_word: dict[str, list[_Phrase]] = {}
        self._by_stem: dict[str, list[_Phrase]] = {}
        self._short_stems: list[tuple[str, _Phrase]] = []
        self._short_beginnings: tuple[str, ...] = ()
        self._known: dict[str, tuple[_Phrase, ...]] = {}
        self._idle: set[str] = set()
        for name, lines in phrases.items():
            for line in lines:
                self._add(_compile(name, line))
        self._short_beginnings = tuple({stem for stem, _ in self._short_stems})

    def _add(self, phrase: _Phrase) -> None:
        first = phrase.slots[0]
        for word in first.words:
            self._by_word.setdefault(word, []).append(phrase)
        for stem in first.stems:
            if len(stem) >= _STEM:
                self._by_stem.setdefault(stem[:_STEM], []).append(phrase)
            else:
                self._short_stems.append((stem, phrase))

    def find(self, words: Sequence[str], pauses: frozenset[int] = frozenset()) -> list[Match]:
        """Return the first match of each signal asserted and of each denied, in the order found.

        Args:
            pauses: as `split_pauses` returns them.
        """
        found: dict[tuple[str, bool], Match] = {}
        present = frozenset(words)
        begun_by = self._begun_by(present)
        negations = negations_of(present)
        for index, word in enumerate(words):
            if word not in begun_by:
                continue
            for phrase in begun_by[word]:
                if (phrase.name, False) in found:
                    continue
                end = _match_from(phrase.slots, words, index)
                if end:
                    denied = bool(negations) and is_denied(words, pauses, negations, index, end, phrase.own)
                    found.setdefault((phrase.name, denied), Match(phrase.name, index, end, denied))
        return list(found.values())

    def _begun_by(self, present: frozenset[str]) -> Mapping[str, Sequence[_Phrase]]:
        """Return the phrases that may be in a text, by the word they may begin with; few words begin any."""
        begun_by = {}
        for word in present - self._idle:  # most words begin no phrase: one step for all of them
            phrases = self._known.get(word) or self._look_up(word)
            if possible := [phrase for phrase in phrases if phrase.may_be_in(present)]:
                begun_by[word] = possible
        return begun_by

    def _look_up(self, word: str) -> Sequence[_Phrase]:
        """Return the phrases that may begin with a word; frequent words are looked up once."""
        if len(self._known) + len(self._idle) >= _MAX_KNOWN_WORDS:
            self._known.clear()
            self._idle.clear()
        candidates = [*self._by_word.get(word, ())]
        candidates += [phrase for phrase in self._by_stem.get(word[:_STEM], ()) if phrase.slots[0].fits(word)]
        if word.startswith(self._short_beginnings):
            candidates += [phrase for stem, phrase in self._short_stems if word.startswith(stem)]
        if candidates:
            self._known[word] = tuple(candidates)
        else:
            self._idle.add(word)
        return candidates


def split_pauses(tokens: Sequence[str]) -> tuple[list[str], frozenset[int]]:
    """Return words without their pauses, and the numbers of the words that a pause stands before."""
    if PAUSE not in tokens:
        return list(tokens), frozenset()
    places = [index for index, token in enumerate(tokens) if token == PAUSE]
    words = [token for token in tokens if token != PAUSE]
    return words, frozenset(place - count for count, place in enumerate(places))


def _compile(name: str, line: str) -> _Phrase:
    slots = []
    may_skip = False
    for piece in line.split(" "):
        if piece == "..":
            may_skip = True
            continue
        options = piece.split("|")
        words = frozenset(option for option in options if not option.endswith("*"))
        stems = tuple(option[:-1] for option in options if option.endswith("*"))
        slots.append(_Slot(words, stems, may_skip))
        may_skip = False
    needed = tuple(slot.words for slot in slots[1:] if not slot.stems)
    own = own_negations(frozenset().union(*(slot.words for slot in slots)))
    return _Phrase(name, tuple(slots), needed, own)


def _match_from(slots: Sequence[_Slot], words: Sequence[str], start: int) -> int:
    """Return one past the last word if the phrase starts here, else 0."""
    index = start + 1
    for slot in slots[1:]:
        reach = index + (MAX_GAP if slot.may_skip else 0)
        while index < len(words) and index <= reach and not slot.fits(words[index]):
            if words[index] in SENTENCE_ENDS:
                return 0
            index += 1
        if index >= len(words) or index > reach:
            return 0
        index += 1
    return index
