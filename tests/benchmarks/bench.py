"""Messages per CPU second, beside bogofilter on the same files in the same run.

    python tests/benchmarks/bench.py [FOLDER OF MAIL FILES]

Without a folder it writes the corpus's mails as files. Figures are CPU time, which a
busy machine disturbs less than the clock; what is to be believed is the ratio to bogofilter, taken in
turns on a tenth of the files each. Never a pass or fail test.
"""

import argparse
import gc
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from email import message_from_bytes
from pathlib import Path

import authres
import fast_mail_parser

from triage.bootstrap import build_judge
from triage.classify.features import extract_features
from triage.classify.judge import Judge
from triage.classify.ngrams import character_ngrams, hash_text
from triage.config import Config
from triage.errors import MessageError
from triage.learn.corpus import load_corpus
from triage.local.files import read_beginning
from triage.mail.authentication import parse_authentication_results
from triage.mail.parse import OpenedMessage, open_message, parse_message
from triage.records import Message

ROOT = Path(__file__).parents[2]


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return user and system time of this process for some work."""
    start = time.process_time()
    work()
    return time.process_time() - start


def child_seconds(command: Sequence[str | Path]) -> float:
    """Return user and system time of a program."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, stdout=subprocess.DEVNULL, check=False)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def parse_all(contents: Sequence[bytes]) -> list[Message]:
    """Parse every message that is one."""
    found = []
    for content in contents:
        try:
            found.append(parse_message(content))
        except MessageError:
            continue
    return found


def read(judge: Judge, content: bytes) -> object:
    """Judge a message as the program does, with its first look; None for what is no message."""
    try:
        return judge.read(content)
    except MessageError:
        return None


def read_mail(content: bytes) -> OpenedMessage | None:
    """Open a message; None for what is no message."""
    try:
        return open_message(content)
    except MessageError:
        return None


def read_mime(content: bytes) -> object:
    """Take a message apart as the parser does first; None for what it refuses."""
    try:
        return fast_mail_parser.parse_email(content, mode="lazy")
    except fast_mail_parser.ParseError:
        return None


def read_by_authres(header: str) -> object:
    """Read a header with the reference library; None for what it refuses."""
    try:
        return authres.AuthenticationResultsHeader.parse(f"Authentication-Results: {header}")
    except authres.SyntaxError:
        return None


def hash_at_once(text: str) -> list[object]:
    """Hash a text's n-grams as the features do."""
    hashed = hash_text(text)
    return [character_ngrams(hashed, order) for order in (4, 5)]


def hash_one_by_one(text: str) -> list[int]:
    """Hash the same n-grams with one call of a fast hash function each."""
    content = text.encode()
    return [zlib.crc32(content[start : start + order]) for order in (4, 5) for start in range(len(content) - order + 1)]


def write_corpus(folder: Path) -> None:
    """Write the corpus's mails as files."""
    for specimen in load_corpus([ROOT / "models" / "corpus"]):
        (folder / f"{specimen.id}.eml").write_bytes(specimen.content)


