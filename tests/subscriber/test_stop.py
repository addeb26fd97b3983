"""Promise 28: a stop also ends the wait for a database that is away."""

from threading import Event

import pytest

from sourcery import EventStore
from sourcery.consumers import Status
from sourcery.testing.conformance.test_stopping import LONG, WAYS, Stop
from tests.databases import Database
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.subscriber.support import ignore, status_of, subscriber

pytestmark = pytest.mark.promise(28)


@WAYS
@pytest.mark.databases("postgresql", "mariadb")
def test_it_interrupts_the_wait_for_a_lost_database(
    bank: EventStore,
    database: Database,
    background: Background,
    monkeypatch: pytest.MonkeyPatch,
    stop: Stop,
) -> None:
    """It ends, though it cannot give its lease back: that runs out."""
    monkeypatch.setattr("sourcery.worker.rounds._FIRST_WAIT", LONG)
    monkeypatch.setattr("sourcery.worker.rounds._LONGEST_WAIT", LONG)
    event, consumer = Event(), subscriber(bank, ignore)
    ended = background(consumer.run, event)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    database.server.kill()
    wait_until(lambda: consumer._worker.rounds and consumer._worker.rounds._outages)
    stop(consumer, event)
    assert None is ended.result(DEADLINE)
