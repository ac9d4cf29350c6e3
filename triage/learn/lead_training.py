"""Learns the model of lead cards from annotated mail, and writes it into the package.

First the tagger (python-crfsuite, L-BFGS), on authors in folds; what it says of those held
out teaches the choosers (scikit-learn), whose thresholds are set on authors held out again.
Then the tagger once more on everything.
"""

import io
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from triage.lead.candidates import Candidate, gather, overlaps
from triage.lead.card import context_of, country_of
from triage.lead.choosing import BIAS, THRESHOLD, choose, score
from triage.lead.columns import Context, Hashes, columns, features
from triage.lead.material import Material
from triage.lead.names import is_same, is_same_person
from triage.lead.notice import read_notice
from triage.lead.paying import gather_sums
from triage.lead.people import gather_people
from triage.lead.tagging import TAGS, LeadModel, Marks, Matrix, chances_of, places_of, to_arrays
from triage.learn.lead_data import ALL_TAGS, AnnotatedLead, is_same_pay, tag
from triage.modelfile import write_whole

MODEL_PATH = Path(__file__).parents[1] / "lead" / "card.npz"
"""Where the package keeps the model."""

FOLDS = 4
"""Authors are dealt to so many folds, by size."""

# L1 and L2 of the tagger and its passes; measured on held-out authors of the development set.
_L1, _L2, _PASSES = 0.1, 0.1, 60
_FORBIDDEN = -12.0
_LIMITS = {"company": 3, "role": 4, "place": 5, "agency": 1}
_PEOPLE = ("recruiter", "referrer")
_STRENGTH = 0.3
_WANTED_PRECISION = 0.95
# Below it precision is bought too dearly: for pay the last two points cost a fifth of what there is.
_WORTH_RECALL = 0.7


@dataclass(frozen=True)
class Prepared:
    """One mail, described and marked."""

    lead: AnnotatedLead
    material: Material
    context: Context
    tags: Sequence[Sequence[str]]
    made: npt.NDArray[np.uint32]
    starts: Sequence[int]
    places: Sequence[Sequence[int]]


@dataclass(frozen=True)
class Example:
    """The candidates of one field in one mail, which of them are right, and what there was to find."""

    fold: int
    candidates: Sequence[tuple[Any, Mapping[str, float]]]
    right: Sequence[bool]
    count: Callable[[Sequence[Any]], tuple[int, int, int]]


def prepare(leads: Iterable[AnnotatedLead], lists: Mapping[str, Hashes]) -> list[Prepared]:
    """Describe and mark every mail."""
    found = []
    for lead in leads:
        material = Material(lead.message)
        context = context_of(material, read_notice(material), lead.category)
        described, starts = columns(material, context, lists)
        found.append(
            Prepared(
                lead,
                material,
                context,
                tag(lead, material),
                features(described, starts),
                starts,
                places_of(material, described, starts),
            )
        )
    return found


def train_leads(leads: Sequence[AnnotatedLead], lists: Mapping[str, Hashes], say: Callable[[str], None]) -> LeadModel:
    """Return the model learnt from annotated leads."""
    prepared = prepare(leads, lists)
    folds = deal([one.lead.group for one in prepared])
    chances: list[list[Matrix]] = [[] for _ in prepared]
    for fold in sorted(set(folds)):
        model = fit_tagger([one for one, at in zip(prepared, folds, strict=True) if at != fold], lists)
        for place, one in enumerate(prepared):
            if folds[place] == fold:
                chances[place] = chances_of(one.material, one.made, one.starts, model)
        say(f"fold {fold + 1}: {len(model.hashes)} features")
    choosers = fit_choosers(prepared, chances, folds, say)
    return replace(fit_tagger(prepared, lists), choosers=choosers)


def deal(groups: Sequence[str]) -> list[int]:
    """Return a fold for each mail; all mails of an author are in one, the largest authors dealt first."""
    sizes = {group: groups.count(group) for group in groups}
    loads = [0] * min(FOLDS, len(sizes))
    fold_of = {}
    for group in sorted(sizes, key=lambda name: (-sizes[name], name)):
        fold_of[group] = loads.index(min(loads))
        loads[fold_of[group]] += sizes[group]
    return [fold_of[group] for group in groups]


def fit_tagger(prepared: Sequence[Prepared], lists: Mapping[str, Hashes]) -> LeadModel:
    """Learn the weights of features and of one tag after another."""
    library: Any = import_module("pycrfsuite")
    trainer = library.Trainer(verbose=False)
    for one in prepared:
        texts = one.made.astype(str)
        for row, start in zip(one.tags, one.starts, strict=True):
            trainer.append([texts[at].tolist() for at in range(start, start + len(row))], list(row))
    trainer.set_params({"c1": _L1, "c2": _L2, "max_iterations": _PASSES})
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "leads.crf")
        trainer.train(path)
        tagger = library.Tagger()
        tagger.open(path)
        info = tagger.info()
        tagger.close()
    return _to_model(info, lists)


def _to_model(info: Any, lists: Mapping[str, Hashes]) -> LeadModel:  # noqa: ANN401  the library has no types
    place = {name: at for at, name in enumerate(ALL_TAGS)}
    hashes = np.unique(np.array([int(name) for name, _ in info.state_features], dtype=np.uint32))
    weights = np.zeros((len(hashes), TAGS), dtype=np.float32)
    for (name, label), weight in info.state_features.items():
        weights[np.searchsorted(hashes, np.uint32(int(name))), place[label]] = weight
    transitions = np.zeros((TAGS, TAGS))
    for row, before in enumerate(ALL_TAGS):
        for column, after in enumerate(ALL_TAGS):
            if after.startswith("I-") and before[2:] != after[2:]:
                transitions[row, column] = _FORBIDDEN
    for (before, after), weight in info.transitions.items():
        transitions[place[before], place[after]] = weight
    return LeadModel(hashes, weights, transitions, {}, lists)


