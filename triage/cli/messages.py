"""Messages and folders as people name them: a file, or a source as `triage scan --json` prints it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triage.bootstrap import build_account_sources, build_path_sources
from triage.cli.settings import optional_config, required_config
from triage.config import Config
from triage.errors import ConfigError, MessageError
from triage.interfaces import Mailbox, MailSource
from triage.local.maildir import is_maildir
from triage.records import MessageRef, RawMessage, Uid, UidValidity

_REF = re.compile(r"(?P<account>[^/;]+)/(?P<folder>.+);uidvalidity=(?P<validity>\d+);uid=(?P<uid>\d+)")
_POSITION = re.compile(r"(?P<path>.+)#(?P<position>\d+)")


def open_source(config: Config, account: str, folder: str) -> MailSource:
    """Return the source of an account's folder, or of a local one for account "".

    Raises:
        ConfigError: there is none.
    """
    return build_account_sources(config, [account], [folder])[0] if account else _open_path(Path(folder))


def can_label(mailbox: Mailbox) -> bool:
    """Return whether messages here can carry our labels: on a server always, in local mail only those of a Maildir."""
    return bool(mailbox.account) or mailbox.carries_keywords


def read_message(config_path: Path | None, name: str) -> RawMessage:
    """Return the message that a path or a source names.

    Raises:
        ConfigError: it names none.
        MessageError: it cannot be read.
    """
    with open_message(config_path, name) as (_, item):
        return item


@contextmanager
def open_message(config_path: Path | None, name: str) -> Iterator[tuple[Mailbox, RawMessage]]:
    """Open the mailbox that a message is in, and read it.

    Raises:
        ConfigError: the name names none.
        MessageError: it cannot be read.
    """
    source, folder, ref = _find(config_path, name)
    try:
        with source.open(folder) as mailbox:
            yield mailbox, _read(mailbox, ref, name)
    finally:
        source.close()


def _find(config_path: Path | None, name: str) -> tuple[MailSource, str, MessageRef | None]:
    if match := _REF.fullmatch(name):
        source = open_source(required_config(config_path), match["account"], match["folder"])
        ref = MessageRef(match["account"], match["folder"], UidValidity(int(match["validity"])), Uid(int(match["uid"])))
        return source, match["folder"], ref
    path = Path(name)
    if (maildir := _maildir_of(path)) is not None:
        return _in_local(maildir, path.name.partition(":")[0])
    if path.exists():
        source = _open_path(path)
        return source, source.folders()[0], None
    if (match := _POSITION.fullmatch(name)) and Path(match["path"]).is_file():
        return _in_local(Path(match["path"]), match["position"])
    account, slash, _ = name.partition("/")
    if slash and any(one.name == account for one in optional_config(config_path).accounts):
        raise ConfigError(
            [f"{name} is only the beginning of a source; put the source in quotes, for the shell ends at ;"]
        )
    source = _open_path(path)  # says that it is not there
    return source, source.folders()[0], None


def _maildir_of(path: Path) -> Path | None:
    """Return the Maildir that a message is in, named as `scan --json` does or by its file, which labels rename."""
    if path.parent.name in {"cur", "new"}:
        return path.parent.parent if is_maildir(path.parent.parent) else None
    return path.parent if not path.exists() and is_maildir(path.parent) else None


def _in_local(path: Path, key: str) -> tuple[MailSource, str, MessageRef]:
    source = _open_path(path)
    folder = source.folders()[0]
    return source, folder, MessageRef("", folder, key=key)


def _open_path(path: Path) -> MailSource:
    sources = build_path_sources([path])
    if not sources:
        raise ConfigError([f"{path} holds no message"])
    return sources[0]


def _read(mailbox: Mailbox, ref: MessageRef | None, name: str) -> RawMessage:
    refs = mailbox.list_refs()
    if ref is not None and ref not in refs:
        raise ConfigError([f"there is no message {name}; `triage scan --json` prints the sources there are"])
    if not refs:
        raise ConfigError([f"{name} holds no message"])
    if ref is None and len(refs) != 1:
        raise ConfigError([f"{name} holds {len(refs)} messages; name one as `triage scan --json` prints it"])
    for item in mailbox.iter_messages([ref or refs[0]]):
        if isinstance(item, RawMessage):
            return item
        raise MessageError(item.reason)
    message = f"{name} has gone while it was read"
    raise MessageError(message)
