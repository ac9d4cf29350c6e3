"""All leads as they stand now: what `triage leads`, `triage network` and the report show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from triage.lead.lead import (
    UNANSWERED,
    Answer,
    Lead,
    LeadState,
    answers_to,
    merge_cards,
    state_of,
    turned_into_scam,
)
from triage.lead.opportunity import Opportunity
from triage.lead.preference import NO_WISHES, Preference, Wishes, prefer
from triage.lead.sides import honest_part, recruiter_of, side_of
from triage.records import MessageRef


@dataclass(frozen=True, slots=True)
class Standing:
    """One lead as it stands.

    Attributes:
        answered_at: when the owner last wrote about it; None if never.
        is_work: it reached an employer's account, and must not be answered from here.
    """

    lead: Lead
    state: LeadState
    answered_at: datetime | None
    preference: Preference
    is_work: bool

    @property
    def is_unanswered(self) -> bool:
        """Whether the last word is theirs."""
        return self.state in UNANSWERED

    @property
    def waiting_since(self) -> datetime | None:
        """Since when somebody waits for the owner; None where nobody does."""
        if not self.is_unanswered:
            return None
        open_since = self.answered_at
        return next(
            (one.received_at for one in self.lead.messages if open_since is None or one.received_at > open_since), None
        )

    @property
    def title(self) -> str:
        """The lead in a few words: role and company where they are known, else the subject."""
        card = self.card
        role = card.roles[0].value if card.roles else ""
        company = card.companies[0].value if card.companies else ""
        if role and company:
            return f"{role}, {company}"
        return role or company or self.lead.first.subject or "without a subject"

    @property
    def side(self) -> Lead:
        """What the one side said that wrote last, of those no scam came from if there are any: its people are not the others'."""
        lead = honest_part(self.lead) or self.lead
        return side_of(lead, lead.latest)

    @property
    def card(self) -> Opportunity:
        """What that side says, and where it is silent what the others say: in a thread it may have gone on to another job."""
        lead = honest_part(self.lead) or self.lead
        return merge_cards([lead.card, side_of(lead, lead.latest).card])

    @property
    def sender(self) -> str:
        """Who to answer, in words."""
        side = self.side
        latest = side.latest
        return recruiter_of(side) or latest.sender.name or latest.sender.addr_spec

    @property
    def source(self) -> MessageRef:
        """Where the latest message that is no scam was seen."""
        return self.lead.latest.ref

    @property
    def alert(self) -> str | None:
        """What to be warned of, None if of nothing."""
        fallen = turned_into_scam(self.lead)
        if fallen is None:
            return None
        kind = (fallen.scam_kind or "scam").replace("_", " ")
        # The others who offer it may be honest: a scam copies what real employers publish.
        whom = f" {fallen.sender.addr_spec}" if honest_part(self.lead) and fallen.sender.addr_spec else ""
        return f"turned into a scam on {fallen.received_at:%Y-%m-%d} ({kind}): do not answer{whom}"


@dataclass(frozen=True, slots=True)
class View:
    """By what leads are looked at.

    Attributes:
        work: accounts that are an employer's.
    """

    now: datetime
    expires_after: timedelta
    wishes: Wishes = NO_WISHES
    work: frozenset[str] = frozenset()


def look_at(leads: Sequence[Lead], answers: Mapping[str, Sequence[Answer]], view: View) -> list[Standing]:
    """Return how leads stand: alerts first, then who waits, the best fitting first, then the rest, latest first."""
    found = [_stand(lead, answers.get(lead.lead_id, ()), view) for lead in leads]
    return sorted(found, key=lambda one: _order(one, view))


def _stand(lead: Lead, answers: Sequence[Answer], view: View) -> Standing:
    own = answers_to(lead, answers)
    return Standing(
        lead,
        state_of(lead, answers, view.now, view.expires_after),
        max((one.sent_at for one in own), default=None),
        prefer(lead, view.wishes),
        bool(lead.accounts & view.work),
    )


def _order(one: Standing, view: View) -> tuple[int, bool, int, float, str]:
    is_fresh = view.now - one.lead.last_at <= view.expires_after
    group = 0 if one.state is LeadState.TURNED_INTO_SCAM and is_fresh else 1 if one.is_unanswered else 2
    ordinary, score = (one.preference.is_ordinary, -one.preference.score) if group == 1 else (False, 0)
    return group, ordinary, score, -one.lead.last_at.timestamp(), one.lead.lead_id
