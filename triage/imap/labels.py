"""The names of our labels: which there are, which may be sent, and what folder stands for one."""

import re
from collections.abc import Iterable

from triage.records import Category, LabelChange

_ALLOWED = re.compile(r"[A-Za-z0-9_$./-]{1,50}")
"""Characters every server takes in a keyword; RFC 9051 section 9 (atom) would allow more, a
quote or brace would end the command, and Dovecot refuses more than 50."""


def label_names(prefix: str) -> frozenset[str]:
    """Return every label there is under a prefix; mail judged `other` has none."""
    kinds = [category.value.capitalize() for category in Category if category is not Category.OTHER]
    return frozenset(f"{prefix}{kind}" for kind in (*kinds, "Unsure"))


def find_problem(change: LabelChange, prefix: str) -> str | None:
    """Return why a change must not be sent, None if it may."""
    for name in sorted(change.add | change.remove):
        if not _ALLOWED.fullmatch(name):
            return f"{name!r} cannot be a label; use at most 50 of A-Z a-z 0-9 _ $ . / -"
        if not name.lower().startswith(prefix.lower()):
            return f"{name!r} is not one of our labels, which begin with {prefix!r}; it is left alone"
    return None


def split_names(found: Iterable[str], known: Iterable[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the known names among those found, as we write them, and all other names as they are.

    Keywords are compared without regard to case (RFC 9051 section 2.3.2).
    """
    canonical = {name.lower(): name for name in known}
    ours = {canonical[name.lower()] for name in found if name.lower() in canonical}
    others = {name for name in found if name.lower() not in canonical}
    return frozenset(ours), frozenset(others)


def folder_name(label: str, personal_prefix: str, delimiter: str | None) -> str:
    """Return the folder on the server that stands for a label.

    Args:
        label: with "/" between its levels.
        personal_prefix: where the owner's folders begin, such as "INBOX." (RFC 2342).
        delimiter: None on a server without levels, where "/" is a letter like any other.
    """
    return personal_prefix + (label.replace("/", delimiter) if delimiter else label)
