"""What a process does about its memory that runs for months, and threads of which come and go."""

import ctypes
import gc

_M_ARENA_MAX = -8
"""From glibc's malloc.h; Python has no name for it."""


def share_one_heap() -> bool:
    """Let threads to come allocate from the heap of the first one; False where malloc is not glibc's.

    To up to eight threads a core glibc gives a heap (arena) each and, when a thread has ended, to whichever comes
    next: with every reload another heap grows to what a busy pass takes for a moment, and none gives it back.
    That cost 5 MB in 70 reloads. Python's threads run one at a time and gain nothing from heaps of their own.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (AttributeError, OSError):  # another malloc (musl, macOS) knows nothing of arenas
        return False
    return bool(mallopt(_M_ARENA_MAX, 1))


def free_rings() -> None:
    """Free what refers back to itself now, not when Python gets round to it.

    A daemon, its scheduler and its database engine are such rings. Python looks for old ones only when a quarter of
    all objects is new: by then 50 daemons of former configurations had taken 5 MB, which the process keeps.
    """
    gc.collect()
