"""Consumers as a worker leaves them in the database, made by the worker's own statements."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Connection

from sourcery import Consumer, EventStore, Letter, Recorded, Token
from sourcery.consumers import (
    EVENTS,
    Answer,
    ConsumerRow,
    ConsumerSpec,
    Lease,
    LetterStatus,
    Request,
    advance,
    fail,
    letters,
    register,
    rows_of,
    take,
)
from sourcery.consumers.filters import EventFilter
from sourcery.consumers.rows import Status
from sourcery.events import event_classes, event_type
from sourcery.stream import Stream, bucket_of
from sourcery.worker.obey import obey
from tests.domain import AnyEvent, Deposited, append

T = TypeVar("T")

NAME = "balances"
#: A moment in which something that must not happen would have happened.
MOMENT = 0.2


def write(store: EventStore, work: Callable[[Connection], T]) -> T:
    """Do something in a transaction of its own."""
    with store.database.connect_to_write() as connection, connection.begin():
        store.database.dialect.begin(connection)
        return work(connection)


def registered(
    store: EventStore, shards: int = 1, position: int = 0, events: Any = AnyEvent, name: str = NAME
) -> Consumer:
    """A consumer that was started once and is not running."""
    kinds = [event_type(cls).kind for cls in event_classes(events)]
    filter = EventFilter(kinds=kinds).to_json()
    spec = ConsumerSpec(name=name, log=EVENTS, shards=shards, filter=filter)
    write(store, lambda c: register(c, store.database.dialect, spec, position))
    return Consumer(store, name)


def rows(consumer: Consumer) -> list[ConsumerRow]:
    """All rows, as they are stored."""
    database = consumer.store.database
    with database.reading() as connection:
        return rows_of(connection, database.dialect, consumer.name)


def positions(consumer: Consumer) -> list[int]:
    """The checkpoints of all shards."""
    return [row.position for row in rows(consumer)]


def statuses(consumer: Consumer) -> list[str]:
    """The stored states of all shards."""
    return [row.status.value for row in rows(consumer)]


def owned(
    consumer: Consumer, shard: int = 0, seconds: float = 60, mark: str | None = None
) -> Lease:
    """Take a lease as a worker does; with less than no time, one that ran out."""
    dialect = consumer.store.database.dialect

    def claim(connection: Connection) -> Lease | None:
        row = rows_of(connection, dialect, consumer.name)[shard]
        until = row.now + timedelta(seconds=seconds)
        return take(connection, dialect, row, f"worker {shard}", until=until, backend=mark)

    lease = write(consumer.store, claim)
    assert lease is not None
    return lease


def moved(consumer: Consumer, to: int, shard: int = 0) -> None:
    """Let a worker handle a shard's events up to a position, and go."""
    lease = owned(consumer, shard, seconds=-1)
    row = rows(consumer)[shard]
    page(consumer, lease, row.position, to)


def page(consumer: Consumer, lease: Lease, old: int, new: int) -> None:
    """Write a checkpoint as a worker does."""
    dialect = consumer.store.database.dialect

    def work(connection: Connection) -> None:
        now = dialect.now(connection)
        advance(connection, dialect, lease, old=old, new=new, status=Status.LIVE, now=now)

    write(consumer.store, work)


def failed(consumer: Consumer, status: Status = Status.FAULTED, shard: int = 0) -> None:
    """Let a worker fail at the event after the checkpoint, and go."""
    dialect, lease = consumer.store.database.dialect, owned(consumer, shard, seconds=-1)
    row = rows(consumer)[shard]
    facts: dict[str, Any] = {"status": status, "attempts": 6, "error": "ValueError: no"}

    def work(connection: Connection) -> None:
        now = dialect.now(connection)
        fail(connection, dialect, lease, old=row.position, again=now, now=now, **facts)

    write(consumer.store, work)


def obeyed(consumer: Consumer, lease: Lease) -> Answer:
    """Let the worker that has this lease obey, as it does between two pages."""
    dialect = consumer.store.database.dialect

    def work(connection: Connection) -> Answer:
        row = rows_of(connection, dialect, consumer.name)[lease.shard]
        assert row.request is not None
        request = Request.from_json(row.request)
        return obey(connection, dialect, lease, row, request, row.now)

    return write(consumer.store, work)


def given_up(
    consumer: Consumer,
    recorded: Recorded[Any],
    status: LetterStatus = LetterStatus.PARKED,
    error: str | None = "no",
) -> Letter:
    """Make an event a letter, as a worker does."""
    dialect = consumer.store.database.dialect

    def work(connection: Connection) -> Letter:
        now = dialect.now(connection)
        letter = Letter(
            consumer=consumer.name,
            position=recorded.position,
            key=recorded.stream.path,
            bucket=bucket_of(recorded.stream.key),
            source_id=recorded.event_id,
            status=status,
            attempts=6,
            next_attempt_at=None,
            error_class="ValueError" if error else None,
            error=error,
            first_at=now,
            last_at=now,
        )
        letters.put(connection, dialect, [letter])
        return letter

    return write(consumer.store, work)


def deposits(store: EventStore, stream: Stream, count: int = 1) -> Token:
    """Events of one stream, in one commit."""
    return append(store, stream, [Deposited(n) for n in range(count)]).token


def of_shard(shard: int, shards: int) -> Stream:
    """A stream whose events fall to a shard."""
    found = (Stream("account", n) for n in range(1000))
    return next(s for s in found if bucket_of(s.key) % shards == shard)
