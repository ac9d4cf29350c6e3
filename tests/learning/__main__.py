"""Learning curves of simulated owners, by the program itself on a real Dovecot.

    python -m tests.learning [--owner NAME]... [--steps 0 10 20 50 100 500]

Their folders are filled step by step, `triage train` learns, `triage scan` judges the mail of
their own kinds that comes later. Prints a table for `docs/learning.md`: mistakes in percent (an
abstention is one), and what becomes of 200 examples planted with wrong categories. What noise
costs is `python -m tests.learning.noise`.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from email import message_from_bytes
from email.utils import parsedate_to_datetime
from pathlib import Path

from imapclient import IMAPClient

from tests.learning.noise import NOISY, with_noise
from tests.learning.owners import Owner, load_owners, share_wrong
from tests.servers.dovecot import Dovecot
from tests.system.conftest import Program, read_lines
from triage.learn.corpus import Specimen
from triage.records import CATEGORIES, Category

FOLDERS = {category: f"Sorted/{category.value}" for category in CATEGORIES}
STEPS = (0, 10, 20, 50, 100, 500)
PLANTED = 200


class Home:
    """An owner's mailbox, and the program beside it."""

    def __init__(self, server: Dovecot, user: str, folder: Path, later: Sequence[Specimen]) -> None:
        """Begin with empty folders and a program nobody has used."""
        self._client = IMAPClient("127.0.0.1", server.port, ssl=False, timeout=60)
        self._client.login(user, server.password)
        for name in FOLDERS.values():
            self._client.create_folder(name)
        self._program = Program(folder, is_traced=False)
        mapping = "\n".join(f'"{name}" = "{category.value}"' for category, name in FOLDERS.items())
        self._program.configure(server.port, user, extra=f"[training.folders]\n{mapping}\n")
        self._unseen = folder / "later"
        self._unseen.mkdir()
        for one in later:
            (self._unseen / f"{one.id}.eml").write_bytes(one.content)
        self._later = later
        self.filed = 0

    def file(self, mail: Sequence[Specimen], categories: Sequence[Category]) -> None:
        """File mail as its owner does; it came when it says it did."""
        for one, category in zip(mail, categories, strict=True):
            came = parsedate_to_datetime(str(message_from_bytes(one.content)["Date"]))
            self._client.append(FOLDERS[category], one.content, msg_time=came)
        self.filed += len(mail)

    def train(self) -> tuple[str, str]:
        """Learn, and return how it ended and why."""
        done = self._program.run("train", "--json", seconds=600)
        if not done.stdout:
            raise SystemExit(done.stderr)
        report = read_lines(done.stdout)[0]
        return str(report["result"]), str(report["reason"])

    def mistakes(self) -> float:
        """Return the share of the later mail that is judged wrongly."""
        lines = read_lines(self._program.run("scan", "--json", str(self._unseen), seconds=600).stdout)
        found = {Path(line["source"]).stem: line["category"] for line in lines if line["state"] == "judged"}
        answers = [Category(found[one.id]) if one.id in found else None for one in self._later]
        return share_wrong(self._later, answers)

    def macro_f1_on_check(self) -> float | None:
        """Return how well the model in use does on the shipped check set, if it is a personal one."""
        card = json.loads(self._program.run("models", "show").stdout)
        return float(card["gate"]["check_macro_f1"]) if "gate" in card else None

    def close(self) -> None:
        """End the owner's session."""
        self._client.logout()


@dataclass(frozen=True)
class Step:
    """How an owner is served after so many examples.

    Attributes:
        mistakes: share of the later mail.
        result: how the training ended; empty where there was none.
    """

    examples: int
    mistakes: float
    result: str


def follow(owner: Owner, server: Dovecot, folder: Path, steps: Sequence[int]) -> list[Step]:
    """Fill an owner's folders step by step, and return how they are served after each."""
    home = Home(server, f"{owner.name}-curve", folder, owner.later)
    found = []
    for count in steps:
        new = owner.filed(count)[home.filed :]
        home.file(new, [one.category for one in new])
        result, reason = home.train() if count else ("", "")
        found.append(Step(count, home.mistakes(), result))
        macro_f1 = home.macro_f1_on_check()
        sys.stderr.write(
            f"{owner.name}: {count} examples, {found[-1].mistakes:.1%} wrong, check {macro_f1}, {result} {reason}\n"
        )
    home.close()
    return found


def attack(owner: Owner, server: Dovecot, folder: Path) -> tuple[str, float, float]:
    """Plant 200 wrong examples after 100 right ones; return what training says, and mistakes before and after."""
    home = Home(server, f"{owner.name}-attack", folder, owner.later)
    mail = owner.filed(NOISY)
    home.file(mail, [one.category for one in mail])
    home.train()
    before = home.mistakes()
    planted = owner.filed(NOISY + PLANTED)[NOISY:]
    home.file(planted, with_noise(planted, 1.0, seed=2))
    result, _ = home.train()
    after = home.mistakes()
    home.close()
    return result, before, after


def main() -> int:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owner", action="append", default=[])
    parser.add_argument("--steps", type=int, nargs="+", default=STEPS)
    given = parser.parse_args()
    owners = [one for one in load_owners() if not given.owner or one.name in given.owner]
    write = sys.stdout.write
    write("| owner | " + " | ".join(map(str, given.steps)) + " | 200 planted |\n")
    write("|---|" + "---:|" * len(given.steps) + "---|\n")
    with Dovecot() as server:
        for owner in owners:
            with tempfile.TemporaryDirectory() as folder:
                places = [Path(folder) / name for name in ("curve", "attack")]
                for place in places:
                    place.mkdir()
                curve = follow(owner, server, places[0], given.steps)
                result, before, after = attack(owner, server, places[1])
            cells = " | ".join(f"{step.mistakes:.1%}" for step in curve)
            write(f"| {owner.name} | {cells} | {result}, {before:.1%} to {after:.1%} |\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
