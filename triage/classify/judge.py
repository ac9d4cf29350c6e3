"""Message to verdict: the one way that daemon, scan, training and evaluation share.

A first look at the words clears plain `other`; the rest is parsed and judged in full.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from triage.classify.advice import advise
from triage.classify.decision import CostTable, decide
from triage.classify.encoder import encode
from triage.classify.explanation import (
    ACT,
    MEANING,
    Contributions,
    contributions,
    direction_of,
    named_evidence,
    strongest,
)
from triage.classify.features import Features, OwnerMask, extract_features
from triage.classify.known import PROTECTING, Known
from triage.classify.model import LinearModel, Vector
from triage.classify.reader import Encode, Read
from triage.classify.scorer import (
    SparseVector,
    known_scores,
    leaves_open,
    probabilities,
    scam_kind,
    score,
    vectorise,
    vectorise_read,
)
from triage.classify.screen import HEAD, TAIL, glance_words, split_middle
from triage.classify.whatif import WhatIf, without_reasons
from triage.mail.parse import OpenedMessage, open_message
from triage.records import CATEGORIES, Category, Evidence, Message, Verdict

_SIGNAL_WORDS = {
    "asks_bank_details": "asks for bank details",
    "asks_identity_papers": "asks for identity papers",
    "asks_money": "asks for money",
    "asks_codes_or_passwords": "asks for codes or a password",
    "asks_software": "asks to download or install something",
    "passes_cheques": "a cheque is to pass through you",
    "passes_parcels": "parcels are to pass through you",
    "passes_payments": "payments are to pass through you",
    "crypto": "talks of crypto money",
    "chat_app": "moves to a chat app",
    "chat_interview": "interviews in a chat app",
    "easy_money": "promises easy money",
    "task_work": "pays for simple online tasks",
    "windfall": "promises a windfall",
    "gift_cards": "talks of gift cards",
    "shopper_or_survey": "offers mystery shopping or a car wrap",
    "picked_unasked": "says you were chosen without applying",
    "offers_job": "offers a job",
    "offers_candidates": "offers candidates to you",
    "asks_job": "asks you for a job",
    "asks_referral": "asks you to refer them",
    "asks_reference": "asks for a reference",
    "application_status": "is about an application of yours",
    "job_alert": "is a job alert",
    "post_filled": "says that a post is taken or nobody is hired",
    "own_news": "tells of a job the writer got or left",
    "names_referrer": "names who suggested you",
    "introduction": "introduces people",
    "passes_on_job": "passes a job on to you",
    "sells_service": "sells something",
    "next_step": "proposes to talk",
    "no_fee_promise": "says it costs you nothing",
    "in_person": "wants to meet in person",
    "generic_greeting": "does not know your name",
    "free_mail_sender": "comes from a free-mail address",
    "free_mail_company": "a company's name on a free-mail address",
    "platform_sender": "comes from a platform",
    "platform_verified": "verified as the platform's own",
    "lookalike_domain": "comes from a lookalike domain",
    "hiring_system_sender": "comes from a hiring system",
    "added_word_domain": "domain with a word added to a name",
    "role_account": "comes from an unattended address",
    "reply_to_elsewhere": "answers go to another domain",
    "reply_to_free_mail": "answers go to a free-mail address",
    "reply_to_lookalike": "answers go to a lookalike domain",
    "authentication_fails": "the sender's domain does not vouch for it",
    "authentication_passes": "the sender's domain vouches for it",
    "hidden_text": "holds hidden text",
    "link_text_mismatch": "a link shows another address than it leads to",
    "names_pay": "names an amount of money",
    "in_thread": "answers within a thread",
    "in_thread_unquoted": "claims to answer, and shows nothing of a thread",
    "platform_notice": "a notice that the platform itself marked",
    "platform_claimed": "marked as a platform's notice by somebody else",
    "notice:message": "a platform's notice of a person's message",
    "notice:invitation": "a platform's notice of an invitation to connect",
    "notice:appearances": "a platform's notice of who looked at your profile",
    "notice:application": "a platform's notice about an application of yours",
    "notice:digest": "a platform's digest or job alert",
    "forwarded": "is forwarded",
    "paid_portal": "wants you to pay for seeing an offer",
    "vague_offer": "offers something without saying what",
    "knows_owner": "says how you know each other",
    "company_elsewhere": "names a company whose name the sender's domain does not bear",
    "company_in_domain": "names the company of the sender's domain",
    "company_in_domain_unproved": "names the company of a sender's domain that nothing vouches for",
    "company_lookalike": "comes from a domain that looks like the company it names",
    "pay_out_of_proportion": "promises far too much for the hours",
    "text_in_attachment": "says what it wants in an attachment",
    "no_text": "holds no readable text",
    "no_sender": "names no sender",
    "punycode_domain": "comes from a domain with letters beyond a to z",
    "invisible_characters": "hides invisible characters within words",
    "lookalike_letters": "mixes in letters that look like others",
    "dangerous_attachment": "attaches a file that can run a program",
    "archive_attachment": "attaches a packed archive",
    "calendar_attachment": "attaches a calendar entry",
    "shouting": "writes words in capitals",
    "known_contact": "comes from somebody you know",
    "contact_unverified": "names somebody you know as its sender, unverified",
    "contact_disowned": "pretends to come from somebody you know",
    "referrer_known": "names a referrer whom you know",
    "referrer_unknown": "names a referrer whom you never wrote to",
    "words": "the words",
    "meaning": "what a sentence means",
}

_ACT_WORDS = {
    "offers_post": "offers you a post",
    "passes_post_on": "passes a post on, or says who named you",
    "proposes_step": "proposes a next step",
    "on_own_application": "is about an application or job of your own",
    "offers_nothing": "says that nothing is offered",
    "wants_job": "asks you for a job or a favour",
    "asks_as_employer": "asks you as an employer or colleague",
    "sells": "sells something",
    "is_automatic": "is an automatic notice",
    "tells_of_others": "tells of others or of everyday business",
    "warns_of_fraud": "warns of a fraud",
    "asks_data": "asks for papers, data or codes",
    "runs_through_owner": "lets money or goods run through you",
    "asks_payment": "asks you to pay",
    "too_easy": "is too good to be true",
    "odd_channel": "moves to another channel, or presses",
    "says_who_writes": "says who writes",
}


# True of most mail of every category: counted, but no reason a person would give.
_WEAK = frozenset({"names_pay", "authentication_passes", "authentication_fails", "next_step", "in_thread", "shouting"})


# Quotes whose weight speaks for itself: a signal says more to a person, unless it weighs far less.
_LOOSE = frozenset({"words", MEANING})


def describe(name: str) -> str:
    """Return a signal's name in words for people."""
    if name.startswith(ACT):
        return f"a sentence {_ACT_WORDS[name.removeprefix(ACT)]}"
    if name.startswith("denies:"):
        return f"denies: {describe(name.removeprefix('denies:'))}"
    if name.startswith("header:"):
        return f"has the bulk header {name.removeprefix('header:')}"
    return _SIGNAL_WORDS.get(name, name.replace("_", " "))


