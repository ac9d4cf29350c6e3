"""Marked sentences: what people say that the sentences of a mail do, laid over its words."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from triage.classify.acts import ACTS, SentenceWords, split_words
from triage.classify.features import Features, masked_words
from triage.classify.ngrams import hash_text
from triage.classify.normalise import fold, words_only
from triage.errors import ConfigError
from triage.records import Message

FOLDER = "sentences"
"""Its name beside the mails of the corpus: files of sentences, one author each."""

BITS = 16
"""Binary logarithm of the buckets of words and pairs."""

_LONG_MARK = 60
"""Of a longer mark a sentence of half as many characters is one of several."""

Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Marked:
    """The sentences of a mail, or one by itself, and what each does.

    Attributes:
        acts: which sentence does which act, shape (sentences, acts).
    """

    words: SentenceWords
    acts: Flags


def mark_mail(message: Message, features: Features, marks: Sequence[tuple[str, str]]) -> Marked:
    """Return the sentences of a mail with the acts that were marked in it.

    Args:
        marks: act and sentence, as the mail has it.
    """
    view, starts = features.views["all"], features.sentences
    acts = np.zeros((len(starts), len(ACTS)), dtype=bool)
    ends = [*starts[1:].tolist(), len(view.starts)]
    for act, quote in marks:
        words = masked_words(quote, message.recipients)
        place = view.text.find(f" {words} ") if words else -1
        if place < 0:  # cut from the middle of a long mail
            continue
        first, last = np.searchsorted(view.starts, [place + 1, place + 1 + len(words)]).tolist()
        for number, (start, end) in enumerate(zip(starts.tolist(), ends, strict=True)):
            common = min(end, last) - max(start, first)
            if 2 * common > min(end - start, last - first):
                acts[number, ACTS.index(act)] = True
    return Marked(split_words(view, starts, BITS, has_subject=features.has_subject), acts)


def mark_written(sentences: Sequence[str], marks: Sequence[tuple[str, str]]) -> Flags:
    """Return which act each sentence of a mail does, as it is written, shape (sentences, acts).

    Args:
        marks: as `mark_mail` takes them.
    """
    acts = np.zeros((len(sentences), len(ACTS)), dtype=bool)
    plain = [_plain(sentence) for sentence in sentences]
    for act, quote in marks:
        wanted = _plain(quote)
        for number, one in enumerate(plain):
            # A mark may be part of a sentence, or go over several.
            if one and wanted and (wanted in one or (one in wanted and 2 * len(one) > min(len(wanted), _LONG_MARK))):
                acts[number, ACTS.index(act)] = True
    return acts


def _plain(text: str) -> str:
    return f" {words_only(fold(text).text)} " if text else ""


def load_sentences(folder: Path) -> Iterator[tuple[str, Marked]]:
    """Yield author and sentence of every file of a folder; nothing where there is none.

    Raises:
        ConfigError: a line is no such record; the text says which.
    """
    for file in sorted(folder.glob("*.jsonl")):
        for number, line in enumerate(file.read_text("utf-8").splitlines(), 1):
            try:
                yield file.stem, _mark_sentence(json.loads(line))
            except (ValueError, KeyError, TypeError) as error:
                raise ConfigError([f"sentences {file}, line {number}: {error}"]) from error


def _mark_sentence(record: Mapping[str, object]) -> Marked:
    view = hash_text(masked_words(str(record["text"]), ()))
    acts = np.zeros((1, len(ACTS)), dtype=bool)
    if record["act"] is not None:
        acts[0, ACTS.index(str(record["act"]))] = True
    words = split_words(view, np.zeros(1, dtype=np.intp), BITS, has_subject=False)
    return Marked(replace(words, places=np.zeros_like(words.places)), acts)  # of no mail, it stands nowhere in one
