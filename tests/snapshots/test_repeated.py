"""A unit that turns out to repeat an append writes nothing: nothing of it is offered."""

from uuid import UUID

import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork, always
from tests.snapshots.domain import Added, kept, rows, tally, warnings

CLS = tally(always())
KNOWN = UUID(int=1)
pytestmark = pytest.mark.promise(33)


def import_and_count(store: EventStore, owner: Session | Connection | None = None) -> None:
    """Append what may have been appended before, and count it."""
    with UnitOfWork(store, session=owner) as uow:
        uow.append(Stream("import", "1"), [Added(5)], expected=0, event_ids=[KNOWN])
        uow.get_or_create(CLS, "t").record(Added(5))


def test_its_state_is_not_offered(store: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """Its aggregate recorded what was never stored."""
    for _ in range(2):
        import_and_count(store)
    assert [1] == kept(store)
    assert (5, []) == (store.load(CLS, "t").total, warnings(caplog))


def test_nor_the_one_of_a_joined_unit(store: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """There the last event is looked for anyway."""
    import_and_count(store)
    with Session(store.engine) as session:
        import_and_count(store, session)
        session.commit()
    assert [(1,)] == rows(store, "version")
    assert (5, []) == (store.load(CLS, "t").total, warnings(caplog))
