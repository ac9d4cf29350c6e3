"""The daemon trains by itself, at the time that is set, and stays as small as it was."""

import signal
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from imapclient import IMAPClient

from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program
from tests.system.test_run_daemon import wait_until
from tests.system.test_train import posting

# What coverage holds is not the daemon's.
pytestmark = [pytest.mark.server, pytest.mark.no_cover, pytest.mark.timeout(300)]

MEMORY = 10_000
"""What a training may cost the daemon, in KB: the new model is 3 MB, scikit-learn alone would be 115."""


def memory(pid: int, field: str) -> int:
    """Return what a process holds (VmRSS), or held at most (VmHWM), in KB."""
    lines = Path(f"/proc/{pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(f"{field}:"))


def test_the_daemon_trains_beside_itself_and_does_not_grow(program: Program, dovecot: Dovecot, user: str) -> None:
    with IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10) as client:
        client.login(user, dovecot.password)
        client.create_folder("Board")
        for number in range(12):
            client.append("Board", posting(number))
        client.append("INBOX", posting(40))
    # The next minute that is far enough for the daemon to have settled by then.
    at = (datetime.now().astimezone() + timedelta(seconds=85)).strftime("%H:%M")
    extra = f"[daemon]\npoll_interval_seconds = 5\n[training]\nat = '{at}'\n[training.folders]\n'Board' = 'referral'\n"
    program.configure(dovecot.port, user, extra=extra)
    daemon = program.start("run")
    models = program.home / "data" / "triage" / "models"
    try:
        wait_until(lambda: program.run("status", "--check").returncode == 0)
        before = memory(daemon.pid, "VmRSS")
        assert not list(models.glob("*.joblib"))
        wait_until(lambda: bool(list(models.glob("*.joblib"))), seconds=150)
        (made,) = models.glob("*.joblib")
        wait_until(lambda: made.stem in program.run("status").stdout, seconds=60)
        most = memory(daemon.pid, "VmHWM")
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, log = daemon.communicate(timeout=15)
    assert "training done result=promoted" in log
    assert most - before < MEMORY
