"""`triage evaluate --account` against Dovecot: an owner's folders, judged by what came before."""

import json
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.learning.owners import load_owner
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines
from triage.records import CATEGORIES, Category

pytestmark = pytest.mark.server

FOLDERS = {category: f"Sorted/{category.value}" for category in CATEGORIES}


@pytest.fixture
def home(program: Program, dovecot: Dovecot, user: str) -> Program:
    """A program that maps four folders, which are made and empty."""
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10) as client:
        client.login(user, dovecot.password)
        for name in FOLDERS.values():
            client.create_folder(name)
    mapping = "\n".join(f'"{name}" = "{category.value}"' for category, name in FOLDERS.items())
    program.configure(dovecot.port, user, extra=f"[training.folders]\n{mapping}\n")
    return program


def file(dovecot: Dovecot, user: str, count: int, *, only: Category | None = None) -> int:
    """File the electrician's first mails, or those of one category; return how many."""
    mail = [one for one in load_owner("electrician").earlier[:count] if only in {None, one.category}]
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10) as client:
        client.login(user, dovecot.password)
        for one in mail:
            client.append(FOLDERS[one.category], one.content)
    return len(mail)


def test_a_personal_model_is_held_against_the_shipped_one_words_and_nothing(
    home: Program, dovecot: Dovecot, user: str
) -> None:
    count = file(dovecot, user, 140)
    folder = home.home / "report"
    done = home.run("evaluate", "--account", "home", "--json", "--output", str(folder), seconds=180)
    assert done.returncode == 0, done.stderr
    (told,) = read_lines(done.stdout)

    assert sum(told["examples"].values()) == count
    assert 0 < told["judged"] < count  # the earliest only teach
    judges = {one["name"]: one for one in told["judges"]}
    assert list(judges) == ["personal", "shipped", "keywords", "always other"]
    mistakes = {name: one["mistakes"]["value"] for name, one in judges.items()}
    assert mistakes["personal"] < mistakes["shipped"] < mistakes["always other"]
    for one in judges.values():
        assert one["mistakes"]["low"] <= one["mistakes"]["value"] <= one["mistakes"]["high"]
        assert one["summary"]["mails"] == told["judged"]
    others = sum(row["mails"] for row in told["folders"] if row["category"] == "other")
    assert mistakes["always other"] == pytest.approx(1 - others / told["judged"], abs=1e-4)
    assert sum(one["mails"] for one in told["folders"]) == told["judged"]
    assert sum(one["mails"] for one in told["periods"]) == told["judged"]
    wrong = sum(one["personal_mistakes"] for one in told["periods"])
    assert wrong / told["judged"] == pytest.approx(mistakes["personal"], abs=1e-4)

    assert told == json.loads((folder / "report.json").read_text("utf-8"))
    text = (folder / "report.md").read_text("utf-8")
    assert "Sorted/referral" in text
    pictures = {path.name for path in folder.glob("*.svg")}
    assert pictures == {"mistakes.svg", "categories.svg", "reliability.svg", "coverage_errors.svg"}
    assert all(f"]({name})" in text for name in pictures)
    earlier = load_owner("electrician").earlier
    subjects = [line for one in earlier for line in one.content.decode().splitlines() if line[:9] == "Subject: "]
    assert not [line for line in subjects if len(line) > 25 and line[9:] in text]


@pytest.mark.no_cover  # the same commands as in the test before, which is traced
def test_it_reads_no_message_twice_and_judges_what_it_knows_when_a_folder_is_gone(
    home: Program, dovecot: Dovecot, user: str
) -> None:
    file(dovecot, user, 60)
    first = home.run("evaluate", "--account", "home", "--json", seconds=120)
    assert first.returncode in {0, 1}, first.stderr
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10) as client:
        client.login(user, dovecot.password)
        client.delete_folder(FOLDERS[Category.SCAM])
    again = home.run("evaluate", "--account", "home", "--json", seconds=120)
    assert again.returncode == 1
    assert f"{FOLDERS[Category.SCAM]}: " in again.stderr
    assert "what is known of it from before was judged" in again.stderr
    assert read_lines(again.stdout) == read_lines(first.stdout)
    trained = read_lines(home.run("train", "--json", seconds=120).stdout)[0]
    assert [one["read"] for one in trained["folders"]] == [0, 0, 0, 0]


def test_too_little_is_told_in_words(home: Program, dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    def complaint(*arguments: str) -> str:
        done = home.run("evaluate", *arguments, "--output", str(tmp_path / "nothing"))
        assert (done.returncode, done.stdout) == (2, ""), done
        assert not (tmp_path / "nothing").exists()
        return done.stderr

    assert complaint("--account", "work") == "triage: there is no account work; there are home\n"
    empty = complaint("--account", "home")
    assert "nothing is known of home's mail; map its folders in [training.folders]" in empty
    assert "Sorted/scam: it holds no message" in empty
    few = file(dovecot, user, 6)
    assert f"home has {few} examples, and at least 20 are needed to hold some out" in complaint("--account", "home")
    file(dovecot, user, 140, only=Category.SCAM)
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10) as client:
        client.login(user, dovecot.password)
        for category in set(CATEGORIES) - {Category.SCAM}:
            client.delete_folder(FOLDERS[category])
    mapping = f'[training.folders]\n"{FOLDERS[Category.SCAM]}" = "scam"\n'
    home.configure(dovecot.port, user, extra=mapping)
    assert "are scam, so that there is nothing to tell apart" in complaint("--account", "home")
