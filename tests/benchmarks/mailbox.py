"""What the program costs over IMAP, beside the bare protocol on the same server in the same run.

    python tests/benchmarks/mailbox.py [--only scan|daemon] [--messages 10000] [--rounds 3] [--arrivals 60] [--idle 60]

A private Dovecot holds a mailbox of which every twentieth message carries an attachment of 2 to
5 MB. Wall times on a shared machine vary: look at the ratios. Never a pass or fail test.
"""

import argparse
import html
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from pydoc_data.topics import topics

from imapclient import IMAPClient

from tests.builders import make_own_offer, make_scam
from tests.contract.conftest import make_account
from tests.reliability.soak import take_sample
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy
from triage.bootstrap import build_judge
from triage.classify.judge import Judge, Judged
from triage.config import Config, LabelsConfig
from triage.imap.source import ImapSource
from triage.mail.parse import MAX_BODY_BYTES
from triage.service.cycle import PassOptions, run_pass
from triage.service.plan import LabelNames

_BATCH = 200


def fill(server: Dovecot, user: str, count: int) -> None:
    """Write the mailbox as files: ordinary prose, a lead or a scam in twenty, sizes as mail has them."""
    with IMAPClient("127.0.0.1", server.port, ssl=False) as client:
        client.login(user, server.password)
        client.select_folder("INBOX")
    rng = random.Random(1)
    box = server.maildir(user)
    # English prose that every Python brings along: its own manual.
    prose = [line for topic in sorted(topics) for line in topics[topic].splitlines() if line.strip()]
    blob = b"QUJD" * 18 + b"\n"
    for number in range(count):
        content = make_mail(number, rng, prose)
        if number % 20 == 0:
            content += b"--cut\nContent-Type: application/pdf\nContent-Transfer-Encoding: base64\n\n"
            content += blob * rng.randint(28_000, 68_000) + b"\n--cut--\n"
        (box / "new" / f"1700000000.{number:06}.host").write_bytes(content)
    server.own(box)


def is_offer(number: int) -> bool:
    """Return whether a message of that number offers a job: one in twenty, honestly or not."""
    return number % 20 == 7


def make_mail(number: int, rng: random.Random, prose: Sequence[str]) -> bytes:
    """Return a message of 2 to 60 KB, mean 10 KB: a header as relays leave it, plain text and HTML."""
    if is_offer(number):
        return rng.choice([make_scam, make_own_offer])(number).replace(b"\r\n", b"\n")
    begin, lines = rng.randrange(len(prose) - 400), min(400, max(8, int(rng.lognormvariate(3.7, 0.8))))
    text = prose[begin : begin + lines]
    trace = "".join(
        f"Received: from mx{hop}.shop{number}.example (mx{hop}.shop{number}.example [192.0.2.{rng.randint(1, 254)}])\n"
        f"\tby mx.home.example with ESMTPS id {rng.getrandbits(80):020x}; Mon, 04 May 2026 14:33:00 +0200\n"
        for hop in range(rng.randint(2, 5))
    )
    style = (
        "padding:0 24px 16px 24px;font-family:Helvetica,Arial,sans-serif;font-size:16px;line-height:24px;color:#333333"
    )
    rows = "".join(f'<tr><td style="{style}" align="left"><p>{html.escape(line)}</p></td></tr>\n' for line in text)
    plain = "Content-Type: text/plain; charset=utf-8\n\n" + "\n".join(text)
    markup = f"Content-Type: text/html; charset=utf-8\n\n<html><body><table>{rows}</table></body></html>"
    body = "\n--cut\n" + plain + "\n"
    if number % 3:
        body += f"--cut\n{markup}\n"
    return (
        f"{trace}From: Shop <news@shop{number}.example>\nTo: Me <me@home.example>\nSubject: {' '.join(text[0].split()[:6])}\n"
        f"Date: Mon, 04 May 2026 14:33:00 +0200\nMessage-ID: <{number}@shop.example>\nMIME-Version: 1.0\n"
        f"DKIM-Signature: v=1; a=rsa-sha256; d=shop{number}.example; b={rng.getrandbits(2000):0500x}\n"
        f"Content-Type: multipart/mixed; boundary=cut\n{body}"
    ).encode()


