"""Passes that kill themselves with SIGKILL at a chosen step: `python -m tests.reliability.killed PORT USER PASSWORD URL MODE`.

A step is a transaction of the store before it begins or after it is committed, or a command to the
server before or after it is sent. Each line read is a step; the pass is run by a process of its own,
forked from one that has only loaded the program, since loading takes longer than dying. Each line
written is how it ended: -9 when killed, 0 once the pass is whole.
"""

import imaplib
import os
import signal
import sys
from collections.abc import Sequence
from typing import Any

from pydantic import SecretStr

from tests.reliability.crashing import CrashingStore
from tests.reliability.world import the_judge
from triage.config import AccountConfig, LabelsConfig
from triage.imap.source import ImapSource
from triage.records import Category
from triage.service.account import AccountRunner, Surroundings
from triage.service.leadbook import LeadBook
from triage.service.leases import Leases
from triage.service.plan import LabelNames
from triage.service.visit import VisitOptions
from triage.store.store import open_store

LONGEST_SECONDS = 60


def die() -> None:
    """End as by a power failure: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def run_until(step: int, arguments: Sequence[str]) -> int:
    """Run a pass that dies at a step, and return the exit status of one that did not come to it."""
    port, user, password, url, moves = arguments
    store = CrashingStore.of(open_store(url))
    store.steps_left = step
    store.crash = die
    plain_send = imaplib.IMAP4.send

    def send(self: Any, data: bytes) -> None:
        store._step()
        plain_send(self, data)
        store._step()

    imaplib.IMAP4.send = send  # type: ignore[method-assign, assignment]
    account = AccountConfig(
        name="home",
        host="127.0.0.1",
        port=int(port),
        security="none",
        username=user,
        password=SecretStr(password),
    )
    names = LabelNames("Triage/", moves={Category.SCAM: "Junk"} if moves == "move" else {})
    source = ImapSource(account, LabelsConfig(mode="folder" if moves == "folder" else "auto"))
    fatal: list[Exception] = []
    visits = VisitOptions(the_judge(), store, names, book=lambda: LeadBook(store))
    runner = AccountRunner(source, visits, Surroundings(Leases(store), fatal.append))
    runner.run()
    store.steps_left = None
    return int(bool(fatal or runner.problem or runner.paused))


def main() -> None:
    """Run a pass for each step asked for."""
    the_judge()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            signal.alarm(LONGEST_SECONDS)  # one that hangs ends, by another signal than the one awaited
            sys.exit(run_until(int(line), sys.argv[1:]))
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
