"""Which messages of the outbox a relay wants, as a statement that is rendered once."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, Final

from attrs import evolve, frozen
from sqlalchemy import Connection, bindparam, select

from sourcery import schema
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.log.page import constant, in_shard, shard_values

#: Columns of an outbox row, in the order a relay selects them; headers and time as text.
MESSAGE_COLUMNS: Final = (
    "position",
    "message_id",
    "topic",
    "key",
    "bucket",
    "headers",
    "payload",
    "content_type",
    "created_at",
)
_outbox = schema.outbox.c


@frozen(kw_only=True)
class MessageQuery:
    """The messages of one topic, in order of position."""

    topic: str
    #: Index and count: only the buckets of one of several shards.
    shard: tuple[int, int] | None = None

    def of_shard(self, number: int, shards: int) -> MessageQuery:
        """The same, of one of several shards."""
        return evolve(self, shard=(number, shards))

    def statement(self, dialect: Dialect, *, fenced: bool) -> Statement:
        """Selects `MESSAGE_COLUMNS` of the rows with `above < position <= upto`."""
        return _statement(dialect, self.topic, fenced, self._is_sharded)

    def values(self, dialect: Dialect) -> dict[str, Any]:
        """What the statement is run with, beside its bounds."""
        if self.shard is None or not self._is_sharded:
            return {}
        return shard_values(*self.shard)

    @property
    def _is_sharded(self) -> bool:
        """One shard of one is everything."""
        return self.shard is not None and self.shard[1] > 1


_AT: Final = Statement(
    select(_outbox.position)
    .where(_outbox.topic == bindparam("topic"), _outbox.created_at >= bindparam("moment"))
    .where(_outbox.position <= bindparam("upto"))
    .order_by(_outbox.position)
    .limit(1)
)


def message_position_at(
    connection: Connection, dialect: Dialect, topic: str, moment: datetime, settled: int
) -> int:
    """The position after which a relay begins at a time; `settled` when nothing is so late.

    Messages of the topic are looked at from the first to the one that was written then.
    """
    values = {"topic": topic, "moment": dialect.moment_value(moment), "upto": settled}
    found = _AT.run(connection, values).scalar()
    return settled if found is None else found - 1


@lru_cache(maxsize=512)
def _statement(
    dialect: Dialect,
    topic: str,
    fenced: bool,  # noqa: FBT001 - a key
    sharded: bool,  # noqa: FBT001 - a key
) -> Statement:
    key = _outbox.position
    core = select(*dialect.columns(schema.outbox, MESSAGE_COLUMNS))
    core = core.where(_outbox.topic == constant(topic))
    core = core.where(key > bindparam("above"), key <= bindparam("upto"))
    if sharded:
        core = core.where(in_shard(_outbox.bucket))
    # not by the topic first: MariaDB would sort all messages of the topic for a page
    core = core.order_by(key).limit(bindparam("count"))
    return Statement(dialect.fenced(core, backward=False) if fenced else core)
