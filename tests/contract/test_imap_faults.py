"""Faults that reviews found: each stays found."""

import re
import time

import pytest
from imapclient import IMAPClient

from tests.builders import make_scam
from tests.contract.conftest import Opener, make_account
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy
from triage.errors import AccountError, TransientMailError
from triage.records import LabelChange

pytestmark = pytest.mark.server

SCAM = frozenset({"Triage/Scam"})


def count(client: IMAPClient, folder: str) -> int:
    return int(client.select_folder(folder, readonly=True)[b"EXISTS"])


def test_removing_a_label_within_its_own_folder_keeps_the_only_copy(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.create_folder("Triage/Scam")
    client.append("Triage/Scam", make_scam())
    with source_of(make_account(dovecot.port, user), "folder").open("Triage/Scam") as box:
        (done,) = box.apply([LabelChange(ref, remove=SCAM) for ref in box.list_refs()])
    assert done.error is not None
    assert count(client, "Triage/Scam") == 1


@pytest.mark.parametrize("header", [b"X-A: 1\r\n", b"Message-ID: <1@x>\r\n"])
def test_another_message_that_looks_alike_is_not_expunged(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener, header: bytes
) -> None:
    client.append("INBOX", header + b"\r\none\r\n")
    client.create_folder("Triage/Scam")
    client.append("Triage/Scam", header + b"\r\nthe owner filed this one, there is no other copy\r\n")
    with source_of(make_account(dovecot.port, user), "folder").open("INBOX") as box:
        box.apply([LabelChange(ref, remove=SCAM) for ref in box.list_refs()])
    assert count(client, "Triage/Scam") == 1


def test_a_connection_lost_during_login_is_transient(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    with FaultProxy(dovecot.port) as proxy:

        def cut(data: bytes) -> bytes:
            if b"AUTHENTICATE" in data:
                proxy.drop()
                return b""
            return data

        proxy.on_client = cut
        with pytest.raises(TransientMailError), source_of(make_account(proxy.port, user)).open("INBOX"):
            pass


def test_unavailable_on_opening_is_transient(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    with FaultProxy(dovecot.port) as proxy:
        proxy.on_server = lambda data: re.sub(rb"OK \[READ-ONLY\] Examine", b"NO [UNAVAILABLE] Examine", data)
        with pytest.raises(TransientMailError), source_of(make_account(proxy.port, user)).open("INBOX"):
            pass


def refuse_stores(proxy: FaultProxy, code: bytes) -> None:
    proxy.on_client = lambda data: data.replace(b"+FLAGS.SILENT", b"+FLAGS.NOTHING")
    proxy.on_server = lambda data: re.sub(rb"^(\S+) BAD .*", rb"\1 NO [" + code + b"] Store failed\r", data)


@pytest.mark.parametrize("code", [b"UNAVAILABLE", b"LIMIT"])
def test_a_keyword_that_is_refused_for_now_is_tried_again_later(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener, code: bytes
) -> None:
    client.append("INBOX", make_scam())
    with FaultProxy(dovecot.port) as proxy:
        refuse_stores(proxy, code)
        source = source_of(make_account(proxy.port, user))
        with pytest.raises(TransientMailError, match="try again later"), source.open("INBOX") as box:
            box.apply([LabelChange(ref, SCAM) for ref in box.list_refs()])


def test_a_keyword_that_is_refused_for_good_is_said_with_the_servers_code(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.append("INBOX", make_scam())
    with FaultProxy(dovecot.port) as proxy:
        refuse_stores(proxy, b"CANNOT")
        with source_of(make_account(proxy.port, user)).open("INBOX") as box:
            (done,) = box.apply([LabelChange(ref, SCAM) for ref in box.list_refs()])
    assert "(CANNOT)" in str(done.error)


def test_a_fetch_refused_for_one_message_leaves_the_others(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    for number in range(3):
        client.append("INBOX", make_scam(number))
    with FaultProxy(dovecot.port) as proxy:
        asked: list[bool] = []

        def note(data: bytes) -> bytes:
            if b"UID FETCH" in data:
                asked.append(bool(re.search(rb"UID FETCH [\d,:]*\b2\b", data)))
            return data

        def refuse(data: bytes) -> bytes:
            return data.replace(b"OK Fetch completed", b"NO Fetch failed") if asked and asked[-1] else data

        proxy.on_client, proxy.on_server = note, refuse
        with source_of(make_account(proxy.port, user), "keyword").open("INBOX") as box:
            found = [type(item).__name__ for item in box.iter_messages(box.list_refs())]
    assert found == ["RawMessage", "UnreadableMessage", "RawMessage"]


def test_a_session_ended_between_passes_is_reopened(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    with FaultProxy(dovecot.port) as proxy:
        source = source_of(make_account(proxy.port, user))
        with source.open("INBOX") as box:
            box.list_refs()
        proxy.drop()
        time.sleep(0.2)
        with source.open("INBOX") as box:
            assert box.list_refs() == []
        source.close()


def test_an_unreadable_structure_does_not_stop_the_others(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    big = b"--b\r\nContent-Type: application/pdf\r\n\r\n" + b"QUJD" * 30000 + b"\r\n--b--\r\n"
    client.append("INBOX", make_scam(1))
    client.append("INBOX", b"From: a@b.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n" + big)
    client.append("INBOX", make_scam(3))
    with FaultProxy(dovecot.port) as proxy:
        proxy.on_server = lambda data: re.sub(rb"BODYSTRUCTURE \(.*\)\)\r\n", b"BODYSTRUCTURE NIL)\r\n", data)
        source = source_of(make_account(proxy.port, user))
        with source.open("INBOX") as box:
            assert len(list(box.iter_messages(box.list_refs()))) == 3
        source.close()


@pytest.mark.parametrize("mode", ["keyword", "folder"])
def test_a_label_of_another_prefix_is_an_error_in_words(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener, mode: str
) -> None:
    client.append("INBOX", make_scam())
    with source_of(make_account(dovecot.port, user), mode).open("INBOX") as box:
        (done,) = box.apply([LabelChange(ref, remove=frozenset({"Old/Scam"})) for ref in box.list_refs()])
    assert "check labels.prefix" in str(done.error)


def test_a_password_outside_ascii_is_sent_as_it_is(dovecot: Dovecot, user: str, source_of: Opener) -> None:
    source = source_of(make_account(dovecot.port, user, "sécret"))
    with pytest.raises(AccountError, match="refuses user name or password"), source.open("INBOX"):
        pass


def test_sparse_uids_do_not_cost_thousands_of_commands(
    dovecot: Dovecot, user: str, client: IMAPClient, source_of: Opener
) -> None:
    client.append("INBOX", make_scam())
    client.logout()
    dovecot.change_uidvalidity(user, value=77)
    (dovecot.maildir(user) / "dovecot-uidlist").write_text("3 V77 N400000000\n")
    with FaultProxy(dovecot.port) as proxy:
        searches: list[int] = []

        def note(data: bytes) -> bytes:
            searches.append(data.count(b"SEARCH"))
            return data

        proxy.on_client = note
        source = source_of(make_account(proxy.port, user))
        with source.open("INBOX") as box:
            assert len(box.list_refs()) == 1
        source.close()
    assert sum(searches) < 5
