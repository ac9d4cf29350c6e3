"""Throughput of a cluster against its workers, and what one that is killed in the middle costs.

    PYTHONPATH=. python tests/benchmarks/cluster.py [--accounts 200] [--messages 20] [--workers 1 2 4] [--threads 4] [--rtt 0.03]

A private Dovecot, PostgreSQL and Dask cluster on this machine. Each row has mailboxes and a store of its own; the
time is from the start of the daemon's first pass to the end of its last. Afterwards every mailbox is looked at: each message is
there once, unseen, with the label it must have, and was written on once. On a machine with few processors only
what waits for the server gets faster with more workers. Never a pass or fail test of time.
"""

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from imapclient import IMAPClient

from tests.builders import make_offer, make_plain_of, make_scam
from tests.servers.cluster import DaskCluster, can_have_machines
from tests.servers.dovecot import Dovecot
from tests.servers.postgres import Postgres, find_programs
from tests.servers.process import give_away
from tests.servers.proxy import FaultProxy

ROOT = Path(__file__).parents[2]
KINDS = (make_scam, make_offer, make_plain_of, make_plain_of)
LEASE_SECONDS = 10
PATIENCE_SECONDS = 900


@dataclass(frozen=True)
class Run:
    """One row of the table.

    Attributes:
        rtt: seconds added to each round trip to the mail server.
        kill: whether a worker is killed once a third of the accounts are done.
    """

    workers: int
    rtt: float = 0.0
    kill: bool = False

    @property
    def words(self) -> str:
        """The row's name."""
        trip = f", {self.rtt * 1000:.0f} ms round trip" if self.rtt else ""
        killed = ", one killed in the middle" if self.kill else ""
        return f"{self.workers} worker{'s' * (self.workers > 1)}{trip}{killed}"


@dataclass(frozen=True)
class Sizes:
    """How large everything is."""

    accounts: int
    messages: int
    threads: int


@dataclass(frozen=True)
class Row:
    """What was measured."""

    run: Run
    seconds: float
    cpu: float
    wrong: Counter[str]


def fill(server: Dovecot, users: Sequence[str], messages: int) -> None:
    """Write mailboxes as files."""
    for user in users:
        box = server.maildir(user)
        for part in ("tmp", "new", "cur"):
            (box / part).mkdir(parents=True)
        for number in range(messages):
            content = KINDS[number % len(KINDS)](number).replace(b"\r\n", b"\n")
            (box / "new" / f"1700000000.{number:06}.host").write_bytes(content)
    give_away(server.dir / "home")


def write_config(folder: Path, users: Sequence[str], port: int, url: str, scheduler: str) -> Path:
    """Write the configuration of daemon and workers."""
    path = folder / "config.toml"
    accounts = "".join(
        f"[[accounts]]\nname = '{user}'\nhost = '127.0.0.1'\nport = {port}\nsecurity = 'none'\nusername = '{user}'\n"
        "password = 'secret'\nidle = false\n"
        for user in users
    )
    path.write_text(
        f"{accounts}[store]\nurl = '{url}'\n[daemon]\npoll_interval_seconds = 86400\n"
        f"[cluster]\nscheduler = '{scheduler}'\nlease_seconds = {LEASE_SECONDS}\n"
    )
    path.chmod(0o600)
    return path


def read_value(url: str, query: str) -> int:
    """Return one number of the store."""
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        row = connection.execute(query.encode()).fetchone()
    return int(row[0]) if row else 0


