"""What a request changes on the row of one shard, fenced by the lease's epoch. Nothing commits."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, null, update

from sourcery import schema
from sourcery.consumers.leases import Lease
from sourcery.consumers.progress import LeaseLost
from sourcery.consumers.rows import Status
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement

_c = schema.consumers.c
_this = (_c.name == bindparam("of_name")) & (_c.shard == bindparam("of_shard"))
_mine = _this & (_c.epoch == bindparam("of_epoch")) & (_c.position == bindparam("old"))
_afresh: Final[dict[str, Any]] = {"attempts": 0, "next_attempt_at": null(), "error": null()}

_PLACE: Final = Statement(
    update(schema.consumers)
    .where(_mine)
    .values(
        position=bindparam("new"),
        status=bindparam("state"),
        updated_at=bindparam("updated"),
        **_afresh,
    )
)
_PAUSE: Final = Statement(
    update(schema.consumers)
    .where(_mine)
    .values(status=Status.PAUSED.value, updated_at=bindparam("updated"))
)
_FREE: Final = Statement(
    update(schema.consumers).where(_mine).values(hold_at=null(), hold_until=null())
)
_AWAIT: Final = Statement(
    update(schema.consumers)
    .where(_this & (_c.awaited < bindparam("least")))
    .values(awaited=bindparam("wanted"))
)


def place(
    connection: Connection,
    dialect: Dialect,
    lease: Lease,
    *,
    old: int,
    new: int,
    status: Status,
    now: datetime,
) -> None:
    """Set the checkpoint anywhere, with no attempts at what follows. Raises `LeaseLost`."""
    values = {"old": old, "new": new, "state": status.value}
    _fenced(connection, _PLACE, lease, values | {"updated": dialect.moment_value(now)})


def pause(
    connection: Connection, dialect: Dialect, lease: Lease, *, old: int, now: datetime
) -> None:
    """Halt the shard; attempts and error stay to be seen. Raises `LeaseLost`."""
    values = {"old": old, "updated": dialect.moment_value(now)}
    _fenced(connection, _PAUSE, lease, values)


def free(connection: Connection, lease: Lease, *, old: int) -> None:
    """Let the shard go on beyond where it was held. Raises `LeaseLost`."""
    _fenced(connection, _FREE, lease, {"old": old})


def await_position(connection: Connection, name: str, shard: int, position: int) -> None:
    """Ask for the checkpoint to be written at once when it reaches a position."""
    values = {"of_name": name, "of_shard": shard, "least": position, "wanted": position}
    _AWAIT.run(connection, values)


def _fenced(
    connection: Connection, statement: Statement, lease: Lease, values: dict[str, Any]
) -> None:
    if statement.run(connection, lease.place | values).rowcount != 1:
        raise LeaseLost
