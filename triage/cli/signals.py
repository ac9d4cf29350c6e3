"""Stops cleanly: Ctrl-C and SIGTERM let the work under way finish, a second Ctrl-C does not."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

from triage.service.flag import Flag


@contextmanager
def stopping_on_signals() -> Iterator[Callable[[], bool]]:
    """Yield a function that says whether SIGINT or SIGTERM came; the handlers before are put back."""
    came = Flag()

    def stop(_number: int, _frame: FrameType | None) -> None:
        came.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    former = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield came.is_set
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
