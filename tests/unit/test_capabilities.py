"""Which way of labelling follows from what a server says."""

import pytest

from triage.imap.bodystructure import first_text_part
from triage.imap.capabilities import ServerFacts, choose_label_mode

LABELS = frozenset({"Triage/Scam", "Triage/Recruiter"})


def facts(*capabilities: str, flags: tuple[str, ...] = (), delimiter: str = "/", namespace: str = "") -> ServerFacts:
    return ServerFacts(frozenset(capabilities), frozenset(flags), delimiter, namespace, ("INBOX",), {})


@pytest.mark.parametrize(
    ("found", "wanted", "mode"),
    [
        (facts("X-GM-EXT-1", flags=("\\*",)), "auto", "gmail"),
        (facts(flags=("\\Seen", "\\*")), "auto", "keyword"),
        (facts(flags=("triage/scam", "triage/recruiter")), "auto", "keyword"),
        (facts(flags=("triage/scam",)), "auto", "folder"),
        (facts(flags=("\\Seen",)), "auto", "folder"),
        (facts(flags=("\\*",)), "folder", "folder"),
        (facts(), "keyword", "keyword"),
        (facts(), "gmail", "gmail"),
    ],
)
def test_the_mode_follows_from_the_server_unless_it_is_fixed(found: ServerFacts, wanted: str, mode: str) -> None:
    chosen, reason = choose_label_mode(found, wanted, LABELS)
    assert chosen == mode
    assert reason


@pytest.mark.parametrize(
    ("delimiter", "namespace", "folder"),
    [("/", "", "Triage/Scam"), (".", "INBOX.", "INBOX.Triage.Scam"), ("", "", "Triage-Scam")],
)
def test_folders_are_spelt_as_the_server_spells_them(delimiter: str, namespace: str, folder: str) -> None:
    assert facts(delimiter=delimiter, namespace=namespace).folder_for("Triage/Scam") == folder


TEXT = (b"TEXT", b"PLAIN", (b"CHARSET", b"utf-8"), None, None, b"7BIT", 10, 1)
PDF = (b"APPLICATION", b"PDF", None, None, None, b"BASE64", 10)


@pytest.mark.parametrize(
    ("structure", "part"),
    [
        (TEXT, "1"),
        (PDF, None),
        (([PDF, TEXT], b"MIXED"), "2"),
        (([PDF, ([TEXT], b"ALTERNATIVE")], b"MIXED"), "2.1"),
        (None, None),
        ((), None),
        ("nonsense", None),
    ],
)
def test_the_first_text_part_is_found(structure: object, part: str | None) -> None:
    assert first_text_part(structure) == part


def test_nesting_without_end_is_given_up() -> None:
    structure: object = TEXT
    for _ in range(40):
        structure = ([structure], b"MIXED")
    assert first_text_part(structure) is None
