"""Examples to a model in use: fit, gate, save, promote; or a reason why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from triage.classify.decision import CostTable
from triage.classify.model import LinearModel
from triage.errors import ModelError
from triage.learn import checkset
from triage.learn.corpus import load_corpus
from triage.learn.examples import Example
from triage.learn.firmness import firmness_path, load_firmness
from triage.learn.gate import (
    CheckSet,
    Contestants,
    HeldOutMail,
    Judgement,
    Trial,
    answers_of,
    compare_with_champion,
    group_mail,
    hold_out,
    hold_out_latest,
    judge,
)
from triage.learn.options import TrainingOptions
from triage.learn.personal import (
    STRENGTHS,
    OwnMail,
    Personal,
    Prior,
    build_own_mail,
    chances_of,
    fit_personal,
    scores_of,
    to_model,
)
from triage.learn.suspicion import reason_to_hold
from triage.modelfile import check_set_path
from triage.modelshelf import BASE
from triage.records import Category
from triage.store.evidence import KeptFeatures, Learnt, Result, Training


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
class Candidate:
    """A model that the gate lets pass."""

    personal: Personal
    model: LinearModel
    trial: Trial
    judgement: Judgement
    held_out: HeldOutMail


def learn(material: Material, options: TrainingOptions, *, confirmed: bool) -> Training:
    """Fit a model to the examples and take it into use, unless the gate refuses it.

    Raises:
        StoreError, ModelError: it cannot be remembered or saved; the model in use stays.
    """
    base, shelf = options.base, options.shelf
    mail = build_own_mail(base, material.kept, [one.category for one in material.examples])
    champion = _champion(options)
    evidence = options.store.evidence
    learnt = {one.fingerprint: one.category for one in evidence.list_learnt(shelf.in_use())} if champion else {}
    used = champion or base
    chances = chances_of(used, scores_of(used, mail), mail.read)
    if not confirmed and (reason := reason_to_hold(material.examples, learnt, chances)):
        return _ended(material, options, Result.HELD, reason)
    best, refused = find_candidate(mail, material.kept, load_prior(base), options.costs)
    taken_back = _takes_back(material.examples, learnt)
    if best is None and taken_back:
        shelf.use(BASE)
        reason = f"the shipped model is in use again, since you took back what the former one had learnt: {refused}"
        return _ended(material, options, Result.REFUSED, reason)
    if best is None:
        return _ended(material, options, Result.REFUSED, refused)
    if champion and not taken_back and (reason := _reason_to_keep(champion, best, material, mail, learnt, options)):
        return _ended(material, options, Result.REFUSED, reason)
    model_id = shelf.save(best.model, _card(material, options, best))
    evidence.save_learnt(
        model_id,
        [
            Learnt(one.fingerprint, one.category, float(share))
            for one, share in zip(material.examples, best.personal.influences, strict=True)
        ],
    )
    shelf.use(model_id)
    evidence.drop_learnt(shelf.prune())
    reason = f"learnt with a strength of {best.trial.strength:g}; with more, {refused}" if refused else ""
    return _ended(material, options, Result.PROMOTED, reason, model_id)


def find_candidate(
    mail: OwnMail, kept: Sequence[KeptFeatures], prior: Prior, costs: CostTable
) -> tuple[Candidate | None, str]:
    """Return the candidate that learns most of those the gate lets pass, and why it refused the first.

    It depends on the examples alone, not on what was in use before: what was taken back
    leaves nothing behind.
    """
    base = prior.model
    check = load_check_set(base)
    refused = ""
    for strength in STRENGTHS:
        personal = fit_personal(mail, prior, strength)
        model = to_model(base, personal, mail)
        held_out = hold_out(mail, kept, Trial(prior, costs, strength))
        judgement = judge(Contestants(base, model, scores_of(model, check.mail), held_out), mail, check, costs)
        if not judgement.reason:
            return Candidate(personal, model, Trial(prior, costs, strength), judgement, held_out), refused
        refused = refused or judgement.reason
    return None, refused


def _reason_to_keep(
    champion: LinearModel,
    best: Candidate,
    material: Material,
    mail: OwnMail,
    learnt: Mapping[str, Category],
    options: TrainingOptions,
) -> str:
    """Return why the model in use is better, on mail that neither learnt from."""
    answers = answers_of(scores_of(champion, mail), mail, champion, options.costs)
    seen = np.array([one.fingerprint in learnt for one in material.examples], dtype=bool)
    # Of senders and threads that one of them knows and the other does not, the comparison would not be fair.
    groups = group_mail(material.kept)
    known = {groups[row] for row in np.flatnonzero(seen)}
    strangers = np.array([group not in known for group in groups], dtype=bool)
    latest = hold_out_latest(mail, material.kept, seen, best.trial)
    return compare_with_champion(best.held_out, answers, strangers, mail.labels) or compare_with_champion(
        latest, answers, ~seen, mail.labels
    )


def _takes_back(examples: Sequence[Example], learnt: Mapping[str, Category]) -> bool:
    """Return whether the owner took something back since: nothing keeps a model that learnt it."""
    told = {one.fingerprint: one.category for one in examples}
    return any(told.get(mark) is not category for mark, category in learnt.items())


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


def load_prior(base: LinearModel) -> Prior:
    """Return the shipped model and how firmly the corpus holds its weights.

    Raises:
        ModelError: that is missing, or of another model.
    """
    return Prior(base, load_firmness(firmness_path(), base))


def load_check_set(base: LinearModel) -> CheckSet:
    """Return the shipped check set as the base model sees it."""
    specimens = load_corpus([check_set_path()])
    kept = checkset.load_check_set(specimens, base)
    mail = build_own_mail(base, kept, [one.category for one in specimens])
    return CheckSet(mail, np.array([one.either for one in specimens], dtype=bool))


def _ended(material: Material, options: TrainingOptions, result: Result, reason: str, model_id: str = "") -> Training:
    return Training(options.clock(), result, model_id, len(material.examples), material.evidence, reason)


def _card(material: Material, options: TrainingOptions, best: Candidate) -> dict[str, object]:
    counts = {category.value: sum(one.category is category for one in material.examples) for category in Category}
    gate = best.judgement.figures
    judged = gate["own_mail_judged"]
    verdict = f"{gate['own_mistakes']} mistakes on {judged} of your mails it had not seen, the shipped model {gate['own_mistakes_of_base']}"
    return {
        "base": options.base.model_id,
        "verdict": verdict if judged else "too few examples to hold any out",
        "features": options.reading.features_id,
        "examples": counts,
        "strength": best.trial.strength,
        "gate": dict(gate),
    }
