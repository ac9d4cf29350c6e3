"""What the facts that `triage doctor` gathers mean, and what to do about them: pure."""

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, assert_never

from triage.config import AccountConfig
from triage.imap.capabilities import Mode, ServerFacts
from triage.imap.probe import AuthservTally, FlagFacts, FolderFacts
from triage.imap.proof import Proof
from triage.imap.reach import Obstacle, Reached, Unreached

Colour = Literal["green", "amber", "red"]

CERTIFICATE_DAYS = 14
SKEW_AMBER = timedelta(seconds=60)
SKEW_RED = timedelta(hours=1)
_NAMED = 12

_WANTED = {
    "IDLE": "new mail is noticed at once",
    "MOVE": "moving is one step",
    "UIDPLUS": "single copies can be deleted",
    "CONDSTORE": "relabelling is noticed cheaply",
    "NAMESPACE": "folders are made in the right place",
    "SPECIAL-USE": "Junk and Sent are known by role",
}
_MODE_WORDS: dict[Mode, str] = {
    "keyword": "as keywords on the message",
    "gmail": "as Gmail labels",
    "folder": "as copies in folders; the mail itself stays where it is",
}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing looked at.

    Attributes:
        account: empty for what concerns all.
        advice: what to do about it; empty when all is well.
    """

    account: str
    name: str
    colour: Colour
    found: str
    advice: str = ""


def judge_connection(account: AccountConfig, found: Reached | Unreached, now: datetime) -> list[Check]:
    """Judge how the server was reached: the connection and its certificate."""
    where = f"{account.host}:{account.port}"
    if isinstance(found, Unreached):
        words, advice = _explain(found, account)
        return [Check(account.name, "connection", "red", f"{where}: {words}", advice)]
    if not found.tls_version:
        advice = "nothing is encrypted, not even the password: right only while the server is this machine"
        return [Check(account.name, "connection", "amber", f"{where}, not encrypted", advice)]
    how = "STARTTLS, " if account.security == "starttls" else ""
    return [
        Check(account.name, "connection", "green", f"{where}, {how}{found.tls_version}, certificate verified"),
        _judge_certificate(account.name, found.expires_at, now),
    ]


def _judge_certificate(account: str, expires_at: datetime | None, now: datetime) -> Check:
    if expires_at is None:
        return Check(account, "certificate", "amber", "the server's certificate does not say when it ends")
    days, day = (expires_at - now).days, f"{expires_at:%Y-%m-%d}"
    if expires_at <= now:
        return Check(account, "certificate", "red", f"expired on {day}", "whoever runs the server must renew it")
    if days < CERTIFICATE_DAYS:
        advice = "whoever runs the server must renew it before then: after that nothing connects"
        return Check(account, "certificate", "amber", f"expires in {_count(days, 'day')}, on {day}", advice)
    return Check(account, "certificate", "green", f"expires in {_count(days, 'day')}, on {day}")


def _explain(found: Unreached, account: AccountConfig) -> tuple[str, str]:
    """Return what is in the way and what to do about it."""
    obstacle = found.obstacle
    words = _OBSTACLES[obstacle].format(
        host=account.host, detail=found.detail or "no reason given", security=account.security
    )
    if obstacle == "wrong host name" and found.detail:
        return words, f"the certificate is for {found.detail}: set host to the one that is meant"
    return words, _REMEDIES[obstacle].format(host=account.host, port=account.port)


_OBSTACLES: dict[Obstacle, str] = {
    "name not resolvable": "the name {host} cannot be resolved",
    "refused": "the server refuses connections on this port",
    "unreachable": "there is no way to this address",
    "timeout": "the server does not answer in time",
    "connection lost": "the server ends the connection before it greets",
    "untrusted chain": "the certificate is not signed by anybody trusted here ({detail})",
    "certificate expired": "the server's certificate has expired",
    "certificate not yet valid": "the server's certificate is not valid yet",
    "wrong host name": "the certificate is for another name than {host}",
    "certificate refused": "the certificate is refused ({detail})",
    "TLS spoken here": "this port speaks TLS from the first octet, not {security}",
    "no TLS spoken here": "this port does not speak TLS from the first octet",
    "TLS failed": "TLS cannot be set up ({detail})",
    "no STARTTLS": "the server does not offer STARTTLS here",
    "no IMAP": "what answers on this port is no IMAP server",
    "turned away": "the server says goodbye instead of greeting",
}
_REMEDIES: dict[Obstacle, str] = {
    "name not resolvable": "check the spelling of host, and whether this machine has a network and DNS",
    "refused": "check host and port (993 for tls, 143 for starttls), and that the server runs",
    "unreachable": "check the network, the firewall and host",
    "timeout": "check host, port and the firewall between; otherwise try again later",
    "connection lost": "check port and security; otherwise the server may be closed to this address: try again later",
    "untrusted chain": "if the server has an authority of its own, set ca_file to its certificate; otherwise do not log in",
    "certificate expired": "whoever runs the server must renew it; also check this machine's clock",
    "certificate not yet valid": "check this machine's clock",
    "wrong host name": "set host to the name the certificate is for",
    "certificate refused": "whoever runs the server must mend it; if its authority is private, set ca_file",
    "TLS spoken here": 'set security = "tls" for port {port}, or use the port for starttls (143)',
    "no TLS spoken here": 'set port = 993, or security = "starttls" for port {port}',
    "TLS failed": "the server may be too old or wrongly set up: ask whoever runs it for TLS 1.2 or later",
    "no STARTTLS": 'use security = "tls" with port = 993; do not go without',
    "no IMAP": "check port: 993 for tls, 143 for starttls",
    "turned away": "it may be overloaded, or closed to this address: try again later, then ask whoever runs it",
}


def judge_capabilities(account: str, facts: ServerFacts) -> Iterator[Check]:
    """Judge what the server can do beyond the basics."""
    has = [name for name in _WANTED if facts.has(name)]
    lacks = [name for name in _WANTED if name not in has]
    yield Check(account, "server can", "green", ", ".join(has) or "only the basics")
    if lacks:
        without = "; ".join(f"{name}: {_WANTED[name]}" for name in lacks)
        yield Check(account, "server lacks", "amber", ", ".join(lacks), f"triage works without ({without})")


def judge_namespace(account: str, facts: ServerFacts) -> Check:
    """Judge where folders are made."""
    prefix = f'under "{facts.namespace}"' if facts.namespace else "at the top"
    if not facts.delimiter:
        advice = "names of label folders are written with - where they have a /"
        return Check(account, "namespace", "green", f"folders {prefix}, without levels", advice)
    guessed = "" if facts.has("NAMESPACE") else " (no NAMESPACE: taken from LIST)"
    return Check(
        account, "namespace", "green", f'personal folders {prefix}, levels parted by "{facts.delimiter}"{guessed}'
    )


def judge_keywords(account: str, flags: FlagFacts | None, labels: frozenset[str]) -> Check:
    """Judge which keywords are kept."""
    if flags is None:
        advice = r"every folder has \Recent mail, which asking would take away: run doctor without --no-write, or again later"
        return Check(account, "keywords", "amber", "not asked for", advice)
    given = f"PERMANENTFLAGS ({' '.join(sorted(flags.flags))}) in {flags.folder}"
    known = {flag.lower() for flag in flags.flags}
    if "\\*" in known:
        return Check(account, "keywords", "green", f"{given}: keywords of any name are kept")
    if all(label.lower() in known for label in labels):
        return Check(account, "keywords", "green", f"{given}: ours are kept, others are not")
    return Check(
        account, "keywords", "amber", f"{given}: keywords of our own are not kept", "nothing to do: see labels"
    )


def judge_mode(account: str, mode: Mode, reason: str) -> Check:
    """Say how labels are written."""
    colour: Colour = "amber" if mode == "folder" else "green"
    return Check(account, "labels", colour, f"mode {mode}: {_MODE_WORDS[mode]}", f"because {reason}")


def judge_proof(account: str, proof: Proof, facts: ServerFacts) -> Check:
    """Judge whether labels were written and taken back on a message of our own."""
    if proof.step == "proved":
        found = f"written, read back and removed on a message of our own, mode {proof.mode}"
        return Check(account, "label proof", "green", found)
    found = f"not proved: {proof.step}: {proof.problem}"
    if proof.is_lost:
        return Check(
            account, "label proof", "red", found, "run doctor again; if it stays, the server fails at this step"
        )
    colour, advice = _judge_step(proof, facts)
    return Check(account, "label proof", colour, found, advice)


def _judge_step(proof: Proof, facts: ServerFacts) -> tuple[Colour, str]:
    if "OVERQUOTA" in {proof.code, *re.findall(r"\((\w+)\)", proof.problem)}:
        return "amber", "the mailbox is full: delete something or ask for more room, then run doctor again"
    if proof.step == "making a folder":
        return "amber", "no folder can be made here: ask for the right to; until then nothing is proved"
    if proof.step == "writing a message":
        return "amber", "no message can be put here, so nothing is proved: ask whoever runs the server"
    if proof.mode != "folder":
        return "red", 'set mode = "folder" under [labels]: this server does not keep labels on messages'
    if proof.step == "taking labels back" and not facts.has("UIDPLUS"):
        return "amber", "labels are written, but `triage undo` cannot delete single copies: delete them yourself"
    return "red", "copies cannot be made or deleted: ask whoever runs the server for the rights to"


def judge_leftovers(account: str, removed: Sequence[str], left: Sequence[str]) -> Iterator[Check]:
    """Say what became of scratch folders, this run's and those of runs that were killed."""
    if removed:
        found = f"removed what an earlier doctor left: {', '.join(removed)}"
        yield Check(account, "leftovers", "green", found)
    if left:
        advice = "delete it yourself, or run doctor again after an hour: it tries once more"
        yield Check(account, "leftovers", "amber", f"could not be removed: {', '.join(left)}", advice)


