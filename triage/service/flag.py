"""What a signal handler may touch: it runs in the middle of whatever the main thread does."""

import os
import select
import weakref
from contextlib import suppress


class Flag:
    """A flag without a lock.

    `threading.Event.set` would wait for ever for a lock that the thread which the handler interrupts
    is just taking.
    """

    def __init__(self) -> None:
        """Begin lowered."""
        self._is_set = False

    def set(self) -> None:
        """Raise it."""
        self._is_set = True

    def clear(self) -> None:
        """Lower it."""
        self._is_set = False

    def is_set(self) -> bool:
        """Return whether it is raised."""
        return self._is_set


class Bell:
    """Wakes one thread that waits; any thread may ring it, and any signal handler.

    A pipe to oneself: its writing end is what `signal.set_wakeup_fd` wants, by which a signal wakes the waiting thread
    even if it comes just before the wait begins.

    Attributes:
        fd: the writing end, open as long as the bell is known to anybody.
    """

    def __init__(self) -> None:
        """Open the pipe."""
        self._ear, self.fd = os.pipe()
        for end in (self._ear, self.fd):
            os.set_blocking(end, False)
            weakref.finalize(self, os.close, end)
        self._poll = select.poll()
        self._poll.register(self._ear, select.POLLIN)

    def ring(self) -> None:
        """Wake who waits, or who waits next."""
        with suppress(BlockingIOError):  # it has been rung often enough
            os.write(self.fd, b"!")

    def wait(self, seconds: float) -> None:
        """Wait until it is rung, or for so long; however often it was rung, it wakes once."""
        self._poll.poll(seconds * 1000)
        with suppress(BlockingIOError):
            while os.read(self._ear, 4096):
                pass
