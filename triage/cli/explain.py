"""`triage explain`: why a message is judged as it is."""

import json
from pathlib import Path

from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_authserv_ids, build_judge
from triage.classify.advice import REPORT
from triage.classify.judge import Explanation, describe, only_vouched
from triage.cli.cards import card_rows, card_to_json
from triage.cli.messages import read_message
from triage.cli.output import (
    advice_line,
    evidence_to_json,
    open_console,
    printable,
    probabilities_to_json,
)
from triage.cli.settings import optional_config
from triage.lead.card import read_opportunity
from triage.lead.opportunity import Opportunity
from triage.mail.parse import open_message
from triage.records import Category, Verdict

_LEADS = (Category.RECRUITER, Category.REFERRAL)


def explain(config_path: Path | None, message: str, *, with_card: bool, as_json: bool) -> None:
    """Print the verdict on one message and everything that led to it; for a lead also its card.

    Args:
        with_card: the card also of a message that is judged no lead.
    """
    raw = read_message(config_path, message)
    config = optional_config(config_path)
    judge = build_judge(config)
    opened = open_message(raw.content, is_cut=raw.is_cut)
    mail = only_vouched(opened.complete(), build_authserv_ids(config).get(raw.ref.account))
    found = judge.explain(mail)
    verdict = judge.clear(opened) or found.verdict
    card = read_opportunity(mail, verdict) if with_card or verdict.category in _LEADS else None
    if as_json:
        open_console().print(_to_json(message, verdict, found, card), soft_wrap=True, markup=False)
    else:
        _print(verdict, found)
        _print_card(card)


def _to_json(source: str, verdict: Verdict, found: Explanation, card: Opportunity | None) -> str:
    return json.dumps(
        {
            "source": source,
            "state": verdict.state.value,
            "category": verdict.category.value if verdict.category else None,
            "probabilities": probabilities_to_json(verdict),
            "scam_kind": verdict.scam_kind,
            "advice": advice_line(verdict),
            "reason": verdict.reason,
            "first_look": verdict is not found.verdict,
            "explained": found.category.value,
            "evidence": evidence_to_json(found.verdict),
            "words_total": round(float(found.contributions.words.sum()), 4),
            "signals_total": round(sum(item.weight for item in found.contributions.named), 4),
            "rest": round(found.contributions.rest, 4),
            "score": round(found.contributions.total, 4),
            "model": verdict.model_id,
            "lead": card_to_json(card) if card else None,
        },
        ensure_ascii=False,
    )


def _print(verdict: Verdict, found: Explanation) -> None:
    console = open_console()
    name = verdict.category.value if verdict.category else "unsure"
    console.print(Text.assemble((name, "bold"), f": {printable(verdict.reason)}"))
    console.print("  ".join(f"{category.value} {chance:.1%}" for category, chance in verdict.probabilities.items()))
    if advice := advice_line(verdict):
        console.print(f"{(verdict.scam_kind or '').replace('_', ' ')}: {advice} {REPORT}")
    if verdict is not found.verdict:
        words = ", ".join(printable(item.quote) for item in verdict.evidence)
        console.print(f"Cleared at first look; of its words these say most: {words}. Judged in full it would be:")
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("weight", justify="right")
    table.add_column("evidence")
    table.add_column("shown by")
    for item in found.verdict.evidence:
        table.add_row(f"{item.weight:+.2f}", describe(item.name), Text(printable(item.quote, 70)))
    parts = found.contributions
    listed = sum(item.weight for item in found.verdict.evidence)
    table.add_row(f"{parts.total - listed:+.2f}", "all the rest", "other words, sender, the usual share of such mail")
    table.add_row(f"{parts.total:+.2f}", f"score of {found.category.value} against the mean of the others", "")
    console.print(table)


def _print_card(card: Opportunity | None) -> None:
    if card is None:
        return
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("lead")
    table.add_column("says")
    table.add_column("read from")
    for name, value, phrase in card_rows(card):
        table.add_row(name, Text(printable(value, 60)), Text(printable(phrase, 70)))
    console = open_console()
    console.print()
    console.print(table)
