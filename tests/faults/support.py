"""One worker and the row of its consumer: what the tests of a single fault are made of."""

from attrs import evolve

from sourcery import EventStore, Stream, Token, UnitOfWork
from sourcery.consumers import ConsumerRow, rows_of
from tests.faults.fleet import Fleet, Worker
from tests.faults.model import CALM, Moved
from tests.faults.worker import Moment, Spec
from tests.ordering.support import wait_until

#: Seconds after which somebody waits for a frozen worker for ever: many times the lease.
DEADLINE = 40.0


def append(shop: EventStore, *amounts: int) -> Token:
    """One transaction, on two streams."""
    with UnitOfWork(shop) as uow:
        for number, amount in enumerate(amounts):
            uow.append(Stream(CALM, number % 2), [Moved(amount)])
    return uow.token


def row_of(shop: EventStore, consumer: str) -> ConsumerRow | None:
    """The consumer's one shard, once it has been there."""
    with shop.database.reading() as connection:
        rows = rows_of(connection, shop.database.dialect, consumer)
    return rows[0] if rows else None


def has_handled(shop: EventStore, spec: Spec, token: Token) -> bool:
    """Whether the consumer is past a token."""
    row = row_of(shop, spec.consumer)
    return row is not None and row.position >= token.last


def is_run_by(shop: EventStore, spec: Spec, worker: Worker) -> bool:
    """Whether this worker has the lease."""
    row = row_of(shop, spec.consumer)
    return row is not None and f":{worker.pid}:" in (row.owner or "")


def until_handled(shop: EventStore, spec: Spec, token: Token) -> None:
    """Wait until the log is settled up to a token, and the consumer is past it."""
    wait_until(lambda: shop.settled() >= token.last, DEADLINE)
    wait_until(lambda: has_handled(shop, spec, token), DEADLINE)


def frozen(fleet: Fleet, spec: Spec, moment: Moment) -> Worker:
    """A worker that has stopped itself at a moment."""
    worker = fleet.start(evolve(spec, freeze=moment))
    worker.until_said("freezing")
    worker.until_frozen()
    return worker
