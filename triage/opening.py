"""What commands that judge nothing need of the configuration: light, so that they answer at once."""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from triage.config import Config

if TYPE_CHECKING:
    from triage.lead.overview import View
    from triage.store.store import Store


def open_store_of(config: Config) -> "Store":
    """Open the store, making it where it is missing.

    Raises:
        StoreError: it cannot be opened.
    """
    from triage.store.store import open_store  # noqa: PLC0415  SQLAlchemy is slow to import, and a scan of paths has no store

    return open_store(config.store.resolved_url())


def work_accounts(config: Config) -> frozenset[str]:
    """Return the accounts where nothing but labels is ever written."""
    return frozenset(account.name for account in config.accounts if account.work)


def build_view(config: Config, now: datetime) -> "View":
    """Return by what leads are looked at."""
    from triage.lead.overview import View  # noqa: PLC0415  only what shows leads needs it
    from triage.lead.preference import Wishes  # noqa: PLC0415  as above

    wished = config.preferences
    wishes = Wishes(tuple(wished.roles), tuple(wished.places), wished.floor(), wished.only_exceptional)
    return View(now, timedelta(days=config.leads.expire_after_days), wishes, work_accounts(config))
