"""Counts of a corpus by category, kind of scam, language and author, as its README shows them.

python -m triage.learn.counts models/corpus
"""

import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from triage.learn.corpus import Specimen, load_corpus
from triage.learn.kinds import canonical_kind
from triage.records import CATEGORIES, Category


def count_corpus(specimens: Sequence[Specimen]) -> str:
    """Return the counts as Markdown."""
    names = [one.value for one in CATEGORIES]
    lines = [f"{len(specimens)} mails by {len({one.group for one in specimens})} authors.", ""]
    ways: dict[str, Callable[[Specimen], str]] = {"language": lambda one: one.lang, "author": lambda one: one.group}
    for title, of in ways.items():
        lines += [f"| {title} | {' | '.join(names)} | all |", f"|---|{'---:|' * (len(names) + 1)}"]
        for value in sorted({of(one) for one in specimens}):
            counts = Counter(one.category for one in specimens if of(one) == value)
            cells = " | ".join(str(counts[category]) for category in CATEGORIES)
            lines.append(f"| {value} | {cells} | {counts.total()} |")
        lines.append("")
    scams = (canonical_kind(one.kind) for one in specimens if one.category is Category.SCAM)
    return "\n".join([*lines, f"Kinds of scam: {_listed(scams)}.", ""])


def _listed(values: Iterable[str]) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sorted(Counter(values).items()))


if __name__ == "__main__":
    sys.stdout.write(count_corpus(load_corpus([Path(one) for one in sys.argv[1:]])))
