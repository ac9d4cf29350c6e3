"""The honest evaluation of the judging: every mail judged by models that had not seen its author.

Nothing is chosen here: no threshold, no weight, no recipe. `summarise`, `calibrate_check`,
`weigh_abstention`, `count_mistakes` and `tell_kinds` take labels, answers, probabilities and groups alone,
so that they serve for an owner's own mail as well.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from triage.classify.decision import CostTable, expected_costs
from triage.classify.model import Vector
from triage.learn import experiments
from triage.learn.corpus import Specimen
from triage.learn.curves import (
    Bin,
    Flags,
    RiskCurve,
    brier_score,
    coverage_risk,
    expected_calibration_error,
    likeliest,
    log_loss,
    reliability,
)
from triage.learn.dataset import Labels, Rows
from triage.learn.experiments import Ablated, Bench, Learnt, Unseen
from triage.learn.fit import BASE_RECIPE, HeldOut, held_out_kinds, iter_folds, true_kinds
from triage.learn.kinds import KINDS
from triage.learn.metrics import (
    ABSTAINED,
    Answers,
    Figure,
    answer,
    count_answers,
    estimate,
    lead_called_scam,
    macro_f1,
    pairs_wholly_right,
    precision_recall,
    scam_called_lead,
)
from triage.mail.parse import parse_message
from triage.records import CATEGORIES, Category

_SCAM = CATEGORIES.index(Category.SCAM)
_LEADS = (CATEGORIES.index(Category.RECRUITER), CATEGORIES.index(Category.REFERRAL))
_EXCERPT = 400


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is tried.

    Attributes:
        folds: parts that the authors are held out in, whole: as many as in training, so that the figures are the card's.
        campaign_folds: the same for pairs and campaigns.
        part_folds: the same for everything that is learnt many times over.
        min_mails: of a language or kind, to hold it out.
        languages: how many are held out, the largest first; kinds of scam likewise.
        alone: whether each family is also tried alone.
        shares: of the authors, for the learning curve.
        draws: how often these are drawn.
    """

    folds: int = BASE_RECIPE.folds
    campaign_folds: int = 10
    part_folds: int = 3
    min_mails: int = 20
    languages: int = 100
    kinds: int = 100
    alone: bool = True
    shares: tuple[float, ...] = (0.1, 0.25, 0.5, 0.75, 1.0)
    draws: int = 2
    worst: int = 40


WHOLE = Plan()
QUICK = Plan(
    folds=3, campaign_folds=3, part_folds=3, languages=3, kinds=3, alone=False, shares=(0.25, 0.5, 1.0), draws=1
)


@dataclass(frozen=True, slots=True)
class CategoryFigures:
    """One category; `mails` are those it is the truth of."""

    category: str
    mails: int
    precision: Figure
    recall: Figure


@dataclass(frozen=True, slots=True)
class Summary:
    """How well a set of mail was answered; an abstention is wrong.

    Attributes:
        confusion: counts by truth (rows) and answer (columns, the last for abstentions).
    """

    mails: int
    groups: int
    macro_f1: Figure
    lead_called_scam: Figure
    scam_called_lead: Figure
    unsure: Figure
    categories: tuple[CategoryFigures, ...]
    confusion: tuple[tuple[int, ...], ...]


@dataclass(frozen=True, slots=True)
class CrossValidation:
    """One way of holding mail out.

    Attributes:
        between_authors: macro-F1 with whole authors drawn, which is what another author may expect.
    """

    name: str
    folds: int
    summary: Summary
    between_authors: Figure
    pairs_right: int
    pairs: int


@dataclass(frozen=True, slots=True)
class PartFigures:
    """Some of the mail, by what it has in common."""

    name: str
    mails: int
    macro_f1: Figure
    lead_called_scam: Figure
    scam_called_lead: Figure


@dataclass(frozen=True, slots=True)
class LanguageFigures:
    """A language that models had seen, and had not seen."""

    name: str
    mails: int
    seen: Figure
    unseen: Figure
    lead_called_scam: Figure
    scam_called_lead: Figure


@dataclass(frozen=True, slots=True)
class KindFigures:
    """A kind of scam: how many are called scam by models that had seen it or not, and what else they are called."""

    name: str
    mails: int
    seen: Figure
    unseen: Figure
    called_lead: Figure
    called_other: Figure
    unsure: Figure


@dataclass(frozen=True, slots=True)
class KindTold:
    """A kind of scam as the model of kinds names it; `mails` are those it is the truth of."""

    name: str
    mails: int
    precision: Figure
    recall: Figure


