"""A report as a mail: plain text, and HTML with its pictures within (RFC 2387)."""

from datetime import datetime
from email import policy
from email.headerregistry import Address
from email.message import EmailMessage

from triage.report.document import Document
from triage.report.html import to_html
from triage.report.plots import addressed, can_draw, draw
from triage.report.text import to_text


def to_letter(document: Document, address: str, message_id: str, now: datetime) -> bytes:
    """Return the mail.

    Args:
        address: the owner's, to whom it goes and from whom it comes: nobody else is involved.
    """
    letter = EmailMessage(policy=policy.SMTP)
    local, _, domain = address.rpartition("@")
    mine = Address("triage", local or "triage", domain or "triage.invalid")
    letter["From"] = mine
    letter["To"] = Address("", mine.username, mine.domain)
    letter["Subject"] = (
        f"{document.title}: {document.tiles[0][0]} {document.tiles[0][1]}, {document.tiles[1][0]} {document.tiles[1][1]}"
    )
    letter["Date"] = now
    letter["Message-ID"] = message_id
    letter["Auto-Submitted"] = "auto-generated"  # RFC 3834: nothing answers it by itself
    letter.set_content(to_text(document))
    pictures = draw(document) if can_draw() else {}
    named: dict[str, bytes] = {}

    def address_of(name: str, content: bytes) -> str:
        named[name] = content
        return f"cid:{name}@triage.invalid"

    letter.add_alternative(to_html(document, addressed(pictures, address_of)), subtype="html")
    html = letter.get_body(("html",))
    for name, content in named.items():
        if isinstance(html, EmailMessage):
            html.add_related(
                content, "image", "png", cid=f"<{name}@triage.invalid>", filename=f"{name}.png", disposition="inline"
            )
    return letter.as_bytes()