def fit_choosers(
    prepared: Sequence[Prepared], chances: Sequence[Sequence[Matrix]], folds: Sequence[int], say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Learn for each field which candidates are right, and where to draw the line."""
    choosers = {}
    for name in (*_LIMITS, *_PEOPLE, "pay"):
        examples = [
            _example(name, one, matrices, fold) for one, matrices, fold in zip(prepared, chances, folds, strict=True)
        ]
        scored: list[tuple[Example, dict[str, float]]] = []
        for fold in sorted(set(folds)):
            weights = _fit([one for one in examples if one.fold != fold])
            scored += [(one, weights) for one in examples if one.fold == fold]
        threshold, words = _threshold(name, scored)
        say(f"{name}: {words}")
        choosers[name] = _fit(examples) | {THRESHOLD: threshold}
    return choosers


def _example(name: str, one: Prepared, chances: Sequence[Matrix], fold: int) -> Example:
    if name == "pay":
        sums = list(gather_sums(one.material, chances, one.context, country=country_of(one.lead.message)))
        wanted = one.lead.lead.get("pay") or []

        def count_pay(chosen: Sequence[Any]) -> tuple[int, int, int]:
            right = [any(is_same_pay(each.pay, pay) for pay in wanted) for each in chosen]
            missed = [pay for pay in wanted if not any(is_same_pay(each.pay, pay) for each in chosen)]
            return sum(right), len(right) - sum(right), len(missed)

        return Example(fold, sums, [any(is_same_pay(each.pay, pay) for pay in wanted) for each, _ in sums], count_pay)
    same = is_same_person if name in _PEOPLE else is_same
    gathered = (
        gather_people(one.material, chances, one.context)
        if name in _PEOPLE
        else gather(name, one.material, Marks(chances, one.places), one.context)
    )
    values = one.lead.values(name)

    def count(chosen: Sequence[Candidate]) -> tuple[int, int, int]:
        right = [any(same(each.phrase, value) for value in values) for each in chosen]
        missed = [value for value in values if not any(same(each.phrase, value) for each in chosen)]
        return sum(right), len(right) - sum(right), len(missed)

    right = [any(same(each.phrase, value) for value in values) for each in gathered]
    return Example(fold, [(each, each.facts) for each in gathered], right, count)


def _fit(examples: Sequence[Example]) -> dict[str, float]:
    extraction: Any = import_module("sklearn.feature_extraction")
    linear: Any = import_module("sklearn.linear_model")
    rows = [facts for one in examples for _, facts in one.candidates]
    labels = [right for one in examples for right in one.right]
    if len(set(labels)) < 2:  # noqa: PLR2004  nothing to tell apart
        return {BIAS: -30.0}
    vectorizer = extraction.DictVectorizer()
    model = linear.LogisticRegression(C=_STRENGTH, max_iter=1000).fit(vectorizer.fit_transform(rows), labels)
    weights = {
        str(key): round(float(value), 5)
        for key, value in zip(vectorizer.get_feature_names_out(), model.coef_[0], strict=True)
    }
    return weights | {BIAS: float(model.intercept_[0])}


def _threshold(name: str, scored: Sequence[tuple[Example, dict[str, float]]]) -> tuple[float, str]:
    """Return a threshold from held-out authors.

    The lowest that reaches the precision wanted, where seven tenths of what there is are still found;
    else the one of the best F-measure that counts precision twice.
    """
    table = []
    for step in range(20, 99):
        threshold = step / 100
        counts = [one.count(_chosen(name, one, weights | {THRESHOLD: threshold})) for one, weights in scored]
        right, wrong, missed = (sum(column) for column in zip(*counts, strict=True))
        table.append((threshold, right / max(1, right + wrong), right / max(1, right + missed)))
    reached = [row for row in table if row[1] >= _WANTED_PRECISION and row[2] >= _WORTH_RECALL]
    best = reached[0] if reached else max(table, key=lambda row: _weighted(row[1], row[2]))
    at = "  ".join(f"{row[0]:.2f}:{row[1]:.2f}/{row[2]:.2f}" for row in table[::10])
    return best[0], f"threshold {best[0]:.2f}, precision {best[1]:.3f}, recall {best[2]:.3f} on authors held out ({at})"


def _weighted(precision: float, recall: float) -> float:
    """Return the F-measure in which precision counts twice (F 0.5)."""
    return 1.25 * precision * recall / (0.25 * precision + recall) if precision and recall else 0.0


def _chosen(name: str, example: Example, weights: Mapping[str, float]) -> list[Any]:
    if name == "pay":
        return [one for one, facts in example.candidates if score(facts, weights) >= weights[THRESHOLD]]
    clash = (lambda _one, _other: False) if name in _PEOPLE else overlaps
    return list(choose([one for one, _ in example.candidates], weights, limit=_LIMITS.get(name, 1), clash=clash))


def save_leads(path: Path, model: LeadModel) -> None:
    """Write the model whole or not at all."""
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **to_arrays(model))
    write_whole(path, buffer.getvalue())