@dataclass(frozen=True, slots=True)
class KindsTold:
    """How well kinds of scam are told apart, each scam by a model of kinds that had not seen its author.

    Attributes:
        mails: all scams, whatever category they are taken for.
        accuracy: the share whose kind is right.
        macro_f1: the mean over the kinds that occur.
        kinds: those that occur, in the order of the advice.
    """

    mails: int
    accuracy: Figure
    macro_f1: Figure
    kinds: tuple[KindTold, ...]


@dataclass(frozen=True, slots=True)
class FamilyFigures:
    """Models with some families of features; `difference` is to all families, on the same draws."""

    name: str
    macro_f1: Figure
    difference: Figure
    lead_called_scam: Figure
    scam_called_lead: Figure


@dataclass(frozen=True, slots=True)
class LearningPoint:
    """Models that learnt from some authors; `low` and `high` are the worst and best draw."""

    share: float
    authors: float
    mails: float
    macro_f1: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Calibration:
    """Whether probabilities are what they say.

    Attributes:
        error: expected calibration error of the likeliest category.
        categories: bins and error for each category's own probability.
    """

    error: Figure
    brier_score: float
    log_loss: float
    bins: tuple[Bin, ...]
    categories: tuple[tuple[str, float, tuple[Bin, ...]], ...]


@dataclass(frozen=True, slots=True)
class Abstention:
    """What abstaining buys.

    Attributes:
        errors: share of wrong answers by coverage, mails of least expected cost first.
        costs: the same for what the answers cost.
        coverage: of the program as it is set; error and cost are those of what it answers.
        cost: of everything, abstentions included, a mail.
        cost_never: if it never abstained.
    """

    errors: RiskCurve
    costs: RiskCurve
    coverage: float
    error: float
    cost: float
    cost_never: float


@dataclass(frozen=True, slots=True)
class Budget:
    """A promise and what was measured of it."""

    name: str
    limit: float
    measured: Figure

    @property
    def is_kept(self) -> bool:
        """Whether the value is within the limit, as it is printed: to four digits."""
        return self.measured.value is None or round(self.measured.value, 4) <= self.limit


@dataclass(frozen=True, slots=True)
class Mistake:
    """One way to be wrong, and what it costs: abstentions are the cheapest."""

    truth: str
    answer: str
    count: int
    cost: float
    share: float


@dataclass(frozen=True, slots=True)
class Worst:
    """A mistake to read; `regret` is its cost times the probability it was made with."""

    id: str
    truth: str
    answer: str
    probability: float
    truth_probability: float
    regret: float
    lang: str
    kind: str
    difficulty: str
    subject: str
    excerpt: str


@dataclass(frozen=True, slots=True)
class Evaluation:
    """Everything that was measured.

    Attributes:
        model: the first digits of the shipped model's digest.
        check: the shipped model on the mail that no model learns from; None if there is none.
    """

    model: str
    plan: Plan
    by_author: CrossValidation
    by_campaign: CrossValidation
    check: Summary | None
    authors: tuple[PartFigures, ...]
    difficulties: tuple[PartFigures, ...]
    languages: tuple[LanguageFigures, ...]
    kinds: tuple[KindFigures, ...]
    kinds_told: KindsTold
    families: tuple[FamilyFigures, ...]
    learning: tuple[LearningPoint, ...]
    calibration: Calibration
    abstention: Abstention
    budgets: tuple[Budget, ...]
    mistakes: tuple[Mistake, ...]
    worst: tuple[Worst, ...]

    @property
    def keeps_its_budgets(self) -> bool:
        """Whether every budget is kept."""
        return all(one.is_kept for one in self.budgets)


BACKGROUND_LANGUAGE = "en"
"""What the background mail is written in: who holds this language out must do without that mail."""

LIMITS = {
    "genuine leads called scam": 0.01,
    "scams called a lead": 0.02,
    "leads and scams lost by the first look": 0.001,
    "expected calibration error": 0.05,
}
"""What is promised of mail by authors that training had not seen; recorded floors, not tuned to."""


