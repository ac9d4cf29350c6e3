"""Keywords of a Maildir as Dovecot keeps them: letters in file names, names in one file.

A keyword is a letter a to z after the flags of a file name; `dovecot-keywords` says which
(https://doc.dovecot.org/2.3/admin_manual/mailbox_formats/maildir/#keywords). Dovecot
and this program take the same lock, so that both may work on one Maildir.
"""

import os
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from triage.errors import AccountError, TransientMailError

KEYWORDS_FILE = "dovecot-keywords"
LOCK_FILE = "dovecot-uidlist.lock"
MAX_KEYWORDS = 26

_LINE = re.compile(r"^(\d{1,2}) (\S+)$")
_LOCK_SECONDS = 10.0
# Dovecot overrides its own dotlocks after this long without change.
_STALE_SECONDS = 120.0


@contextmanager
def locked(maildir: Path) -> Iterator[None]:
    """Hold the Maildir's lock for changing names of files and keywords.

    Raises:
        TransientMailError: another program held it for ten seconds.
        AccountError: the Maildir cannot be written.
    """
    path = maildir / LOCK_FILE
    deadline = time.monotonic() + _LOCK_SECONDS
    while not _try_lock(path):
        if time.monotonic() > deadline:
            message = f"{maildir} is locked by another program; try again later"
            raise TransientMailError(message)
        time.sleep(0.05)
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def _try_lock(path: Path) -> bool:
    try:
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        try:
            age = time.time() - path.stat().st_mtime
        except FileNotFoundError:
            return False
        if age > _STALE_SECONDS:
            path.unlink(missing_ok=True)
        return False
    except OSError as error:
        message = f"{path.parent} cannot be written: {error.strerror}; check its permissions"
        raise AccountError(message) from error
    os.write(handle, str(os.getpid()).encode())
    os.close(handle)
    return True


def load_keywords(maildir: Path) -> dict[str, str]:
    """Return keyword names by their letters; empty when there is no such file."""
    try:
        lines = (maildir / KEYWORDS_FILE).read_text("utf-8", "replace").splitlines()
    except FileNotFoundError:
        return {}
    found = {}
    for line in lines:
        match = _LINE.match(line)
        if match and int(match[1]) < MAX_KEYWORDS:
            found[chr(ord("a") + int(match[1]))] = match[2]
    return found


def save_keywords(maildir: Path, keywords: Mapping[str, str]) -> None:
    """Write the names by their letters, whole or not at all; the lock must be held."""
    path = maildir / KEYWORDS_FILE
    text = "".join(f"{ord(letter) - ord('a')} {name}\n" for letter, name in sorted(keywords.items()))
    temporary = path.with_name(f"{KEYWORDS_FILE}.triage")
    temporary.write_text(text, "utf-8")
    with temporary.open("rb") as file:
        os.fsync(file.fileno())
    temporary.replace(path)


def letter_for(keywords: dict[str, str], name: str) -> str | None:
    """Return the letter of a keyword, adding it to the mapping; None when all 26 are taken."""
    for letter, known in keywords.items():
        if known.lower() == name.lower():
            return letter
    for index in range(MAX_KEYWORDS):
        letter = chr(ord("a") + index)
        if letter not in keywords:
            keywords[letter] = name
            return letter
    return None
