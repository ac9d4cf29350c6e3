"""A week's facts as a document: which sections there are, and what they say."""

from collections import Counter
from collections.abc import Iterator, Sequence

from triage.lead.appearance import Appearance, Kind
from triage.lead.lead import LeadState
from triage.lead.opportunity import Opportunity
from triage.lead.overview import Standing
from triage.lead.sides import honest_part
from triage.records import Category, State
from triage.report.document import Bars, Document, Item, Section, Tone
from triage.report.week import WeekFacts
from triage.store.evidence import Result

_MOST = 8
_MOST_POINTS = 12
_AGES = ((3, "within three days"), (7, "within a week"), (14, "for one to two weeks"), (None, "for longer"))
_RESULTS = {
    Result.PROMOTED: "a new model is in use",
    Result.REFUSED: "the new model was refused: it was no better",
    Result.HELD: "held until you confirm it",
    Result.NOTHING: "nothing new to learn",
}
_WORRYING_RISE = 0.05


def compose(facts: WeekFacts) -> Document:
    """Return the report of a week; sections with nothing to say are left out."""
    week = facts.week
    tiles = (
        (str(len(facts.new)), "new leads" if len(facts.new) != 1 else "new lead"),
        (str(len(facts.waiting)), "waiting"),
        (str(sum(facts.scams.values())), "scams" if sum(facts.scams.values()) != 1 else "scam"),
        (str(sum(facts.health.judged.values())), "judged"),
    )
    return Document(
        title="Your week in leads",
        subtitle=f"{week.since.day} {week.since:%B} to {week.until.day} {week.until:%B %Y} · {week.name}",
        tiles=tiles,
        sections=tuple(_sections(facts)),
    )


def _sections(facts: WeekFacts) -> Iterator[Section]:
    yield from _alerts(facts)
    yield from _waiting(facts)
    yield from _new(facts)
    yield from _several(facts)
    yield from _rescued(facts)
    yield from _scams(facts)
    yield from _near_misses(facts)
    yield from _appearances(facts)
    yield _learnt(facts)
    yield _health(facts)


def _alerts(facts: WeekFacts) -> Iterator[Section]:
    recent = [
        one
        for one in facts.standings
        if one.state is LeadState.TURNED_INTO_SCAM and any(facts.week.has(m.received_at) for m in one.lead.messages)
    ]
    if recent:
        items = tuple(Item(one.title, _careful(one), one.lead.lead_id, Tone.ALERT) for one in recent)
        yield Section("Careful", "What began as a lead went on as a scam. Do not answer.", items)


def _careful(one: Standing) -> tuple[str, ...]:
    before = "others offer it too: " if honest_part(one.lead) else ""
    return (one.alert or "", *(f"{before}{who}" for who in _who(one)))


def _waiting(facts: WeekFacts) -> Iterator[Section]:
    waiting = facts.waiting
    if not waiting:
        yield Section("Waiting for you", "Nobody waits for an answer.")
        return
    ages = Counter(_age(one, facts) for one in waiting)
    labels = tuple(words for _, words in _AGES)
    items = tuple(_lead_item(one, facts) for one in waiting[:_MOST])
    rest = len(waiting) - len(items)
    more = f"And {rest} more: triage leads --unanswered. " if rest else ""
    yield Section(
        "Waiting for you",
        items=items,
        bars=Bars("How long they have waited", labels, tuple((ages[index],) for index in range(len(_AGES)))),
        more=f"{more}triage draft LEAD puts an answer among your drafts; LEAD is the short word before the name.",
    )


def _age(one: Standing, facts: WeekFacts) -> int:
    days = _days(one, facts)
    return next(index for index, (limit, _) in enumerate(_AGES) if limit is None or days <= limit)


def _days(one: Standing, facts: WeekFacts) -> int:
    since = one.waiting_since
    return max(0, (facts.week.until - since).days) if since else 0


def _lead_item(one: Standing, facts: WeekFacts) -> Item:
    days = _days(one, facts)
    words = "today" if days == 0 else f"{days} day{'s' if days > 1 else ''}"
    tone = Tone.WARNING if one.state is LeadState.CHASED else Tone.PLAIN
    if one.preference.score > 0 and not one.preference.is_ordinary:
        tone = Tone.GOOD
    chased = ("wrote again",) if one.state is LeadState.CHASED else ()
    fits = "; ".join(reason.words for reason in one.preference.reasons)
    facts_line = " · ".join([one.lead.lead_id, *_who(one), *_offer(one.card), *chased])
    return Item(one.title, (facts_line, f"{one.preference.score:+d}: {fits}" if fits else ""), words, tone)


def _who(one: Standing) -> tuple[str, ...]:
    agency = one.side.card.agency
    behind = f" ({agency.value})" if agency and agency.value != one.sender else ""
    work = ", reached an employer's account too" if one.is_work else ""
    return (f"{one.sender}{behind}, by {one.lead.channel_words}{work}",)


def _offer(card: Opportunity) -> tuple[str, ...]:
    said = [one.value for one in card.places]
    said += [card.remote.value.replace("_", " ")] if card.remote else []
    said += [pay.phrase for pay in card.pay[:1]]
    said += [f"until {card.deadline.day:%d %B}"] if card.deadline and card.deadline.day else []
    return (" · ".join(said),) if said else ()


