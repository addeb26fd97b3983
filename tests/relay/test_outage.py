"""Promise 39: a long outage."""

import pytest

from sourcery import EventStore, UnitOfWork
from sourcery.testing.conformance.test_broker_outages import impatient
from tests.ordering.support import wait_until
from tests.relay.conftest import Running
from tests.relay.support import Ordered, letter_facts, relay

__all__ = ["impatient"]

pytestmark = pytest.mark.promise(39)


def test_ten_thousand_messages_that_waited_leave_in_order(
    store: EventStore, running: Running
) -> None:
    """After the outage, and none of them has lost an attempt."""
    for start in range(0, 10_000, 1000):
        with UnitOfWork(store) as uow:
            for number in range(start, start + 1000):
                uow.publish("payments", key=f"k{number % 50}", payload={"n": number})
    broker = Ordered(is_down=True)
    running(relay(store, broker))
    wait_until(lambda: broker.probes > 5)
    broker.is_down = False
    wait_until(lambda: len(broker.sent) >= 10_000, 60.0)
    for key in range(50):
        assert list(range(key, 10_000, 50)) == broker.numbers_of(f"k{key}")
    assert [] == letter_facts(store)
