"""The main job against a real Dovecot: show, apply, repeat, renumber, undo."""

import contextlib
import re
from collections.abc import Iterator

import pytest
from imapclient import IMAPClient

from tests.builders import make_offer, make_raw, make_scam
from tests.servers.dovecot import Dovecot, DovecotOptions
from tests.system.conftest import Program, read_lines

pytestmark = pytest.mark.server

State = dict[int, frozenset[str]]


def log_in(server: Dovecot, user: str) -> IMAPClient:
    client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10)
    client.login(user, server.password)
    return client


@pytest.fixture
def client(dovecot: Dovecot, user: str) -> Iterator[IMAPClient]:
    client = log_in(dovecot, user)
    yield client
    with contextlib.suppress(OSError, IMAPClient.Error):  # a test may have logged out
        client.logout()


def fill(client: IMAPClient, count: int = 120) -> None:
    """A third seen, a third with a foreign keyword."""
    for number in range(count):
        content = (make_scam(number), make_offer(number), make_raw(message_id=f"<{number}@choir.example>"))[
            number // 3 % 3
        ]
        flags = ((), ("\\Seen",), ("holiday",))[number % 3]
        client.append("INBOX", content, flags)


def state(client: IMAPClient, folder: str = "INBOX") -> State:
    client.select_folder(folder, readonly=True)
    found = client.get_flags(client.search())
    return {uid: frozenset(flag.decode() for flag in flags if flag != b"\\Recent") for uid, flags in found.items()}


def ours(flags: frozenset[str]) -> set[str]:
    return {flag for flag in flags if flag.startswith("Triage/")}


def test_the_whole_way(served: Program, dovecot: Dovecot, user: str, client: IMAPClient) -> None:
    fill(client)
    before = state(client)

    shown = served.run("scan", "--account", "home", "--json")
    assert (shown.returncode, shown.stderr) == (0, "")
    assert state(client) == before
    assert not (served.home / "state").exists()
    dry = read_lines(shown.stdout)
    assert len(dry) == 120
    assert len({line["source"] for line in dry}) == 120

    applied = read_lines(served.run("scan", "--account", "home", "--apply", "--json").stdout)
    assert [(line["source"], line["label_change"], line["category"]) for line in applied] == [
        (line["source"], line["label_change"], line["category"]) for line in dry
    ]
    assert all(line["applied"] == bool(line["label_change"]["add"]) for line in applied)
    after = state(client)
    for line in applied:
        uid = int(line["source"].rpartition("=")[2])
        assert after[uid] == before[uid] | set(line["label_change"]["add"])
    assert any(ours(flags) for flags in after.values())

    again = read_lines(served.run("scan", "--account", "home", "--apply", "--json").stdout)
    assert not any(line["applied"] or line["label_change"]["add"] or line["label_change"]["remove"] for line in again)
    assert state(client) == after

    client.logout()
    dovecot.change_uidvalidity(user)
    renumbered = read_lines(served.run("scan", "--account", "home", "--apply", "--json").stdout)
    client = log_in(dovecot, user)
    assert len(renumbered) == 120
    assert not any(line["applied"] for line in renumbered)
    assert sorted(state(client).values(), key=sorted) == sorted(after.values(), key=sorted)

    run_id = re.search(r"^(\S+)\s+scan", served.run("undo").stdout, re.MULTILINE)
    assert run_id is not None
    undone = served.run("undo", run_id[1])
    assert undone.returncode == 0, undone.stderr
    assert sorted(state(client).values(), key=sorted) == sorted(before.values(), key=sorted)
    client.logout()


def test_where_keywords_are_refused_copies_go_to_folders(program: Program, user: str) -> None:
    with Dovecot(DovecotOptions()) as server:
        client = log_in(server, user)
        fill(client, 9)
        before = state(client)
        program.configure(server.port, user, extra='[labels]\nmode = "folder"')
        first = read_lines(program.run("scan", "--apply", "--json").stdout)
        wanted = sum("Triage/Scam" in line["label_change"]["add"] for line in first)
        assert wanted > 0
        assert len(state(client, "Triage/Scam")) == wanted
        assert not any(line["applied"] for line in read_lines(program.run("scan", "--apply", "--json").stdout))
        assert len(state(client, "Triage/Scam")) == wanted
        assert state(client) == before
        run_id = re.search(r"^(\S+)\s+scan", program.run("undo").stdout, re.MULTILINE)
        assert run_id is not None
        assert program.run("undo", run_id[1]).returncode == 0
        assert state(client, "Triage/Scam") == {}
        client.logout()


