"""The book of leads: what a pass finds is written down in parts, so that others get at the store between them."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.builders import make_ref, make_verdict
from tests.leads import NOW
from triage.lead.lead import Lead
from triage.records import Category, RawMessage
from triage.service import leadbook
from triage.service.judging import Judgement
from triage.service.leadbook import LeadBook
from triage.store.leads import LeadStore
from triage.store.store import Store, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    yield opened
    opened.close()


def save_offers(store: Store, count: int) -> Sequence[Lead]:
    """Write down as many offers by different people, each of which a second message goes on with."""
    book = LeadBook(store, clock=lambda: NOW)
    for number in range(2 * count):
        offer = number % count
        content = f"From: a{offer}@norr{offer}.example\r\nSubject: Offer {offer}\r\n\r\nhi".encode()
        item = RawMessage(make_ref(number + 1), content, len(content), NOW)
        verdict = make_verdict(Category.RECRUITER)
        sender, thread = f"a{offer}@norr{offer}.example", (f"<{offer}@x>",) if number >= count else ()
        book.note(item, Judgement(verdict, None, f"{number:032x}", f"<{number}@x>", f"Offer {offer}", sender, thread))
    return book.save()


def test_many_leads_are_written_in_parts_and_are_the_same(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    parts: list[int] = []
    group, grouping = leadbook._group, LeadStore.grouping

    @contextmanager
    def counted(self: LeadStore) -> Iterator[LeadStore]:
        parts.append(0)
        with grouping(self) as known:
            yield known

    def in_part(found: Sequence[object], known: LeadStore) -> Sequence[Lead]:
        parts[-1] += len(found)
        return group(found, known)  # type: ignore[arg-type]

    monkeypatch.setattr(leadbook, "_group", in_part)
    monkeypatch.setattr(LeadStore, "grouping", counted)
    changed = save_offers(store, 80)
    assert parts == [100, 60]
    assert sorted(lead.lead_id for lead in changed) == sorted(lead.lead_id for lead in store.leads.list_leads())
    assert [len(lead.messages) for lead in store.leads.list_leads()] == [2] * 80
