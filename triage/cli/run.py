"""`triage run`: the daemon."""

import logging
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from triage.bootstrap import build_daemon
from triage.cli.output import parse_age
from triage.cli.settings import required_config
from triage.errors import ConfigError


def run(config_path: Path | None, *, since: str | None, verbose: bool) -> None:
    """Run until SIGTERM or SIGINT; a pass under way finishes what it has begun."""
    day = parse_age(since)
    config = required_config(config_path)
    if not config.accounts:
        raise ConfigError(["no account is configured; add an [[accounts]] section"])
    logging.basicConfig(
        stream=sys.stderr,
        level=logging.DEBUG if verbose else logging.INFO,
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    # Theirs may hold what a server said: not for our log.
    logging.getLogger("imapclient").setLevel(logging.ERROR)
    since_days = (datetime.now(UTC).date() - day).days if day else None
    daemon = build_daemon(config, since_days)

    def stop(_number: int, _frame: FrameType | None) -> None:
        daemon.stop()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    daemon.run()
