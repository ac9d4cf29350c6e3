"""The program as its users run it: a process with a configuration and folders of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.servers.dovecot import Dovecot


@dataclass(frozen=True)
class Program:
    """triage with its own home, and a configuration once one is written."""

    home: Path
    is_traced: bool = True
    """Whether coverage may look on, which makes what computes much two to three times slower."""

    started: "list[subprocess.Popen[str]]" = field(default_factory=list)

    @property
    def config(self) -> Path:
        return self.home / "config.toml"

    def environment(self) -> dict[str, str]:
        unwanted = ("TRIAGE_", "XDG_") if self.is_traced else ("TRIAGE_", "XDG_", "COV")
        kept = {name: value for name, value in os.environ.items() if not name.startswith(unwanted)}
        folders = {f"XDG_{kind}_HOME": str(self.home / kind.lower()) for kind in ("CONFIG", "STATE", "DATA")}
        return kept | folders | {"HOME": str(self.home), "NO_COLOR": "1"}

    def arguments(self, *arguments: str) -> list[str]:
        named = ["--config", str(self.config)] if self.config.exists() else []
        return [*named, *arguments]

    def command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "triage", *self.arguments(*arguments)]

    def run(
        self, *arguments: str, seconds: float = 60, answers: str | None = None, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            input=answers,
            env=self.environment(),
            cwd=cwd or Path(__file__).parents[2],
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            self.command(*arguments),
            env=self.environment(),
            cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.started.append(process)
        return process

    def end_all(self) -> None:
        """Kill what a failed test left running, or its pipes would be another test's warning."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
                process.communicate()

    def configure(self, port: int, user: str, *, extra: str = "", **account: str) -> None:
        values = {
            "name": "home",
            "host": "127.0.0.1",
            "security": "none",
            "username": user,
            "password": "secret",
        } | account
        lines = "\n".join(f"{key} = {json.dumps(value)}" for key, value in values.items() if value)
        self.config.write_text(f"{extra}\n[[accounts]]\n{lines}\nport = {port}\n")


def read_lines(text: str) -> Sequence[dict[str, Any]]:
    """Return the objects of `--json`: every line must be one."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def program(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Program]:
    """A program nobody has used before; coverage looks on unless the test is marked `no_cover`."""
    one = Program(tmp_path, is_traced=request.node.get_closest_marker("no_cover") is None)
    yield one
    one.end_all()


@pytest.fixture
def served(program: Program, dovecot: Dovecot, user: str) -> Program:
    """The same, configured for a user on Dovecot."""
    program.configure(dovecot.port, user)
    return program
