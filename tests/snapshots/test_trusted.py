"""No snapshot of a state that is not that of its events, or would come back as another."""

import time
from typing import Annotated, Any

import pytest
from attrs import define, field, frozen
from sqlalchemy import delete

from sourcery import Aggregate, EventStore, UnitOfWork, always, event
from sourcery.errors import UnitOfWorkError
from sourcery.schema import snapshots
from tests.databases import Database
from tests.snapshots.domain import Added, TallyEvent, kept, set_in_all, tally, warnings, work

pytestmark = pytest.mark.promise(35)

CLS = tally(always())


@define
class Shared(Aggregate[TallyEvent], category="tally", snapshot=always()):
    """Two fields that are one list."""

    amounts: list[int] = field(factory=list)
    again: list[int] = field(factory=list)

    def apply(self, event: TallyEvent) -> None:
        if isinstance(event, Added):
            self.again = self.amounts
            self.amounts.append(event.amount)


@define
class Doubled(Aggregate[TallyEvent], category="tally", snapshot=always()):
    """Its converter makes another value of each that it is given."""

    total: int = field(default=0, converter=lambda value: value * 2)

    def apply(self, event: TallyEvent) -> None:
        if isinstance(event, Added):
            self.total = event.amount


@pytest.mark.parametrize(
    ("cls", "problem"), [(Shared, "is the same object as amounts"), (Doubled, "another value")]
)
def test_what_would_come_back_changed_is_not_stored(
    store: EventStore, caplog: pytest.LogCaptureFixture, cls: Any, problem: str
) -> None:
    """It is said once, with the field, and the command succeeds."""
    for amount in (1, 2):
        work(store, cls, amount)
    assert [] == kept(store)
    [text] = warnings(caplog)
    assert problem in text


@define
class Fragile(Aggregate[TallyEvent], category="tally", snapshot=always()):
    """Fails halfway at some events, which it should not."""

    total: int = 0

    def apply(self, event: TallyEvent) -> None:
        if isinstance(event, Added):
            self.total += event.amount
            if event.amount < 0:
                raise ValueError("after the change")


def test_a_half_changed_state_is_not_stored(store: EventStore) -> None:
    """What was recorded before is committed, and the aggregate records nothing more."""
    with UnitOfWork(store) as uow:
        fragile = uow.create(Fragile, "t")
        fragile.record(Added(5))
        with pytest.raises(ValueError, match="after"):
            fragile.record(Added(-3))
        with pytest.raises(UnitOfWorkError, match="apply raised and may have changed half: load"):
            fragile.record(Added(1))
    assert [] == kept(store)
    assert (5, 1) == (store.load(Fragile, "t").total, store.load(Fragile, "t").version)


def test_a_snapshot_of_nothing_is_damaged(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """At version 0 there would be no event that proves it."""
    work(store, CLS, 1, 2)
    set_in_all(store, version=0)
    assert 3 == store.load(CLS, "t").total
    assert "has a snapshot of version 0" in warnings(caplog)[0]
    work(store, CLS, 3)
    assert [3] == kept(store)


def test_an_event_of_another_version_makes_another_tag(store: EventStore) -> None:
    """Its upcaster gives the old events other values."""

    def releases(version: int) -> type[Any]:
        @event("metre.read", version=version)
        @frozen
        class Read:
            value: int

        @define
        class Metre(Aggregate[Read], category="metre", snapshot=always()):
            value: int = 0

            def apply(self, event: Read) -> None:
                self.value = event.value

        return Metre

    slots = [store.keeper.slot(releases(version)) for version in (1, 2)]
    assert 2 == len({slot.schema_tag for slot in slots if slot})


def test_what_is_written_beside_a_type_does_not_matter() -> None:
    """Annotated hints are for others."""

    @event("annotated.event")
    @frozen
    class Noted:
        cents: Annotated[int, "of the euro"]

    with EventStore("sqlite://", events=Noted) as store:
        assert store.keeper is not None


@pytest.mark.databases("postgresql", "mariadb")
def test_a_lock_on_the_table_holds_no_command_up(store: EventStore, database: Database) -> None:
    """The offer is given up after a second, the next one replaces it."""
    work(store, CLS, 1)
    with store.engine.connect() as other:
        other.execute(delete(snapshots))
        began = time.monotonic()
        work(store, CLS, 2)
        assert time.monotonic() - began < 10
        other.rollback()
    assert [1] == kept(store)
    work(store, CLS, 3)
    assert [3] == kept(store)
