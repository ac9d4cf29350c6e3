"""The evaluation as its users run it, on a small part of the corpus."""

import json
from pathlib import Path

import pytest

from tests.system.conftest import Program, read_lines
from triage.modelfile import check_set_path

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


def small_corpus(folder: Path, mails: int = 25) -> Path:
    """Copy the first mails of some authors."""
    folder.mkdir()
    for name in ("author_10", "author_2", "ordinary_1"):
        lines = (CORPUS / f"{name}.jsonl").read_text("utf-8").splitlines()[:mails]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def check_mails() -> int:
    return sum(len(path.read_text("utf-8").splitlines()) for path in check_set_path().glob("*.jsonl"))


@pytest.mark.no_cover  # it learns some hundred times, as the tests of `evaluate` do that are traced
@pytest.mark.timeout(300)
def test_a_quick_evaluation_says_the_same_on_screen_in_files_and_again(program: Program) -> None:
    corpus, first, second = (str(program.home / name) for name in ("corpus", "first", "second"))
    small_corpus(Path(corpus))
    done = program.run("evaluate", "--quick", "--json", "--corpus", corpus, "--output", first, seconds=110)
    assert done.returncode == 1, done.stderr  # so few mails keep no budget
    (told,) = read_lines(done.stdout)
    assert told == json.loads((Path(first) / "report.json").read_text("utf-8"))
    summary = told["by_author"]["summary"]
    assert (summary["mails"], told["by_author"]["folds"], told["check"]["mails"]) == (75, 3, check_mails())
    assert 0 < summary["macro_f1"]["low"] < summary["macro_f1"]["value"] < summary["macro_f1"]["high"] < 1
    assert [one["is_kept"] for one in told["budgets"]].count(False) >= 1

    again = program.run("evaluate", "--quick", "--corpus", corpus, "--output", second, seconds=110)
    assert "exceeded" in again.stdout
    files = sorted(path.name for path in Path(first).iterdir())
    assert {"report.md", "report.json", "reliability.svg", "learning_curve.svg"} <= set(files)
    assert [(Path(first) / name).read_bytes() for name in files] == [
        (Path(second) / name).read_bytes() for name in files
    ]


def test_without_a_corpus_it_says_what_to_name(program: Program) -> None:
    (program.home / "empty").mkdir()
    done = program.run("evaluate", "--quick", "--corpus", str(program.home / "empty"))
    assert (done.returncode, done.stdout) == (2, "")
    assert "--corpus" in done.stderr