@dataclass(frozen=True, slots=True)
class Explanation:
    """A verdict with everything that led to it.

    Attributes:
        category: what the contributions speak about: the verdict, or the likeliest
            category when the model abstained.
        what_if: what would have changed the verdict.
        model: as it judges what was read of the message, or what was not.
    """

    verdict: Verdict
    category: Category
    contributions: Contributions
    features: Features
    vector: SparseVector
    what_if: WhatIf
    model: LinearModel


@dataclass(frozen=True, slots=True)
class Judged:
    """A message and its verdict.

    Attributes:
        message: as it was judged; None where it was cleared at first look.
        read: what its sentences mean; None where they were not read.
    """

    opened: OpenedMessage
    verdict: Verdict
    message: Message | None = None
    read: Read | None = None


def only_vouched(message: Message, authserv_id: str | None) -> Message:
    """Return the message without what other servers than the account's own say of its sender."""
    if authserv_id is None:
        return message
    own = tuple(one for one in message.authentication if one.authserv_id == authserv_id.lower())
    return replace(message, authentication=own)


@dataclass(frozen=True, slots=True)
class _Weighed:
    """A message with its probabilities; no category where the model abstains.

    Attributes:
        model: as it judges what was read of it, or what was not.
        added: what each known fact adds to the raw scores, in the order of `known`.
        lacks_text: no more than a subject was read of it, see `Message`.
    """

    model: LinearModel
    features: Features
    vector: SparseVector
    chances: Vector
    category: Category | None
    known: tuple[Evidence, ...] = ()
    added: Vector = field(default_factory=lambda: np.zeros((0, len(CATEGORIES))))
    lacks_text: bool = False
    is_protected: bool = False

    @property
    def is_readable(self) -> bool:
        """Whether there is something to judge by."""
        return self.features.has_words and not self.lacks_text

    @property
    def likeliest(self) -> Category:
        """The category judged, or the likeliest where the model abstains; a scam, where only the sender speaks against it."""
        if self.is_protected:
            return Category.SCAM
        return self.category or CATEGORIES[int(self.chances.argmax())]


