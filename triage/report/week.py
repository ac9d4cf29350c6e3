"""What happened in a week, from the store."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from triage.lead.appearance import Appearance
from triage.lead.overview import Standing, View, look_at
from triage.lead.preference import prefer
from triage.lead.week import WEEK, Week
from triage.records import Category, State
from triage.store.evidence import Training
from triage.store.leads import NearMiss
from triage.store.store import Store

SHOWN_WEEKS = 8
_MOST_NEAR = 10
_TREND = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Learning:
    """What was learnt in the week.

    Attributes:
        corrected: messages whose owner said what they are, by that.
        relabelled: messages whose labels the owner changed.
    """

    trainings: tuple[Training, ...]
    corrected: Mapping[str, int]
    relabelled: int


@dataclass(frozen=True, slots=True)
class Health:
    """How the judging goes.

    Attributes:
        judged, before: messages by category, or state where they have none: in the week, and in the four before.
        waiting: messages that are tried again.
    """

    model: str
    judged: Mapping[str, int]
    before: Mapping[str, int]
    waiting: int

    @property
    def unsure(self) -> float:
        """The share of the week's mail that the model abstained on."""
        return _share(self.judged, State.UNSURE)

    @property
    def unsure_before(self) -> float:
        """The same of the weeks before."""
        return _share(self.before, State.UNSURE)


def _share(counts: Mapping[str, int], state: State) -> float:
    total = sum(counts.values())
    return counts.get(state.value, 0) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class WeekFacts:
    """Everything that a report tells.

    Attributes:
        standings: of all leads that did not come to an employer's account alone, as `look_at` orders them.
        work: how many leads of the week reached an employer's account, by account.
        scams: kept away in the week, by kind.
        weeks: leads that came in each of the last weeks, the oldest first, by category.
    """

    week: Week
    standings: tuple[Standing, ...]
    work: Mapping[str, int]
    scams: Mapping[str, int]
    near: tuple[NearMiss, ...]
    appearances: tuple[Appearance, ...]
    learning: Learning
    health: Health
    weeks: tuple[tuple[str, Mapping[Category, int]], ...]

    @property
    def new(self) -> tuple[Standing, ...]:
        """The leads that came in the week."""
        return tuple(one for one in self.standings if self.week.has(one.lead.first.received_at))

    @property
    def waiting(self) -> tuple[Standing, ...]:
        """The leads whose sender waits, as they are ranked."""
        return tuple(one for one in self.standings if one.is_unanswered)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all was judged: a week before triage ran."""
        return not self.health.judged and not self.new


def gather(store: Store, view: View, week: Week, accounts: Sequence[str], model: str) -> WeekFacts:
    """Return what happened in a week.

    Args:
        accounts: those that are reported on; an employer's is not among them.
        model: the name of the model in use.
    """
    # What is older is neither counted nor waits.
    since = week.until - max(view.expires_after, SHOWN_WEEKS * WEEK)
    everything = look_at(store.leads.list_leads(since), store.leads.list_answers(since), view)
    standings = tuple(_private(one, view) for one in everything if not one.lead.accounts <= view.work)
    return WeekFacts(
        week,
        standings,
        _count_work(everything, view, week),
        store.leads.count_scams(week.since, week.until, view.work),
        tuple(_near(store, view, week)),
        tuple(one for one in store.leads.list_appearances(week.until - _TREND) if one.seen_at < week.until),
        _learning(store, week, accounts),
        _health(store, view, week, accounts, model),
        _weeks(standings, week),
    )


def _private(one: Standing, view: View) -> Standing:
    """Return a lead as it stands, with nothing of what an employer's account got."""
    if not one.is_work:
        return one
    lead = one.lead.without(view.work)
    return replace(one, lead=lead, preference=prefer(lead, view.wishes))


def _near(store: Store, view: View, week: Week) -> list[NearMiss]:
    found = store.leads.list_near_misses(week.since, 5 * _MOST_NEAR)
    return [one for one in found if one.judged_at < week.until and one.ref.account not in view.work][:_MOST_NEAR]


def _count_work(standings: Sequence[Standing], view: View, week: Week) -> Mapping[str, int]:
    found = (one for one in standings if one.is_work and week.has(one.lead.first.received_at))
    return Counter(account for one in found for account in one.lead.accounts & view.work)


def _learning(store: Store, week: Week, accounts: Sequence[str]) -> Learning:
    trainings = tuple(one for one in store.evidence.list_trainings(50) if week.has(one.finished_at))
    corrections = [one for one in store.evidence.list_corrections() if week.has(one.made_at)]
    corrected = Counter(one.category.value if one.category else "taken back" for one in corrections)
    relabelled = sum(week.has(one.seen_at) for name in accounts for one in store.list_relabellings(name))
    return Learning(trainings, corrected, relabelled)


def _health(store: Store, view: View, week: Week, accounts: Sequence[str], model: str) -> Health:
    judged = store.leads.count_judged(week.since, week.until, view.work)
    before = store.leads.count_judged(week.since - 4 * WEEK, week.since, view.work)
    return Health(model, judged, before, sum(len(store.list_retries(name)) for name in accounts))


def _weeks(standings: Sequence[Standing], week: Week) -> tuple[tuple[str, Mapping[Category, int]], ...]:
    found = []
    for back in reversed(range(SHOWN_WEEKS)):
        one = Week(week.until - back * WEEK)
        came = [standing.lead.category for standing in standings if one.has(standing.lead.first.received_at)]
        found.append((_day(one.since), Counter(came)))
    return tuple(found)


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"
