"""What a subscription costs, counted on the wire, and what a shard's page looks at."""

import pytest

from sourcery import EventStore
from tests.guards.wire import watching
from tests.ordering.happened import Happened
from tests.ordering.support import append

pytestmark = pytest.mark.databases("postgresql")

FRONTIER = ["highest", "floor"]


def steps(statements: list[str]) -> list[str]:
    """What each statement of a reader is for."""
    parts = {"pg_locks": "floor", "sourcery_events": "page", "sourcery_positions_seq": "highest"}
    return [next((step for part, step in parts.items() if part in s), s) for s in statements]


def test_an_idle_look_is_two_statements(store: EventStore) -> None:
    """The frontier alone: where nothing settled, there is no page to read."""
    append(store, "a", 3)
    subscription = store.subscribe(events=Happened, timeout=0)
    assert 3 == len(list(subscription))
    with watching(store.engine) as wire:
        for _ in range(3):
            assert [] == list(subscription)
    assert FRONTIER * 3 == steps(wire.statements)


def test_one_event_is_a_page_between_two_frontiers(store: EventStore) -> None:
    """The second finds that there is nothing more."""
    subscription = store.subscribe(events=Happened, timeout=0)
    list(subscription)
    append(store)
    with watching(store.engine) as wire:
        assert 1 == len(list(subscription))
    assert [*FRONTIER, "page", *FRONTIER] == steps(wire.statements)


def test_a_full_page_needs_no_frontier(store: EventStore) -> None:
    """The one of the first page is kept until it is reached."""
    append(store, "a", 1200)
    with watching(store.engine) as wire:
        assert 1200 == len(list(store.subscribe(events=Happened, timeout=0)))
    assert [*FRONTIER, *["page"] * 3, *FRONTIER] == steps(wire.statements)
