"""A streamed read holds a page, and no connection."""

import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from sourcery import EventStore, Recorded, UnitOfWork
from sourcery.testing.conformance.domain import ADA, Account, Remarked, append

pytestmark: object = pytest.mark.promise(10)

EVENTS = 20_000
MEGABYTE = 1_000_000


@pytest.fixture
def long(bank: EventStore) -> EventStore:
    """A stream of 20,000 events of 200 bytes: 4 MB of payload alone."""
    for _ in range(4):
        append(bank, ADA, [Remarked("x" * 200, extra=n) for n in range(EVENTS // 4)])
    return bank


def peak_of(read: Callable[[], Iterator[Recorded[object]]]) -> tuple[int, int]:
    """Events read, and the bytes that Python held at the worst moment."""
    next(read())  # connections, statements and decoders are made once
    tracemalloc.start()
    try:
        count = sum(1 for _ in read())
        return count, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_a_read_holds_no_more_than_a_page(long: EventStore) -> None:
    """The log, and a stream backward; the measure sees it when all events are kept."""
    for read in (long.read, lambda: long.read(ADA, backward=True)):
        count, peak = peak_of(read)
        assert EVENTS == count
        assert peak < 3 * MEGABYTE
    count, peak = peak_of(lambda: iter(list(long.read())))
    assert EVENTS == count
    assert peak > 9 * MEGABYTE


def test_an_aggregate_is_loaded_page_by_page(long: EventStore) -> None:
    """Its events are not kept once they are applied."""
    tracemalloc.start()
    with UnitOfWork(long) as uow:
        assert EVENTS == uow.get(Account, "ada").version
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 3 * MEGABYTE


def test_many_unfinished_reads_use_up_no_connections(bank: EventStore) -> None:
    """More of them than the pool has connections."""
    append(bank, ADA, [Remarked("x", extra=n) for n in range(600)])
    readers = [bank.read() for _ in range(40)]
    assert 40 == len([next(reader) for reader in readers])
    with UnitOfWork(bank) as uow:
        uow.append(ADA, [Remarked("still writing")])
    assert {599} == {len(list(reader)) for reader in readers}