def judge_clock(account: str, skew: timedelta) -> Check:
    """Judge the server's clock against ours.

    Args:
        skew: how far the server's is ahead of ours, negative if it is behind.
    """
    off = abs(skew)
    if off <= SKEW_AMBER:
        return Check(account, "clock", "green", "the server's clock and this machine's agree")
    found = f"the server's clock is {_length(off)} {'ahead of' if skew > timedelta(0) else 'behind'} this machine's"
    advice = "set this machine's clock (timedatectl set-ntp true); if it is right, tell whoever runs the server"
    return Check(account, "clock", "red" if off > SKEW_RED else "amber", found, advice)


def judge_authserv(account: str, configured: str | None, found: AuthservTally, folder: str) -> Check:
    """Judge whose word about senders can be believed (RFC 8601 section 5)."""
    name = "authserv-id"
    counts = sorted(found.counts.items(), key=lambda one: (-one[1], one[0]))
    seen = _seen(counts, found, folder)
    if configured is not None:
        if configured.lower() in found.counts:
            return Check(account, name, "green", f"{configured} is configured; {seen}")
        advice = (
            "until it is seen senders stay unverified: check authserv_id of this account, or leave it out:"
            " then the topmost result is believed, whoever wrote it"
        )
        return Check(account, name, "amber", f"{configured} is configured and not seen; {seen}", advice)
    # The owner's own server writes into every message it takes in; a stranger's, into few.
    if counts and counts[0][1] * 2 >= found.messages:
        advice = (
            f'if that is your own mail provider, write under this account: authserv_id = "{counts[0][0]}";'
            " until then the topmost result of each message is believed, whoever wrote it"
        )
    elif found.messages:
        advice = (
            "no server vouches in most of them, so there is nothing to configure;"
            " where there is a result the topmost is believed, whoever wrote it"
        )
    else:
        advice = "there is nothing yet to learn it from: run doctor again when there is"
    return Check(account, name, "amber", f"not configured; {seen}", advice)


