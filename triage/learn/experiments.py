"""What the evaluation tries: judging by models that lacked something, each mail by one that had not seen its author.

Every experiment is the training's own held-out scoring with other folds, other groups or
another recipe; what differs is what was left out.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt
from scipy import sparse

from triage.classify.decision import CostTable
from triage.learn.acts import without_acts, without_reader
from triage.learn.corpus import Specimen
from triage.learn.dataset import Dataset, Rows, build_dataset, without_background
from triage.learn.fit import HeldOut, Recipe, held_out_scores, iter_folds
from triage.learn.kinds import canonical_kind
from triage.learn.metrics import Answers, answer
from triage.records import Category

Folds = Sequence[tuple[Rows, Rows]]
Told = Callable[[str, int, int], None]
"""Told of progress: the experiment, how many models are fitted, and of how many."""

SENTENCES = "sentences"
"""What the ablation calls what sentences do, which is no family of n-grams."""

MEANING = "meaning"
"""Likewise what sentences mean (`triage.classify.reader`)."""

FAMILIES: tuple[tuple[str, ...], ...] = (
    ("word1",),
    ("char4",),
    ("char5",),
    ("char4", "char5"),
    ("sender",),
    ("signal",),
    ("quoted1",),
    (SENTENCES,),
    (MEANING,),
    (SENTENCES, MEANING),
)
"""What the ablation leaves out together; the orders of characters stand in for each other, and so do the two ways to read."""


@dataclass(frozen=True)
class Bench:
    """What every experiment works with.

    Attributes:
        dataset: the corpus with its background mail.
        folds: how many parts the authors are held out in.
    """

    dataset: Dataset
    recipe: Recipe
    costs: CostTable
    folds: int
    told: Told = field(default=lambda _name, _done, _of: None)

    def author_folds(self) -> Folds:
        """Return the folds that all experiments but the first share: whole authors."""
        return iter_folds(self.dataset, self.folds)

    def score(self, name: str, folds: Folds, known: HeldOut | None = None) -> HeldOut:
        """Score what the folds hold out; see `held_out_scores`."""
        return held_out_scores(self.dataset, self.recipe, folds, known=known, advance=self._steps(name, len(folds)))

    def bare(self) -> "Bench":
        """Return the bench without background mail."""
        return replace(self, dataset=without_background(self.dataset))

    def without_sentences(self) -> "Bench":
        """Return the bench without what sentences do and mean.

        Its models hold out authors alone: what else an experiment holds out they have seen.
        """
        return replace(self, dataset=without_reader(without_acts(self.dataset)))

    def answers(self, found: HeldOut) -> Answers:
        """Decide as the program would."""
        return answers_of(self.dataset, found, self.costs)

    def _steps(self, name: str, total: int) -> Callable[[], None]:
        done = iter(range(1, total + 1))
        self.told(name, 0, total)
        return lambda: self.told(name, next(done), total)


def answers_of(dataset: Dataset, found: HeldOut, costs: CostTable) -> Answers:
    """Decide on held-out probabilities as the program would."""
    return answer(dataset.specimens, dataset.labels[: len(dataset)], found.probabilities, costs)


def campaign_folds(dataset: Dataset, folds: int) -> Folds:
    """Return folds that keep pairs and campaigns whole, and know every author."""
    campaigns = np.array([one.campaign for one in dataset.specimens])
    return iter_folds(replace(dataset, groups=campaigns), folds)


@dataclass(frozen=True)
class Unseen:
    """Mail of one language or kind, judged by models that had seen it of other authors, and by models that had not."""

    name: str
    seen: Answers
    unseen: Answers


def try_unseen(
    bench: Bench, title: str, names: Sequence[str], parts: Sequence[str], known: HeldOut
) -> Iterator[Unseen]:
    """Hold out each name together with the author; calibration and first look stay as they were.

    Args:
        names: what to hold out, one after the other.
        parts: what each mail belongs to, in the order of the data set.
        known: scores of the same author folds with nothing else held out.
    """
    member = np.array(parts)
    before = bench.answers(known)
    for name in names:
        folds = without(bench.author_folds(), member == name)
        if not folds:
            continue
        after = bench.answers(bench.score(f"{title} {name}", folds, known))
        rows = np.sort(np.concatenate([test for _, test in folds]))
        yield Unseen(name, before.take(rows), after.take(rows))


def without(folds: Folds, held: npt.NDArray[np.bool_]) -> Folds:
    """Return folds that learn from none of some mails and judge only these."""
    found = [(train[~held[train]], test[held[test]]) for train, test in folds]
    return [(train, test) for train, test in found if len(train) and len(test)]


def languages(specimens: Sequence[Specimen]) -> list[str]:
    """Return the language of each mail."""
    return [one.lang for one in specimens]


def scam_kinds(specimens: Sequence[Specimen]) -> list[str]:
    """Return the kind of each scam, and nothing for other mail."""
    return [canonical_kind(one.kind) if one.category is Category.SCAM else "" for one in specimens]


@dataclass(frozen=True)
class Ablated:
    """Answers of models that had only some families of features."""

    name: str
    answers: Answers


def try_families(bench: Bench, *, alone: bool) -> Iterator[Ablated]:
    """Learn with all families, without some, and with some alone.

    Background mail cannot be parted by family, so that all of these learn without it. The
    first look stays the same.
    """
    bench = bench.bare()
    known = {name for _, families, _, _ in bench.recipe.blocks for name in families} | {SENTENCES, MEANING}
    parted = _part_families(bench)
    yield _ablate(bench, parted, "all families", known)
    for left_out in FAMILIES:
        yield _ablate(bench, parted, f"without {' and '.join(left_out)}", known.difference(left_out))
    for kept in FAMILIES if alone else ():
        if {SENTENCES, MEANING}.isdisjoint(kept):
            yield _ablate(bench, parted, f"only {' and '.join(kept)}", set(kept))


def _part_families(bench: Bench) -> Mapping[tuple[str, str], sparse.csr_matrix]:
    """Return the counts of each family in each block; those of a block are their sum, so that mail is read once."""
    names = [(name, family) for name, families, _, _ in bench.recipe.blocks for family in families]
    blocks = [
        (f"{name} {family}", (family,), weight, bits)
        for name, families, weight, bits in bench.recipe.blocks
        for family in families
    ]
    layout = replace(bench.recipe, blocks=tuple(blocks)).layout()
    return dict(zip(names, build_dataset(bench.dataset.specimens, layout).counts, strict=True))


def _ablate(bench: Bench, parted: Mapping[tuple[str, str], sparse.csr_matrix], name: str, kept: set[str]) -> Ablated:
    recipe = with_families(bench.recipe, kept)
    dataset = bench.dataset
    if SENTENCES not in kept:
        dataset = without_acts(dataset)
    if MEANING not in kept:
        dataset = without_reader(dataset)
    counts = tuple(
        sum((parted[block, family] for family in families[1:]), parted[block, families[0]])
        if families
        else dataset.counts[-1]
        for block, families, _, _ in recipe.blocks
    )
    part = replace(bench, dataset=replace(dataset, blocks=recipe.layout(), counts=counts), recipe=recipe)
    return Ablated(name, part.answers(part.score(name, part.author_folds())))


def with_families(recipe: Recipe, kept: set[str]) -> Recipe:
    """Return the recipe with only some families; a block that none is left of goes, but for that of sentences."""
    blocks = [
        (name, tuple(one for one in families if one in kept), weight, bits)
        for name, families, weight, bits in recipe.blocks
        if not families or not kept.isdisjoint(families)
    ]
    return replace(recipe, blocks=tuple(blocks))


@dataclass(frozen=True)
class Learnt:
    """Answers of models that had learnt from fewer authors.

    Attributes:
        authors: how many they learnt from, mean over the folds; mails likewise.
    """

    share: float
    authors: float
    mails: float
    answers: Answers


def try_fewer_authors(bench: Bench, shares: Sequence[float], draws: int, known: HeldOut) -> Iterator[Learnt]:
    """Learn from shares of the authors, drawn at random, the smaller within the larger.

    Args:
        known: scores of the same author folds, learnt from all.
    """
    for draw in range(draws):
        for share in shares:
            folds = with_fewer_authors(bench.dataset, bench.author_folds(), share, draw)
            name = f"learning curve {share:.0%}" + (f", draw {draw + 1}" if draws > 1 else "")
            yield Learnt(
                share,
                float(np.mean([len(set(bench.dataset.groups[train])) for train, _ in folds])),
                float(np.mean([len(train) for train, _ in folds])),
                bench.answers(known if share == 1 else bench.score(name, folds)),
            )


def with_fewer_authors(dataset: Dataset, folds: Folds, share: float, draw: int) -> Folds:
    """Return folds that learn from a share of their authors; the same draw of a smaller share is within it."""
    order = np.random.default_rng(draw).permutation(np.unique(dataset.groups)).tolist()
    found = []
    for train, test in folds:
        authors = sorted(set(dataset.groups[train].tolist()), key=order.index)
        kept = authors[: max(1, round(share * len(authors)))]
        found.append((train[np.isin(dataset.groups[train], kept)], test))
    return found
