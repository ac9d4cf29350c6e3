"""What a hundred examples do for an owner whose mail the shipped model does not know."""

from pathlib import Path

import pytest

from tests.learning.__main__ import attack, follow
from tests.learning.owners import load_owner, load_owners
from tests.servers.dovecot import Dovecot

# Coverage would make them take twice as long; test_train.py shows it the same.
pytestmark = [pytest.mark.server, pytest.mark.no_cover]


def test_a_hundred_examples_halve_the_mistakes(dovecot: Dovecot, tmp_path: Path) -> None:
    before, after = follow(load_owner("electrician"), dovecot, tmp_path, (0, 100))
    assert after.result == "promoted"
    assert after.mistakes <= before.mistakes / 2


def test_an_attack_is_held_back(dovecot: Dovecot, tmp_path: Path) -> None:
    result, before, after = attack(load_owner("cfo"), dovecot, tmp_path)
    assert (result, after) == ("held", before)


def test_owners_write_about_what_no_model_learnt() -> None:
    for owner in load_owners():
        assert len(owner.filed(500)) == 500
        own = {one.id for one in [*owner.earlier, *owner.later]}
        assert not own & {one.id for one in owner.general}
