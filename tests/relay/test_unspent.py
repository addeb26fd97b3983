"""Rule 27: an attempt is stored before a message is sent; one that was not made is not spent."""

from datetime import timedelta
from itertools import chain, cycle, islice, repeat

import pytest

from sourcery import EventStore
from sourcery.consumers.leases import take
from sourcery.relay.desk import Desk
from tests.relay.support import NAME, Broker, letter_facts, policy, publish, relay, row_of

pytestmark = pytest.mark.promise(49)


def leave_behind(store: EventStore) -> None:
    """A lease that ran out, of a relay that is gone with a message in hand."""
    relay(store, Broker()).drain()
    row, dialect = row_of(store, NAME), store.database.dialect
    with store.database.connect_to_write() as connection, connection.begin():
        until = row.now - timedelta(seconds=1)
        assert take(connection, dialect, row, "gone", until=until, backend=None)


def test_a_lease_that_is_too_short_to_send_spends_no_attempt(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Storing the attempt may take so long that none is left; so often it would be parked."""
    publish(store, [0])
    leave_behind(store)
    publish(store, [1])
    answers = chain(islice(cycle([True, False]), 10), repeat(True))
    monkeypatch.setattr(Desk, "may_send", lambda *_: next(answers))
    broker = Broker()
    relay(store, broker, on_error=policy("park", retries=2)).drain(20.0)
    assert ([1], []) == (broker.numbers, letter_facts(store))
