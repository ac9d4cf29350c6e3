"""One pass that kills itself with SIGKILL at a chosen step: `python -m tests.reliability.killed PORT USER PASSWORD URL STEP`.

A step is a transaction of the store before it begins or after it is committed, or a command to the
server before or after it is sent. Ends with 0 once the pass is whole.
"""

import imaplib
import os
import signal
import sys
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


def die() -> None:
    """End as by a power failure: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Run the pass."""
    port, user, password, url, step, moves = sys.argv[1:7]
    store = CrashingStore.of(open_store(url))
    store.steps_left = int(step)
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
    sys.exit(int(bool(fatal or runner.problem or runner.paused)))


if __name__ == "__main__":
    main()
