"""Judging many messages on the machines of a cluster, by joblib's Dask backend."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import AbstractContextManager, closing
from itertools import chain, cycle
from types import TracebackType
from typing import TYPE_CHECKING, Self

import joblib

from triage.classify.encoder import in_use
from triage.classify.judge import Judge
from triage.config import ClusterConfig
from triage.lead.acquaintances import NOBODY_KNOWN, People
from triage.service.cluster import connect
from triage.service.judging import Item, Judgement, batched, judge_here, judge_item, read_ahead

if TYPE_CHECKING:
    from distributed import Client

log = logging.getLogger(__name__)

_PARTS_A_CORE = 2
"""Batches in one window: while one is judged, the next has arrived."""


class ClusterJudges:
    """Judges many messages on a cluster by joblib's Dask backend, in place of processes on this machine."""

    def __init__(self, judge: Judge, config: ClusterConfig, people: People = NOBODY_KNOWN) -> None:
        """Prepare; nothing is connected yet.

        Args:
            people: whom the owner wrote to.
        """
        self._judge = judge
        self._people = people
        self._config = config
        self._guard = threading.Lock()
        self._client: Client | None = None

    @property
    def guard(self) -> AbstractContextManager[bool]:
        """Held while messages are read ahead; whoever else uses the mailbox takes it first."""
        return self._guard

    def __enter__(self) -> Self:
        """Connect.

        Raises:
            ConfigError: see `connect`.
        """
        self._client = connect(self._config)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the cluster; what is under way there is dropped."""
        if self._client is not None:
            self._client.close(timeout=2)
            self._client = None

    def judge_all(self, items: Iterable[Item], authserv_ids: Mapping[str, str]) -> Iterator[tuple[Item, Judgement]]:
        """Yield each message with its judgement, in order; two windows of batches are in memory at a time.

        joblib takes what it sends from its iterator in the thread that talks to the cluster, which must not
        wait for mail: each window is read before it goes out, while the one before is judged.
        """
        client = self._client
        if client is None or not (cores := sum(client.nthreads().values())):
            log.warning("the cluster has no worker, judging here")
            yield from judge_here(self._judge, items, authserv_ids, self._people)
            return
        runs = cycle([self._parallel(client), self._parallel(client)])
        former: tuple[Sequence[Sequence[Item]], Iterator[list[Judgement]]] | None = None
        with closing(read_ahead(items, self._guard)) as batches:
            for window in batched(batches, cores * _PARTS_A_CORE):
                judging = joblib.delayed(_judge_part)
                found = next(runs)(judging(self._judge, batch, authserv_ids, self._people) for batch in window)
                if former is not None:
                    yield from self._pair(*former, authserv_ids)
                former = window, found
        if former is not None:
            yield from self._pair(*former, authserv_ids)

    def _parallel(self, client: "Client") -> joblib.Parallel:
        # The model and the people go to each worker once, not with each batch.
        with joblib.parallel_config(backend="dask", client=client, scatter=[self._judge, self._people]):
            return joblib.Parallel(n_jobs=-1, return_as="generator", batch_size=1, pre_dispatch="all")

    def _pair(
        self, window: Sequence[Sequence[Item]], found: Iterator[list[Judgement]], authserv_ids: Mapping[str, str]
    ) -> Iterator[tuple[Item, Judgement]]:
        """Yield messages with their judgements; what the cluster loses for good is judged here."""
        from distributed import KilledWorker  # noqa: PLC0415  as above

        left = iter(window)
        for batch in left:
            try:
                judged = next(found)
            except (KilledWorker, CancelledError, OSError) as error:
                log.warning("the cluster lost messages, judging them here reason=%s", type(error).__name__)
                yield from judge_here(self._judge, chain(batch, *left), authserv_ids, self._people)
                return
            yield from zip(batch, judged, strict=True)


def _judge_part(
    judge: Judge, batch: Sequence[Item], authserv_ids: Mapping[str, str], people: People
) -> list[Judgement]:
    with in_use():  # a worker outlives the scan
        return [judge_item(judge, item, authserv_ids.get(item.ref.account), people) for item in batch]
