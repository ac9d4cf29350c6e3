"""Notices: what a platform's mail is about, and whose word that is."""

from dataclasses import replace

import pytest

from tests.unit.test_signals import PASSED, names, sent
from triage.records import Address, Authentication, Message


def of_platform(
    subject: str, address: str = "LinkedIn <notifications-noreply@linkedin.com>", text: str = ""
) -> Message:
    name, _, addr_spec = address.rstrip(">").partition(" <")
    domain = addr_spec.partition("@")[2]
    passed = (Authentication("mx", "dkim", "pass", domain),)
    return Message(subject=subject, sender=Address(name, addr_spec), text=text, authentication=passed)


@pytest.mark.parametrize(
    ("kind", "subject"),
    [
        ("message", "You have a new message from Priya"),
        ("message", "Sie haben eine neue Nachricht erhalten"),
        ("message", "Vous avez reçu un nouveau message"),
        ("message", "Tienes un mensaje nuevo de Camila"),
        ("message", "Você tem uma nova mensagem de Bruno"),
        ("message", "Lucia sent you an InMail"),
        ("message", "Torben hat Ihnen geschrieben"),
        ("message", "Yannick vous a écrit"),
        ("message", "Camila te envió un InMail"),
        ("message", "Bruno enviou-lhe uma InMail"),
        ("invitation", "Priya, please add me to your LinkedIn network"),
        ("invitation", "Torben wants to connect with you"),
        ("invitation", "I'd like to join your network"),
        ("invitation", "Torben Quast möchte sich mit Ihnen vernetzen"),
        ("invitation", "Neue Kontaktanfrage von Torben Quast"),
        ("invitation", "Karine Lavigne souhaite rejoindre votre réseau"),
        ("invitation", "Invitation à se connecter de Karine"),
        ("invitation", "Camila quiere conectar contigo"),
        ("invitation", "Tienes una invitación para conectar"),
        ("invitation", "Bruno quer se conectar com você"),
        ("invitation", "Você recebeu um convite para se conectar"),
        ("appearances", "You appeared in 14 searches this week"),
        ("appearances", "3 people viewed your profile"),
        ("appearances", "Your profile is getting noticed"),
        ("appearances", "Sie erscheinen diese Woche in 23 Suchanfragen"),
        ("appearances", "5 Personen haben Ihr Profil angesehen"),
        ("appearances", "Vous êtes apparue dans 14 recherches cette semaine"),
        ("appearances", "3 personnes ont consulté votre profil"),
        ("appearances", "Has aparecido en 14 búsquedas esta semana"),
        ("appearances", "3 personas han visto tu perfil"),
        ("appearances", "Você apareceu em 12 pesquisas nesta semana"),
        ("appearances", "3 pessoas viram seu perfil"),
        ("application", "Your application was sent to Kestrel Foods"),
        ("application", "The hiring manager viewed your application"),
        ("application", "Ihre Bewerbung wurde an Kestrel gesendet"),
        ("application", "Deine Bewerbung als Koch ist eingegangen"),
        ("application", "Votre candidature a été envoyée à Kestrel"),
        ("application", "Hemos enviado tu candidatura a Kestrel"),
        ("application", "Tu solicitud fue vista por Kestrel"),
        ("application", "Sua candidatura foi enviada para a Kestrel"),
        ("application", "A sua candidatura foi visualizada"),
        ("digest", "12 new jobs for you in Leeds"),
        ("digest", "Kestrel Foods is hiring a cook"),
        ("digest", "Congratulate Fabio on the new job"),
        ("digest", "12 neue Jobs für Sie in Kiel"),
        ("digest", "Passende Stellen für Köche"),
        ("digest", "12 nouvelles offres d'emploi à Lyon"),
        ("digest", "Félicitez Fabien pour son nouveau poste"),
        ("digest", "12 nuevas ofertas de empleo en Burgos"),
        ("digest", "Alerta de empleo: cocinero"),
        ("digest", "12 novas vagas de cozinheiro no Porto"),
        ("digest", "Parabenize Fábio pelo novo cargo"),
    ],
)
def test_the_wording_of_a_platform_tells_its_notice(kind: str, subject: str) -> None:
    assert {name for name in names(of_platform(subject)) if name.startswith("notice:")} == {f"notice:{kind}"}


