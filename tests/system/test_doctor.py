"""What doctor finds on real servers, and that it leaves them as they were."""

import contextlib
import json
import os
import re
import signal
import socket
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient
from typer.testing import CliRunner

from tests.builders import make_offer, make_raw, make_scam
from tests.servers.cyrus import Cyrus
from tests.servers.dovecot import Dovecot, DovecotOptions, make_certificates
from tests.servers.gmail import Gmail
from tests.servers.process import free_port, give_away
from tests.servers.proxy import FaultProxy
from tests.servers.pymap import Pymap
from tests.system.conftest import Program, read_lines
from triage.cli.main import app
from triage.config import AccountConfig, parse_config
from triage.errors import TransientMailError
from triage.imap import probe
from triage.imap.errors import translated
from triage.imap.reach import Unreached, reach
from triage.imap.scratch import message_id, scratch_name

pytestmark = pytest.mark.server

Checks = dict[str, dict[str, Any]]
Snapshot = dict[str, Any]
Server = Dovecot | Cyrus | Gmail | Pymap


def log_in(server: Server, user: str) -> IMAPClient:
    client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=10)
    client.login(user, server.password)
    return client


@pytest.fixture
def client(dovecot: Dovecot, user: str) -> Iterator[IMAPClient]:
    client = log_in(dovecot, user)
    yield client
    with contextlib.suppress(OSError, IMAPClient.Error):
        client.logout()


def examine(program: Program, *arguments: str, status: int = 0) -> Checks:
    """Run doctor in this process, which is faster than another, and return its checks by their names."""
    done = CliRunner(env=program.environment()).invoke(app, program.arguments("doctor", "--json", *arguments))
    assert (done.exit_code, done.stderr) == (status, ""), done.output
    return {line["check"]: line for line in read_lines(done.stdout)}


def account_at(port: int, user: str) -> AccountConfig:
    table = {"name": "home", "host": "127.0.0.1", "port": port, "security": "none", "username": user}
    return parse_config({"accounts": [table | {"password": "secret"}]}).accounts[0]


def colours(checks: Checks) -> set[str]:
    return {check["colour"] for check in checks.values()}


def fill(client: IMAPClient) -> None:
    """Mail with flags, some of it recent, in three folders, one of them not subscribed."""
    for folder in ("Jobs", "Jobs/Leads"):
        client.create_folder(folder)
    client.subscribe_folder("Jobs/Leads")
    for number, (folder, flags) in enumerate(
        [("INBOX", ()), ("INBOX", ("\\Seen", "holiday")), ("INBOX", ("\\Flagged",)), ("Jobs/Leads", ()), ("Junk", ())]
    ):
        client.append(folder, make_offer(number) if number % 2 else make_scam(number), flags)


def snapshot(server: Server, user: str) -> Snapshot:
    r"""Return all that another program can see, \Recent included, in a session of its own."""
    with log_in(server, user) as client:
        folders = sorted(str(one[2]) for one in client.list_folders())
        found: Snapshot = {"folders": folders, "subscribed": sorted(str(one[2]) for one in client.list_sub_folders())}
        for folder in folders:
            with contextlib.suppress(IMAPClient.Error):  # only a level in the names of others
                status = client.folder_status(folder, ["MESSAGES", "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN"])
                client.select_folder(folder, readonly=True)
                uids = client.search(["ALL"])
                items = client.fetch(uids, ["FLAGS", "INTERNALDATE", "RFC822.SIZE"]) if uids else {}
                found[folder] = (status, {uid: sorted(map(str, one.items())) for uid, one in items.items()})
        return found


