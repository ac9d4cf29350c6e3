"""Opening and making folders."""

from collections.abc import Mapping

from imapclient import IMAPClient

from triage.errors import FolderError
from triage.imap.errors import is_temporary, translated


def select_folder(client: IMAPClient, account: str, folder: str, *, readonly: bool) -> Mapping[bytes, object]:
    """Open a folder with SELECT or EXAMINE and return what the server says of it.

    Raises:
        FolderError: there is no such folder, or it cannot be opened, or only for reading (which
            the library takes for a lost connection).
        TransientMailError: the server cannot do it for now.
    """
    with translated(account, f"opening {folder}"):
        try:
            found: Mapping[bytes, object] = client.select_folder(folder, readonly=readonly)
        except IMAPClient.ReadOnlyError as error:
            message = f"account {account}: folder {folder!r} is read-only; labels cannot be written there"
            raise FolderError(message) from error
        except IMAPClient.AbortError:
            raise
        except IMAPClient.Error as error:
            if is_temporary(error):
                raise
            message = f"account {account}: there is no folder {folder!r} that can be opened; check folders"
            raise FolderError(message) from error
    return found


def ensure_folder(client: IMAPClient, account: str, folder: str) -> None:
    """Make and subscribe a folder unless it is there (RFC 9051 section 6.3.4)."""
    with translated(account, f"making {folder}"):
        if client.folder_exists(folder):
            return
        try:
            client.create_folder(folder)
        except IMAPClient.AbortError:
            raise
        except IMAPClient.Error:
            if not client.folder_exists(folder):  # another session may have been faster
                raise
        client.subscribe_folder(folder)
