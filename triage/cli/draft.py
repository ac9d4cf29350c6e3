"""`triage draft`: an answer to a lead in the Drafts folder; nothing is ever sent."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from triage.bootstrap import build_store, build_wording, open_account
from triage.cli.output import open_console, printable
from triage.cli.settings import required_config
from triage.errors import ConfigError
from triage.lead.lead import Lead
from triage.lead.sides import honest_part
from triage.lead.templates import PHRASES, DraftKind
from triage.opening import work_accounts
from triage.service.drafts import Draft, message_to_answer, put_draft, sender_of
from triage.service.leases import LEASE_PATIENCE, Leases, pass_lease
from triage.store.store import Store


def draft(config_path: Path | None, name: str, kinds: Sequence[str], language: str | None, to: str | None) -> None:
    """Write a draft that answers a lead, or one of the sides that offer it."""
    if len(kinds) != 1:
        raise ConfigError(["say what to answer, once: --interested, --not-now, --refer or --ask"])
    if language is not None and language not in PHRASES:
        raise ConfigError([f"there are no texts in {language!r}; there are some in {', '.join(PHRASES)}"])
    config = required_config(config_path)
    now = datetime.now(UTC)
    store = build_store(config)
    try:
        lead = find_lead(store, name)
        work = work_accounts(config)
        message = message_to_answer(lead, work, to)
        account = config.account(message.ref.account)
        sender = sender_of(account.username, config.owner.addresses, config.owner.names, account.name)
        source = open_account(config, account.name)
        try:
            with Leases(store).holding(pass_lease(account.name), patience=LEASE_PATIENCE):
                done = put_draft(
                    (honest_part(lead) or lead).without(work),
                    DraftKind(kinds[0]),
                    language,
                    build_wording(config),
                    (source, message, sender),
                    now,
                )
        finally:
            source.close()
    finally:
        store.close()
    _print(done)


def _print(done: Draft) -> None:
    console = open_console()
    if done.is_new:
        console.print(f"draft to {printable(done.recipient)} is in {done.folder}; nothing was sent:", markup=False)
        console.print(f"\n{done.text}", markup=False, soft_wrap=True)
    else:
        console.print(f"the same draft to {printable(done.recipient)} lies in {done.folder} already", markup=False)
    if done.others:
        others = ", ".join(map(printable, done.others))
        console.print(f"others offer it too: --to answers {others}", markup=False, soft_wrap=True)


def find_lead(store: Store, name: str) -> Lead:
    """Return the lead of that name, or the only one whose name begins so.

    Raises:
        ConfigError: there is none, or there are several.
    """
    found = store.leads.list_leads(lead_ids=store.leads.find_lead_ids(name.lower())) if name else []
    exact = [one for one in found if one.lead_id == name.lower()] or found
    if len(exact) != 1:
        words = f"several leads begin with {name!r}" if exact else f"there is no lead {name!r}"
        raise ConfigError([f"{words}; `triage leads` lists them"])
    return exact[0]
