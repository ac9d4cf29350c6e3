"""The daemon around its accounts: bells and the end."""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from random import Random

from tests.builders import make_scam
from tests.fakes import FakeMailbox, FakeSource
from triage.bootstrap import build_judge
from triage.config import Config
from triage.service.daemon import Daemon, DaemonOptions
from triage.service.plan import LabelNames
from triage.service.visit import VisitOptions
from triage.store.store import open_store


class Ringing(FakeSource):
    """Rings when told to, and lets a test in between two steps of a pass."""

    def __init__(self, box: FakeMailbox) -> None:
        super().__init__(box)
        self.stopped = threading.Event()
        self.bell: Callable[[], None] = lambda: None
        self.opened: list[Callable[[], object]] = []
        self.left = threading.Semaphore(0)

    def watch(self, folder: str, ring: Callable[[], None]) -> bool:
        del folder
        self.bell = ring
        ring()
        self.stopped.wait(30)
        return True

    def stop_watching(self) -> None:
        self.stopped.set()

    @contextmanager
    def open(self, folder: str) -> Iterator[FakeMailbox]:
        with super().open(folder) as mailbox:
            yield mailbox
        while self.opened:
            self.opened.pop()()
        self.left.release()


def test_a_bell_at_any_moment_of_a_pass_is_heard(tmp_path: Path) -> None:
    box = FakeMailbox()
    source = Ringing(box)
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    visits = VisitOptions(build_judge(Config()), store, LabelNames("Triage/"))
    options = DaemonOptions(timedelta(hours=1), 2, tmp_path / "health.json", frozenset({"home"}))
    daemon = Daemon([source], store, visits, options)
    thread = threading.Thread(target=daemon.run)
    thread.start()
    try:
        assert source.left.acquire(timeout=20)
        for number in range(1, 21):
            # One step, or the end of an earlier pass comes between the two.
            source.opened.append(partial(deliver_and_ring, source, box, number))
            source.bell()
            wait_for_label(box, number)
    finally:
        daemon.stop()
        thread.join(15)
    assert not thread.is_alive()
    assert not (tmp_path / "health.json").exists()


def deliver_and_ring(source: Ringing, box: FakeMailbox, number: int) -> None:
    """Deliver when the pass has looked already, and ring before it has ended."""
    box.deliver(make_scam(number))
    source.bell()


def wait_for_label(box: FakeMailbox, number: int) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (len(box.list_refs()) == number and box.keywords(number)):
        time.sleep(0.02)
    assert box.keywords(number) == {"Triage/Scam"}


def test_a_signal_may_come_at_any_moment(tmp_path: Path) -> None:
    """A handler runs in the middle of what the main thread does: it must not wait for a lock that is held there."""
    store = open_store(f"sqlite:///{tmp_path / 'store.sqlite3'}")
    visits = VisitOptions(build_judge(Config()), store, LabelNames("Triage/"))
    daemon = Daemon([FakeSource(FakeMailbox())], store, visits, DaemonOptions(timedelta(hours=1), 1))
    looked: list[None] = []
    main, rng = threading.get_ident(), Random(1)

    def successor() -> None:
        looked.append(None)
        if len(looked) == 1000:
            daemon.stop()

    def knock() -> None:
        while len(looked) < 1000:
            signal.pthread_kill(main, signal.SIGUSR1)
            time.sleep(rng.uniform(0, 0.0005))

    former = signal.signal(signal.SIGUSR1, lambda _number, _frame: daemon.reload())
    signal.set_wakeup_fd(daemon.bell.fd, warn_on_full_buffer=False)
    knocking = threading.Thread(target=knock)
    knocking.start()
    try:
        assert daemon.run(successor) is None
    finally:
        looked.extend([None] * 1000)
        knocking.join()
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGUSR1, former)
