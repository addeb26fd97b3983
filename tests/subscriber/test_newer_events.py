"""A worker of the previous release, which meets what the next one stored."""

from typing import Any

import pytest
from sqlalchemy import update

from sourcery import EventStore, UnitOfWork
from sourcery.consumers import Status
from sourcery.errors import EventAhead
from sourcery.schema import events
from tests.domain import Account, Deposited
from tests.subscriber.support import deposit, letters, policy, row_of, subscriber

#: Ways to handle events, and what follows a failure.
WAYS: list[dict[str, Any]] = [
    {"on_error": policy("stop", 5)},
    {"on_error": policy("park", 5)},
    {"on_error": policy("skip", 5)},
    {"on_error": policy("skip", 5), "batch": True},
    {"on_error": policy("skip", 5), "effects": True},
    {"on_error": policy("skip", 5), "page": 1},
]


@pytest.fixture
def newer(bank: EventStore) -> EventStore:
    """Three events, the last of which was stored by the next release."""
    deposit(bank, "ada", 3)
    of_schema(bank, 2)
    return bank


def of_schema(store: EventStore, version: int) -> None:
    """Make the third event one of that version."""
    with store.engine.begin() as connection:
        changed = update(events).where(events.c.position == 3)
        connection.execute(changed.values(schema_version=version))


def test_no_state_is_made_of_it(newer: EventStore) -> None:
    """What it means is not known here."""
    with UnitOfWork(newer) as uow, pytest.raises(EventAhead, match="position 3"):
        uow.get(Account, "ada")


@pytest.mark.parametrize("options", WAYS)
def test_a_worker_leaves_it_to_a_newer_one(newer: EventStore, options: dict[str, Any]) -> None:
    """It does what comes before and ends; nothing is given up, faulted or charged."""
    seen: list[int] = []

    def handle(*given: Any) -> None:
        batch = given[-1] if isinstance(given[-1], list) else [given[-1]]
        seen.extend(recorded.position for recorded in batch)

    older = subscriber(newer, handle, **options)
    for _ in range(2):
        with pytest.raises(EventAhead):
            older.run()
    row = row_of(newer)
    assert (2, Status.STOPPED, 0, None) == (row.position, row.status, row.attempts, row.owner)
    assert [] == letters(newer)
    of_schema(newer, 1)  # as the newer program would see it
    assert 1 == subscriber(newer, handle, **options).drain()
    assert [1, 2, 3] == seen


def test_a_handler_that_loads_it_ends_its_worker_too(newer: EventStore) -> None:
    """The events of the page before it commit all the same."""

    def handle(uow: UnitOfWork, recorded: Any) -> None:
        if recorded.position == 2:
            uow.get(Account, "ada")

    with pytest.raises(EventAhead):
        subscriber(newer, handle, events=Deposited, on_error=policy("skip")).run()
    row = row_of(newer)
    assert (1, Status.STOPPED) == (row.position, row.status)
