"""Ham against spam with the features of the judge, beside bogofilter on the same mails.

    python -m tests.quality.hamspam HAM SPAM [--train 3200] [--draws 3]

HAM and SPAM are folders of mail files, of any depth. Of each mail only From, Reply-To,
Subject, the MIME headers and the body are read: received lines and list headers of a
public corpus tell its halves apart by themselves. Prints 1 - AUC in per cent of mail
that was not trained on, mean over the draws; bogofilter is left out where it is missing.
"""

import argparse
import random
import re
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from sklearn.metrics import roc_auc_score

from triage.errors import MessageError
from triage.learn.dataset import count_message, counts_matrix, inverse_frequencies, scaled_matrix
from triage.learn.fit import BASE_RECIPE, fit_categories
from triage.mail.parse import parse_message

_KEPT = re.compile(rb"(?:from|reply-to|subject|mime-version|content-[a-z-]+):", re.IGNORECASE)


def minimal(content: bytes) -> bytes:
    """Return a message with the headers that its writer chose."""
    head, _, body = content.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = [field for field in re.split(rb"\n(?![ \t])", head) if _KEPT.match(field)]
    return b"\n".join(kept) + b"\n\n" + body


def triage_scores(contents: Sequence[bytes], labels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the score for spam of every mail, by a model of the recipe's own features."""
    blocks = BASE_RECIPE.layout()
    counted = [count_message(parse_message(content), blocks) for content in contents]
    counts = [counts_matrix([one[place] for one in counted], block) for place, block in enumerate(blocks)]
    idf = [inverse_frequencies(one, train, BASE_RECIPE.idf_power, BASE_RECIPE.min_mails) for one in counts]
    matrix = scaled_matrix(counts, blocks, idf)
    weights, intercept = fit_categories(matrix[train], labels[train], BASE_RECIPE)
    scores = matrix @ weights + intercept
    return np.asarray(scores[:, 1] - scores[:, 0])


def bogofilter_scores(contents: Sequence[bytes], labels: np.ndarray, train: np.ndarray) -> np.ndarray:
    """Return the same by bogofilter as it comes."""
    with tempfile.TemporaryDirectory() as folder:
        for row in train:
            flag = "-s" if labels[row] else "-n"
            subprocess.run(["bogofilter", "-d", folder, flag], input=contents[row], check=True)
        found = []
        for content in contents:
            told = subprocess.run(["bogofilter", "-d", folder, "-T"], input=content, capture_output=True, check=False)
            found.append(float(told.stdout.split()[-1]))
    return np.array(found)


def main() -> None:
    """Print a line for each filter."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("ham", type=Path)
    parser.add_argument("spam", type=Path)
    parser.add_argument("--train", type=int, default=3200)
    parser.add_argument("--draws", type=int, default=3)
    options = parser.parse_args()
    contents, given = [], []
    for label, folder in enumerate((options.ham, options.spam)):
        for file in sorted(one for one in folder.rglob("*") if one.is_file()):
            content = minimal(file.read_bytes())
            try:
                parse_message(content)
            except MessageError:
                continue
            contents.append(content)
            given.append(label)
    labels = np.array(given)
    filters = {"triage's features": triage_scores}
    if shutil.which("bogofilter"):
        filters["bogofilter"] = bogofilter_scores
    results: dict[str, list[float]] = {name: [] for name in filters}
    for draw in range(options.draws):
        order = np.array(random.Random(draw).sample(range(len(contents)), len(contents)))
        train, test = np.sort(order[: options.train]), np.sort(order[options.train :])
        for name, scores in filters.items():
            missed = 100 * (1 - float(roc_auc_score(labels[test], scores(contents, labels, train)[test])))
            results[name].append(missed)
    for name, values in results.items():
        draws = ", ".join(f"{value:.3f}" for value in values)
        print(f"{name}: 1 - AUC {np.mean(values):.3f} % ({draws}); {options.train} of {len(contents)} trained on")  # noqa: T201


if __name__ == "__main__":
    main()
