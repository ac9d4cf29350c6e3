"""Watches folders in threads of their own: each rings a bell, and none ever reads or writes mail."""

import logging
import threading
from collections.abc import Callable

from triage.errors import AccountError, FolderError, SecretError, TriageError
from triage.interfaces import ServerSource
from triage.service.backoff import Backoff

log = logging.getLogger(__name__)

MAX_WATCHED = 8
"""Folders of an account with a connection of their own: providers allow 10 to 15 in all. The rest are polled."""


class Watchers:
    """The watches of one account."""

    def __init__(self, source: ServerSource, ring: Callable[[], None], pause: Callable[[AccountError], None]) -> None:
        """Keep the source; nothing is watched yet."""
        self._source = source
        self._ring = ring
        self._pause = pause
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Watch the first folders."""
        for folder in self._source.folders()[:MAX_WATCHED]:
            name = f"watch {self._source.name}"
            thread = threading.Thread(target=self._watch, args=[folder], name=name, daemon=True)
            self._threads.append(thread)
            thread.start()

    def stop(self) -> None:
        """End all watches; returns at once."""
        self._stopping.set()
        self._source.stop_watching()

    def join(self, seconds: float) -> None:
        """Wait until the threads have ended."""
        for thread in self._threads:
            thread.join(seconds)

    def _watch(self, folder: str) -> None:
        """Watch until told to stop; a lost watch costs minutes, never mail: the polling goes on."""
        backoff = Backoff()
        while not self._stopping.is_set():
            try:
                if not self._source.watch(folder, self._begin(backoff)):
                    log.info("the server has no IDLE, polling alone account=%s", self._source.name)
                    return
            except (FolderError, SecretError):
                log.debug("folder cannot be watched for now account=%s", self._source.name)
            except AccountError as error:
                self._pause(error)
                return
            except TriageError:
                log.debug("watch lost account=%s", self._source.name)
            self._stopping.wait(backoff.next())

    def _begin(self, backoff: Backoff) -> Callable[[], None]:
        def ring() -> None:
            backoff.reset()
            self._ring()

        return ring
