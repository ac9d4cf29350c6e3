"""What `triage doctor` needs to know of files on this machine, and what it means."""

import os
import shlex
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from triage.service.diagnosis import Check

FREE_BYTES = 100 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class PathFacts:
    """A file or folder.

    Attributes:
        mode: its permission bits; None if it is not there.
        owner: its owner's uid; None if it is not there.
    """

    path: Path
    mode: int | None = None
    owner: int | None = None

    @property
    def is_open_to_others(self) -> bool:
        """Whether anybody but its owner can do anything with it."""
        return self.mode is not None and bool(self.mode & 0o077)


def read_path(path: Path) -> PathFacts:
    """Return what the file system says; of what cannot be seen, as if it were not there."""
    try:
        found = path.stat()
    except OSError:
        return PathFacts(path)
    return PathFacts(path, stat.S_IMODE(found.st_mode), found.st_uid)


def free_bytes(path: Path) -> int | None:
    """Return the room left where a path is or would be, None if nobody can tell."""
    there = next((one for one in (path, *path.parents) if one.exists()), None)
    try:
        return None if there is None else shutil.disk_usage(there).free
    except OSError:
        return None


def check_state(database: Path) -> Iterator[Check]:
    """Check the folder the store lies in, and its file, once the store has been opened."""
    folder, file = read_path(database.parent), read_path(database)
    yield judge_state(folder, file, os.geteuid())
    yield judge_room(free_bytes(database.parent))


def judge_state(folder: PathFacts, file: PathFacts, uid: int) -> Check:
    """Judge who can look into the store."""
    name = "state folder"
    if folder.mode is None:
        return Check("", name, "red", f"{folder.path} is not there", "make it, or set store.url")
    told = f"{folder.path}, mode {folder.mode:04o}"
    told += "" if file.mode is None else f", {file.path.name} mode {file.mode:04o}"
    for one in (folder, file):
        if one.owner not in {uid, None}:
            advice = f"chown it to the user triage runs as (uid {uid}), or run triage as its owner"
            return Check("", name, "amber", f"{told}; {one.path} belongs to uid {one.owner}", advice)
    if file.is_open_to_others:
        return Check(
            "", name, "amber", f"{told}: others can read the store", f"chmod 600 {shlex.quote(str(file.path))}"
        )
    if folder.is_open_to_others:
        return Check(
            "", name, "amber", f"{told}: others can look into it", f"chmod 700 {shlex.quote(str(folder.path))}"
        )
    return Check("", name, "green", told)


def judge_room(free: int | None) -> Check:
    """Judge the room left for the store."""
    if free is None:
        return Check("", "disk", "amber", "free space cannot be told", "look with df")
    found = f"{free // 1024**2:,} MB free"
    if free < FREE_BYTES:
        return Check("", "disk", "amber", found, "make room: a full disk stops the daemon")
    return Check("", "disk", "green", found)


def judge_secret_file(file: PathFacts) -> Iterator[Check]:
    """Judge the configuration that holds a password; nothing is said if nobody else can read it."""
    if file.is_open_to_others:
        found = f"{file.path} holds a password and has mode {file.mode:04o}: others can read it"
        yield Check("", "secret", "amber", found, f"chmod 600 {shlex.quote(str(file.path))}")
