"""Changing what a consumer is: its shards, its filter, its being there.

Each is one transaction that makes all leases void by a new epoch, so that a worker of before
rolls its page back and finds out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from attrs import define
from sqlalchemy import Connection

from sourcery.consumers import (
    EVENTS,
    ConsumerRow,
    ConsumerSpec,
    Ownership,
    Status,
    letters,
    register,
    whole,
)
from sourcery.control.asking import obey_unowned
from sourcery.control.holding import furthest, hold, let_go, stand_at
from sourcery.control.looking import (
    LOCKED,
    end_owners,
    owners_now,
    poll,
    rows_now,
    with_locked_owners,
    with_locked_rows,
)
from sourcery.database import Database
from sourcery.errors import RequestRefused, WaitTimeout
from sourcery.store import EventStore

_RESHARD: Final = "reshard"
_CHANGE_FILTER: Final = "change_filter"
_FORGET: Final = "forget"

#: Seconds to try to take a hold back, and to lock rows that others have.
_PATIENCE: Final = 5.0


def reshard(store: EventStore, name: str, shards: int, timeout: float) -> None:
    """Hold all shards at one position, then put others in their place."""
    holding = _Resharding(store, name, shards)
    done: bool | None = None
    try:
        done = poll(store.database, timeout, holding.look)
    finally:
        if not done and holding.held is not None:
            let_go(store.database, name, holding.held)
    if not done:
        raise holding.too_late(timeout)
    store.database.committed()


@define
class _Resharding:
    store: EventStore
    name: str
    shards: int
    #: Where all shards are asked to stand still.
    held: int | None = None

    def look(self, left: float) -> bool | None:
        """True when the rows are replaced. Raises `RequestRefused` when that cannot be."""
        rows = rows_now(self.store.database, self.name)
        if len(rows) == self.shards:
            return True
        self._check(rows)
        obey_unowned(self.store, self.name, left)
        at = furthest(rows)
        if at == self.held == rows[0].hold_at and not stand_at(at, rows):
            return None
        end_owners(self.store.database, rows)
        done = with_locked_rows(self.store.database, self.name, self._step, left)
        if not done:
            self.store.database.committed()
        return done

    def _step(self, connection: Connection, rows: list[ConsumerRow]) -> bool | None:
        """With the rows locked: replace them if they all stand together, else hold them."""
        at = furthest(rows)
        if not stand_at(at, rows):
            hold(connection, rows, at)
            self.held = at
            return None
        if any(row.request is not None for row in rows):
            return None
        self._check(rows)
        self._replace(connection, rows, at)
        return True

    def _replace(self, connection: Connection, rows: list[ConsumerRow], at: int) -> None:
        row = rows[0]
        spec = ConsumerSpec(name=row.name, log=row.log, shards=self.shards, filter=row.filter)
        epoch = max(row.epoch for row in rows) + 1
        whole.remove(connection, self.name)
        register(connection, self.store.database.dialect, spec, at, epoch)
        if any(row.status is Status.PAUSED for row in rows):
            whole.pause(connection, self.name)

    def _check(self, rows: list[ConsumerRow]) -> None:
        at = furthest(rows)
        if not (stand_at(at, rows) or any(row.is_owned for row in rows)):
            positions = ", ".join(str(row.position) for row in rows)
            stand = f"its shards stand at {positions} and nobody runs them"
            problem = f"{stand}: run its Subscriber or Relay"
            raise RequestRefused(self.name, _RESHARD, problem)
        for row in rows:
            if row.status is Status.FAULTED or (row.status.halted and row.position < at):
                stands = f"shard {row.shard} is {row.status.value} at position {row.position}"
                raise RequestRefused(self.name, _RESHARD, f"{stands}: resume it first")

    def too_late(self, timeout: float) -> WaitTimeout:
        """Not all shards stood where they were asked to in time."""
        rows = rows_now(self.store.database, self.name)
        reached, settled = min(row.position for row in rows), self.store.settled()
        return WaitTimeout(f"consumer {self.name!a}", timeout, furthest(rows), reached, settled)


def change_filter(store: EventStore, name: str, filter: str, rewind_to: int | None) -> None:
    """Store another filter, and go back if told so."""
    database = store.database

    def work(connection: Connection, rows: list[ConsumerRow]) -> bool:
        if rows[0].log != EVENTS:
            problem = f"it reads the log {rows[0].log!r}, not events"
            raise RequestRefused(name, _CHANGE_FILTER, problem)
        whole.close(connection, name, rows[0].now)
        whole.refilter(connection, name, filter)
        if rewind_to is not None:
            whole.rewind(connection, name, rewind_to)
        return True

    end_owners(database, rows_now(database, name))
    _insist(
        database,
        name,
        _CHANGE_FILTER,
        lambda left: with_locked_rows(database, name, work, left),
    )


def forget(store: EventStore, name: str) -> None:
    """Delete rows and letters, unless somebody runs a shard; also rows that cannot be read."""
    database = store.database
    end_owners(database, owners_now(database, name))
    _insist(
        database,
        name,
        _FORGET,
        lambda left: with_locked_owners(database, name, remove_unowned, left),
    )


def remove_unowned(connection: Connection, rows: Sequence[Ownership]) -> bool:
    """Delete the locked rows of a consumer, and its letters. Raises `RequestRefused`."""
    name = rows[0].name
    for row in rows:
        if row.is_owned:
            problem = f"{row.owner} runs shard {row.shard}: stop it first"
            raise RequestRefused(name, _FORGET, problem)
    letters.forget(connection, name)
    whole.remove(connection, name)
    return True


def _insist(
    database: Database, name: str, what: str, attempt: Callable[[float], bool | None]
) -> None:
    """Do it as soon as nobody has a row of the consumer locked."""
    if poll(database, _PATIENCE, attempt) is None:
        raise RequestRefused(name, what, LOCKED)
    database.committed()
