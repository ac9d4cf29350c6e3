"""What a training works with, in one record."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from triage.classify.decision import CostTable
from triage.classify.model import LinearModel
from triage.interfaces import MailSource
from triage.modelshelf import ModelShelf
from triage.reading import Reading
from triage.records import Category
from triage.store.store import Store


@dataclass(frozen=True)
class TrainingOptions:
    """What a training works with.

    Attributes:
        base: the shipped model, which every personal one corrects.
        labels: category by label.
        open_source: returns the source of an account, or of a local folder for account ""; raises ConfigError.
        advance: told of progress: the folder, and of how many messages.
        clock: the time now, aware.
    """

    base: LinearModel
    store: Store
    shelf: ModelShelf
    reading: Reading
    costs: CostTable
    labels: Mapping[str, Category]
    open_source: Callable[[str, str], MailSource]
    accounts: Sequence[str] = ()
    advance: Callable[[str, int], None] = lambda _name, _count: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)
