"""Judging what a mailbox yields: in this process, or beside it while the next messages are on their way."""

import gc
import logging
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import AbstractContextManager, closing
from dataclasses import dataclass
from itertools import islice
from types import TracebackType
from typing import Self, TypeVar

from triage.classify.judge import Judge, Judged
from triage.errors import MessageError
from triage.lead.acquaintances import NOBODY_KNOWN, People, known_of
from triage.lead.lead import NOTHING_SAID, message_ids
from triage.mail.identity import fingerprint
from triage.records import Category, RawMessage, UnreadableMessage, Verdict

log = logging.getLogger(__name__)

Item = RawMessage | UnreadableMessage
_T = TypeVar("_T")

MANY = 1000
"""Fewer messages are not worth the start of other processes."""

_BATCH = 125
# One process that reads keeps few that judge at work, however many processors there are.
_MOST_WORKERS = 4
_AHEAD = 3
_ORPHAN_CHECK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is to be said of one message.

    Attributes:
        verdict: None if it could not be judged; `error` says why.
        mark: its identity, empty where it could not be read.
        thread: the Message-IDs it answers, the nearest first.
    """

    verdict: Verdict | None
    error: str | None
    mark: str = ""
    message_id: str | None = None
    subject: str = ""
    sender: str = ""
    thread: tuple[str, ...] = ()

    def __reduce__(self) -> "tuple[type[Judgement], tuple[object, ...]]":
        """Return how to make it again, quickly; see `Evidence`."""
        fields = (
            self.verdict,
            self.error,
            self.mark,
            self.message_id,
            self.subject,
            self.sender,
            self.thread,
        )
        return Judgement, fields


@dataclass(frozen=True, slots=True)
class _Task:
    """As much of a message as judging it takes.

    Attributes:
        server_id: see `RawMessage`.
        authserv_id: see `Judge.read`.
    """

    content: bytes
    is_cut: bool
    server_id: str
    authserv_id: str | None

    @classmethod
    def of(cls, item: RawMessage, authserv_id: str | None) -> "_Task":
        return cls(item.content, item.is_cut, item.server_id, authserv_id)

    def __reduce__(self) -> "tuple[type[_Task], tuple[object, ...]]":
        return _Task, (self.content, self.is_cut, self.server_id, self.authserv_id)


def judge_item(judge: Judge, item: Item, authserv_id: str | None, people: People = NOBODY_KNOWN) -> Judgement:
    """Judge one message; what is wrong with it is told, never raised.

    Args:
        people: whom the owner wrote to; what is known of the message's people is weighed too.
    """
    if isinstance(item, UnreadableMessage):
        return Judgement(None, item.reason)
    return _judge_task(judge, _Task.of(item, authserv_id), people)


def _judge_task(judge: Judge, task: _Task, people: People) -> Judgement:
    mark = task.server_id or fingerprint(task.content)
    try:
        found = judge.read(task.content, is_cut=task.is_cut, authserv_id=task.authserv_id)
    except MessageError as error:
        return Judgement(None, str(error), mark)
    opened = found.opened
    sender = opened.sender
    return Judgement(
        weigh_people(judge, found, people),
        None,
        mark,
        opened.message_id,
        opened.subject,
        sender.addr_spec if sender else "",
        message_ids(opened.parts.first("in-reply-to"), opened.parts.first("references")),
    )


def weigh_people(judge: Judge, found: Judged, people: People) -> Verdict:
    """Return the verdict with what is known of sender and referrer; the same where nothing is."""
    message, verdict = found.message, found.verdict
    if message is None or not people:
        return verdict
    from triage.lead.card import read_opportunity  # noqa: PLC0415  60 ms of a scan's start, for nothing where nobody is known

    card = NOTHING_SAID if verdict.category is Category.OTHER else read_opportunity(message, verdict)
    known = known_of(message, card, people)
    return judge.judge(message, known, found.read) if known else verdict


def judge_here(
    judge: Judge, items: Iterable[Item], authserv_ids: Mapping[str, str], people: People = NOBODY_KNOWN
) -> Iterator[tuple[Item, Judgement]]:
    """Yield each message with its judgement, one after the other."""
    for item in items:
        yield item, judge_item(judge, item, authserv_ids.get(item.ref.account), people)


class JudgePool:
    """Processes that judge; started before any thread, for they are forked where the system can."""

    def __init__(self, judge: Judge, workers: int, people: People = NOBODY_KNOWN) -> None:
        """Prepare; nothing is started yet.

        Args:
            workers: how many processes.
            people: whom the owner wrote to.
        """
        self._judge = judge
        self._people = people
        self._workers = workers
        self._executor: ProcessPoolExecutor | None = None
        self._guard = threading.Lock()

    @property
    def guard(self) -> AbstractContextManager[bool]:
        """Held while messages are read ahead; whoever else uses the mailbox takes it first."""
        return self._guard

    def __enter__(self) -> Self:
        """Start the processes."""
        # A fork shares the model; elsewhere each process gets its own.
        method = "fork" if sys.platform == "linux" else "spawn"
        self._executor = ProcessPoolExecutor(
            self._workers,
            mp_context=multiprocessing.get_context(method),
            initializer=_begin,
            initargs=(self._judge, self._people, os.getpid()),
        )
        self._executor.submit(_judge_batch, [])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End the processes; what they had not begun is dropped."""
        if self._executor is not None:
            self._executor.shutdown(cancel_futures=True)
            self._executor = None

    def judge_all(self, items: Iterable[Item], authserv_ids: Mapping[str, str]) -> Iterator[tuple[Item, Judgement]]:
        """Yield each message with its judgement, in order; a few batches are always under way.

        A process that dies takes no message with it: what it had is judged here.
        """
        waiting: deque[tuple[Sequence[Item], Future[list[Judgement]] | None]] = deque()
        with closing(read_ahead(items, self._guard)) as batches:
            for batch in batches:
                waiting.append((batch, self._submit(batch, authserv_ids)))
                if len(waiting) > self._workers * _AHEAD:
                    yield from self._take(*waiting.popleft(), authserv_ids)
        while waiting:
            yield from self._take(*waiting.popleft(), authserv_ids)

    def _submit(self, batch: Sequence[Item], authserv_ids: Mapping[str, str]) -> "Future[list[Judgement]] | None":
        if self._executor is None:
            return None
        try:
            readable = (item for item in batch if isinstance(item, RawMessage))
            tasks = [_Task.of(item, authserv_ids.get(item.ref.account)) for item in readable]
            return self._executor.submit(_judge_batch, tasks)
        except BrokenProcessPool:
            return None

    def _take(
        self, batch: Sequence[Item], future: "Future[list[Judgement]] | None", authserv_ids: Mapping[str, str]
    ) -> Iterator[tuple[Item, Judgement]]:
        try:
            found = future.result() if future is not None else None
        except BrokenProcessPool:
            log.warning("a process that judged has died; going on without it")
            found = None
        if found is None:
            yield from judge_here(self._judge, batch, authserv_ids, self._people)
        else:
            judged = iter(found)
            for item in batch:
                yield item, Judgement(None, item.reason) if isinstance(item, UnreadableMessage) else next(judged)


