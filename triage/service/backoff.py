"""How long to wait after a failure: twice as long each time, never the same for everybody."""

import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from triage.store.records import Retry


@dataclass
class Backoff:
    """Delays that double from the first to the longest, each shortened by up to half at random.

    Source: "full jitter" keeps clients of one server apart (Brooker, Exponential Backoff And
    Jitter, AWS Architecture Blog, 2015); half of it keeps the delays in order.
    """

    first: float = 5.0
    longest: float = 900.0
    chance: random.Random = field(default_factory=random.Random)
    failures: int = 0

    def next(self) -> float:
        """Count a failure and return the seconds to wait."""
        whole = min(self.longest, self.first * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return whole * self.chance.uniform(0.5, 1.0)

    def reset(self) -> None:
        """Begin anew after a success."""
        self.failures = 0


_FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(days=1)


def retry_delay(attempts: int) -> timedelta:
    """Return how long a message waits after so many attempts: 5 minutes, then twice as long up to a day."""
    return min(LONGEST_RETRY, _FIRST_RETRY * int(2 ** min(attempts - 1, 20)))


def is_due(retry: Retry, now: datetime) -> bool:
    """Return whether a message is to be tried now; a clock that was set back delays nothing by more than a day."""
    return retry.next_at <= now or retry.next_at - now > LONGEST_RETRY
