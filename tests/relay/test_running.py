"""A relay that runs: stops promptly, holds a page at most, and outlives its database."""

from collections.abc import Callable
from threading import Event

import pytest

from sourcery import EventStore, UnitOfWork
from sourcery.errors import WaitTimeout
from sourcery.messages import SENT, Message, Outcome, Result
from sourcery.testing.conformance.memory import MEGABYTE, peak_of
from tests.databases import Database
from tests.ordering.conftest import Background
from tests.ordering.support import DEADLINE, wait_until
from tests.relay.conftest import Running
from tests.relay.support import (
    NAME,
    TOPIC,
    Broker,
    fails,
    has_rows,
    policy,
    publish,
    relay,
    row_of,
)

#: So long that a test would fail before it is over.
LONG = 600.0
ASLEEP = {"interval": LONG, "longest_interval": LONG}


def is_live(store: EventStore) -> bool:
    """Whether it rests."""
    return has_rows(store) and row_of(store).status == "live"


@pytest.mark.promise(28)
def test_a_stop_interrupts_a_sleep(store: EventStore, background: Background) -> None:
    """And gives the lease back."""
    sender = relay(store, Broker(), **ASLEEP)
    ended = background(sender.run)
    wait_until(lambda: is_live(store))
    sender.stop()
    assert (None, None) == (ended.result(DEADLINE), row_of(store).owner)


@pytest.mark.promise(28)
@pytest.mark.parametrize("is_down", [True, False])
def test_a_stop_interrupts_a_wait(
    store: EventStore, background: Background, monkeypatch: pytest.MonkeyPatch, is_down: bool
) -> None:
    """For a broker, or for the next attempt at a message."""
    monkeypatch.setattr("sourcery.relay.circuit.FIRST_WAIT", LONG)
    monkeypatch.setattr("sourcery.relay.circuit.LONGEST_WAIT", LONG)
    broker = Broker(lambda _: Result(Outcome.FAILED, "no"), is_down=is_down)
    publish(store, [1])
    sender, stop = relay(store, broker, on_error=policy(wait=LONG), **ASLEEP), Event()
    ended = background(sender.run, stop)
    wait_until(lambda: has_rows(store) and (row_of(store).error if is_down else is_live(store)))
    stop.set()
    assert (None, None) == (ended.result(DEADLINE), row_of(store).owner)


@pytest.mark.promise(28)
def test_a_stop_ends_the_page_after_the_batch_in_hand(store: EventStore) -> None:
    """What was sent is stored, what was not is left."""
    publish(store, range(10))

    def judge(message: Message) -> Result:
        if len(broker.batches) == 3:
            sender.stop()
        return SENT

    broker = Broker(judge)
    sender = relay(store, broker)
    sender.run()
    assert 3 == len(broker.sent)
    relay(store, broker).drain(DEADLINE)
    assert list(range(10)) == broker.numbers


def test_a_drain_waits_for_what_failed_in_a_shard_of_anothers(
    store: EventStore, running: Running
) -> None:
    """A message that is tried again is neither sent nor given up, whoever will try it."""
    publish(store, [1])
    running(relay(store, Broker(fails([1])), on_error=policy(wait=LONG)))
    wait_until(lambda: has_rows(store) and row_of(store).position == store.settled())
    with pytest.raises(WaitTimeout, match="1 that failed wait to be tried again"):
        relay(store, Broker()).drain(0.1)


@pytest.mark.promise(30)
def test_no_more_than_a_page_is_held(store: EventStore) -> None:
    """Of 6 MB of messages; what waits behind a letter is not held either."""
    for batch in range(6):
        with UnitOfWork(store) as uow:
            for number in range(1000):
                payload = {"n": batch * 1000 + number, "text": "x" * 1000}
                uow.publish(TOPIC, key="ada" if number % 2 else number, payload=payload)
    count = [0]

    def judge(message: Message) -> Result:
        count[0] += 1
        return Result(Outcome.FAILED, "no") if message.key == "ada" else SENT

    class Forgetful(Broker):
        def publish(self, batch):  # noqa: ANN001, ANN202 - as the base
            return [judge(message) for message in batch]

    sender = relay(store, Forgetful(), on_error=policy(wait=LONG))
    sender.run_once()

    def work() -> None:
        while sender.run_once():
            pass

    assert peak_of(work) < 3 * MEGABYTE
    assert (3001, store.settled()) == (count[0], row_of(store).position)


@pytest.mark.databases("postgresql", "mariadb")
def test_a_restarted_database_is_waited_for(
    store: EventStore, database: Database, running: Running
) -> None:
    """It claims again, and goes on where it was."""
    broker = Broker()
    sender = relay(store, broker, shards=2)
    future = running(sender)
    publish(store, [1])
    wait_until(lambda: [1] == broker.numbers)
    database.server.kill()
    database.server.start()
    _again(lambda: publish(store, [2]))
    wait_until(lambda: 2 in broker.numbers, 60.0)
    assert not future.done()


def _again(work: Callable[[], object]) -> None:
    """Connections of before the restart are found dead, one by one."""

    def tried() -> bool:
        try:
            work()
        except Exception:  # noqa: BLE001 - whatever a driver says of a dead connection
            return False
        return True

    wait_until(tried, 60.0)


def test_the_end_of_a_run_is_seen_in_health(store: EventStore) -> None:
    """Nobody owns it."""
    publish(store, [1])
    relay(store, Broker()).drain(DEADLINE)
    assert None is row_of(store, NAME).owner
