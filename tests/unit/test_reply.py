"""Drafts: the language of the mail, exactly what its card lacks, and headers that thread."""

from dataclasses import replace
from datetime import timedelta
from email import message_from_bytes, policy
from string import Formatter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes import FakeMailbox, FakeSource
from tests.leads import NOW, fact, make_card, make_lead, make_lead_message, make_pay
from triage.config import parse_config
from triage.errors import AccountError, ConfigError, MessageError
from triage.interfaces import FolderRole
from triage.lead.lead import Lead
from triage.lead.opportunity import Day, Opportunity
from triage.lead.reply import Wording, bare_case, language_of, missing, reply_subject, reply_text
from triage.lead.sides import honest_part, recruiter_of, side_of
from triage.lead.templates import PHRASES, DraftKind, Missing
from triage.records import Address, Category, RawMessage
from triage.service.drafts import Draft, compose, message_to_answer, put_draft, sender_of

MARTA = Wording("Marta Keller")
WHOLE = replace(
    make_card("Data engineer", "Acme", "Leeds", pay=[make_pay(60000)]),
    contract=fact("permanent"),
    start=Day(None, "asap"),
    recruiter=fact("Siobhan Kearns"),
)


def lead_with(card: Opportunity, **more: object) -> Lead:
    return make_lead(make_lead_message(card=card, **more))  # type: ignore[arg-type]


def test_every_language_has_every_text_and_question() -> None:
    assert set(PHRASES) == {"en", "de", "fr", "es", "pt", "it", "nl", "pl"}
    for phrases in PHRASES.values():
        assert set(phrases.texts) == set(DraftKind)
        assert set(phrases.questions) == set(Missing)
        for text in phrases.texts.values():
            assert [name for _, name, _, _ in Formatter().parse(text) if name] == ["about"]


def test_it_asks_exactly_for_what_the_card_lacks() -> None:
    assert missing(WHOLE) == ()
    assert missing(Opportunity()) == tuple(Missing)
    assert missing(replace(WHOLE, places=(), remote=fact("remote"), pay=())) == (Missing.PAY,)
    english = PHRASES["en"].questions
    text = reply_text(lead_with(replace(WHOLE, pay=(), start=None)), DraftKind.INTERESTED, "en", MARTA)
    assert [one for one in Missing if english[one] in text] == [Missing.PAY, Missing.START]
    assert PHRASES["en"].more in reply_text(lead_with(WHOLE), DraftKind.ASK, "en", MARTA)


def test_a_decline_asks_nothing() -> None:
    text = reply_text(lead_with(Opportunity()), DraftKind.NOT_NOW, "en", MARTA)
    assert not [one for one in Missing if PHRASES["en"].questions[one] in text]
    assert text.endswith("Kind regards\nMarta Keller\n")


def test_the_language_is_that_of_the_latest_mail_that_tells() -> None:
    german = replace(WHOLE, language="de")
    assert language_of(lead_with(german)) == "de"
    assert language_of(lead_with(replace(WHOLE, language="fi"))) == "en"
    assert language_of(make_lead(make_lead_message(1, card=german), make_lead_message(2, card=WHOLE))) == "de"
    assert reply_text(lead_with(german), DraftKind.INTERESTED, "de", MARTA).startswith(
        "Guten Tag Siobhan Kearns,\n\nvielen Dank"
    )


def test_a_template_of_the_owner_replaces_the_shipped_one() -> None:
    config = parse_config(
        {"drafts": {"templates": {"en": {"ask": "{greeting} {role} at {company}? {questions}{signature}"}}}}
    )
    wording = Wording("M", {"en": {str(kind): text for kind, text in config.drafts.templates["en"].items()}})
    text = reply_text(lead_with(WHOLE), DraftKind.ASK, "en", wording)
    assert text.startswith("Hello Siobhan Kearns, Data engineer at Acme? ")
    assert reply_text(lead_with(WHOLE), DraftKind.REFER, "en", wording) == reply_text(
        lead_with(WHOLE), DraftKind.REFER, "en", Wording("M")
    )


def test_a_template_with_an_unknown_field_says_which_there_are() -> None:
    with pytest.raises(ConfigError, match=r"unknown field \{pay\}; known are \{greeting\}"):
        parse_config({"drafts": {"templates": {"en": {"ask": "{pay}"}}}})


def test_what_a_mail_says_is_never_taken_for_a_field() -> None:
    card = replace(WHOLE, recruiter=fact("{signature}"))
    assert reply_text(lead_with(card), DraftKind.ASK, "en", MARTA).startswith("Hello {signature},")


@pytest.mark.parametrize(
    ("subject", "wanted"),
    [("A role", "Re: A role"), ("Re: A role", "Re: A role"), ("AW: A role", "AW: A role"), ("", "Re: "),
     ("Fwd: A role", "Re: A role"), ("WG: RE: Straße 5: Koch", "Re: Straße 5: Koch"), ("Re: Fwd: A role", "Re: Fwd: A role")],
)  # fmt: skip
def test_a_subject_is_marked_once(subject: str, wanted: str) -> None:
    assert reply_subject(make_lead(make_lead_message(subject=subject))) == wanted


