"""Promise 29: a token names one commit, and waiting for it ends in time or with the cause."""

import time

import pytest

from sourcery import Consumer, EventStore, Subscriber, Token, UnitOfWork
from sourcery.errors import ConsumerFailed, TokenRefused, WaitTimeout
from sourcery.testing.conformance.domain import ADA, BOB, Deposited, Opened, append, notes_stored
from sourcery.testing.conformance.fixtures import Background, Running
from sourcery.testing.conformance.subscribers import (
    NAME,
    Fails,
    ignore,
    policy,
    registered,
    subscriber,
    write_note,
)
from sourcery.testing.conformance.support import DEADLINE, wait_until

pytestmark: object = [pytest.mark.promise(29), pytest.mark.usefixtures("notes")]

#: Seconds in which something that must not happen would have happened.
MOMENT = 0.2


def deposited(store: EventStore, count: int = 1) -> Token:
    """Events in one commit."""
    return append(store, ADA, [Deposited(n) for n in range(count)]).token


def begun(store: EventStore, consumer: Subscriber) -> Consumer:
    """A consumer that was started once, and has nobody to run it."""
    consumer.run_once()
    return Consumer(store, NAME)


def test_after_it_that_commit_is_handled(
    bank: EventStore, running: Running, background: Background
) -> None:
    """Of many writers each sees what its own commit led to, each time."""
    running(subscriber(bank, write_note, longest_interval=0.05))
    wait_until(lambda: registered(bank))

    def write(stream_id: str) -> None:
        for version in range(1, 6):
            with UnitOfWork(bank) as uow:
                uow.append(ADA if stream_id == "ada" else BOB, [Deposited(version)])
            Consumer(bank, NAME).wait_for(uow.token, timeout=DEADLINE)
            assert f"{stream_id} {version}" in notes_stored(bank)

    for writer in [background(write, stream_id) for stream_id in ("ada", "bob")]:
        writer.result()


def test_it_survives_a_trip_through_json(bank: EventStore) -> None:
    """It is the same afterwards, and says no more than what was committed."""
    token = deposited(bank, 3)
    again = Token.from_json(token.to_json())
    assert (token, 3) == (again, again.last)
    subscriber(bank, ignore).drain()
    Consumer(bank, NAME).wait_for(again, timeout=0)


def test_it_names_one_commit(bank: EventStore) -> None:
    """What was committed before it need not be enough, what comes after it is not waited for."""
    consumer = begun(bank, subscriber(bank, ignore))
    token = deposited(bank)
    later = deposited(bank)
    subscriber(bank, ignore, page=1).run_once()
    consumer.wait_for(token, timeout=0)
    with pytest.raises(WaitTimeout):
        consumer.wait_for(later, timeout=0)


def test_events_that_are_filtered_out_resolve_it(bank: EventStore, running: Running) -> None:
    """Sooner than the second after which the checkpoint would be written anyway."""
    running(subscriber(bank, ignore, events=Deposited, longest_interval=0.05))
    wait_until(lambda: registered(bank))
    for _ in range(3):
        token = append(bank, BOB, [Opened("bob")]).token
        Consumer(bank, NAME).wait_for(token, timeout=0.9)


def test_waiting_is_bounded_and_says_how_far_it_is(bank: EventStore) -> None:
    """With what was needed, reached, and settled."""
    consumer = begun(bank, subscriber(bank, ignore))
    token, began = deposited(bank, 2), time.monotonic()
    with pytest.raises(WaitTimeout) as caught:
        consumer.wait_for(token, timeout=MOMENT)
    assert MOMENT <= time.monotonic() - began < 10 * MOMENT
    error = caught.value
    assert (2, 0, 2, MOMENT) == (error.needed, error.reached, error.settled, error.seconds)


def test_whoever_waits_wakes_with_the_cause(
    bank: EventStore, running: Running, background: Background
) -> None:
    """A consumer that stands still will not come to it; when it is past it, nobody waits."""
    begun(bank, subscriber(bank, ignore))
    token = deposited(bank, 2)
    consumer = Consumer(bank, NAME)
    waiting = background(consumer.wait_for, token, 60)
    running(subscriber(bank, Fails(["ada 1"]), on_error=policy("stop")))
    with pytest.raises(ConsumerFailed, match="Broken: ada 1"):
        waiting.result(DEADLINE)
    assert 1 == consumer.skip(1)
    consumer.wait_for(token, timeout=DEADLINE)
    assert ["ada 2"] == notes_stored(bank)


def test_an_event_that_was_given_up_is_the_cause_too(bank: EventStore) -> None:
    """The checkpoint is past it, and it was not handled."""
    token = deposited(bank)
    subscriber(bank, Fails(["ada 1"]), on_error=policy("park")).drain()
    with pytest.raises(ConsumerFailed, match="Broken: ada 1"):
        Consumer(bank, NAME).wait_for(token)


def test_a_token_of_a_commit_that_never_was_is_refused(bank: EventStore) -> None:
    """Its owner rolled back, and somebody else has its positions by now."""
    consumer = begun(bank, subscriber(bank, ignore))
    with bank.database.connect_to_write() as connection, connection.begin() as transaction:
        with UnitOfWork(bank, session=connection) as uow:
            uow.append(ADA, [Deposited(1)])
        transaction.rollback()
    for _ in range(2):
        append(bank, BOB, [Deposited(1)])
    subscriber(bank, ignore).drain()
    with pytest.raises(TokenRefused, match="rolled back, or lost"):
        consumer.wait_for(uow.token)
