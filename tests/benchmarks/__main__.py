"""Every benchmark by one command, as a page of Markdown tables with a plot.

    python -m tests.benchmarks [--quick] [--output FOLDER] [--only growth filters ...]

Writes benchmarks.md and growth.svg. `--quick` takes minutes instead of most of an hour: it shows that everything
runs, and its figures are no figures. What is missing (Dovecot, PostgreSQL, the other filters) is left out with a word.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.servers.dovecot import EXECUTABLE
from tests.servers.postgres import find_programs

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Part:
    """One benchmark: how it is run, whole and quickly.

    Attributes:
        lacks: what it needs and is not here; empty if nothing.
    """

    title: str
    command: Sequence[str]
    quick: Sequence[str]
    lacks: Callable[[], str] = lambda: ""


def _script(name: str) -> list[str]:
    return [sys.executable, str(HERE / name)]


def _no_dovecot() -> str:
    return "" if EXECUTABLE.exists() else "Dovecot is missing: apt-get install dovecot-imapd"


def _no_servers() -> str:
    return _no_dovecot() or ("" if find_programs() else "PostgreSQL is missing: apt-get install postgresql")


def parts(plot: Path, timings: Path) -> Mapping[str, Part]:
    """Return the benchmarks by name, in the order of the page."""
    functions = [
        sys.executable,
        "-m",
        "pytest",
        str(HERE / "functions.py"),
        "--benchmark-only",
        "-q",
        "-p",
        "no:randomly",
    ]
    functions += [f"--benchmark-json={timings}"]
    growth = [*_script("growth.py"), "--plot", str(plot)]
    small = ["--accounts", "4", "--messages", "4", "--workers", "1", "2"]
    return {
        "functions": Part("Functions", functions, [*functions, "--benchmark-max-time=0.1"]),
        "steps": Part("Steps, and bogofilter", _script("bench.py"), _script("bench.py")),
        "filters": Part("Beside other filters", _script("filters.py"), [*_script("filters.py"), "--rounds", "1"]),
        "growth": Part("Growth", growth, [*growth, "--sizes", "100", "200", "400"]),
        "mailbox": Part(
            "Over IMAP, and the idle daemon",
            _script("mailbox.py"),
            [*_script("mailbox.py"), "--messages", "200", "--arrivals", "3", "--idle", "3"],
            _no_dovecot,
        ),
        "training": Part("Training", _script("training.py"), [*_script("training.py"), "--examples", "500"]),
        "cluster": Part("Several workers", _script("cluster.py"), [*_script("cluster.py"), *small], _no_servers),
    }


def run(part: Part, *, quick: bool) -> tuple[str, bool]:
    """Run a benchmark; return what it printed, or why it did not, and whether all is well."""
    if lacks := part.lacks():
        return f"Left out: {lacks}\n", True
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    command = part.quick if quick else part.command
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
        return f"It failed with status {done.returncode}.\n", False
    return done.stdout, True


def function_table(timings: Path) -> str:
    """Return pytest-benchmark's figures as a table."""
    rows = [
        (one["name"].removeprefix("test_"), one["stats"]["median"] / one["extra_info"]["mails"] * 1e6)
        for one in json.loads(timings.read_text())["benchmarks"]
    ]
    lines = "".join(f"| {name} | {cost:,.0f} | {1e6 / cost:,.0f} |\n" for name, cost in rows)
    return f"| function | us of CPU a mail | mails a CPU second |\n|---|---:|---:|\n{lines}"


def machine() -> str:
    """Return what the figures were measured on."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if "model name" in line
    ]
    load = os.getloadavg()[0]
    processor = names[0] if names else platform.machine()
    return f"{os.cpu_count()} x {processor}, Python {platform.python_version()}, load {load:.1f}, {datetime.now(UTC):%Y-%m-%d}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what was asked for and write the page; end with 1 if a benchmark failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    names = list(parts(Path(), Path()))
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--only", nargs="+", choices=names, default=names)
    given = parser.parse_args(arguments)
    given.output.mkdir(parents=True, exist_ok=True)
    page = [f"# Benchmarks\n\n{machine()}{'; quick, so no figures to go by' if given.quick else ''}\n"]
    is_well = True
    with tempfile.TemporaryDirectory() as folder:
        timings = Path(folder) / "timings.json"
        for name, part in parts((given.output / "growth.svg").absolute(), timings).items():
            if name not in given.only:
                continue
            sys.stderr.write(f"{part.title} ...\n")
            text, went_well = run(part, quick=given.quick)
            is_well &= went_well
            if name == "functions" and went_well:
                text = function_table(timings)
            picture = "\n![CPU time and memory by the number of messages](growth.svg)\n" if name == "growth" else ""
            page.append(f"## {part.title}\n\n{text}{picture}")
            (given.output / "benchmarks.md").write_text("\n".join(page))
    sys.stdout.write(f"written: {given.output / 'benchmarks.md'}\n")
    return 0 if is_well else 1


if __name__ == "__main__":
    sys.exit(main())