def _new(facts: WeekFacts) -> Iterator[Section]:
    labels = tuple(label for label, _ in facts.weeks)
    stacks = tuple((counts.get(Category.RECRUITER, 0), counts.get(Category.REFERRAL, 0)) for _, counts in facts.weeks)
    channels = Counter((one.lead.category.value, one.lead.channel_words) for one in facts.new)
    items = [
        Item(f"{category} by {channel}", side=str(number))
        for (category, channel), number in sorted(channels.items(), key=lambda pair: (-pair[1], pair[0]))
    ]
    items += [
        Item(f"reached the account {account}, marked as work", ("triage leads shows it",), str(number), Tone.WARNING)
        for account, number in sorted(facts.work.items())
    ]
    if items or any(sum(stack) for stack in stacks):
        bars = Bars("Leads a week, by the day the week began", labels, stacks, ("recruiters", "referrals"))
        yield Section(
            "New leads", "" if items else "None this week.", tuple(items), bars if any(map(sum, stacks)) else None
        )


def _several(facts: WeekFacts) -> Iterator[Section]:
    found = [one for one in facts.standings if len(one.lead.sides) > 1 and _is_current(one, facts)]
    if found:
        items = tuple(
            Item(one.title, (f"offered by {', '.join(one.lead.side_names)}",), f"{len(one.lead.sides)} sides")
            for one in found[:_MOST]
        )
        note = "Answer one of them: two agencies that put you forward for one job can cost you it."
        yield Section("The same job from several sides", note, items)


def _is_current(one: Standing, facts: WeekFacts) -> bool:
    return any(facts.week.has(message.received_at) for message in one.lead.messages)


def _rescued(facts: WeekFacts) -> Iterator[Section]:
    found = [one for one in facts.new if any(message.is_rescued for message in one.lead.messages)]
    if found:
        items = tuple(
            Item(one.title, (" · ".join([*_who(one), *_offer(one.card)]),), one.lead.lead_id) for one in found[:_MOST]
        )
        yield Section("Found in Junk", "Your server had filed these as junk; they read like leads.", items)


def _scams(facts: WeekFacts) -> Iterator[Section]:
    if facts.scams:
        kinds = sorted(facts.scams.items(), key=lambda pair: (-pair[1], pair[0]))
        labels = tuple(kind.replace("_", " ") for kind, _ in kinds)
        bars = Bars("Scams by kind", labels, tuple((number,) for _, number in kinds))
        yield Section("Scams kept away", bars=bars)


def _near_misses(facts: WeekFacts) -> Iterator[Section]:
    if facts.near:
        items = tuple(
            Item(
                one.subject or "without a subject",
                (f"{one.sender}, called {one.category.value}", str(one.ref)),
                f"{one.lead_chance:.0%}",
            )
            for one in facts.near
        )
        note = "Not called leads, yet not far from it: please look. The number is the chance that one is a lead."
        more = "triage correct 'SOURCE' recruiter (or referral, scam, other) tells what one is; SOURCE is its last line, in quotes."
        yield Section("Near misses", note, items, more=more)


def _appearances(facts: WeekFacts) -> Iterator[Section]:
    series: dict[tuple[str, Kind], list[Appearance]] = {}
    for one in facts.appearances:
        series.setdefault((one.platform, one.kind), []).append(one)
    for (platform, kind), points in sorted(series.items()):
        recent = points[-_MOST_POINTS:]
        what = "appearances in searches" if kind is Kind.SEARCHES else "views of your profile"
        labels = tuple(f"{one.seen_at.day} {one.seen_at:%b}" for one in recent)
        bars = Bars(f"{platform}: {what}", labels, tuple((one.number,) for one in recent))
        yield Section("Who looks for you", _trend(recent), bars=bars)


def _trend(points: Sequence[Appearance]) -> str:
    if len(points) == 1:
        return f"{points[0].number}, the first count there is."
    last, before = points[-1].number, points[-2].number
    way = "as many as" if last == before else "more than" if last > before else "fewer than"
    return f"{last} the last time, {way} the {before} before."


def _learnt(facts: WeekFacts) -> Section:
    learning = facts.learning
    items = [
        Item(
            _RESULTS[one.result],
            (one.reason, f"{one.examples} examples"),
            f"{one.finished_at.day} {one.finished_at:%b}",
            Tone.WARNING if one.result in {Result.REFUSED, Result.HELD} else Tone.PLAIN,
        )
        for one in learning.trainings
        if one.result is not Result.NOTHING
    ]
    told = [f"{number} as {category}" for category, number in sorted(learning.corrected.items())]
    told += [f"{learning.relabelled} by a changed label"] if learning.relabelled else []
    note = f"You told what mails are: {', '.join(told)}." if told else "You corrected nothing."
    if not items and not told:
        return Section("What was learnt", "Nothing this week.")
    more = "Take it back: triage learned lists every example, triage unlearn EXAMPLE takes one back, triage models rollback returns to the model before."
    return Section("What was learnt", note, tuple(items), more=more)


def _health(facts: WeekFacts) -> Section:
    health = facts.health
    items = [Item("Model in use", (health.model,))]
    rise = health.unsure - health.unsure_before
    is_worse = rise > _WORRYING_RISE and bool(health.before)
    usual = (
        f"{health.unsure_before:.1%} in the four weeks before" if health.before else "no weeks before to compare with"
    )
    advice = ("triage review asks you about the ones it would learn most from",) if is_worse else ()
    tone = Tone.WARNING if is_worse else Tone.PLAIN
    items.append(Item("Left unsure", (usual, *advice), f"{health.unsure:.1%}", tone))
    unjudged = health.judged.get(State.UNJUDGED.value, 0)
    if unjudged or health.waiting:
        words = "tried again later and later; triage status --unjudged lists them"
        items.append(
            Item("Could not be judged or labelled", (words,), str(max(unjudged, health.waiting)), Tone.WARNING)
        )
    return Section("How the judging goes", items=tuple(items))
