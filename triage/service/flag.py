"""What a signal handler may raise."""


class Flag:
    """A flag without a lock, for signal handlers.

    A handler runs in the middle of whatever the main thread does: `threading.Event.set` would wait for
    ever for the lock if that thread is just taking it.
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
