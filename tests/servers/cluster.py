"""A private Dask cluster: a scheduler and workers as processes, each of which can be killed."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.servers.process import HOST, ServerProcess, free_port

_QUIET = ("--no-dashboard", "--host", HOST)


@dataclass
class Worker:
    """One worker process.

    Attributes:
        log: what it wrote.
    """

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path

    def kill(self) -> None:
        """End it at once, as a power failure does."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)


def can_have_machines() -> bool:
    """Return whether a process can be started whose number means nothing here, as one on another machine."""
    with contextlib.suppress(OSError):
        return subprocess.run(["unshare", "--pid", "--fork", "true"], check=False, capture_output=True).returncode == 0
    return False


class DaskCluster(ServerProcess):
    """The scheduler; workers are added one by one."""

    def __init__(
        self, folder: Path, environment: Mapping[str, str], *, machines: bool = False, certificates: Path | None = None
    ) -> None:
        """Prepare.

        Args:
            folder: for logs and what Dask writes.
            environment: of the workers.
            machines: whether each worker is to look like one on a machine of its own.
            certificates: a folder with ca.pem, cert.pem and key.pem; None for no TLS.
        """
        self.port = free_port()
        self.workers: dict[str, Worker] = {}
        self._folder = folder
        self._environment = dict(environment)
        self._protocol, self._tls = "tcp", list[str]()
        if certificates is not None:
            self._protocol = "tls"
            for name, file in (("ca-file", "ca.pem"), ("cert", "cert.pem"), ("key", "key.pem")):
                self._tls += [f"--tls-{name}", str(certificates / file)]
        self._machine = ["unshare", "--pid", "--fork", "--kill-child"] if machines else []

    @property
    def address(self) -> str:
        """What cluster.scheduler is to be."""
        return f"{self._protocol}://{HOST}:{self.port}"

    def start(self) -> None:
        self.process = self._run("scheduler", ["scheduler", "--port", str(self.port), "--protocol", self._protocol])
        _wait_for_line(self._log("scheduler"), "Scheduler at", self.process)

    def stop(self) -> None:
        for worker in self.workers.values():
            if worker.process.poll() is None:
                worker.kill()
        super().stop()

    def add_worker(self, name: str, *, threads: int = 2) -> Worker:
        """Start a worker and return it once it has joined."""
        arguments = ["worker", self.address, "--name", name, "--nthreads", str(threads), "--no-nanny"]
        arguments += ["--memory-limit", "0", "--local-directory", str(self._folder)]
        worker = Worker(name, self._run(name, arguments, self._machine), self._log(name))
        self.workers[name] = worker
        _wait_for_line(worker.log, "Registered to", worker.process)
        return worker

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def _run(self, name: str, arguments: Sequence[str], before: Sequence[str] = ()) -> "subprocess.Popen[bytes]":
        with self._log(name).open("wb") as output:
            return subprocess.Popen(
                [*before, sys.executable, "-m", "dask", *arguments, *_QUIET, *self._tls],
                env=self._environment,
                cwd=Path(__file__).parents[2],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )


def _wait_for_line(log: Path, words: str, process: "subprocess.Popen[bytes]", seconds: float = 40.0) -> None:
    deadline = time.monotonic() + seconds
    while words not in log.read_text():
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(log.read_text())
        time.sleep(0.05)