def _seen(counts: Sequence[tuple[str, int]], found: AuthservTally, folder: str) -> str:
    if not found.messages:
        return f"{folder} holds no mail"
    told = [f"{name} in {count}" for name, count in counts[:_NAMED]]
    if found.nameless:
        told.append(f"none that can be read in {found.nameless}")
    return f"of the newest {_count(found.messages, 'message')} of {folder}: {', '.join(told) or 'in none'}"


def judge_folder(account: str, found: FolderFacts, facts: ServerFacts, mode: Mode | None) -> Check:
    """Judge a configured folder: whether it is there, and whether labels can be written in it."""
    name = f"folder {found.folder}"
    match found.state:
        case "missing":
            return Check(account, name, "red", "missing", _suggest(found.folder, facts))
        case "closed":
            advice = "ask for the right to read it, or take it out of folders"
            return Check(account, name, "red", "there, but it cannot be opened", advice)
        case "there":
            return _judge_access(account, name, found, mode)
    assert_never(found.state)


def _judge_access(account: str, name: str, found: FolderFacts, mode: Mode | None) -> Check:
    rights = "" if found.rights is None else f" (rights {found.rights or 'none'})"
    if found.is_writable is None:
        return Check(
            account, name, "green", r"there; whether it can be written is not asked: that would take \Recent away"
        )
    if found.is_writable:
        return Check(account, name, "green", f"there, can be written{rights}")
    if mode == "folder":
        return Check(account, name, "green", f"there, read-only{rights}, which is enough for copies in folders")
    advice = 'no label can be written there: ask for the right w, or set mode = "folder" under [labels]'
    return Check(account, name, "red", f"there, but read-only{rights}", advice)


