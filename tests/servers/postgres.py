"""A private PostgreSQL: each test has a database of its own."""

import contextlib
import itertools
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psycopg

from tests.servers.process import HOST, ServerProcess, free_port, give_away, unprivileged


def find_programs() -> Path | None:
    """Return the folder of the newest initdb and postgres, None where there are none."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda one: float(one.parts[-3]))
    found = debian[-1] if debian else shutil.which("initdb")
    return Path(found).resolve().parent if found else None


class Postgres(ServerProcess):
    """The server; starting takes two seconds. Its sessions are in another zone than UTC."""

    def __init__(self, programs: Path) -> None:
        self.user, self.password = "triage", "s3cret-word"
        self.port = free_port()
        self._programs = programs
        self._dir = Path(tempfile.mkdtemp(prefix="pg."))  # short: names of unix sockets are limited
        self._numbers = itertools.count(1)

    def start(self) -> None:
        arguments = unprivileged()[2]
        if not (self._dir / "data").exists():
            self._init(arguments)
        settings = {
            "listen_addresses": HOST,
            "port": self.port,
            "unix_socket_directories": self._dir,
            "fsync": "off",
            "timezone": "Asia/Kathmandu",
            "max_connections": 40,
        }
        with (self._dir / "log").open("ab") as output:
            self.process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", *(f"--{name}={value}" for name, value in settings.items())],
                stdout=output,
                stderr=output,
                stdin=subprocess.DEVNULL,
                cwd=self._dir,
                start_new_session=True,
                **arguments,
            )
        self._wait_until_ready()

    def _init(self, arguments: dict[str, Any]) -> None:
        (self._dir / "password").write_text(self.password)
        self._dir.chmod(0o755)
        give_away(self._dir)
        subprocess.run(
            [
                *(self._programs / "initdb", "-D", "data", "--username", self.user, "--pwfile", "password"),
                *("--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync"),
            ],
            cwd=self._dir,
            check=True,
            capture_output=True,
            **arguments,
        )

    def _wait_until_ready(self, seconds: float = 20.0) -> None:
        deadline = time.monotonic() + seconds
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                self.run_sql("SELECT 1")
                return
            if self.process is None or self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._dir / "log").read_text())
            time.sleep(0.02)

    def crash(self) -> None:
        """End the server at once, as a power failure does; `start` brings it back with its data."""
        self._end(signal.SIGQUIT)

    def stop(self) -> None:
        self._end(signal.SIGINT)  # SIGTERM would wait for the clients
        super().stop()
        shutil.rmtree(self._dir, ignore_errors=True)

    def _end(self, number: int) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(10)

    def run_sql(self, statement: str, database: str = "postgres") -> None:
        """Run one statement outside of a transaction."""
        url = self.url(database).replace("+psycopg", "")
        with psycopg.connect(url, autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())

    def url(self, database: str, *, port: int | None = None) -> str:
        """Return the store.url of a database, through another port such as a proxy's where given."""
        return f"postgresql+psycopg://{self.user}:{self.password}@{HOST}:{port or self.port}/{database}"

    def new_database(self) -> str:
        """Make an empty database and return its name."""
        name = f"store{next(self._numbers)}"
        self.run_sql(f"CREATE DATABASE {name} TEMPLATE template0")
        return name
