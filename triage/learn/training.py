"""One training, from the owner's folders and words to a model in use, or to a reason why not."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime

from triage.errors import AccountError, ConfigError, ProtocolError, TransientMailError
from triage.interfaces import MailSource, SortedFolder
from triage.learn.examples import Evidence, Example, Resolved, digest_of, resolve
from triage.learn.gather import FolderReport, Gathering, gather_folder, keep_named
from triage.learn.options import TrainingOptions
from triage.modelshelf import BASE
from triage.records import Category, MessageRef
from triage.store.evidence import KeptFeatures, Result, Training
from triage.store.records import Status
from triage.store.store import Store

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrainingReport:
    """What a training did.

    Attributes:
        missing: examples whose message had gone before it was read.
    """

    training: Training
    folders: tuple[FolderReport, ...] = ()
    resolved: Resolved = field(default_factory=Resolved)
    counts: Mapping[str, int] = field(default_factory=dict)
    missing: int = 0


def gather(places: Sequence[SortedFolder], options: TrainingOptions) -> list[FolderReport]:
    """Read what is new in the owner's folders; one that cannot be read does not stop the others."""
    now = options.clock()
    found = []
    for place in places:
        report = FolderReport(place.name, place.category.value, problem=place.problem)
        if place.source is not None:
            report = _gather_one(place, place.source, report, options, now)
        found.append(report)
    for source in {id(place.source): place.source for place in places if place.source}.values():
        source.close()
    return found


def _gather_one(
    place: SortedFolder, source: MailSource, report: FolderReport, options: TrainingOptions, now: datetime
) -> FolderReport:
    gathering = Gathering(
        options.store.evidence,
        options.reading,
        now,
        lambda account, folder, marks: _put_by_us(options.store, account, folder, marks),
        lambda count: options.advance(place.name, count),
    )
    try:
        with source.open(place.folder) as mailbox:
            return gather_folder(mailbox, report, gathering)
    except (AccountError, TransientMailError, ProtocolError) as error:
        return FolderReport(place.name, place.category.value, problem=str(error))


def _put_by_us(store: Store, account: str, folder: str, marks: Sequence[str]) -> frozenset[str]:
    """Return the messages that this program moved or, as a label, copied into a folder."""
    # A label's folder has the server's own delimiter, and maybe a prefix.
    plain = folder.replace(".", "/")
    return frozenset(
        mark
        for mark, entries in store.written(account, marks).items()
        for entry in entries
        if entry.status is Status.CONFIRMED
        and (entry.change.move_to == folder or any(plain.endswith(label) for label in entry.change.add))
    )


def collect(places: Iterable[SortedFolder], options: TrainingOptions) -> Resolved:
    """Return what there is to learn, from everything the owner said so far."""
    store = options.store
    return resolve(
        Evidence(
            folders={(place.source.name, place.folder): place.category for place in places if place.source},
            labels=options.labels,
            sightings=store.evidence.list_sightings(),
            relabellings=[one for account in options.accounts for one in store.list_relabellings(account)],
            corrections=store.evidence.list_corrections(),
        )
    )


@dataclass(frozen=True)
class Found:
    """What the owner said, and the features of what can be learnt from it: these in one order, by fingerprint."""

    folders: Sequence[FolderReport]
    resolved: Resolved
    kept: Sequence[KeptFeatures]
    examples: Sequence[Example]


def find_examples(places: Sequence[SortedFolder], options: TrainingOptions) -> Found:
    """Read what is new in the owner's folders, and return everything there is to learn from.

    Raises:
        StoreError: it cannot be remembered.
    """
    folders = gather(places, options)
    resolved = collect(places, options)
    read_missing(resolved.examples, options)
    return Found(folders, resolved, *_with_features(resolved.examples, options))


def train_personal(
    places: Sequence[SortedFolder], options: TrainingOptions, *, confirmed: bool = False
) -> TrainingReport:
    """Learn from everything the owner said, and take the model into use unless the gate refuses it.

    Args:
        confirmed: the owner was asked about a mass of contradictions, and meant it.

    Raises:
        StoreError, ModelError: it cannot be remembered or saved; the model in use stays.
    """
    found = find_examples(places, options)
    folders, resolved, kept, examples = found.folders, found.resolved, found.kept, found.examples
    evidence = f"{digest_of(examples)} {options.base.model_id} {options.reading.features_id}"
    training = _known_end(evidence, len(examples), options, confirmed=confirmed)
    if training is None:
        from triage.learn.promotion import Material, learn  # noqa: PLC0415  SciPy only where there is something new

        training = learn(Material(kept, examples, evidence), options, confirmed=confirmed)
        options.store.evidence.save_training(training)
        options.store.evidence.drop_features(other_than=options.reading.features_id)
    counts = {category.value: sum(one.category is category for one in examples) for category in Category}
    return TrainingReport(training, tuple(folders), resolved, counts, len(resolved.examples) - len(examples))


def read_missing(examples: Sequence[Example], options: TrainingOptions) -> None:
    """Read messages that the owner spoke of and that lie in no folder of theirs, as far as they are still there."""
    known = options.store.evidence.with_features(options.reading.features_id)
    lacking: dict[tuple[str, str], dict[str, MessageRef]] = {}
    for one in examples:
        if one.fingerprint not in known:
            lacking.setdefault((one.ref.account, one.ref.folder), {})[one.fingerprint] = one.ref
    for (account, folder), marks in lacking.items():
        try:
            source = options.open_source(account, folder)
            with closing(source), source.open(folder) as mailbox:
                keep_named(mailbox, marks, options.store.evidence, options.reading, options.clock())
        except (ConfigError, AccountError, TransientMailError, ProtocolError) as error:
            log.info("examples not read account=%s reason=%s", account or "local", error)


def _with_features(examples: Sequence[Example], options: TrainingOptions) -> tuple[list[KeptFeatures], list[Example]]:
    """Return the examples whose features are kept, with these, both by fingerprint."""
    named = {one.fingerprint: one for one in examples}
    kept = list(options.store.evidence.iter_features(options.reading.features_id, named))
    return kept, [named[one.fingerprint] for one in kept]


def _known_end(evidence: str, count: int, options: TrainingOptions, *, confirmed: bool) -> Training | None:
    """Return how a training ends that has nothing new to learn from, None for any other."""
    former = next(iter(options.store.evidence.list_trainings(1)), None)
    if former is not None and former.evidence == evidence:
        match former.result:
            case Result.PROMOTED if former.model_id == options.shelf.in_use():
                return replace(former, result=Result.NOTHING, reason="nothing new was said since it was made")
            case Result.PROMOTED:
                reason = f"nothing new was said, and you went back from {former.model_id}; `triage models use` takes it again"
                return replace(former, result=Result.NOTHING, model_id="", reason=reason)
            case Result.HELD if confirmed:
                pass
            case Result.HELD | Result.REFUSED:
                return former
            case Result.NOTHING:
                pass
    if count == 0 and options.shelf.in_use() != BASE:
        options.shelf.use(BASE)
        reason = "nothing is left of what was learnt; the shipped model is in use again"
        return Training(options.clock(), Result.PROMOTED, BASE, 0, evidence, reason)
    if count == 0:
        reason = "there is nothing to learn from; map folders in [training.folders], or correct a message"
        return Training(options.clock(), Result.NOTHING, "", 0, evidence, reason)
    return None
