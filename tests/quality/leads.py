"""Measures lead cards on hand-annotated mail: `python -m tests.quality.leads [--judged] [FILE...]`.

Precision and recall by field and by half (English, other languages). A value counts as
right if it equals an annotated one without regard to case, accents, signs, forms of gender,
legal form and article, or if one lies within the other and has two thirds of its words; a
person, if all words of one name are in the other; pay, if both bounds are equal and
neither currency nor period contradicts. Where a field has several values each counts.
"""

import argparse
import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage.bootstrap import build_judge
from triage.config import Config
from triage.lead.card import read_opportunity
from triage.lead.names import is_same, is_same_person
from triage.lead.opportunity import Opportunity
from triage.learn.lead_data import AnnotatedLead, is_same_pay, load_leads
from triage.records import CATEGORIES, Category, Verdict

ROOT = Path(__file__).parents[2]
CORPUS, SPLIT = ROOT / "models" / "corpus", ROOT / "models" / "leads" / "split.json"
FIELDS = ("company", "role", "place", "pay", "recruiter", "referrer", "agency", "remote")
HALVES = ("all", "en", "other")


@dataclass
class Count:
    """Values found rightly, found wrongly and missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0
    there: int = 0

    @property
    def precision(self) -> float:
        """The share of what was found that is right; 1 where nothing was found."""
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        """The share of what there is that was found; 1 where there is nothing."""
        return 1 - self.missed / self.there if self.there else 1.0


def found_values(card: Opportunity, field: str) -> Sequence[Any]:
    """Return what a card says in a field."""
    single = {"recruiter": card.recruiter, "referrer": card.referrer, "agency": card.agency, "remote": card.remote}
    if field in single:
        fact = single[field]
        return [fact.value] if fact else []
    if field == "pay":
        return card.pay
    many = {"company": card.companies, "role": card.roles, "place": card.places}
    return [fact.value for fact in many[field]]


def sameness(field: str) -> Callable[[Any, Any], bool]:
    """Return the test whether a value found is one annotated."""
    if field == "pay":
        return is_same_pay
    return is_same_person if field in {"recruiter", "referrer"} else is_same


def wanted_values(lead: AnnotatedLead, field: str) -> Sequence[Any]:
    """Return what people read in a field."""
    return lead.lead.get("pay") or [] if field == "pay" else lead.values(field)


def measure(pairs: Iterable[tuple[AnnotatedLead, Opportunity]]) -> dict[tuple[str, str], Count]:
    """Return counts by half and field."""
    counts = {(half, field): Count() for half in HALVES for field in FIELDS}
    for lead, card in pairs:
        for field in FIELDS:
            same, found, wanted = sameness(field), found_values(card, field), wanted_values(lead, field)
            right = sum(any(same(one, other) for other in wanted) for one in found)
            missed = sum(not any(same(one, other) for one in found) for other in wanted)
            for half in ("all", "en" if lead.lang == "en" else "other"):
                count = counts[half, field]
                count.right += right
                count.wrong += len(found) - right
                count.missed += missed
                count.there += len(wanted)
    return counts


def held_back_files() -> list[Path]:
    """Return the corpus files that nobody learns from."""
    names = json.loads(SPLIT.read_text("utf-8"))["test"]
    return sorted(path for path in CORPUS.glob("*.jsonl") if path.stem in names)


def given(category: Category) -> Verdict:
    """Return a verdict that is as annotated, so that a card is measured apart from judging."""
    return Verdict(category, {one: float(one is category) for one in CATEGORIES}, None, (), "annotated", "")


def table(counts: dict[tuple[str, str], Count], mails: int) -> str:
    """Return the table of docs/leads.md."""
    rows = [f"{mails} mails", "", "| field | half | there | precision | recall |", "|---|---|--:|--:|--:|"]
    for field in FIELDS:
        for half in HALVES:
            count = counts[half, field]
            rows.append(f"| {field} | {half} | {count.there} | {count.precision:.3f} | {count.recall:.3f} |")
    return "\n".join(rows)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality.leads", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument("files", nargs="*", type=Path, help="records with a `lead` field; none: the test set")
    parser.add_argument(
        "--annotations", nargs="*", type=Path, default=[], help="files of annotations by id, for records without"
    )
    parser.add_argument(
        "--judged", action="store_true", help="judge first: no card where the shipped model sees no lead"
    )
    parser.add_argument("--errors", action="store_true", help="list what is wrong or missed")
    options = parser.parse_args()
    leads = load_leads(options.files or held_back_files(), options.annotations)
    judge = build_judge(Config()) if options.judged else None
    pairs = []
    for lead in leads:
        verdict = judge.judge(lead.message) if judge else given(lead.category)
        is_lead = verdict.category in {Category.RECRUITER, Category.REFERRAL}
        pairs.append((lead, read_opportunity(lead.message, verdict) if is_lead else Opportunity()))
    print(table(measure(pairs), len(pairs)))  # noqa: T201  a command
    if options.errors:
        for lead, card in pairs:
            _print_errors(lead, card)


def _print_errors(lead: AnnotatedLead, card: Opportunity) -> None:
    for field in FIELDS[:6]:
        same, found, wanted = sameness(field), found_values(card, field), wanted_values(lead, field)
        wrong = [str(one) for one in found if not any(same(one, other) for other in wanted)]
        missed = [str(one) for one in wanted if not any(same(other, one) for other in found)]
        if wrong or missed:
            print(f"{lead.id} {lead.lang} {field}: wrong {wrong}, missed {missed}")  # noqa: T201  a command


if __name__ == "__main__":
    main()
