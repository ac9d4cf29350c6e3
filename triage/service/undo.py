"""Takes a run back: every label it added goes, every one it removed returns."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass

from triage.errors import AccountError, ConfigError, FolderError, ProtocolError, StoreError, TransientMailError
from triage.interfaces import Mailbox, MailSource
from triage.records import Applied, LabelChange, MessageRef
from triage.service.leases import LEASE_PATIENCE, Leases, pass_lease
from triage.service.plan import LabelNames
from triage.service.recovery import current_places, read_labels
from triage.store.records import Entry, Status
from triage.store.store import Store


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What became of a run's writes.

    Attributes:
        kept: the owner has changed the label since, so that it stays as they left it.
        gone: the message is no longer in the folder.
        failed: what could not be written and why.
        problems: folders that could not be opened and why; what was written there stays to be undone.
    """

    undone: int = 0
    kept: int = 0
    gone: int = 0
    failed: tuple[Applied, ...] = ()
    problems: tuple[str, ...] = ()

    def __add__(self, other: "UndoReport") -> "UndoReport":
        """Return both reports as one."""
        return UndoReport(
            self.undone + other.undone,
            self.kept + other.kept,
            self.gone + other.gone,
            self.failed + other.failed,
            self.problems + other.problems,
        )


class Closed:
    """Folders and accounts that could not be opened, or not be written to the end.

    They are left alone from then on: a write of an older run, taken back before a newer one, would look like the
    owner's own doing, and a login refused should not be tried for every run.
    """

    def __init__(self) -> None:
        """Know of none."""
        self._closed: set[tuple[str, str | None]] = set()

    def add(self, account: str, folder: str, error: Exception) -> None:
        """Remember a folder, or, where the error is one of its whole account, the account."""
        is_folder = not account or isinstance(error, FolderError)
        self._closed.add((account, folder if is_folder else None))

    def __contains__(self, place: tuple[str, str]) -> bool:
        """Return whether a folder, or its account, is to be left alone."""
        return place in self._closed or (place[0], None) in self._closed


def undo_run(
    run_id: str,
    store: Store,
    open_source: Callable[[str, str], MailSource],
    names: LabelNames,
    closed: Closed | None = None,
) -> UndoReport:
    """Take a run back; repeating it finds nothing left to do.

    Args:
        open_source: returns the source of an account, or of a local folder for account "".
        closed: what could not be opened for newer runs that are taken back too.

    Raises:
        StoreError: there was no such run.
    """
    closed = Closed() if closed is None else closed
    if not store.has_run(run_id):
        known = ", ".join(info.run_id for info in store.list_runs(5)) or "none"
        message = f"there is no run {run_id}; the latest are: {known}"
        raise StoreError(message)
    entries = store.entries_of_run(run_id)
    report = UndoReport()
    is_whole = True
    leases = Leases(store)
    for account, folder in sorted({(one.change.ref.account, _folder_now(one)) for one in entries}):
        if (account, folder) in closed:
            is_whole = False
            continue
        here = [one for one in entries if (one.change.ref.account, _folder_now(one)) == (account, folder)]
        try:
            with (
                closing(open_source(account, folder)) as source,
                _alone(leases, account),
                source.open(folder) as mailbox,
            ):
                report += _undo_folder(here, mailbox, store, names)
        except (AccountError, TransientMailError, ProtocolError, ConfigError) as error:
            closed.add(account, folder, error)
            report += UndoReport(problems=(str(error),))
    if is_whole and not report.failed and not report.problems:
        store.mark_run_undone(run_id)
    return report


def _alone(leases: Leases, account: str) -> AbstractContextManager[None]:
    return leases.holding(pass_lease(account), patience=LEASE_PATIENCE) if account else nullcontext()


def _folder_now(entry: Entry) -> str:
    return entry.change.move_to or entry.change.ref.folder


def _undo_folder(entries: Sequence[Entry], mailbox: Mailbox, store: Store, names: LabelNames) -> UndoReport:
    places = current_places(entries, mailbox)
    present = read_labels(mailbox, list(places.values()), names)
    gone = [one for one in entries if places.get(one.entry_id) not in present]
    kept: list[Entry] = []
    ours: dict[LabelChange, Entry] = {}
    for one in entries:
        place = places.get(one.entry_id)
        if place is None or place not in present:
            continue
        if one.change.move_to or present[place] == one.after & names.all:
            ours[_reverse(one, place)] = one
        else:
            kept.append(one)
    applied = mailbox.apply(list(ours)) if ours else []
    failed = tuple(done for done in applied if done.error is not None)
    undone = [ours[done.change] for done in applied if done.error is None]
    store.mark([*undone, *gone, *kept], Status.UNDONE)
    return UndoReport(len(undone), len(kept), len(gone), failed)


def _reverse(entry: Entry, place: MessageRef) -> LabelChange:
    """Return what takes a write back: what it added goes, what it removed returns, and the message goes back."""
    home = entry.change.ref.folder if entry.change.move_to else ""
    return LabelChange(place, add=entry.change.remove, remove=entry.change.add, move_to=home)