@pytest.mark.parametrize("options", [[], ["--no-write"]])
def test_the_owners_mail_is_as_before(
    served: Program, dovecot: Dovecot, user: str, client: IMAPClient, options: list[str]
) -> None:
    fill(client)
    before = snapshot(dovecot, user)
    assert before["INBOX"][0][b"RECENT"] == 3
    checks = examine(served, *options)
    assert snapshot(dovecot, user) == before
    assert colours(checks) == {"green", "amber"}
    assert checks["folder INBOX"]["found"].startswith("there; whether it can be written is not asked")
    assert checks["label proof"]["colour"] == ("amber" if options else "green")
    assert ("clock" in checks) is not bool(options)


def test_what_is_found_on_a_good_server(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.tls_port, user, host="localhost", security="tls", ca_file=str(dovecot.ca_file))
    program.config.chmod(0o600)
    checks = examine(program)
    assert {name for name, check in checks.items() if check["colour"] != "green"} == {"authserv-id", "leads"}
    assert re.search(r"TLSv1\.[23], certificate verified", checks["connection"]["found"])
    assert checks["certificate"]["found"].startswith(("expires in 29 days", "expires in 30 days"))
    assert checks["namespace"]["found"] == 'personal folders at the top, levels parted by "/"'
    assert re.search(r"PERMANENTFLAGS \(.*\\\*.*\) in Junk: keywords of any name", checks["keywords"]["found"])
    assert checks["label proof"]["found"].endswith("mode keyword")
    assert "INBOX holds no mail" in checks["authserv-id"]["found"]
    assert checks["special folders"]["found"] == "junk is Junk, sent is Sent"
    assert "drafts: none found" in checks["leads"]["found"]
    assert "drafts_folder" in checks["leads"]["advice"]
    assert checks["state folder"]["found"].endswith("mode 0600")
    assert checks["disk"]["found"].endswith("MB free")


def test_the_table_says_the_same_to_people(served: Program) -> None:
    done = served.run("doctor")
    assert (done.returncode, done.stderr) == (0, "")
    assert "not encrypted" in done.stdout
    assert "what to do" in done.stdout
    assert "secret" not in re.sub(r"amber\s+secret", "", done.stdout)


def test_starttls_is_verified_too(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, host="localhost", security="starttls", ca_file=str(dovecot.ca_file))
    checks = examine(program)
    assert "STARTTLS, TLSv1" in checks["connection"]["found"]
    assert checks["certificate"]["colour"] == "green"


@pytest.mark.parametrize(
    ("port", "change", "found", "advice"),
    [
        ("tls", {"security": "tls"}, "not signed by anybody trusted here", "set ca_file"),
        ("plain", {"security": "starttls"}, "not signed by anybody trusted here", "set ca_file"),
        ("plain", {"security": "tls"}, "does not speak TLS", "starttls"),
        (
            "tls",
            {"security": "starttls", "timeout_seconds": "1"},
            "speaks TLS from the first octet",
            'security = "tls"',
        ),
        ("tls", {"timeout_seconds": "1"}, "speaks TLS from the first octet", 'security = "tls"'),
        ("closed", {}, "refuses connections", "check host and port"),
        ("tls", {"host": "nowhere.invalid", "security": "tls"}, "cannot be resolved", "check the spelling of host"),
        ("tls", {"security": "tls", "ca_file": "nowhere.pem"}, "ca_file nowhere.pem cannot be read", "mend it"),
    ],
)
def test_each_obstacle_has_words_of_its_own(  # noqa: PLR0913, PLR0917  a table
    program: Program, dovecot: Dovecot, user: str, port: str, change: dict[str, str], found: str, advice: str
) -> None:
    ports = {"tls": dovecot.tls_port, "plain": dovecot.port, "closed": free_port()}
    program.configure(ports[port], user, **change)
    checks = examine(program, status=1)
    assert checks["connection"]["colour"] == "red"
    assert found in checks["connection"]["found"]
    assert advice in checks["connection"]["advice"]
    assert not {"login", "labels"} & checks.keys()


