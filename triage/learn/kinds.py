"""The kinds of scam that a verdict may name, and what authors called them."""

from triage.classify.advice import ADVICE

KINDS = tuple(ADVICE)

# The first that is part of an author's kind decides, so that the narrow stand before the wide.
_BY_PART = (
    ("mail_department", "mail_department"),
    ("mail_clerk", "mail_department"),
    ("reship", "reshipping"),
    ("parcel_packing", "reshipping"),
    ("package", "reshipping"),
    ("packaging", "reshipping"),
    ("mystery", "mystery_shopper"),
    ("car_wrap", "mystery_shopper"),
    ("survey", "mystery_shopper"),
    ("crypto", "crypto"),
    ("pix_mule", "money_mule"),
    ("mule", "money_mule"),
    ("payment_process", "money_mule"),
    ("payment_agent", "money_mule"),
    ("cheque", "fake_cheque"),
    ("equipment", "fake_cheque"),
    ("overpayment", "fake_cheque"),
    ("car_buyer", "fake_cheque"),
    ("task", "task_scam"),
    ("app_optimisation", "task_scam"),
    ("malware", "malware_lure"),
    ("chat", "chat_app_interview"),
    ("telegram", "chat_app_interview"),
    ("signal_interview", "chat_app_interview"),
    ("account_takeover", "account_takeover"),
    ("hacked", "account_takeover"),
    ("hijacked", "account_takeover"),
    ("phish", "phishing"),
    ("credential", "phishing"),
    ("inherit", "inheritance_419"),
    ("419", "inheritance_419"),
    ("lottery", "inheritance_419"),
    ("romance", "inheritance_419"),
    ("identity", "identity_harvest"),
    ("videoident", "identity_harvest"),
    ("account_opening", "identity_harvest"),
    ("documents", "identity_harvest"),
    ("credit_report", "identity_harvest"),
    ("fee", "advance_fee"),
    ("deposit", "advance_fee"),
    ("advance", "advance_fee"),
    ("training", "advance_fee"),
    ("visa", "advance_fee"),
    ("kit", "advance_fee"),
    ("impersonat", "impersonation"),
    ("fake_linkedin", "impersonation"),
    ("lookalike", "impersonation"),
    ("ceo_fraud", "impersonation"),
)


def canonical_kind(kind: str) -> str:
    """Return the kind that a verdict names for an author's finer one."""
    for part, canonical in _BY_PART:
        if part in kind:
            return canonical
    return "other_fraud"
