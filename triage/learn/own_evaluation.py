"""How well an owner's own mail is judged: by what was learnt from it, and by what has learnt nothing.

Nothing is judged by a model that learnt it, its sender or its thread, and nothing by a model that
learnt later mail (`gate.iter_segments`): the earliest part only teaches. Everything is measured on the same
messages.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from triage.classify.decision import CostTable
from triage.classify.model import Vector
from triage.errors import ConfigError
from triage.learn.dataset import Labels, Rows
from triage.learn.evaluation import Abstention, Calibration, Summary, calibrate_check, summarise, weigh_abstention
from triage.learn.examples import Example
from triage.learn.gate import answers_of, group_mail, iter_segments
from triage.learn.keywords import judge_by_keywords
from triage.learn.metrics import ABSTAINED, Figure, estimate
from triage.learn.personal import STRENGTHS, OwnMail, Prior, build_own_mail, chances_of, fit_personal
from triage.records import CATEGORIES, Category
from triage.store.evidence import KeptFeatures

MIN_EXAMPLES = 20
MIN_JUDGED = 8
"""With fewer no figure says anything."""

PERSONAL, SHIPPED, KEYWORDS, NOTHING = "personal", "shipped", "keywords", "always other"


@dataclass(frozen=True, slots=True)
class Judge:
    """One way to judge.

    Attributes:
        mistakes: share that is wrong; an abstention is.
        against_shipped: how much larger that is than the shipped model's, on the same draws.
    """

    name: str
    summary: Summary
    mistakes: Figure
    against_shipped: Figure


@dataclass(frozen=True, slots=True)
class FolderFigures:
    """The mail of one folder, or of what was told by label or word."""

    name: str
    category: str
    mails: int
    personal_mistakes: int
    shipped_mistakes: int


@dataclass(frozen=True, slots=True)
class Period:
    """Mail that came at one time, judged by what all earlier mail teaches."""

    learnt_from: int
    mails: int
    personal_mistakes: int
    shipped_mistakes: int


@dataclass(frozen=True, slots=True)
class OwnEvaluation:
    """Everything that was measured of an account.

    Attributes:
        examples: of the account, by category.
        judged: how many of them were held out; the others came first and only teach.
        senders: groups of senders and threads among these, which are held out whole.
    """

    account: str
    model: str
    examples: dict[str, int]
    judged: int
    senders: int
    judges: tuple[Judge, ...]
    folders: tuple[FolderFigures, ...]
    periods: tuple[Period, ...]
    calibration: Calibration
    abstention: Abstention

    @property
    def is_worse(self) -> bool:
        """Whether the personal model makes more mistakes than the shipped one, beyond chance."""
        low = self.judges[0].against_shipped.low
        return low is not None and low > 0


@dataclass(frozen=True)
class _HeldOut:
    rows: Rows
    scores: Vector
    answers: Labels


def evaluate_own(
    account: str, kept: Sequence[KeptFeatures], examples: Sequence[Example], prior: Prior, costs: CostTable
) -> OwnEvaluation:
    """Judge an account's examples in the order of time.

    Args:
        account: whose examples are judged; those of other accounts teach as well.
        examples: of all accounts, in the order of `kept`.

    Raises:
        ConfigError: there is too little to judge; the text says what to do.
    """
    mine = np.array([one.ref.account == account for one in examples], dtype=bool)
    _require_enough(account, [one for one, is_mine in zip(examples, mine, strict=True) if is_mine])
    mail = build_own_mail(prior.model, kept, [one.category for one in examples])
    parts = [_judge(mail, learnt, judged[mine[judged]], prior, costs) for learnt, judged in iter_segments(kept)]
    sizes = [len(learnt) for learnt, _ in iter_segments(kept)]
    rows = np.concatenate([np.empty(0, dtype=np.intp), *(part.rows for part in parts)])
    if len(rows) < MIN_JUDGED:
        raise ConfigError(
            [
                (
                    f"only {len(rows)} examples of {account} come from senders and threads that are not among the earlier ones, "
                    f"and {MIN_JUDGED} are needed to measure anything; sort mail of more senders"
                )
            ]
        )
    truth = mail.labels[rows]
    groups = [str(group) for group in np.array(group_mail(kept))[rows]]
    whole = mail.subset(rows)
    scores, personal = (np.concatenate([getattr(part, name) for part in parts]) for name in ("scores", "answers"))
    shipped = answers_of(whole.scores, whole, prior.model, costs)
    answers = {
        PERSONAL: personal,
        SHIPPED: shipped,
        KEYWORDS: judge_by_keywords([kept[row] for row in rows], prior.model.blocks),
        NOTHING: np.full(len(rows), CATEGORIES.index(Category.OTHER), dtype=np.int64),
    }
    chances = chances_of(prior.model, scores, whole.read)
    never_unsure = answers_of(scores, whole, prior.model, replace(costs, abstain=np.inf))
    return OwnEvaluation(
        account=account,
        model=prior.model.model_id,
        examples={one.value: int(np.sum(mine & (mail.labels == index))) for index, one in enumerate(CATEGORIES)},
        judged=len(rows),
        senders=len(set(groups)),
        judges=tuple(_figures(name, truth, given, shipped, groups) for name, given in answers.items()),
        folders=_folders([examples[row] for row in rows], truth, personal, shipped),
        periods=tuple(_period(size, part, mail, prior, costs) for size, part in zip(sizes, parts, strict=True)),
        calibration=calibrate_check(truth, chances, groups),
        abstention=weigh_abstention(truth, never_unsure, personal != ABSTAINED, chances, costs),
    )


def _require_enough(account: str, examples: Sequence[Example]) -> None:
    told = {one.category for one in examples}
    if not examples:
        raise ConfigError(
            [f"nothing is known of {account}'s mail; map its folders in [training.folders], and sort mail into them"]
        )
    if len(examples) < MIN_EXAMPLES:
        raise ConfigError(
            [
                f"{account} has {len(examples)} examples, and at least {MIN_EXAMPLES} are needed to hold some out; sort more mail"
            ]
        )
    if len(told) == 1:
        raise ConfigError(
            [
                (
                    f"all {len(examples)} examples of {account} are {told.pop().value}, so that there is nothing to tell apart; "
                    "map a folder of another category in [training.folders], best one of other mail"
                )
            ]
        )


def _judge(mail: OwnMail, learnt: Rows, judged: Rows, prior: Prior, costs: CostTable) -> _HeldOut:
    personal = fit_personal(mail.subset(learnt), prior, STRENGTHS[0])
    part = mail.subset(judged)
    scores = personal.scores(part)
    return _HeldOut(judged, scores, answers_of(scores, part, prior.model, costs))


def _figures(name: str, truth: Labels, given: Labels, shipped: Labels, groups: Sequence[str]) -> Judge:
    def measure(rows: Rows) -> list[float]:
        mine, theirs = (float(np.mean(answers[rows] != truth[rows])) for answers in (given, shipped))
        return [mine, mine - theirs]

    return Judge(name, summarise(truth, given, groups), *estimate(measure, groups))


def _folders(
    examples: Sequence[Example], truth: Labels, personal: Labels, shipped: Labels
) -> tuple[FolderFigures, ...]:
    places = [(one.ref.folder, one.category.value) for one in examples]
    found = []
    for place in sorted(set(places)):
        rows = np.array([one == place for one in places], dtype=bool)
        wrong = [int(np.sum((answers != truth)[rows])) for answers in (personal, shipped)]
        found.append(FolderFigures(*place, int(rows.sum()), *wrong))
    return tuple(found)


def _period(learnt_from: int, part: _HeldOut, mail: OwnMail, prior: Prior, costs: CostTable) -> Period:
    own = mail.subset(part.rows)
    shipped = answers_of(own.scores, own, prior.model, costs)
    wrong = [int(np.sum(answers != own.labels)) for answers in (part.answers, shipped)]
    return Period(learnt_from, len(own), *wrong)
