"""Leads against a real server: answers in Sent, threads that fall to scam, Junk, drafts, the report, accounts of work."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from tests.builders import MAIL_DEPARTMENT, OFFER, make_offer, make_raw, make_scam
from tests.leads import make_card, make_lead, make_lead_message
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines
from triage.bootstrap import build_daemon, build_store, open_account
from triage.config import Config, parse_config
from triage.lead.lead import LeadState
from triage.lead.overview import Standing, look_at
from triage.opening import build_view
from triage.service.account import AccountRunner
from triage.service.plan import LabelNames
from triage.service.reporting import intend
from triage.service.undo import undo_run
from triage.store.store import Store

pytestmark = pytest.mark.server

OFFER_ID = "<offer-1@kestrelfoods.example>"
SIOBHAN = "Siobhan Kearns <siobhan@kestrelfoods.example>"
OWNER = "Marta Keller <marta.keller@posteo.example>"


@dataclass
class Home:
    """A mailbox with the daemon's own passes over it, and its owner's hands."""

    server: Dovecot
    user: str
    config: Config
    client: IMAPClient
    runner: AccountRunner
    store: Store

    def write(self, text: str, *to: str, folder: str = "Sent", **headers: str) -> None:
        """Let the owner's mail program put a message that was sent into Sent."""
        mail = EmailMessage(policy=policy.SMTP)
        mail["From"] = OWNER
        mail["To"] = ", ".join(to)
        mail["Subject"] = headers.pop("subject", "Re: something")
        mail["Date"] = datetime.now(UTC) - timedelta(minutes=30)
        for name, value in headers.items():
            mail[name.replace("_", "-")] = value
        mail.set_content(text)
        self.client.append(folder, mail.as_bytes())

    def deliver(self, raw: bytes, folder: str = "INBOX", *, minutes: int = 60) -> None:
        """Let a message have come so long ago; what is sent was sent half an hour ago."""
        self.client.append(folder, raw, msg_time=datetime.now(UTC) - timedelta(minutes=minutes))

    def run_pass(self) -> None:
        """Run one pass, reading Sent and Junk as well."""
        assert self.runner._side is not None
        self.runner._side._read_at = None
        self.runner.pass_once()

    def standings(self) -> list[Standing]:
        return look_at(
            self.store.leads.list_leads(), self.store.leads.list_answers(), build_view(self.config, datetime.now(UTC))
        )

    def states(self) -> list[LeadState]:
        return [one.state for one in self.standings()]

    def labels(self, folder: str = "INBOX") -> list[set[str]]:
        self.client.select_folder(folder, readonly=True)
        found = self.client.get_flags(self.client.search())
        return [{flag.decode() for flag in found[uid] if flag.startswith(b"Triage/")} for uid in sorted(found)]

    def everything(self) -> dict[str, list[tuple[int, frozenset[bytes], bytes]]]:
        """Return all folders with all messages, flags and bytes."""
        found = {}
        for _, _, name in self.client.list_folders():
            self.client.select_folder(name, readonly=True)
            items = self.client.fetch(self.client.search(), ["FLAGS", "BODY.PEEK[]"])
            found[str(name)] = [
                (uid, frozenset(one[b"FLAGS"]) - {b"\\Recent"}, one[b"BODY[]"]) for uid, one in sorted(items.items())
            ]
        return found


def make_config(server: Dovecot, user: str, folder: Path, **more: Any) -> Config:
    account = {
        "name": "home",
        "host": "127.0.0.1",
        "port": server.port,
        "security": "none",
        "username": user,
        "password": "secret",
    }
    account |= more.pop("account", {})
    return parse_config(
        {
            "accounts": [account],
            "store": {"url": f"sqlite:///{folder / 'store.sqlite3'}"},
            "models": {"directory": str(folder / "models")},
            "owner": {"names": ["Marta Keller"], "addresses": ["marta.keller@posteo.example"]},
            **more,
        }
    )


