"""Run random fault schedules against a real Dovecot and print what was found.

    python -m tests.reliability [--schedules 1000] [--seed 1]

The same seed plays the same schedule. Ends with 1 if a promise was broken.
"""

import argparse
import sys
import tempfile
from pathlib import Path

from tests.reliability.schedule import run_schedule
from tests.reliability.world import Findings
from tests.servers.dovecot import Dovecot
from tests.servers.proxy import FaultProxy

PROMISED = (
    "lost",
    "doubled",
    "\\Seen changed",
    "changed",
    "came back",
    "wrongly skipped",
    "mislabelled",
    "owner overruled",
    "not moved",
    "left unfinished",
    "planned twice",
    "lead not written down",
)


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule; the others count on")
    given = parser.parse_args()
    total = Findings()
    with Dovecot() as server, tempfile.TemporaryDirectory() as folder:
        for seed in range(given.seed, given.seed + given.schedules):
            with FaultProxy(server.port) as proxy:
                found = run_schedule(server, proxy, seed, Path(folder))
            total.add(found)
            if found.wrong:
                sys.stderr.write(f"seed {seed}: {dict(found.wrong)}\n")
    write = sys.stdout.write
    write(f"{given.schedules} schedules from seed {given.seed}: {total.passes} passes, {total.messages} messages\n\n")
    write("| fault | injected |\n|---|---:|\n")
    for name, count in sorted(total.faults.items()):
        write(f"| {name} | {count} |\n")
    write("\n| promise broken | times |\n|---|---:|\n")
    for name in PROMISED:
        write(f"| {name} | {total.wrong[name]} |\n")
    return int(bool(total.wrong))


if __name__ == "__main__":
    sys.exit(main())
