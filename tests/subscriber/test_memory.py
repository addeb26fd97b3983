"""Promise 30 for what the conformance kit leaves out: shards, letters, standstills."""

import pytest

from sourcery import EventStore
from sourcery.errors import ConsumerFailed
from sourcery.testing.conformance.memory import MEGABYTE, peak_of
from sourcery.testing.conformance.test_memory import EVENTS, backlog, warm
from tests.subscriber.support import Broken, ignore, letter_facts, policy, subscriber

__all__ = ["backlog"]

pytestmark = pytest.mark.promise(30)


def test_shards_hold_a_page_each(backlog: EventStore) -> None:
    """Pages are small when somebody needs many shards."""
    consumer = warm(backlog, ignore, shards=8, page=50)
    assert peak_of(consumer.drain) < 3 * MEGABYTE


def test_what_queues_behind_a_letter_is_not_held(backlog: EventStore) -> None:
    """It is a row in the table of letters, and a number here."""

    def handle(*_: object) -> None:
        raise Broken

    consumer = warm(backlog, handle, on_error=policy("park"))
    assert peak_of(consumer.drain) < 3 * MEGABYTE
    assert EVENTS == len(letter_facts(backlog))


def test_a_standstill_holds_no_more_than_a_page(backlog: EventStore) -> None:
    """However often it is tried."""

    def handle(*_: object) -> None:
        raise Broken

    consumer = subscriber(backlog, handle, on_error=policy("stop", 50, longest_wait=0.002))

    def drain() -> None:
        with pytest.raises(ConsumerFailed):
            consumer.drain()

    assert peak_of(drain) < 3 * MEGABYTE