@pytest.mark.parametrize(
    ("names", "days", "colour", "words"),
    [
        ("DNS:mail.example.org", 30, "red", "the certificate is for mail.example.org"),
        ("DNS:localhost", -1, "red", "must renew it"),
        ("DNS:localhost", 5, "amber", "must renew it before then"),
    ],
)
def test_certificates_are_judged(program: Program, user: str, names: str, days: int, colour: str, words: str) -> None:
    server = Dovecot()
    make_certificates(server.dir, names=names, days=days)
    with server:
        program.configure(server.tls_port, user, host="localhost", security="tls", ca_file=str(server.ca_file))
        checks = examine(program, status=1 if colour == "red" else 0)
    check = checks["certificate" if colour == "amber" else "connection"]
    assert check["colour"] == colour
    assert words in check["advice"]


def test_something_else_on_the_port_is_told(program: Program, dovecot: Dovecot, user: str) -> None:
    with FaultProxy(dovecot.port) as proxy:
        program.configure(proxy.port, user)
        proxy.on_server = lambda data: re.sub(rb"^\* OK", b"220 mx", data)
        assert "no IMAP server" in examine(program, status=1)["connection"]["found"]
        proxy.on_server = lambda data: re.sub(rb"^\* OK", b"* BYE", data)
        assert "says goodbye" in examine(program, status=1)["connection"]["found"]


def test_a_failing_account_does_not_stop_the_others(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user)
    good = program.config.read_text()
    program.configure(dovecot.port, user, name="work", password="wrong-secret")
    program.config.write_text(program.config.read_text() + good)
    done = program.run("doctor", "--json")
    assert done.returncode == 1
    login = {line["account"]: line["colour"] for line in read_lines(done.stdout) if line["check"] == "login"}
    assert login == {"work": "red", "home": "green"}
    assert "wrong-secret" not in done.stdout + done.stderr
    assert program.run("doctor", "--account", "home").returncode == 0