def test_a_subject_keeps_its_letters_without_its_marks() -> None:
    assert bare_case("Re: AW[2]: Fußstraße: ein Maß") == "Fußstraße: ein Maß"
    assert bare_case("Fwd:") == ""


# -- one lead, several sides

NORR = make_lead_message(
    1,
    sender="Henrik Dahl <henrik@norr.example>",
    subject="Plant director",
    card=replace(
        make_card("Plant director", "Umbra", "Malmö", agency="Norr Talent", pay=[make_pay(70000)], language="de"),
        recruiter=fact("Henrik Dahl"),
    ),
)
BERG = make_lead_message(
    2,
    sender="Mia Berg <mia@berg.example>",
    at=NOW + timedelta(days=1),
    subject="A confidential search",
    card=replace(make_card("", agency="Berg & Partners"), contract=fact("permanent")),
)
BERG_AGAIN = replace(
    make_lead_message(3, sender="Mia Berg <mia@berg.example>", at=NOW + timedelta(days=2), subject="Fwd: A search"),
    card=replace(Opportunity(), start=Day(None, "asap")),
)
BOTH = make_lead(NORR, BERG, BERG_AGAIN)


def put(lead: Lead, to: str | None = None) -> tuple[Draft, str, str]:
    source, box, message = FakeSource(), FakeMailbox(folder="Drafts"), message_to_answer(lead, (), to)
    source.give_role(FolderRole.DRAFTS, box)
    done = put_draft(
        honest_part(lead) or lead, DraftKind.ASK, None, MARTA, (source, message, Address("M", "m@posteo.example")), NOW
    )
    (item,) = box.iter_messages(box.list_refs())
    assert isinstance(item, RawMessage)
    mail = message_from_bytes(item.content, policy=policy.default)
    return done, str(mail["To"]), str(mail["Subject"])


def test_a_draft_says_to_one_agency_nothing_that_only_another_said() -> None:
    done, to, subject = put(BOTH)
    assert (to, subject, done.recipient) == ("Mia Berg <mia@berg.example>", "Re: A search", "mia@berg.example")
    assert not [word for word in ("Henrik", "Umbra", "Plant director", "Guten Tag") if word in done.text]
    asked = [one for one in Missing if PHRASES["en"].questions[one] in done.text]
    assert asked == [Missing.COMPANY, Missing.ROLE, Missing.PLACE, Missing.PAY]
    assert done.others == ("henrik@norr.example",)


def test_the_owner_chooses_which_side_is_answered() -> None:
    done, to, subject = put(BOTH, "Henrik@NORR.example")
    assert (to, subject) == ("Henrik Dahl <henrik@norr.example>", "Re: Plant director")
    assert done.text.startswith("Guten Tag Henrik Dahl,")
    assert done.others == ("mia@berg.example",)
    with pytest.raises(MessageError, match=r"only from henrik@norr\.example, mia@berg\.example"):
        message_to_answer(BOTH, (), "nobody@x.example")
    with pytest.raises(MessageError, match="nobody wrote"):
        message_to_answer(
            make_lead(NORR, replace(BERG, ref=make_lead_message(account="office").ref)), ["office"], "mia@berg.example"
        )


def test_only_the_side_that_turned_into_a_scam_is_not_answered() -> None:
    scam = make_lead_message(
        4, sender="Mia Berg <mia@berg.example>", at=NOW + timedelta(days=3), category=Category.SCAM
    )
    lead = make_lead(*BOTH.messages, scam)
    for to in (None, "henrik@norr.example"):
        done, address, _ = put(lead, to)
        assert (address, done.others) == ("Henrik Dahl <henrik@norr.example>", ())
    words = r"the side of mia@berg\.example turned into a scam; do not answer it; .* offer it: henrik@norr\.example$"
    with pytest.raises(MessageError, match=words):
        message_to_answer(lead, (), "mia@berg.example")
    with pytest.raises(MessageError, match="lead bcdfg turned into a scam; do not answer it"):
        message_to_answer(make_lead(BERG, scam), (), "mia@berg.example")
    at_work = replace(scam, ref=make_lead_message(account="office").ref)  # it is no less of a warning there
    with pytest.raises(MessageError, match="turned into a scam"):
        message_to_answer(make_lead(*BOTH.messages, at_work), ["office"], "mia@berg.example")


