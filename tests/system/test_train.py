"""Learning from the owner's folders, from files to verdicts."""

import json
import mailbox
import stat
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest

from tests.builders import make_raw, make_scam
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
    with program.config.open("a") as file:
        file.write('[owner]\nnames = ["Ada Alder"]\n')  # what features may show is another thing from now on
    third = train(program)
    assert (third["result"], third["folders"][0]["read"]) == ("promoted", 5)


def test_what_was_corrected_is_learnt_listed_and_taken_back_to_the_same_model(program: Program) -> None:
    """Unlearning leaves no trace: the model has the digest of one that never saw the example."""
    fill_maildir(program.home / "Board", [posting(number) for number in range(12)])
    configure(program, Board="referral")
    without = train(program)["model"]
    odd = program.home / "odd.eml"
    odd.write_bytes(make_scam(1))
    assert category_of(program, odd) == "scam"

    told = program.run("correct", str(odd), "other")
    assert (told.returncode, told.stdout[:42]) == (0, "remembered as other; its label was not cha")
    with_odd = train(program)
    assert (with_odd["result"], with_odd["examples"]["other"]) == ("promoted", 1)
    assert with_odd["model"] != without
    lines = read_lines(program.run("learned", "--json").stdout)
    assert len(lines) == 13
    assert sum(line["influence"] for line in lines) == pytest.approx(1, abs=1e-3)
    found = next(line for line in lines if line["origin"] == "correct")
    assert (found["source"], found["category"], found["learnt"]) == (str(odd), "other", True)

    taken = program.run("unlearn", found["example"][:10])
    assert taken.stdout.startswith("1 taken back; the model in use has learnt 1 of them"), taken
    after = train(program)
    assert (after["result"], after["model"]) == ("promoted", without)
    assert found["example"] not in program.run("learned", "--json").stdout


def test_nothing_left_is_the_shipped_model_again(program: Program) -> None:
    program.configure(1, "owner")
    mail = program.home / "mail.eml"
    mail.write_bytes(posting(3))
    program.run("correct", str(mail), "referral")
    assert train(program)["result"] == "promoted"
    assert program.run("unlearn", str(mail)).returncode == 0
    report = train(program)
    assert (report["result"], report["model"]) == ("promoted", "base")
    lines = read_lines(program.run("models", "list", "--json").stdout)
    assert [line["in_use"] for line in lines] == [True, False]


def test_models_are_shown_chosen_and_gone_back_to(program: Program) -> None:
    fill_maildir(program.home / "Board", [posting(number) for number in range(12)])
    configure(program, Board="referral")
    model = train(program)["model"]
    unseen = program.home / "unseen.eml"
    unseen.write_bytes(posting(40))
    assert json.loads(program.run("models", "show").stdout)["base"]

    assert program.run("models", "rollback").stdout == "base is in use again\n"
    assert category_of(program, unseen) == "recruiter"
    assert train(program)["result"] == "nothing"  # what its owner put away stays away until there is something new
    assert program.run("models", "use", model).stdout == f"{model} is in use\n"
    assert category_of(program, unseen) == "referral"
    unknown = program.run("models", "use", "nonsense")
    assert (unknown.returncode, unknown.stderr) == (2, f"triage: there is no model nonsense; there are base, {model}\n")


def test_a_model_that_fails_its_check_is_refused_and_the_shipped_one_judges(program: Program) -> None:
    fill_maildir(program.home / "Board", [posting(number) for number in range(12)])
    configure(program, Board="referral")
    model = train(program)["model"]
    file = program.home / "data" / "triage" / "models" / f"{model}.joblib"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    unseen = program.home / "unseen.eml"
    unseen.write_bytes(posting(40))

    done = program.run("scan", "--json", str(unseen))

    assert read_lines(done.stdout)[0]["category"] == "recruiter"
    assert "was refused: it was not signed by this user's key; train again" in done.stderr
    assert file.read_bytes() == content
    problem = [line["problem"] for line in read_lines(program.run("models", "list", "--json").stdout)][1]
    assert "not signed" in problem


def test_review_asks_about_the_least_sure_and_remembers_the_answers(program: Program) -> None:
    folder = program.home / "mail"
    folder.mkdir()
    for number in range(6):
        (folder / f"{number}.eml").write_bytes(posting(number))
        (folder / f"scam{number}.eml").write_bytes(make_scam(number))
    done = program.run("review", str(folder), "--count", "3", answers="f\nx\n\no\n")
    assert done.returncode == 0, done.stderr
    assert "3 of 3" in done.stdout
    assert done.stdout.endswith("2 remembered; `triage train` learns from them\n")
    assert done.stdout.count("r recruiter") == 4  # one key meant nothing
    found = sorted(line["category"] for line in read_lines(program.run("learned", "--json").stdout))
    assert found == ["other", "referral"]
    again = program.run("review", str(folder), "--count", "20", answers="q\n")
    assert "1 of 5" in again.stdout
    assert again.stdout.endswith("nothing was remembered\n")


def test_a_message_in_two_folders_is_a_conflict_and_not_learnt(program: Program) -> None:
    fill_maildir(program.home / "Board", [posting(1), posting(2)])
    fill_maildir(program.home / "Fakes", [posting(2)])
    configure(program, Board="referral", Fakes="scam")
    report = train(program)
    assert (report["conflicts"], report["examples"]) == (1, {"recruiter": 0, "referral": 1, "scam": 0, "other": 0})
    line = read_lines(program.run("learned", "--conflicts", "--json").stdout)[0]
    assert sorted(place["category"] for place in line["places"]) == ["referral", "scam"]


def test_with_nothing_to_learn_from_it_says_what_to_do(program: Program) -> None:
    program.config.write_text("")
    for command in ("train", "learned"):
        assert "map folders in [training.folders], or correct a message" in program.run(command).stdout


def test_folders_that_are_empty_missing_or_no_mail_are_told(program: Program) -> None:
    (program.home / "Empty").mkdir()
    fill_maildir(program.home / "Board", [posting(1), b"\0\0"])
    configure(program, Board="referral", Empty="other", Gone="scam")
    done = program.run("train", "--json")
    assert done.returncode == 1
    report = json.loads(done.stdout)
    found = {Path(one["folder"]).name: one for one in report["folders"]}
    assert found["Board"]["read"] + found["Board"]["unreadable"] == 2
    assert found["Empty"]["messages"] == 0
    assert "Gone" in found["Gone"]["problem"]
    assert report["result"] == "promoted"
