"""Grouping on the corpus: its mails are about different jobs, and stay different leads."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from triage.lead.card import read_opportunity
from triage.lead.grouping import LeadIndex, grouping_marks, search_marks
from triage.lead.lead import LEADS, Lead, LeadMessage
from triage.learn.corpus import Specimen, to_specimen
from triage.mail.parse import parse_message
from triage.records import MessageRef, Uid, UidValidity, Verdict
from triage.service.leadbook import with_message

# Coverage would make it take twice as long, and sees all of it in the tests of leads.
pytestmark = [pytest.mark.quality, pytest.mark.no_cover, pytest.mark.timeout(300)]

CORPUS = Path(__file__).parents[2] / "models" / "corpus"
AUTHORS = 13
"""About so many, from all of the corpus: it takes a third of a minute."""
MOST_MERGED = 0.005


def read_leads() -> Iterator[Specimen]:
    """Yield the leads; of the others no messages are made, which would take most of the time.

    Of a contrast pair the last mail that is one: both may be about the same job. None that answers in a thread:
    it may follow up on a job of which another mail told.
    """
    found = {}
    files = sorted(CORPUS.glob("*.jsonl"))
    for path in files[:: len(files) // AUTHORS]:
        for record in map(json.loads, path.read_text("utf-8").splitlines()):
            if record["label"] in LEADS and not record["in_reply_to"]:
                found[record.get("pair") or record["id"]] = (record, path.stem)
    for record, author in found.values():
        yield to_specimen(record, author)


def test_different_jobs_stay_different_leads() -> None:
    leads: dict[str, Lead] = {}
    marked: dict[str, set[str]] = {}
    count = 0
    for number, one in enumerate(read_leads()):
        message = parse_message(one.content)
        # Where the corpus gives no sender, one address stands for all of them.
        if message.sender is None or message.sender.addr_spec == "unknown@invalid.example":
            continue
        card = read_opportunity(message, Verdict(one.category, {}, None, (), "", ""))
        ref = MessageRef("home", "INBOX", UidValidity(1), Uid(number + 1))
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=count)  # nearer than any two need be
        mark = f"{number:032x}"
        mail = LeadMessage(ref, mark, at, one.category, message.sender, subject=message.subject, card=card)
        near = set().union(*(marked.get(wanted, ()) for wanted in search_marks(mail)))  # as the store finds them
        lead = with_message(mail, LeadIndex(leads[name] for name in sorted(near)), lambda _: leads)
        assert lead is not None
        leads[lead.lead_id] = lead
        for own in grouping_marks(lead, [mail]):
            marked.setdefault(own.mark, set()).add(lead.lead_id)
        count += 1
    assert count > 1000
    assert any(lead.card.roles for lead in leads.values())  # else there is nothing to tell them apart by
    merged = count - len(leads)
    assert merged / count <= MOST_MERGED, f"{merged} of {count}"
    print(f"{merged} of {count} mails joined another's lead")  # noqa: T201  the figure