def read_ahead(items: Iterable[Item], guard: AbstractContextManager[bool]) -> Generator[list[Item], None, None]:
    """Yield batches that a thread reads ahead, so that the server is at work while we are.

    Args:
        guard: held by the thread while it reads.
    """
    iterator = iter(items)

    def read() -> list[Item]:
        with guard:
            return list(islice(iterator, _BATCH))

    with ThreadPoolExecutor(1, "read-ahead") as executor:
        ahead = deque(executor.submit(read) for _ in range(_AHEAD))
        try:
            while batch := ahead.popleft().result():
                ahead.append(executor.submit(read))
                yield batch
        finally:
            for one in ahead:
                one.cancel()


def useful_workers() -> int:
    """Return how many processes are worth starting on the processors this one may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return min(_MOST_WORKERS, len(affinity(0)) if affinity else os.cpu_count() or 1)


def batched(items: Iterable[_T], size: int) -> Iterator[list[_T]]:
    """Yield the items in lists of a size, the last one shorter."""
    iterator = iter(items)
    while batch := list(islice(iterator, size)):
        yield batch


_judge: Judge | None = None
_people = NOBODY_KNOWN


def _begin(judge: Judge, people: People, parent: int) -> None:
    """Prepare a process: it ends with its parent, not at Ctrl-C, which the parent answers."""
    global _judge, _people
    _judge, _people = judge, people
    gc.freeze()  # what was there at the start stays: no need to look through it again and again
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(_ORPHAN_CHECK_SECONDS)
    os._exit(1)


def _judge_batch(tasks: Sequence[_Task]) -> list[Judgement]:
    if _judge is None:
        message = "the process was not prepared"
        raise RuntimeError(message)
    return [_judge_task(_judge, task, _people) for task in tasks]
