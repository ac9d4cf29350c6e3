"""What the service manager is told (sd_notify(3)), and the health file that `triage status --check` reads."""

import json
import logging
import os
import socket
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from pathlib import Path

log = logging.getLogger(__name__)


def tell_manager(state: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a state such as "READY=1" to the service manager, if there is one.

    Three lines of a datagram protocol; its Python packages are bindings to a C library or unmaintained.
    """
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    if address.startswith("@"):  # the abstract name space (unix(7))
        address = "\0" + address[1:]
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
        sock.sendto(state.encode(), address)


def save_health(path: Path, health: Mapping[str, object]) -> None:
    """Write the health file whole: a reader sees the old one or the new one."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".health-")
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(health, file)
        Path(name).replace(path)
    except OSError as error:
        log.warning("health file cannot be written reason=%s", error.strerror)


def load_health(path: Path) -> Mapping[str, object] | None:
    """Return what the health file says; None if there is none or it cannot be read."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def is_fresh(health: Mapping[str, object], now: datetime, within: float) -> bool:
    """Return whether the file was written within so many seconds."""
    try:
        written = datetime.fromisoformat(str(health.get("written_at")))
    except ValueError:
        return False
    return abs((now - written).total_seconds()) <= within