def _suggest(folder: str, facts: ServerFacts) -> str:
    """Return the folder that was probably meant, else those there are."""
    spellings: dict[str, str] = {}
    for there in facts.folders:
        leaf = there.rpartition(facts.delimiter)[2] if facts.delimiter else there
        for spelling in (there, there.removeprefix(facts.namespace), leaf):
            spellings.setdefault(spelling.lower(), there)
    close = difflib.get_close_matches(folder.lower(), spellings, n=1)
    if close:
        return f"did you mean {spellings[close[0]]!r}?"
    more = ", ..." if len(facts.folders) > _NAMED else ""
    return f"folders there are: {', '.join(facts.folders[:_NAMED])}{more}"


_WITHOUT_ROLE = {
    "sent": "name the folder of what you send in sent_folder, so that answers are seen",
    "drafts": "name a folder in drafts_folder: without one `triage draft` writes nothing",
}


def judge_roles(account: AccountConfig, roles: Mapping[str, str | None], listed: Iterable[str]) -> Check:
    """Judge where leads are looked for and drafts are put.

    Args:
        roles: the folder of each role, as it is configured or was found; None where there is none.
        listed: the folders there are.
    """
    words = ", ".join(f"{role}: {folder or 'none found'}" for role, folder in roles.items())
    there = set(listed)
    gone = [role for role, folder in roles.items() if folder and folder not in there and role != "drafts"]
    if gone:
        return Check(account.name, "leads", "red", words, f"there is no such folder; check {gone[0]}_folder")
    advice = [text for role, text in _WITHOUT_ROLE.items() if roles.get(role) is None]
    return Check(account.name, "leads", "amber" if advice else "green", words, "; ".join(advice))


def judge_special_use(account: str, special_use: Mapping[str, str], targets: Iterable[str]) -> Check:
    """Say which folders are known by their role (RFC 6154).

    Args:
        targets: where labels.move sends mail.
    """
    roles = ", ".join(f"{use[1:]} is {name}" for use, name in sorted(special_use.items())) or "none named by the server"
    missing = sorted(target for target in targets if target.startswith("\\") and target.lower() not in special_use)
    if missing:
        advice = f"labels.move names {', '.join(missing)}, so nothing moves there: name a folder instead"
        return Check(account, "special folders", "amber", roles, advice)
    return Check(account, "special folders", "green" if special_use else "amber", roles)


def _count(number: int, unit: str) -> str:
    return f"{number} {unit}" if number == 1 else f"{number} {unit}s"


def _length(time: timedelta) -> str:
    if time < timedelta(hours=2):
        return _count(round(time / timedelta(minutes=1)), "minute")
    return _count(round(time / timedelta(hours=1)), "hour")
