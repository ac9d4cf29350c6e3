"""Run every check that CI runs, in order, and stop at the first that fails."""

import subprocess
import sys
from pathlib import Path

BIN = Path(sys.executable).parent
CHECKS = (
    ("ruff", "format", "--check", "."),
    ("ruff", "check", "."),
    ("mypy",),
    ("lint-imports",),
    # Many tests wait for servers and processes: as many at a time as there are processors.
    (
        "pytest",
        "--numprocesses=auto",
        "--dist=worksteal",
        "--cov=triage",
        "--cov-report=term:skip-covered",
        "--cov-fail-under=85",
    ),
)


def main() -> int:
    """Return the exit status of the first check that fails, 0 if none does."""
    for name, *arguments in CHECKS:
        sys.stdout.write(f"== {name} {' '.join(arguments)}\n")
        sys.stdout.flush()
        status = subprocess.run([BIN / name, *arguments], cwd=Path(__file__).parents[1], check=False).returncode
        if status:
            return status
    return 0


if __name__ == "__main__":
    sys.exit(main())
