"""The owner's word on a message: its labels become what the owner said, and no pass changes them again."""

from triage.interfaces import Mailbox
from triage.mail.identity import fingerprint
from triage.records import Applied, Category, LabelChange, RawMessage
from triage.service.cycle import write_labels
from triage.service.plan import LabelNames
from triage.service.recovery import settle_pending
from triage.store.records import Intent
from triage.store.store import Store


def relabel(item: RawMessage, category: Category, mailbox: Mailbox, store: Store, names: LabelNames) -> Applied | None:
    """Write the label of a category in place of any other of ours; None where it is there already.

    Like every write it is journaled first, as a run of its own that `undo` takes back.

    Raises:
        TransientMailError, AccountError: the folder cannot be written for now, or at all.
    """
    label = names.of(category)
    wanted = frozenset({label}) if label else frozenset()
    ours = names.ours(item.keywords)
    change = LabelChange(item.ref, add=wanted - ours, remove=ours - wanted)
    if not change:
        return None
    settle_pending(mailbox, store, names)
    intent = Intent(change, item.server_id or fingerprint(item.content), wanted)
    return write_labels([intent], mailbox, store, store.begin_run("correct"))[item.ref]
