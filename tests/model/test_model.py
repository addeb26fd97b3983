"""Random histories of everything at once are what the model says."""

import sys

import pytest
from hypothesis.stateful import run_state_machine_as_test

from tests.model.machine import machine_of
from tests.model.profile import profile
from tests.model.world import World

pytestmark = pytest.mark.databases("sqlite", "postgresql")


def test_every_history_is_as_the_model_has_it(world: World) -> None:
    """Log, views, letters, messages and states, after each step of each history."""
    run_state_machine_as_test(machine_of(world), settings=profile())

    sys.stdout.write(f"{world.steps} steps in {world.histories} histories\n")
    assert world.steps > world.histories
