"""Whether a new model may take the place of the one in use: never a worse one, and a reason in words.

Two questions are asked of a challenger. On mail of the owner that it did not learn from: does it
make more mistakes than the shipped model, or than the model in use on what that one had not seen
either? On the shipped check set: does it lose leads to scam, take scams for leads, or forget the
rest? The owner's mail is held out by the order of time, and never are mails of one sender or one
thread on both sides.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt

import numpy as np
import numpy.typing as npt

from triage.classify.decision import CostTable, decide
from triage.classify.model import LinearModel, Vector
from triage.learn.dataset import Labels, Rows
from triage.learn.metrics import ABSTAINED, lead_called_scam, macro_f1, scam_called_lead
from triage.learn.personal import OwnMail, Prior, chances_of, fit_personal
from triage.records import CATEGORIES, Category
from triage.store.evidence import KeptFeatures

SEGMENTS = 4
"""The owner's mail in the order of time: each part but the first is judged by what the earlier ones teach."""

_MANY = 2000
"""Of so many examples the later half is judged by what the earlier half teaches: mail enough for a verdict, for half of the time."""

MIN_EXAMPLES = 8
"""With fewer there is nothing to hold out."""

MACRO_F1_BUDGET = 0.03
SCAM_CALLED_LEAD_BUDGET = 0.02
LEAD_CALLED_SCAM_BUDGET = 0.005
"""How much worse than the shipped model a personal one may be on the check set; of 186 leads none more."""


@dataclass(frozen=True)
class CheckSet:
    """Mail that no model learns from.

    Attributes:
        either: rows where `other` and scam are both right.
    """

    mail: OwnMail
    either: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class HeldOutMail:
    """What challengers that had not seen them say of the owner's examples.

    Attributes:
        rows: the examples judged.
        answers: of the challengers, in the order of the rows.
    """

    rows: Rows
    answers: Labels


NOTHING_HELD_OUT = HeldOutMail(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64))


@dataclass(frozen=True)
class Trial:
    """How a challenger is made."""

    prior: Prior
    costs: CostTable
    strength: float


@dataclass(frozen=True)
class Judgement:
    """What the gate says.

    Attributes:
        reason: why the challenger is refused; empty if it is not.
    """

    reason: str = ""
    figures: Mapping[str, object] = field(default_factory=dict)


def answers_of(scores: Vector, mail: OwnMail, model: LinearModel, costs: CostTable) -> Labels:
    """Return what a model with these scores answers, its first look included; `ABSTAINED` where it is unsure."""
    answers = np.empty(len(mail), dtype=np.int64)
    cleared = mail.glances < model.screen.threshold  # never where it is unknown
    for row, chances in enumerate(chances_of(model, scores, mail.read)):
        found = decide(chances, costs)
        answers[row] = ABSTAINED if found is None else CATEGORIES.index(found)
    answers[cleared] = CATEGORIES.index(Category.OTHER)
    return answers


def iter_segments(kept: Sequence[KeptFeatures]) -> Iterator[tuple[Rows, Rows]]:
    """Yield (learnt, judged) rows: earlier mail teaches, later mail is judged, senders and threads stay whole."""
    groups = group_mail(kept)
    first: dict[int, float] = {}
    for group, one in zip(groups, kept, strict=True):
        first[group] = min(first.get(group, np.inf), one.received_at.timestamp())
    order = sorted(range(len(kept)), key=lambda row: (first[groups[row]], groups[row]))
    parts = SEGMENTS if len(kept) < _MANY else 2
    borders = [round(len(kept) * part / parts) for part in range(1, parts)]
    # A group that a border would split goes with its beginning.
    ends = []
    for border in borders:
        while 0 < border < len(order) and groups[order[border]] == groups[order[border - 1]]:
            border += 1
        ends.append(border)
    for start, end in zip(ends, [*ends[1:], len(order)], strict=True):
        if 0 < start < end:
            yield np.array(sorted(order[:start]), dtype=np.intp), np.array(sorted(order[start:end]), dtype=np.intp)


def group_mail(kept: Sequence[KeptFeatures]) -> list[int]:
    """Return a number for each mail: those of one sender or one thread have the same."""
    parent = list(range(len(kept)))

    def root(place: int) -> int:
        while parent[place] != place:
            parent[place] = parent[parent[place]]
            place = parent[place]
        return place

    seen: dict[tuple[str, str], int] = {}
    for place, one in enumerate(kept):
        for name in (("sender", one.sender), ("thread", one.thread)):
            if name[1]:
                parent[root(place)] = root(seen.setdefault(name, place))
    return [root(place) for place in range(len(kept))]


def hold_out(mail: OwnMail, kept: Sequence[KeptFeatures], candidate: Trial) -> HeldOutMail:
    """Judge the owner's mail by models that have not seen it."""
    rows: list[Rows] = []
    answers: list[Labels] = []
    if len(mail) >= MIN_EXAMPLES:
        for learnt, judged in iter_segments(kept):
            rows.append(judged)
            answers.append(_answers_after(mail, learnt, judged, candidate))
    if not rows:
        return NOTHING_HELD_OUT
    return HeldOutMail(np.concatenate(rows), np.concatenate(answers))


@dataclass(frozen=True)
class Contestants:
    """Who is compared.

    Attributes:
        scores: the challenger's on the check set.
        held_out: challengers' answers on the owner's mail.
    """

    base: LinearModel
    challenger: LinearModel
    scores: Vector
    held_out: HeldOutMail


