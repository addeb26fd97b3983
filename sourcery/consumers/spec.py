"""Who a consumer is: what the program says, compared with what is stored."""

from __future__ import annotations

from typing import Final

from attrs import field, frozen
from sqlalchemy import Connection, insert

from sourcery import schema
from sourcery.consumers.rows import ConsumerRow, Status
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.errors import ConsumerMismatch, InvalidArgument
from sourcery.stream import BUCKETS, CONSUMER_LENGTH, check_name

EVENTS: Final = "events"
OUTBOX: Final = "outbox"


def _name(value: str) -> str:
    return check_name("consumer", value, CONSUMER_LENGTH)


def check_shards(shards: object) -> int:
    """Give a number of shards back, or raise `InvalidArgument`."""
    if isinstance(shards, bool) or not isinstance(shards, int) or not 1 <= shards <= BUCKETS:
        raise InvalidArgument("shards", f"must be a whole number from 1 to {BUCKETS}")
    return shards


@frozen(kw_only=True)
class ConsumerSpec:
    """A consumer as its program declares it."""

    name: str = field(converter=_name)
    log: str
    shards: int = field(converter=check_shards)
    #: What it reads, in words that are compared: kinds and categories, sorted.
    filter: str

    def check(self, stored: ConsumerRow) -> None:
        """Raise `ConsumerMismatch` when the stored consumer is another than this one."""
        if stored.log != self.log:
            remedy = "use another name: one consumer reads one log"
            raise ConsumerMismatch(self.name, "log", stored.log, self.log, remedy)
        if stored.shards != self.shards:
            remedy = (
                f"call Consumer(store, {self.name!a}).reshard({self.shards}), or say the stored"
            )
            raise ConsumerMismatch(self.name, "shards", stored.shards, self.shards, remedy)
        if stored.filter != self.filter:
            remedy = (
                f"choose with Consumer(store, {self.name!a}).change_filter(...) whether to keep "
                f"the position or to rewind, or use another name"
            )
            raise ConsumerMismatch(self.name, "filter", stored.filter, self.filter, remedy)


_INSERT: Final = Statement(insert(schema.consumers))


def register(
    connection: Connection, dialect: Dialect, spec: ConsumerSpec, position: int, epoch: int = 0
) -> None:
    """Insert all shards, beginning after `position`. Does not commit.

    An IntegrityError means that another worker was first: roll back and read again.
    """
    now = dialect.moment_value(dialect.now(connection))
    for shard in range(spec.shards):
        empty = dict.fromkeys([column.name for column in schema.consumers.columns])
        _INSERT.run(
            connection,
            empty
            | {
                "name": spec.name,
                "shard": shard,
                "log": spec.log,
                "shards": spec.shards,
                "filter": spec.filter,
                "position": position,
                "status": Status.STOPPED.value,
                "epoch": epoch,
                "request_number": 0,
                "awaited": 0,
                "attempts": 0,
                "updated_at": now,
            },
        )
