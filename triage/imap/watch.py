"""IDLE (RFC 2177) that only rings a bell; what has come is found by the pass that follows.

imapclient's own `idle_check` loses what comes in the packet of the continuation, breaks on
a line split over two packets and takes a dead peer for silence (its issues #449 and #565).
"""

import io
import random
import select
import socket
import ssl
import time
from collections.abc import Callable, Iterator

from imapclient import IMAPClient

from triage.imap.errors import translated

REISSUE_SECONDS = (300.0, 540.0)
"""IDLE is begun anew after a time between these: NATs and servers drop what is silent for longer."""

_NEWS = (b"EXISTS", b"FETCH", b"VANISHED")


class IdleSession:
    """One IDLE command on a connection whose folder is open."""

    def __init__(self, client: IMAPClient) -> None:
        """Take over the client for the time of the command."""
        self._client = client
        self._rest = b""

    def begin(self) -> None:
        """Send IDLE and wait for the continuation."""
        self._client.idle()

    def wait(self, seconds: float) -> list[bytes]:
        """Return the whole lines that have come, none after so long.

        Raises:
            OSError: the peer has gone.
        """
        end = time.monotonic() + seconds
        sock = self._client.socket()
        sock.settimeout(0.0)
        try:
            while True:
                self._rest += self._read_available(sock)
                *lines, self._rest = self._rest.split(b"\r\n")
                left = end - time.monotonic()
                if lines or left <= 0:
                    return lines
                _wait_readable(sock, left)
        finally:
            self._client._set_read_timeout()  # noqa: SLF001  there is no public way

    def _read_available(self, sock: socket.socket) -> bytes:
        try:
            held: bytes = _file(self._client).peek(1)  # what imaplib has read ahead
            chunk: bytes = _file(self._client).read(len(held)) if held else sock.recv(65536)
        except (BlockingIOError, ssl.SSLWantReadError):
            return b""
        if not chunk:
            raise ConnectionResetError("the server ended the connection during IDLE")
        return chunk

    def end(self) -> list[bytes]:
        """Send DONE and return what came in the meantime."""
        lines = []
        if self._rest:  # half a line is still on its way
            lines.append(self._rest + _file(self._client).readline().rstrip(b"\r\n"))
            self._rest = b""
        _, responses = self._client.idle_done()
        return lines + [b" ".join(_words(one)) for one in responses]


def _file(client: IMAPClient) -> io.BufferedReader:
    imap = client._imap  # noqa: SLF001  there is no public way
    return getattr(imap, "_file", None) or imap.file  # type: ignore[no-any-return]  # 3.14 renamed it


def _words(response: object) -> Iterator[bytes]:
    parts = response if isinstance(response, tuple) else (response,)
    for part in parts:
        yield part if isinstance(part, bytes) else str(part).encode()


def _wait_readable(sock: socket.socket, seconds: float) -> None:
    poll = select.poll()  # unlike select it has no limit on file descriptors
    poll.register(sock, select.POLLIN)
    poll.poll(seconds * 1000)


def is_news(line: bytes) -> bool:
    """Return whether an untagged line tells of new mail or changed flags."""
    return any(word in line.upper() for word in _NEWS)


def watch_folder(
    client: IMAPClient, account: str, folder: str, ring: Callable[[], None], should_stop: Callable[[], bool]
) -> None:
    """Ring on news in the folder that is open, until told to stop.

    Raises:
        TransientMailError: the connection was lost.
    """
    session = IdleSession(client)
    while not should_stop():
        with translated(account, f"watching {folder}"):
            session.begin()
            # The same moment for every folder would be a thundering herd.
            end = time.monotonic() + random.uniform(*REISSUE_SECONDS)  # noqa: S311  no secret
            while not should_stop() and (left := end - time.monotonic()) > 0:
                if any(is_news(line) for line in session.wait(left)):
                    ring()
            if should_stop():
                return
            if any(is_news(line) for line in session.end()):
                ring()
