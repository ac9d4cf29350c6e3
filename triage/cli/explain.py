"""`triage explain`: why a message is judged as it is."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_authserv_ids, build_judge, build_store, has_store
from triage.classify.advice import REPORT
from triage.classify.judge import Explanation, describe, only_vouched
from triage.classify.nearest import Neighbour, nearest
from triage.classify.whatif import WhatIf
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
from triage.config import Config
from triage.lead.acquaintances import NOBODY_KNOWN, People, known_of
from triage.lead.card import read_opportunity
from triage.lead.lead import LEADS
from triage.lead.opportunity import Opportunity
from triage.mail.parse import open_message
from triage.modelfile import known_path, load_known
from triage.records import Verdict

_NEIGHBOURS = 3


@dataclass(frozen=True)
class _Beside:
    """What is shown beside the verdict: known mails like it, and the card of a lead."""

    alike: Sequence[Neighbour]
    card: Opportunity | None


def explain(config_path: Path | None, message: str, *, with_card: bool, as_json: bool) -> None:
    """Print the verdict on one message and everything that led to it; for a lead also its card.

    Args:
        with_card: the card also of a message that is judged no lead.
    """
    raw = read_message(config_path, message)
    config = optional_config(config_path)
    judge = build_judge(config)
    opened = open_message(raw.content, is_cut=raw.is_cut)
    whole = only_vouched(opened.complete(), build_authserv_ids(config).get(raw.ref.account))
    found = judge.explain(whole)
    if people := _load_people(config):
        known = known_of(whole, read_opportunity(whole, found.verdict), people)
        found = judge.explain(whole, known, found.vector.read)
    verdict = judge.clear(opened) or found.verdict
    beside = _Beside(
        nearest(load_known(known_path()), found.vector, _NEIGHBOURS),
        read_opportunity(whole, verdict) if with_card or verdict.category in LEADS else None,
    )
    if as_json:
        open_console().print(_to_json(message, verdict, found, beside), soft_wrap=True, markup=False)
    else:
        _print(verdict, found, beside)


def _load_people(config: Config) -> People:
    if not has_store(config):
        return NOBODY_KNOWN
    store = build_store(config)
    try:
        return People(tuple(store.leads.list_contacts()))
    finally:
        store.close()


def _to_json(source: str, verdict: Verdict, found: Explanation, beside: _Beside) -> str:
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
            "nearest": [
                {"category": one.category, "kind": one.kind, "language": one.language, "likeness": one.likeness}
                for one in beside.alike
            ],
            "what_if": _what_if_to_json(found.what_if),
            "model": verdict.model_id,
            "lead": card_to_json(beside.card) if beside.card else None,
        },
        ensure_ascii=False,
    )


def _what_if_to_json(found: WhatIf) -> dict[str, object]:
    return {
        "without": [{"name": one.name, "quote": one.quote} for one in found.without],
        "category": found.category.value if found.category else None,
        "probability": round(float(found.probabilities.max()), 4),
        "changes": found.changes,
    }


def _print(verdict: Verdict, found: Explanation, beside: _Beside) -> None:
    console = open_console()
    name = verdict.category.value if verdict.category else "unsure"
    console.print(Text.assemble((name, "bold"), f": {printable(verdict.reason)}"))
    console.print("  ".join(f"{category.value} {chance:.1%}" for category, chance in verdict.probabilities.items()))
    if advice := advice_line(verdict):
        console.print(f"{(verdict.scam_kind or 'scam').replace('_', ' ')}: {advice} {REPORT}")
    if verdict is not found.verdict:
        words = ", ".join(printable(item.quote) for item in verdict.evidence)
        console.print(
            f"Cleared at first look; of its words these say most: {words}. Judged in full it would be:", markup=False
        )
    console.print()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("weight", justify="right")
    table.add_column("evidence")
    table.add_column("shown by")
    for item in found.verdict.evidence:
        table.add_row(f"{item.weight:+.2f}", Text(describe(item.name)), Text(printable(item.quote, 70)))
    parts = found.contributions
    listed = sum(item.weight for item in found.verdict.evidence)
    table.add_row(f"{parts.total - listed:+.2f}", "all the rest", "other words, sender, the usual share of such mail")
    table.add_row(f"{parts.total:+.2f}", f"score of {found.category.value} against the mean of the others", "")
    console.print(table)
    console.print()
    console.print(_what_if_line(found), markup=False)
    if beside.alike:
        console.print(f"Of the mails the shipped model learnt from it is most like: {_alike_line(beside.alike)}.")
    if beside.card is not None:
        _print_card(beside.card)


def _alike_line(alike: Sequence[Neighbour]) -> str:
    return ", ".join(
        f"{one.category} ({one.kind.replace('_', ' ')}, {one.language}, {one.likeness:.0%})" for one in alike
    )


def _what_if_line(found: Explanation) -> str:
    """Return what would have changed the verdict, in a sentence."""
    what_if = found.what_if
    if not what_if.without:
        return "Nothing that could be taken away speaks for it."
    reasons = " and ".join(
        f"“{printable(one.quote, 50)}”" if one.quote else describe(one.name) for one in what_if.without
    )
    name = what_if.category.value if what_if.category else "unsure"
    chance = f"{float(what_if.probabilities.max()):.0%}"
    if what_if.changes:
        return f"Without {reasons} it would be {name} ({chance})."
    return f"No few reasons decide it: without {reasons} it would still be {name} ({chance})."


def _print_card(card: Opportunity) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("lead")
    table.add_column("says")
    table.add_column("read from")
    for name, value, phrase in card_rows(card):
        table.add_row(name, Text(printable(value, 60)), Text(printable(phrase, 70)))
    console = open_console()
    console.print()
    console.print(table)
