"""Let the daemon live through a day in an hour, and watch what it holds on to.

    python -m tests.reliability.soak [--minutes 60]

Mail arrives, its owner files and relabels it, links break, sessions are killed, the server is
away, the configuration is reloaded, and the daemon trains. Prints memory, descriptors and threads of the process for each tenth of the time, how
memory went once the first tenth had warmed it up, and whether everything that arrived was labelled.
Ends with 1 if something was not, or if the process did not stay as large as it was.
"""

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from imapclient import IMAPClient

from tests.builders import make_own_offer, make_plain_of, make_scam
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy

FOLDERS = {"recruiter": "Leads", "scam": "Fakes"}
"""Where the owner files mail, by category."""

LABELS = ("Recruiter", "Referral", "Scam", "Unsure")

_GROWTH_ALLOWED = 1.02
"""From the first third to the last: in an hour it was 1.04 when reloads left memory behind."""


@dataclass(frozen=True)
class Sample:
    """What the process held at one moment; sizes in MB, times in seconds."""

    at: float
    rss: float
    descriptors: int
    threads: int
    cpu: float


def take_sample(pid: int) -> Sample:
    """Read it from proc(5)."""
    status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Sample(
        time.monotonic(),
        int(status["VmRSS"].split()[0]) / 1024,
        len(list(Path(f"/proc/{pid}/fd").iterdir())),
        int(status["Threads"]),
        (int(times[11]) + int(times[12])) / os.sysconf("SC_CLK_TCK"),
    )


@dataclass(frozen=True)
class Course:
    """How memory went after the warm-up; in MB, and MB an hour."""

    first_third: float
    last_third: float
    slope: float

    @property
    def growth(self) -> float:
        """How many times the first third the last one is."""
        return self.last_third / self.first_third


def follow_memory(samples: Sequence[Sample]) -> Course:
    """Return the means of the first and the last third of the time, and the slope of the straight line closest to all."""
    start, end = samples[0].at, samples[-1].at
    third = (end - start) / 3
    slope, _ = statistics.linear_regression([one.at for one in samples], [one.rss for one in samples])
    return Course(
        statistics.fmean(one.rss for one in samples if one.at <= start + third),
        statistics.fmean(one.rss for one in samples if one.at >= end - third),
        slope * 3600,
    )


