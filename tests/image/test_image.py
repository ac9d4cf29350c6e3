"""The image builds from its Dockerfile and runs the demo, as an ordinary user.

Optional: set TRIAGE_TEST_BASE to a local base image with Python 3.11 or later, such as
localhost/base; without it or without buildah the test is skipped with a word.
"""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

BASE = os.environ.get("TRIAGE_TEST_BASE", "")
ENVIRONMENT = {"STORAGE_DRIVER": "vfs", "BUILDAH_ISOLATION": "chroot"}


def buildah(*arguments: str) -> str:
    done = subprocess.run(
        ["buildah", *arguments],
        env=os.environ | ENVIRONMENT,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout.strip()


@pytest.mark.timeout(1200)
@pytest.mark.skipif(not BASE or shutil.which("buildah") is None, reason="needs buildah and TRIAGE_TEST_BASE")
def test_the_image_runs_the_demo_as_an_ordinary_user() -> None:
    certificates = "/etc/ssl/certs"
    buildah(
        *("bud", "-q", "--build-arg", f"BASE={BASE}", "-v", f"{certificates}:{certificates}:ro"),
        *("--env", f"PIP_CERT={certificates}/ca-certificates.crt", "-t", "localhost/triage", "."),
    )
    container = buildah("from", "localhost/triage")
    try:
        assert "0 labels left to write" in buildah("run", container, "--", "triage", "demo")
        assert buildah("run", container, "--", "id", "-un") == "triage"
    finally:
        buildah("rm", container)
