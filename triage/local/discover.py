"""Paths given on the command line to sources, by looking at what is there."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

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
        yield MboxSource(path) if is_mbox(path) else FilesSource(path, [""])
        return
    maildirs: list[Path] = []
    mboxes: list[Path] = []
    files: list[str] = []  # a Path takes ten times the memory of its text
    for found in _walk(path):
        if found.is_maildir:
            maildirs.append(path / found.place)
        elif is_mbox(path / found.place):
            mboxes.append(path / found.place)
        else:
            files.append(found.place)
    if maildirs:
        yield MaildirSource(maildirs)
    for mbox in mboxes:
        yield MboxSource(mbox)
    if files:
        yield FilesSource(path, files)


class _Found(NamedTuple):
    """A Maildir or a file.

    Attributes:
        place: relative to the path given.
    """

    place: str
    is_maildir: bool


def _walk(root: Path, below: str = "") -> Iterator[_Found]:
    """Yield Maildirs and files below a folder, in order; never follow a link into a loop."""
    below_maildir = is_maildir(root / below)
    if below_maildir:
        yield _Found(below, is_maildir=True)
    folders, files = _entries(root / below)
    for name in sorted(folders | files):
        place = f"{below}/{name}" if below else name
        if name in folders:
            # Maildir++ keeps its folders in hidden ones beside cur, new and tmp.
            if below_maildir and (name in {"cur", "new", "tmp"} or not name.startswith(".")):
                continue
            if below_maildir or not name.startswith("."):
                yield from _walk(root, place)
        elif not below_maildir and not name.startswith("."):
            yield _Found(place, is_maildir=False)


def _entries(folder: Path) -> tuple[set[str], set[str]]:
    """Return the names of folders and files in a folder."""
    folders, files = set(), set()
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                folders.add(entry.name)
            elif entry.is_file():
                files.add(entry.name)
    return folders, files