def connect(port: int, user: str, password: str) -> IMAPClient:
    """Log in as the program does: without the debug buffer."""
    client = IMAPClient("127.0.0.1", port, ssl=False, timeout=600)
    client._imap.debug = 0
    client.login(user, password)
    client.select_folder("INBOX", readonly=True)
    return client


def fetch_alone(port: int, user: str, password: str) -> None:
    """Fetch the beginnings and do nothing with them."""
    client = connect(port, user, password)
    uids = client.search()
    for start in range(0, len(uids), _BATCH):
        items = ["RFC822.SIZE", "INTERNALDATE", "FLAGS", f"BODY.PEEK[]<0.{MAX_BODY_BYTES}>"]
        client.fetch(uids[start : start + _BATCH], items)
    client.logout()


class Constant(Judge):
    """Judges every message alike at no cost: what is left is the engine."""

    def __init__(self, judge: Judge) -> None:
        super().__init__(judge._model, judge._costs, judge._owner)
        self._found: Judged | None = None

    def read(self, content: bytes, *, is_cut: bool = False, authserv_id: str | None = None) -> Judged:
        self._found = self._found or super().read(content, is_cut=is_cut, authserv_id=authserv_id)
        return self._found


def run_engine(port: int, user: str, password: str) -> None:
    """Read, parse and plan the whole mailbox with a judge that costs nothing."""
    judge = Constant(build_judge(Config()))
    source = ImapSource(make_account(port, user, password, timeout_seconds=600), LabelsConfig())
    with source.open("INBOX") as mailbox:
        for _ in run_pass(mailbox, mailbox.list_refs(), judge, None, PassOptions(LabelNames("Triage/"))):
            pass
    source.close()


def write_config(folder: Path, port: int, user: str, password: str) -> Path:
    """Write a configuration for the program as a process."""
    path = folder / "config.toml"
    path.write_text(
        f"[[accounts]]\nname = 'home'\nhost = '127.0.0.1'\nport = {port}\nsecurity = 'none'\n"
        f"username = '{user}'\npassword = '{password}'\ntimeout_seconds = 600\n"
    )
    return path


def start(folder: Path, config: Path, *arguments: str) -> "subprocess.Popen[bytes]":
    """Start the program."""
    environment = os.environ | {"XDG_STATE_HOME": str(folder / "state"), "HOME": str(folder)}
    command = [sys.executable, "-m", "triage", "--config", str(config), *arguments]
    return subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)


def timed(work: Callable[[], object]) -> float:
    """Return the wall time of some work."""
    begin = time.monotonic()
    work()
    return time.monotonic() - begin


def run_scan(folder: Path, config: Path) -> None:
    """Run a whole scan."""
    if start(folder, config, "scan", "--json").wait():
        raise RuntimeError("the scan failed")


def measure_scan(server: Dovecot, folder: Path, count: int, rounds: int) -> list[tuple[str, str]]:
    """Compare the scan with the bare fetch, one after the other in each round, on loopback and with 30 ms of round trip."""
    fill(server, "scan", count)
    rows = []
    fetch_alone(server.port, "scan", server.password)  # builds the server's index
    for name, rtt in (("loopback", 0.0), ("30 ms round trip", 0.03)):
        with FaultProxy(server.port, rtt=rtt) as proxy:
            place = (proxy.port, "scan", server.password)
            config = write_config(folder, *place)
            steps = (partial(fetch_alone, *place), partial(run_engine, *place), partial(run_scan, folder, config))
            taken = [[timed(step) for step in steps] for _ in range(rounds)]
        bare, engine, scan = (statistics.median(column) for column in zip(*taken, strict=True))
        shares = [statistics.median(row[place] / row[0] for row in taken) for place in (1, 2)]
        rows += [
            (f"{name}: fetching the first 64 KiB of {count:,} messages, nothing else", f"{bare:.1f} s"),
            (
                f"{name}: the same, read, parsed and planned (judging left out)",
                f"{engine:.1f} s, {shares[0]:.2f} x",
            ),
            (f"{name}: `triage scan` as a whole process", f"{scan:.1f} s, {shares[1]:.2f} x"),
        ]
    return rows


