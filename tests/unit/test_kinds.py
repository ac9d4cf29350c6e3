"""Kinds of scam: every name that an author gave one leads to advice, and no name of the corpus is unknown."""

import json
from pathlib import Path

import pytest

from triage.learn.corpus import FRAUD_KINDS
from triage.learn.kinds import BY_NAME, BY_PART, KINDS, canonical_kind, known_kind

CORPUS = Path(__file__).parents[2] / "models" / "corpus"


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("money_mule_2007", "money_mule"),
        ("finanzagent", "money_mule"),
        ("fake_referral_mule", "money_mule"),
        ("gift_agent_kitchen", "money_mule"),
        ("training_fee", "advance_fee"),
        ("curso_previo", "advance_fee"),
        ("executive_advance_fee", "paid_placement"),
        ("advance_fee_visa", "visa_fee"),
        ("equipment_fee", "advance_fee"),
        ("kaution_de_aupair_kita", "advance_fee"),
        ("equipment_cheque", "fake_cheque"),
        ("paketagent", "reshipping"),
        ("parcel_fee_phish", "phishing"),
        ("fake_referral", "fake_referral"),
        ("polished_postident_apptester", "lent_account"),
        ("tareas_likes", "task_scam"),
        ("wa", "task_scam"),
        ("whatsapp_hr", "task_scam"),
        ("whatsapp_recruiter", "chat_app_interview"),
        ("job_scam", "other_fraud"),
    ],
)
def test_what_an_author_called_a_kind_leads_to_one_with_advice(name: str, kind: str) -> None:
    assert known_kind(name) == canonical_kind(name) == kind


@pytest.mark.parametrize("name", ["", "something_new", "emule", "kitchen", "feedback", "valid", "warehouse"])
def test_a_name_that_no_rule_knows_is_told(name: str) -> None:
    assert known_kind(name) is None
    assert canonical_kind(name) == "other_fraud"


def test_rules_lead_to_every_kind_with_advice_and_to_no_other() -> None:
    assert {*BY_NAME, *(kind for kind, _ in BY_PART)} == set(KINDS)


def test_no_name_leads_to_two_kinds() -> None:
    names = [name for several in BY_NAME.values() for name in several.split()]
    assert sorted(set(names)) == sorted(names)


def test_every_kind_of_scam_in_the_corpus_is_known() -> None:
    records = (json.loads(line) for path in CORPUS.glob("*.jsonl") for line in path.read_text("utf-8").splitlines())
    scams = (
        one["kind"]
        for one in records
        if one["label"] == "scam" or (one["label"] == "other" and any(part in one["kind"] for part in FRAUD_KINDS))
    )
    unknown = {kind for kind in scams if known_kind(kind) is None}
    assert not unknown, "say in triage/learn/kinds.py which kinds these are"
