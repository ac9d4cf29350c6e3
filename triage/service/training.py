"""The daemon's own training: a process beside it, so that what runs all day stays small."""

import json
import logging
import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from triage.store.store import Store

log = logging.getLogger(__name__)

PATIENCE = timedelta(hours=2)
"""A training that takes longer hangs; 10,000 examples take half a minute."""

_POLL_SECONDS = 0.5
_NICE = 10


@dataclass(frozen=True)
class TrainingPlan:
    """When and how to train.

    Attributes:
        hour, minute: of the local day.
        command: the program's own, such as `triage train --json`.
        accounts: whose relabellings count.
        has_folders: whether the owner sorts into folders.
    """

    hour: int
    minute: int
    command: Sequence[str]
    accounts: Sequence[str]
    has_folders: bool

    def is_wanted(self, store: Store) -> bool:
        """Return whether there may be anything to learn from."""
        return (
            self.has_folders
            or bool(store.evidence.list_corrections())
            or any(store.list_relabellings(account) for account in self.accounts)
        )


def train_beside(plan: TrainingPlan, should_stop: Callable[[], bool]) -> None:
    """Train in a process of its own and log how it ended; end it when the daemon stops, or after hours."""
    ended = run_beside(plan.command, should_stop)
    if ended is None:
        log.warning("training cut short; the next one goes on")
    else:
        _report(*ended)


def run_beside(command: Sequence[str], should_stop: Callable[[], bool]) -> tuple[int, str, str] | None:
    """Run a command of our own and return its status and what it said; None if it was ended before it had done."""
    with subprocess.Popen(  # noqa: S603  our own program
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        with suppress(OSError):  # mail comes first
            os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
        said = _wait(process, should_stop)
    return None if said is None else (process.returncode, *said)


def last_words(errors: str) -> str:
    """Return why a command of ours failed: what it says to people holds no mail text, what a traceback says may."""
    last = errors.strip().rpartition("\n")[2]
    return last if last.startswith("triage: ") else "unknown, run the command by hand to see it"


def _wait(process: subprocess.Popen[str], should_stop: Callable[[], bool]) -> tuple[str, str] | None:
    """Return what the process said once it ended, None if it was killed."""
    left = PATIENCE.total_seconds()
    while left > 0 and not should_stop():
        with suppress(subprocess.TimeoutExpired):
            return process.communicate(timeout=_POLL_SECONDS)
        left -= _POLL_SECONDS
    # Whatever it had done is kept; a model is in use only when it is whole.
    process.kill()
    return None


def _report(status: int, output: str, errors: str) -> None:
    try:
        found = json.loads(output)
        result, model, reason = found["result"], found["model"] or "none", found["reason"] or "none"
    except (ValueError, KeyError, TypeError):
        log.warning("training failed, the model in use stays status=%d reason=%s", status, last_words(errors))
        return
    level = logging.WARNING if result in {"refused", "held"} else logging.INFO
    log.log(level, "training done result=%s model=%s reason=%s", result, model, reason)
