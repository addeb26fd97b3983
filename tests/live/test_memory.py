"""Promise 30, live: catching up holds a page, and a slow reader what it may."""

import tracemalloc

import pytest
from attrs import define

from sourcery import EventStore, LiveProjection, Projection, Recorded, Stream, UnitOfWork
from tests.domain import Remarked

pytestmark = [pytest.mark.promise(30), pytest.mark.databases("sqlite", "postgresql")]

EVENTS = 12_000
MEGABYTE = 1_000_000


@define
class Count(Projection[Remarked], name="count"):
    """A small state, whatever the log is."""

    count: int = 0

    def apply(self, recorded: Recorded[Remarked]) -> None:
        """Evolve."""
        self.count += 1


def fill(store: EventStore, count: int = EVENTS) -> None:
    """Events of 200 bytes."""
    for _ in range(4):
        with UnitOfWork(store) as uow:
            remarks = [Remarked("x" * 200, extra=n) for n in range(count // 4)]
            uow.append(Stream("remark", "1"), remarks)


def test_catching_up_holds_a_page(store: EventStore) -> None:
    """Not the log: 2.4 MB of payload alone, and several times that as objects."""
    fill(store)
    with LiveProjection(store, Count):
        pass  # connections, statements and decoders are made once
    tracemalloc.start()
    try:
        with LiveProjection(store, Count) as live:
            assert EVENTS == live.current().count
        assert tracemalloc.get_traced_memory()[1] < 3 * MEGABYTE
    finally:
        tracemalloc.stop()


def test_readers_that_read_nothing_hold_what_is_kept(store: EventStore) -> None:
    """The same events for all of them, and none once they fell behind."""
    fill(store, 4)
    with LiveProjection(store, Count, page=100, updates_kept=1_000) as live:
        readers = [live.updates() for _ in range(20)]
        tracemalloc.start()
        try:
            fill(store)
            live.wait_for(store.now(), timeout=60.0)
            assert tracemalloc.get_traced_memory()[0] < MEGABYTE
        finally:
            tracemalloc.stop()
        assert 20 == len(readers)
