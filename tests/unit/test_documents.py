"""What documents tell people to type works with what else they are told."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DAEMON_MB = 120  # resident, the most that was seen


def megabytes(file: str, pattern: str) -> int:
    found = re.search(pattern, (ROOT / file).read_text("utf-8"))
    assert found is not None
    return int(found[1].replace(",", ""))


@pytest.mark.parametrize(
    ("file", "pattern"), [("triage.service", r"(?m)^MemoryMax=(\d+)M$"), ("compose.yaml", r"mem_limit: (\d+)m")]
)
def test_a_service_has_room_for_the_daemon_and_its_training(file: str, pattern: str) -> None:
    needed = megabytes("docs/learning.md", r"takes up to ([\d,]+) MB") + DAEMON_MB
    assert megabytes(f"docs/deploy/{file}", pattern) > needed


def test_no_extra_is_fetched_from_an_index_that_has_it_not() -> None:
    texts = [
        *ROOT.glob("*.md"),
        *(path for room in ("docs", "models", "triage") for path in (ROOT / room).rglob("*.*")),
    ]
    told = [
        path.name
        for path in texts
        if path.suffix in {".md", ".py"} and "install 'triage-mail" in path.read_text("utf-8")
    ]
    assert not told


def test_the_container_is_given_a_password_it_can_read() -> None:
    docker = (ROOT / "README.md").read_text("utf-8").partition("## Docker")[2]
    uid = re.search(r"--uid (\d+)", (ROOT / "Dockerfile").read_text("utf-8"))
    assert uid is not None
    assert f"chown {uid[1]} " in docker
    assert 'password_file = "/config/triage/' in docker
