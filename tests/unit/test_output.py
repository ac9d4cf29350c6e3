"""What is shown: other people's words stay words, and a scam comes with what to do about it."""

import io
import json
from dataclasses import replace
from datetime import timedelta

import pytest
from rich.console import Console

from tests.builders import make_raw, make_ref, make_verdict
from tests.leads import NOW, fact, make_card, make_lead, make_lead_message
from triage.bootstrap import build_judge
from triage.classify.advice import ADVICE
from triage.cli import explain as explain_command
from triage.cli import network as network_command
from triage.cli.output import open_console, open_progress, outcome_table, outcome_to_json
from triage.config import Config
from triage.lead.acquaintances import Contact, People
from triage.lead.network import look_around
from triage.mail.parse import parse_message
from triage.records import Category, Evidence, LabelChange, Outcome, State, Verdict

HOSTILE = "Jo [red]Roe[/ext] :warning: [link=https://evil.example]"


def make_outcome(verdict: Verdict | None, **more: object) -> Outcome:
    ref = make_ref()
    plain = Outcome(ref, None, State.JUDGED, verdict, LabelChange(ref), applied=False, error=None)
    return replace(plain, **more)  # type: ignore[arg-type]


def scam(kind: str | None) -> Verdict:
    return replace(make_verdict(Category.SCAM), scam_kind=kind)


def shown(what: object) -> str:
    """Return what a console shows that takes words for styles, as Rich's own does."""
    stream = io.StringIO()
    Console(file=stream, width=300).print(what)
    return stream.getvalue()


def test_a_console_takes_nobodys_words_for_a_style() -> None:
    stream = io.StringIO()
    open_console(stream).print(HOSTILE)
    assert stream.getvalue() == f"{HOSTILE}\n"


def test_a_folders_name_is_no_style_beside_the_bar() -> None:
    progress = open_progress()
    task = progress.add_task(HOSTILE, total=1)
    assert HOSTILE in shown(progress.get_renderable())
    progress.remove_task(task)


def test_the_network_shows_names_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    old = NOW - timedelta(days=900)
    friend = Contact("jo[b]@b.example", HOSTILE, 5, old, old)
    lead = make_lead(make_lead_message(card=make_card(referrer=fact(HOSTILE), acquaintance=fact("[/b]"))))
    people = People((friend,))
    found = look_around([lead], people, NOW)
    network_command._print(open_console(), found, people, NOW)
    told = capsys.readouterr().out
    assert told.count("Jo [red]Roe[/ext]") >= 2
    assert "jo[b]@b.example" in told
    for table in (network_command._bringers(found.brought, NOW), network_command._silent(found.silent, NOW)):
        assert "Jo [red]Roe[/ext]" in shown(table)


def test_a_path_and_an_error_are_shown_as_they_are() -> None:
    failed = make_outcome(None, ref=replace(make_ref(), folder="/x/[/y]"), state=State.UNJUDGED, error="no [/z]")
    told = shown(outcome_table([failed]))
    assert "[/y]" in told
    assert "no [/z]" in told


def test_what_explain_quotes_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    told = build_judge(Config()).explain(parse_message(make_raw()))
    said = Evidence("words", "in a [/mail]", 1.0)
    found = replace(told, what_if=replace(told.what_if, without=(said,)))
    cleared = replace(make_verdict(Category.OTHER), evidence=(said,))
    explain_command._print(cleared, found, explain_command._Beside((), None))
    first, last = (line for line in capsys.readouterr().out.splitlines() if "[/mail]" in line)
    assert "Cleared at first look" in first
    assert "ithout" in last


@pytest.mark.parametrize("kind", ["mail_department", "other_fraud", None])
def test_a_scam_comes_with_what_to_do(kind: str | None) -> None:
    outcome = make_outcome(scam(kind))
    advice = ADVICE[kind or "other_fraud"]
    assert " ".join(advice.split()[:4]) in shown(outcome_table([outcome]))
    assert json.loads(outcome_to_json(outcome))["advice"] == advice


@pytest.mark.parametrize("verdict", [make_verdict(Category.RECRUITER), make_verdict(None), None])
def test_what_is_no_scam_comes_with_no_advice(verdict: Verdict | None) -> None:
    assert json.loads(outcome_to_json(make_outcome(verdict)))["advice"] is None