def evaluate(bench: Bench, plan: Plan, *, model: str, check: Answers | None) -> Evaluation:
    """Try everything that the plan names.

    Args:
        bench: see there; its folds are those of the plan's parts.
        model: the name of the shipped model, for the report.
        check: the shipped model's answers on the check set.
    """
    by_author = iter_folds(bench.dataset, plan.folds)
    held_out = bench.score("authors", by_author)
    found = bench.answers(held_out)
    plain = bench.without_sentences()
    known = plain.score("authors, in fewer parts, without sentences", plain.author_folds())
    by_campaign = experiments.campaign_folds(bench.dataset, plan.campaign_folds)
    campaigns = bench.answers(bench.score("pairs and campaigns", by_campaign))
    calibration = calibrate_check(found.truth, found.probabilities, campaigns_of(found))
    return Evaluation(
        model=model,
        plan=plan,
        by_author=_cross_validation("author", len(by_author), found),
        by_campaign=_cross_validation("pair and campaign", len(by_campaign), campaigns),
        check=None if check is None else summarise(check.truth, check.answers, campaigns_of(check)),
        authors=_parts(found, lambda one: one.group),
        difficulties=_parts(found, lambda one: one.difficulty),
        languages=_languages(plain, plan, known),
        kinds=_kinds(plain, plan, known),
        kinds_told=_kinds_told(bench, by_author),
        families=_families(list(experiments.try_families(bench, alone=plan.alone))),
        learning=_learning(list(experiments.try_fewer_authors(plain, plan.shares, plan.draws, known))),
        calibration=calibration,
        abstention=_abstention(found, bench.costs),
        budgets=_budgets(found, _cleared(bench, held_out), calibration),
        mistakes=count_mistakes(found.truth, found.answers, bench.costs),
        worst=_worst(found, bench.costs, plan.worst),
    )


def campaigns_of(found: Answers) -> list[str]:
    """Return what the bootstrap draws whole."""
    return [one.campaign for one in found.specimens]


# -- figures of arrays alone


def summarise(truth: Labels, answers: Labels, groups: Sequence[str]) -> Summary:
    """Return how well some mail was answered.

    Args:
        truth: indices into `CATEGORIES`, shape (n,).
        answers: the same, or `ABSTAINED`.
        groups: what the bootstrap draws whole.
    """

    def measure(rows: Rows) -> list[float]:
        part, given = truth[rows], answers[rows]
        pairs = [precision_recall(part, given, index) for index in range(len(CATEGORIES))]
        return [*_headline(part, given), _share(given == ABSTAINED), *(number for pair in pairs for number in pair)]

    f1, lost, taken, unsure, *rest = estimate(measure, groups)
    return Summary(
        mails=len(truth),
        groups=len(set(groups)),
        macro_f1=f1,
        lead_called_scam=lost,
        scam_called_lead=taken,
        unsure=unsure,
        categories=tuple(
            CategoryFigures(category.value, int(np.sum(truth == index)), rest[2 * index], rest[2 * index + 1])
            for index, category in enumerate(CATEGORIES)
        ),
        confusion=tuple(tuple(row) for row in count_answers(truth, answers).tolist()),
    )


def _headline(truth: Labels, answers: Labels) -> tuple[float, float, float]:
    """Return macro-F1 and the two dear mistakes; nan where there is no lead, or no scam."""
    return (
        macro_f1(truth, answers),
        lead_called_scam(truth, answers) if np.isin(truth, _LEADS).any() else np.nan,
        scam_called_lead(truth, answers) if (truth == _SCAM).any() else np.nan,
    )


def _share(flags: Flags | Vector) -> float:
    return float(flags.mean()) if flags.size else np.nan


def calibrate_check(truth: Labels, probabilities: Vector, groups: Sequence[str]) -> Calibration:
    """Return whether probabilities are what they say, shape (n, 4)."""

    def measure(rows: Rows) -> list[float]:
        return [expected_calibration_error(reliability(*likeliest(probabilities[rows], truth[rows])))]

    (error,) = estimate(measure, groups)
    bins = [reliability(probabilities[:, index], truth == index) for index in range(len(CATEGORIES))]
    return Calibration(
        error=error,
        brier_score=brier_score(probabilities, truth),
        log_loss=log_loss(probabilities, truth),
        bins=reliability(*likeliest(probabilities, truth)),
        categories=tuple(
            (category.value, expected_calibration_error(own), own)
            for category, own in zip(CATEGORIES, bins, strict=True)
        ),
    )


def weigh_abstention(
    truth: Labels, answers: Labels, is_answered: Flags, probabilities: Vector, costs: CostTable
) -> Abstention:
    """Return what abstaining buys: where the best answer's expected cost is highest the owner is asked first.

    Args:
        truth: indices into `CATEGORIES`, shape (n,).
        answers: what would be answered if the model never abstained.
        is_answered: where it does not abstain.
    """
    losses = costs.matrix()[truth, answers]
    wrong = (truth != answers).astype(np.float64)
    confidence = -expected_costs(probabilities, costs).min(axis=1)
    return Abstention(
        errors=coverage_risk(confidence, wrong).thinned(),
        costs=coverage_risk(confidence, losses).thinned(),
        coverage=_share(is_answered),
        error=_share(wrong[is_answered]),
        cost=float(np.mean(np.where(is_answered, losses, costs.abstain))),
        cost_never=float(np.mean(losses)),
    )