def measure_functions(files: Sequence[Path], judge: Judge) -> list[tuple[str, float]]:
    """Return CPU seconds of each step over all files."""
    contents = [read_beginning(file)[0] for file in files]
    messages = parse_all(contents)
    opened = [one for content in contents if (one := read_mail(content))]
    cleared = sum(judge.clear(one) is not None for one in opened)
    sys.stdout.write(f"cleared at first look: {cleared / len(files):.0%}\n")
    texts = [extract_features(message).views["all"].text for message in messages]
    headers = [str(header) for content in contents if (header := message_from_bytes(content)["Authentication-Results"])]
    return [
        ("MIME alone, fast-mail-parser", cpu_seconds(lambda: [read_mime(content) for content in contents])),
        ("MIME alone, standard library", cpu_seconds(lambda: [message_from_bytes(content) for content in contents])),
        ("hashes of 4 and 5 characters, NumPy", cpu_seconds(lambda: [hash_at_once(text) for text in texts])),
        ("hashes of 4 and 5 characters, a loop", cpu_seconds(lambda: [hash_one_by_one(text) for text in texts])),
        ("Authentication-Results, ours", cpu_seconds(lambda: [parse_authentication_results(one) for one in headers])),
        ("Authentication-Results, authres", cpu_seconds(lambda: [read_by_authres(one) for one in headers])),
        ("open: MIME and headers", cpu_seconds(lambda: [read_mail(content) for content in contents])),
        ("first look: words and weights", cpu_seconds(lambda: [judge.clear(one) for one in opened])),
        ("parse", cpu_seconds(lambda: parse_all(contents))),
        ("features", cpu_seconds(lambda: [extract_features(message) for message in messages])),
        ("judge (features, score, decide, explain)", cpu_seconds(lambda: [judge.judge(one) for one in messages])),
        ("parse + judge, all in full", cpu_seconds(lambda: [judge.judge(one) for one in parse_all(contents)])),
        ("parse + judge, as the program does", cpu_seconds(lambda: [read(judge, content) for content in contents])),
    ]


_TURNS = 10


def teach_bogofilter(program: str, state: str, files: Sequence[Path]) -> None:
    """Let bogofilter learn half of the files, every other one as spam: what it says does not matter here."""
    half = files[: len(files) // 2]
    for flag, part in (("-n", half[::2]), ("-s", half[1::2])):
        subprocess.run([program, "-d", state, flag, "-B", *part], check=False)


def measure_in_turns(files: Sequence[Path], judge: Judge) -> list[tuple[str, float]]:
    """Return CPU seconds of parse and judge, and of bogofilter where it is installed, in turns on the same files."""
    program = shutil.which("bogofilter")
    ours = theirs = 0.0
    gc.freeze()  # as the program does
    with tempfile.TemporaryDirectory() as state:
        if program is not None:
            teach_bogofilter(program, state, files)
        for turn in range(_TURNS):
            # Read when they are wanted, as the program does: some kernels put away what nobody has looked at for seconds.
            part = [read_beginning(file)[0] for file in files[turn::_TURNS]]
            ours += cpu_seconds(lambda part=part: [read(judge, content) for content in part])  # type: ignore[misc]
            if program is not None:
                theirs += child_seconds([program, "-d", state, "-B", "-v", *files[turn::_TURNS]])
    rows = [("**parse + judge, in turns with bogofilter**", ours)]
    if program is None:
        sys.stdout.write("bogofilter is missing: apt-get install bogofilter\n")
        return rows
    sys.stdout.write(f"parse + judge takes {ours / theirs:.2f} of bogofilter's CPU time\n")
    return [*rows, ("bogofilter -B, in turns", theirs)]


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", nargs="?", type=Path, help="mail files; without it the corpus's")
    given = parser.parse_args().folder
    with tempfile.TemporaryDirectory() as temporary:
        folder = given or Path(temporary)
        if given is None:
            write_corpus(folder)
        files = sorted(file for file in folder.rglob("*") if file.is_file())
        size = sum(file.stat().st_size for file in files) / len(files)
        judge = build_judge(Config())
        turns = measure_in_turns(files, judge)
        rows = measure_functions(files, judge)
        rows.append(
            (
                "triage scan --json (whole process)",
                child_seconds([sys.executable, "-m", "triage", "scan", folder, "--json"]),
            )
        )
        rows += turns
        sys.stdout.write(f"{len(files)} messages, {size:,.0f} bytes each on average, {os.cpu_count()} cores\n\n")
        sys.stdout.write("| step | us a message | messages a CPU second |\n|---|---:|---:|\n")
        for name, seconds in rows:
            sys.stdout.write(f"| {name} | {seconds / len(files) * 1e6:,.0f} | {len(files) / seconds:,.0f} |\n")


if __name__ == "__main__":
    main()
