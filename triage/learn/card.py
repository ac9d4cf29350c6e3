"""The model card: what a model learnt from and how well it does on mail it never saw."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from types import MappingProxyType

from triage.classify.model import FORMAT
from triage.learn.corpus import Specimen
from triage.learn.fit import Recipe
from triage.learn.metrics import (
    Answers,
    calibration_error,
    confusion,
    interval,
    lead_called_scam,
    macro_f1,
    pairs_wholly_right,
    precision_recall,
    scam_called_lead,
)
from triage.records import CATEGORIES

_MANY_PAIRS = 0.4
_MIN_FOR_A_FIGURE = 20
_BACKGROUND = (
    "counts of hashed features, no text, of public mail: SpamAssassin public corpus (2002-03, PDDL/CC0), "
    "foff-milter test mail (2025-26, MIT), frauds of these and of E-mail-SPAM-Archive (2023-25, free use)"
)

ORDINARY = "ordinary"
"""Corpus files of this name hold everyday mail (models/corpus/README.md)."""


def make_card(
    found: Answers,
    recipe: Recipe,
    *,
    background: Mapping[str, int] = MappingProxyType({}),
    check: Answers | None = None,
    screen: Mapping[str, object] | None = None,
) -> dict[str, object]:
    """Return the card as JSON values; it holds no mail text.

    Args:
        found: answers on the corpus, each author's by models that had not seen that author.
        background: how many public mails were learnt from beside the corpus: ordinary ones by all and by the first look, frauds.
        check: answers of the finished model on the check set.
        screen: how many words the first look weighs, and the share it keeps by category.
    """
    specimens = found.specimens
    languages = Counter(one.lang for one in specimens)
    low, high = interval(found, macro_f1)
    right, pairs = pairs_wholly_right(found)
    return {
        "format": FORMAT,
        "data": {
            "mails": len(specimens),
            "authors": len({one.group for one in specimens}),
            "categories": _counts(one.category.value for one in specimens),
            "languages": _counts(one.lang for one in specimens),
            "licence": "written for this project, MIT",
            "background": {"mails": 0, "first_look": 0, "frauds": 0, **background, "what": _BACKGROUND},
        },
        "held_out": {
            "how": "each author's mails judged by a model that learnt from the other authors only; an abstention is wrong",
            "macro_f1": _figure(macro_f1(found.truth, found.answers), low, high),
            "categories": {
                category.value: dict(
                    zip(("precision", "recall"), precision_recall(found.truth, found.answers, index), strict=True)
                )
                for index, category in enumerate(CATEGORIES)
            },
            "lead_called_scam": _figure(
                lead_called_scam(found.truth, found.answers), *interval(found, lead_called_scam)
            ),
            "scam_called_lead": _figure(
                scam_called_lead(found.truth, found.answers), *interval(found, scam_called_lead)
            ),
            "pairs_wholly_right": {"right": right, "pairs": pairs},
            "calibration_error": round(calibration_error(found), 4),
            "confusion": confusion(found).tolist(),
            "ordinary_mixture": _part(found.subset(_is_ordinary)),
            "few_pairs": _part(found.subset(partial(_is_among, _with_few_pairs(found.specimens)))),
            "macro_f1_by_difficulty": {
                name: round(macro_f1(part.truth, part.answers), 4)
                for name in ("easy", "medium", "hard")
                for part in [found.subset(partial(_is_of_difficulty, name))]
            },
            "macro_f1_by_language": {
                lang: round(macro_f1(part.truth, part.answers), 4)
                for lang in sorted(languages)
                if languages[lang] >= _MIN_FOR_A_FIGURE
                for part in [found.subset(partial(_is_in_language, lang))]
            },
        },
        "check": _part(check),
        "screen": dict(screen or {}),
        "recipe": {
            "blocks": [list(block) for block in recipe.blocks],
            "idf_power": recipe.idf_power,
            "ratio_power": recipe.ratio_power,
            "inverse_regularisation": recipe.inverse_regularisation,
            "sure": recipe.sure,
        },
    }


def _is_in_language(lang: str, one: Specimen) -> bool:
    return one.lang == lang


def _is_of_difficulty(name: str, one: Specimen) -> bool:
    return one.difficulty == name


def _with_few_pairs(specimens: Sequence[Specimen]) -> frozenset[str]:
    """Return the authors who were not asked mostly for contrast pairs."""
    whole = Counter(one.group for one in specimens)
    paired = Counter(one.group for one in specimens if one.pair)
    return frozenset(name for name, count in whole.items() if paired[name] < _MANY_PAIRS * count)


def _is_among(groups: frozenset[str], one: Specimen) -> bool:
    return one.group in groups


def _is_ordinary(one: Specimen) -> bool:
    return one.group.startswith(ORDINARY)


def _part(part: Answers | None) -> dict[str, object]:
    """Return the figures of a part of the mail."""
    if part is None or not part.specimens:
        return {"mails": 0}
    right, pairs = pairs_wholly_right(part)
    return {
        "mails": len(part.specimens),
        "authors": len({one.group for one in part.specimens}),
        "difficulty": _counts(one.difficulty for one in part.specimens),
        "in_pairs": sum(one.pair is not None for one in part.specimens),
        "macro_f1": _figure(macro_f1(part.truth, part.answers), *interval(part, macro_f1)),
        "lead_called_scam": _figure(lead_called_scam(part.truth, part.answers), *interval(part, lead_called_scam)),
        "scam_called_lead": _figure(scam_called_lead(part.truth, part.answers), *interval(part, scam_called_lead)),
        "pairs_wholly_right": {"right": right, "pairs": pairs},
        "confusion": confusion(part).tolist(),
    }


def _counts(values: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(values).items()))


def _figure(value: float, low: float, high: float) -> dict[str, float]:
    return {"value": round(value, 4), "low": round(low, 4), "high": round(high, 4)}


def render_card(card: Mapping[str, object]) -> str:
    """Return the card as Markdown for people."""
    data, held = _table(card, "data"), _table(card, "held_out")
    categories = [category.value for category in CATEGORIES]
    lines = [
        "# The base model",
        "",
        f"Learnt from {data['mails']} mails by {data['authors']} authors, written for this project (`models/corpus/`).",
        "Rebuild it, and this page, with `triage train --base` in a checkout.",
        "",
        "| | " + " | ".join(categories) + " |",
        "|---|" + "---:|" * len(categories),
        "| mails | " + " | ".join(str(_table(data, "categories").get(name, 0)) for name in categories) + " |",
        "",
        "Languages: " + ", ".join(f"{name} {count}" for name, count in _table(data, "languages").items()) + ".",
        "",
        "Beside them {mails} mails as `other`, by the first look {first_look}, and {frauds} as `scam`: {what}.".format(
            **_table(data, "background")
        ),
        "",
        "## On authors it never saw",
        "",
        f"How: {held['how']}. Intervals are 95 % bootstrap intervals.",
        "",
        "| measure | value |",
        "|---|---|",
        f"| macro-F1 over the four categories | {_words(held['macro_f1'])} |",
        f"| genuine leads called scam | {_words(held['lead_called_scam'])} |",
        f"| scams called a lead | {_words(held['scam_called_lead'])} |",
        f"| contrast pairs wholly right | {_table(held, 'pairs_wholly_right')['right']} of {_table(held, 'pairs_wholly_right')['pairs']} |",
        f"| expected calibration error | {held['calibration_error']} |",
        "",
        "| category | precision | recall |",
        "|---|---:|---:|",
        *(
            f"| {name} | {_table(_table(held, 'categories'), name)['precision']:.3f} | {_table(_table(held, 'categories'), name)['recall']:.3f} |"
            for name in categories
        ),
        "",
        "Confusion (rows are the truth):",
        "",
        "| | " + " | ".join(categories) + " | unsure |",
        "|---|" + "---:|" * (len(categories) + 1),
        *_confusion_rows(held["confusion"], categories),
        "",
        "Macro-F1 by language: "
        + ", ".join(f"{name} {value:.3f}" for name, value in _table(held, "macro_f1_by_language").items())
        + ".",
        "",
        "By difficulty, as the authors marked it: "
        + ", ".join(f"{name} {value:.3f}" for name, value in _table(held, "macro_f1_by_difficulty").items())
        + ".",
        "",
        *_render_part("Of these, authors of everyday mail", _ORDINARY_WORDS, _table(held, "ordinary_mixture")),
        *_render_part("Of these, authors of few contrast pairs", _FEW_PAIRS_WORDS, _table(held, "few_pairs")),
        *_render_part("On mail written after the model", _CHECK_WORDS, _table(card, "check")),
        *_render_screen(_table(card, "screen")),
        *_render_reader(_table(card, "recipe")),
        "## Limits",
        "",
        "The mails were written by few hands, many of them to be hard: contrast pairs differ in a fact or two. Languages that",
        "are not listed are judged by signals of the header and words borrowed from the listed ones. The model reads the first",
        "64 KiB of a message and no pictures.",
        "",
    ]
    return "\n".join(lines)


_ORDINARY_WORDS = (
    "Files `ordinary_*.jsonl`, whose authors were asked for everyday mail where the others were asked for hard cases. They were set",
    "apart after the figure for all authors was known, and features and costs were chosen on the same held-out authors: read both",
    "figures as a little hopeful. Header cues lean in places (in `ordinary_2` .com goes with recruiter).",
)
_FEW_PAIRS_WORDS = ("Half of what the others wrote are contrast pairs, which is many more than a mailbox holds.",)
_CHECK_WORDS = (
    "`models/check/`: by an author no model has learnt from, written after features, costs and model were fixed, and judged by the",
    "finished model. Nothing was chosen by it.",
)


def _render_part(title: str, words: Sequence[str], part: Mapping[str, object]) -> list[str]:
    if not part["mails"]:
        return []
    pairs = _table(part, "pairs_wholly_right")
    grades = ", ".join(f"{count} {name}" for name, count in _table(part, "difficulty").items())
    names = [category.value for category in CATEGORIES]
    return [
        f"## {title}",
        "",
        *words,
        f"{part['mails']} mails ({grades}; {part['in_pairs']} of them in contrast pairs) by {part['authors']} author(s).",
        "",
        "| measure | value |",
        "|---|---|",
        f"| macro-F1 over the four categories | {_words(part['macro_f1'])} |",
        f"| genuine leads called scam | {_words(part['lead_called_scam'])} |",
        f"| scams called a lead | {_words(part['scam_called_lead'])} |",
        f"| contrast pairs wholly right | {pairs['right']} of {pairs['pairs']} |",
        "",
        "| | " + " | ".join(names) + " | unsure |",
        "|---|" + "---:|" * (len(names) + 1),
        *_confusion_rows(part["confusion"], names),
        "",
    ]


def _render_screen(screen: Mapping[str, object]) -> list[str]:
    if not screen:
        return []
    kept = ", ".join(f"{float(str(share)):.2%} of {name}" for name, share in _table(screen, "kept").items())
    return [
        "## The first look",
        "",
        f"It weighs {screen['words']} words and clears plain `other` before anything else is read. Of authors it never saw it keeps",
        f"{kept}. The figures above include it.",
        "",
    ]


def _render_reader(recipe: Mapping[str, object]) -> list[str]:
    return [
        "## What sentences mean",
        "",
        f"Where no category has a probability of {float(str(recipe['sure'])):.0%} by the words, the sentences are read by the Multilingual Universal Sentence",
        "Encoder (Yang et al. 2020, Apache 2.0) and a net learnt from the same mails (docs/signals.md). The figures above include it. The",
        "encoder has read the open web of sixteen languages, and brings what people wrote there; of the languages above it lacks cs, da, hu, no, ro, sv and uk.",
        "",
    ]


def _confusion_rows(table: object, names: Sequence[str]) -> list[str]:
    rows = table if isinstance(table, list) else []
    return [f"| **{name}** | " + " | ".join(map(str, row)) + " |" for name, row in zip(names, rows, strict=True)]


def _table(card: Mapping[str, object], name: str) -> dict[str, object]:
    value = card[name]
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def _words(figure: object) -> str:
    if not isinstance(figure, dict):
        raise TypeError(figure)
    return f"{figure['value']:.3f} ({figure['low']:.3f} to {figure['high']:.3f})"
