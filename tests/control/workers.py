"""Subscribers at work in threads, whose handlers leave a row for each event."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

from sqlalchemy import select

from sourcery import ErrorPolicy, EventStore, Recorded, Subscriber, UnitOfWork
from sourcery.errors import ConsumerMismatch
from tests.control.support import NAME
from tests.domain import Base, Deposited, Note

#: One more attempt at once, then the policy.
QUICK: dict[str, Any] = {"interval": 0.01, "longest_interval": 0.05}


def note(uow: UnitOfWork, recorded: Recorded[Any]) -> None:
    """Leave a row; another one of the same event is refused by the database."""
    uow.session.add(Note(text=f"{recorded.stream.path} {recorded.version}"))


def noted(store: EventStore) -> list[str]:
    """What was handled, in the order it was."""
    with store.database.reading() as connection:
        return list(connection.scalars(select(Note.text).order_by(Note.id)))


def make_notes(store: EventStore) -> None:
    """Create the read model."""
    Base.metadata.create_all(store.engine)


def subscriber(
    store: EventStore, handler: Callable[..., object] = note, **options: Any
) -> Subscriber:
    """A consumer of deposits that looks often."""
    options = {"events": Deposited, **QUICK, **options}
    return Subscriber(store, NAME, handler, **options)


def policy(then: Any, retries: int = 0) -> ErrorPolicy:
    """An error policy that does not wait long."""
    return ErrorPolicy(then, retries=retries, wait=0.01, longest_wait=0.05)


@contextmanager
def running(*subscribers: Subscriber, until_changed: bool = False) -> Iterator[list[Thread]]:
    """Run each in a thread of its own; it ends with `ConsumerMismatch` only if told so."""
    stop = Event()

    def run(each: Subscriber) -> None:
        with suppress(*([ConsumerMismatch] if until_changed else [])):
            each.run(stop)

    threads = [Thread(target=run, args=(each,)) for each in subscribers]
    for thread in threads:
        thread.start()
    try:
        yield threads
    finally:
        stop.set()
        for thread in threads:
            thread.join()
