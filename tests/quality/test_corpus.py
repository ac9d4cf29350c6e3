"""The corpus is what its README says."""

from collections.abc import Sequence

from tests.quality.conftest import CORPUS
from triage.learn.corpus import Specimen, load_corpus
from triage.learn.counts import count_corpus


def test_the_readme_counts_what_is_there(corpus: Sequence[Specimen]) -> None:
    assert (CORPUS / "README.md").read_text("utf-8").endswith(count_corpus(corpus))


def test_no_mail_stands_there_twice(corpus: Sequence[Specimen]) -> None:
    specimens = [*corpus, *load_corpus([CORPUS.parent / "check"])]
    assert len({(one.group, one.id) for one in specimens}) == len(specimens)
    assert len({one.content for one in specimens}) == len(specimens)


def test_the_check_set_is_not_in_it(corpus: Sequence[Specimen]) -> None:
    known = {one.id for one in corpus}
    assert not known & {one.id for one in load_corpus([CORPUS.parent / "check"])}
