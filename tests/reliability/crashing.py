"""A store that dies at a chosen step, or whose disk is full."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from sqlalchemy import Connection

from triage.errors import TransientStoreError
from triage.store.store import Store


class Crash(BaseException):
    """The process died here: no handler of the program sees it."""


def raise_crash() -> None:
    """Die as far as one process can for another."""
    raise Crash


class CrashingStore(Store):
    """Every transaction is two steps: before it begins, and after it is committed.

    Attributes:
        steps_left: steps until the crash; None for none.
        is_full: whether every transaction fails for want of space.
        crash: what happens then.
    """

    steps_left: int | None = None
    is_full = False
    crash: Callable[[], None] = staticmethod(raise_crash)

    @classmethod
    def of(cls, store: Store) -> "CrashingStore":
        """Take over an open store."""
        return cls(store._engine)

    def _step(self) -> None:
        if self.steps_left is not None:
            self.steps_left -= 1
            if self.steps_left < 0:
                self.steps_left = None
                self.crash()

    def _reading(self) -> AbstractContextManager[Connection]:
        return self._stepping(super()._reading())

    def _writing(self) -> AbstractContextManager[Connection]:
        return self._stepping(super()._writing())

    @contextmanager
    def _stepping(self, transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        if self.is_full:
            raise TransientStoreError("the store cannot be used now: the disk is full; free some space")
        self._step()
        with transaction as connection:
            yield connection
        self._step()
