"""One training, from the owner's folders and words to a model in use, or to a reason why not."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from triage.classify.model import LinearModel
from triage.errors import AccountError, ProtocolError, TransientMailError
from triage.interfaces import MailSource, SortedFolder
from triage.learn.examples import Evidence, Example, Resolved, digest_of, resolve
from triage.learn.gather import FolderReport, Gathering, Reading, gather_folder
from triage.modelshelf import ModelShelf
from triage.records import Category
from triage.store.evidence import KeptFeatures, Learnt, Result, Training
from triage.store.records import Status
from triage.store.store import Store


@dataclass(frozen=True)
class TrainingOptions:
    """What a training works with.

    Attributes:
        base: the shipped model, which every personal one corrects.
        labels: category by label.
        advance: told of progress: the folder, and of how many messages.
        clock: the time now, aware.
    """

    base: LinearModel
    store: Store
    shelf: ModelShelf
    reading: Reading
    labels: Mapping[str, Category]
    accounts: Sequence[str] = ()
    advance: Callable[[str, int], None] = lambda _name, _count: None
    clock: Callable[[], datetime] = lambda: datetime.now(UTC)


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


def train_personal(places: Sequence[SortedFolder], options: TrainingOptions) -> TrainingReport:
    """Learn from everything the owner said, and take the model into use.

    Raises:
        StoreError, ModelError: it cannot be remembered or saved; the model in use stays.
    """
    folders = gather(places, options)
    resolved = collect(places, options)
    kept, examples = _with_features(resolved.examples, options)
    evidence = f"{digest_of(examples)} {options.base.model_id}"
    counts = {category.value: sum(one.category is category for one in examples) for category in Category}
    missing = len(resolved.examples) - len(examples)
    training = _train(kept, examples, evidence, options)
    options.store.evidence.save_training(training)
    return TrainingReport(training, tuple(folders), resolved, counts, missing)


def _with_features(examples: Sequence[Example], options: TrainingOptions) -> tuple[list[KeptFeatures], list[Example]]:
    """Return the examples whose features are kept, with these, both by fingerprint."""
    named = {one.fingerprint: one for one in examples}
    kept = list(options.store.evidence.iter_features(options.reading.features_id, named))
    return kept, [named[one.fingerprint] for one in kept]


def _train(
    kept: Sequence[KeptFeatures], examples: Sequence[Example], evidence: str, options: TrainingOptions
) -> Training:
    now = options.clock()
    former = next(iter(options.store.evidence.list_trainings(1)), None)
    if not examples:
        reason = "there is nothing to learn from; map folders in [training.folders], or correct a message"
        return Training(now, Result.NOTHING, "", 0, evidence, reason)
    if former is not None and former.evidence == evidence and options.shelf.in_use() == former.model_id:
        return Training(now, Result.NOTHING, former.model_id, len(examples), evidence, "nothing new was said")
    from triage.learn.personal import build_own_mail, fit_personal, to_model  # noqa: PLC0415  SciPy only where there is something new

    mail = build_own_mail(options.base, kept, [one.category for one in examples])
    personal = fit_personal(mail, options.base)
    model = to_model(options.base, personal, mail)
    model_id = options.shelf.save(model, _card(options, examples))
    options.shelf.use(model_id)
    options.store.evidence.save_learnt(
        [
            Learnt(one.fingerprint, one.category, model_id, float(share))
            for one, share in zip(examples, personal.influences, strict=True)
        ]
    )
    return Training(now, Result.PROMOTED, model_id, len(examples), evidence, "")


def _card(options: TrainingOptions, examples: Sequence[Example]) -> dict[str, object]:
    counts = {category.value: sum(one.category is category for one in examples) for category in Category}
    return {"base": options.base.model_id, "features": options.reading.features_id, "examples": counts}
