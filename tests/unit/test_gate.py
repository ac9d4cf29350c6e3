"""The gate: what a challenger must not do, and what is held back before it is learnt."""

import zlib
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache

import numpy as np
import pytest

from tests.builders import make_offer, make_plain_of, make_scam
from triage.classify.counted import pack_counts, unpack_counts
from triage.classify.decision import CostTable
from triage.classify.features import OwnerMask
from triage.config import DecisionConfig
from triage.learn.examples import Example
from triage.learn.gate import CheckSet, Contestants, HeldOutMail, Trial, hold_out, iter_segments, judge
from triage.learn.personal import STRENGTHS, OwnMail, build_own_mail, fit_personal, scores_of, to_model
from triage.learn.promotion import load_check_set, load_prior
from triage.learn.suspicion import MASS, reason_to_hold
from triage.modelfile import base_model_path, load_model
from triage.reading import Reading
from triage.records import CATEGORIES, Category, MessageRef, RawMessage, Uid, UidValidity
from triage.store.evidence import KeptFeatures, Origin

COSTS = CostTable(**DecisionConfig().model_dump())
START = datetime(2026, 1, 1, tzinfo=UTC)
BASE = load_model(base_model_path())
PRIOR = load_prior(BASE)
READING = Reading(BASE, OwnerMask(), b"key")


@cache
def kept(kind: str, number: int) -> KeptFeatures:
    make = {"scam": make_scam, "offer": make_offer, "plain": make_plain_of}[kind]
    item = RawMessage(MessageRef("home", "X"), make(number), internal_date=START + timedelta(hours=number))
    found = READING.read(item, START)
    return replace(found, fingerprint=f"{kind}-{number:03}", sender=f"{kind}{number % 9}", thread=f"{kind}{number}")


def own_mail(features: Sequence[KeptFeatures], category: Category) -> OwnMail:
    return build_own_mail(BASE, features, [category] * len(features))


def contest(features: Sequence[KeptFeatures], category: Category) -> str:
    """Return why the gate refuses a model that learnt this."""
    mail = own_mail(features, category)
    check = load_check_set(BASE)
    model = to_model(BASE, fit_personal(mail, PRIOR), mail)
    held_out = hold_out(mail, features, Trial(PRIOR, COSTS, STRENGTHS[0]))
    return judge(Contestants(BASE, model, scores_of(model, check.mail), held_out), mail, check, COSTS).reason


def test_what_is_plausible_passes() -> None:
    assert contest([kept("offer", number) for number in range(20)], Category.RECRUITER) == ""


def test_leads_learnt_as_scams_are_refused_by_mail_that_resembles_them() -> None:
    """Half of the leads of the check set, filed as scams: the other half shows what that does."""
    whole = load_check_set(BASE)
    leads = np.flatnonzero(whole.mail.labels < 2)  # recruiter and referral
    wrong = whole.mail.subset(leads[::2])
    mail = replace(wrong, labels=np.full(len(wrong), CATEGORIES.index(Category.SCAM)))
    rest = np.setdiff1d(np.arange(len(whole.mail)), leads[::2])
    check = CheckSet(whole.mail.subset(rest), whole.either[rest])
    model = to_model(BASE, fit_personal(mail, PRIOR), mail)
    nothing = HeldOutMail(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.int64))
    reason = judge(Contestants(BASE, model, scores_of(model, check.mail), nothing), mail, check, COSTS).reason
    assert "on the check set it calls" in reason


def test_counts_survive_packing() -> None:
    found = kept("scam", 1)
    counted = unpack_counts(found.counts, BASE.blocks)
    assert pack_counts(counted) == found.counts
    assert counted.places.max() < len(BASE.weights)
    with pytest.raises(ValueError, match="damaged"):
        unpack_counts(b"nonsense", BASE.blocks)
    with pytest.raises(ValueError, match="cut"):
        unpack_counts(zlib.compress(b"1234567"), BASE.blocks)


def test_segments_learn_from_earlier_mail_and_keep_senders_whole() -> None:
    features = [kept("offer", number) for number in range(40)]
    segments = list(iter_segments(features))
    assert segments
    for learnt, judged in segments:
        senders = [{features[row].sender for row in rows} for rows in (learnt, judged)]
        assert not senders[0] & senders[1]


def examples(count: int, category: Category, start: int = 0) -> list[Example]:
    ref = MessageRef("home", "Fakes", UidValidity(1), Uid(1))
    return [Example(f"m{start + n:04}", category, Origin.FOLDER, ref, START) for n in range(count)]


def sure_of(category: Category, count: int) -> np.ndarray:
    chances = np.full((count, len(CATEGORIES)), 0.02)
    chances[:, CATEGORIES.index(category)] = 0.94
    return chances


def test_a_mass_of_changed_minds_is_held() -> None:
    told = examples(MASS, Category.SCAM)
    learnt = {one.fingerprint: Category.RECRUITER for one in told}
    reason = reason_to_hold(told, learnt, sure_of(Category.RECRUITER, MASS))
    assert reason.startswith(f"{MASS} messages have another category than last time, most of them now scam in Fakes")
    assert "--confirm" in reason
    fewer = told[1:]
    assert reason_to_hold(fewer, learnt, sure_of(Category.RECRUITER, MASS - 1)) == ""


def test_a_mass_of_surprises_is_held_and_ordinary_filing_is_not() -> None:
    told = examples(200, Category.SCAM)
    assert "surely something else" in reason_to_hold(told, {}, sure_of(Category.RECRUITER, 200))
    assert reason_to_hold(told, {}, sure_of(Category.SCAM, 200)) == ""


def test_one_odd_example_does_not_overturn_the_base() -> None:
    """A swindle filed among the leads once does not open the door to the next one."""
    mail = own_mail([kept("scam", 1)], Category.RECRUITER)
    personal = fit_personal(mail, PRIOR)
    others = own_mail([kept("plain", number) for number in range(5)], Category.OTHER)
    moved = np.abs(personal.scores(others) - others.scores).max()
    assert moved < np.abs(personal.scores(mail) - mail.scores).max() / 3
    check = load_check_set(BASE)
    before = check.mail.scores.argmax(axis=1)
    after = personal.scores(check.mail).argmax(axis=1)
    assert np.mean(before != after) < 0.02


def test_no_examples_are_the_base_model() -> None:
    mail = own_mail([], Category.OTHER)
    personal = fit_personal(mail, PRIOR)
    assert not personal.places.size
    assert np.array_equal(to_model(BASE, personal, mail).weights, BASE.weights)
