"""The program on local mail: one line for every file, whatever the files are."""

import json
import random
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.builders import make_offer, make_raw, make_scam
from tests.system.conftest import Program, read_lines
from triage.local.maildir_keywords import load_keywords


def make_maildir(path: Path, *contents: bytes) -> Path:
    for part in ("cur", "new", "tmp"):
        (path / part).mkdir(parents=True)
    for number, content in enumerate(contents):
        (path / "new" / f"{1000 + number}.M1P1.host").write_bytes(content)
    return path


def write_hostile_files(folder: Path) -> int:
    """Write 200 files that no careful program would send."""
    rng = random.Random(1)
    nested = b"".join(b"--b%d\r\nContent-Type: multipart/mixed; boundary=b%d\r\n\r\n" % (i, i + 1) for i in range(1500))
    makers: list[Callable[[bytes], bytes]] = [
        lambda raw: raw[: rng.randrange(len(raw))],
        lambda _: b"Subject: nested\r\nContent-Type: multipart/mixed; boundary=b0\r\n\r\n" + nested,
        lambda raw: raw.replace(b"utf-8", b"klingon"),
        lambda raw: raw.replace(b" ", b"\0"),
        lambda _: b"",
        lambda raw: bytes(rng.randrange(256) for _ in raw),
        lambda raw: raw.replace(b"\r\n", b"\r"),
        lambda raw: b"From: " + b"(" * 5000 + b"\r\n" + raw,
        lambda raw: raw + b"=?utf-8?b?" * 3000,
        lambda raw: b"Content-Type: text/html\r\n" + raw.replace(b"\r\n\r\n", b"\r\n\r\n" + b"<div><b>" * 4000, 1),
    ]
    (folder / "deep" / "er").mkdir(parents=True)
    for number in range(199):
        raw = rng.choice([make_scam, make_offer])(number)
        where = folder / ("deep/er" if number % 3 else ".")
        (where / f"{number:03d}.eml").write_bytes(makers[number % len(makers)](raw))
    (folder / "huge.eml").write_bytes(make_scam() + b"x" * 30_000_000)
    return 200


def test_every_hostile_file_gets_its_line(program: Program, tmp_path: Path) -> None:
    folder = tmp_path / "mail"
    count = write_hostile_files(folder)
    first = program.run("scan", str(folder), "--json", seconds=60)
    lines = read_lines(first.stdout)
    assert len(lines) == len({line["source"] for line in lines}) == count
    assert first.returncode == (1 if any(line["state"] == "unjudged" for line in lines) else 0)
    assert "Traceback" not in first.stderr
    assert all(line["error"] for line in lines if line["state"] == "unjudged")
    assert program.run("scan", str(folder), "--json").stdout == first.stdout


def test_the_json_line_keeps_its_contract(program: Program, tmp_path: Path) -> None:
    mail = tmp_path / "scam.eml"
    mail.write_bytes(make_scam())
    (line,) = read_lines(program.run("scan", str(mail), "--json").stdout)
    assert list(line) == [
        *("source", "message_id", "state", "category", "probabilities", "scam_kind", "advice", "evidence"),
        *("label_change", "applied", "error"),
    ]
    assert (line["source"], line["message_id"]) == (str(mail), "<scam-1@outlook.com>")
    assert (line["state"], line["category"], line["applied"], line["error"]) == ("judged", "scam", False, None)
    assert list(line["probabilities"]) == ["recruiter", "referral", "scam", "other"]
    assert sum(line["probabilities"].values()) == pytest.approx(1, abs=1e-4)
    assert line["scam_kind"]
    assert set(line["evidence"][0]) == {"name", "quote", "weight"}
    assert line["label_change"] == {"add": ["Triage/Scam"], "remove": []}