def cpu_of(process: int) -> float:
    """Return user and system seconds of a process and its children that live (proc(5))."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") + sum(
        cpu_of(int(child)) for child in children
    )


def measure(server: Dovecot, database: Postgres, run: Run, sizes: Sizes, prefix: str) -> Row:
    """Let a daemon and fresh workers serve fresh mailboxes once."""
    users = [f"{prefix}.{number:03}" for number in range(sizes.accounts)]
    fill(server, users, sizes.messages)
    url = database.url(database.new_database())
    done = "SELECT count(*) FROM passes WHERE problem IS NULL"
    with tempfile.TemporaryDirectory() as name, FaultProxy(server.port, rtt=run.rtt) as proxy:
        folder = Path(name)
        environment = os.environ | {"HOME": name, "XDG_STATE_HOME": name, "XDG_DATA_HOME": name}
        with DaskCluster(folder, environment, machines=can_have_machines()) as cluster:
            workers = [cluster.add_worker(f"w{number}", threads=sizes.threads) for number in range(run.workers)]
            before = sum(cpu_of(worker.process.pid) for worker in workers)
            config = write_config(folder, users, proxy.port if run.rtt else server.port, url, cluster.address)
            command = [sys.executable, "-m", "triage", "--config", str(config), "run", "--since", "3650d"]
            with (folder / "daemon.log").open("wb") as log:
                daemon = subprocess.Popen(command, env=environment, cwd=ROOT, stderr=log)
            while "daemon ready" not in (folder / "daemon.log").read_text():
                time.sleep(0.02)
            begin = time.monotonic()
            is_to_kill = run.kill
            while (count := read_value(url, done)) < sizes.accounts:
                if is_to_kill and count > sizes.accounts // 3:
                    workers.pop(0).kill()
                    is_to_kill = False
                if daemon.poll() is not None or time.monotonic() - begin > PATIENCE_SECONDS:
                    raise RuntimeError((folder / "daemon.log").read_text())
                time.sleep(0.1)
            seconds = time.monotonic() - begin
            cpu = sum(cpu_of(worker.process.pid) for worker in workers) - before
            daemon.send_signal(signal.SIGTERM)
            daemon.wait(20)
    return Row(run, seconds, cpu, check(server, url, users, sizes.messages))


def check(server: Dovecot, url: str, users: Sequence[str], messages: int) -> Counter[str]:
    """Count what is not as it must be."""
    wrong: Counter[str] = Counter()
    labels = ({b"Triage/Scam"}, {b"Triage/Recruiter"}, set[bytes](), set[bytes]())
    for user in users:
        with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=60) as client:
            client.login(user, server.password)
            client.select_folder("INBOX", readonly=True)
            found = client.fetch(client.search(), ["FLAGS"])
        wrong["lost or doubled messages"] += abs(len(found) - messages)
        for number, uid in enumerate(sorted(found)):
            flags = {*found[uid][b"FLAGS"]} - {b"\\Recent"}
            wrong["seen"] += b"\\Seen" in flags
            wrong["wrong labels"] += flags != labels[number % len(labels)]
    twice = "SELECT count(*) FROM (SELECT 1 FROM journal WHERE status = 'confirmed' GROUP BY account, uid HAVING count(*) > 1) t"
    wrong["written twice"] += read_value(url, twice)
    wrong["unsettled"] += read_value(url, "SELECT count(*) FROM journal WHERE status = 'intended'")
    return +wrong


def table(rows: Sequence[Row], sizes: Sizes) -> str:
    """Return the Markdown table."""
    lines = [
        "| | s | messages/s | against one | CPU ms a message | not as promised |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    total = sizes.accounts * sizes.messages
    first: dict[float, float] = {}
    for row in rows:
        base = first.setdefault(row.run.rtt, row.seconds)
        cpu = "" if row.run.kill else f"{row.cpu / total * 1000:.1f}"
        wrong = ", ".join(f"{count} {name}" for name, count in row.wrong.items()) or "0"
        against = f"{base / row.seconds:.2f} x"
        lines.append(
            f"| {row.run.words} | {row.seconds:.1f} | {total / row.seconds:.0f} | {against} | {cpu} | {wrong} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> str:
    """Measure, print a table and return it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounts", type=int, default=200)
    parser.add_argument("--messages", type=int, default=20, help="in each mailbox")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--threads", type=int, default=4, help="of each worker")
    parser.add_argument("--rtt", type=float, default=0.03, help="of the second half of the table, seconds")
    given = parser.parse_args(arguments)
    sizes = Sizes(given.accounts, given.messages, given.threads)
    runs = [Run(count, rtt) for rtt in dict.fromkeys((0.0, given.rtt)) for count in given.workers]
    if max(given.workers) > 1:
        runs.append(Run(max(given.workers), given.rtt, kill=True))
    programs = find_programs()
    if programs is None:
        raise SystemExit("PostgreSQL is missing: apt-get install postgresql")
    with Dovecot() as server, Postgres(programs) as database:
        rows = [measure(server, database, run, sizes, f"c{number}") for number, run in enumerate(runs)]
    text = table(rows, sizes)
    sys.stdout.write(
        f"{sizes.accounts} accounts of {sizes.messages} messages, workers of {sizes.threads} threads, "
        f"{os.cpu_count()} processors\n\n{text}"
    )
    return text


if __name__ == "__main__":
    main()
