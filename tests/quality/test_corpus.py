"""The corpus is what its README says."""

from pathlib import Path

from triage.learn.corpus import load_corpus
from triage.learn.counts import count_corpus

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


def test_the_readme_counts_what_is_there() -> None:
    assert (CORPUS / "README.md").read_text("utf-8").endswith(count_corpus(load_corpus([CORPUS])))


def test_no_mail_stands_there_twice() -> None:
    specimens = load_corpus([CORPUS, CORPUS.parent / "check"])
    assert len({(one.group, one.id) for one in specimens}) == len(specimens)
    assert len({one.content for one in specimens}) == len(specimens)