@pytest.fixture
def make_home(dovecot: Dovecot, user: str, tmp_path: Path) -> Iterator[Any]:
    opened: list[Home] = []

    def make(**more: Any) -> Home:
        config = make_config(dovecot, user, tmp_path, **more)
        daemon = build_daemon(config, timedelta(days=4000))
        client = IMAPClient("127.0.0.1", dovecot.port, ssl=False, timeout=10)
        client.login(user, dovecot.password)
        home = Home(dovecot, user, config, client, daemon._runners[0], daemon._store)
        opened.append(home)
        return home

    yield make
    for home in opened:
        home.client.logout()
        home.runner.source.close()
        home.store.close()


def now_dated(raw: bytes) -> bytes:
    """Return a message of today: leads and answers are compared by their dates."""
    return raw.replace(
        b"Date: Mon, 04 May 2026 14:33:00 +0200", f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S} +0000".encode()
    )


def follow_up(text: str, number: int, **headers: str) -> bytes:
    return now_dated(
        make_raw(
            text,
            subject="Re: Lead maintenance engineer, Leeds",
            sender=SIOBHAN,
            message_id=f"<next-{number}@kestrelfoods.example>",
            headers=tuple((name.replace("_", "-"), value) for name, value in headers.items()),
        )
    )


@pytest.mark.parametrize(
    ("to", "headers"),
    [
        (SIOBHAN, {"In_Reply_To": OFFER_ID, "References": OFFER_ID}),
        (SIOBHAN, {"subject": "Our call"}),
        ("hr@kestrelfoods.example", {"subject": "Re: Lead maintenance engineer, Leeds"}),
        ("relay@ats.example", {"References": f"<other@x.example> {OFFER_ID}"}),
    ],
    ids=["thread", "another thread", "another address", "another address of the thread"],
)
def test_an_answer_in_sent_is_seen(make_home: Any, to: str, headers: dict[str, str]) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    assert home.states() == [LeadState.NEW]
    home.write("Thank you, Thursday suits me well.", to, **headers)
    home.run_pass()
    assert home.states() == [LeadState.ANSWERED]
    home.deliver(follow_up("Great, shall I call at ten?", 1, In_Reply_To=OFFER_ID), minutes=0)
    home.run_pass()
    assert home.states() == [LeadState.CHASED]
    assert len(home.standings()[0].lead.messages) == 2


def test_an_answer_to_somebody_else_is_none(make_home: Any) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.write("See you on Tuesday.", "Anna Lind <anna.lind@choir.example>")
    home.run_pass()
    assert home.states() == [LeadState.NEW]
    assert [one.address for one in home.store.leads.list_contacts()] == ["anna.lind@choir.example"]


def test_a_decline_declines_and_makes_no_contact(make_home: Any) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    home.write("Thank you, but I am not looking for a change.", SIOBHAN, In_Reply_To=OFFER_ID)
    home.write("Unsubscribe", "list@newsletter.example")
    home.run_pass()
    assert (home.states(), home.store.leads.list_contacts()) == ([LeadState.DECLINED], [])


def test_sent_is_read_once_and_again_after_a_new_uidvalidity_without_counting_twice(make_home: Any) -> None:
    home = make_home()
    home.write("Hello", "Anna Lind <anna.lind@choir.example>")
    home.run_pass()
    assert home.store.leads.list_contacts()[0].sent == 1
    home.runner.source.close()
    home.client.select_folder("INBOX")
    home.server.change_uidvalidity(home.user, "Sent")
    home.run_pass()
    assert home.store.leads.list_contacts()[0].sent == 1


def test_a_thread_that_turns_into_a_scam_raises_its_alert_once(
    make_home: Any, caplog: pytest.LogCaptureFixture
) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    home.deliver(follow_up(MAIL_DEPARTMENT, 1, In_Reply_To=OFFER_ID, Reply_To="maildept@gmail.com"), minutes=0)
    with caplog.at_level(logging.WARNING):
        home.run_pass()
        home.run_pass()
    alerts = [one.getMessage() for one in caplog.records if "turned into a scam" in one.getMessage()]
    assert len(alerts) == 1
    assert "siobhan" not in alerts[0].lower()
    (standing,) = home.standings()
    assert (standing.state, standing.alert is not None) == (LeadState.TURNED_INTO_SCAM, True)


