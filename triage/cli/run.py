"""`triage run`: the daemon."""

import json
import logging
import os
import signal
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import FrameType

from triage.bootstrap import build_daemon
from triage.cli.memory import free_rings, share_one_heap
from triage.cli.output import parse_age
from triage.cli.settings import required_config
from triage.config import Config
from triage.errors import ConfigError, ModelError, StoreError
from triage.service.daemon import Daemon
from triage.service.flag import Flag

log = logging.getLogger(__name__)

_PATIENCE_SECONDS = 10
"""From SIGTERM to the end at the latest: nothing that hangs may hold the machine's shutdown up."""


class _JsonFormatter(logging.Formatter):
    """One JSON object a line, for log collectors."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, tz=UTC).isoformat(timespec="milliseconds")
        line = {"time": moment, "level": record.levelname, "logger": record.name, "message": record.getMessage()}
        return json.dumps(line, ensure_ascii=False)


def run(config_path: Path | None, *, since: str | None, verbose: bool, log_format: str | None) -> None:
    """Run until SIGTERM or SIGINT; SIGHUP reads the configuration anew."""
    age = parse_age(since)
    config = _load(config_path)
    _begin_log(log_format or config.daemon.log_format, verbose=verbose)
    share_one_heap()
    daemon: Daemon | None = build_daemon(config, age, _program(config_path), config_path)
    stopping = Flag()
    while daemon is not None and not stopping.is_set():
        _listen(daemon, stopping)
        free_rings()  # the former daemon, once no signal handler knows it any more
        daemon = daemon.run(lambda: _successor(config_path, age))


def _program(config_path: Path | None) -> list[str]:
    """Return the command that runs this program by the same configuration."""
    named = ["--config", str(config_path.absolute())] if config_path else []
    return [sys.executable, "-m", "triage", *named]


def _load(config_path: Path | None) -> Config:
    config = required_config(config_path)
    if not config.accounts:
        raise ConfigError(["no account is configured; add an [[accounts]] section"])
    return config


def _successor(config_path: Path | None, age: timedelta | None) -> Daemon | None:
    """Return a daemon with the configuration as it is now; None, with a word, if it cannot be used."""
    try:
        daemon = build_daemon(_load(config_path), age, _program(config_path), config_path)
    except ConfigError as error:
        for problem in error.problems:
            log.error("not reloaded, the former configuration stays: %s", problem)  # noqa: TRY400  no traceback for a user's mistake
    except (ModelError, StoreError) as error:
        log.error("not reloaded, the former configuration stays: %s", error)  # noqa: TRY400  as above
    else:
        log.info("configuration reloaded")
        return daemon
    return None


def _begin_log(style: str, *, verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    plain = logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
    handler.setFormatter(_JsonFormatter() if style == "json" else plain)
    logging.basicConfig(handlers=[handler], level=logging.DEBUG if verbose else logging.INFO)
    # Theirs may hold what a server said: not for our log.
    for name in ("imapclient", "sqlalchemy", "alembic"):
        logging.getLogger(name).setLevel(logging.ERROR)


def _listen(daemon: Daemon, stopping: Flag) -> None:
    def stop(_number: int, _frame: FrameType | None) -> None:
        if not stopping.is_set():
            # A thread that hangs in a system call cannot be ended; the journal knows where it was. The kernel keeps
            # this time: to start a thread takes locks, which whom the handler interrupts may hold.
            signal.alarm(_PATIENCE_SECONDS)
        stopping.set()
        daemon.stop()

    def give_up(_number: int, _frame: FrameType | None) -> None:
        os._exit(1)

    def reload(_number: int, _frame: FrameType | None) -> None:
        daemon.reload()

    signal.set_wakeup_fd(daemon.bell.fd, warn_on_full_buffer=False)
    # By default it would end the program as well, but not the first process of a container, which gets only what it handles.
    signal.signal(signal.SIGALRM, give_up)
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGHUP, reload)
