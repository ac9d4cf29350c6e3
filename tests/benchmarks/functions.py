"""What each function costs by itself, with pytest-benchmark on CPU time.

    python -m pytest tests/benchmarks/functions.py --benchmark-only

Each round goes over the same mails of the corpus, so that figures are for all of them; `extra` tells how many.
No test of the suite: its name keeps pytest from finding it.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

from triage.bootstrap import build_judge, load_base_model
from triage.classify.features import extract_features
from triage.classify.judge import Judge
from triage.classify.scorer import probabilities, score, vectorise
from triage.config import Config
from triage.learn.corpus import load_corpus
from triage.mail.htmltext import extract_html
from triage.mail.parse import open_message, parse_message

ROOT = Path(__file__).parents[2]
MAILS = 200

pytestmark = pytest.mark.benchmark(timer=time.process_time, min_rounds=10, warmup=True)


class Benchmark(Protocol):
    """pytest-benchmark's fixture."""

    extra_info: dict[str, Any]

    def __call__(self, work: Callable[[], object]) -> object:
        """Measure some work."""


@pytest.fixture(scope="module")
def contents() -> Sequence[bytes]:
    """Mails of the corpus, from all of it."""
    found = load_corpus([ROOT / "models" / "corpus"])
    return [one.content for one in found[:: max(1, len(found) // MAILS)]][:MAILS]


@pytest.fixture(scope="module")
def judge() -> Judge:
    """The shipped model."""
    return build_judge(Config())


def each(benchmark: Benchmark, work: Callable[[Any], object], given: Sequence[Any]) -> None:
    """Measure some work on each of many."""
    benchmark.extra_info["mails"] = len(given)
    benchmark(lambda: [work(one) for one in given])


def test_open(benchmark: Benchmark, contents: Sequence[bytes]) -> None:
    """MIME and headers."""
    each(benchmark, open_message, contents)


def test_parse(benchmark: Benchmark, contents: Sequence[bytes]) -> None:
    """In full."""
    each(benchmark, parse_message, contents)


def test_text(benchmark: Benchmark, contents: Sequence[bytes]) -> None:
    """HTML to visible text."""
    pages = [f"<html><body><p>{parse_message(one).text}</p></body></html>" for one in contents]
    each(benchmark, extract_html, pages)


def test_features(benchmark: Benchmark, contents: Sequence[bytes]) -> None:
    """Views, n-grams, phrases and signals."""
    each(benchmark, extract_features, [parse_message(one) for one in contents])


def test_score(benchmark: Benchmark, contents: Sequence[bytes]) -> None:
    """Features to probabilities."""
    model = load_base_model()
    features = [extract_features(parse_message(one)) for one in contents]
    each(benchmark, lambda one: probabilities(score(vectorise(one, model), model), model), features)


def test_judge(benchmark: Benchmark, contents: Sequence[bytes], judge: Judge) -> None:
    """Features, score, decision, evidence."""
    each(benchmark, judge.judge, [parse_message(one) for one in contents])


def test_explain(benchmark: Benchmark, contents: Sequence[bytes], judge: Judge) -> None:
    """The same with every contribution."""
    each(benchmark, judge.explain, [parse_message(one) for one in contents])


def test_read(benchmark: Benchmark, contents: Sequence[bytes], judge: Judge) -> None:
    """From octets to the verdict as the program does, with its first look."""
    each(benchmark, judge.read, contents)