def test_a_scam_from_a_contact_is_unsure_if_verified_and_a_scam_if_disowned(make_home: Any) -> None:
    home = make_home()
    anna = "Anna Lind <anna.lind@choir.example>"
    for word in ("one", "two"):
        home.write(f"Bring the folder, {word}.", anna)
    home.run_pass()
    for number, result in enumerate(("pass", "fail"), 1):
        verified = ("Authentication-Results", f"mx.posteo.example; dkim={result} header.d=choir.example")
        raw = make_raw(
            MAIL_DEPARTMENT,
            subject="Position in our mail department",
            sender=anna,
            message_id=f"<s{number}@choir.example>",
            headers=(verified, ("Reply-To", "maildept@gmail.com")),
        )
        home.deliver(now_dated(raw))
    home.run_pass()
    assert home.labels() == [{"Triage/Unsure"}, {"Triage/Scam"}]


def test_a_lead_in_junk_is_reported_and_nothing_there_changes(make_home: Any) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()), "Junk")
    home.deliver(now_dated(make_scam()), "Junk")
    before = home.everything()
    home.run_pass()
    (standing,) = home.standings()
    assert standing.lead.is_rescued
    assert home.everything() == before


def test_a_lead_in_junk_comes_home_if_configured_and_undo_puts_it_back(make_home: Any) -> None:
    home = make_home(leads={"junk": "move"})
    home.deliver(now_dated(make_offer()), "Junk")
    home.run_pass()
    home.run_pass()
    assert (home.labels(), home.labels("Junk")) == ([{"Triage/Recruiter"}], [])
    (standing,) = home.standings()
    assert (standing.lead.is_rescued, standing.source.folder) == (True, "INBOX")
    (run,) = home.store.list_runs()
    source = open_account(home.config, "home")
    report = undo_run(run.run_id, home.store, lambda _account, _folder: source, LabelNames("Triage/"))
    assert (report.undone, home.labels(), home.labels("Junk")) == (1, [], [set()])


def write_config(program: Program, home: Home, extra: str = "", work: str = "") -> None:
    program.config.write_text(
        f'{extra}\n[owner]\nnames = ["Marta Keller"]\naddresses = ["marta.keller@posteo.example"]\n'
        f'[store]\nurl = "{home.config.store.url}"\n'
        f'[[accounts]]\nname = "home"\nhost = "127.0.0.1"\nport = {home.server.port}\nsecurity = "none"\n'
        f'username = "{home.user}"\npassword = "secret"\n{work}\n'
    )


def test_a_draft_lies_among_the_drafts_once_and_answers_the_thread(make_home: Any, program: Program) -> None:
    home = make_home()
    home.client.create_folder("Drafts")
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    write_config(program, home)
    name = read_lines(program.run("leads", "--json").stdout)[0]["lead"]
    done = program.run("draft", name, "--interested")
    assert done.returncode == 0, done.stderr
    assert "nothing was sent" in done.stdout
    assert "already" in program.run("draft", name, "--interested").stdout
    home.client.select_folder("Drafts", readonly=True)
    ((_, items),) = home.client.fetch(home.client.search(), ["FLAGS", "BODY.PEEK[]"]).items()
    assert {b"\\Draft", b"\\Seen"} <= set(items[b"FLAGS"])
    mail = message_from_bytes(items[b"BODY[]"], policy=policy.default)
    assert (mail["In-Reply-To"], mail["References"]) == (OFFER_ID, OFFER_ID)
    assert (mail["To"], mail["From"]) == (SIOBHAN, OWNER)
    assert mail["Subject"] == "Re: Lead maintenance engineer, Leeds"
    assert program.run("draft", "zzzzz", "--ask").returncode == 2
    assert program.run("draft", name, "--ask", "--refer").returncode == 2
    assert program.run("draft", name, "--ask", "--language", "xx").returncode == 2


def test_the_report_lies_there_once_and_is_not_judged(make_home: Any, program: Program) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.deliver(now_dated(make_scam()))
    home.run_pass()
    write_config(program, home)
    done = program.run("report", "--append")
    assert (done.returncode, "is in home/INBOX" in done.stdout) == (0, True), done.stderr
    assert "written already" in program.run("report", "--append").stdout
    home.run_pass()
    assert home.labels() == [{"Triage/Recruiter"}, {"Triage/Scam"}, set()]
    assert sum(home.store.count_judgements("home").values()) == 2
    home.client.select_folder("INBOX", readonly=True)
    mail = message_from_bytes(home.client.fetch([3], ["BODY.PEEK[]"])[3][b"BODY[]"], policy=policy.default)
    kinds = [part.get_content_type() for part in mail.walk()]
    assert kinds[:4] == ["multipart/alternative", "text/plain", "multipart/related", "text/html"]
    assert set(kinds[4:]) == {"image/png"}
    html = mail.get_body(("html",))
    assert html is not None
    assert "Siobhan Kearns" in html.get_content()


