"""How time, memory and the store grow with the mail: scans of files and over IMAP, and the daemon's first visit.

    PYTHONPATH=. python tests/benchmarks/growth.py [--sizes 1000 10000 100000] [--only files imap daemon] [--plot FILE.svg]

Whole processes, CPU time and the most memory of the process that reads (judging processes beside it add their own).
What grows linearly costs as much for each message between the last two sizes as between the first two; the last column is
that ratio. 100,000 mails are a gigabyte in as many files, twice: TMPDIR=/dev/shm saves most of the time. Never a pass or fail test.
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from pydoc_data.topics import topics
from typing import TYPE_CHECKING

from tests.benchmarks.mailbox import is_offer, make_mail, write_config
from tests.servers.dovecot import EXECUTABLE, Dovecot
from tests.servers.process import give_away

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ROOT = Path(__file__).parents[2]
_TEN_YEARS = 3640 * 86_400  # seconds
BODIES = 500
"""Different mails that are no offers; each copy has a Message-ID of its own."""


@dataclass(frozen=True)
class Cost:
    """What a process took.

    Attributes:
        seconds: of CPU, with its own processes.
        peak: MB resident at most, of the process itself.
        store: bytes of its store in the end.
    """

    messages: int
    seconds: float
    peak: float
    store: int = 0


def iter_mail(count: int) -> Iterator[bytes]:
    """Yield as many messages, which differ in their Message-ID at least; every lead is about a job of its own.

    Copies of one lead would be one lead with ever more messages, as no mailbox has them.
    """
    rng = random.Random(1)
    prose = [line for topic in sorted(topics) for line in topics[topic].splitlines() if line.strip()]
    bodies = [make_mail(number, rng, prose) for number in range(min(count, BODIES))]
    for number in range(count):
        if is_offer(number):
            yield make_mail(number, rng, prose)
            continue
        head, name, rest = bodies[number % len(bodies)].partition(b"Message-ID: <")
        yield head + name + b"%d-" % number + rest


def write_files(folder: Path, count: int) -> None:
    """Write messages as files, a thousand in a folder."""
    for number, content in enumerate(iter_mail(count)):
        if number % 1000 == 0:
            (folder / f"{number // 1000:03}").mkdir()
        (folder / f"{number // 1000:03}" / f"{number:06}.eml").write_bytes(content)


def run(folder: Path, *arguments: str | Path) -> Cost:
    """Run the program to its end and return what it took; it begins with an empty home."""
    environment = os.environ | {"HOME": str(folder), "XDG_STATE_HOME": str(folder), "XDG_DATA_HOME": str(folder)}
    command = [sys.executable, "-m", "triage", *map(str, arguments)]
    process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL)
    return wait(process)


def wait(process: "subprocess.Popen[bytes]") -> Cost:
    """Wait for a process and return what it took (getrusage(2))."""
    peak = 0.0
    while not os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT):
        peak = max(peak, peak_of(process.pid))
        time.sleep(0.02)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{process.args!r} ended with {process.returncode}")
    return Cost(0, used.ru_utime + used.ru_stime, peak)


def peak_of(pid: int) -> float:
    """Return the most memory that a process itself had so far, in MB; what it started is not counted (proc(5))."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines() if ":" in line)
    return int(status.get("VmHWM", "0 kB").split()[0]) / 1024


def measure_files(count: int) -> Cost:
    """Scan so many files."""
    with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as home:
        write_files(Path(name), count)
        return replace(run(Path(home), "scan", name, "--json"), messages=count)


def fill(server: Dovecot, user: str, count: int) -> None:
    """Write a mailbox as files; the server received them over the last ten years."""
    box = server.maildir(user)
    for part in ("tmp", "new", "cur"):
        (box / part).mkdir(parents=True)
    end = time.time() - 3600
    for number, content in enumerate(iter_mail(count)):
        path = box / "cur" / f"1700000000.{number:06}.host:2,"
        path.write_bytes(content)
        received = end - _TEN_YEARS * (1 - number / count)
        os.utime(path, (received, received))  # what Dovecot tells as INTERNALDATE
    give_away(server.dir / "home" / user)


def measure_imap(count: int) -> Cost:
    """Scan a mailbox of so many messages."""
    with Dovecot() as server, tempfile.TemporaryDirectory() as name:
        fill(server, "grown", count)
        config = write_config(Path(name), server.port, "grown", server.password)
        return replace(run(Path(name), "--config", config, "scan", "--json"), messages=count)