class Judge:
    """A model, its costs and its owner: judges messages one after the other."""

    def __init__(
        self,
        model: LinearModel,
        costs: CostTable,
        owner: OwnerMask = OwnerMask(),  # noqa: B008  frozen
        encode: Encode = encode,
    ) -> None:
        """Keep what every message is judged by."""
        self._model = model
        self._unread = model.unread()
        self._encode = encode
        self._costs = costs
        self._owner = owner

    @property
    def model(self) -> LinearModel:
        """The model in use."""
        return self._model

    @property
    def model_id(self) -> str:
        """The model's identity, as verdicts carry it."""
        return self._model.model_id

    def read(self, content: bytes, *, is_cut: bool = False, authserv_id: str | None = None) -> Judged:
        """Open a message and judge it: the way that every verdict on mail comes about.

        Args:
            content: see `open_message`.
            authserv_id: whose word about a sender's domain is to be believed; None believes
                the topmost header (RFC 8601 section 5).

        Raises:
            MessageError: it is empty or no mail message at all.
        """
        opened = open_message(content, is_cut=is_cut)
        verdict = self.clear(opened)
        if verdict is not None:
            return Judged(opened, verdict)
        message = only_vouched(opened.complete(with_identity=False), authserv_id)
        weighed = self._weigh(message, ())
        return Judged(opened, self._judge(weighed), message, weighed.vector.read)

    def clear(self, opened: OpenedMessage) -> Verdict | None:
        """Return the verdict on plain `other`, None for what has to be judged in full."""
        screen = self._model.screen
        ends = opened.glance_ends(HEAD, TAIL)
        glance = screen.look(glance_words(ends))
        if not screen.clears(glance) or opened.is_beyond_glance:
            return None
        # An offer may stand in the middle of a long thread: each part of it must be harmless by itself.
        if len(ends) > HEAD + TAIL:
            parts = split_middle(opened.glance_middle(HEAD, TAIL))
            if not all(screen.clears(screen.look(glance_words(part))) for part in parts):
                return None
        return Verdict(
            category=Category.OTHER,
            probabilities={one: round(chance, 6) for one, chance in screen.probabilities(glance.score).items()},
            scam_kind=None,
            evidence=screen.evidence(glance),
            reason="nothing in it speaks of an offer",
            model_id=self._model.model_id,
        )

    def judge(self, message: Message, known: Sequence[Known] = (), read: Read | None = None) -> Verdict:
        """Return the verdict of the full model; the same for the same message and facts, always.

        The evidence of what is `other` is its signals alone: nobody is shown its words unless
        they ask (`explain`).

        Args:
            known: what is known of the message's people beside what it says.
            read: what its sentences mean, where that is known from judging it before.
        """
        return self._judge(self._weigh(message, known, read))

    def _judge(self, weighed: _Weighed) -> Verdict:
        if weighed.category is not Category.OTHER:
            return self._verdict(weighed, self._reasons(weighed, self._contributions(weighed)))
        evidence = named_evidence(Category.OTHER, weighed.features, weighed.vector, weighed.model)
        return self._verdict(weighed, (*weighed.known, *evidence))

    def explain(self, message: Message, known: Sequence[Known] = (), read: Read | None = None) -> Explanation:
        """Return the verdict of the full model with the exact contributions behind it; see `judge`."""
        weighed = self._weigh(message, known, read)
        found = self._contributions(weighed)
        return Explanation(
            verdict=self._verdict(weighed, self._reasons(weighed, found)),
            category=weighed.likeliest,
            contributions=replace(found, named=(*found.named, *weighed.known)),
            features=weighed.features,
            vector=weighed.vector,
            what_if=self._what_if(weighed),
            model=weighed.model,
        )

    def _what_if(self, weighed: _Weighed) -> WhatIf:
        if not weighed.is_readable:
            return WhatIf((), None, weighed.chances, changes=False)
        known = [*zip(weighed.known, weighed.added, strict=True)]
        return without_reasons(weighed.features, weighed.vector, weighed.model, self._decide_knowing, known)

    def _weigh(self, message: Message, known: Sequence[Known], read: Read | None = None) -> _Weighed:
        features = extract_features(message, self._owner)
        model, vector = self._unread, vectorise(features, self._model)
        scores = score(vector, model)
        is_legible = features.has_words and not message.lacks_text
        if self._model.reader is not None and is_legible and leaves_open(probabilities(scores, model), model.sure):
            model = self._model
            vector = vectorise_read(vector, model, read or features.read(self._model.reader, self._encode))
            scores = score(vector, model)
        added = known_scores(known, model) if known else None
        chances = probabilities(scores if added is None else scores + added.sum(axis=0), model)
        category = self._decide(chances) if features.has_words and not message.lacks_text else None
        if added is None:
            return _Weighed(model, features, vector, chances, category, lacks_text=message.lacks_text)
        is_protected = category is Category.SCAM and any(one.name in PROTECTING for one in known)
        shown = added @ direction_of(category or CATEGORIES[int(chances.argmax())])
        evidence = tuple(
            Evidence(one.name, one.quote, weight) for one, weight in zip(known, shown.tolist(), strict=True)
        )
        return _Weighed(
            model,
            features,
            vector,
            chances,
            None if is_protected else category,
            evidence,
            added,
            lacks_text=message.lacks_text,
            is_protected=is_protected,
        )

    def _decide_knowing(self, chances: Vector, known: Collection[str]) -> Category | None:
        """Return what `_weigh` makes of probabilities, given the names of what is known."""
        category = self._decide(chances)
        return None if category is Category.SCAM and not PROTECTING.isdisjoint(known) else category

    def _decide(self, chances: Vector) -> Category | None:
        return decide(chances, self._costs)

    def _contributions(self, weighed: _Weighed) -> Contributions:
        return contributions(weighed.likeliest, weighed.features, weighed.vector, weighed.model)

    @staticmethod
    def _reasons(weighed: _Weighed, found: Contributions) -> tuple[Evidence, ...]:
        """Return the evidence; first, whatever it weighs, that the sender is known, which decides more than any word."""
        return (*weighed.known, *strongest(found, weighed.features))

    def _verdict(self, weighed: _Weighed, evidence: tuple[Evidence, ...]) -> Verdict:
        is_scam = weighed.category is Category.SCAM
        return Verdict(
            category=weighed.category,
            probabilities=dict(zip(CATEGORIES, np.round(weighed.chances, 6).tolist(), strict=True)),
            scam_kind=scam_kind(weighed.vector, self._model) if is_scam else None,
            evidence=evidence,
            reason=_reason(weighed, evidence),
            model_id=self._model.model_id,
        )


