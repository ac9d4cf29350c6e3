"""What a server can do, and which way of labelling follows from it: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Mode = Literal["keyword", "gmail", "folder"]


@dataclass(frozen=True, slots=True)
class ServerFacts:
    r"""What a server said of itself and of one folder.

    Attributes:
        permanent_flags: of the folder (RFC 9051 section 7.1, PERMANENTFLAGS).
        delimiter: between the levels of folder names; empty for a flat server.
        namespace: prefix of personal folders (RFC 2342), such as "INBOX.".
        folders: every folder listed.
        special_use: folders by their special use (RFC 6154), such as \\Junk.
    """

    capabilities: frozenset[str]
    permanent_flags: frozenset[str]
    delimiter: str
    namespace: str
    folders: tuple[str, ...]
    special_use: Mapping[str, str]

    def has(self, capability: str) -> bool:
        """Return whether the server names a capability."""
        return capability.upper() in self.capabilities

    def folder_for(self, label: str) -> str:
        """Return the folder that stands for a label, in the server's own spelling."""
        name = label.replace("/", self.delimiter) if self.delimiter else label.replace("/", "-")
        return f"{self.namespace}{name}"


def choose_label_mode(facts: ServerFacts, wanted: str, labels: frozenset[str]) -> tuple[Mode, str]:
    """Return the way to label and the reason for people.

    Args:
        wanted: "auto", or the way fixed in the configuration.
        labels: the labels that must be writable.
    """
    if wanted in {"keyword", "gmail", "folder"}:
        return _fixed(wanted), "it is fixed by labels.mode in the configuration"
    if facts.has("X-GM-EXT-1"):
        return "gmail", "the server offers Gmail's labels (X-GM-EXT-1)"
    flags = {flag.lower() for flag in facts.permanent_flags}
    if "\\*" in flags:
        return "keyword", "the server keeps keywords of any name (PERMANENTFLAGS has \\*)"
    if labels and all(label.lower() in flags for label in labels):
        return "keyword", "the server already knows our keywords"
    return "folder", "the server keeps no keywords of our own (PERMANENTFLAGS lacks \\*), so copies go to folders"


def _fixed(wanted: str) -> Mode:
    match wanted:
        case "gmail":
            return "gmail"
        case "folder":
            return "folder"
        case _:
            return "keyword"
