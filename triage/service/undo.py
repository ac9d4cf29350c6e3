"""Takes a run back: every label it added goes, every one it removed returns."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from triage.errors import StoreError
from triage.interfaces import Mailbox, MailSource
from triage.records import Applied, LabelChange, MessageRef, RawMessage
from triage.service.plan import LabelNames
from triage.store.records import Entry, Status
from triage.store.store import Store


@dataclass(frozen=True, slots=True)
class UndoReport:
    """What became of a run's writes.

    Attributes:
        kept: the owner has changed the label since, so that it stays as they left it.
        gone: the message is no longer in the folder.
        failed: what could not be written and why.
    """

    undone: int = 0
    kept: int = 0
    gone: int = 0
    failed: tuple[Applied, ...] = ()

    def __add__(self, other: "UndoReport") -> "UndoReport":
        """Return both reports as one."""
        return UndoReport(
            self.undone + other.undone, self.kept + other.kept, self.gone + other.gone, self.failed + other.failed
        )


def undo_run(run_id: str, store: Store, open_source: Callable[[str, str], MailSource], names: LabelNames) -> UndoReport:
    """Take a run back; repeating it finds nothing left to do.

    Args:
        open_source: returns the source of an account, or of a local folder for account "".

    Raises:
        StoreError: there was no such run.
        AccountError, TransientMailError: an account cannot be reached; the rest stays to be undone.
    """
    if not store.has_run(run_id):
        known = ", ".join(info.run_id for info in store.list_runs(5)) or "none"
        message = f"there is no run {run_id}; the latest are: {known}"
        raise StoreError(message)
    entries = store.entries_of_run(run_id)
    report = UndoReport()
    for account, folder in sorted({(one.change.ref.account, one.change.ref.folder) for one in entries}):
        here = [one for one in entries if (one.change.ref.account, one.change.ref.folder) == (account, folder)]
        source = open_source(account, folder)
        try:
            with source.open(folder) as mailbox:
                report += _undo_folder(here, mailbox, store, names)
        finally:
            source.close()
    if not report.failed:
        store.mark_run_undone(run_id)
    return report


def _undo_folder(entries: Sequence[Entry], mailbox: Mailbox, store: Store, names: LabelNames) -> UndoReport:
    places = _current_places(entries, mailbox)
    present = {
        item.ref: names.ours(item.keywords)
        for item in mailbox.iter_messages(sorted(set(places.values())))
        if isinstance(item, RawMessage)
    }
    gone = [one for one in entries if places.get(one.entry_id) not in present]
    kept: list[tuple[Entry, MessageRef]] = []
    ours: list[tuple[Entry, MessageRef]] = []
    for one in entries:
        place = places.get(one.entry_id)
        if place is None or place not in present:
            continue
        (ours if present[place] == one.after & names.all else kept).append((one, place))
    changes = [LabelChange(place, add=one.change.remove, remove=one.change.add) for one, place in ours]
    applied = mailbox.apply(changes) if changes else []
    failed = [done for done in applied if done.error is not None]
    undone = [one for (one, _), done in zip(ours, applied, strict=True) if done.error is None]
    store.mark([*undone, *gone, *(one for one, _ in kept)], Status.UNDONE)
    return UndoReport(len(undone), len(kept), len(gone), tuple(failed))


def _current_places(entries: Sequence[Entry], mailbox: Mailbox) -> dict[int, MessageRef]:
    """Return where the messages are now, by entry: elsewhere if the UIDVALIDITY has changed."""
    places = {one.entry_id: one.change.ref for one in entries if one.change.ref.uidvalidity == mailbox.uidvalidity}
    lost = [one for one in entries if one.entry_id not in places]
    if lost:
        found = mailbox.find({one.fingerprint for one in lost})
        places.update({one.entry_id: found[one.fingerprint] for one in lost if one.fingerprint in found})
    return places
