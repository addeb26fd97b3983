"""What a subscriber costs, counted on the wire: by pages and looks, never by events."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import pytest

from sourcery import EventStore, Recorded, Subscriber, UnitOfWork
from sourcery.worker.rounds import Rounds
from tests.domain import ADA, Remarked, append
from tests.guards.wire import watching

pytestmark = pytest.mark.databases("postgresql")

FRONTIER = ["highest", "floor"]
PAGE = ["rows", *FRONTIER, "page", "begin", "checkpoint", "commit"]
IDLE = ["rows", *FRONTIER]


@contextmanager
def at_work(store: EventStore, handler: Callable[..., object], **options: Any) -> Iterator[Rounds]:
    """Its rounds, one by one in this thread; it has its shard, and its connection is watched."""
    subscriber = Subscriber(store, "guarded", handler, events=Remarked, lease=3600.0, **options)
    with subscriber._worker._at_work(None) as rounds:
        rounds.round(force=True)
        rounds._link.close()
        yield rounds


def steps(statements: list[str]) -> list[str]:
    """What each statement is for."""
    parts = {
        "update sourcery_consumers": "checkpoint",
        "sourcery_consumers": "rows",
        "pg_locks": "floor",
        "insert into sourcery_outbox": "send",
        "sourcery_events": "page",
        "sourcery_positions_seq": "highest",
        "pg_stat_activity": "mark",
        "begin": "begin",
        "commit": "commit",
    }
    texts = [" ".join(statement.lower().split()) for statement in statements]
    return [next((step for part, step in parts.items() if part in text), text) for text in texts]


def spent(store: EventStore, rounds: Rounds, looks: int) -> list[str]:
    """The statements of so many looks; those of opening the watched connection are left out."""
    with watching(store.engine) as wire:
        for _ in range(looks):
            rounds.round(force=False)
        rounds._link.close()  # it must not outlive the trace
    opened = ["begin", "mark", "commit"]
    found = steps(wire.statements)
    if "mark" in found:
        at = found.index("mark") - 1
        assert opened == found[at : at + 3]
        del found[at : at + 3]
    return found


def remark(store: EventStore, count: int) -> None:
    """Events to handle."""
    append(store, ADA, [Remarked(str(n)) for n in range(count)])


def look_at(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """A handler that asks the database for nothing."""
    assert recorded.event.text


def look_at_all(uow: UnitOfWork, batch: Sequence[Recorded[Any]]) -> None:
    """The same, once per page."""
    assert batch


def have_an_effect(recorded: Recorded[Any]) -> None:
    """The same, without a transaction."""
    assert recorded.event.text


@pytest.mark.parametrize("events", [1, 100])
@pytest.mark.parametrize(
    ("handler", "options"),
    [(look_at, {}), (look_at_all, {"batch": True}), (have_an_effect, {"effects": True})],
)
def test_a_page_is_seven_statements(
    store: EventStore, events: int, handler: Callable[..., object], options: dict[str, Any]
) -> None:
    """Its row, the frontier, the page, and a transaction for the checkpoint; then nothing."""
    with at_work(store, handler, **options) as rounds:
        remark(store, events)
        assert [*PAGE, *FRONTIER, *IDLE] == spent(store, rounds, 3)


def test_a_full_page_needs_no_frontier(store: EventStore) -> None:
    """That of the first is kept until it is reached, and each checkpoint tells of the row."""
    with at_work(store, look_at, page=50) as rounds:
        remark(store, 130)
        again = [step for step in PAGE if step not in IDLE]
        assert [*PAGE, *again * 2, *FRONTIER] == spent(store, rounds, 4)


def test_a_page_that_ends_early_is_not_read_again(store: EventStore) -> None:
    """The rest of it is in memory: each event that writes costs its own transaction alone."""

    def handle(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
        uow.publish("remarks", payload=1)

    with at_work(store, handle) as rounds:
        remark(store, 3)
        write = ["begin", "checkpoint", "send", "commit"]
        first = [*PAGE[:4], *write]
        assert [*first, *write, *write] == spent(store, rounds, 3)


def test_an_idle_look_is_three_statements(store: EventStore) -> None:
    """The row, which says what is asked of it, and the frontier; no page, and no write."""
    with at_work(store, look_at) as rounds:
        rounds.round(force=True)
        assert IDLE * 5 == spent(store, rounds, 5)


def test_events_of_others_cost_a_page_that_finds_nothing(store: EventStore) -> None:
    """And no write until a second is over."""
    with at_work(store, look_at, categories=["nobody"]) as rounds:
        rounds.round(force=True)
        remark(store, 3)
        assert [*IDLE, "page", *IDLE] == spent(store, rounds, 2)
