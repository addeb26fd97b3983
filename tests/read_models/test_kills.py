"""Killed at any point, a build goes on; readers see a whole version at any time.

`SOURCERY_KILLS=60 pytest tests/read_models/test_kills.py` kills so many; a plain run kills fewer.
"""

import os
from collections.abc import Callable
from random import Random
from threading import Event
from typing import Any, Final

import pytest
from attrs import define, field
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from sourcery import EventStore, ReadModel, serving_model
from tests.databases import Database
from tests.domain import Deposited
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE
from tests.read_models import builder
from tests.read_models.support import NAME, deposit, first, held, second

KILLS: Final = int(os.environ.get("SOURCERY_KILLS", "8"))
#: Events in the log for each kill, so that there is something left to build.
EVENTS: Final = 200
#: Seconds that a process works before it is killed, at most.
LONGEST: Final = {"sqlite": 0.05, "postgresql": 0.25, "mariadb": 0.25}


@define
class Place:
    """What goes on while processes are killed: a writer, and a reader who is never let down."""

    store: EventStore
    #: What the accounts held before anything was switched.
    least: int
    stop: Event = field(factory=Event)
    #: The version that each read found.
    reads: list[int] = field(factory=list[int])

    def write(self) -> None:
        """Make deposits of one."""
        random = Random(1)
        while not self.stop.wait(0.02):
            deposit(self.store, f"{random.randrange(20)}", 1)

    def read(self) -> None:
        """All that serves, at any time."""
        models = first(self.store), second(self.store)
        while not self.stop.wait(0.005):
            with Session(self.store.engine.execution_options(sourcery_read_only=True)) as session:
                model = serving_model(session, *models)
                cents = session.scalar(select(func.sum(model.tables[NAME].c.cents)))
            assert self.least <= (cents or 0)
            self.reads.append(model.version)


def killed(work: Callable[[Any, Any], None], database: Database, times: int) -> int:
    """Start it and kill it at random so often; how often it was not through by then."""
    random, killed, url = Random(7), 0, database.url.render_as_string(hide_password=False)
    for _ in range(times):
        process, working = builder.started(work, url)
        assert working.wait(DEADLINE)
        process.join(random.uniform(0, LONGEST[database.family]))
        killed += process.is_alive()
        process.kill()
        process.join(DEADLINE)
    return killed


def totals(store: EventStore) -> dict[str, int]:
    """A fold of the log."""
    found: dict[str, int] = {}
    for recorded in store.read(events=Deposited):
        account = recorded.stream.id
        found[account] = found.get(account, 0) + recorded.event.amount
    return found


def serves(store: EventStore, times: int) -> ReadModel:
    """The first version, with a history for so many kills."""
    for number in range(20):
        deposit(store, f"{number}", *[1] * (EVENTS * times // 20))
    model = first(store)
    model.build()
    model.switch()
    return model


def test_killed_at_random_a_build_goes_on(
    bank: EventStore, database: Database, background: Background
) -> None:
    """It equals a fold of the log, and the switch is one moment for readers."""
    times = KILLS if database.family != "sqlite" else max(2, KILLS // 4)
    one, two = serves(bank, times), second(bank)
    place = Place(bank, sum(totals(bank).values()))
    tasks = [background(place.write), background(place.read)]
    try:
        through = times - killed(builder.build, database, times)
        assert through < times / 2  # it was killed at work
        two.build()
        assert {1} == {*place.reads}
        two.switch(timeout=DEADLINE)
        assert two.compare(one).is_equal
        killed(builder.switch, database, max(2, times // 4))
    finally:
        place.stop.set()
        for task in tasks:
            task.result(DEADLINE)
    assert {1, 2} == {*place.reads}
    for model in (one, two):
        model.build()
        assert totals(bank) == held(bank, model)
    assert two.verify().is_equal


@pytest.mark.databases("postgresql", "mariadb")
def test_a_reader_of_what_is_built_would_see_half_of_it(
    bank: EventStore, database: Database
) -> None:
    """The test of the test: the version that does not serve yet is not whole."""
    serves(bank, 2)
    killed(builder.build, database, 1)
    two = second(bank)
    assert sum(held(bank, two).values()) < sum(totals(bank).values())
