"""What is learnt from an owner's examples: as if the corpus had been learnt with them, misfiled ones aside."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from scipy import sparse

from tests.builders import make_offer, make_plain_of, make_scam
from triage.classify.features import OwnerMask
from triage.classify.model import Vector
from triage.errors import ModelError
from triage.learn.corpus import load_corpus
from triage.learn.dataset import Dataset, build_dataset, design_matrix
from triage.learn.firmness import Firmness, load_firmness, measure_firmness, save_firmness
from triage.learn.fit import BASE_RECIPE, feature_scale, fit_linear, fit_model, held_out_scores
from triage.learn.personal import OwnMail, Prior, build_own_mail, fit_personal
from triage.learn.promotion import load_prior
from triage.modelfile import base_model_path, load_model
from triage.reading import Reading
from triage.records import CATEGORIES, Category, MessageRef, RawMessage
from triage.store.evidence import KeptFeatures

BASE = load_model(base_model_path())
PRIOR = load_prior(BASE)
MAKERS = {"scam": make_scam, "offer": make_offer, "plain": make_plain_of}
START = datetime(2026, 1, 1, tzinfo=UTC)


@cache
def kept(kind: str, number: int) -> KeptFeatures:
    item = RawMessage(MessageRef("home", "X"), MAKERS[kind](number), internal_date=START + timedelta(hours=number))
    return Reading(BASE, OwnerMask(), b"key").read(item, START)


def mail_of(*told: tuple[str, int, Category]) -> OwnMail:
    return build_own_mail(BASE, [kept(kind, number) for kind, number, _ in told], [one for _, _, one in told])


def test_a_misfiled_example_among_its_like_is_hardly_believed() -> None:
    told = [("offer", number, Category.RECRUITER) for number in range(12)]
    told[5] = ("offer", 5, Category.OTHER)
    told += [("plain", number, Category.OTHER) for number in range(12)]
    personal = fit_personal(mail_of(*told), PRIOR)
    # How far each is believed goes with the base model's temperature; the misfiled one is a fraction of any other.
    assert personal.trust[5] < 0.1
    assert np.delete(personal.trust, 5).min() > 4 * personal.trust[5]
    assert personal.influences.sum() == pytest.approx(1)


def test_an_odd_habit_that_no_example_contradicts_is_believed_and_learnt() -> None:
    """To everybody else these are offers; this owner files them away."""
    mail = mail_of(*(("offer", number, Category.OTHER) for number in range(8)))
    assert (mail.scores.argmax(axis=1) == CATEGORIES.index(Category.RECRUITER)).mean() > 0.5
    personal = fit_personal(mail, PRIOR)
    assert personal.trust.min() > 0.9
    unseen = mail_of(*(("offer", number, Category.OTHER) for number in range(20, 26)))
    assert (personal.scores(unseen).argmax(axis=1) == CATEGORIES.index(Category.OTHER)).all()


def test_the_correction_is_the_sum_of_what_the_examples_pull() -> None:
    """So an example's share is exact: with its pull taken away, nothing of it is left."""
    told = [("offer", number, Category.RECRUITER) for number in range(6)]
    mail = mail_of(*told, ("scam", 1, Category.SCAM))
    personal = fit_personal(mail, PRIOR)
    design = mail.vectors[:, personal.places]
    pulled = personal.change * PRIOR.firmness.at(personal.places)
    # What pulls is what all buckets of one example have in common.
    pulls = sparse.linalg.lsqr(design.T.tocsr(), pulled[:, 0])[0]
    assert np.abs(design.T @ pulls - pulled[:, 0]).max() < 0.01 * np.abs(pulled[:, 0]).max()
    lengths = np.array([sparse.linalg.lsqr(design.T.tocsr(), column)[0] for column in pulled.T])
    shares = np.linalg.norm(lengths, axis=0) * np.sqrt(design.power(2).sum(axis=1).A1)
    assert personal.influences == pytest.approx(shares / shares.sum(), abs=0.02)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> tuple[Dataset, Prior, sparse.csr_matrix]:
    """A base model of two authors' mail, how firmly it is held, and the vectors it was fitted to."""
    folder = tmp_path_factory.mktemp("corpus")
    source = Path(__file__).parents[2] / "models" / "corpus"
    for name in ("author_1", "ordinary_1"):
        lines = (source / f"{name}.jsonl").read_text("utf-8").splitlines()[:100]
        (folder / f"{name}.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    dataset = build_dataset(load_corpus([folder]), BASE_RECIPE.layout())
    model = fit_model(dataset, BASE_RECIPE, held_out_scores(dataset, BASE_RECIPE))
    idf = [model.idf[one.offset : one.offset + 2**one.bits].astype(np.float64) for one in model.blocks]
    matrix = design_matrix(dataset, idf)
    scale = feature_scale(matrix, dataset.labels, BASE_RECIPE)
    firmness = measure_firmness(matrix, model, 1 / (BASE_RECIPE.inverse_regularisation * scale**2))
    return dataset, Prior(model, firmness), matrix


def test_firmness_is_how_fast_the_corpus_gets_worse(small: tuple[Dataset, Prior, sparse.csr_matrix]) -> None:
    dataset, prior, matrix = small
    weights = np.asarray(prior.model.weights, dtype=np.float64)
    everywhere = np.arange(len(weights))
    place = int(np.argmax(prior.firmness.at(everywhere)[:, 0] - prior.firmness.ridge_at(everywhere)))
    signs = np.where(dataset.labels == 0, 1.0, -1.0)
    scores = matrix @ weights[:, 0] + prior.model.intercept[0]
    column = matrix[:, [place]].toarray().ravel()

    def loss(change: float) -> float:
        return float(np.logaddexp(0.0, -signs * (scores + change * column)).sum())

    step = 1e-2
    curvature = (loss(step) - 2 * loss(0.0) + loss(-step)) / step**2
    where = np.array([place])
    assert prior.firmness.at(where)[0, 0] - prior.firmness.ridge_at(where)[0] == pytest.approx(curvature, rel=0.05)


def test_it_comes_close_to_learning_corpus_and_examples_anew(small: tuple[Dataset, Prior, sparse.csr_matrix]) -> None:
    """On mail of another author, where the base model is often wrong."""
    dataset, prior, matrix = small
    file = Path(__file__).parents[2] / "models" / "corpus" / "author_2.jsonl"
    other = build_dataset(load_corpus([file])[:60], dataset.blocks)
    idf = [prior.model.idf[one.offset : one.offset + 2**one.bits].astype(np.float64) for one in dataset.blocks]
    vectors = design_matrix(other, idf)
    scores: Vector = np.asarray(vectors @ np.asarray(prior.model.weights, dtype=np.float64) + prior.model.intercept)
    whole = OwnMail(vectors, scores, np.zeros_like(scores), other.labels, np.full(len(other.labels), np.nan))
    personal = fit_personal(whole.subset(np.arange(30)), prior, 1.0)
    scale = feature_scale(matrix, dataset.labels, BASE_RECIPE)
    anew, intercept = fit_linear(
        sparse.vstack([matrix, vectors[:30]], format="csr") @ sparse.diags(scale),
        np.concatenate([dataset.labels, other.labels[:30]]),
        len(CATEGORIES),
        BASE_RECIPE.inverse_regularisation,
    )
    moved, meant = personal.scores(whole) - scores, vectors @ (anew * scale[:, None]) + intercept - scores
    assert np.corrcoef(moved.ravel(), meant.ravel())[0, 1] > 0.9


def test_firmness_is_kept_in_the_same_bytes_and_refused_where_it_does_not_belong(
    small: tuple[Dataset, Prior, sparse.csr_matrix], tmp_path: Path
) -> None:
    firmness = small[1].firmness
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    for path in (first, second):
        save_firmness(path, firmness, f"{BASE.model_id}ffff")
    assert first.read_bytes() == second.read_bytes()
    assert np.array_equal(load_firmness(first, BASE).codes, firmness.codes)
    with pytest.raises(ModelError, match="is of another model than the shipped one"):
        load_firmness(first, replace(BASE, model_id="0" * 12))
    with pytest.raises(ModelError, match="cannot be read; restore it, or run `triage train --base`"):
        load_firmness(tmp_path / "nothing.npz", BASE)
    first.write_bytes(first.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be read"):
        load_firmness(first, BASE)
    save_firmness(second, Firmness(firmness.codes[:10], firmness.ridge[:10]), BASE.model_id)
    with pytest.raises(ModelError, match="does not fit the shipped model"):
        load_firmness(second, BASE)


def test_what_is_shipped_belongs_to_the_shipped_model() -> None:
    assert PRIOR.firmness.codes.shape == BASE.weights.shape
    ridge = PRIOR.firmness.ridge_at(np.arange(len(BASE.weights)))
    weight = np.abs(np.asarray(BASE.weights, dtype=np.float64)).max(axis=1)
    # The fit spent its weights on words that the categories use unevenly: those it held least.
    assert np.median(ridge[weight > 1]) < np.median(ridge[(weight > 0) & (weight < 0.01)])
