"""The program beside bogofilter and SpamProbe: CPU time of whole processes on the same files in the same run.

    PYTHONPATH=. python tests/benchmarks/filters.py [FOLDER OF MAIL FILES]

Without a folder it writes the corpus's mails as files. Each program judges the files in turn, again and again, so that a busy
machine disturbs all alike. Never a pass or fail test.
"""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from tests.benchmarks.bench import child_seconds, teach_bogofilter, write_corpus
from tests.benchmarks.spamprobe import measure_spamprobe

OURS = "triage scan --json"


def measure_bogofilter(files: Sequence[Path]) -> list[tuple[str, float]]:
    """Return the CPU seconds in which bogofilter judges the files, nothing where it is missing."""
    program = shutil.which("bogofilter")
    if program is None:
        sys.stdout.write("bogofilter is missing: apt-get install bogofilter\n")
        return []
    with tempfile.TemporaryDirectory() as state:
        teach_bogofilter(program, state, files)
        return [("bogofilter -B", child_seconds([program, "-d", state, "-B", "-v", *files]))]


def measure(folder: Path, files: Sequence[Path], rounds: int) -> dict[str, list[float]]:
    """Return the CPU seconds of each round by program."""
    found: dict[str, list[float]] = {}
    for _ in range(rounds):
        rows = [(OURS, child_seconds([sys.executable, "-m", "triage", "scan", folder, "--json"]))]
        for name, seconds in rows + measure_bogofilter(files) + measure_spamprobe(files):
            found.setdefault(name, []).append(seconds)
    return found


def main(arguments: Sequence[str] | None = None) -> str:
    """Measure, print a table and return it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        folder = given.folder or Path(temporary)
        if given.folder is None:
            write_corpus(folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        found = measure(folder, files, given.rounds)
    lines = ["| | us a message | messages a CPU second | against ours |", "|---|---:|---:|---:|"]
    for name, seconds in found.items():
        ratio = median(other / own for other, own in zip(seconds, found[OURS], strict=True))
        one = median(seconds) / len(files)
        lines.append(f"| {name} | {one * 1e6:,.0f} | {1 / one:,.0f} | {ratio:.2f} x |")
    text = "\n".join(lines) + "\n"
    sys.stdout.write(f"{len(files)} messages, median of {given.rounds} rounds\n\n{text}")
    return text


if __name__ == "__main__":
    main()
