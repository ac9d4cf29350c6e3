"""`triage correct`: the owner's word on one message."""

from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from triage.bootstrap import build_book, build_names, build_reading, build_store
from triage.cli.messages import can_label, open_message
from triage.cli.output import open_console
from triage.cli.settings import optional_config
from triage.config import Config
from triage.errors import MessageError
from triage.interfaces import Mailbox
from triage.local.files import CANNOT_CARRY_LABELS
from triage.mail.identity import fingerprint
from triage.records import Applied, Category, RawMessage
from triage.service.correction import relabel
from triage.service.leases import LEASE_PATIENCE, Leases, pass_lease
from triage.store.evidence import Correction, Origin
from triage.store.store import Store


def correct(config_path: Path | None, name: str, category: Category) -> None:
    """Remember what a message is, and label it so."""
    config = optional_config(config_path)
    store = build_store(config)
    try:
        with open_message(config_path, name) as (mailbox, item):
            told = tell(item, category, Origin.CORRECT, mailbox, config, store)
    finally:
        store.close()
    open_console().print(f"{told}; `triage train` learns it", markup=False, soft_wrap=True)


def tell(item: RawMessage, category: Category, origin: Origin, mailbox: Mailbox, config: Config, store: Store) -> str:
    """Remember the owner's word, label the message so where it carries labels, and say what was done.

    The word comes first: if the label cannot be written, it is remembered all the same.
    """
    mark = item.server_id or fingerprint(item.content)
    now = datetime.now(UTC)
    try:
        store.evidence.save_features([build_reading(config).read(item, now)])
    except MessageError as error:
        message = f"nothing can be learnt from it: {error}"
        raise MessageError(message) from error
    store.evidence.save_correction(Correction(item.ref, mark, category, origin, now))
    build_book(config, store).tell(item, category)
    if not can_label(mailbox):
        return f"remembered as {category.value}; its label was not changed: {CANNOT_CARRY_LABELS}"
    with ExitStack() as stack:
        if item.ref.account:  # where a daemon may be at work
            leases = Leases(store)
            stack.enter_context(leases.holding(pass_lease(item.ref.account), patience=LEASE_PATIENCE))
            stack.enter_context(leases.renewing())
        done = relabel(item, category, mailbox, store, build_names(config))
    return _words(category, done)


def _words(category: Category, done: Applied | None) -> str:
    if done is None:
        return f"remembered as {category.value}; its label is right already"
    if done.error:
        return f"remembered as {category.value}; its label could not be changed: {done.error}"
    if not done.change.add:  # `other` has no label
        return f"remembered as {category.value}; {', '.join(sorted(done.change.remove))} was taken off"
    return f"remembered and labelled as {category.value}"