def test_a_maildir_is_labelled_and_undone(program: Program, tmp_path: Path) -> None:
    maildir = make_maildir(tmp_path / "Maildir", make_scam(), make_raw())
    done = program.run("scan", str(maildir), "--apply")
    assert done.returncode == 0
    assert "Triage/Scam" in load_keywords(maildir).values()
    assert [file.name.rpartition(":2,")[2] for file in (maildir / "cur").iterdir()] == ["a"]
    run_id = done.stdout.split("triage undo ")[1].split()[0]
    assert "1 taken back" in program.run("undo", run_id).stdout
    assert "0 taken back" in program.run("undo", "--since", "1h").stdout
    for _ in range(2):
        program.run("scan", str(maildir), "--apply")
    assert "1 taken back" in program.run("undo", "--since", "1h").stdout
    assert [file.name.rpartition(":2,")[2] for file in (maildir / "cur").iterdir()] == [""]


def test_a_run_is_taken_back_from_any_folder_though_another_maildir_has_gone(program: Program, tmp_path: Path) -> None:
    kept, gone = (make_maildir(tmp_path / name, make_scam(number)) for number, name in enumerate(("kept", "gone")))
    for name in ("kept", "gone"):
        assert program.run("scan", name, "--apply", cwd=tmp_path).returncode == 0
    shutil.rmtree(gone)
    undone = program.run("undo", "--since", "1h")
    assert (undone.returncode, "1 taken back" in undone.stdout) == (2, True)
    assert f"triage: {gone}: it does not exist" in undone.stderr
    assert [file.name.rpartition(":2,")[2] for file in (kept / "cur").iterdir()] == [""]


def test_a_source_of_a_maildir_is_explained_and_its_label_corrected(program: Program, tmp_path: Path) -> None:
    maildir = make_maildir(tmp_path / "Maildir", make_scam())
    (line,) = read_lines(program.run("scan", str(maildir), "--apply", "--json").stdout)
    assert program.run("explain", line["source"]).stdout.startswith("scam")

    def letters() -> list[str]:
        return [file.name.rpartition(":2,")[2] for file in (maildir / "cur").iterdir()]

    told = program.run("correct", line["source"], "other")
    assert told.stdout == "remembered as other; Triage/Scam was taken off; `triage train` learns it\n", told.stderr
    assert letters() == [""]
    program.run("scan", str(maildir), "--apply")
    assert letters() == [""]
    (file,) = (maildir / "cur").iterdir()
    told = program.run("correct", str(file), "referral")
    assert told.stdout.startswith("remembered and labelled as referral"), told.stderr
    assert [load_keywords(maildir)[letter] for letter in letters()] == ["Triage/Referral"]


@pytest.mark.parametrize("command", [("explain",), ("correct", "scam"), ("unlearn",)])
def test_an_empty_folder_holds_no_message(program: Program, tmp_path: Path, command: tuple[str, ...]) -> None:
    (tmp_path / "folder").mkdir()
    for folder in (tmp_path / "folder", make_maildir(tmp_path / "Maildir")):
        done = program.run(command[0], str(folder), *command[1:])
        assert (done.returncode, done.stderr) == (2, f"triage: {folder} holds no message\n")


def test_half_a_source_is_told_to_be_put_in_quotes(program: Program) -> None:
    program.configure(1, "owner")
    done = program.run("explain", "home/INBOX")  # of home/INBOX;uidvalidity=1;uid=1, which a shell cuts at ;
    assert (done.returncode, "put the source in quotes" in done.stderr) == (2, True)


def test_a_reader_who_has_gone_is_no_failure(program: Program, tmp_path: Path) -> None:
    maildir = make_maildir(tmp_path / "Maildir", *(make_scam(number) for number in range(400)))
    for arguments in (("scan", str(maildir), "--apply", "--json"), ("explain", str(next((maildir / "new").iterdir())))):
        process = program.start(*arguments)
        assert process.stdout is not None
        process.stdout.close()
        process.stdout = None
        _, told = process.communicate(timeout=60)
        assert (process.returncode, "Error" in told) == (0, False), told
        assert ("triage undo " in told) == (arguments[0] == "scan")


