"""What was measured, for people and for scripts: Markdown, JSON and pictures."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from triage.learn.evaluation import BACKGROUND_LANGUAGE, QUICK, CrossValidation, Evaluation, PartFigures, Summary, Worst
from triage.learn.tables import interval as _interval
from triage.learn.tables import percent as _percent
from triage.learn.tables import rounded as _rounded
from triage.learn.tables import save_files
from triage.learn.tables import signed as _signed
from triage.learn.tables import table as _table
from triage.learn.tables import words as _words
from triage.records import CATEGORIES

_NAMES = [category.value for category in CATEGORIES]
_COVERAGES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0)


def to_json(found: Evaluation) -> dict[str, object]:
    """Return everything as JSON values, rounded to four digits."""
    plain = asdict(found)
    for budget, one in zip(plain["budgets"], found.budgets, strict=True):
        budget["is_kept"] = one.is_kept
    rounded = _rounded(plain)
    if not isinstance(rounded, dict):
        raise TypeError
    return rounded


def save_report(found: Evaluation, folder: Path) -> list[Path]:
    """Write report.md, report.json and the pictures, and return what was written.

    Raises:
        ConfigError: the folder cannot be written.
    """
    text = json.dumps(to_json(found), indent=1, ensure_ascii=False, sort_keys=True, allow_nan=False) + "\n"
    files = {"report.md": render_report(found).encode(), "report.json": text.encode(), **_draw(found)}
    return save_files(files, folder)


def _draw(found: Evaluation) -> Mapping[str, bytes]:
    from triage.learn import plots  # noqa: PLC0415  an extra

    pictures = {
        "categories.svg": plots.draw_figures(
            [(one.category, (one.precision, one.recall)) for one in found.by_author.summary.categories],
            ("precision", "recall"),
            axis="authors held out",
        ),
        "reliability.svg": plots.draw_reliability({"likeliest category": found.calibration.bins}),
        "reliability_categories.svg": plots.draw_reliability(
            {name: bins for name, _, bins in found.calibration.categories}
        ),
        "coverage_errors.svg": plots.draw_coverage(
            {"surest first": found.abstention.errors},
            at=(found.abstention.coverage, found.abstention.error),
            risk="share of wrong answers",
        ),
        "learning_curve.svg": plots.draw_learning(
            *([getattr(one, name) for one in found.learning] for name in ("mails", "macro_f1", "low", "high"))
        ),
        "families.svg": plots.draw_figures(
            [(one.name, (one.difference,)) for one in found.families if one.name.startswith("without")],
            ("difference",),
            axis="macro-F1 against all families",
            mark=0.0,
        ),
    }
    if found.languages:
        rows = [(one.name, (one.seen, one.unseen)) for one in found.languages]
        pictures["languages.svg"] = plots.draw_figures(rows, ("language known", "language held out"), axis="macro-F1")
    if found.kinds:
        kinds = [(one.name, (one.seen, one.unseen)) for one in found.kinds]
        pictures["kinds.svg"] = plots.draw_figures(kinds, ("kind known", "kind held out"), axis="share that is right")
    return pictures


def render_report(found: Evaluation) -> str:
    """Return the report as Markdown for people."""
    sections = (
        _headline(found),
        _categories(found),
        _budgets(found),
        _calibration(found),
        _abstention(found),
        _authors(found),
        _languages(found),
        _kinds(found),
        _kinds_told(found),
        _families(found),
        _learning(found),
        _check(found),
        _worst(found),
    )
    return "\n".join(line for section in sections for line in section)


def _headline(found: Evaluation) -> list[str]:
    rows = [_row(found.by_author), _row(found.by_campaign)]
    return [
        "# Evaluation",
        "",
        f"Of the recipe behind the shipped model {found.model}, by `triage evaluate{_quick(found)} --output FOLDER`. Every mail of the corpus",
        "(`models/corpus/README.md`) is judged by models that had not seen its author. An abstention counts as wrong. Nothing is chosen by",
        "these figures; features and costs were once chosen on the same held-out authors, so read them as a little hopeful. Intervals",
        "are 95 % bootstrap intervals that draw pairs and campaigns whole.",
        "",
        *_table(
            (
                "held out",
                "parts",
                "macro-F1",
                "leads called scam",
                "scams called a lead",
                "unsure",
                "pairs wholly right",
            ),
            rows,
        ),
        "",
        "The first line is the honest one: another owner's mail is by other authors. The second has seen the same authors (but for what sentences do and mean); the",
        "difference is what knowing an author's hand is worth. With whole authors drawn, which is what a new author may expect, the",
        f"interval of the first is {_interval(found.by_author.between_authors)}.",
        "",
    ]


def _quick(found: Evaluation) -> str:
    return " --quick" if found.plan == QUICK else ""


def _row(one: CrossValidation) -> Sequence[str]:
    whole = one.summary
    return (
        one.name,
        str(one.folds),
        _words(whole.macro_f1),
        _words(whole.lead_called_scam),
        _words(whole.scam_called_lead),
        _words(whole.unsure),
        f"{one.pairs_right} of {one.pairs}",
    )


def _categories(found: Evaluation) -> list[str]:
    return [
        "## Categories",
        "",
        *summary_tables(found.by_author.summary),
        "![Precision and recall of each category with their intervals](categories.svg)",
        "",
    ]


def summary_tables(found: Summary) -> list[str]:
    """Return precision and recall of each category, and how often each was taken for another."""
    rows = [(one.category, str(one.mails), _words(one.precision), _words(one.recall)) for one in found.categories]
    counts = [(f"**{name}**", *map(str, row)) for name, row in zip(_NAMES, found.confusion, strict=True)]
    return [
        *_table(("category", "mails", "precision", "recall"), rows),
        "",
        "Rows are the truth, columns the answer:",
        "",
        *_table(("", *_NAMES, "unsure"), counts),
        "",
    ]


def _budgets(found: Evaluation) -> list[str]:
    rows = [
        (one.name, f"{one.limit:.2%}", _percent(one.measured), "kept" if one.is_kept else "**exceeded**")
        for one in found.budgets
    ]
    mistakes = [(one.truth, one.answer, str(one.count), f"{one.cost:g}", f"{one.share:.1%}") for one in found.mistakes]
    return [
        "## Error budgets",
        "",
        *_table(("promise", "at most", "measured", ""), rows),
        "",
        "What the mistakes cost by the shipped cost table (`[decision]` in the configuration), and their share of all cost:",
        "",
        *_table(("truth", "answer", "count", "cost of one", "share of the cost"), mistakes),
        "",
    ]


def _calibration(found: Evaluation) -> list[str]:
    one = found.calibration
    rows = [
        (str(each.count), f"{each.forecast:.3f}", f"{each.share:.3f} ({each.low:.3f} to {each.high:.3f})")
        for each in one.bins
    ]
    errors = ", ".join(f"{name} {error:.3f}" for name, error, _ in one.categories)
    return [
        "## Calibration",
        "",
        f"Expected calibration error of the likeliest category {_words(one.error)}, in ten bins of equal width; of each category's own",
        f"probability: {errors}. Brier score {one.brier_score:.3f}, log loss {one.log_loss:.3f}.",
        "",
        *_table(("mails", "mean probability", "share right (Wilson interval)"), rows),
        "",
        "![Share right by probability given](reliability.svg)",
        "![The same for each category](reliability_categories.svg)",
        "",
    ]


def _abstention(found: Evaluation) -> list[str]:
    one = found.abstention
    rows = [(f"{share:.0%}", f"{one.errors.at(share):.1%}", f"{one.costs.at(share):.3f}") for share in _COVERAGES]
    return [
        "## Coverage against risk",
        "",
        f"As it is set, the model answers {one.coverage:.1%} of the mail; {one.error:.1%} of these answers are wrong. A mail costs {one.cost:.3f} on",
        f"average, abstentions included, and {one.cost_never:.3f} if it never abstained. If only the surest mails were answered, those of the least",
        f"expected cost (area under the curve of errors {one.errors.area:.3f}):",
        "",
        *_table(("answered", "wrong of these", "mean cost of these"), rows),
        "",
        "![Share of wrong answers by share answered](coverage_errors.svg)",
        "",
    ]


def _authors(found: Evaluation) -> list[str]:
    return [
        "## Authors and difficulty",
        "",
        *_part_table("author", sorted(found.authors, key=lambda one: (one.macro_f1.value or 0.0, one.name))),
        "",
        *_part_table("difficulty, as its author marked it", sorted(found.difficulties, key=_by_difficulty)),
        "",
    ]


def _by_difficulty(one: PartFigures) -> tuple[int, str]:
    order = ("easy", "medium", "hard")
    return (order.index(one.name) if one.name in order else len(order)), one.name


def _part_table(title: str, parts: Iterable[PartFigures]) -> list[str]:
    rows = [
        (one.name, str(one.mails), _words(one.macro_f1), _words(one.lead_called_scam), _words(one.scam_called_lead))
        for one in parts
    ]
    return _table((title, "mails", "macro-F1", "leads called scam", "scams called a lead"), rows)


def _languages(found: Evaluation) -> list[str]:
    rows = [
        (
            one.name,
            str(one.mails),
            _words(one.seen),
            _words(one.unseen),
            _words(one.lead_called_scam),
            _words(one.scam_called_lead),
        )
        for one in found.languages
    ]
    return [
        "## Languages held out",
        "",
        f"The authors are held out in {found.plan.part_folds} parts; the models of the fourth column and after it had in addition seen no mail of that",
        "language. Calibration and first look come from models that had, as they would for mail in a language that the corpus lacks. What",
        "sentences do and mean is left out here, for kinds of scam and for the learning curve: its models hold out authors and nothing else.",
        f"The background mail is in `{BACKGROUND_LANGUAGE}`: both columns of that line do without it.",
        "",
        *_table(
            ("language", "mails", "macro-F1, known", "macro-F1, held out", "leads called scam", "scams called a lead"),
            rows,
        ),
        "",
        *(["![Macro-F1 with the language known and held out](languages.svg)", ""] if rows else []),
    ]


def _kinds(found: Evaluation) -> list[str]:
    rows = [
        (
            one.name,
            str(one.mails),
            *(_words(figure) for figure in (one.seen, one.unseen, one.called_lead, one.called_other, one.unsure)),
        )
        for one in found.kinds
    ]
    return [
        "## Kinds of scam held out",
        "",
        "The same for kinds of scam: how many are called scam (a fraud without a job in it also when called `other`), by models that had",
        "seen the kind and by models that had not; and what else the latter call them.",
        "",
        *_table(("kind", "mails", "right, known", "right, held out", "called a lead", "called other", "unsure"), rows),
        "",
        *(["![Share right with the kind known and held out](kinds.svg)", ""] if rows else []),
    ]


def _kinds_told(found: Evaluation) -> list[str]:
    whole = found.kinds_told
    rows = [(one.name, str(one.mails), _words(one.precision), _words(one.recall)) for one in whole.kinds]
    return [
        "## Kinds of scam told apart",
        "",
        f"What a scam's advice hangs on: which kind it is, by models that had not seen its author (in {found.by_author.folds} parts), over all {whole.mails} scams,",
        f"whatever category they are taken for. Right: {_words(whole.accuracy)}; macro-F1 over the kinds {_words(whole.macro_f1)}. The truth is what the",
        "author called it (`triage/learn/kinds.py` says what goes where); a mail that asks for two things has one kind all the same.",
        "",
        *_table(("kind", "mails", "precision", "recall"), rows),
        "",
    ]


def _families(found: Evaluation) -> list[str]:
    rows = [
        (
            one.name,
            _words(one.macro_f1),
            f"{_signed(one.difference.value)} ({_signed(one.difference.low)} to {_signed(one.difference.high)})",
            _words(one.lead_called_scam),
            _words(one.scam_called_lead),
        )
        for one in found.families
    ]
    return [
        "## Families of features",
        "",
        f"Authors held out in {found.plan.part_folds} parts. All of these learn without the background mail, whose counts cannot be parted by family, and",
        "keep the first look. Differences are to the first line, on the same bootstrap draws.",
        "",
        *_table(("features", "macro-F1", "difference", "leads called scam", "scams called a lead"), rows),
        "",
        "![Differences of macro-F1](families.svg)",
        "",
    ]


def _learning(found: Evaluation) -> list[str]:
    rows = [
        (
            f"{one.share:.0%}",
            f"{one.authors:.1f}",
            f"{one.mails:.0f}",
            f"{one.macro_f1:.3f}",
            f"{one.low:.3f} to {one.high:.3f}",
        )
        for one in found.learning
    ]
    return [
        "## Learning curve",
        "",
        f"Models that learnt from some of the authors, drawn {_times(found.plan.draws)}; authors held out in {found.plan.part_folds} parts.",
        "",
        *_table(("authors learnt from", "authors", "mails", "macro-F1", "range of the draws"), rows),
        "",
        "![Macro-F1 by mails learnt from](learning_curve.svg)",
        "",
    ]


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def _check(found: Evaluation) -> list[str]:
    if found.check is None:
        return []
    whole = found.check
    return [
        "## The shipped model on mail written after it",
        "",
        f"`models/check/`, {whole.mails} mails by an author that no model has learnt from: macro-F1 {_words(whole.macro_f1)}, leads called scam",
        f"{_words(whole.lead_called_scam)}, scams called a lead {_words(whole.scam_called_lead)}.",
        "",
        *summary_tables(whole),
    ]


def _worst(found: Evaluation) -> list[str]:
    return [
        "## The worst mistakes",
        "",
        f"The {len(found.worst)} with the highest cost times the probability they were made with. All mail is invented.",
        "",
        *(line for place, one in enumerate(found.worst, 1) for line in _describe(place, one)),
    ]


def _describe(place: int, one: Worst) -> list[str]:
    what = f"{one.truth} called {one.answer} with {one.probability:.0%}, the truth had {one.truth_probability:.0%}"
    return [
        f"{place}. `{one.id}` ({one.lang}, {one.difficulty}, {_plain(one.kind)}): {what}",
        f"   - **{_plain(one.subject)}**: {_plain(one.excerpt)}",
    ]


_MARKUP = re.compile(r"([\\`*_\[\]<>|#~&])")


def _plain(text: str) -> str:
    """Return text of a mail as Markdown that shows it as it is."""
    return _MARKUP.sub(r"\\\1", " ".join(text.split()))
