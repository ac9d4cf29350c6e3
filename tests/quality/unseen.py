"""Measures the shipped judge on mail that no model has learnt from: `python -m tests.quality.unseen [FOLDER]`.

By default `models/unseen`, whole, and by language and author. An abstention is wrong; intervals are 95 % bootstrap intervals over campaigns.
"""

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from triage.bootstrap import build_judge
from triage.config import Config
from triage.learn.base import judge_check
from triage.learn.corpus import Specimen
from triage.learn.evaluation import campaigns_of, summarise
from triage.learn.metrics import Answers, calibration_error, macro_f1, pairs_wholly_right
from triage.mail.parse import open_message
from triage.modelfile import base_model_path, load_model
from triage.records import CATEGORIES, Category

UNSEEN = Path(__file__).parents[2] / "models" / "unseen"


def describe(found: Answers) -> str:
    """Return the figures of some mail in words."""
    whole = summarise(found.truth, found.answers, campaigns_of(found))
    lines = [f"{whole.mails} mails by {len({one.group for one in found.specimens})} authors"]
    for name, figure in (
        ("macro-F1", whole.macro_f1),
        ("leads called scam", whole.lead_called_scam),
        ("scams called a lead", whole.scam_called_lead),
    ):
        lines.append(f"{name} {figure.value:.3f} ({figure.low:.3f} to {figure.high:.3f})")
    right, pairs = pairs_wholly_right(found)
    lines.append(f"contrast pairs wholly right {right} of {pairs}; calibration error {calibration_error(found):.3f}")
    for category, row in zip(CATEGORIES, whole.confusion, strict=True):
        lines.append(f"{category.value:>10} {' '.join(f'{count:5}' for count in row)}")
    return "\n".join(lines)


def count_lost(specimens: Sequence[Specimen]) -> str:
    """Return how many leads and scams the first look clears."""
    judge = build_judge(Config())
    sought = [one for one in specimens if one.category is not Category.OTHER and not one.either]
    lost = sum(judge.clear(open_message(one.content)) is not None for one in sought)
    return f"first look: {lost} of {len(sought)} leads and scams lost"


def by(found: Answers, key: Callable[[Specimen], str]) -> str:
    """Return macro-F1 of each part."""
    figures = []
    for name in sorted(set(map(key, found.specimens))):
        part = found.take(np.array([row for row, one in enumerate(found.specimens) if key(one) == name]))
        figures.append(f"{name} {macro_f1(part.truth, part.answers):.3f}")
    return ", ".join(figures)


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.quality.unseen", description=(__doc__ or "").partition("\n")[0]
    )
    parser.add_argument(
        "folder", nargs="?", type=Path, default=UNSEEN, help="records of mail; without it models/unseen"
    )
    found = judge_check(parser.parse_args().folder, load_model(base_model_path()))
    print(describe(found))  # noqa: T201  a command
    print(count_lost(found.specimens))  # noqa: T201  a command
    print("by language:", by(found, lambda one: one.lang))  # noqa: T201  a command
    print("by author:", by(found, lambda one: one.group))  # noqa: T201  a command


if __name__ == "__main__":
    main()
