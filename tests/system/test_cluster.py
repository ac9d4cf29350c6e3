"""Passes on a cluster of worker processes: one is killed in the middle, and nothing is lost or doubled."""

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import psycopg
import pytest
from imapclient import IMAPClient

from tests.builders import make_offer, make_plain_of, make_scam
from tests.servers.cluster import DaskCluster, Worker, can_have_machines
from tests.servers.dovecot import Dovecot, make_certificates
from tests.servers.postgres import Postgres
from tests.servers.proxy import FaultProxy
from tests.system.conftest import Program
from tests.system.test_run_daemon import wait_until
from triage.config import ClusterConfig
from triage.errors import ConfigError
from triage.service.cluster import connect

pytestmark = pytest.mark.server

ACCOUNTS = 12
OF_EACH = 4
"""Scams, offers and private mails in each mailbox."""

LEASE_SECONDS = 4


@pytest.fixture
def cluster(tmp_path: Path, program: Program) -> Iterator[DaskCluster]:
    """A cluster whose workers have a home of their own, and look like machines of their own where that can be."""
    environment = program.environment() | {"HOME": str(tmp_path / "elsewhere")}
    with DaskCluster(tmp_path, environment, machines=can_have_machines()) as cluster:
        yield cluster


class Held:
    """Lets a COPY pass, holds the answer back, and says so."""

    def __init__(self, proxy: FaultProxy) -> None:
        self._proxy = proxy
        self.is_copying = threading.Event()
        proxy.on_client = self._look

    def _look(self, data: bytes) -> bytes:
        if b" COPY " in data and not self.is_copying.is_set():
            self._proxy.refuse_answers()
            self.is_copying.set()
        return data

    def let_go(self) -> None:
        self._proxy.cut_after = None


def names() -> list[str]:
    return [f"box{number}" for number in range(ACCOUNTS)]


def fill(server: Dovecot, users: Sequence[str]) -> None:
    for user in users:
        with IMAPClient("127.0.0.1", server.port, ssl=False) as client:
            client.login(user, server.password)
            for number in range(OF_EACH):
                for make in (make_scam, make_offer, make_plain_of):
                    client.append("INBOX", make(number))


def configure(program: Program, cluster: DaskCluster, url: str, ports: Sequence[int], users: Sequence[str]) -> None:
    """Write a configuration whose passwords lie in files, as each machine reads them itself."""
    secret = program.home / "secret"
    secret.write_text("secret")
    secret.chmod(0o600)
    accounts = "".join(
        f"[[accounts]]\nname = '{name}'\nhost = '127.0.0.1'\nport = {port}\nsecurity = 'none'\n"
        f"username = '{user}'\npassword_file = '{secret}'\ntimeout_seconds = 10\n"
        for name, port, user in zip(names(), ports, users, strict=True)
    )
    program.config.write_text(
        f"{accounts}[store]\nurl = '{url}'\n[labels]\nmode = 'folder'\n[daemon]\npoll_interval_seconds = 5\n"
        f"[cluster]\nscheduler = '{cluster.address}'\nlease_seconds = {LEASE_SECONDS}\n"
    )


def read_mailbox(server: Dovecot, user: str) -> dict[str, Counter[str]]:
    """Return the messages of each folder by Message-ID; reading marks nothing as seen, and nobody did."""
    found = {}
    with IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10) as client:
        client.login(user, server.password)
        for flags, _, folder in client.list_folders():
            if b"\\Noselect" in flags:
                continue
            client.select_folder(folder, readonly=True)
            items = client.fetch(client.search(), ["ENVELOPE", "FLAGS"])
            if folder == "INBOX":
                assert not any(b"\\Seen" in one[b"FLAGS"] or b"\\Deleted" in one[b"FLAGS"] for one in items.values())
            if items:
                found[folder] = Counter(one[b"ENVELOPE"].message_id.decode() for one in items.values())
    return found


def wanted(scams: int) -> dict[str, Counter[str]]:
    """Return what a mailbox must hold in the end: every message once, and one copy of each lead and scam."""
    copies = {
        "Triage/Scam": Counter(f"<scam-{number}@outlook.com>" for number in range(scams)),
        "Triage/Recruiter": Counter(f"<offer-{number}@kestrelfoods.example>" for number in range(OF_EACH)),
    }
    plain = Counter(f"<plain-{number}@choir.example>" for number in range(OF_EACH))
    return copies | {"INBOX": sum(copies.values(), plain)}


def holder_of(cluster: DaskCluster, account: str) -> Worker:
    """Return the worker that began a pass over an account last, by its log."""
    begun = [
        (line[:23], worker)
        for worker in cluster.workers.values()
        for line in worker.log.read_text().splitlines()
        if f"pass begins account={account} " in line
    ]
    return max(begun, key=lambda one: one[0])[1]


def rows(url: str, query: str) -> list[tuple[object, ...]]:
    with psycopg.connect(url.replace("+psycopg", "")) as connection:
        return connection.execute(query.encode()).fetchall()