class Stopwatch:
    """Sees in the proxy when a notification passes and when the STORE that follows is answered."""

    def __init__(self) -> None:
        self.begun: float | None = None
        self.is_storing = False
        self.seconds: list[float] = []

    def on_server(self, data: bytes) -> bytes:
        if b" EXISTS\r\n" in data and b"UIDVALIDITY" not in data and self.begun is None:
            self.begun = time.monotonic()
        elif self.is_storing and self.begun is not None and b" OK " in data:
            self.seconds.append(time.monotonic() - self.begun)
            self.begun, self.is_storing = None, False
        return data

    def on_client(self, data: bytes) -> bytes:
        self.is_storing = self.is_storing or b" STORE " in data
        return data


def measure_daemon(server: Dovecot, folder: Path, arrivals: int, idle: float) -> list[tuple[str, str]]:
    """Measure start, idling, and the way from the server's notification to the label stored."""
    watch = Stopwatch()
    with FaultProxy(server.port) as proxy:
        config = write_config(folder, proxy.port, "run", server.password)
        begin = time.monotonic()
        daemon = start(folder, config, "run")
        assert daemon.stderr is not None
        while b"daemon ready" not in daemon.stderr.readline():
            pass
        ready = time.monotonic() - begin
        time.sleep(3)
        before, begin = take_sample(daemon.pid), time.monotonic()
        time.sleep(idle)
        after = take_sample(daemon.pid)
        share = (after.cpu - before.cpu) / (time.monotonic() - begin)
        proxy.on_server, proxy.on_client = watch.on_server, watch.on_client
        for number in range(arrivals):
            server.deliver("run", make_scam(number))
            deadline = time.monotonic() + 10
            while len(watch.seconds) <= number and time.monotonic() < deadline:
                time.sleep(0.02)
            time.sleep(0.7)  # Dovecot tells of our own STORE half a second later
            watch.begun = None
        daemon.send_signal(signal.SIGTERM)
        daemon.wait(20)
    return [
        ("`triage run`, start to ready", f"{ready:.2f} s"),
        ("idle daemon, one account: resident", f"{after.rss:.0f} MB"),
        ("idle daemon: share of a core", f"{share:.2%}"),
        (f"notification to label stored, median of {len(watch.seconds)}", milliseconds(watch.seconds, 0.5)),
        ("notification to label stored, 99th percentile", milliseconds(watch.seconds, 0.99)),
    ]


def milliseconds(seconds: Sequence[float], share: float) -> str:
    """Return a quantile in words."""
    if share == 0.5:
        return f"{statistics.median(seconds) * 1000:.0f} ms"
    return f"{sorted(seconds)[min(len(seconds) - 1, int(len(seconds) * share))] * 1000:.0f} ms"


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", choices=("scan", "daemon"))
    parser.add_argument("--messages", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=3, help="how often the scan is compared; medians are told")
    parser.add_argument("--arrivals", type=int, default=60)
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to watch the idle daemon")
    given = parser.parse_args()
    with Dovecot() as server, tempfile.TemporaryDirectory() as folder:
        rows = [] if given.only == "scan" else measure_daemon(server, Path(folder), given.arrivals, given.idle)
        if given.only != "daemon":
            rows += measure_scan(server, Path(folder), given.messages, given.rounds)
    sys.stdout.write("| what | measured |\n|---|---:|\n")
    for name, value in rows:
        sys.stdout.write(f"| {name} | {value} |\n")


if __name__ == "__main__":
    main()
