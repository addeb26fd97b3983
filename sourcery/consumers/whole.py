"""What is done to all shards of a consumer at once, by whoever asks for it. Nothing commits.

Lock the rows first. Whoever has a lease on one and finds its epoch gone rolls back.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, Update, case, delete, null, select, update

from sourcery import schema
from sourcery.consumers import letters
from sourcery.consumers.leases import status_unless_halted
from sourcery.consumers.rows import Status

_c = schema.consumers.c
_no_owner: Final[dict[str, Any]] = {
    "owner": null(),
    "backend": null(),
    "lease_until": null(),
    "rate": null(),
}


def _all(name: str) -> Update:
    return update(schema.consumers).where(_c.name == name)


def try_lock(connection: Connection, name: str, shard: int | None = None) -> set[int]:
    """Lock all rows, or one, until the transaction ends; those that nobody else has."""
    rows = select(_c.shard).where(_c.name == name).with_for_update(skip_locked=True)
    if shard is not None:
        rows = rows.where(_c.shard == shard)
    return set(connection.execute(rows).scalars())


def hold(connection: Connection, name: str, position: int, until: Any) -> None:
    """Ask all owners to stand still at a position for a while, and to write it at once."""
    awaited = case((_c.awaited < position, position), else_=_c.awaited)
    held = {"hold_at": position, "hold_until": until}
    connection.execute(_all(name).values(awaited=awaited, **held))


def let_go(connection: Connection, name: str, position: int) -> None:
    """Take a hold back, unless there is another by now."""
    connection.execute(
        _all(name).where(_c.hold_at == position).values(hold_at=null(), hold_until=null())
    )


def close(connection: Connection, name: str, now: datetime) -> None:
    """Make all leases void."""
    status = status_unless_halted(Status.STOPPED.value)
    values: dict[str, Any] = {"status": status, "epoch": _c.epoch + 1, "updated_at": now}
    connection.execute(_all(name).values(**values, **_no_owner))


def refilter(connection: Connection, name: str, filter: str) -> None:
    """Store another filter."""
    connection.execute(_all(name).values(filter=filter))


def rewind(connection: Connection, name: str, position: int) -> None:
    """Set all checkpoints above a position back to it, and delete the letters above it."""
    paused = (_c.status == Status.PAUSED.value, _c.status)
    back = _all(name).where(_c.position > position)
    values = {"attempts": 0, "next_attempt_at": null(), "error": null()}
    status = case(paused, else_=Status.STOPPED.value)
    connection.execute(back.values(position=position, status=status, **values))
    letters.remove_above(connection, name, (0, 1), position)


def pause(connection: Connection, name: str) -> None:
    """Pause all shards."""
    connection.execute(_all(name).values(status=Status.PAUSED.value))


def remove(connection: Connection, name: str) -> None:
    """Delete all rows of a consumer."""
    connection.execute(delete(schema.consumers).where(_c.name == name))
