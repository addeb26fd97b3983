"""Promise 27: a killed backend, a restarted server; the subscription goes on by itself."""

import logging
from itertools import islice

import pytest
from sqlalchemy.exc import DBAPIError

from sourcery import NOW, EventStore
from tests.databases import Database
from tests.ordering.conftest import Background
from tests.ordering.happened import Happened
from tests.ordering.support import DEADLINE, append, stored, wait_until
from tests.unit_of_work.test_lost_connection import end_connections

pytestmark = [pytest.mark.promise(27), pytest.mark.databases("postgresql", "mariadb")]


def test_a_live_one_outlives_killed_backends(
    store: EventStore, database: Database, background: Background
) -> None:
    """Again and again, while it waits."""
    with store.subscribe(after=NOW, events=Happened, timeout=DEADLINE) as subscription:
        for version in (1, 2, 3):
            coming = background(next, subscription)
            wait_until(lambda: subscription._waiting is not None)
            end_connections(database)
            with EventStore(database.url, notify=False) as writer:
                append(writer, "a")
            assert version == coming.result(DEADLINE).version


def test_a_live_one_outlives_the_server(
    store: EventStore,
    database: Database,
    background: Background,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It tries until the server is back, and says once that it does."""
    append(store, "a", 3)
    with store.subscribe(events=Happened, timeout=DEADLINE) as subscription:
        before = list(islice(subscription, 2))
        coming = background(list, islice(subscription, 3))
        wait_until(lambda: subscription.caught_up)
        database.server.kill()
        wait_until(lambda: subscription._failures > 2)
        database.server.start()
        with EventStore(database.url, notify=False) as writer:
            append(writer, "b", 2)
        given = before + coming.result(DEADLINE)
    assert ["a", "a", "a", "b", "b"] == [recorded.stream.id for recorded in given]
    assert stored(store) == [recorded.position for recorded in given]
    said = [r.getMessage() for r in caplog.records if "a subscription cannot" in r.getMessage()]
    assert 1 == len(said)
    assert [logging.WARNING] == [r.levelno for r in caplog.records if r.getMessage() in said]


def test_a_page_in_hand_is_handed_out_while_nobody_answers(
    store: EventStore, database: Database
) -> None:
    """Then the error comes when the timeout is over: nobody knows whether this is the end."""
    append(store, "a", 3)
    subscription = store.subscribe(events=Happened, timeout=0)
    first = next(subscription)
    database.server.kill()
    rest = list(islice(subscription, 2))
    with pytest.raises(DBAPIError):
        next(subscription)
    database.server.start()
    append(store, "b")
    given = [recorded.position for recorded in (first, *rest, *subscription)]
    assert (4, stored(store)) == (len(given), given)
