"""One random schedule: mail, an owner and faults, in an order that a seed fixes."""

import random
import secrets
from collections.abc import Sequence
from pathlib import Path

from tests.reliability.world import Findings, Server, World
from tests.servers.cyrus import Cyrus
from tests.servers.proxy import FaultProxy

FAULTS = (
    "cut in an answer",
    "cut in a command",
    "refused",
    "stalled",
    "dropped",
    "session killed",
    "slow link",
    "crash",
    "crash",
    "disk full",
    "clock jumps",
)
KINDS = ("scam", "scam", "offer", "offer", "plain", "poison")
MODES = ("keyword", "keyword", "keyword", "folder", "move")


def run_schedule(
    server: Server, proxy: FaultProxy, seed: int, folder: Path, faults: Sequence[str] = FAULTS
) -> Findings:
    """Play one schedule and return what was found."""
    rng = random.Random(seed)
    user = f"s{seed}-{secrets.token_hex(3)}"
    if isinstance(server, Cyrus):
        server.add_user(user)
    world = World(server, proxy, user, folder, rng.choice(MODES))
    try:
        for _ in range(rng.randint(4, 10)):
            play_step(world, rng, faults)
        world.settle()
        world.check()
    finally:
        world.close()
    return world.findings


def play_step(world: World, rng: random.Random, faults: Sequence[str]) -> None:
    """Let something happen, then run a pass with or without a fault in its way."""
    for _ in range(rng.randint(0, 4)):
        world.deliver(rng.choice(KINDS))
    match rng.randrange(8):
        case 0:
            world.owner_relabels(rng, None)
        case 1:
            world.owner_relabels(rng, "Triage/Referral")
        case 2:
            world.owner_deletes(rng)
        case 3:
            world.change_uidvalidity()
        case 4:
            world.owner_reads()
        case _:
            pass
    heal = world.arm(rng.choice(faults), rng) if rng.random() < 0.7 else None
    world.run_pass()
    if heal is not None:
        heal()
