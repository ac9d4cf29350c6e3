"""What the private servers have in common: a free port, a greeting to wait for, an end."""

import contextlib
import grp
import os
import pwd
import shutil
import socket
import subprocess
import time
from pathlib import Path
from typing import Any, Self

HOST = "127.0.0.1"


def free_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as sock:
        sock.bind((HOST, 0))
        return int(sock.getsockname()[1])


def wait_for_greeting(port: int, process: subprocess.Popen[bytes] | None = None, seconds: float = 10.0) -> None:
    """Wait until a port sends an IMAP greeting."""
    deadline = time.monotonic() + seconds
    while True:
        if process is not None and process.poll() is not None:
            raise RuntimeError(f"server exited with {process.returncode} before it greeted")
        try:
            with socket.create_connection((HOST, port), 1.0) as sock:
                sock.settimeout(2.0)
                if sock.recv(64).startswith(b"* "):
                    return
        except OSError:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"no IMAP greeting on port {port}")
        time.sleep(0.01)


def unprivileged() -> tuple[str, str, dict[str, Any]]:
    """Return user, group and Popen's arguments: root steps down to nobody, whom mail servers insist on."""
    if os.geteuid() != 0:
        user = pwd.getpwuid(os.geteuid())
        return user.pw_name, grp.getgrgid(os.getegid()).gr_name, {}
    user = pwd.getpwnam("nobody")
    group = grp.getgrgid(user.pw_gid).gr_name
    return "nobody", group, {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def give_away(path: Path) -> None:
    """Let the unprivileged user own what root has made."""
    if os.geteuid() != 0:
        return
    user = pwd.getpwnam("nobody")
    for root, _, files in os.walk(path):
        os.chown(root, user.pw_uid, user.pw_gid)
        for name in files:
            with contextlib.suppress(FileNotFoundError):  # a server at work renames its files
                os.chown(Path(root) / name, user.pw_uid, user.pw_gid, follow_symlinks=False)


def remove_folder(path: Path) -> None:
    """Remove a server's folder, into which its children may still write for a moment."""
    for _ in range(20):
        shutil.rmtree(path, ignore_errors=True)
        if not path.exists():
            break
        time.sleep(0.05)


class ServerProcess:
    """A child process that is ended by its own pid."""

    host = HOST
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the server and wait for its greeting."""
        raise NotImplementedError

    def stop(self) -> None:
        """End the server."""
        process, self.process = self.process, None
        if process is None:
            return
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
        process.wait()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.stop()  # what it has written goes too
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