def count_mistakes(truth: Labels, answers: Labels, costs: CostTable) -> tuple[Mistake, ...]:
    """Return every way to be wrong that occurs, the dearest in sum first."""
    table = np.column_stack([costs.matrix(), np.full(len(CATEGORIES), costs.abstain)])
    counts = count_answers(truth, answers)
    spent = counts * table
    whole = float(spent.sum())
    names = [*(category.value for category in CATEGORIES), "unsure"]
    found = [
        Mistake(
            names[row],
            names[column],
            int(counts[row, column]),
            float(table[row, column]),
            float(spent[row, column]) / whole,
        )
        for row, column in np.argwhere(spent > 0).tolist()
    ]
    return tuple(sorted(found, key=lambda one: (-one.share, one.truth, one.answer)))


def tell_kinds(truth: Labels, answers: Labels, groups: Sequence[str]) -> KindsTold:
    """Return how well kinds of scam are told apart.

    Args:
        truth: indices into `KINDS`, shape (n,).
        answers: the same.
        groups: what the bootstrap draws whole.
    """
    size = len(KINDS)
    there = np.flatnonzero(np.bincount(truth, minlength=size))

    def measure(rows: Rows) -> list[float]:
        part, given = truth[rows], answers[rows]
        hits = np.bincount(part[part == given], minlength=size)
        named, true = np.bincount(given, minlength=size), np.bincount(part, minlength=size)
        with np.errstate(invalid="ignore", divide="ignore"):
            precision, recall, f1 = hits / named, hits / true, 2 * hits / (named + true)
        pairs = np.column_stack([precision[there], recall[there]])
        return [_share(part == given), _share(f1[true > 0]), *pairs.ravel().tolist()]

    accuracy, f1, *rest = estimate(measure, groups)
    counts = np.bincount(truth, minlength=size)
    return KindsTold(
        mails=len(truth),
        accuracy=accuracy,
        macro_f1=f1,
        kinds=tuple(
            KindTold(KINDS[index], int(counts[index]), rest[2 * place], rest[2 * place + 1])
            for place, index in enumerate(there.tolist())
        ),
    )


# -- figures of the corpus


def _cross_validation(name: str, folds: int, found: Answers) -> CrossValidation:
    authors = [one.group for one in found.specimens]
    (between,) = estimate(lambda rows: [macro_f1(found.truth[rows], found.answers[rows])], authors)
    right, pairs = pairs_wholly_right(found)
    return CrossValidation(
        name, folds, summarise(found.truth, found.answers, campaigns_of(found)), between, right, pairs
    )


def _estimate_headline(found: Answers) -> tuple[Figure, ...]:
    return estimate(lambda rows: _headline(found.truth[rows], found.answers[rows]), campaigns_of(found))


def _parts(found: Answers, key: Callable[[Specimen], str]) -> tuple[PartFigures, ...]:
    names = Counter(key(one) for one in found.specimens)
    parts = {name: found.subset(partial(_has, key, name)) for name in sorted(names)}
    return tuple(PartFigures(name, names[name], *_estimate_headline(part)) for name, part in parts.items())


def _has(key: Callable[[Specimen], str], name: str, one: Specimen) -> bool:
    return key(one) == name


def _often(names: Sequence[str], least: int) -> list[str]:
    """Return the names that occur often enough, the most frequent first."""
    counts = sorted(Counter(name for name in names if name).items(), key=lambda item: (-item[1], item[0]))
    return [name for name, count in counts if count >= least]


def _languages(bench: Bench, plan: Plan, known: HeldOut) -> tuple[LanguageFigures, ...]:
    parts = experiments.languages(bench.dataset.specimens)
    found: list[Unseen] = []
    for name in _often(parts, plan.min_mails)[: plan.languages]:
        if name == BACKGROUND_LANGUAGE:
            bare = bench.bare()
            before = bare.score("authors, without background mail", bare.author_folds())
            found.extend(experiments.try_unseen(bare, "language", [name], parts, before))
        else:
            found.extend(experiments.try_unseen(bench, "language", [name], parts, known))
    return tuple(_language(one) for one in found)


def _language(one: Unseen) -> LanguageFigures:
    seen, (unseen, lost, taken) = _estimate_headline(one.seen)[0], _estimate_headline(one.unseen)
    return LanguageFigures(one.name, len(one.unseen.specimens), seen, unseen, lost, taken)


