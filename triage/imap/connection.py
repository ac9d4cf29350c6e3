"""A logged-in connection: verified TLS, timeouts always, no debug buffer."""

import contextlib
import socket
import ssl

from imapclient import IMAPClient, SocketTimeout

from triage.config import AccountConfig
from triage.errors import AccountError
from triage.imap.errors import translated

_CONNECT_SECONDS = 15.0


def connect(account: AccountConfig) -> IMAPClient:
    """Connect and log in.

    Raises:
        AccountError: certificate untrusted, login refused, or the secret cannot be had.
        TransientMailError: the server cannot be reached for now.
    """
    password = account.read_password()
    with translated(account.name, f"connecting to {account.host}:{account.port}"):
        client = IMAPClient(
            account.host,
            port=account.port,
            ssl=account.security == "tls",
            ssl_context=_context(account) if account.security == "tls" else None,
            timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=account.timeout_seconds),
        )
    try:
        with translated(account.name, "preparing the connection"):
            _tune(client)
            if account.security == "starttls":
                client.starttls(_context(account))
        with translated(account.name, "login"):
            _log_in(client, account.username, password)
    except BaseException:
        disconnect(client)
        raise
    return client


def _log_in(client: IMAPClient, username: str, password: str) -> None:
    """Log in by SASL PLAIN where it is offered: it carries any character (RFC 4616), LOGIN only some."""
    if client.has_capability("AUTH=PLAIN"):
        client.plain_login(username, password)
    else:
        # imaplib quotes the password alone (RFC 9051 section 4.3).
        quoted = username.replace("\\", "\\\\").replace('"', '\\"')
        client.login(f'"{quoted}"', password)


def _context(account: AccountConfig) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=str(account.ca_file.expanduser()) if account.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        message = f"account {account.name}: ca_file {account.ca_file} cannot be read as PEM; check the path"
        raise AccountError(message) from error


def _tune(client: IMAPClient) -> None:
    # imapclient always turns imaplib's debug buffer on: every body is formatted, ten times the CPU.
    client._imap.debug = 0  # noqa: SLF001  there is no public way
    sock = client.socket()
    # Without it a command written in two pieces waits 40 ms on some servers.
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)


def disconnect(client: IMAPClient) -> None:
    """Close the connection at once, whatever state it is in; folders are not expunged."""
    with contextlib.suppress(OSError, IMAPClient.Error):
        client.shutdown()


def log_out(client: IMAPClient) -> None:
    """Say goodbye and close."""
    try:
        client.logout()
    except (OSError, IMAPClient.Error):
        disconnect(client)
