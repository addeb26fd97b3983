"""Leases: the right to run one shard for a while, numbered by an epoch. Nothing commits.

All times are the database's. They are read first and compared in the statement that takes
or renews, so that a pause between the two makes a lease shorter, never longer.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, case, null, or_, select, update

from sourcery import schema
from sourcery.consumers.rows import ConsumerRow, Status
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement

_c = schema.consumers.c
_halted = or_(_c.status == Status.PAUSED.value, _c.status == Status.FAULTED.value)
_this = (_c.name == bindparam("of_name")) & (_c.shard == bindparam("of_shard"))
_mine = _this & (_c.epoch == bindparam("of_epoch"))


def status_unless_halted(status: Any) -> Any:
    """A status that does not hide that the shard is paused or faulted."""
    return case((_halted, _c.status), else_=status)


_TAKE: Final = Statement(
    update(schema.consumers)
    .where(_mine)
    .where(
        or_(
            _c.owner.is_(None),
            _c.owner == bindparam("me"),
            _c.lease_until <= bindparam("now"),
        )
    )
    .values(
        owner=bindparam("taker"),
        backend=bindparam("mark"),
        epoch=_c.epoch + 1,
        lease_until=bindparam("until"),
        status=status_unless_halted(Status.CATCHING_UP.value),
        wanted_by=null(),
        wanted_until=null(),
        updated_at=bindparam("updated"),
    )
)
_RENEW: Final = Statement(
    update(schema.consumers)
    .where(_mine & _c.owner.is_not(None))
    .values(
        lease_until=bindparam("until"), ticked_at=bindparam("ticked"), rate=bindparam("per_second")
    )
)
_no_owner: Final[dict[str, Any]] = {
    "owner": null(),
    "backend": null(),
    "lease_until": null(),
    "rate": null(),
    "status": status_unless_halted(Status.STOPPED.value),
    "updated_at": bindparam("updated"),
}
_RELEASE: Final = Statement(update(schema.consumers).where(_mine).values(**_no_owner))
_LEAVE: Final = Statement(
    update(schema.consumers)
    .where((_c.name == bindparam("of_name")) & (_c.owner == bindparam("me")))
    .where(_c.lease_until > bindparam("now"))
    .values(**_no_owner)
)
_UNMARK: Final = Statement(
    update(schema.consumers)
    .where((_c.name == bindparam("of_name")) & (_c.owner == bindparam("me")))
    .values(backend=null())
)
_EXPIRE: Final = Statement(
    update(schema.consumers)
    .where(_mine & _c.owner.is_not(None))
    .values(lease_until=bindparam("until"))
)
_is_wanted = _this & (_c.wanted_by == bindparam("me"))
_UNWANT: Final = Statement(
    update(schema.consumers).where(_is_wanted).values(wanted_by=null(), wanted_until=null())
)
_UNLOCKED: Final = Statement(
    select(_c.shard).where(_c.name == bindparam("of_name")).with_for_update(skip_locked=True)
)
_WANT: Final = Statement(
    update(schema.consumers)
    .where(_this)
    .where(
        or_(
            _c.wanted_by.is_(None),
            _c.wanted_by == bindparam("me"),
            _c.wanted_until <= bindparam("now"),
        )
    )
    .values(wanted_by=bindparam("wanter"), wanted_until=bindparam("until"))
)


@frozen
class Lease:
    """The right to run a shard: void once the row has another epoch."""

    name: str
    shard: int
    epoch: int

    @property
    def place(self) -> dict[str, Any]:
        """The parameters that find the row, if the lease still holds."""
        return {"of_name": self.name, "of_shard": self.shard, "of_epoch": self.epoch}


def take(
    connection: Connection,
    dialect: Dialect,
    seen: ConsumerRow,
    owner: str,
    *,
    until: datetime,
    backend: str | None,
) -> Lease | None:
    """Claim a free shard, one of one's own, or one whose lease ran out; None if too late."""
    lease = Lease(seen.name, seen.shard, seen.epoch)
    now = dialect.moment_value(seen.now)
    values = {"me": owner, "taker": owner, "mark": backend, "now": now}
    times = {"updated": now, "until": dialect.moment_value(until)}
    if _TAKE.run(connection, lease.place | values | times).rowcount != 1:
        return None
    return Lease(seen.name, seen.shard, seen.epoch + 1)


def renew(
    connection: Connection,
    dialect: Dialect,
    lease: Lease,
    *,
    until: datetime,
    ticked: datetime,
    rate: float | None,
) -> bool:
    """Move the end of a lease; False when it is lost."""
    times = {"until": dialect.moment_value(until), "ticked": dialect.moment_value(ticked)}
    values = lease.place | times | {"per_second": rate}
    return _RENEW.run(connection, values).rowcount == 1


def release(connection: Connection, dialect: Dialect, lease: Lease, now: datetime) -> bool:
    """Give a shard up, so that others can claim it at once."""
    values = lease.place | {"updated": dialect.moment_value(now)}
    return _RELEASE.run(connection, values).rowcount == 1


def expire(connection: Connection, dialect: Dialect, lease: Lease) -> None:
    """Let a lease run out now: others can claim the shard at once, as that of a dead worker."""
    until = dialect.moment_value(dialect.now(connection))
    _EXPIRE.run(connection, lease.place | {"until": until})


def unwant(connection: Connection, name: str, wanter: str) -> None:
    """Ask for no shard any more: there is room for the name of one standby on each.

    On rows that are locked the name stays until its time is over.
    """
    for shard in _unlocked(connection, name):
        _UNWANT.run(connection, {"of_name": name, "of_shard": shard, "me": wanter})


def _unlocked(connection: Connection, name: str) -> list[int]:
    """The shards whose rows nobody has locked."""
    return [row[0] for row in _UNLOCKED.run(connection, {"of_name": name})]


def leave(connection: Connection, dialect: Dialect, name: str, owner: str) -> None:
    """Give up all shards of a consumer that a worker has, and want none.

    Those whose leases ran out stay its: who takes them is careful with what comes. But its
    connection goes back to the pool: whoever ended it then would end somebody else's work.
    """
    me = {"of_name": name, "me": owner}
    now = dialect.moment_value(dialect.now(connection))
    _LEAVE.run(connection, me | {"now": now, "updated": now})
    _UNMARK.run(connection, dict(me))
    unwant(connection, name, owner)


def want(
    connection: Connection, dialect: Dialect, seen: ConsumerRow, wanter: str, until: datetime
) -> bool:
    """Ask the owner of a shard for it.

    False when another standby already does, or when somebody has the row locked: a frozen
    owner has it for ever, and whoever waited could not take the shard from it.
    """
    if seen.shard not in _unlocked(connection, seen.name):
        return False
    values = {"of_name": seen.name, "of_shard": seen.shard, "me": wanter, "wanter": wanter}
    times = {"now": dialect.moment_value(seen.now), "until": dialect.moment_value(until)}
    return _WANT.run(connection, values | times).rowcount == 1
