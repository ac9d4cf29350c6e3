"""Paths given on the command line to sources, by looking at what is there."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from triage.errors import ConfigError
from triage.interfaces import MailSource
from triage.local.files import FilesSource
from triage.local.maildir import MaildirSource, is_maildir
from triage.local.mbox import MboxSource, is_mbox


def open_paths(paths: Sequence[Path]) -> list[MailSource]:
    """Return a source for each path: a file, a folder of files, a Maildir or an mbox.

    Raises:
        ConfigError: a path does not exist or cannot be read; all such paths are named.
    """
    problems = [f"{path}: {reason}" for path in paths if (reason := _obstacle(path))]
    if problems:
        raise ConfigError(problems)
    return [source for path in paths for source in _sources(path)]


def _obstacle(path: Path) -> str | None:
    try:
        if path.is_dir():
            next(path.iterdir(), None)
        elif path.is_file():
            path.open("rb").close()
        else:
            return "it does not exist; check the spelling" if not path.exists() else "it is neither file nor folder"
    except OSError as error:
        return f"it cannot be read: {error.strerror}"
    return None


def _sources(path: Path) -> Iterator[MailSource]:
    if path.is_file():
        yield MboxSource(path) if is_mbox(path) else FilesSource(path, [path])
        return
    maildirs, mboxes, files = [], [], []
    for found in _walk(path):
        if found.is_dir():
            maildirs.append(found)
        elif is_mbox(found):
            mboxes.append(found)
        else:
            files.append(found)
    if maildirs:
        yield MaildirSource(maildirs)
    for mbox in mboxes:
        yield MboxSource(mbox)
    if files:
        yield FilesSource(path, files)


def _walk(folder: Path) -> Iterator[Path]:
    """Yield Maildirs and files below a folder; never follow a link into a loop."""
    below_maildir = is_maildir(folder)
    if below_maildir:
        yield folder
    for entry in sorted(folder.iterdir()):
        if entry.is_dir() and not entry.is_symlink():
            # Maildir++ keeps its folders in hidden ones beside cur, new and tmp.
            if below_maildir and (entry.name in {"cur", "new", "tmp"} or not entry.name.startswith(".")):
                continue
            if below_maildir or not entry.name.startswith("."):
                yield from _walk(entry)
        elif entry.is_file() and not below_maildir and not entry.name.startswith("."):
            yield entry
