"""Grouping on the corpus: its mails are about different jobs, and stay different leads."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from tests.leads import record
from triage.lead.card import read_opportunity
from triage.lead.grouping import LeadIndex
from triage.lead.lead import LEADS, LeadMessage
from triage.learn.corpus import Specimen
from triage.mail.parse import parse_message
from triage.records import MessageRef, Uid, UidValidity, Verdict

pytestmark = pytest.mark.quality

STRIDE = 7
MOST_MERGED = 0.005


def test_different_jobs_stay_different_leads(corpus: Sequence[Specimen]) -> None:
    index = LeadIndex()
    count = 0
    for number, one in enumerate(mail for mail in corpus if mail.category in LEADS):
        message = parse_message(one.content)
        # Where the corpus gives no sender, one address stands for all of them.
        if number % STRIDE or message.sender is None or message.sender.addr_spec == "unknown@invalid.example":
            continue
        card = read_opportunity(message, Verdict(one.category, {}, None, (), "", ""))
        ref = MessageRef("home", "INBOX", UidValidity(1), Uid(number + 1))
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=count)  # nearer than any two need be
        mark = f"{number:032x}"
        record(LeadMessage(ref, mark, at, one.category, message.sender, subject=message.subject, card=card), index)
        count += 1
    assert count > 500
    assert any(lead.card.roles for lead in index.leads.values())  # else there is nothing to tell them apart by
    merged = count - len(index.leads)
    assert merged / count <= MOST_MERGED, f"{merged} of {count}"
    print(f"{merged} of {count} mails joined another's lead")  # noqa: T201  the figure
