"""The week that a report is about, and when reports are due."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days up to a moment.

    Attributes:
        name: ISO year and week of the day of its end, such as 2026-W48: no two reports have the same.
    """

    until: datetime

    @property
    def since(self) -> datetime:
        """When it began."""
        return self.until - WEEK

    @property
    def name(self) -> str:
        """The week by name."""
        year, week, _ = self.until.isocalendar()
        return f"{year}-W{week:02d}"

    def has(self, moment: datetime) -> bool:
        """Return whether a moment lies in the week."""
        return self.since <= moment < self.until


def last_due(now: datetime, weekday: int, at: time) -> datetime:
    """Return when the last report was due; now, if it is due now.

    Args:
        now: in the owner's time zone.
        weekday: 0 is Monday.
    """
    today = datetime.combine(now.date(), at, now.tzinfo)
    due = today - timedelta(days=(now.weekday() - weekday) % 7)
    return due if due <= now else due - WEEK
