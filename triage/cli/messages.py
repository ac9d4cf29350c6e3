"""Messages and folders as people name them: a file, or a source as `triage scan --json` prints it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from triage.bootstrap import build_account_sources, build_path_sources
from triage.cli.settings import required_config
from triage.config import Config
from triage.errors import ConfigError, MessageError
from triage.interfaces import Mailbox, MailSource
from triage.records import MessageRef, RawMessage, Uid, UidValidity

_REF = re.compile(r"(?P<account>[^/;]+)/(?P<folder>.+);uidvalidity=(?P<validity>\d+);uid=(?P<uid>\d+)")
_POSITION = re.compile(r"(?P<path>.+)#(?P<position>\d+)")


def open_source(config: Config, account: str, folder: str) -> MailSource:
    """Return the source of an account's folder, or of a local one for account "".

    Raises:
        ConfigError: there is none.
    """
    return build_account_sources(config, [account], [folder])[0] if account else build_path_sources([Path(folder)])[0]


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
    if not Path(name).exists() and (match := _POSITION.fullmatch(name)) and Path(match["path"]).is_file():
        source = build_path_sources([Path(match["path"])])[0]
        return source, match["path"], MessageRef("", match["path"], key=match["position"])
    source = build_path_sources([Path(name)])[0]
    return source, source.folders()[0], None


def _read(mailbox: Mailbox, ref: MessageRef | None, name: str) -> RawMessage:
    refs = mailbox.list_refs()
    if ref is not None and ref not in refs:
        raise ConfigError([f"there is no message {name}; `triage scan --json` prints the sources there are"])
    if ref is None and len(refs) != 1:
        raise ConfigError([f"{name} holds {len(refs)} messages; name one as `triage scan --json` prints it"])
    for item in mailbox.iter_messages([ref or refs[0]]):
        if isinstance(item, RawMessage):
            return item
        raise MessageError(item.reason)
    message = f"{name} has gone while it was read"
    raise MessageError(message)