def test_a_configuration_that_cannot_be_used_ends_with_2(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, usernam="x")
    done = program.run("doctor", "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "did you mean 'username'?" in done.stderr


def test_a_server_without_keywords_is_proved_with_folders_of_our_own(program: Program) -> None:
    with Pymap() as server:
        with log_in(server, server.user) as client:
            client.append("INBOX", make_scam())
        before = snapshot(server, server.user)
        program.configure(server.port, server.user)
        checks = examine(program)
        assert checks["keywords"]["colour"] == "amber"
        assert checks["labels"]["found"].startswith("mode folder")
        assert checks["label proof"]["found"].endswith("mode folder")
        assert snapshot(server, server.user) == before

        program.configure(server.port, server.user, extra='[labels]\nmode = "keyword"')
        checks = examine(program, status=1)
        assert checks["label proof"]["colour"] == "red"
        assert 'set mode = "folder"' in checks["label proof"]["advice"]
        assert snapshot(server, server.user) == before


@pytest.mark.parametrize("mode", ["keyword", "folder"])
@pytest.mark.parametrize("kind", ["cyrus", "cyrus_slash"])
def test_cyrus_is_proved_below_its_namespace(
    program: Program, user: str, kind: str, mode: str, request: pytest.FixtureRequest
) -> None:
    server: Cyrus = request.getfixturevalue(kind)
    server.add_user(user)
    with log_in(server, user) as client:
        client.append("INBOX", make_scam())
    before = snapshot(server, user)
    program.configure(server.port, user, extra=f'[labels]\nmode = "{mode}"')
    checks = examine(program)
    assert checks["label proof"]["found"].endswith(f"mode {mode}")
    assert ('under "INBOX."' in checks["namespace"]["found"]) == (kind == "cyrus")
    assert "rights " in checks["folder INBOX"]["found"]
    assert snapshot(server, user) == before


def test_gmail_is_proved_with_labels_of_our_own(program: Program, gmail: Gmail) -> None:
    with log_in(gmail, gmail.user) as client:
        client.append("INBOX", make_scam())
        client.append("[Gmail]/Trash", make_raw())
    before = snapshot(gmail, gmail.user)
    program.configure(gmail.port, gmail.user)
    checks = examine(program)
    assert checks["labels"]["found"].startswith("mode gmail")
    assert checks["label proof"]["found"].endswith("mode gmail")
    after = snapshot(gmail, gmail.user)
    assert after["[Gmail]/Trash"][0].pop(b"UIDNEXT") > before["[Gmail]/Trash"][0].pop(b"UIDNEXT")
    assert after == before


def test_folder_mode_leaves_no_folder_and_no_subscription(
    program: Program, dovecot: Dovecot, user: str, client: IMAPClient
) -> None:
    fill(client)
    before = snapshot(dovecot, user)
    program.configure(dovecot.port, user, extra='[labels]\nmode = "folder"\nprefix = "Sorted/"')
    assert examine(program)["label proof"]["found"].endswith("mode folder")
    assert snapshot(dovecot, user) == before


@pytest.mark.parametrize("location", ["sdbox:~/sdbox", "mbox:~/mail:INBOX=~/inbox"])
def test_an_old_server_is_served_as_well(program: Program, user: str, location: str) -> None:
    with Dovecot(DovecotOptions(capability="IMAP4rev1", location=location)) as server:
        before = snapshot(server, user)
        program.configure(server.port, user)
        checks = examine(program)
        assert checks["server can"]["found"] == "only the basics"
        assert checks["namespace"]["found"].endswith("(no NAMESPACE: taken from LIST)")
        assert checks["label proof"]["colour"] == "green"
        assert snapshot(server, user) == before
        program.configure(server.port, user, extra='[labels]\nmode = "folder"')
        proof = examine(program)["label proof"]
        assert proof["colour"] == "amber"
        assert "cannot delete single copies" in proof["advice"]
        assert snapshot(server, user) == before


def test_a_full_mailbox_is_told(program: Program, user: str) -> None:
    with Dovecot(DovecotOptions(quota="100k")) as server:
        with log_in(server, user) as client:
            for number in range(200):
                try:
                    client.append("INBOX", make_raw("x" * 70 + "\n", message_id=f"<{number}@choir.example>") * 2)
                except IMAPClient.Error:
                    break
        before = snapshot(server, user)
        program.configure(server.port, user)
        proof = examine(program)["label proof"]
        assert proof["colour"] == "amber"
        assert "the mailbox is full" in proof["advice"]
        assert snapshot(server, user) == before


def test_a_server_that_lets_no_folder_be_made_is_told(program: Program, user: str) -> None:
    with Dovecot(DovecotOptions(acl=True)) as server:
        server.set_acl(".DEFAULT", "lrwstie")
        before = snapshot(server, user)
        program.configure(server.port, user)
        checks = examine(program)
        assert checks["label proof"]["colour"] == "amber"
        assert "(NOPERM)" in checks["label proof"]["found"]
        assert "no folder can be made" in checks["label proof"]["advice"]
        assert checks["labels"]["found"].startswith("mode keyword")
        assert snapshot(server, user) == before


def test_a_read_only_folder_is_told_and_a_misspelt_one_guessed(program: Program, user: str) -> None:
    with Dovecot(DovecotOptions(acl=True)) as server:
        with log_in(server, user) as client:
            for folder in ("Ro", "Closed", "Jobs/Leads"):
                client.create_folder(folder)
        server.set_acl("Ro", "lr")
        server.set_acl("Closed", "l")
        before = snapshot(server, user)
        program.configure(server.port, user)
        program.config.write_text(
            program.config.read_text()
            + 'folders = ["INBOX", "Ro", "Closed", "Jobs/Leds", "leads", "Zzz", "a:smile:b"]\n'
        )
        checks = examine(program, status=1)
        assert "w" in re.findall(r"rights (\w+)", checks["folder INBOX"]["found"])[0]
        assert checks["folder INBOX"]["colour"] == "green"
        assert checks["folder Ro"]["found"] == "there, but read-only (rights lr)"
        assert checks["folder Closed"]["found"] == "there, but it cannot be opened"
        assert checks["folder Jobs/Leds"]["advice"] == "did you mean 'Jobs/Leads'?"
        assert checks["folder leads"]["advice"] == "did you mean 'Jobs/Leads'?"
        assert checks["folder Zzz"]["advice"].startswith("folders there are: ")
        assert checks["folder a:smile:b"]["found"] == "missing"
        assert {checks[name]["colour"] for name in ("folder Ro", "folder Closed", "folder Zzz")} == {"red"}
        assert snapshot(server, user) == before


def test_a_read_only_folder_is_told_without_acl(program: Program, user: str) -> None:
    with Dovecot(DovecotOptions(acl=True, capability="IMAP4rev1")) as server:
        with log_in(server, user) as client:
            client.create_folder("Ro")
        server.set_acl("Ro", "lr")
        program.configure(server.port, user)
        program.config.write_text(program.config.read_text() + 'folders = ["Ro"]\n')
        assert examine(program, status=1)["folder Ro"]["found"] == "there, but read-only"


@pytest.mark.parametrize(("behind", "colour"), [(timedelta(minutes=9), "amber"), (timedelta(hours=-5), "red")])
def test_a_wrong_clock_is_told(program: Program, dovecot: Dovecot, user: str, behind: timedelta, colour: str) -> None:
    def turn_back(data: bytes) -> bytes:
        def other(match: "re.Match[bytes]") -> bytes:
            moment = datetime.strptime(match[1].decode(), "%d-%b-%Y %H:%M:%S %z") - behind
            return f'INTERNALDATE "{moment:%d-%b-%Y %H:%M:%S %z}"'.encode()

        return re.sub(rb'INTERNALDATE "([^"]+)"', other, data)

    with FaultProxy(dovecot.port) as proxy:
        proxy.on_server = turn_back
        program.configure(proxy.port, user)
        clock = examine(program, status=1 if colour == "red" else 0)["clock"]
    assert clock["colour"] == colour
    assert ("9 minutes behind" if colour == "amber" else "5 hours ahead of") in clock["found"]


def test_the_authserv_id_is_offered_and_confirmed(program: Program, dovecot: Dovecot, user: str) -> None:
    with log_in(dovecot, user) as client:
        for number in range(60):
            own = ("Authentication-Results", "mx.example.org; dkim=pass header.d=choir.example")
            sent_along = ("Authentication-Results", "bank.example; dmarc=pass")
            headers = () if number < 20 else (own, sent_along) if number < 58 else (sent_along,)
            client.append("INBOX", make_raw(message_id=f"<{number}@choir.example>", headers=headers))
    before = snapshot(dovecot, user)
    program.configure(dovecot.port, user)
    check = examine(program)["authserv-id"]
    assert check["colour"] == "amber"
    assert check["found"].endswith("newest 50 messages of INBOX: mx.example.org in 38, bank.example in 2")
    assert 'write under this account: authserv_id = "mx.example.org"; until then' in check["advice"]
    program.configure(dovecot.port, user, authserv_id="MX.example.org")
    assert examine(program)["authserv-id"]["colour"] == "green"
    program.configure(dovecot.port, user, authserv_id="mx.example.net")
    check = examine(program)["authserv-id"]
    assert check["colour"] == "amber"
    assert "configured and not seen" in check["found"]
    assert snapshot(dovecot, user) == before


def test_labels_that_are_not_kept_are_told_and_nothing_is_left(program: Program, dovecot: Dovecot, user: str) -> None:
    before = snapshot(dovecot, user)
    with FaultProxy(dovecot.port) as proxy:
        proxy.on_client = lambda data: data.replace(b"+FLAGS.SILENT (Triage/Scam)", b"+FLAGS.SILENT (Triage/Spam)")
        program.configure(proxy.port, user)
        proof = examine(program, status=1)["label proof"]
    assert proof["colour"] == "red"
    assert 'set mode = "folder"' in proof["advice"]
    assert snapshot(dovecot, user) == before


@pytest.mark.parametrize("word", [b"APPEND", b"STORE", b"SELECT"])
def test_a_connection_lost_in_the_proof_leaves_nothing(
    program: Program, dovecot: Dovecot, user: str, word: bytes
) -> None:
    before = snapshot(dovecot, user)
    with FaultProxy(dovecot.port) as proxy:
        seen: list[bytes] = []

        def cut(data: bytes) -> bytes:
            if word in data and b"Triage" in data and not seen:
                seen.append(data)
                proxy.drop()
                return b""
            return data

        proxy.on_client = cut
        program.configure(proxy.port, user)
        checks = examine(program, status=1)
    assert seen
    assert checks["label proof"]["colour"] == "red"
    assert "run doctor again" in checks["label proof"]["advice"]
    assert checks["folder INBOX"]["colour"] == "green"
    assert snapshot(dovecot, user) == before


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_in_the_proof_leaves_nothing(program: Program, dovecot: Dovecot, user: str, number: int) -> None:
    before = snapshot(dovecot, user)
    with FaultProxy(dovecot.port) as proxy:
        reached = threading.Event()

        def hold(data: bytes) -> bytes:
            if b"+FLAGS" in data and not reached.is_set():
                reached.set()
                return b""  # the server never hears of it, and so never answers
            return data

        proxy.on_client = hold
        program.configure(proxy.port, user)
        doctor = program.start("doctor", "--json")
        assert reached.wait(30)
        assert snapshot(dovecot, user) != before
        doctor.send_signal(number)
        _, errors = doctor.communicate(timeout=30)
    assert doctor.returncode == 130
    assert "Traceback" not in errors
    assert snapshot(dovecot, user) == before


@pytest.mark.parametrize("word", [b"", b"LOGIN", b"AUTHENTICATE", b"LIST", b"CREATE"])
def test_a_stalled_server_is_given_up(program: Program, dovecot: Dovecot, user: str, word: bytes) -> None:
    with FaultProxy(dovecot.port) as proxy:
        if word:

            def stall(data: bytes) -> bytes:
                if word in data:
                    proxy.stall(on=True)
                return data

            proxy.on_client = stall
        else:
            proxy.stall(on=True)
        program.configure(proxy.port, user, timeout_seconds="1")
        began = time.monotonic()
        done = program.run("doctor", "--json")
        proxy.stall(on=False)
    assert done.returncode == (0 if word == b"LOGIN" else 1), done.stdout  # Dovecot offers AUTH=PLAIN
    assert time.monotonic() - began < 20
    if word != b"LOGIN":
        assert any("not answer in time" in line["found"] for line in read_lines(done.stdout))


def test_a_session_is_cut_after_its_time_however_patient(
    dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "SESSION_SECONDS", 1.0)
    with FaultProxy(dovecot.port) as proxy, probe.ProbeSession(account_at(proxy.port, user)) as session:
        client = session.client
        proxy.stall(on=True)
        began = time.monotonic()
        with pytest.raises(TransientMailError), translated("home", "waiting"):
            client.noop()
        assert time.monotonic() - began < 10
        proxy.stall(on=False)


def test_a_server_that_drips_is_a_silent_one() -> None:
    stopped = threading.Event()

    def drip(listener: socket.socket) -> None:
        with contextlib.suppress(OSError):
            peer, _ = listener.accept()
            with peer:
                while not stopped.wait(0.2):
                    peer.sendall(b"x")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=drip, args=[listener])
        thread.start()
        began = time.monotonic()
        found = reach(account_at(listener.getsockname()[1], "u"), 1.0)
        stopped.set()
        thread.join(5)
    assert found == Unreached("timeout")
    assert time.monotonic() - began < 6


