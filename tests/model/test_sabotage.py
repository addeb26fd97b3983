"""Test of the test: the machine finds each rule that is switched off."""

import os
import sys

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import machine_of
from tests.model.profile import hunting
from tests.model.sabotage import OF_ALL, OF_POSTGRESQL, Sabotage, behind_is_handled
from tests.model.world import World

#: Histories in which each is found, with a lot to spare.
_HISTORIES = 400
#: One with every run, all of them when a long one is asked for.
_ALL = bool(os.environ.get("SOURCERY_MODEL"))


@pytest.mark.databases("sqlite")
@pytest.mark.parametrize("sabotage", OF_ALL if _ALL else [behind_is_handled])
def test_a_rule_that_is_off_is_missed(
    world: World, monkeypatch: pytest.MonkeyPatch, sabotage: Sabotage
) -> None:
    """On SQLite, where histories are short in time."""
    _hunt(world, monkeypatch, sabotage)


@pytest.mark.databases("postgresql")
@pytest.mark.skipif(not _ALL, reason="a hunt of minutes: SOURCERY_MODEL=long")
@pytest.mark.parametrize("sabotage", OF_POSTGRESQL)
def test_a_rule_of_ordering_that_is_off_is_missed(
    world: World, monkeypatch: pytest.MonkeyPatch, sabotage: Sabotage
) -> None:
    """On PostgreSQL, where positions are in flight."""
    _hunt(world, monkeypatch, sabotage)


def _hunt(world: World, monkeypatch: pytest.MonkeyPatch, sabotage: Sabotage) -> None:
    with monkeypatch.context() as patch:
        sabotage(patch)
        with pytest.raises((AssertionError, BaseExceptionGroup)):
            run_state_machine_as_test(machine_of(world), settings=hunting(_HISTORIES))
    found = f"history {world.histories}, step {world.steps}"
    sys.stdout.write(f"{sabotage.__name__}: found in {found}\n")
