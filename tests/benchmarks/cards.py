"""What a lead card costs: `python -m tests.benchmarks.cards`; CPU time and memory, never a pass or fail test."""

import resource
import sys
import time
from pathlib import Path

from triage.lead.card import read_opportunity
from triage.learn.corpus import load_corpus
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Category, Verdict

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Card every lead of the corpus and print a line."""
    specimens = [
        one
        for one in load_corpus([ROOT / "models" / "corpus"])
        if one.category in {Category.RECRUITER, Category.REFERRAL}
    ]
    mail = [
        (parse_message(one.content), Verdict(one.category, dict.fromkeys(CATEGORIES, 0.25), None, (), "", ""))
        for one in specimens
    ]
    before, start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
    read_opportunity(*mail[0])
    first = time.process_time() - start
    start = time.process_time()
    for message, verdict in mail:
        read_opportunity(message, verdict)
    each = (time.process_time() - start) / len(mail)
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    sys.stdout.write(
        f"{len(mail)} cards: {each * 1000:.2f} ms each, the first {first * 1000:.0f} ms; {grown:.0f} MB more resident\n"
    )


if __name__ == "__main__":
    main()
