"""Promises 13, 15, 18 and 20: one ordered loop behind the settled position."""

import pytest
from sqlalchemy import create_engine, text

from sourcery import EventStore, Stream, UnitOfWork
from tests.databases import Database
from tests.domain import Remarked
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, InFlight, append


def remark(store: EventStore, count: int = 1) -> None:
    """Append events of another kind and category."""
    with UnitOfWork(store) as uow:
        uow.append(Stream("remark", "a"), [Remarked("x")] * count)


@pytest.mark.promise(18)
def test_an_empty_log_is_caught_up_at_once(store: EventStore) -> None:
    """There is nothing to wait for."""
    signals: list[str] = []
    with store.subscribe(
        events=Happened, timeout=0, on_caught_up=lambda: signals.append("now")
    ) as subscription:
        assert [] == list(subscription)
    assert ["now"] == signals


@pytest.mark.promise(18)
def test_what_is_appended_in_the_loop_is_delivered_in_it(store: EventStore) -> None:
    """A test needs no thread to see what follows from an event."""
    append(store, "first")
    seen = []
    for recorded in store.subscribe(events=Happened, timeout=0):
        seen.append(recorded.stream.id)
        if recorded.stream.id == "first":
            append(store, "second")
    assert ["first", "second"] == seen


@pytest.mark.promise(13)
@pytest.mark.databases("postgresql")
def test_a_low_position_in_flight_is_not_passed(store: EventStore, flight: InFlight) -> None:
    """Nor moved over: its commit delivers it before the later one that was committed first."""
    subscription = store.subscribe(events=Happened, timeout=0)
    append(store, "before")
    flight.append("early", 2)
    append(store, "late")
    assert ["before"] == [recorded.stream.id for recorded in subscription]
    assert 1 == subscription.position
    flight.commit()
    assert ["early", "early", "late"] == [recorded.stream.id for recorded in subscription]


@pytest.mark.promise(13)
@pytest.mark.databases("postgresql")
def test_a_rollback_unblocks_at_once(
    store: EventStore, flight: InFlight, background: Background
) -> None:
    """One that waits goes on over the hole; no time-out is involved."""
    flight.append("never")
    append(store, "late")
    with store.subscribe(events=Happened, timeout=DEADLINE) as subscription:
        coming = background(next, subscription)
        flight.rollback()
        assert "late" == coming.result(DEADLINE).stream.id


@pytest.mark.promise(15)
@pytest.mark.databases("postgresql", "mariadb")
def test_an_unrelated_transaction_delays_nothing(store: EventStore, database: Database) -> None:
    """A long writer of other tables, and a long reader of ours."""
    engine = create_engine(database.url)
    with engine.connect() as writer, engine.connect() as reader:
        writer.execute(text("CREATE TABLE theirs (n INTEGER)"))
        writer.commit()
        writer.execute(text("INSERT INTO theirs VALUES (1)"))
        reader.execute(text("SELECT count(*) FROM sourcery_events")).all()
        append(store)
        found = store.subscribe(events=Happened, timeout=0)
        assert [1] == [recorded.position for recorded in found]
    engine.dispose()


@pytest.mark.promise(20)
def test_the_position_moves_over_what_does_not_match(store: EventStore) -> None:
    """By kind and by category, so one that rarely matches goes on where it stood."""
    append(store)
    remark(store, 9)
    for selection in ({"events": Happened}, {"events": Remarked, "categories": ["thing"]}):
        subscription = store.subscribe(timeout=0, **selection)
        list(subscription)
        assert 10 == subscription.position
        again = store.subscribe(after=subscription.position, timeout=0, **selection)
        assert [] == list(again)


@pytest.mark.promise(20)
def test_the_position_moves_past_nothing_in_hand(store: EventStore) -> None:
    """Whoever stops in the middle of a page goes on with the event that follows."""
    remark(store, 2)
    append(store, "a", 3)
    remark(store)
    subscription = store.subscribe(events=Happened, timeout=0)
    positions = [subscription.position for _ in subscription]
    assert ([3, 4, 5], 6) == (positions, subscription.position)
    rest = store.subscribe(after=3, events=Happened, timeout=0)
    assert [4, 5] == [recorded.position for recorded in rest]


@pytest.mark.promise(20)
def test_categories_and_events_select_together(store: EventStore) -> None:
    """As in `read`."""
    append(store)
    remark(store)
    both = Happened | Remarked
    for category, kind in (("thing", "ordering.happened"), ("remark", "remark.made")):
        found = store.subscribe(events=both, categories=[category], timeout=0)
        assert [kind] == [recorded.kind for recorded in found]
