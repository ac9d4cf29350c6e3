"""How long commands on leads take with a full store.

    PYTHONPATH=. python tests/benchmarks/leads.py [--messages 50000] [--leads 2000] [--answers 6]

Fills an SQLite store with so many judged messages, as many marks of sent mail, and leads with a
card, a follow-up here and there with so many answers in its thread, and an answer or none to the rest; then runs each command as a process of its own, three times,
and prints the least elapsed and CPU seconds, and the start of the program alone for comparison.
"""

import argparse
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tests.builders import make_verdict
from tests.leads import fact, make_card, make_lead, make_lead_message, make_pay, make_sent
from triage.lead.lead import Lead, make_lead_id
from triage.lead.sent import SentMessage
from triage.records import Category, LabelChange, MessageRef, Outcome, RawMessage, State, Uid, UidValidity
from triage.service.judging import Judgement
from triage.service.leadbook import LeadBook
from triage.store.leads import SideCursor
from triage.store.store import Store, open_store

_ROOT = Path(__file__).parents[2]
_ROLES = (
    "Data engineer",
    "Plant director",
    "Nurse",
    "Electrician",
    "Controller",
    "Maintenance engineer",
    "Head of sales",
)
_PLACES = ("Leeds", "Porto", "Malmö", "Katowice", "Lyon", "Utrecht", "Bilbao", "Remote")
_CHUNK = 500
_COMMANDS = (
    "leads",
    "leads --unanswered",
    "leads --json",
    "leads --csv",
    "leads --ics",
    "network",
    "network --json",
    "report",
    "report --md",
    "report --html",
)


def fill(store: Store, messages: int, leads: int, answers: int, chance: random.Random) -> None:
    """Put so many messages and leads into a store, spread over two years.

    Args:
        answers: in the thread of each lead that has a follow-up.
    """
    now = datetime.now(UTC)
    categories = [Category.OTHER] * 90 + [Category.SCAM] * 8 + [None] * 2
    for start in range(0, messages, _CHUNK):
        outcomes = {}
        for number in range(start, min(messages, start + _CHUNK)):
            category = chance.choice(categories)
            ref = MessageRef("home", "INBOX", UidValidity(7), Uid(number + 1))
            state = State.JUDGED if category else State.UNSURE
            outcomes[f"{number:032x}"] = Outcome(
                ref, None, state, make_verdict(category), LabelChange(ref), applied=False, error=None
            )
        store.save_judgements(outcomes)
    for start in range(0, leads, _CHUNK):
        some = [_lead(number, now, chance) for number in range(start, min(leads, start + _CHUNK))]
        store.leads.save_leads(some)
        sent = [_answer(lead, number) for lead in some if len(lead.messages) > 1 for number in range(answers)]
        store.leads.save_sent(sent, "home", SideCursor("Sent", UidValidity(7), Uid(1)))
    people = [f"Person {number} <p{number}@works{number % 400}.example>" for number in range(3000)]
    for start in range(0, messages // 3, _CHUNK):
        sent = [
            make_sent(
                now - timedelta(minutes=21 * (start + number)),
                chance.choice(people),
                thread=(f"<{chance.randrange(leads * 2)}@works.example>",),
            )
            for number in range(_CHUNK)
        ]
        store.leads.save_sent(sent, "home", SideCursor("Sent", UidValidity(7), Uid(start + _CHUNK)))


def _lead(number: int, now: datetime, chance: random.Random) -> Lead:
    at = now - timedelta(hours=8.7 * number)
    card = replace(
        make_card(
            chance.choice(_ROLES), f"Works {chance.randrange(900)}", chance.choice(_PLACES), agency=f"Agency {chance.randrange(60)}",
            pay=[make_pay(40000 + 1000 * chance.randrange(60))],
        ),
        recruiter=fact(f"Person {number % 3000}"),
        next_step=fact("a call on Thursday"),
        referrer=fact(f"Person {chance.randrange(3000)}") if number % 9 == 0 else None,
    )  # fmt: skip
    sender = f"Person {number % 3000} <p{number % 3000}@works{number % 400}.example>"
    first = make_lead_message(number * 2, sender=sender, at=at, subject=f"A role, {number}", card=card)
    first = replace(first, message_id=f"<{number * 2}@works.example>")
    if number % 3:
        return make_lead(first, lead_id=make_lead_id("home", first.fingerprint))
    again = replace(
        first,
        fingerprint=f"{number * 2 + 1:032x}",
        received_at=at + timedelta(days=2),
        message_id=f"<{number * 2 + 1}@works.example>",
        thread=(first.message_id,),
    )
    return make_lead(first, again, lead_id=make_lead_id("home", first.fingerprint))


def _answer(lead: Lead, number: int) -> SentMessage:
    names = tuple(one.message_id for one in lead.messages)
    at = lead.last_at + timedelta(hours=1 + 5 * number)
    return make_sent(at, lead.first.sender.addr_spec, thread=names, subject=f"Re: {lead.first.subject}")


def measure(command: Sequence[str]) -> tuple[float, float]:
    """Return the least elapsed and CPU seconds of three runs."""
    found = []
    for _ in range(3):
        before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True, cwd=_ROOT, env=os.environ | {"NO_COLOR": "1"})
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        found.append((time.monotonic() - began, cpu))
    return min(one for one, _ in found), min(cpu for _, cpu in found)


def time_new_lead(store: Store) -> float:
    """Return the seconds it takes to write one new lead down beside all the others."""
    verdict = make_verdict(Category.RECRUITER)
    raw = b"From: New <new@elsewhere.example>\r\nSubject: A role\r\nMessage-ID: <new@elsewhere.example>\r\n\r\nHello, a role.\r\n"
    book = LeadBook(store)
    ref = MessageRef("home", "INBOX", UidValidity(7), Uid(999_999))
    book.note(
        RawMessage(ref, raw),
        Judgement(verdict, None, "f" * 32, "<new@elsewhere.example>", "A role", "new@elsewhere.example"),
    )
    began = time.perf_counter()
    book.save()
    return time.perf_counter() - began


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=50_000)
    parser.add_argument("--leads", type=int, default=2_000)
    parser.add_argument("--answers", type=int, default=6)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/store.sqlite3"
        store = open_store(url)
        fill(store, given.messages, given.leads, given.answers, random.Random(1))
        config = Path(folder) / "config.toml"
        config.write_text(
            f"[store]\nurl = '{url}'\n[models]\ndirectory = '{folder}/models'\n"
            "[preferences]\nroles = ['data engineer']\nplaces = ['Leeds']\npay_floor = '60000 EUR/year'\n"
        )
        program = [sys.executable, "-m", "triage"]
        rows = [("--help", measure([*program, "--help"]))]
        rows += [(words, measure([*program, "--config", str(config), *words.split()])) for words in _COMMANDS]
        print(f"{given.messages} judged messages, {given.leads} leads, {len(store.leads.list_contacts())} contacts")  # noqa: T201  its purpose
        print(f"{'command':<22}{'elapsed':>10}{'CPU':>10}")  # noqa: T201  its purpose
        for words, (elapsed, cpu) in rows:
            print(f"triage {words:<15}{elapsed:>8.2f} s{cpu:>8.2f} s")  # noqa: T201  its purpose
        print(f"{'one new lead, within':<22}{time_new_lead(store):>8.3f} s")  # noqa: T201  its purpose
        store.close()


if __name__ == "__main__":
    main()