def test_a_report_that_was_put_there_before_a_crash_is_not_put_there_again(make_home: Any, program: Program) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    week = f"{datetime.now().astimezone():%G-W%V}"
    record = intend(home.store, "home", week, "INBOX", datetime.now(UTC))
    home.deliver(make_raw(message_id=record.message_id))  # then the power failed
    write_config(program, home)
    assert "was already in" in program.run("report", "--append").stdout
    assert len(home.labels()) == 2


def test_an_account_of_work_gets_labels_and_nothing_else(make_home: Any, program: Program) -> None:
    home = make_home(account={"work": True}, labels={"move": {"scam": "\\Junk"}})
    home.deliver(now_dated(make_offer()))
    home.deliver(now_dated(make_scam()))
    home.deliver(now_dated(make_offer(2)), "Junk")
    home.write("Thank you.", SIOBHAN, In_Reply_To=OFFER_ID)
    before = home.everything()
    home.run_pass()
    assert home.labels() == [{"Triage/Recruiter"}, {"Triage/Scam"}]
    after = home.everything()
    assert [(uid, content) for uid, _, content in after["INBOX"]] == [
        (uid, content) for uid, _, content in before["INBOX"]
    ]
    assert {name: mails for name, mails in after.items() if name != "INBOX"} == {
        name: mails for name, mails in before.items() if name != "INBOX"
    }
    assert home.store.leads.list_contacts() == []
    write_config(program, home, work="work = true")
    line = read_lines(program.run("leads", "--json").stdout)[0]
    assert line["work"] is True
    refused = program.run("draft", line["lead"], "--ask")
    assert (refused.returncode, "work = true" in refused.stderr) == (2, True)
    refused = program.run("report", "--append")
    assert (refused.returncode, "work = true" in refused.stderr) == (2, True)
    assert "kestrel" not in program.run("report", "--md").stdout.lower()
    assert home.everything() == after


def test_a_draft_says_nothing_of_what_came_to_work(make_home: Any, program: Program) -> None:
    home = make_home()
    home.client.create_folder("Drafts")
    here = make_lead_message(1, at=datetime.now(UTC) - timedelta(days=1), card=make_card("Open role"))
    office = make_lead_message(2, account="office", at=datetime.now(UTC), card=make_card("Secret role", "Umbra"))
    home.store.leads.save_leads([make_lead(here, office)])
    write_config(program, home)
    with program.config.open("a") as file:
        file.write('[[accounts]]\nname = "office"\nhost = "127.0.0.1"\nusername = "o"\npassword = "x"\nwork = true\n')
    done = program.run("draft", "bcdfg", "--interested")
    assert (done.returncode, "Open role" in done.stdout) == (0, True), done.stderr
    assert not [word for word in ("Secret", "Umbra") if word in done.stdout]


def test_the_log_of_all_this_holds_no_word_of_mail(make_home: Any, caplog: pytest.LogCaptureFixture) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.deliver(now_dated(make_offer(2)), "Junk")
    home.write(OFFER, SIOBHAN, In_Reply_To=OFFER_ID)
    with caplog.at_level(logging.DEBUG, logger="triage"):
        home.run_pass()
    words = caplog.text.lower()
    assert not [word for word in ("siobhan", "kestrel", "leeds", "marta", "maintenance") if word in words]
    assert "sent mail read" in words


def test_the_store_opened_by_a_command_shows_what_the_daemon_wrote(make_home: Any) -> None:
    home = make_home()
    home.deliver(now_dated(make_offer()))
    home.run_pass()
    other = build_store(home.config)
    assert [lead.first.message_id for lead in other.leads.list_leads()] == [OFFER_ID]
    other.close()