@pytest.mark.parametrize(
    ("kind", "address"),
    [
        ("message", "Lucia Ferrante via LinkedIn <inmail-hit-reply@linkedin.com>"),
        ("message", "Björn Tietz über XING <mail@mail.xing.com>"),
        ("message", "Federico vía LinkedIn <messages-noreply@linkedin.com>"),
        ("invitation", "LinkedIn <invitations@linkedin.com>"),
        ("digest", "LinkedIn Job Alerts <jobalerts-noreply@linkedin.com>"),
        ("digest", "Indeed <alert@indeed.com>"),
    ],
)
def test_the_address_of_a_platform_tells_its_notice(kind: str, address: str) -> None:
    assert f"notice:{kind}" in names(of_platform("Area manager, Leeds", address))


def test_the_text_of_a_notice_is_read_where_its_subject_tells_nothing() -> None:
    assert "notice:appearances" in names(of_platform("Ihre Woche", text="Sie erscheinen in 23 Suchanfragen."))
    sender = "LinkedIn <messages-noreply@linkedin.com>"
    assert "notice:digest" in names(of_platform("Congratulate Helen on the new job", sender))


@pytest.mark.parametrize(
    ("kind", "template"),
    [
        ("message", "INMAIL email_hire_inmail_initial_single_01"),
        ("message", "MBR-TO-MBR"),
        ("message", "EMAIL-DEFAULT email_messaging_digest_01"),
        ("invitation", "INVITE-GUEST"),
        ("invitation", "EMAIL-DEFAULT email_m2m_invite_single_01"),
        ("digest", "SAVEDSEARCH email_job_alert_digest_01"),
        ("digest", "JOBS-TO-MBR jobs_jymbii_digest"),
        ("digest", "EMAIL-DEFAULT email_editorial_suggested_top_conversations_01"),
        ("appearances", "EMAIL-DEFAULT email_weekly_search_appearances_01"),
        ("application", "EMAIL-DEFAULT email_jobs_job_application_viewed_01"),
        ("application", "JOBS-TO-MBR jobs_applicant_applied"),
    ],
)
def test_a_template_tells_the_notice_where_linkedin_wrote_it(kind: str, template: str) -> None:
    found = names(replace(of_platform("hello"), platform_class=template))
    assert {f"notice:{kind}", "platform_notice"} <= found
    assert "platform_claimed" not in found


@pytest.mark.parametrize(
    "message",
    [
        sent("x@quick-hire.example"),
        sent("x@linkedin.com"),
        replace(sent("x@linkedin.com"), authentication=(Authentication("mx", "dkim", "pass", "quick-hire.example"),)),
        replace(
            sent("x@linkedin.com"), authentication=(*PASSED, Authentication("mx", "dmarc", "fail", "linkedin.com"))
        ),
        replace(sent("x@xing.com"), authentication=(Authentication("mx", "dkim", "pass", "xing.com"),)),
    ],
)
def test_a_template_is_claimed_by_whoever_else_writes_it(message: Message) -> None:
    found = names(replace(message, platform_class="INMAIL email_hire_inmail_initial_single_01"))
    assert "platform_claimed" in found
    assert not found & {"platform_notice", "notice:message"}


def test_no_notice_is_told_of_mail_from_elsewhere_or_that_its_platform_disowns() -> None:
    failed = (Authentication("mx", "dmarc", "fail", "linkedin.com"),)
    for message in (
        replace(sent("x@quick-hire.example"), subject="You have a new message"),
        replace(of_platform("You have a new message"), authentication=failed),
        of_platform("Area manager, Leeds"),
        of_platform("Your receipt", "LinkedIn <billing-noreply@linkedin.com>", "See who viewed your profile."),
    ):
        assert not [name for name in names(message) if name.startswith("notice:")]