def hold_out_latest(
    mail: OwnMail, kept: Sequence[KeptFeatures], seen: npt.NDArray[np.bool_], candidate: Trial
) -> HeldOutMail:
    """Judge the later half of what is new since the model in use by a model that learnt all the rest.

    As in life, both models may know the senders; what belongs to a thread that one of them
    learnt is left out. Senders that neither knows are `hold_out`'s business.

    Args:
        seen: examples that the model in use learnt from.
    """
    new = sorted(np.flatnonzero(~seen).tolist(), key=lambda row: (kept[row].received_at, kept[row].fingerprint))
    latest = new[len(new) // 2 :]
    learnt = np.array(sorted(set(range(len(mail))) - set(latest)), dtype=np.intp)
    threads = {kept[row].thread for row in learnt.tolist()} - {""}
    rows = np.array([row for row in latest if kept[row].thread not in threads], dtype=np.intp)
    if len(rows) < MIN_EXAMPLES // 2 or not len(learnt):
        return NOTHING_HELD_OUT
    return HeldOutMail(rows, _answers_after(mail, learnt, rows, candidate))


def _answers_after(mail: OwnMail, learnt: Rows, judged: Rows, candidate: Trial) -> Labels:
    """Return what a model that learnt some examples says of others."""
    personal = fit_personal(mail.subset(learnt), candidate.prior, candidate.strength)
    part = mail.subset(judged)
    return answers_of(personal.scores(part), part, candidate.prior.model, candidate.costs)


def compare_with_champion(
    held_out: HeldOutMail, champion: Labels, unseen: npt.NDArray[np.bool_], labels: Labels
) -> str:
    """Return why the challenger is worse than the model in use, empty if it is not.

    Args:
        champion: answers of the model in use on all of the owner's examples.
        unseen: examples of which the model in use knows no more than the challenger does.
    """
    rows = unseen[held_out.rows]
    return _compare(HeldOutMail(held_out.rows[rows], held_out.answers[rows]), champion, labels, "the model in use")


def judge(found: Contestants, mail: OwnMail, check: CheckSet, costs: CostTable) -> Judgement:
    """Return whether the challenger is good enough, whatever is in use by now."""
    by_base = answers_of(mail.scores, mail, found.base, costs)
    reasons = [_compare(found.held_out, by_base, mail.labels, "the shipped model")]
    before = answers_of(check.mail.scores, check.mail, found.base, costs)
    after = answers_of(found.scores, check.mail, found.challenger, costs)
    reasons += _check(before, after, check)
    rows = found.held_out.rows
    figures = {
        "own_mail_judged": len(rows),
        "own_mistakes": _mistakes(found.held_out.answers, mail.labels[rows]),
        "own_mistakes_of_base": _mistakes(by_base[rows], mail.labels[rows]),
        "check_macro_f1": round(macro_f1(_truth(check, after), after), 4),
        "check_macro_f1_of_base": round(macro_f1(_truth(check, before), before), 4),
    }
    return Judgement("; ".join(reason for reason in reasons if reason), figures)


def _compare(held_out: HeldOutMail, others: Labels, labels: Labels, who: str) -> str:
    """Return why the challenger is worse than another on the owner's mail, empty if it is not.

    Worse is what chance does not explain: of mails that one gets right and the other does
    not, more than one standard deviation beyond half (McNemar 1947).
    """
    truth, others = labels[held_out.rows], others[held_out.rows]
    lost = int(np.sum((held_out.answers != truth) & (others == truth)))
    won = int(np.sum((held_out.answers == truth) & (others != truth)))
    leads = np.isin(truth, (0, 1))
    scam = CATEGORIES.index(Category.SCAM)
    more = int(np.sum(leads & (held_out.answers == scam))) - int(np.sum(leads & (others == scam)))
    if more > max(1, LEAD_CALLED_SCAM_BUDGET * int(leads.sum())):
        return f"on your own mail it had not seen it calls {more} more leads scam than {who}"
    if lost - won > max(1.0, sqrt(lost + won)):
        mine, theirs = _mistakes(held_out.answers, truth), _mistakes(others, truth)
        return f"on {len(truth)} of your own mails it had not seen it makes {mine} mistakes, {who} {theirs}"
    return ""


def _check(before: Labels, after: Labels, check: CheckSet) -> list[str]:
    """Return why the challenger is worse on the check set."""
    old, new = _truth(check, before), _truth(check, after)
    reasons = []
    if lead_called_scam(new, after) > lead_called_scam(old, before) + LEAD_CALLED_SCAM_BUDGET:
        reasons.append(f"on the check set it calls {lead_called_scam(new, after):.1%} of genuine leads scam")
    if scam_called_lead(new, after) > scam_called_lead(old, before) + SCAM_CALLED_LEAD_BUDGET:
        reasons.append(f"on the check set it calls {scam_called_lead(new, after):.1%} of scams a lead")
    if macro_f1(new, after) < macro_f1(old, before) - MACRO_F1_BUDGET:
        words = f"macro-F1 {macro_f1(new, after):.3f}, the shipped model {macro_f1(old, before):.3f}"
        reasons.append(f"on the check set it forgets too much ({words})")
    return reasons


def _mistakes(answers: Labels, truth: Labels) -> int:
    return int(np.sum(answers != truth))


def _truth(check: CheckSet, answers: Labels) -> Labels:
    """Return the truth, which is what was answered where two answers are right."""
    frauds = (CATEGORIES.index(Category.SCAM), CATEGORIES.index(Category.OTHER))
    return np.where(check.either & np.isin(answers, frauds), answers, check.mail.labels)
