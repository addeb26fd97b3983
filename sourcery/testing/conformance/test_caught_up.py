"""Promise 18: "caught up" is signalled once, and the row says what the consumer is doing."""

from typing import Any

import pytest

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.consumers import Status
from sourcery.testing.conformance.fixtures import Running
from sourcery.testing.conformance.subscribers import (
    Fails,
    Seen,
    deposit,
    ignore,
    policy,
    row_of,
    status_of,
    subscriber,
)
from sourcery.testing.conformance.support import wait_until

pytestmark: object = [pytest.mark.promise(18), pytest.mark.usefixtures("notes")]


@pytest.mark.parametrize("shards", [1, 4])
def test_it_is_signalled_when_all_is_handled(
    bank: EventStore, running: Running, shards: int
) -> None:
    """In every shard; not before, and not again when more has come."""
    for stream_id in range(9):
        deposit(bank, stream_id)
    seen, signalled = Seen(then=ignore), list[int]()
    options: dict[str, Any] = {"page": 2, "shards": shards}
    options["on_caught_up"] = lambda: signalled.append(len(seen.notes))
    running(subscriber(bank, seen, **options))
    wait_until(lambda: signalled)
    for count in range(10, 16):
        deposit(bank, count)
        wait_until(lambda count=count: len(seen.notes) == count)
    assert [9] == signalled


def test_an_empty_log_is_caught_up_with(bank: EventStore) -> None:
    """At once; each run signals for itself."""
    signalled: list[str] = []
    consumer = subscriber(bank, ignore, on_caught_up=lambda: signalled.append("at the end"))
    for times in (1, 2):
        consumer.drain()
        assert ["at the end"] * times == signalled


def test_whoever_owns_nothing_is_not_caught_up(bank: EventStore, running: Running) -> None:
    """It cannot know."""
    running(subscriber(bank, ignore))
    wait_until(lambda: status_of(bank) is Status.LIVE)
    signalled: list[str] = []
    subscriber(bank, ignore, on_caught_up=lambda: signalled.append("wrong")).run_once()
    assert [] == signalled


def test_an_event_that_waits_for_another_try_is_not_the_end(
    bank: EventStore, running: Running
) -> None:
    """It is signalled when that is handled as well."""
    deposit(bank, "ada", 3)
    signalled: list[int] = []
    handler = Fails(["ada 2"], times=5)
    rules = policy("stop", 5, wait=0.02)
    running(
        subscriber(
            bank, handler, on_error=rules, on_caught_up=lambda: signalled.append(handler.times)
        )
    )
    wait_until(lambda: signalled)
    assert [0] == signalled


def test_the_row_says_whether_it_lives(bank: EventStore, running: Running) -> None:
    """Catching up page by page, live at the end, stopped when it has ended."""
    deposit(bank, "ada", 5)
    seen: list[str] = []

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        seen.append(row_of(bank).status.value)

    consumer = subscriber(bank, handle, page=2)
    ended = running(consumer)
    wait_until(lambda: status_of(bank) is Status.LIVE)
    deposit(bank)
    wait_until(lambda: len(seen) == 6)
    assert [*["catching_up"] * 5, "live"] == seen
    consumer.stop()
    wait_until(ended.done)
    assert Status.STOPPED == status_of(bank)
