"""What a tenth of wrongly filed mail costs, over many draws.

    python -m tests.learning.noise [--draws 12]

Seventy judged mails make one draw a matter of luck, so that many are taken. Learns from features
as `triage train` does, gate included, without a mailbox.
"""

import argparse
import random
import sys
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from tests.learning.owners import Owner, keep, load_owners, read, share_wrong
from triage.classify.model import LinearModel
from triage.learn.base import default_costs
from triage.learn.corpus import Specimen
from triage.learn.gate import answers_of
from triage.learn.metrics import ABSTAINED
from triage.learn.personal import build_own_mail
from triage.learn.promotion import find_candidate, load_prior
from triage.modelfile import base_model_path, load_model
from triage.records import CATEGORIES, Category

NOISY = 100
SHARE = 0.1
DRAWS = 12


def with_noise(mail: Sequence[Specimen], share: float, seed: int) -> list[Category]:
    """Return the categories of mail, so many of them wrong."""
    rng = random.Random(seed)
    wrong = set(rng.sample(range(len(mail)), round(len(mail) * share)))
    return [
        rng.choice([other for other in CATEGORIES if other is not one.category]) if place in wrong else one.category
        for place, one in enumerate(mail)
    ]


class Bench:
    """An owner's mail as features."""

    def __init__(self, owner: Owner, base: LinearModel | None = None) -> None:
        """Count what is needed."""
        self._prior = load_prior(base or load_model(base_model_path()))
        self._filed = owner.filed(NOISY)
        self._owner = owner
        self._kept = keep(self._prior.model, self._filed)
        later = read(self._prior.model, owner.later)
        self._later = replace(later, glances=np.full(len(later), np.nan))

    def mistakes(self, categories: Sequence[Category]) -> float:
        """Return the share of the later mail that is judged wrongly after filing like this."""
        mail = build_own_mail(self._prior.model, self._kept, categories)
        candidate, _ = find_candidate(mail, self._kept, self._prior, default_costs())
        scores = candidate.personal.scores(self._later) if candidate else self._later.scores
        found = answers_of(scores, self._later, self._prior.model, default_costs())
        answers = [CATEGORIES[one] if one != ABSTAINED else None for one in found.tolist()]
        return share_wrong(self._owner.later, answers)

    def noise_cost(self, draws: int = DRAWS) -> tuple[float, float]:
        """Return how much more of the later mail is judged wrongly, and the standard error of that."""
        clean = self.mistakes([one.category for one in self._filed])
        costs = [self.mistakes(with_noise(self._filed, SHARE, seed)) - clean for seed in range(draws)]
        return float(np.mean(costs)), float(np.std(costs, ddof=1) / draws**0.5)


def main() -> int:
    """Print a line for each owner."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--draws", type=int, default=DRAWS)
    parser.add_argument("--owner", action="append", default=[])
    given = parser.parse_args()
    for owner in load_owners():
        if not given.owner or owner.name in given.owner:
            mean, error = Bench(owner).noise_cost(given.draws)
            sys.stdout.write(f"{owner.name}: {100 * mean:+.1f} points, standard error {100 * error:.1f}\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