def test_a_message_of_the_server_is_explained(served: Program, client: IMAPClient) -> None:
    client.append("INBOX", make_scam())
    source = read_lines(served.run("scan", "--json").stdout)[0]["source"]
    told = served.run("explain", source)
    assert told.returncode == 0
    assert told.stdout.startswith("scam")
    assert state(client) == {1: frozenset()}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "wrong-secret"}, "check username and the password"),
        ({"host": "localhost", "security": "tls"}, "check port and security"),
        ({"security": "starttls"}, "certificate is refused"),
        ({"ca_file": "nowhere.pem", "security": "starttls"}, "ca_file nowhere.pem cannot be read"),
        ({"username": ""}, "username is required"),
        ({"usernam": "x"}, "did you mean 'username'?"),
        ({"host": "imap.example.org"}, "security = 'none' would send the password in the clear"),
        ({"password": "", "password_env": "NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE, which is not set"),
        ({"password": "", "password_file": "nowhere"}, "password_file nowhere cannot be read"),
    ],
)
def test_what_cannot_work_is_said_in_a_line(
    program: Program, dovecot: Dovecot, user: str, change: dict[str, str], words: str
) -> None:
    program.configure(dovecot.port, user, **change)
    done = program.run("scan", "--apply", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert words in done.stderr
    assert "Traceback" not in done.stderr
    assert "wrong-secret" not in done.stderr


def test_a_missing_folder_and_an_unknown_account_are_named(served: Program) -> None:
    assert "no folder 'Nowhere'" in served.run("scan", "--folder", "Nowhere").stderr
    unknown = served.run("scan", "--account", "work")
    assert (unknown.returncode, unknown.stderr) == (2, "triage: no account is called 'work' (configured: home)\n")


@pytest.mark.parametrize("as_json", [(), ("--json",)])
def test_what_cannot_be_opened_keeps_no_other_folder_and_the_end_says_how_to_undo(
    program: Program, dovecot: Dovecot, user: str, client: IMAPClient, as_json: tuple[str, ...]
) -> None:
    client.append("INBOX", make_scam())
    refused = f'[[accounts]]\nname = "away"\nhost = "127.0.0.1"\nport = {dovecot.port}\nsecurity = "none"\n'
    refused += f'username = "{user}"\npassword = "wrong-secret"\n'
    program.configure(dovecot.port, user, extra=refused)
    done = program.run("scan", "--folder", "Nope", "--folder", "INBOX", "--apply", *as_json)
    assert done.returncode == 2
    assert "no folder 'Nope'" in done.stderr
    assert done.stderr.count("check username and the password") == 1
    undo = re.search(r"1 labelled; take it back with: triage undo (\S+)", done.stderr if as_json else done.stdout)
    assert undo is not None
    assert state(client) == {1: {"Triage/Scam"}}
    assert program.run("undo", undo[1]).returncode == 0
    assert state(client) == {1: set()}


def test_doctor_says_which_label_mode_and_why(served: Program, client: IMAPClient) -> None:
    done = served.run("doctor", "--json")
    checks = {line["check"]: line for line in read_lines(done.stdout)}
    assert done.returncode == 0, done.stdout
    assert checks["labels"]["found"].startswith("mode keyword")
    assert "PERMANENTFLAGS" in checks["labels"]["advice"]
    assert checks["login"]["colour"] == "green"
    assert "certificate" not in served.run("doctor").stderr
    assert client.list_folders()


def test_doctor_ends_with_1_when_something_is_red(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, password="wrong-secret")
    done = program.run("doctor")
    assert done.returncode == 1
    assert "check username and the password" in done.stdout.replace("\n", " ")
