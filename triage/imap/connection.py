"""A logged-in connection: verified TLS, timeouts always, no debug buffer, no secret to who should not have it."""

import contextlib
import socket
import ssl

from imapclient import IMAPClient, SocketTimeout
from imapclient.exceptions import LoginError

from triage.config import AccountConfig
from triage.credentials import read_secret
from triage.errors import AccountError
from triage.imap.errors import is_temporary, translate, translated

_CONNECT_SECONDS = 15.0
_GOODBYE_SECONDS = 2.0


def connect(account: AccountConfig) -> IMAPClient:
    """Connect and log in.

    Raises:
        AccountError: certificate untrusted, login refused, or the secret cannot be had or not be sent safely.
        TransientMailError: the server cannot be reached for now.
    """
    secret = read_secret(account)
    with translated(account.name, f"connecting to {account.host}:{account.port}"):
        client = IMAPClient(
            account.host,
            port=account.port,
            ssl=account.security == "tls",
            ssl_context=tls_context(account) if account.security == "tls" else None,
            timeout=SocketTimeout(connect=_CONNECT_SECONDS, read=account.timeout_seconds),
        )
    try:
        with translated(account.name, "preparing the connection"):
            _tune(client)
            if account.security == "starttls":
                _start_tls(client, account)
        with translated(account.name, "login"):
            offered = frozenset(one.decode("ascii", "replace").upper() for one in client.capabilities())
            if account.auth == "password":
                _log_in_by_password(client, account, secret, offered)
            else:
                _log_in_by_token(client, account, secret, offered)
    except BaseException:
        disconnect(client)
        raise
    return client


def _start_tls(client: IMAPClient, account: AccountConfig) -> None:
    if not client.has_capability("STARTTLS"):  # the library calls it a lost connection
        raise AccountError(
            f"account {account.name}: the server offers no STARTTLS, so that nothing secret was sent; "
            "use security = 'tls' and port 993"
        )
    client.starttls(tls_context(account))


def _log_in_by_password(client: IMAPClient, account: AccountConfig, password: str, offered: frozenset[str]) -> None:
    """Log in by SASL PLAIN where it is offered: it carries any character (RFC 4616), LOGIN only ASCII.

    LOGINDISABLED forbids LOGIN (RFC 9051 section 6.2.3); without TLS we take it for both, as PLAIN shows as much.
    """
    where, encrypted = f"account {account.name}: login", account.security != "none"
    by_plain = "AUTH=PLAIN" in offered
    if "LOGINDISABLED" in offered and not (by_plain and encrypted):
        raise AccountError(
            f"{where}: the server takes no password on this connection (LOGINDISABLED), so that none was sent; "
            "use security = 'tls' or 'starttls', or another auth"
        )
    if by_plain:
        client.plain_login(account.username, password)
        return
    if not (account.username + password).isascii():
        raise AccountError(
            f"{where}: the server offers only LOGIN, which carries nothing but ASCII; change username or password"
        )
    # imaplib quotes the password alone (RFC 9051 section 4.3).
    quoted = account.username.replace("\\", "\\\\").replace('"', '\\"')
    client.login(f'"{quoted}"', password)


def _log_in_by_token(client: IMAPClient, account: AccountConfig, token: str, offered: frozenset[str]) -> None:
    where = f"account {account.name}: login"
    log_in = {"xoauth2": client.oauth2_login, "oauthbearer": client.oauthbearer_login}
    if f"AUTH={account.auth.upper()}" not in offered:
        others = [f"'{auth}'" for auth in log_in if f"AUTH={auth.upper()}" in offered] or ["'password'"]
        raise AccountError(
            f"{where}: the server offers no {account.auth.upper()}, so that no token was sent; set auth = {others[0]}"
        )
    try:
        log_in[account.auth](account.username, token)
    except LoginError as error:
        failure = translate(error, account.name, "login")
        if isinstance(failure, AccountError):
            failure = AccountError(f"{where}: the server refuses the access token; check {account.secret_key}")
        raise failure from error
    _check_authorized(client, where)


def _check_authorized(client: IMAPClient, where: str) -> None:
    """Ask for what any login may have (RFC 9051 section 6.3.9, the empty name).

    Microsoft takes a token of the wrong user or scope, then answers BAD "User is authenticated
    but not connected" to each command: https://github.com/jstedfast/MailKit/issues/1494
    """
    try:
        client.list_folders("", "")
    except IMAPClient.AbortError:
        raise
    except IMAPClient.Error as error:
        if is_temporary(error):
            raise
        raise AccountError(
            f"{where}: the server takes the access token but opens no mailbox; check username, "
            "the token's scope (IMAP access) and that IMAP is switched on for this account"
        ) from error


def tls_context(account: AccountConfig) -> ssl.SSLContext:
    """Return how the account's server is verified: chain and host name, always.

    Raises:
        AccountError: `ca_file` cannot be read.
    """
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
    """Say goodbye and close, without waiting long for the answer."""
    try:
        client.socket().settimeout(_GOODBYE_SECONDS)
        client.logout()
    except (OSError, IMAPClient.Error):
        disconnect(client)
