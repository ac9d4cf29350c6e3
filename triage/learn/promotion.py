"""Examples to a model in use: fit, gate, save, promote; or a reason why not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from triage.classify.features import OwnerMask
from triage.classify.model import LinearModel, Vector
from triage.classify.scorer import softmax
from triage.errors import ModelError
from triage.learn.corpus import load_corpus
from triage.learn.examples import Example
from triage.learn.gate import CheckSet, Contestants, Judgement, answers_of, hold_out, judge
from triage.learn.gather import Reading
from triage.learn.options import TrainingOptions
from triage.learn.personal import STRENGTHS, OwnMail, Personal, build_own_mail, fit_personal, scores_of, to_model
from triage.learn.suspicion import reason_to_hold
from triage.modelfile import check_set_path
from triage.modelshelf import BASE
from triage.records import Category, MessageRef, RawMessage
from triage.store.evidence import KeptFeatures, Learnt, Result, Training

# The check set has no order of time.
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Material:
    """What there is to learn from: features and examples, both in the order of fingerprints.

    Attributes:
        evidence: digest of the examples and the base model.
    """

    kept: Sequence[KeptFeatures]
    examples: Sequence[Example]
    evidence: str


@dataclass(frozen=True)
class _Candidate:
    personal: Personal
    model: LinearModel
    strength: float
    judgement: Judgement


def learn(material: Material, options: TrainingOptions, *, confirmed: bool) -> Training:
    """Fit a model to the examples and take it into use, unless the gate refuses it.

    Raises:
        StoreError, ModelError: it cannot be remembered or saved; the model in use stays.
    """
    base, shelf = options.base, options.shelf
    mail = build_own_mail(base, material.kept, [one.category for one in material.examples])
    champion = _champion(options)
    learnt = {one.fingerprint: one.category for one in options.store.evidence.list_learnt()} if champion else {}
    used = champion or base
    chances = _chances(scores_of(used, mail), used)
    if not confirmed and (reason := reason_to_hold(material.examples, learnt, chances)):
        return _ended(material, options, Result.HELD, reason)
    seen = np.array([learnt.get(one.fingerprint) is one.category for one in material.examples], dtype=bool)
    best, refused = _best_candidate(material, mail, options, champion, ~seen)
    if best is None:
        return _ended(material, options, Result.REFUSED, refused)
    model_id = shelf.save(best.model, _card(material, options, best))
    shelf.use(model_id)
    options.store.evidence.save_learnt(
        [
            Learnt(one.fingerprint, one.category, model_id, float(share))
            for one, share in zip(material.examples, best.personal.influences, strict=True)
        ]
    )
    reason = f"learnt with a strength of {best.strength:g}; with more, {refused}" if refused else ""
    return _ended(material, options, Result.PROMOTED, reason, model_id)


def _best_candidate(
    material: Material, mail: OwnMail, options: TrainingOptions, champion: LinearModel | None, unseen: np.ndarray
) -> tuple[_Candidate | None, str]:
    """Return the candidate that learns most of those the gate lets pass, and why it refused the first."""
    base, costs = options.base, options.costs
    check = load_check_set(base)
    by_champion = answers_of(scores_of(champion, mail), mail, champion, costs) if champion else None
    refused = ""
    for strength in STRENGTHS:
        personal = fit_personal(mail, base, strength)
        model = to_model(base, personal, mail)
        contestants = Contestants(
            base,
            model,
            scores_of(model, check.mail),
            hold_out(mail, material.kept, base, costs, strength),
            by_champion,
            unseen,
        )
        judgement = judge(contestants, mail, check, costs)
        if not judgement.reason:
            return _Candidate(personal, model, strength, judgement), refused
        refused = refused or judgement.reason
    return None, refused


def _champion(options: TrainingOptions) -> LinearModel | None:
    """Return the personal model in use; None if the shipped one is, or it is refused or of another base."""
    name = options.shelf.in_use()
    if name == BASE:
        return None
    try:
        if options.shelf.card(name).get("features") != options.reading.features_id:
            return None
        model = options.shelf.load(name)
    except ModelError:
        return None
    return model if np.array_equal(model.idf, options.base.idf) else None


def _chances(scores: Vector, model: LinearModel) -> Vector:
    return np.array([softmax(model.slope * row + model.bias) for row in scores]).reshape(len(scores), -1)


def load_check_set(base: LinearModel) -> CheckSet:
    """Return the shipped check set as the base model sees it."""
    specimens = load_corpus([check_set_path()])
    reading = Reading(base, OwnerMask(), b"")
    kept = [reading.read(RawMessage(MessageRef("", one.id), one.content), _EPOCH) for one in specimens]
    mail = build_own_mail(base, kept, [one.category for one in specimens])
    return CheckSet(mail, np.array([one.either for one in specimens], dtype=bool))


def _ended(material: Material, options: TrainingOptions, result: Result, reason: str, model_id: str = "") -> Training:
    return Training(options.clock(), result, model_id, len(material.examples), material.evidence, reason)


def _card(material: Material, options: TrainingOptions, best: _Candidate) -> dict[str, object]:
    counts = {category.value: sum(one.category is category for one in material.examples) for category in Category}
    return {
        "base": options.base.model_id,
        "features": options.reading.features_id,
        "examples": counts,
        "strength": best.strength,
        "gate": dict(best.judgement.figures),
    }