@pytest.mark.no_cover  # which hears nothing of what is killed
def test_a_worker_killed_in_the_middle_loses_nothing_and_doubles_nothing(
    program: Program, cluster: DaskCluster, dovecot: Dovecot, postgres: Postgres
) -> None:
    users = [f"cluster{os.getpid()}.{name}" for name in names()]
    fill(dovecot, users)
    url = postgres.url(postgres.new_database())
    for name in ("w1", "w2", "w3"):
        cluster.add_worker(name)
    with FaultProxy(dovecot.port) as proxy:
        held = Held(proxy)
        configure(program, cluster, url, [proxy.port, *[dovecot.port] * (ACCOUNTS - 1)], users)
        daemon = program.start("run", "--since", "30d")
        try:
            assert held.is_copying.wait(30)
            victim = holder_of(cluster, "box0")
            victim.kill()
            held.let_go()
            wait_until(lambda: all(read_mailbox(dovecot, user) == wanted(OF_EACH) for user in users), 40)
            for user in users:
                dovecot.deliver(user, make_scam(OF_EACH))  # the bells are in the daemon, the passes are not
            wait_until(lambda: all(read_mailbox(dovecot, user) == wanted(OF_EACH + 1) for user in users), 30)
            survivors = Counter(str(row[0]) for row in rows(url, "SELECT account FROM passes WHERE problem IS NULL"))
            assert survivors == Counter(names())
        finally:
            daemon.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                daemon.wait(15)
            daemon.kill()
            log = daemon.communicate()[1]
    assert daemon.returncode == 0, log
    assert "pass put off account=box0" in log or not can_have_machines(), log
    writes = rows(url, "SELECT account, fingerprint, count(*) FROM journal WHERE status = 'confirmed' GROUP BY 1, 2")
    assert len(writes) == ACCOUNTS * (2 * OF_EACH + 1)
    assert {row[2] for row in writes} == {1}
    assert rows(url, "SELECT name FROM leases") == []
    texts = log + "".join(worker.log.read_text() for worker in cluster.workers.values())
    assert not [word for word in ("mail department", "kestrelfoods", "secret", "Traceback") if word in texts], texts
    told = {line.rpartition("worker=")[2] for line in log.splitlines() if "pass done" in line}
    assert told - {victim.name}
    assert told <= {"w1", "w2", "w3"}


def test_bulk_work_goes_to_the_cluster_and_comes_out_the_same(
    program: Program, cluster: DaskCluster, postgres: Postgres, tmp_path: Path
) -> None:
    mails = tmp_path / "mails"
    mails.mkdir()
    for number in range(400):
        for kind, make in (("scam", make_scam), ("offer", make_offer), ("plain", make_plain_of)):
            (mails / f"{kind}-{number:03}.eml").write_bytes(make(number))
    here = program.run("scan", str(mails), "--json")
    cluster.add_worker("w1")
    cluster.add_worker("w2")
    url = postgres.url(postgres.new_database())
    program.config.write_text(
        f"[store]\nurl = '{url}'\n[cluster]\nscheduler = '{cluster.address}'\n[training.folders]\n'{mails}' = 'scam'\n"
    )
    there = program.run("scan", str(mails), "--json")
    assert (there.returncode, there.stderr) == (here.returncode, "")
    assert there.stdout == here.stdout
    assert len(there.stdout.splitlines()) == 1200
    trained = program.run("train", "--json")
    assert [one["read"] for one in json.loads(trained.stdout)["folders"]] == [1200], trained.stderr


def test_a_cluster_is_reached_over_tls_and_by_nobody_without_a_certificate(program: Program, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    names = {"ca_file": tmp_path / "ca.pem", "cert_file": tmp_path / "cert.pem", "key_file": tmp_path / "key.pem"}
    with DaskCluster(tmp_path, program.environment(), certificates=tmp_path) as cluster:
        client = connect(ClusterConfig.model_validate({"scheduler": cluster.address} | names))
        assert client.nthreads() == {}
        client.close()
        stranger = tmp_path / "stranger"
        stranger.mkdir()
        make_certificates(stranger)
        others = {"cert_file": stranger / "cert.pem", "key_file": stranger / "key.pem"}
        with pytest.raises(ConfigError, match="no Dask scheduler can be used"):
            connect(ClusterConfig.model_validate({"scheduler": cluster.address} | names | others))


def test_a_cluster_that_is_not_there_is_told_in_words(program: Program, postgres: Postgres, tmp_path: Path) -> None:
    url = postgres.url(postgres.new_database())
    program.config.write_text(f"[store]\nurl = '{url}'\n[cluster]\nscheduler = 'tcp://127.0.0.1:9'\n")
    found = program.run("scan", str(tmp_path), "--json")
    assert found.returncode == 2
    assert "no Dask scheduler can be used at tcp://127.0.0.1:9" in found.stderr
    assert "Traceback" not in found.stderr
