"""The checks of one account, in order: what comes after a failure is not tried."""

from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from triage.config import AccountConfig, LabelsConfig
from triage.errors import AccountError, FolderError, TriageError
from triage.imap.appending import find_role
from triage.imap.capabilities import Mode, ServerFacts, choose_label_mode
from triage.imap.facts import fetch_facts
from triage.imap.probe import FlagFacts, ProbeSession, fetch_authserv_ids, fetch_folder, fetch_permanent_flags
from triage.imap.proof import Trial, prove_labels
from triage.imap.reach import Unreached, reach
from triage.imap.scratch import remove_stale
from triage.interfaces import FolderRole
from triage.records import LABEL_NAMES
from triage.service.diagnosis import (
    Check,
    judge_authserv,
    judge_capabilities,
    judge_clock,
    judge_connection,
    judge_folder,
    judge_keywords,
    judge_leftovers,
    judge_mode,
    judge_namespace,
    judge_proof,
    judge_roles,
    judge_special_use,
)

_CONNECT_SECONDS = 10.0


def check_account(account: AccountConfig, labels: LabelsConfig, *, write: bool) -> Iterator[Check]:
    """Check one account; nothing is raised that another account need not know.

    Args:
        write: prove the way of labelling on a message of our own.
    """
    try:
        found = reach(account, min(_CONNECT_SECONDS, account.timeout_seconds))
    except AccountError as error:
        yield Check(account.name, "connection", "red", str(error), "mend it and run doctor again")
        return
    yield from judge_connection(account, found, datetime.now(UTC))
    if isinstance(found, Unreached):
        return
    with ProbeSession(account) as session:
        doing = "login"
        try:
            _ = session.client
            yield Check(account.name, "login", "green", "accepted")
            doing = "session"
            yield from _Account(session, labels).check(write=write)
            session.close()
        except TriageError as error:
            yield Check(account.name, doing, "red", str(error), "mend it and run doctor again")


class _Account:
    """What is looked at once the login is done."""

    def __init__(self, session: ProbeSession, labels: LabelsConfig) -> None:
        self._session = session
        self._config = labels
        self._labels = frozenset(f"{labels.prefix}{name}" for name in LABEL_NAMES)

    def check(self, *, write: bool) -> Iterator[Check]:
        session, name = self._session, self._session.name
        facts = fetch_facts(session.client, name)
        yield from judge_capabilities(name, facts)
        yield judge_namespace(name, facts)
        flags = fetch_permanent_flags(session, facts)
        mode = yield from (self._prove(facts, flags) if write else self._assume(facts, flags))
        if write and not session.is_open:
            return  # the server was lost in the proof and not found again
        yield from self._check_authserv()
        for folder in session.account.folders:
            yield judge_folder(name, fetch_folder(session, facts, folder), facts, mode)
        yield judge_special_use(name, facts.special_use, self._config.move.values())
        if not session.account.work:
            named = {role: getattr(session.account, f"{role.value}_folder") for role in FolderRole}
            roles = {role.value: folder or find_role(role, facts) for role, folder in named.items()}
            yield judge_roles(session.account, roles, facts.folders)

    def _prove(self, facts: ServerFacts, flags: FlagFacts | None) -> Generator[Check, None, Mode | None]:
        name = self._session.name
        removed, left = remove_stale(self._session, facts, datetime.now(UTC))
        keywords = frozenset({"$Phishing"}) if self._config.phishing_keyword else frozenset[str]()
        proof = prove_labels(self._session, Trial(facts, flags, self._config.mode, self._labels, keywords))
        mode = yield from self._judge_mode(facts, flags or proof.flags)
        yield judge_proof(name, proof, facts)
        yield from judge_leftovers(name, removed, [*left, *proof.left])
        if proof.skew is not None:
            yield judge_clock(name, proof.skew)
        return mode

    def _assume(self, facts: ServerFacts, flags: FlagFacts | None) -> Generator[Check, None, Mode | None]:
        mode = yield from self._judge_mode(facts, flags)
        advice = "run doctor without --no-write: it tries on a message of its own, in a folder it makes and removes"
        yield Check(
            self._session.name, "label proof", "amber", "not tried (--no-write), nor the server's clock", advice
        )
        return mode

    def _judge_mode(self, facts: ServerFacts, flags: FlagFacts | None) -> Generator[Check, None, Mode | None]:
        name, wanted = self._session.name, self._config.mode
        yield judge_keywords(name, flags, self._labels)
        if flags is None and wanted == "auto" and not facts.has("X-GM-EXT-1"):
            yield Check(name, "labels", "amber", "mode not known", "see keywords")
            return None
        known = replace(facts, permanent_flags=flags.flags if flags else frozenset())
        mode, reason = choose_label_mode(known, wanted, self._labels)
        yield judge_mode(name, mode, reason)
        return mode

    def _check_authserv(self) -> Iterator[Check]:
        account = self._session.account
        with suppress(FolderError):  # its own check says so
            found = fetch_authserv_ids(self._session, account.folders[0])
            yield judge_authserv(account.name, account.authserv_id, found, account.folders[0])
