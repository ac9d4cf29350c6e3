"""The corpus is what its README says."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from triage.learn import corpus
from triage.learn.counts import count_corpus

CORPUS = Path(__file__).parents[2] / "models" / "corpus"
CHECK, UNSEEN = CORPUS.parent / "check", CORPUS.parent / "unseen"


def read_records(folder: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield author and record of each line; to make mails of all of them takes a minute."""
    for file in sorted(folder.glob("*.jsonl")):
        for line in file.read_text("utf-8").splitlines():
            yield file.stem, json.loads(line)


@pytest.mark.parametrize("folder", [CORPUS, UNSEEN])
def test_the_readme_counts_what_is_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        corpus, "build_message", lambda _record: b""
    )  # nothing in them is counted, and they take a minute
    assert (folder / "README.md").read_text("utf-8").endswith(count_corpus(corpus.load_corpus([folder])))


def test_no_mail_stands_there_twice() -> None:
    found = [*read_records(CORPUS), *read_records(CHECK), *read_records(UNSEEN)]
    assert len({(author, record["id"]) for author, record in found}) == len(found) > 3000
    said = {tuple(record.get(name) for name in ("from", "subject", "body", "html", "date")) for _, record in found}
    assert len(said) == len(found)


@pytest.mark.parametrize("folder", [CHECK, UNSEEN])
def test_what_is_for_measuring_is_not_in_it(folder: Path) -> None:
    known = {record["id"] for _, record in read_records(CORPUS)}
    measured = {record["id"] for _, record in read_records(folder)}
    assert measured
    assert not known & measured
