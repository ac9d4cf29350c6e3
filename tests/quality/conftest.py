"""The corpus, read once a process: it takes a while."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from triage.learn.corpus import Specimen, load_corpus

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


@pytest.fixture(scope="session")
def corpus() -> Sequence[Specimen]:
    """Every mail of the corpus."""
    return load_corpus([CORPUS])
