"""The daemon, told to reload again and again, counts what it holds: `python -m tests.reliability.reloading CONFIG TIMES`.

Prints a JSON object a line: one after each start, when the account was visited and is watched.
"""

import ctypes
import gc
import json
import logging
import os
import platform
import queue
import re
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path

from apscheduler.schedulers.background import BackgroundScheduler
from imapclient import IMAPClient
from sqlalchemy import Engine

from triage.cli.run import run
from triage.imap.source import ImapSource
from triage.imap.watch import IdleSession
from triage.service.daemon import Daemon

_KINDS = (Daemon, BackgroundScheduler, Engine, ImapSource, IMAPClient, IdleSession)
_SESSIONS = 2
"""One for passes, one for the watch."""


def count_kinds() -> dict[str, int]:
    """Count what a daemon is made of, garbage that nobody has collected included."""
    held = gc.get_objects()
    return {kind.__name__: sum(type(one) is kind for one in held) for kind in _KINDS}


def count_heaps() -> int | None:
    """Return how many heaps glibc has (malloc_info(3)), None with another malloc."""
    if platform.libc_ver()[0] != "glibc":
        return None
    libc = ctypes.CDLL(None)
    libc.fopen.restype = ctypes.c_void_p
    with tempfile.NamedTemporaryFile() as file:
        stream = ctypes.c_void_p(libc.fopen(file.name.encode(), b"w"))
        libc.malloc_info(0, stream)
        libc.fclose(stream)
        return len(re.findall("<heap ", Path(file.name).read_text("ascii")))


class _Starts(logging.Handler):
    """Tells of each start of a daemon."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.times = times
        self.heard: queue.Queue[None] = queue.Queue()
        self.teller = threading.Thread(target=_reload, args=[self], daemon=True)

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith("daemon ready"):
            self.heard.put(None)
            if not self.teller.is_alive():  # not sooner: what is counted is how the daemon itself begins
                self.teller.start()


def _settle() -> dict[str, int]:
    """Wait until the account is watched and its first pass has begun a session; give up after a while."""
    end = time.monotonic() + 10
    while True:
        found = count_kinds()
        is_settled = found["IdleSession"] == 1 and found["IMAPClient"] >= _SESSIONS
        if is_settled or time.monotonic() > end:
            return found
        time.sleep(0.05)


def _reload(starts: _Starts) -> None:
    for number in range(starts.times + 1):
        starts.heard.get(timeout=30)
        kinds = _settle()
        if number in {starts.times // 2, starts.times}:
            gc.collect()  # what is left then is held by something
        line = {"kinds": kinds, "objects": len(gc.get_objects()), "heaps": count_heaps()}
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        os.kill(os.getpid(), signal.SIGHUP if number < starts.times else signal.SIGTERM)


def main() -> None:
    """Run the daemon until all is counted."""
    logging.getLogger("triage.service.daemon").addHandler(_Starts(int(sys.argv[2])))
    run(Path(sys.argv[1]), since=None, verbose=False, log_format=None)


if __name__ == "__main__":
    main()