class Soak:
    """One daemon, one server, and a day's trouble."""

    def __init__(self, server: Dovecot, proxy: FaultProxy, folder: Path) -> None:
        """Write a configuration and start the daemon."""
        self.server, self.proxy = server, proxy
        self.rng = random.Random(1)
        self.delivered = 0
        self.troubles = 0
        self.filed = 0
        self.config = folder / "config.toml"
        self.configure("")
        with self.as_owner() as client:
            for name in FOLDERS.values():
                client.create_folder(name)
        environment = os.environ | {
            "XDG_STATE_HOME": str(folder / "state"),
            "XDG_DATA_HOME": str(folder / "data"),
            "HOME": str(folder),
        }
        command = [sys.executable, "-m", "triage", "--config", str(self.config), "run"]
        self.log_path = folder / "log"
        self.log = self.log_path.open("w")
        self.daemon = subprocess.Popen(command, env=environment, stderr=self.log)
        health = folder / "state" / "triage" / "health.json"
        while not health.exists() or json.loads(health.read_text())["accounts"]["home"]["problem"]:
            time.sleep(0.1)
        time.sleep(2)

    def configure(self, training: str) -> None:
        """Write the configuration with a time of day for training."""
        folders = "\n".join(f'"{name}" = "{category}"' for category, name in FOLDERS.items())
        self.config.write_text(
            "[daemon]\npoll_interval_seconds = 5\n[[accounts]]\nname = 'home'\nhost = '127.0.0.1'\n"
            f"port = {self.proxy.port}\nsecurity = 'none'\nusername = 'soak'\npassword = '{self.server.password}'\n"
            f"timeout_seconds = 5\n[training]\nat = '{training}'\n[training.folders]\n{folders}\n"
        )

    def train_soon(self) -> None:
        """Let the daemon train at the next minute but one, as on another day."""
        self.configure((datetime.now().astimezone() + timedelta(minutes=2)).strftime("%H:%M"))
        self.daemon.send_signal(signal.SIGHUP)

    @contextmanager
    def as_owner(self) -> Iterator[IMAPClient]:
        """Log in as a mail client does, past the broken link."""
        with IMAPClient("127.0.0.1", self.server.port, ssl=False, timeout=90) as client:
            client.login("soak", self.server.password)
            yield client

    def file(self) -> None:
        """File a labelled message away, or relabel it, as its owner."""
        category = self.rng.choice([*FOLDERS])
        label = f"Triage/{category.capitalize()}"
        with self.as_owner() as client:
            client.select_folder("INBOX")
            found = client.search(["KEYWORD", label])
            if not found:
                return
            chosen = self.rng.choice(found)
            if category == "recruiter" and self.rng.random() < 0.2:
                client.remove_flags(chosen, [label])
                client.add_flags(chosen, ["Triage/Referral"])
            else:
                client.move([chosen], FOLDERS[category])
            self.filed += 1

    def deliver(self) -> None:
        """Deliver one message; of ten one is a lead, each of another job, three are scams."""
        self.delivered += 1
        make: Callable[[int], bytes] = self.rng.choice([make_plain_of] * 6 + [make_scam] * 3 + [make_own_offer])
        self.server.deliver("soak", make(self.delivered))

    def trouble(self) -> None:
        """Let one thing go wrong, and right again."""
        self.troubles += 1
        match self.rng.randrange(6):
            case 0:
                self.proxy.drop()
            case 1:
                self.proxy.stall(on=True)
                time.sleep(self.rng.uniform(0.5, 7))
                self.proxy.stall(on=False)
            case 2:
                self.proxy.refuse = True
                self.proxy.drop()
                time.sleep(self.rng.uniform(0.5, 5))
                self.proxy.refuse = False
            case 3:
                self.server.kill_sessions()
            case 4:
                self.proxy.cut_after = self.rng.randint(500, 20_000)
                time.sleep(2)
                self.proxy.cut_after = None
                self.proxy.drop()
            case _:
                self.daemon.send_signal(signal.SIGHUP)

    def run(self, seconds: float) -> list[list[Sample]]:
        """Make trouble for so long and return the samples of each tenth of it."""
        tenths: list[list[Sample]] = []
        for _ in range(10):
            self.train_soon()
            end = time.monotonic() + seconds / 10
            samples = []
            while time.monotonic() < end:
                for _ in range(self.rng.randint(0, 4)):
                    self.deliver()
                if self.rng.random() < 0.2:
                    self.trouble()
                if self.rng.random() < 0.1:
                    self.file()
                time.sleep(self.rng.uniform(0.2, 2))
                if self.daemon.poll() is not None:
                    raise SystemExit(f"the daemon has ended:\n{self.log_path.read_text()[-3000:]}")
                samples.append(take_sample(self.daemon.pid))
            tenths.append(samples)
        return tenths

    def count_unlabelled(self) -> tuple[int, int]:
        """Return how many of the messages are in the mailbox, and how many scams and offers have no label."""
        with self.as_owner() as client:
            filed = [client.select_folder(name, readonly=True)[b"EXISTS"] for name in FOLDERS.values()]
            found = client.select_folder("INBOX", readonly=True)[b"EXISTS"]
            labels = [word for name in LABELS for word in ("UNKEYWORD", f"Triage/{name}")]
            missing = client.search([*labels, "NOT", "FROM", "choir.example"])
        return found + sum(filed), len(missing)

    def stop(self) -> int:
        """End the daemon and return its status."""
        self.daemon.send_signal(signal.SIGTERM)
        status = self.daemon.wait(15)
        self.log.close()
        return status


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    with Dovecot() as server, FaultProxy(server.port) as proxy, tempfile.TemporaryDirectory() as folder:
        soak = Soak(server, proxy, Path(folder))
        try:
            tenths = soak.run(given.minutes * 60)
        except BaseException:
            soak.daemon.kill()
            raise
        deadline = time.monotonic() + 120
        there, missing = soak.count_unlabelled()
        while missing and time.monotonic() < deadline:
            time.sleep(2)
            there, missing = soak.count_unlabelled()
        status = soak.stop()
        log = soak.log_path.read_text()
    write = sys.stdout.write
    write(f"{given.minutes:.0f} minutes, {soak.delivered} messages, {soak.filed} filed or relabelled by their owner, ")
    write(f"{soak.troubles} troubles, {log.count('training done result=promoted')} trainings that made a model\n\n")
    write("| tenth | RSS MB (median) | RSS MB (most) | descriptors (most) | threads (most) | CPU s |\n")
    write("|---:|---:|---:|---:|---:|---:|\n")
    for number, samples in enumerate(tenths, 1):
        rss = [one.rss for one in samples]
        most = max(one.descriptors for one in samples), max(one.threads for one in samples)
        write(f"| {number} | {statistics.median(rss):.1f} | {max(rss):.1f} | {most[0]} | {most[1]} | ")
        write(f"{samples[-1].cpu - samples[0].cpu:.1f} |\n")
    memory = follow_memory([one for samples in tenths[1:] for one in samples])
    write(f"\nRSS after the first tenth: mean of the first third {memory.first_third:.1f} MB, ")
    write(f"of the last third {memory.last_third:.1f} MB, slope {memory.slope:+.1f} MB/hour\n")
    write(f"lost {soak.delivered - there}, not labelled {missing}, tracebacks {log.count('Traceback')}, ")
    write(f"exit status {status}, growth from the first third to the last {memory.growth:.3f}\n")
    return int(memory.growth > _GROWTH_ALLOWED or missing > 0 or there != soak.delivered or status != 0)


if __name__ == "__main__":
    sys.exit(main())
