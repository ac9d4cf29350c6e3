"""Leases: one daemon for an account, and one pass at a time, on one machine or several."""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from triage.errors import BusyError, StoreError

if TYPE_CHECKING:
    from triage.store.store import Store  # brings SQLAlchemy along, which a scan of paths does without

log = logging.getLogger(__name__)

TERM = timedelta(seconds=120)
"""How long a lease lasts unless it is renewed: what a machine that died keeps others waiting."""

RENEWALS = 4
"""In one term: three may fail before the lease is lost."""

RENEW_SECONDS = TERM.total_seconds() / RENEWALS

LEASE_PATIENCE = 60.0
"""Seconds that a command waits for a pass of the daemon to end."""


class Leases:
    """The leases this process holds; safe to use from several threads."""

    def __init__(self, store: "Store", clock: Callable[[], datetime] | None = None, *, term: timedelta = TERM) -> None:
        """Hold nothing yet.

        Args:
            clock: the store's own by default.
            term: how long a lease lasts unless it is renewed.
        """
        self._store = store
        self._clock = clock or store.read_clock
        self._term = term
        self._holder = _holder(os.getpid())
        self._held: dict[str, float] = {}  # when it was last taken or renewed, by `_uptime`
        self._wanted: set[str] = set()
        self._lock = threading.Lock()

    @property
    def holder(self) -> str:
        """The name under which this process holds leases."""
        return self._holder

    def take(self, name: str) -> str | None:
        """Take a lease and return None, or return who else holds it.

        A holder on this machine whose process has ended holds nothing.
        """
        asked, now = _uptime(), self._clock()
        other = self._store.take_lease(name, self._holder, now, now + self._term)
        if other is not None and _has_ended(other):
            log.info("lease taken over from a process that has ended name=%s", name)
            self._store.drop_lease(name, other)
            other = self._store.take_lease(name, self._holder, now, now + self._term)
        if other is None:
            with self._lock:
                self._held[name] = asked
        return other

    def renew(self) -> None:
        """Renew what is held; what somebody else took in the meantime is lost."""
        with self._lock:
            held = sorted(self._held)
        asked = _uptime()
        kept = self._store.renew_leases(held, self._holder, self._clock() + self._term)
        for name in held:
            with self._lock:
                # What was given back in the meantime is none of ours any more.
                last = self._held.get(name)
                if last is None or last > asked:  # or was taken again since
                    continue
                if name in kept:
                    self._held[name] = asked
                else:
                    del self._held[name]
                    log.warning("lease lost to another process name=%s", name)

    def confirm(self, name: str) -> None:
        """Make sure that a lease is still ours; cheap where it was renewed lately.

        A process that slept, or whose machine did, finds out here that it was given up for dead.

        Raises:
            BusyError: it is not; nothing may be written.
            StoreError: nobody can tell.
        """
        with self._lock:
            last = self._held.get(name)
        if last is not None and _uptime() - last < self._term.total_seconds() / 2:
            return
        self.renew()
        if not self.holds(name):
            message = f"another triage has taken over {name.partition(':')[2]} while this one was held up"
            raise BusyError(message)

    def holds(self, name: str) -> bool:
        """Return whether this process holds a lease, as far as it knows."""
        return name in self._held

    def give_back(self, name: str) -> None:
        """Give a lease back."""
        with self._lock:
            self._held.pop(name, None)
        self._store.drop_lease(name, self._holder)

    @contextmanager
    def holding(self, name: str, patience: float = 0.0) -> Iterator[None]:
        """Hold a lease for a while, after waiting so many seconds for it at most.

        Raises:
            BusyError: somebody else holds it, or another thread of this process.
        """
        end = time.monotonic() + patience
        while (other := self._take_anew(name)) is not None and time.monotonic() < end:
            time.sleep(0.2)
        if other is not None:
            message = f"another triage ({_words(other)}) is at work on {name.partition(':')[2]}; try again later"
            raise BusyError(message)
        try:
            yield
        finally:
            self.give_back(name)

    def _take_anew(self, name: str) -> str | None:
        """Take a lease unless a thread of this process holds it, or is about to; return who has it."""
        with self._lock:
            if name in self._held or name in self._wanted:
                return self._holder
            self._wanted.add(name)
        try:
            return self.take(name)
        finally:
            with self._lock:
                self._wanted.discard(name)

    @contextmanager
    def renewing(self) -> Iterator[None]:
        """Renew in the background, for a process without a heart of its own."""
        done = threading.Event()

        def beat() -> None:
            while not done.wait(self._term.total_seconds() / RENEWALS):
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


def _uptime() -> float:
    """Return seconds that go on while the machine sleeps, where the system counts them (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


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
