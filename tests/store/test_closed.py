"""A closed store is over: whatever uses it says so, at once or at its next look."""

from collections.abc import Callable
from typing import Any

import pytest

from sourcery import Consumer, EventStore, LiveProjection, Subscriber, UnitOfWork
from sourcery.consumers import Status
from sourcery.errors import StoreClosed
from tests.databases import Database
from tests.live.projections import History
from tests.ordering.conftest import Background, background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, append, read, wait_until
from tests.subscriber.support import ignore, row_of, status_of

__all__ = ["background"]

#: So long that a test would fail before it is over.
ASLEEP = {"interval": 600.0, "longest_interval": 600.0}


def consumer(store: EventStore) -> Subscriber:
    """One that looks for events every ten minutes, unless something wakes it."""
    return Subscriber(store, "closed", ignore, events=Happened, **ASLEEP)


USES: list[Callable[[EventStore], Any]] = [
    append,
    read,
    EventStore.settled,
    EventStore.now,
    EventStore.upgrade,
    EventStore.repair,
    lambda store: store.subscribe(events=Happened),
    lambda store: consumer(store).run(),
    lambda store: consumer(store).run_once(),
    lambda store: consumer(store).drain(),
    lambda store: LiveProjection(store, History).start(),
    lambda store: Consumer(store, "closed").health(),
]


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("used", [True, False], ids=["used", "unused"])
def test_a_later_use_is_refused(
    store: EventStore, use: Callable[[EventStore], Any], *, used: bool
) -> None:
    """Whether it had connected before or not."""
    if used:
        append(store)
        consumer(store).drain()
    store.close()
    with pytest.raises(StoreClosed, match="was closed"):
        use(store)


def test_it_joins_no_transaction(store: EventStore) -> None:
    """Though the caller's connection is still good."""
    with store.engine.connect() as connection:
        store.close()
        with pytest.raises(StoreClosed), UnitOfWork(store, session=connection):
            pass
        assert not connection.invalidated


def test_the_error_names_the_database(store: EventStore) -> None:
    """Without password and options; and closing again does nothing."""
    store.close()
    store.close()
    with pytest.raises(StoreClosed) as refused:
        store.settled()
    assert store.engine.url.set(query={}).render_as_string() == refused.value.database


def test_an_engine_of_the_callers_goes_on(store: EventStore) -> None:
    """It is not the store's to dispose of: the pool is as it was, and others use it."""
    append(store)
    pool = store.engine.pool
    with EventStore(store.engine) as borrower:
        assert [1] == read(borrower)
    assert ([1], True) == (read(store), pool is store.engine.pool)


@pytest.mark.promise(28)
def test_a_subscription_ends_with_its_store(store: EventStore, background: Background) -> None:
    """What it has in hand is handed out; then it is not waited for a store that is gone."""
    append(store, "a", 3)
    subscription = store.subscribe(events=Happened)
    next(subscription)
    store.close()
    assert [2, 3] == [next(subscription).position for _ in range(2)]
    with pytest.raises(StoreClosed):
        background(next, subscription).result(DEADLINE)


@pytest.mark.promise(28)
def test_a_sleeping_subscription_ends_with_its_store(
    store: EventStore, background: Background, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once."""
    subscription = store.subscribe(events=Happened)
    iterating = background(list, subscription)
    wait_until(lambda: subscription.caught_up)
    store.close()
    with pytest.raises(StoreClosed):
        iterating.result(DEADLINE)


@pytest.mark.promise(28)
def test_a_subscriber_ends_with_its_store(
    store: EventStore, database: Database, background: Background
) -> None:
    """At once, with its lease given back."""
    running = background(consumer(store).run)
    wait_until(lambda: status_of(store, "closed") is Status.LIVE)
    store.close()
    with pytest.raises(StoreClosed):
        running.result(DEADLINE)
    with EventStore(database.url) as other:
        assert None is row_of(other, "closed").owner


@pytest.mark.promise(28)
def test_a_live_projection_ends_with_its_store(store: EventStore, background: Background) -> None:
    """And so do those who wait for it: nobody is given a state that goes on no more."""
    with LiveProjection(store, History, **ASLEEP) as live:
        updates = background(list, live.updates())
        store.close()
        assert [] == updates.result(DEADLINE)
        assert "stopped" == live.status
        with pytest.raises(StoreClosed):
            live.current()
