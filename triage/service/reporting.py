"""The weekly report's way into the mailbox: once for each week, whatever crashes; and when the daemon writes it."""

import logging
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time

from triage.interfaces import ServerSource
from triage.lead.week import Week, last_due
from triage.service.training import last_words, run_beside
from triage.store.leads import ReportRecord
from triage.store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ReportPlan:
    """When and how the daemon writes the report.

    Attributes:
        weekday: 0 is Monday; hour, minute: of the local day.
        account: to which it goes.
        command: the program's own, such as `triage report --append`: what draws pictures is
            large, and a process that ends gives it all back.
    """

    weekday: int
    hour: int
    minute: int
    account: str
    command: Sequence[str]

    def is_wanted(self, store: Store, now: datetime) -> bool:
        """Return whether the report that was due last is not there yet."""
        due = last_due(now.astimezone(), self.weekday, time(self.hour, self.minute))
        known = store.leads.load_report(self.account, Week(due).name)
        return known is None or known.appended_at is None


def intend(store: Store, account: str, week: str, folder: str, now: datetime) -> ReportRecord:
    """Return what is known of a week's report; if nothing is, remember that it is to be written.

    Its Message-ID is made up once and kept, so that a second attempt finds what the first one wrote. No one
    else can know it: mail that bears it is ours, and is not judged.
    """
    known = store.leads.load_report(account, week)
    if known is not None:
        return known
    message_id = f"<triage-report-{week.lower()}-{secrets.token_hex(12)}@triage.invalid>"
    record = ReportRecord(account, week, folder, message_id, now)
    store.leads.save_report(record)
    return record


def deliver(source: ServerSource, store: Store, record: ReportRecord, letter: bytes) -> bool:
    """Put a report into its folder unless it is there, and return whether it was put there now.

    Raises:
        AccountError, TransientMailError: it may be there or not; the next attempt finds out.
    """
    is_new = source.append(record.folder, letter, record.message_id)
    store.leads.save_report(replace(record, appended_at=datetime.now(UTC)))
    return is_new


def report_beside(plan: ReportPlan, should_stop: Callable[[], bool]) -> None:
    """Write the report in a process of its own, and log how that ended."""
    ended = run_beside(plan.command, should_stop)
    if ended is None:
        log.warning("report cut short; the next start writes it")
        return
    status, output, errors = ended
    if status:
        log.warning("report not written, the next start tries again status=%d reason=%s", status, last_words(errors))
        return
    log.info("report done result=%s", "written" if " is in " in output else "nothing to write")
