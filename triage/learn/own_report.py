"""What was measured on an owner's own mail, for people and for scripts; it holds no word of the mail."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from triage.learn.evaluation_report import summary_tables
from triage.learn.own_evaluation import OwnEvaluation
from triage.learn.tables import interval, percent, rounded, save_files, signed, table, words


def own_to_json(found: OwnEvaluation) -> dict[str, object]:
    """Return everything as JSON values, rounded to four digits."""
    plain = rounded(asdict(found) | {"is_worse": found.is_worse})
    if not isinstance(plain, dict):
        raise TypeError
    return plain


def save_own_report(found: OwnEvaluation, folder: Path) -> list[Path]:
    """Write report.md, report.json and the pictures, and return what was written.

    Raises:
        ConfigError: the folder cannot be written.
    """
    text = json.dumps(own_to_json(found), indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    files = {"report.md": render_own_report(found).encode(), "report.json": text.encode(), **_draw(found)}
    return save_files(files, folder)


def _draw(found: OwnEvaluation) -> Mapping[str, bytes]:
    from triage.learn import plots  # noqa: PLC0415  an extra

    personal, shipped = (found.judges[place].summary for place in (0, 1))
    return {
        "mistakes.svg": plots.draw_figures(
            [(one.name, (one.mistakes,)) for one in found.judges], ("mistakes",), axis="share that is wrong"
        ),
        "categories.svg": plots.draw_figures(
            [
                (one.category, (one.recall, other.recall))
                for one, other in zip(personal.categories, shipped.categories, strict=True)
            ],
            ("personal", "shipped"),
            axis="share of the category that is found",
        ),
        "reliability.svg": plots.draw_reliability({"likeliest category": found.calibration.bins}),
        "coverage_errors.svg": plots.draw_coverage(
            {"surest first": found.abstention.errors},
            at=(found.abstention.coverage, found.abstention.error),
            risk="share of wrong answers",
        ),
    }


def render_own_report(found: OwnEvaluation) -> str:
    """Return the report as Markdown for people."""
    sections = (_headline(found), _categories(found), _folders(found), _periods(found), _sureness(found))
    return "\n".join(line for section in sections for line in section)


def _headline(found: OwnEvaluation) -> list[str]:
    counts = ", ".join(f"{count} {name}" for name, count in found.examples.items() if count)
    rows = [
        (
            one.name,
            percent(one.mistakes),
            f"{signed(one.against_shipped.value)} {interval(one.against_shipped)}",
            words(one.summary.macro_f1),
            words(one.summary.lead_called_scam),
            words(one.summary.scam_called_lead),
        )
        for one in found.judges
    ]
    return [
        f"# Evaluation of account {found.account}",
        "",
        f"By `triage evaluate --account {found.account} --output FOLDER`, from {counts}. {found.judged} of these, of {found.senders}",
        "groups of senders and threads, are judged by models that learnt only earlier mail, and none of the same sender or thread; the",
        f"earliest part only teaches. The shipped model is {found.model}. An abstention counts as wrong. Intervals are 95 % bootstrap intervals",
        "that draw these groups whole. Nobody's mail stands in this report.",
        "",
        *table(
            (
                "judged by",
                "mistakes",
                "against the shipped model",
                "macro-F1",
                "leads called scam",
                "scams called a lead",
            ),
            rows,
        ),
        "",
        "![Mistakes with their intervals](mistakes.svg)",
        "",
    ]


def _categories(found: OwnEvaluation) -> list[str]:
    lines = ["## Categories", ""]
    for one in found.judges[:2]:
        lines += [f"The {one.name} model:", "", *summary_tables(one.summary)]
    return [*lines, "![Share of each category that is found](categories.svg)", ""]


def _folders(found: OwnEvaluation) -> list[str]:
    rows = [
        (one.name, one.category, str(one.mails), str(one.personal_mistakes), str(one.shipped_mistakes))
        for one in found.folders
    ]
    return [
        "## Folders",
        "",
        *table(("folder", "category", "mails judged", "mistakes, personal", "mistakes, shipped"), rows),
        "",
    ]


def _periods(found: OwnEvaluation) -> list[str]:
    rows = [
        (str(one.learnt_from), str(one.mails), str(one.personal_mistakes), str(one.shipped_mistakes))
        for one in found.periods
    ]
    return [
        "## As mail came",
        "",
        *table(("learnt from", "mails judged", "mistakes, personal", "mistakes, shipped"), rows),
        "",
    ]


def _sureness(found: OwnEvaluation) -> list[str]:
    one = found.abstention
    rows = [
        (str(each.count), f"{each.forecast:.3f}", f"{each.share:.3f} ({each.low:.3f} to {each.high:.3f})")
        for each in found.calibration.bins
    ]
    return [
        "## How sure the personal model is",
        "",
        f"It answers {one.coverage:.1%}; {one.error:.1%} of these answers are wrong. A mail costs {one.cost:.3f} by `[decision]`, and",
        f"{one.cost_never:.3f} if it never abstained. Expected calibration error {words(found.calibration.error)}.",
        "",
        *table(("mails", "mean probability", "share right (Wilson interval)"), rows),
        "",
        "![Share right by probability given](reliability.svg)",
        "![Share of wrong answers by share answered](coverage_errors.svg)",
        "",
    ]