def _kinds(bench: Bench, plan: Plan, known: HeldOut) -> tuple[KindFigures, ...]:
    parts = experiments.scam_kinds(bench.dataset.specimens)
    names = _often(parts, plan.min_mails)[: plan.kinds]
    return tuple(_kind(one) for one in experiments.try_unseen(bench, "scam kind", names, parts, known))


def _kind(one: Unseen) -> KindFigures:
    """Count answers; where `other` is right as well it counts as right, as everywhere."""

    def measure(found: Answers, rows: Rows) -> list[float]:
        truth, given = found.truth[rows], found.answers[rows]
        other = CATEGORIES.index(Category.OTHER)
        return [
            _share(truth == given),
            _share(np.isin(given, _LEADS)),
            _share((given == other) & (truth != given)),
            _share(given == ABSTAINED),
        ]

    seen = estimate(partial(measure, one.seen), campaigns_of(one.seen))[0]
    return KindFigures(
        one.name, len(one.unseen.specimens), seen, *estimate(partial(measure, one.unseen), campaigns_of(one.unseen))
    )


def _kinds_told(bench: Bench, folds: experiments.Folds) -> KindsTold:
    scams, truth = true_kinds(bench.dataset)
    found = held_out_kinds(bench.dataset, bench.recipe, folds)
    return tell_kinds(truth, found, [bench.dataset.specimens[row].campaign for row in scams])


def _families(found: Sequence[Ablated]) -> tuple[FamilyFigures, ...]:
    whole = found[0].answers

    def measure(part: Answers, rows: Rows) -> list[float]:
        f1, *rest = _headline(part.truth[rows], part.answers[rows])
        return [f1, f1 - macro_f1(whole.truth[rows], whole.answers[rows]), *rest]

    return tuple(
        FamilyFigures(one.name, *estimate(partial(measure, one.answers), campaigns_of(one.answers))) for one in found
    )


def _learning(found: Sequence[Learnt]) -> tuple[LearningPoint, ...]:
    points = []
    for share in sorted({one.share for one in found}):
        draws = [one for one in found if one.share == share]
        values = [macro_f1(one.answers.truth, one.answers.answers) for one in draws]
        authors, mails = (float(np.mean(numbers)) for numbers in ([d.authors for d in draws], [d.mails for d in draws]))
        points.append(LearningPoint(share, authors, mails, float(np.mean(values)), min(values), max(values)))
    return tuple(points)


def _abstention(found: Answers, costs: CostTable) -> Abstention:
    forced = answer(found.specimens, found.truth, found.probabilities, replace(costs, abstain=np.inf))
    return weigh_abstention(forced.truth, forced.answers, found.answers != ABSTAINED, found.probabilities, costs)


def _cleared(bench: Bench, held_out: HeldOut) -> Figure:
    """Return the share of leads and scams that the first look takes for plain `other`."""
    suspects = bench.dataset.labels[: len(bench.dataset)] != CATEGORIES.index(Category.OTHER)
    cleared = held_out.screen.cleared
    campaigns = [one.campaign for one in bench.dataset.specimens]
    return estimate(lambda rows: [_share(cleared[rows][suspects[rows]])], campaigns)[0]


def _budgets(found: Answers, cleared: Figure, calibration: Calibration) -> tuple[Budget, ...]:
    _, leads, scams = _estimate_headline(found)
    measured = (leads, scams, cleared, calibration.error)
    return tuple(Budget(name, limit, one) for (name, limit), one in zip(LIMITS.items(), measured, strict=True))


def _worst(found: Answers, costs: CostTable, count: int) -> tuple[Worst, ...]:
    table = costs.matrix()
    wrong = np.flatnonzero((found.truth != found.answers) & (found.answers != ABSTAINED))
    mistakes = [_describe(found, row, table) for row in wrong.tolist()]
    return tuple(sorted(mistakes, key=lambda one: (-one.regret, one.id))[:count])


def _describe(found: Answers, row: int, table: Vector) -> Worst:
    one, truth, given = found.specimens[row], int(found.truth[row]), int(found.answers[row])
    message = parse_message(one.content)
    text = " ".join(message.text.split())
    chances = found.probabilities[row]
    return Worst(
        id=one.id,
        truth=CATEGORIES[truth].value,
        answer=CATEGORIES[given].value,
        probability=float(chances[given]),
        truth_probability=float(chances[truth]),
        regret=float(table[truth, given] * chances[given]),
        lang=one.lang,
        kind=one.kind,
        difficulty=one.difficulty,
        subject=message.subject,
        excerpt=text if len(text) <= _EXCERPT else f"{text[:_EXCERPT]}…",
    )