def test_a_dry_run_promises_no_label_that_cannot_be_written(program: Program, tmp_path: Path) -> None:
    maildir = make_maildir(tmp_path / "Maildir", make_scam(1))
    mail = tmp_path / "scam.eml"
    mail.write_bytes(make_scam(2))
    ends = program.run("scan", str(mail), str(maildir)).stdout.splitlines()[-2:]
    assert ends == [
        "1 would get labels; nothing was changed (--apply writes them)",
        "files and mbox cannot carry labels; use a Maildir or an account",
    ]
    assert "would get" not in program.run("scan", str(mail)).stdout
    assert "cannot carry labels" not in program.run("scan", str(maildir)).stdout


def test_an_mbox_gives_a_line_for_each_message(program: Program, tmp_path: Path) -> None:
    mbox = tmp_path / "old.mbox"
    mbox.write_bytes(
        b"".join(b"From x Mon May  4 10:00:00 2026\n" + make_scam(n).replace(b"\r\n", b"\n") + b"\n" for n in range(3))
    )
    lines = read_lines(program.run("scan", str(mbox), "--json").stdout)
    assert [line["source"] for line in lines] == [f"{mbox}#{n}" for n in (1, 2, 3)]
    assert program.run("explain", f"{mbox}#2").stdout.startswith("scam")


def test_files_that_cannot_carry_labels_say_so(program: Program, tmp_path: Path) -> None:
    mail = tmp_path / "scam.eml"
    mail.write_bytes(make_scam())
    done = program.run("scan", str(mail), "--apply", "--json")
    (line,) = read_lines(done.stdout)
    assert (done.returncode, line["applied"], line["state"]) == (1, False, "judged")
    assert "use a Maildir or an account" in line["error"]
    assert mail.read_bytes() == make_scam()


def test_explain_adds_up(program: Program, tmp_path: Path) -> None:
    mail = tmp_path / "scam.eml"
    mail.write_bytes(make_scam())
    told = json.loads(program.run("explain", str(mail), "--json").stdout)
    assert told["words_total"] + told["signals_total"] + told["rest"] == pytest.approx(told["score"], abs=0.01)
    assert told["advice"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("scan", "nowhere"), "it does not exist"),
        (("scan", ".", "--account", "home"), "not both"),
        (("scan", ".", "--since", "yesterday"), "is not an age"),
        (("scan",), "does not exist; write one"),
        (("explain", "nowhere.eml"), "it does not exist"),
        (("undo", "nonsense"), "there is no run nonsense"),
        (("undo", "nonsense", "--since", "1h"), "give either"),
        (("run",), "does not exist; write one"),
        (("train",), "does not exist; write one"),
        (("train", "--base", "--corpus", "nowhere"), "cannot be read"),
    ],
)
def test_a_mistake_is_told_in_a_line(program: Program, arguments: tuple[str, ...], words: str) -> None:
    done = program.run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr


def test_the_demo_runs_without_anything(program: Program) -> None:
    done = program.run("demo")
    assert done.returncode == 0, done.stderr
    assert "0 labels left to write" in done.stdout
    assert "mail department" in done.stdout
    assert not any(program.home.iterdir())


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_is_finished_by_the_next(program: Program, tmp_path: Path, number: int) -> None:
    maildir = make_maildir(tmp_path / "Maildir", *(make_scam(number) for number in range(1400)))
    scan = program.start("scan", str(maildir), "--apply", "--json")
    deadline = time.monotonic() + 30
    while not any((maildir / "cur").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.01)
    scan.send_signal(number)
    output, told = scan.communicate(timeout=60)
    assert scan.returncode == 130
    count = len(read_lines(output))
    assert count in {500, 1000, 1400}  # the chunk under way was finished
    assert f"triage: {count} labelled; take it back with: triage undo " in told
    assert "stopped; nothing is half-written, and the next run goes on" in told
    program.run("scan", str(maildir), "--apply")
    letters = [file.name.rpartition(":2,")[2] for file in (maildir / "cur").iterdir()]
    assert letters == ["a"] * 1400
    assert not any((maildir / "new").iterdir())
