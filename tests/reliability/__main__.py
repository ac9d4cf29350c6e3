"""Run random fault schedules against a real Dovecot and print what was found.

    python -m tests.reliability [--schedules 1000] [--seed 1] [--jobs 4]

The same seed plays the same schedule. Ends with 1 if a promise was broken.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
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


def play(seeds: Sequence[int]) -> Findings:
    """Play schedules against a server of their own and return what was found in all."""
    total = Findings()
    with Dovecot() as server, tempfile.TemporaryDirectory() as folder:
        for seed in seeds:
            with FaultProxy(server.port) as proxy:
                found = run_schedule(server, proxy, seed, Path(folder))
            total.add(found)
            if found.wrong:
                sys.stderr.write(f"seed {seed}: {dict(found.wrong)}\n")
    return total


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--schedules", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1, help="of the first schedule; the others count on")
    parser.add_argument("--jobs", type=int, default=1, help="how many are played at a time: most of it is waiting")
    given = parser.parse_args()
    seeds = range(given.seed, given.seed + given.schedules)
    total = Findings()
    with ProcessPoolExecutor(given.jobs) as pool:
        for found in pool.map(play, [seeds[start :: given.jobs] for start in range(given.jobs)]):
            total.add(found)
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
