"""What became of writes that a crash left unconfirmed: they are finished, or found done."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from triage.interfaces import Mailbox
from triage.records import LabelChange, MessageRef, RawMessage
from triage.service.plan import LabelNames
from triage.store.records import Entry, Status

if TYPE_CHECKING:
    from triage.store.store import Store  # brings SQLAlchemy along, which a scan of paths does without

log = logging.getLogger(__name__)


def settle_pending(mailbox: Mailbox, store: "Store", names: LabelNames) -> int:
    """Finish the unconfirmed writes of a folder, and return how many there were.

    A message is written on again where its labels are such as the write may have left them,
    done in part or whole; labelling twice is labelling once. Any others are the owner's
    doing and stay. A message that was to be moved and is not here any more has gone there,
    or the owner took it: either way nothing is left to do.
    """
    entries = store.pending(mailbox.account, mailbox.folder)
    if not entries:
        return 0
    places = current_places(entries, mailbox)
    present = read_labels(mailbox, list(places.values()), names)
    open_ends: dict[LabelChange, Entry] = {}
    for entry in entries:
        place = places.get(entry.entry_id)
        if place is None or place not in present:
            if entry.change.move_to:
                mailbox.label_moved(entry.change.move_to, {entry.fingerprint: entry.change.add})
            store.mark([entry], Status.CONFIRMED if entry.change.move_to else Status.FAILED)
        elif present[place] == entry.after & names.all and not entry.change.move_to:
            store.mark([entry], Status.CONFIRMED)
        elif _is_explained(entry, present[place], names):
            open_ends[replace(entry.change, ref=place)] = entry
        else:
            store.mark([entry], Status.FAILED)
    for done in mailbox.apply(list(open_ends), again=True) if open_ends else ():
        store.mark([open_ends[done.change]], Status.FAILED if done.error else Status.CONFIRMED)
    log.info("settled unconfirmed writes account=%s count=%d", mailbox.account, len(entries))
    return len(entries)


def _is_explained(entry: Entry, ours: frozenset[str], names: LabelNames) -> bool:
    """Return whether the write, done in any part, leaves these labels of ours."""
    touched = entry.change.add | entry.change.remove
    return ours - touched == (entry.after & names.all) - touched


def read_labels(mailbox: Mailbox, refs: Sequence[MessageRef], names: LabelNames) -> Mapping[MessageRef, frozenset[str]]:
    """Return our labels on messages; those that have gone are left out."""
    return {
        item.ref: names.ours(item.keywords)
        for item in mailbox.iter_messages(sorted(set(refs)))
        if isinstance(item, RawMessage)
    }


def current_places(entries: Sequence[Entry], mailbox: Mailbox) -> dict[int, MessageRef]:
    """Return where messages written on are in this folder now, by entry.

    Under another UIDVALIDITY, or in the folder they were moved to, they are found by identity.
    """
    places = {
        one.entry_id: one.change.ref
        for one in entries
        if (one.change.ref.folder, one.change.ref.uidvalidity) == (mailbox.folder, mailbox.uidvalidity)
    }
    lost = [one for one in entries if one.entry_id not in places]
    if lost:
        found = mailbox.find({one.fingerprint for one in lost})
        places.update({one.entry_id: found[one.fingerprint] for one in lost if one.fingerprint in found})
    return places