def measure_daemon(count: int) -> Cost:
    """Let the daemon judge a mailbox on its first visit, and look at its store afterwards."""
    with Dovecot() as server, tempfile.TemporaryDirectory() as name:
        fill(server, "grown", count)
        folder = Path(name)
        config = write_config(folder, server.port, "grown", server.password)
        environment = os.environ | {"HOME": name, "XDG_STATE_HOME": name, "XDG_DATA_HOME": name}
        command = [sys.executable, "-m", "triage", "--config", str(config), "run", "--since", "3650d"]
        with (folder / "log").open("wb") as log:
            daemon = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log)
        while f"pass done account=home seen={count} " not in (folder / "log").read_text():
            if daemon.poll() is not None:
                raise RuntimeError((folder / "log").read_text())
            time.sleep(0.1)
        daemon.send_signal(signal.SIGTERM)
        cost = wait(daemon)
        return replace(cost, messages=count, store=sum(one.stat().st_size for one in folder.rglob("*.sqlite3*")))


MEASURES: dict[str, tuple[str, Callable[[int], Cost]]] = {
    "files": ("`triage scan` of files", measure_files),
    "imap": ("`triage scan` over IMAP", measure_imap),
    "daemon": ("first visit of `triage run`", measure_daemon),
}


def slope(costs: Sequence[Cost], value: Callable[[Cost], float]) -> str:
    """Return what each further message costs at the end against the beginning; 1 is linear."""
    if len(costs) < 3:  # two slopes need as many points
        return ""
    first, second, *_, before, last = [*costs[:2], *costs[-2:]]
    early = (value(second) - value(first)) / (second.messages - first.messages)
    late = (value(last) - value(before)) / (last.messages - before.messages)
    return f"{late / early:.2f}" if early > 0 else ""


def table(found: Mapping[str, Sequence[Cost]]) -> str:
    """Return the Markdown table."""
    sizes = [cost.messages for cost in next(iter(found.values()))]
    names = "".join(f" {size:,} |" for size in sizes)
    lines = [f"| |{names} slope, late / early |", f"|---|{'---:|' * (len(sizes) + 1)}"]
    for name, costs in found.items():
        words = MEASURES[name][0]
        times = "".join(f" {cost.seconds:.1f} |" for cost in costs)
        peaks = "".join(f" {cost.peak:.0f} |" for cost in costs)
        lines.append(f"| {words}, CPU s |{times} {slope(costs, lambda cost: cost.seconds)} |")
        lines.append(f"| {words}, peak MB |{peaks} |")
        if any(cost.store for cost in costs):
            stores = "".join(f" {cost.store / 1e6:.1f} |" for cost in costs)
            lines.append(f"| its store, MB |{stores} {slope(costs, lambda cost: cost.store)} |")
    return "\n".join(lines) + "\n"


def plot(found: Mapping[str, Sequence[Cost]]) -> bytes:
    """Return CPU time and memory by the number of messages, as SVG."""
    from triage.learn.plots import draw

    def paint(axes: "Axes") -> None:
        memory = axes.twinx()
        for colour, (name, costs) in zip(("#1b6ca8", "#c2571a", "#3a7d44"), found.items(), strict=False):
            sizes = [cost.messages for cost in costs]
            axes.plot(sizes, [cost.seconds for cost in costs], color=colour, marker="o", label=MEASURES[name][0])
            memory.plot(sizes, [cost.peak for cost in costs], color=colour, marker="s", linestyle=":")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xlabel("messages")
        axes.set_ylabel("CPU seconds (lines)")
        memory.set_ylabel("peak MB (dotted)")
        memory.set_ylim(bottom=0)
        memory.grid(visible=False)
        axes.legend(loc="upper left", frameon=False)

    return draw(6.5, 3.6, paint)


def main(arguments: Sequence[str] | None = None) -> str:
    """Measure, print a table and return it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--only", nargs="+", choices=[*MEASURES], default=[*MEASURES])
    parser.add_argument("--plot", type=Path)
    given = parser.parse_args(arguments)
    names = [name for name in given.only if name == "files" or EXECUTABLE.exists()]
    if names != given.only:
        sys.stdout.write("Dovecot is missing: apt-get install dovecot-imapd\n")
    found = {name: [MEASURES[name][1](size) for size in sorted(given.sizes)] for name in names}
    if given.plot is not None:
        given.plot.write_bytes(plot(found))
    text = table(found)
    sys.stdout.write(text)
    return text


if __name__ == "__main__":
    main()
