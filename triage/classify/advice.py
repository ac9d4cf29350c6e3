"""Kinds of scam: what each is called, what will be asked next and what to do."""

from collections.abc import Mapping

ADVICE: Mapping[str, str] = {
    "mail_department": "They will have you forward parcels or letters bought with stolen cards; do not give your address.",
    "money_mule": "They will send stolen money through your account; you would answer for it. Do not give bank details.",
    "reshipping": "The parcels are bought with stolen cards; refuse them and do not forward any.",
    "fake_cheque": "The cheque will bounce after you have paid out of it; do not deposit it or buy anything with it.",
    "advance_fee": "After this fee comes the next; no honest employer asks for money. Do not pay.",
    "visa_fee": "Permits are paid for at the authority itself, never through an agent who writes to you; do not pay or send your passport.",
    "paid_placement": "Honest headhunters and job portals are paid by the employer; do not pay for a CV, a file or an introduction.",
    "task_scam": "Small pay at first, then you must top up to withdraw; do not register or pay in.",
    "chat_app_interview": "An interview by chat ends in a fake cheque or a request for papers; ask for a call through the company's own switchboard.",
    "identity_harvest": "The papers open accounts in your name; send none before you have met the employer.",
    "lent_account": "What is done with an account, company or device in your name is yours to answer for; open none for others and lend none.",
    "malware_lure": "The file or project steals passwords and wallets; do not open or run it.",
    "impersonation": "The sender is not the company named; write to the address on the company's own site.",
    "fake_referral": "The friend they speak of knows nothing of it, or is not named; ask by a way you already use before you answer.",
    "ceo_fraud": "It is not your boss who writes; ring a number you know before you buy gift cards or send money.",
    "fake_invoice": "Nothing is owed, or the bank account is a thief's; ask by a number you already have before you pay.",
    "crypto": "Coins you buy or pass on are gone; do not send any or lend your account.",
    "mystery_shopper": "You will be asked to spend a fake cheque or buy gift cards; do not.",
    "inheritance_419": "There is no money; fees follow one after the other. Do not answer.",
    "romance": "Somebody you have never met will soon need money; send none, however long you have been writing.",
    "extortion": "The threat is sent to thousands; do not pay or answer, and change a password it shows.",
    "phishing": "The link leads to a copy of the site that takes your password; go to the site by your own bookmark.",
    "account_takeover": "The account of somebody you know was taken over; ask them by another way.",
    "other_fraud": "Do not pay, send papers or install anything; ask somebody you trust first.",
}
"""One line for each kind of scam a model may name."""

REPORT = "Report it to your mail provider and to the police or consumer office of your country."


def advise(kind: str | None) -> str:
    """Return the advice for a kind of scam; the general one for a kind not known."""
    return ADVICE.get(kind or "other_fraud", ADVICE["other_fraud"])
