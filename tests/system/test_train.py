"""Learning from the owner's folders, from files to verdicts."""

import json
import mailbox
import stat
from email import message_from_bytes
from pathlib import Path
from typing import Any

from tests.builders import make_raw
from tests.system.conftest import Program, read_lines

POSTING = """\
Hi all,

we are looking for a {role} for our {place} site, permanent, {pay}k. Your profile came up in the alumni list. Would you
be open to a call on {day}?

{name}, by way of the alumni board
"""
NAMES = ("Ada", "Ben", "Cleo", "Dan", "Eva", "Finn", "Gus", "Hana", "Ida", "Jon", "Kai", "Lea")
ROLES = ("plant engineer", "night nurse", "bookkeeper", "data analyst", "welder")
PLACES = ("Leeds", "York", "Hull", "Derby")


def posting(number: int) -> bytes:
    """Return a post of a board: the shipped model takes it for a recruiter's, this owner for a referral."""
    name, role, place = (choice[number % len(choice)] for choice in (NAMES, ROLES, PLACES))
    return make_raw(
        POSTING.format(role=role, place=place, pay=40 + number, day=("Monday", "Friday")[number % 2], name=name),
        subject=f"{role}, {place}",
        sender=f"{name} <{name.lower()}{number}@alumni-board.example>",
        message_id=f"<post-{number}@alumni-board.example>",
    )


def fill_maildir(path: Path, contents: list[bytes]) -> None:
    box = mailbox.Maildir(str(path), create=True)
    for content in contents:
        box.add(message_from_bytes(content))
    box.close()


def configure(program: Program, **folders: str) -> None:
    lines = "\n".join(f"{json.dumps(str(program.home / name))} = {json.dumps(one)}" for name, one in folders.items())
    program.config.write_text(f"[training.folders]\n{lines}\n")


def train(program: Program, *arguments: str) -> dict[str, Any]:
    done = program.run("train", "--json", *arguments)
    assert done.stderr == "", done.stderr
    return dict(read_lines(done.stdout)[0])


def category_of(program: Program, file: Path) -> str | None:
    line = read_lines(program.run("scan", "--json", str(file)).stdout)[0]
    return line["category"] if line["state"] == "judged" else None


def test_a_model_learns_from_a_maildir_and_is_used(program: Program) -> None:
    fill_maildir(program.home / "Board", [posting(number) for number in range(12)])
    configure(program, Board="referral")
    unseen = program.home / "unseen.eml"
    unseen.write_bytes(posting(40))
    assert category_of(program, unseen) == "recruiter"

    report = train(program)

    assert (report["result"], report["examples"]["referral"]) == ("promoted", 12)
    assert category_of(program, unseen) == "referral"
    told = json.loads(program.run("explain", "--json", str(unseen)).stdout)
    assert told["model"] == report["model"]
    models = program.home / "data" / "triage" / "models"
    assert {stat.S_IMODE(file.stat().st_mode) for file in models.iterdir()} == {0o600}


def test_a_second_training_reads_nothing_again_and_has_nothing_to_do(program: Program) -> None:
    fill_maildir(program.home / "Board", [posting(number) for number in range(5)])
    configure(program, Board="referral")
    first = train(program)
    assert first["folders"][0]["read"] == 5
    second = train(program)
    assert (second["result"], second["model"]) == ("nothing", first["model"])
