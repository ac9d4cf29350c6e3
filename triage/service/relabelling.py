"""The owner's hand: labels that were added, changed or removed in any mail client."""

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime

from triage.interfaces import ServerMailbox
from triage.records import MessageRef
from triage.service.plan import LabelNames
from triage.store.records import Entry, Relabelling, Status
from triage.store.store import Store

log = logging.getLogger(__name__)

_COMPARED = 500
"""Where the server cannot tell what changed, so many messages labelled last are looked at: one FETCH."""


def note_relabellings(
    mailbox: ServerMailbox, store: Store, names: LabelNames, modseq: int | None, now: datetime
) -> Sequence[Relabelling]:
    """Remember where labels differ from what was last written or seen, and return these.

    Args:
        modseq: HIGHESTMODSEQ at the last visit; with it the server tells what changed since
            (CONDSTORE, RFC 7162), without it flags are compared.
    """
    if modseq is not None and modseq == mailbox.highest_modseq:
        return []
    changed = mailbox.changed_since(modseq) if modseq is not None else None
    among = _COMPARED if changed is None else changed
    written = store.labelled(mailbox.account, mailbox.folder, mailbox.uidvalidity, among)
    present = mailbox.fetch_labels(list(written) if changed is None else changed)
    seen = {one.ref: one.now for one in store.list_relabellings(mailbox.account)}
    differing: dict[MessageRef, tuple[frozenset[str], frozenset[str]]] = {}
    for ref, labels in present.items():
        was = seen.get(ref, _expected(written.get(ref), names))
        if (ours := names.ours(labels)) != was:
            differing[ref] = (was, ours)
    found = _identified(differing, written, mailbox, now)
    for one in found:
        store.save_relabelling(one)
    if differing:
        log.info("labels changed by their owner account=%s count=%d", mailbox.account, len(differing))
    return found


def _expected(entry: Entry | None, names: LabelNames) -> frozenset[str]:
    if entry is None:
        return frozenset()
    if entry.status is Status.UNDONE:
        return ((entry.after - entry.change.add) | entry.change.remove) & names.all
    return entry.after & names.all


def _identified(
    differing: Mapping[MessageRef, tuple[frozenset[str], frozenset[str]]],
    written: Mapping[MessageRef, Entry],
    mailbox: ServerMailbox,
    now: datetime,
) -> Sequence[Relabelling]:
    unknown = [ref for ref in differing if ref not in written]
    marks = dict(mailbox.identify(unknown)) if unknown else {}
    marks.update({ref: entry.fingerprint for ref, entry in written.items() if ref in differing})
    return [Relabelling(ref, marks[ref], was, ours, now) for ref, (was, ours) in differing.items() if ref in marks]
