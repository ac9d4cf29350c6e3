"""`triage explain`: why a message is judged as it is."""

import json
import re
from pathlib import Path

from rich.table import Table
from rich.text import Text

from triage.bootstrap import build_account_sources, build_authserv_ids, build_judge, build_path_sources
from triage.classify.advice import REPORT
from triage.classify.judge import Explanation, describe, only_vouched
from triage.cli.output import (
    advice_line,
    evidence_to_json,
    open_console,
    printable,
    probabilities_to_json,
)
from triage.cli.settings import optional_config, required_config
from triage.errors import ConfigError, MessageError
from triage.interfaces import MailSource
from triage.mail.parse import open_message
from triage.records import MessageRef, RawMessage, Uid, UidValidity, Verdict

_REF = re.compile(r"(?P<account>[^/;]+)/(?P<folder>.+);uidvalidity=(?P<validity>\d+);uid=(?P<uid>\d+)")
_POSITION = re.compile(r"(?P<path>.+)#(?P<position>\d+)")


def explain(config_path: Path | None, message: str, *, as_json: bool) -> None:
    """Print the verdict on one message and everything that led to it."""
    raw = _read(config_path, message)
    config = optional_config(config_path)
    judge = build_judge(config)
    opened = open_message(raw.content, is_cut=raw.is_cut)
    found = judge.explain(only_vouched(opened.complete(), build_authserv_ids(config).get(raw.ref.account)))
    verdict = judge.clear(opened) or found.verdict
    if as_json:
        open_console().print(_to_json(message, verdict, found), soft_wrap=True, markup=False)
    else:
        _print(verdict, found)


def _read(config_path: Path | None, message: str) -> RawMessage:
    """Return the message that a path or a source names.

    Raises:
        ConfigError: it names none.
        MessageError: it cannot be read.
    """
    if match := _REF.fullmatch(message):
        source = build_account_sources(required_config(config_path), [match["account"]], [match["folder"]])[0]
        ref = MessageRef(match["account"], match["folder"], UidValidity(int(match["validity"])), Uid(int(match["uid"])))
        return _read_one(source, match["folder"], ref, message)
    if not Path(message).exists() and (match := _POSITION.fullmatch(message)) and Path(match["path"]).is_file():
        source = build_path_sources([Path(match["path"])])[0]
        return _read_one(source, match["path"], MessageRef("", match["path"], key=match["position"]), message)
    source = build_path_sources([Path(message)])[0]
    return _read_one(source, source.folders()[0], None, message)


def _read_one(source: MailSource, folder: str, ref: MessageRef | None, name: str) -> RawMessage:
    try:
        with source.open(folder) as mailbox:
            refs = mailbox.list_refs()
            if ref is not None and ref not in refs:
                raise ConfigError([f"there is no message {name}; `triage scan --json` prints the sources there are"])
            if ref is None and len(refs) != 1:
                raise ConfigError([f"{name} holds {len(refs)} messages; name one as `triage scan --json` prints it"])
            for item in mailbox.iter_messages([ref or refs[0]]):
                if isinstance(item, RawMessage):
                    return item
                raise MessageError(item.reason)
    finally:
        source.close()
    message = f"{name} has gone while it was read"
    raise MessageError(message)


def _to_json(source: str, verdict: Verdict, found: Explanation) -> str:
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
