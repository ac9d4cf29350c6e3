"""Message and verdict to lead card: what the message itself says of who makes the approach, and by which way."""

from triage.classify.domains import registrable
from triage.lead.opportunity import Channel, Fact, Opportunity
from triage.records import Message, Verdict

_CHANNELS = {
    "linkedin.com": Channel.LINKEDIN,
    "xing.com": Channel.XING,
    "facebook.com": Channel.FACEBOOK,
    "facebookmail.com": Channel.FACEBOOK,
    "twitter.com": Channel.X,
    "x.com": Channel.X,
    "indeed.com": Channel.INDEED,
    "indeedemail.com": Channel.INDEED,
    "wellfound.com": Channel.WELLFOUND,
}


def read_opportunity(message: Message, verdict: Verdict) -> Opportunity:
    """Return what a message says of an opportunity; what it does not say is absent."""
    del verdict
    sender = message.sender
    if sender is None:
        return Opportunity()
    return Opportunity(
        recruiter=Fact(sender.name, sender.name) if sender.name else None,
        address=Fact(sender.addr_spec, sender.addr_spec),
        channel=_CHANNELS.get(registrable(sender.domain), Channel.MAIL),
    )