def test_what_a_killed_doctor_left_is_removed_and_nothing_else(
    served: Program, dovecot: Dovecot, user: str, client: IMAPClient
) -> None:
    old, young = scratch_name(datetime.now(UTC) - timedelta(hours=2)), scratch_name(datetime.now(UTC))
    used, foreign = scratch_name(datetime.now(UTC) - timedelta(days=2)), "Triage-Doctor-of-mine"
    for folder in (old, f"{old}-Labels/Triage/Scam", young, used, foreign):
        client.create_folder(folder)
        client.subscribe_folder(folder)
    client.append(old, make_raw(message_id=message_id(old)))
    client.append(f"{old}-Labels/Triage/Scam", make_raw(message_id=message_id(old)))
    client.append(used, make_raw(message_id="<1@choir.example>"))
    checks = examine(served)
    after = snapshot(dovecot, user)
    assert {name for name in after["folders"] if name.startswith("Triage")} == {young, used, foreign}
    assert {name for name in after["subscribed"] if name.startswith("Triage")} == {young, used, foreign}
    assert after[used][0][b"MESSAGES"] == 1
    assert used in checks["leftovers"]["found"]
    assert checks["leftovers"]["colour"] == "amber"


def test_files_that_others_can_read_are_told(served: Program) -> None:
    served.config.chmod(0o640)
    state = served.home / "state" / "triage"
    examine(served)
    (state / "triage.sqlite3").chmod(0o644)
    checks = examine(served)
    assert checks["secret"]["advice"] == f"chmod 600 {served.config}"
    assert checks["state folder"]["advice"] == f"chmod 600 {state / 'triage.sqlite3'}"
    (state / "triage.sqlite3").chmod(0o600)
    state.chmod(0o755)
    served.config.chmod(0o600)
    checks = examine(served)
    assert "secret" not in checks
    assert checks["state folder"]["advice"] == f"chmod 700 {state}"


