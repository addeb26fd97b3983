"""Observers are told of every append, page and batch, and never do harm."""

import logging
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from attrs import define, field

from sourcery import (
    Consumer,
    EventStore,
    ObservedAppend,
    ObservedBatch,
    ObservedPage,
    Observer,
    UnitOfWork,
)
from sourcery.errors import InvalidArgument, VersionConflict
from sourcery.messages import Outcome
from tests.databases import Database
from tests.domain import ADA, BOB, Deposited, Opened, append, history, make_notes, open_bank
from tests.relay.support import Broker, fails, publish, relay
from tests.subscriber.support import Broken, Fails, deposit, ignore, policy, subscriber


@define(eq=False)
class Watcher(Observer):
    """Notes what it is told, and the error each ended with."""

    told: list[tuple[Any, type[BaseException] | None]] = field(factory=list)
    trace: str | None = None

    @contextmanager
    def note(self, what: Any) -> Generator[None]:
        """Told when it is over."""
        try:
            yield
        except BaseException as error:
            self.told.append((what, type(error)))
            raise
        self.told.append((what, None))

    appending = handling = publishing = note

    def traceparent(self) -> str | None:
        """What the test says."""
        return self.trace

    def of(self, kind: type[Any]) -> list[Any]:
        """What of one kind it was told."""
        return [what for what, _ in self.told if isinstance(what, kind)]


class Careless(Observer):
    """Fails in every method, in another way in each."""

    @contextmanager
    def appending(self, append: ObservedAppend) -> Generator[None]:
        """At the end."""
        yield
        raise Broken

    @contextmanager
    def handling(self, page: ObservedPage) -> Generator[None]:
        """Swallows what fails inside."""
        try:
            yield
        except Broken:
            return

    def publishing(self, batch: ObservedBatch) -> Any:
        """Gives no context manager."""
        return 1

    def traceparent(self) -> str | None:
        """At once."""
        raise Broken


@pytest.fixture
def watcher() -> Watcher:
    """One that looks on."""
    return Watcher()


@pytest.fixture
def watched(database: Database, watcher: Watcher) -> Iterator[EventStore]:
    """A store that it looks at."""
    with open_bank(database, observers=[watcher]) as store:
        make_notes(store.engine)
        yield store


def test_an_append_is_told_once_with_its_numbers(watched: EventStore, watcher: Watcher) -> None:
    """Of all streams and messages of the unit of work, with the token at the end."""
    with UnitOfWork(watched) as uow:
        uow.append(BOB, [Opened("Bob")])
        uow.append(ADA, [Opened("Ada"), Deposited(1)])
        uow.publish("payments", payload={})
    [told] = watcher.of(ObservedAppend)
    assert ([ADA, BOB], 3, 1, False) == (told.streams, told.events, told.messages, told.joined)
    assert uow.token == told.token


def test_a_unit_that_writes_nothing_is_not_told(watched: EventStore, watcher: Watcher) -> None:
    """It appends nothing."""
    with UnitOfWork(watched):
        pass
    assert [] == watcher.told


def test_a_conflict_is_told_with_its_error(watched: EventStore, watcher: Watcher) -> None:
    """And has no token."""
    append(watched, ADA, [Opened("Ada")])
    with pytest.raises(VersionConflict):
        append(watched, ADA, [Opened("Ada")], expected=0)
    told, error = watcher.told[-1]
    assert (None, VersionConflict) == (told.token, error)


def test_a_page_is_told_with_what_was_handled(watched: EventStore, watcher: Watcher) -> None:
    """Once for all its events."""
    last = deposit(watched, count=3)
    subscriber(watched, ignore).drain()
    [page] = watcher.of(ObservedPage)
    assert ("notes", 0, True, False) == (
        page.consumer,
        page.shard,
        page.catching_up,
        page.is_letter,
    )
    assert (last - 2, last, 3, 3) == (page.first, page.last, page.done, page.handled)


def test_a_failed_page_and_a_letter_are_told(watched: EventStore, watcher: Watcher) -> None:
    """With the handler's error, and as what they are."""
    deposit(watched)
    failing = Fails(["ada 1"])
    subscriber(watched, failing, on_error=policy("park")).drain()
    Consumer(watched, "notes").retry()
    failing.times, failing.bad = 0, []
    subscriber(watched, ignore, on_error=policy("park")).drain()
    told = [(page.is_letter, error) for page, error in watcher.told if _is_page(page)]
    assert 2 == len(told)
    assert [False, True] == [is_letter for is_letter, _ in told]
    assert told[0][1] is not None
    assert told[1][1] is None


def _is_page(what: object) -> bool:
    return isinstance(what, ObservedPage)


def test_a_batch_is_told_with_its_results(watched: EventStore, watcher: Watcher) -> None:
    """One for each message."""
    publish(watched, [1, 2], key=None)
    relay(watched, Broker(fails([2], times=1)), on_error=policy("skip", retries=0)).drain()
    batch = watcher.of(ObservedBatch)[0]
    assert ("relay", ["payments"] * 2) == (batch.relay, [m.topic for m in batch.messages])
    assert [Outcome.SENT, Outcome.FAILED] == [result.outcome for result in batch.results]


def test_its_trace_context_is_carried_on(watched: EventStore, watcher: Watcher) -> None:
    """In the metadata of events, however recorded, and in the headers of messages."""
    watcher.trace = "00-" + "a" * 32 + "-" + "b" * 16 + "-01"
    with UnitOfWork(watched) as uow:
        uow.append(ADA, [Opened("Ada")])
        uow.publish("payments", payload={})
    broker = Broker()
    relay(watched, broker).drain()
    [recorded] = watched.read(ADA)
    assert watcher.trace == recorded.metadata.traceparent
    assert [watcher.trace] == [message.headers["traceparent"] for message in broker.sent]


def test_no_failure_of_an_observer_does_harm(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    """What it looks at goes on, fails as it would, and each failure is said once."""
    caplog.set_level(logging.WARNING, "sourcery.observing")
    with open_bank(database, observers=[Careless()]) as store:
        make_notes(store.engine)
        deposit(store, count=2)
        deposit(store, "bob")
        subscriber(store, Fails(["ada 2"]), on_error=policy("skip")).drain()
        publish(store, [1])
        broker = Broker()
        relay(store, broker).drain()
        assert ([1], 2) == (broker.numbers, len(history(store, ADA)))
        assert 1 == sum(Consumer(store, "notes").health().letters.values())
    said = [r for r in caplog.records if r.name == "sourcery.observing"]
    assert 2 == len(said)


@pytest.mark.parametrize("given", [[object()], [Watcher], 1])
def test_what_is_no_observer_is_refused(given: Any) -> None:
    """When the store is made."""
    with pytest.raises(InvalidArgument, match="observers"):
        EventStore("sqlite://", observers=given)
