"""Notices: the way they came, who is inside, and which are no message at all."""

from dataclasses import replace
from time import process_time

import pytest

from tests.builders import make_raw
from triage.classify.notices import NoticeKind
from triage.lead.material import Material
from triage.lead.notice import count_appearances, read_notice
from triage.lead.opportunity import Channel
from triage.mail.parse import parse_message
from triage.records import Message


def mail(text: str, *, subject: str, sender: str) -> Message:
    return parse_message(make_raw(text, subject=subject, sender=sender))


@pytest.mark.parametrize(
    ("subject", "text", "count"),
    [
        ("You appeared in 30 searches this week", "Priya, see who looked", 30),
        ("Ihr Profil diese Woche", "Sie erscheinen diese Woche in 23 Suchanfragen.", 23),
        ("Vous êtes apparue dans 14 recherches cette semaine", "Marta", 14),
        ("Dan, has aparecido en 14 búsquedas esta semana", "Te han encontrado", 14),
        ("Você apareceu em 1.042 pesquisas nesta semana", "21", 1042),
        ("La tua settimana", "6 visualizzazioni\n11 comparse nelle ricerche", 11),
        ("Dan, 6 persone hanno visto il tuo profilo", "11 comparse nelle ricerche", 11),
        ("Dan, je bent deze week in 9 zoekopdrachten verschenen", "Je profiel", 9),
        ("Dan, pojawiasz się w wynikach 11 wyszukiwań w tym tygodniu", "zobacz", 11),
    ],
)
def test_appearances_are_counted_in_every_language(subject: str, text: str, count: int) -> None:
    message = mail(text, subject=subject, sender="LinkedIn <notifications-noreply@linkedin.com>")
    assert count_appearances(message) == count
    notice = read_notice(Material(message))
    assert notice is not None
    assert notice.kind is NoticeKind.APPEARANCES


def test_a_count_from_elsewhere_is_none() -> None:
    message = mail("You appeared in 30 searches", subject="Searches", sender="A <a@linkedln.example>")
    assert count_appearances(message) is None


@pytest.mark.parametrize(
    ("sender", "subject", "text", "channel", "writer"),
    [
        (
            "Lucia Ferrante via LinkedIn <inmail-hit-reply@linkedin.com>",
            "InMail",
            "You have 1 new InMail",
            "linkedin",
            "Lucia Ferrante",
        ),
        (
            "XING <mailrobot@mail.xing.com>",
            "Neue Nachricht",
            "Torben Quast hat Ihnen eine Nachricht geschrieben:",
            "xing",
            "Torben Quast",
        ),
        (
            "Facebook <notification@facebookmail.com>",
            "Nachricht",
            "Andrea Huber hat dir geschrieben:\n\nservus",
            "facebook",
            "Andrea Huber",
        ),
        ("X <notify@x.com>", "DM", "Odile Marchand (@odile) sent you a Direct Message.", "x", "Odile Marchand"),
        (
            "LinkedIn <messages-noreply@linkedin.com>",
            "Nouveau message de Maude Roy",
            "Bonjour",
            "linkedin",
            "Maude Roy",
        ),
        (
            "Website form <wp@studio.example>",
            "New message from contact form",
            "Name: Joelle Mackie\nEmail: j@l.example",
            "contact_form",
            "Joelle Mackie",
        ),
    ],
)
def test_the_person_inside_is_found(sender: str, subject: str, text: str, channel: str, writer: str) -> None:
    notice = read_notice(Material(mail(text, subject=subject, sender=sender)))
    assert notice is not None
    assert notice.channel is Channel(channel)
    assert notice.kind is NoticeKind.MESSAGE
    assert notice.writer is not None
    assert notice.writer.value == writer


def test_an_invitation_is_no_message() -> None:
    notice = read_notice(
        Material(
            mail(
                "Accept | View profile", subject="Jorge wants to connect", sender="LinkedIn <invitations@linkedin.com>"
            )
        )
    )
    assert notice is not None
    assert notice.kind is NoticeKind.INVITATION


def test_a_job_alert_is_a_digest() -> None:
    notice = read_notice(Material(mail("12 new jobs", subject="Jobs", sender="Indeed <alert@indeed.com>")))
    assert notice is not None
    assert notice.kind is NoticeKind.DIGEST


def test_a_voicemail_is_told_by_its_subject_and_mail_is_no_notice() -> None:
    voice = mail("Transcript: hi it's Ray", subject="New voicemail from +1 985 555 0142", sender="VM <vm@pbx.example>")
    found = read_notice(Material(voice))
    assert found is not None
    assert found.channel is Channel.VOICEMAIL
    assert read_notice(Material(parse_message(make_raw()))) is None


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Left you a voicemail - Senior Engineer", "Hi, I just tried to call. Eva"),
        ("Senior Engineer", "I just left you a voicemail. Contract duration is 6 months."),
        ("Senior Engineer", "Following up on my voicemail. Please bring a transcript of your grades."),
        ("Stelle in Kassel", "Ich habe auf Ihren Anrufbeantworter gesprochen. Die Dauer: 6 Monate."),
        ("Senior Engineer", "I found you via your website and wanted to reach out about a job."),
    ],
)
def test_a_person_who_speaks_of_a_call_or_a_site_sends_no_notice(subject: str, text: str) -> None:
    assert read_notice(Material(mail(text, subject=subject, sender="Eva Stein <eva@acme.example>"))) is None


@pytest.mark.parametrize(
    ("subject", "text", "channel"),
    [
        ("Jane left you a voicemail", "You have a new voicemail. Duration: 0:41", Channel.VOICEMAIL),
        ("You missed a call", 'Voicemail (0:09), transcribed by machine: "Hi"', Channel.VOICEMAIL),
        ("New message via your website", "Name: Ann Bell", Channel.CONTACT_FORM),
        ("Hello", "An enquiry was sent via your website.", Channel.CONTACT_FORM),
    ],
)
def test_what_a_machine_says_is_a_notice(subject: str, text: str, channel: Channel) -> None:
    notice = read_notice(Material(mail(text, subject=subject, sender="Service <no-reply@service.example>")))
    assert notice is not None
    assert notice.channel is channel


def test_figures_without_an_end_cost_no_time() -> None:
    began = process_time()
    message = mail("x", subject="x", sender="LinkedIn <notifications-noreply@linkedin.com>")
    for figures in ("1" * 20_000, "12," * 7_000):
        assert count_appearances(replace(message, subject=figures, text=figures)) is None
    assert process_time() - began < 2  # it was minutes
