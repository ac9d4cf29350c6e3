"""Learning end to end: the daemon labels, the owner corrects in a mail client, the next like it is labelled as they wished."""

import signal

import pytest
from imapclient import IMAPClient

from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines
from tests.system.test_run_daemon import wait_until
from tests.system.test_train import posting, train

pytestmark = pytest.mark.server

CONFIG = """\
[daemon]
poll_interval_seconds = 5
[training.folders]
"Board" = "referral"
"""


def labels(client: IMAPClient, subject: bytes) -> list[set[str]]:
    """Return the labels of every message of INBOX with that Message-ID."""
    client.select_folder("INBOX", readonly=True)
    found = client.get_flags(client.search(["HEADER", "Message-ID", subject]))
    return [{flag.decode() for flag in flags if flag.startswith(b"Triage/")} for flags in found.values()]


@pytest.mark.no_cover  # it asks again and again; daemon and training are traced apart
def test_what_the_owner_moves_and_relabels_is_learnt_used_and_unlearnt(
    program: Program, dovecot: Dovecot, user: str
) -> None:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    for folder in ("Board", "Filed"):
        client.create_folder(folder)
    program.configure(dovecot.port, user, extra=CONFIG)
    daemon = program.start("run")
    try:
        wait_until(lambda: program.run("status", "--check").returncode == 0)
        for number in range(8):
            client.append("INBOX", posting(number))
        wait_until(lambda: all(labels(client, b"<post-%d@" % number) == [{"Triage/Recruiter"}] for number in range(8)))

        client.select_folder("INBOX")
        uids = client.search()
        client.move(uids[:4], "Board")
        client.remove_flags(uids[4:], ["Triage/Recruiter"])
        client.add_flags(uids[4:], ["Triage/Referral"])
        wait_until(lambda: len(read_lines(program.run("learned", "--json").stdout)) == 4, 60)
        client.select_folder("INBOX")
        client.move(uids[4:6], "Filed")  # what was told of them is known by now

        report = train(program)
        assert (report["result"], report["examples"]["referral"]) == ("promoted", 8)
        origins = [line["origin"] for line in read_lines(program.run("learned", "--json").stdout)]
        assert (origins.count("folder"), origins.count("label")) == (4, 4)

        wait_until(lambda: report["model"] in program.run("status").stdout)
        client.append("INBOX", posting(40))
        wait_until(lambda: labels(client, b"<post-40@") == [{"Triage/Referral"}])

        examples = [line["example"] for line in read_lines(program.run("learned", "--json").stdout)]
        assert program.run("unlearn", *examples).returncode == 0
        assert train(program)["model"] == "base"
        wait_until(lambda: report["model"] not in program.run("status").stdout)
        client.append("INBOX", posting(41))
        wait_until(lambda: labels(client, b"<post-41@") == [{"Triage/Recruiter"}])
    finally:
        daemon.send_signal(signal.SIGTERM)
        _, log = daemon.communicate(timeout=15)
    assert daemon.returncode == 0
    assert log.count("model taken into use") == 2
    assert "labels changed by their owner account=home count=4" in log
    assert not [word for word in ("alumni", "welder", "Traceback") if word in log]
    client.logout()


def test_correcting_a_message_of_a_server_labels_it_and_no_pass_changes_that(
    served: Program, dovecot: Dovecot, user: str
) -> None:
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    client.append("INBOX", posting(1))
    source = read_lines(served.run("scan", "--json").stdout)[0]["source"]

    told = served.run("correct", source, "referral")
    assert told.stdout == "remembered and labelled as referral; `triage train` learns it\n", told.stderr
    assert labels(client, b"<post-1@") == [{"Triage/Referral"}]
    client.logout()
    line = read_lines(served.run("scan", "--apply", "--json").stdout)[0]
    assert (line["category"], line["label_change"]) == ("recruiter", {"add": [], "remove": []})
    assert served.run("correct", source, "other").stdout.startswith(
        "remembered as other; Triage/Referral was taken off;"
    )
    client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
    client.login(user, dovecot.password)
    assert labels(client, b"<post-1@") == [set()]
    assert not read_lines(served.run("scan", "--apply", "--json").stdout)[0]["applied"]
    assert labels(client, b"<post-1@") == [set()]
    client.logout()
