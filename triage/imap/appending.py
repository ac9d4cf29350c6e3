"""Folders by their role, and messages of our own put into one: once, however often it is tried."""

from collections.abc import Sequence

from imapclient import IMAPClient

from triage.imap.capabilities import ServerFacts
from triage.imap.errors import translated
from triage.imap.folders import ensure_folder, select_folder
from triage.interfaces import FolderRole

# Where the server marks none (RFC 6154), the names that mail programs give these folders. Only whole names count.
_USUAL = {
    FolderRole.SENT: (
        "sent", "sent items", "sent mail", "sent messages", "gesendet", "gesendete elemente", "gesendete objekte", "envoyés",
        "éléments envoyés", "messages envoyés", "enviados", "elementos enviados", "itens enviados", "inviata", "posta inviata",
        "verzonden", "verzonden items", "wysłane", "elementy wysłane",
    ),
    FolderRole.DRAFTS: (
        "drafts", "entwürfe", "brouillons", "borradores", "rascunhos", "bozze", "concepten", "kopie robocze", "wersje robocze",
    ),
    FolderRole.JUNK: (
        "junk", "spam", "junk e-mail", "junk email", "bulk mail", "junk-e-mail", "courrier indésirable", "correo no deseado",
        "lixo eletrônico", "posta indesiderata", "ongewenste e-mail", "wiadomości-śmieci",
    ),
}  # fmt: skip


def find_role(role: FolderRole, facts: ServerFacts) -> str | None:
    """Return the folder of a role: by special use, else by a usual name at the top or below INBOX; None if there is none."""
    marked = facts.special_use.get(f"\\{role.value}")
    if marked:
        return marked
    names = {_bare(name, facts).casefold(): name for name in reversed(facts.folders)}
    return next((names[usual] for usual in _USUAL[role] if usual in names), None)


def _bare(name: str, facts: ServerFacts) -> str:
    name = name.removeprefix(facts.namespace)
    head, delimiter, rest = name.partition(facts.delimiter) if facts.delimiter else (name, "", "")
    return rest if delimiter and head.upper() == "INBOX" else name


def append_once(
    client: IMAPClient, account: str, folder: str, content: bytes, message_id: str, flags: Sequence[str]
) -> bool:
    r"""Put a message into a folder unless one with its Message-ID is there; return whether it was put there now.

    A connection that breaks within APPEND leaves it open whether the message arrived (RFC 9051
    section 6.3.12): the next attempt finds out. \Recent is not taken away from the folder's mail.
    """
    ensure_folder(client, account, folder)
    select_folder(client, account, folder, readonly=True)
    with translated(account, f"searching {folder}"):
        if client.search(["HEADER", "Message-ID", message_id]):
            return False
    with translated(account, f"writing to {folder}"):
        client.append(folder, content, flags)
    return True