def test_a_password_in_the_environment_is_none_in_the_file(
    served: Program, dovecot: Dovecot, user: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "secret" in examine(served)
    account = {"name": "home", "host": "127.0.0.1", "port": dovecot.port, "security": "none", "username": user}
    served.config.write_text("")
    monkeypatch.setattr(
        Program,
        "environment",
        lambda _: {
            "TRIAGE_ACCOUNTS": json.dumps([account | {"password": "secret"}]),
            "XDG_STATE_HOME": str(served.home),
        },
    )
    checks = examine(served)
    assert checks["login"]["colour"] == "green"
    assert "secret" not in checks


def test_a_state_folder_that_cannot_be_made_is_red(served: Program) -> None:
    (served.home / "state").write_text("in the way")
    checks = examine(served, status=1)
    assert checks["store"]["colour"] == "red"
    assert checks["state folder"]["colour"] == "red"
    assert checks["label proof"]["colour"] == "green"


def test_nothing_secret_is_told(served: Program, client: IMAPClient) -> None:
    client.append("INBOX", make_scam())
    done = served.run("doctor", "--json")
    assert "personnel.desk" not in done.stdout
    assert "mail department" not in done.stdout
    assert '"secret"' not in re.sub(r'"check": "secret"', "", done.stdout)


def test_an_invalid_store_url_is_told(program: Program, dovecot: Dovecot, user: str) -> None:
    program.configure(dovecot.port, user, extra='[store]\nurl = "nonsense"')
    checks = examine(program, status=1)
    assert checks["store"]["colour"] == "red"
    assert checks["label proof"]["colour"] == "green"


def test_a_state_folder_of_somebody_else_is_told(served: Program) -> None:
    examine(served)
    if os.geteuid() != 0:
        pytest.skip("only root can give files away")
    give_away(Path(served.home / "state"))
    check = examine(served)["state folder"]
    assert check["colour"] == "amber"
    assert "chown" in check["advice"]
