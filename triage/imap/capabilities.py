"""What a server can do, and which way of labelling follows from it. Pure decisions."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from triage.errors import AccountError

NEW_KEYWORDS = "\\*"
"""In PERMANENTFLAGS: new keywords can be made by storing them (RFC 9051 section 7.1)."""

# RFC 6154 section 2; RFC 8457 adds \Important.
_SPECIAL_USES = ("\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Important", "\\Junk", "\\Sent", "\\Trash")


class LabelMode(StrEnum):
    """How a label is written: a keyword, a Gmail label, or a copy in a folder."""

    KEYWORD = "keyword"
    GMAIL = "gmail"
    FOLDER = "folder"


@dataclass(frozen=True, slots=True)
class ServerFacts:
    """What a server says about itself and one of its folders.

    Attributes:
        capabilities: in upper case, after login.
        permanent_flags: PERMANENTFLAGS of a folder opened for writing.
        delimiter: between the levels of folder names, None if there are no levels.
        personal_prefix: what the names of the owner's own folders begin with.
        special_use: folder by attribute, such as "\\Junk" (RFC 6154).
        folders: all folders that can be opened.
    """

    capabilities: frozenset[str]
    permanent_flags: frozenset[str] = frozenset()
    delimiter: str | None = None
    personal_prefix: str = ""
    special_use: Mapping[str, str] = field(default_factory=dict)
    folders: Sequence[str] = ()


def find_special_uses(folders: Mapping[str, Collection[str]]) -> dict[str, str]:
    """Return the first folder for each special use.

    Args:
        folders: attributes by folder name.
    """
    found: dict[str, str] = {}
    for name, attributes in folders.items():
        lower = {attribute.lower() for attribute in attributes}
        for use in _SPECIAL_USES:
            if use.lower() in lower:
                found.setdefault(use, name)
    return found


def choose_label_mode(facts: ServerFacts, wanted: str, names: Collection[str] = ()) -> tuple[LabelMode, str]:
    """Return how to write labels, and why in words.

    Args:
        facts: of the folder to label in.
        wanted: labels.mode of the configuration: "auto", or a mode to use whatever the server offers.
        names: the labels that will be written.

    Raises:
        AccountError: the mode wanted cannot work on this server.
    """
    if wanted == "auto":
        return _choose(facts, names)
    mode = LabelMode(wanted)
    if mode is LabelMode.GMAIL and not _is_gmail(facts):
        message = "labels.mode is 'gmail', but the server does not offer X-GM-EXT-1; set it to 'auto'"
        raise AccountError(message)
    if mode is LabelMode.KEYWORD and not _takes_keywords(facts, names):
        return mode, "labels.mode says so, although the server does not promise to keep keywords"
    return mode, "labels.mode says so"


def _choose(facts: ServerFacts, names: Collection[str]) -> tuple[LabelMode, str]:
    if _is_gmail(facts):
        return LabelMode.GMAIL, "the server is Gmail (X-GM-EXT-1), which shows labels and hides keywords"
    if NEW_KEYWORDS in facts.permanent_flags:
        return LabelMode.KEYWORD, "the folder takes new keywords (PERMANENTFLAGS has \\*)"
    if _takes_keywords(facts, names):
        return LabelMode.KEYWORD, "the folder already knows all our keywords (PERMANENTFLAGS)"
    return LabelMode.FOLDER, "the folder does not take new keywords (PERMANENTFLAGS lacks \\*), so a label is a copy in a folder"


def _is_gmail(facts: ServerFacts) -> bool:
    return "X-GM-EXT-1" in facts.capabilities


def _takes_keywords(facts: ServerFacts, names: Collection[str]) -> bool:
    known = {flag.lower() for flag in facts.permanent_flags}
    return NEW_KEYWORDS in known or (bool(names) and all(name.lower() in known for name in names))
