"""Promises 13 and 14: what is in flight is waited for, by position, without a clock."""

import pytest
from sqlalchemy import text

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.testing.conformance.fixtures import Background
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.support import Consumer, InFlight, append, read, stored


@pytest.mark.promise(13)
def test_commit_delivers_both_in_order(
    store: EventStore, flight: InFlight, background: Background
) -> None:
    """Whether the later writer commits first or has to wait, the reader passes nothing."""
    consumer = Consumer(store)
    flight.append("early", 2)
    late = background(append, store, "late")
    if store.database.engine.dialect.name == "postgresql":
        late.result()
    assert [] == consumer.look()
    flight.commit()
    late.result()
    assert [("early", 1), ("early", 2), ("late", 1)] == consumer.look()


@pytest.mark.promise(13)
def test_rollback_unblocks_at_once(
    store: EventStore, flight: InFlight, background: Background
) -> None:
    """The hole that a rollback leaves is passed at the next look; no time-out is involved."""
    consumer = Consumer(store)
    flight.append("never")
    late = background(append, store, "late")
    assert [] == consumer.look()
    flight.rollback()
    late.result()
    assert [("late", 1)] == consumer.look()
    assert consumer.checkpoint == store.settled()


@pytest.mark.promise(13)
@pytest.mark.needs("floors")
def test_a_committed_later_event_is_held_back(store: EventStore, flight: InFlight) -> None:
    """The later one is there for all to see, and no reader of the log is given it."""
    flight.append("early")
    late = append(store, "late").last
    assert [late] == stored(store)
    assert [] == read(store)
    assert late - 2 == store.settled()


@pytest.mark.promise(13)
@pytest.mark.needs("floors")
def test_no_token_passes_it(store: EventStore, flight: InFlight) -> None:
    """Neither the token of this moment nor that of a unit that wrote nothing."""
    flight.append("early")
    append(store, "late")
    with UnitOfWork(store) as nothing:
        pass
    assert (0, 0) == (store.now().last, nothing.token.last)
    flight.commit()
    assert 2 == store.now().last


@pytest.mark.promise(13)
@pytest.mark.needs("floors")
def test_an_outbox_row_in_flight_holds_events_back(store: EventStore, flight: InFlight) -> None:
    """Both logs have one sequence, so a message alone protects its position too."""
    with UnitOfWork(store, session=flight.connection) as uow:
        uow.publish("topic", payload={})
    append(store, "late")
    assert (0, []) == (store.settled(), read(store))
    flight.commit()
    assert [2] == read(store)


@pytest.mark.promise(13)
def test_messages_settle_like_events(store: EventStore) -> None:
    """A token of messages alone is reached: the settled position counts both logs."""
    with UnitOfWork(store) as uow:
        uow.publish("topic", payload={})
        uow.publish("topic", payload={})
    assert uow.token.last == store.settled()


@pytest.mark.promise(14)
@pytest.mark.needs("writers")
def test_who_wrote_other_tables_first_keeps_the_order_of_a_stream(
    store: EventStore, flight: InFlight
) -> None:
    """The transaction began and wrote before another one's event, and appends after it."""
    consumer = Consumer(store)
    flight.execute("CREATE TEMPORARY TABLE elsewhere (n INTEGER)")
    flight.execute("INSERT INTO elsewhere VALUES (1)")
    append(store, "a")
    flight.append("a")
    flight.commit()
    assert [("a", 1), ("a", 2)] == consumer.look()


@pytest.mark.promise(14)
@pytest.mark.needs("floors")
def test_by_transaction_numbers_it_is_inverted(store: EventStore, flight: InFlight) -> None:
    """The test of the test: version 2 has the lower number, and such a reader gives it first."""
    flight.execute("CREATE TEMPORARY TABLE elsewhere (n INTEGER)")
    of_second = flight.execute("SELECT pg_current_xact_id()::text::bigint").scalar_one()
    append(store, "a")
    flight.append("a")
    flight.commit()
    query = text("SELECT xmin::text::bigint FROM sourcery_events WHERE version = 1")
    with store.database.reading() as connection:
        assert of_second < connection.execute(query).scalar_one()


@pytest.mark.promise(13)
def test_a_stream_is_read_to_its_committed_end(store: EventStore, background: Background) -> None:
    """One stream has an order of its own, so nothing of it waits for other streams."""
    append(store, "a", 3)
    versions = [r.version for r in store.read(Stream("thing", "a"), events=Happened)]
    assert [1, 2, 3] == versions