def _reason(weighed: _Weighed, evidence: tuple[Evidence, ...]) -> str:
    if not weighed.features.has_words:
        return "there is no readable text to judge"
    if weighed.lacks_text:
        return "only a subject could be read"
    if weighed.is_protected:
        known = next(item for item in weighed.known if item.name in PROTECTING)
        return f"reads like a scam, yet {describe(known.name)}: {known.quote}"
    if weighed.category is None:
        chances = weighed.chances.tolist()
        first, second = sorted(range(len(CATEGORIES)), key=lambda index: -chances[index])[:2]
        return f"between {CATEGORIES[first]} ({chances[first]:.0%}) and {CATEGORIES[second]} ({chances[second]:.0%})"
    for_it = [item for item in evidence if item.weight > 0]
    if not for_it:
        return "nothing in it points elsewhere"
    strong = [item for item in for_it if item.name not in _WEAK] or for_it
    named = next((item for item in strong if item.name not in _LOOSE), None)
    best = named if named and named.weight >= strong[0].weight / 3 else strong[0]
    return f"{describe(best.name)}: “{best.quote}”" if best.quote else describe(best.name)


def advice_for(verdict: Verdict) -> str | None:
    """Return what to do about a scam, None for anything else."""
    return advise(verdict.scam_kind) if verdict.category is Category.SCAM else None
