"""Training that is cut short, doubled or cannot save: a clear word, the model in use stays, nothing is lost."""

import resource
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.system.conftest import Program
from tests.system.test_train import category_of, configure, fill_maildir, posting, train
from triage.service.leases import Leases
from triage.store.store import open_store


@pytest.fixture
def sorted_mail(program: Program) -> Path:
    """A program with a folder to learn from, and a message like those in it."""
    fill_maildir(program.home / "Board", [posting(number) for number in range(12)])
    configure(program, Board="referral")
    unseen = program.home / "unseen.eml"
    unseen.write_bytes(posting(40))
    return unseen


def store_url(program: Program) -> str:
    return f"sqlite:///{program.home / 'state' / 'triage' / 'triage.sqlite3'}"


@pytest.mark.no_cover  # which hears nothing of what is killed; test_train.py shows it the same
def test_power_loss_at_any_moment_leaves_a_whole_model_and_a_store_that_learns_on(
    program: Program, sorted_mail: Path
) -> None:
    begun = time.monotonic()
    whole = train(program)["model"]
    length = time.monotonic() - begun
    program.run("models", "use", "base")
    fill_maildir(program.home / "Board", [posting(number) for number in range(12, 16)])
    for part in (0.3, 0.6, 0.9):
        process = program.start("train", "--json")
        time.sleep(length * part)
        process.kill()
        process.communicate()
        assert category_of(program, sorted_mail) in {"recruiter", "referral"}
        assert program.run("models", "list", "--json").stdout.count('"problem": null') >= 2
    report = train(program)
    assert (report["examples"]["referral"], report["result"] in {"promoted", "nothing"}) == (16, True)
    assert report["model"] != whole
    assert category_of(program, sorted_mail) == "referral"


def test_a_second_training_at_the_same_time_waits_for_another_day(program: Program, sorted_mail: Path) -> None:
    program.run("learned")  # makes the store
    store = open_store(store_url(program))
    with Leases(store).holding("training:training"):
        second = program.run("train")
    store.close()
    assert second.returncode == 2
    assert "is at work on training; try again later" in second.stderr
    assert category_of(program, sorted_mail) == "recruiter"


def test_a_disk_that_is_full_while_saving_keeps_the_model_in_use(program: Program, sorted_mail: Path) -> None:
    def small_files() -> None:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))

    done = subprocess.run(
        program.command("train"),
        env=program.environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        preexec_fn=small_files,
    )
    assert done.returncode == 2
    assert "cannot be written: File too large; the model in use stays" in done.stderr
    assert category_of(program, sorted_mail) == "recruiter"
    assert not list((program.home / "data" / "triage" / "models").glob("*.joblib*"))
    assert train(program)["result"] == "promoted"
