"""Leases: one daemon for an account, and one pass at a time, on one machine or several."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import StoreError, TransientMailError

if TYPE_CHECKING:
    from triage.store.store import Store  # brings SQLAlchemy along, which a scan of paths does without

log = logging.getLogger(__name__)

TERM = timedelta(seconds=120)
"""How long a lease lasts unless it is renewed: what a machine that died keeps others waiting."""

RENEW_SECONDS = 30.0

LEASE_PATIENCE = 60.0
"""Seconds that a command waits for a pass of the daemon to end."""


class Leases:
    """The leases this process holds; safe to use from several threads."""

    def __init__(self, store: "Store", clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        """Hold nothing yet."""
        self._store = store
        self._clock = clock
        self._holder = _holder(os.getpid())
        self._held: set[str] = set()
        self._lock = threading.Lock()

    def take(self, name: str) -> str | None:
        """Take a lease and return None, or return who else holds it.

        A holder on this machine whose process has ended holds nothing.
        """
        now = self._clock()
        other = self._store.take_lease(name, self._holder, now, now + TERM)
        if other is not None and _has_ended(other):
            log.info("lease taken over from a process that has ended name=%s", name)
            self._store.drop_lease(name, other)
            other = self._store.take_lease(name, self._holder, now, now + TERM)
        if other is None:
            with self._lock:
                self._held.add(name)
        return other

    def renew(self) -> None:
        """Renew what is held; what somebody else took in the meantime is lost."""
        with self._lock:
            held = sorted(self._held)
        for name in held:
            if self.take(name) is not None:
                log.warning("lease lost to another process name=%s", name)
                with self._lock:
                    self._held.discard(name)

    def holds(self, name: str) -> bool:
        """Return whether this process holds a lease, as far as it knows."""
        return name in self._held

    def give_back(self, name: str) -> None:
        """Give a lease back."""
        with self._lock:
            self._held.discard(name)
        self._store.drop_lease(name, self._holder)

    @contextmanager
    def holding(self, name: str, patience: float = 0.0) -> Iterator[None]:
        """Hold a lease for a while, after waiting so many seconds for it at most.

        Raises:
            TransientMailError: somebody else holds it.
        """
        end = time.monotonic() + patience
        while (other := self.take(name)) is not None and time.monotonic() < end:
            time.sleep(0.2)
        if other is not None:
            message = f"another triage ({_words(other)}) is at work on {name.partition(':')[2]}; try again later"
            raise TransientMailError(message)
        try:
            yield
        finally:
            self.give_back(name)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Renew in the background, for a process without a heart of its own."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(RENEW_SECONDS):
                try:
                    self.renew()
                except StoreError:
                    log.warning("leases could not be renewed")

        thread = threading.Thread(target=beat, name="leases", daemon=True)
        thread.start()
        try:
            yield
        finally:
            done.set()
            thread.join()


def daemon_lease(account: str) -> str:
    """Return the name of the lease of the daemon that serves an account."""
    return f"daemon:{account}"


def pass_lease(account: str) -> str:
    """Return the name of the lease of whoever writes in an account just now."""
    return f"pass:{account}"


def _machine() -> str:
    """Return where process numbers mean what they say: the host, and the container on it (pid_namespaces(7))."""
    try:
        space = Path("/proc/self/ns/pid").readlink().name
    except OSError:
        space = ""
    return f"{socket.gethostname()} {space}".strip()


def _holder(pid: int) -> str:
    return f"{_machine()}/{pid}/{_started(pid) or 0}"


def _words(holder: str) -> str:
    machine, _, rest = holder.partition("/")
    return f"process {rest.partition('/')[0]} on {machine.partition(' ')[0]}"


def _started(pid: int) -> int | None:
    """Return when a process began, in ticks since the machine's start; None if it has ended (proc(5))."""
    try:
        text = Path(f"/proc/{pid}/stat").read_text("ascii", "replace")
    except OSError:
        return None
    return int(text.rpartition(")")[2].split()[19])


def _has_ended(holder: str) -> bool:
    machine, _, rest = holder.partition("/")
    pid, _, started = rest.partition("/")
    if machine != _machine() or not pid.isdecimal() or not Path("/proc/self/stat").exists():
        return False
    return str(_started(int(pid)) or 0) != started