def test_a_colleague_at_the_same_agency_is_not_greeted_by_the_others_name() -> None:
    tove = replace(
        NORR,
        fingerprint="f",
        sender=Address("Tove Ek", "tove@norr.example"),
        card=make_card("", agency="Norr Talent"),
    )
    side = side_of(make_lead(NORR, tove), tove)
    assert (recruiter_of(side), side.card.companies) == ("", NORR.card.companies)
    done, to, _ = put(make_lead(NORR, tove))
    assert (to, done.text.startswith("Guten Tag,"), "Umbra" in done.text) == ("Tove Ek <tove@norr.example>", True, True)


def test_an_address_that_passes_on_mail_of_two_agencies_is_two_sides() -> None:
    mails = [
        make_lead_message(number, sender="Board <jobs@board.example>", reply_to=f"{name}@board.example", card=card)
        for number, name, card in ((1, "a", make_card("Cook", agency="A Staff")), (2, "b", make_card(agency="B Staff")))
    ]
    lead = make_lead(*mails)
    assert [side_of(lead, one).messages for one in mails] == [(mails[0],), (mails[1],)]


def test_a_draft_threads_with_what_it_answers() -> None:
    message = make_lead_message(thread=("<b@x>", "<a@x>"), card=WHOLE)
    draft = compose(make_lead(message), message, "Hello\n", Address("Märta", "m@posteo.example"), NOW)
    mail = message_from_bytes(draft.as_bytes(), policy=policy.default)
    assert mail["References"] == f"<a@x> <b@x> {message.message_id}"
    assert mail["In-Reply-To"] == message.message_id
    assert mail["To"] == "Siobhan Kearns <siobhan@kestrelfoods.example>"
    assert mail["From"] == "Märta <m@posteo.example>"
    again = compose(
        make_lead(message), message, "Hello\n", Address("Märta", "m@posteo.example"), NOW + timedelta(days=1)
    )
    assert again["Message-ID"] == draft["Message-ID"]


def test_ids_longer_than_a_line_stay_whole_and_what_is_no_id_is_left_out() -> None:
    long = f"<{'1234567890.' * 12}JavaMail.app@lva1-app1.prod.linkedin.example>"
    message = replace(make_lead_message(thread=("<caf\xe9@x>", long.replace("1", "2"))), message_id=long)
    raw = compose(make_lead(message), message, "Hello\n", Address("M", "m@posteo.example"), NOW).as_bytes()
    head = raw.partition(b"\r\n\r\n")[0].replace(b"\r\n ", b" ").decode("ascii").split("\r\n")
    assert f"In-Reply-To: {long}" in head
    assert f"References: {long.replace('1', '2')} {long}" in head
    broken = replace(message, message_id="<caf\xe9 no id")
    draft = compose(make_lead(broken), broken, "Hello\n", Address("M", "m@posteo.example"), NOW)
    assert (draft["In-Reply-To"], draft["References"]) == (None, None)


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60))
def test_no_word_of_a_mail_breaks_a_header(name: str, subject: str, message_id: str) -> None:
    message = replace(make_lead_message(subject=subject), sender=Address(name, "a@b.example"), message_id=message_id)
    draft = compose(make_lead(message), message, "Hello\n", Address("M", "m@posteo.example"), NOW)
    head = draft.as_bytes().partition(b"\r\n\r\n")[0].decode("ascii")
    fields = [line.partition(":")[0] for line in head.split("\r\n") if not line.startswith((" ", "\t"))]
    assert set(fields) <= {
        "From", "To", "Subject", "Date", "Message-ID", "In-Reply-To", "References", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip


def test_what_must_not_be_answered_is_refused_with_the_reason() -> None:
    fallen = make_lead(make_lead_message(1), make_lead_message(2, category=Category.SCAM))
    unattended = make_lead(make_lead_message(sender="Notices <messages-noreply@linkedin.com>"))
    local = make_lead(make_lead_message(account=""))
    for lead, work, words in (
        (fallen, (), "turned into a scam"),
        (make_lead(), ("home",), "work = true"),
        (local, (), "local mail"),
        (unattended, (), "nobody reads; look into the mail"),
        (make_lead(make_lead_message(reply_to="no-reply@kestrelfoods.example")), (), "nobody reads"),
        (make_lead(make_lead_message(sender="Kestrel <>")), (), "from no address"),
    ):
        with pytest.raises(MessageError, match=words):
            message_to_answer(lead, work)
    relayed = make_lead_message(sender="A <inmail-hit-reply@linkedin.com>", reply_to="4Ab2c@reply.linkedin.com")
    assert message_to_answer(make_lead(relayed), ()) == relayed
    both = make_lead(make_lead_message(1), make_lead_message(2, account="office"))
    assert message_to_answer(both, ["office"]).ref.account == "home"


def test_who_an_answer_is_from() -> None:
    assert sender_of("me@x.example", ["other@x.example"], ["Marta"], "home") == Address("Marta", "me@x.example")
    assert sender_of("me", ["Other@x.example"], [], "home") == Address("", "other@x.example")
    with pytest.raises(AccountError, match=r"owner\.addresses"):
        sender_of("me", [], [], "home")
