"""What an owner writes about its shard, fenced by its epoch. Nothing commits.

No statement here writes `request`: a page must not wipe out a pause that arrives meanwhile.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, null, update

from sourcery import schema
from sourcery.consumers.leases import Lease, status_unless_halted
from sourcery.consumers.rows import ConsumerRow, Status, updated
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement

_c = schema.consumers.c
_mine = (
    (_c.name == bindparam("of_name"))
    & (_c.shard == bindparam("of_shard"))
    & (_c.epoch == bindparam("of_epoch"))
)
_at = _c.position == bindparam("old")

_ADVANCE: Final = Statement(
    update(schema.consumers)
    .where(_mine & _at)
    .values(
        position=bindparam("new"),
        status=status_unless_halted(bindparam("state")),
        attempts=0,
        next_attempt_at=null(),
        error=null(),
        updated_at=bindparam("updated"),
    )
)
_HOLD_STILL: Final = Statement(
    update(schema.consumers).where(_mine & _at).values(updated_at=bindparam("updated"))
)
_FAIL: Final = Statement(
    update(schema.consumers)
    .where(_mine & _at)
    .values(
        status=bindparam("state"),
        attempts=bindparam("tries"),
        next_attempt_at=bindparam("again"),
        error=bindparam("cause"),
        updated_at=bindparam("updated"),
    )
)


class LeaseLost(Exception):
    """Another worker has the shard now: roll back, forget, claim again."""


def advance(
    connection: Connection,
    dialect: Dialect,
    lease: Lease,
    *,
    old: int,
    new: int,
    status: Status,
    now: datetime,
) -> ConsumerRow | None:
    """Move the checkpoint; the row as it is then, where the database tells. Raises `LeaseLost`."""
    moment = dialect.moment_value(now)
    values = {"old": old, "new": new, "state": status.value, "updated": moment}
    hit, row = updated(connection, dialect, _ADVANCE, lease.place | values)
    if hit != 1:
        raise LeaseLost
    return row


def hold_still(
    connection: Connection, dialect: Dialect, lease: Lease, *, old: int, now: datetime
) -> None:
    """Make sure, in a transaction that moves no checkpoint, that the lease is ours."""
    _fenced(connection, _HOLD_STILL, lease, {"old": old, "updated": dialect.moment_value(now)})


def fail(  # noqa: PLR0913 - what is written, and who may
    connection: Connection,
    dialect: Dialect,
    lease: Lease,
    *,
    old: int,
    status: Status,
    attempts: int,
    again: datetime | None,
    error: str | None,
    now: datetime,
) -> None:
    """Store an attempt at the event after the checkpoint. Raises `LeaseLost`."""
    times = {
        "again": dialect.moment_value(again) if again else None,
        "updated": dialect.moment_value(now),
    }
    values = {"old": old, "state": status.value, "tries": attempts, "cause": error}
    _fenced(connection, _FAIL, lease, values | times)


def _fenced(
    connection: Connection, statement: Statement, lease: Lease, values: dict[str, Any]
) -> None:
    if statement.run(connection, lease.place | values).rowcount != 1:
        raise LeaseLost
