"""A daemon that reloads its configuration all day holds no more in the evening than in the morning."""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.reliability.soak import Sample, follow_memory
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program

pytestmark = [pytest.mark.server, pytest.mark.timeout(300)]

_TIMES = 20


def reload_often(dovecot: Dovecot, user: str, folder: Path) -> Sequence[dict[str, Any]]:
    """Return what the daemon held after its start and after each reload."""
    program = Program(folder)
    program.configure(dovecot.port, user)
    done = subprocess.run(
        [sys.executable, "-m", "tests.reliability.reloading", str(program.config), str(_TIMES)],
        # Coverage keeps a tracer for each thread that ever was: what it holds is not the daemon's.
        env=replace(program, is_traced=False).environment(),
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(found) == _TIMES + 1
    return found


def test_a_reload_leaves_nothing_of_the_former_daemon(dovecot: Dovecot, user: str, tmp_path: Path) -> None:
    found = reload_often(dovecot, user, tmp_path)
    # One more of each is no leak: a thread of the former daemon may take a moment to end.
    for kinds in (one["kinds"] for one in found):
        assert all(kinds[kind] <= 2 for kind in ("Daemon", "BackgroundScheduler", "Engine", "ImapSource")), kinds
        assert kinds["IMAPClient"] <= 4
    # Two patterns a reload (imaplib compiles one for each connection) stay in the cache of `re`, which holds 512.
    assert found[-1]["objects"] - found[_TIMES // 2]["objects"] < 10 * (_TIMES // 2)
    # Else each thread that comes brings another, and each grows to what a busy pass takes for a moment.
    assert found[-1]["heaps"] in {1, None}


def test_the_soak_tells_a_slope_from_a_warm_plateau() -> None:
    rising = follow_memory([Sample(at, 90 + at / 600, 14, 6, 0) for at in range(0, 3600, 10)])
    assert rising.slope == pytest.approx(6)
    assert rising.last_third - rising.first_third == pytest.approx(4, abs=0.05)
    flat = follow_memory([Sample(at, 90 + at % 20 / 20, 14, 6, 0) for at in range(0, 3600, 10)])
    assert abs(flat.slope) < 0.1
    assert flat.growth == pytest.approx(1, abs=0.001)
