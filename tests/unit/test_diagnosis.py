"""What facts mean: each border from both sides, and what to do."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage.config import AccountConfig, parse_config
from triage.imap.capabilities import Mode, ServerFacts
from triage.imap.probe import AuthservTally, FlagFacts, FolderFacts, tally
from triage.imap.proof import Proof, Step, clock_skew
from triage.imap.reach import Obstacle, Reached, Unreached
from triage.imap.scratch import message_id, parse_scratch_name, scratch_name
from triage.mail.authentication import parse_authserv_id
from triage.service.diagnosis import (
    judge_authserv,
    judge_capabilities,
    judge_clock,
    judge_connection,
    judge_folder,
    judge_keywords,
    judge_leftovers,
    judge_namespace,
    judge_proof,
    judge_roles,
    judge_special_use,
)
from triage.service.disk import FREE_BYTES, PathFacts, judge_room, judge_secret_file, judge_state

NOW = datetime(2026, 5, 4, 12, 0, 0, tzinfo=UTC)
LABELS = frozenset({"Triage/Scam", "Triage/Recruiter"})


def account(**values: object) -> AccountConfig:
    table = {"name": "home", "host": "imap.example.org", "username": "marta", "password": "secret"} | values
    return parse_config({"accounts": [table]}).accounts[0]


def facts(
    *capabilities: str, delimiter: str = "/", namespace: str = "", folders: tuple[str, ...] = ("INBOX", "Junk")
) -> ServerFacts:
    return ServerFacts(frozenset(capabilities), frozenset(), delimiter, namespace, folders, {})


@pytest.mark.parametrize(
    ("left", "colour", "words"),
    [
        (timedelta(days=90), "green", "in 90 days"),
        (timedelta(days=14), "green", "in 14 days"),
        (timedelta(days=14, seconds=-1), "amber", "in 13 days"),
        (timedelta(days=1), "amber", "in 1 day,"),
        (timedelta(seconds=1), "amber", "in 0 days"),
        (timedelta(0), "red", "expired"),
    ],
)
def test_a_certificate_is_amber_in_its_last_two_weeks(left: timedelta, colour: str, words: str) -> None:
    connection, certificate = judge_connection(account(), Reached("TLSv1.3", NOW + left), NOW)
    assert (connection.colour, certificate.colour) == ("green", colour)
    assert words in certificate.found
    assert bool(certificate.advice) is (colour != "green")


def test_what_is_not_encrypted_is_amber() -> None:
    (check,) = judge_connection(account(host="127.0.0.1", security="none"), Reached(), NOW)
    assert check.colour == "amber"
    assert "nothing is encrypted" in check.advice


@pytest.mark.parametrize("obstacle", get_args(Obstacle))
def test_every_obstacle_is_red_with_words_and_advice(obstacle: Obstacle) -> None:
    (check,) = judge_connection(account(), Unreached(obstacle), NOW)
    assert check.colour == "red"
    assert check.found.startswith("imap.example.org:993: ")
    assert check.advice
    assert "{" not in check.found + check.advice


def test_no_two_obstacles_share_their_words() -> None:
    found = [judge_connection(account(), Unreached(one), NOW)[0].found for one in get_args(Obstacle)]
    assert len(set(found)) == len(found)


@pytest.mark.parametrize(
    ("skew", "colour", "words"),
    [
        (0, "green", "agree"),
        (60, "green", "agree"),
        (-60, "green", "agree"),
        (61, "amber", "1 minute ahead of"),
        (-3600, "amber", "60 minutes behind"),
        (3601, "red", "60 minutes ahead of"),
        (-86400, "red", "24 hours behind"),
    ],
)
def test_the_clock_is_amber_after_a_minute_and_red_after_an_hour(skew: int, colour: str, words: str) -> None:
    check = judge_clock("home", timedelta(seconds=skew))
    assert check.colour == colour
    assert words in check.found


@pytest.mark.parametrize(
    ("internal_date", "skew"),
    [(0, 0), (2, 0), (-1, 0), (-2, -2), (3, 1), (7205, 7203)],
)
def test_the_time_a_message_took_is_no_skew(internal_date: int, skew: int) -> None:
    found = clock_skew(NOW, NOW + timedelta(seconds=internal_date), NOW + timedelta(seconds=2))
    assert found == timedelta(seconds=skew)


@pytest.mark.parametrize(
    ("configured", "counts", "messages", "colour", "words"),
    [
        ("mx.example.org", {"mx.example.org": 1}, 50, "green", "mx.example.org is configured"),
        ("MX.Example.org", {"mx.example.org": 1}, 50, "green", "MX.Example.org is configured"),
        ("mx.example.org", {"bank.example": 50}, 50, "amber", "configured and not seen"),
        ("mx.example.org", {}, 0, "amber", "INBOX holds no mail"),
        (None, {"mx.example.org": 25, "bank.example": 3}, 50, "amber", "mx.example.org in 25, bank.example in 3"),
        (None, {"bank.example": 24}, 50, "amber", "bank.example in 24"),
        (None, {}, 50, "amber", "in none"),
        (None, {}, 0, "amber", "holds no mail"),
    ],
)
def test_the_authserv_id_is_green_only_when_configured_and_seen(
    configured: str | None, counts: dict[str, int], messages: int, colour: str, words: str
) -> None:
    check = judge_authserv("home", configured, AuthservTally(messages, counts), "INBOX")
    assert check.colour == colour
    assert words in check.found


@pytest.mark.parametrize(("count", "is_offered"), [(25, True), (24, False)])
def test_only_who_speaks_in_half_of_the_mail_is_offered(count: int, *, is_offered: bool) -> None:
    check = judge_authserv("home", None, AuthservTally(50, {"mx.example.org": count}), "INBOX")
    assert ('authserv_id = "mx.example.org"' in check.advice) is is_offered


@pytest.mark.parametrize(
    ("value", "name"),
    [
        ("mx.example.org; dkim=pass", "mx.example.org"),
        (" (made by hand) MX.example.org 1; none", "mx.example.org"),
        ('"mx.example.org"; spf=pass', "mx.example.org"),
        ("spf=pass smtp.mailfrom=a.example; dkim=none", ""),
        ("", ""),
        (";", ""),
    ],
)
def test_the_authserv_id_is_read(value: str, name: str) -> None:
    assert parse_authserv_id(value) == name


def test_a_name_that_could_act_in_a_file_is_not_counted() -> None:
    found = tally(['a.example"\x1b[31m; dkim=pass', "mx.example.org; none", None, "dkim=pass"])
    assert found == AuthservTally(4, {"mx.example.org": 1}, 2)


@pytest.mark.parametrize(
    ("proof", "has", "colour", "words"),
    [
        (Proof("proved", mode="keyword"), (), "green", ""),
        (Proof("making a folder", "no", "NOPERM"), (), "amber", "no folder can be made"),
        (Proof("making a folder", "no", "OVERQUOTA"), (), "amber", "mailbox is full"),
        (Proof("writing a message", "no", "OVERQUOTA"), (), "amber", "mailbox is full"),
        (Proof("writing a message", "no"), (), "amber", "nothing is proved"),
        (Proof("writing labels", "copying (OVERQUOTA)", mode="folder"), (), "amber", "mailbox is full"),
        (Proof("writing labels", "no", mode="keyword"), (), "red", 'mode = "folder"'),
        (Proof("reading labels back", "no", mode="gmail"), (), "red", 'mode = "folder"'),
        (Proof("writing labels", "no", mode="folder"), (), "red", "ask whoever runs the server"),
        (Proof("taking labels back", "no", mode="folder"), (), "amber", "triage undo"),
        (Proof("taking labels back", "no", mode="folder"), ("UIDPLUS",), "red", "ask whoever runs the server"),
        (Proof("writing labels", "lost", is_lost=True, mode="keyword"), (), "red", "run doctor again"),
    ],
)
def test_what_a_proof_says(proof: Proof, has: tuple[str, ...], colour: str, words: str) -> None:
    check = judge_proof("home", proof, facts(*has))
    assert check.colour == colour
    assert words in check.advice
    assert proof.problem in check.found


@pytest.mark.parametrize("step", [step for step in get_args(Step) if step != "proved"])
@pytest.mark.parametrize("mode", [*get_args(Mode), None])
def test_every_step_that_fails_has_advice(step: Step, mode: Mode | None) -> None:
    check = judge_proof("home", Proof(step, "no", mode=mode), facts())
    assert check.colour in {"amber", "red"}
    assert check.advice


@pytest.mark.parametrize(
    ("flags", "colour", "words"),
    [
        (
            FlagFacts("INBOX", frozenset({"\\Seen", "\\*"})),
            "green",
            "PERMANENTFLAGS (\\* \\Seen) in INBOX: keywords of any",
        ),
        (FlagFacts("INBOX", frozenset({"triage/scam", "TRIAGE/RECRUITER"})), "green", "ours are kept"),
        (FlagFacts("INBOX", frozenset({"triage/scam"})), "amber", "are not kept"),
        (FlagFacts("INBOX", frozenset()), "amber", "are not kept"),
        (None, "amber", "not asked for"),
    ],
)
def test_permanent_flags_are_told_as_given(flags: FlagFacts | None, colour: str, words: str) -> None:
    check = judge_keywords("home", flags, LABELS)
    assert check.colour == colour
    assert words in check.found


@pytest.mark.parametrize(
    ("found", "mode", "colour", "words"),
    [
        (FolderFacts("INBOX", "there", None, is_writable=True), "keyword", "green", "can be written"),
        (FolderFacts("INBOX", "there", "lrs", is_writable=False), "keyword", "red", "read-only (rights lrs)"),
        (FolderFacts("INBOX", "there", "lrs", is_writable=False), "folder", "green", "enough for copies"),
        (FolderFacts("INBOX", "there", "", is_writable=False), "gmail", "red", "rights none"),
        (FolderFacts("INBOX", "there"), "keyword", "green", "not asked"),
        (FolderFacts("INBOX", "closed"), "keyword", "red", "cannot be opened"),
        (FolderFacts("Jobs", "missing"), None, "red", "missing"),
    ],
)
def test_a_folder_is_red_where_no_label_can_be_written(
    found: FolderFacts, mode: Mode | None, colour: str, words: str
) -> None:
    check = judge_folder("home", found, facts(), mode)
    assert check.colour == colour
    assert words in check.found


@pytest.mark.parametrize(
    ("wanted", "advice"),
    [
        ("Arhive", "did you mean 'INBOX.Archive'?"),
        ("jobs", "did you mean 'INBOX.Work.Jobs'?"),
        ("Work.Jobs", "did you mean 'INBOX.Work.Jobs'?"),
        ("work/jobs", "did you mean 'INBOX.Work.Jobs'?"),
        ("Zz", "folders there are: INBOX, INBOX.Archive, INBOX.Work.Jobs"),
    ],
)
def test_a_missing_folder_is_guessed(wanted: str, advice: str) -> None:
    there = facts(delimiter=".", namespace="INBOX.", folders=("INBOX", "INBOX.Archive", "INBOX.Work.Jobs"))
    assert judge_folder("home", FolderFacts(wanted, "missing"), there, "keyword").advice == advice


def test_folders_without_end_are_not_all_listed() -> None:
    there = facts(folders=tuple(f"Folder {number}" for number in range(40)))
    assert judge_folder("home", FolderFacts("Zz", "missing"), there, None).advice.endswith("Folder 11, ...")


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (facts("NAMESPACE", delimiter=".", namespace="INBOX."), 'under "INBOX.", levels parted by "."'),
        (facts(), "at the top"),
        (facts(delimiter=""), "without levels"),
    ],
)
def test_the_namespace_is_told(found: ServerFacts, words: str) -> None:
    assert words in judge_namespace("home", found).found


def test_what_the_server_lacks_is_amber_with_the_reason() -> None:
    can, lacks = judge_capabilities("home", facts("IDLE", "MOVE"))
    assert (can.found, lacks.colour) == ("IDLE, MOVE", "amber")
    assert "UIDPLUS: single copies can be deleted" in lacks.advice
    everything = facts("IDLE", "MOVE", "UIDPLUS", "CONDSTORE", "NAMESPACE", "SPECIAL-USE")
    assert [check.name for check in judge_capabilities("home", everything)] == ["server can"]


def test_a_move_to_a_role_nobody_has_is_told() -> None:
    check = judge_special_use("home", {"\\sent": "Sent"}, ["\\Junk", "Jobs", "\\Sent"])
    assert check.colour == "amber"
    assert "labels.move names \\Junk," in check.advice
    assert judge_special_use("home", {"\\junk": "Spam"}, ["\\Junk"]).colour == "green"
    assert judge_special_use("home", {}, []).colour == "amber"


def test_leftovers_are_told() -> None:
    assert not list(judge_leftovers("home", [], []))
    removed, left = judge_leftovers("home", ["one"], ["two"])
    assert (removed.colour, left.colour) == ("green", "amber")
    assert "two" in left.found


@given(moment=st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(9000, 1, 1)))  # noqa: DTZ001  made aware below
def test_a_scratch_name_tells_when_it_was_made(moment: datetime) -> None:
    name = scratch_name(moment.replace(tzinfo=UTC))
    made_at = moment.replace(tzinfo=UTC, microsecond=0)
    for folder in (name, f"{name}-Labels", f"{name}-Labels.Triage.Scam", f"{name}-Labels/Triage/Scam"):
        assert parse_scratch_name(f"INBOX.{folder}", "INBOX.") == (name, made_at)
    assert name.lower() in message_id(name)


@pytest.mark.parametrize(
    "folder",
    [
        "Triage/Scam",
        "Triage-Doctor-",
        "Triage-Doctor-of-mine",
        "Triage-Doctor-20260504T120000Z-0123456",
        "Triage-Doctor-20260504T120000Z-01234567/Mine",
        "Triage-Doctor-20260504T120000Z-01234567-Labelsmine",
        "Triage-Doctor-20261504T120000Z-01234567",
        "Other/Triage-Doctor-20260504T120000Z-01234567",
        "triage-doctor-20260504T120000Z-01234567",
    ],
)
def test_no_other_name_is_taken_for_ours(folder: str) -> None:
    assert parse_scratch_name(folder, "") is None


def test_a_name_of_ours_outside_our_namespace_is_not_ours() -> None:
    assert parse_scratch_name("Triage-Doctor-20260504T120000Z-01234567", "INBOX.") is None


FOLDER, FILE = Path("/state/triage"), Path("/state/triage/store.sqlite3")


@pytest.mark.parametrize(
    ("folder", "file", "colour", "advice"),
    [
        (PathFacts(FOLDER, 0o700, 7), PathFacts(FILE, 0o600, 7), "green", ""),
        (PathFacts(FOLDER, 0o700, 7), PathFacts(FILE), "green", ""),
        (PathFacts(FOLDER, 0o750, 7), PathFacts(FILE, 0o600, 7), "amber", f"chmod 700 {FOLDER}"),
        (PathFacts(FOLDER, 0o700, 7), PathFacts(FILE, 0o604, 7), "amber", f"chmod 600 {FILE}"),
        (PathFacts(FOLDER, 0o700, 8), PathFacts(FILE, 0o600, 7), "amber", "chown"),
        (PathFacts(FOLDER, 0o700, 7), PathFacts(FILE, 0o600, 8), "amber", "chown"),
        (PathFacts(FOLDER), PathFacts(FILE), "red", "set store.url"),
    ],
)
def test_the_state_folder_is_its_owners_alone(folder: PathFacts, file: PathFacts, colour: str, advice: str) -> None:
    check = judge_state(folder, file, 7)
    assert check.colour == colour
    assert advice in check.advice


@pytest.mark.parametrize(("free", "colour"), [(FREE_BYTES, "green"), (FREE_BYTES - 1, "amber"), (None, "amber")])
def test_little_room_is_amber(free: int | None, colour: str) -> None:
    assert judge_room(free).colour == colour


@pytest.mark.parametrize(
    ("mode", "is_told"), [(0o600, False), (0o400, False), (0o640, True), (0o604, True), (None, False)]
)
def test_a_file_with_a_password_is_its_owners_alone(mode: int | None, *, is_told: bool) -> None:
    assert bool(list(judge_secret_file(PathFacts(Path("config.toml"), mode, 7)))) is is_told


@pytest.mark.parametrize(
    ("roles", "colour", "words"),
    [
        ({"sent": "Sent", "drafts": "Drafts", "junk": None}, "green", ""),
        ({"sent": "Sent", "drafts": "New", "junk": "Junk"}, "green", ""),
        ({"sent": None, "drafts": None, "junk": "Junk"}, "amber", "sent_folder"),
        ({"sent": "Sent", "drafts": None, "junk": "Junk"}, "amber", "name a folder in drafts_folder"),
        ({"sent": None, "drafts": None, "junk": "Junk"}, "amber", "drafts_folder"),
        ({"sent": "Sent", "drafts": None, "junk": "Spma"}, "red", "junk_folder"),
    ],
)
def test_the_folders_of_leads_are_found_or_asked_for(roles: dict[str, str | None], colour: str, words: str) -> None:
    check = judge_roles(account(), roles, ["INBOX", "Sent", "Junk", "Drafts"])
    assert (check.colour, words in check.advice) == (colour, True)
    assert "Sent" in check.found or "none found" in check.found


@pytest.mark.parametrize("counts", [{"mx.example.org": 25}, {"mx.example.org": 24}])
def test_without_an_authserv_id_it_is_said_that_anybody_is_believed(counts: dict[str, int]) -> None:
    advice = judge_authserv("home", None, AuthservTally(50, counts), "INBOX").advice
    assert "is believed, whoever wrote it" in advice
    assert "unverified" not in advice
