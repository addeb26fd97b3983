"""The rows of `sourcery_consumers`, one per consumer and shard, as they are read.

    (no row) --register--> stopped --claim--> catching_up <--> live
                              ^                 |    |
                              |              retrying |--> paused, faulted
                              +---- release ----+----+

`paused` and `faulted` outlive their owner: only a request ends them. The others say what the
owner does, and mean "stopped" once its lease has run out.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from attrs import fields_dict, frozen
from sqlalchemy import ColumnElement, Connection, bindparam, select

from sourcery import schema
from sourcery.columns import as_moment
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.errors import ConsumerDamaged, DatabaseMisconfigured


class Status(StrEnum):
    """What a shard of a consumer is doing."""

    STOPPED = "stopped"
    CATCHING_UP = "catching_up"
    LIVE = "live"
    RETRYING = "retrying"
    PAUSED = "paused"
    FAULTED = "faulted"

    @property
    def halted(self) -> bool:
        """Whether nothing is handled until a request says so, whoever owns the shard."""
        return self in (Status.PAUSED, Status.FAULTED)


@frozen(kw_only=True)
class Ownership:
    """Who has one shard of a consumer, as the database has it."""

    name: str
    shard: int
    owner: str | None
    backend: str | None
    lease_until: datetime | None
    #: The database's clock when the row was read.
    now: datetime

    @property
    def is_owned(self) -> bool:
        """Whether a worker holds an unexpired lease."""
        return (
            self.owner is not None and self.lease_until is not None and self.now < self.lease_until
        )


@frozen(kw_only=True)
class ConsumerRow(Ownership):
    """One shard of a consumer, as the database has it."""

    log: str
    shards: int
    filter: str
    position: int
    status: Status
    epoch: int
    wanted_by: str | None
    wanted_until: datetime | None
    request: str | None
    request_number: int
    answer: str | None
    #: None once its time is over: who asked for it may have ended before it let go.
    hold_at: int | None
    hold_until: datetime | None
    awaited: int
    attempts: int
    next_attempt_at: datetime | None
    error: str | None
    rate: float | None
    ticked_at: datetime | None
    updated_at: datetime

    @property
    def live_wanter(self) -> str | None:
        """The standby that wants the shard, while it does."""
        wants = self.wanted_until is not None and self.now < self.wanted_until
        return self.wanted_by if wants else None


_columns = schema.consumers.c
_NAMES: Final = tuple(name for name in fields_dict(ConsumerRow) if name != "now")
_OF_OWNER: Final = tuple(name for name in fields_dict(Ownership) if name != "now")
_TIMES: Final = (
    "lease_until",
    "wanted_until",
    "hold_until",
    "next_attempt_at",
    "ticked_at",
    "updated_at",
    "now",
)
_NUMBERS: Final = ("shard", "shards", "position", "epoch", "request_number", "awaited", "attempts")


def _selected(dialect: Dialect, names: tuple[str, ...] = _NAMES) -> list[ColumnElement[Any]]:
    return [*[_columns[name] for name in names], dialect.now_text().label("now")]


@lru_cache(maxsize=64)
def _statement(dialect: Dialect, names: tuple[str, ...] = _NAMES, *, one: bool) -> Statement:
    rows = select(*_selected(dialect, names))
    if one:
        rows = rows.where(_columns.name == bindparam("name"))
    return Statement(rows.order_by(_columns.name, _columns.shard))


def rows_of(connection: Connection, dialect: Dialect, name: str) -> list[ConsumerRow]:
    """All shards of a consumer, by number; empty when it was never registered."""
    found = _statement(dialect, one=True).run(connection, {"name": name})
    return [_row(values) for values in found]


@lru_cache(maxsize=64)
def _returning(dialect: Dialect, update: Statement) -> Statement:
    return update.returning(*_selected(dialect))


def updated(
    connection: Connection, dialect: Dialect, update: Statement, values: dict[str, Any]
) -> tuple[int, ConsumerRow | None]:
    """How many rows an update hits, and the first as it is then, where the database tells."""
    if not connection.dialect.update_returning:
        return update.run(connection, values).rowcount, None
    found = _returning(dialect, update).run(connection, values).all()
    return len(found), _row(found[0]) if found else None


def owners_of(connection: Connection, dialect: Dialect, name: str) -> list[Ownership]:
    """Who has the shards, by number, whatever somebody wrote into the rows by hand.

    An end of a lease that cannot be read is none: who is well writes it again in seconds.
    """
    found = _statement(dialect, _OF_OWNER, one=True).run(connection, {"name": name})
    return [_owner(values) for values in found]


def all_shards(rows: list[ConsumerRow]) -> list[ConsumerRow]:
    """Give the rows of a consumer back. Raises `ConsumerDamaged` when shards are missing."""
    found, shards = [row.shard for row in rows], rows[0].shards
    if found != list(range(shards)):
        missing = ", ".join(map(str, sorted(set(range(shards)) - set(found)))) or "none"
        problem = f"it has {len(found)} rows for {shards} shards (missing: {missing})"
        raise ConsumerDamaged(rows[0].name, problem)
    return rows


def all_rows(connection: Connection, dialect: Dialect) -> list[ConsumerRow]:
    """All shards of all consumers, by name and number."""
    return [_row(values) for values in _statement(dialect, one=False).run(connection, {})]


#: What reading raises that was changed by hand.
_UNREADABLE: Final = (
    ArithmeticError,
    AttributeError,
    DatabaseMisconfigured,
    LookupError,
    RecursionError,
    TypeError,
)


@contextmanager
def readable(name: str, what: str) -> Generator[None]:
    """Around reading what is stored of a consumer: `ConsumerDamaged`, which quotes nothing."""
    try:
        yield
    except (ValueError, *_UNREADABLE) as error:
        problem = f"{what} cannot be read ({type(error).__name__})"
        raise ConsumerDamaged(name, problem) from None


def _owner(stored: Any) -> Ownership:
    values: dict[str, Any] = dict(zip((*_OF_OWNER, "now"), stored, strict=True))
    values["now"] = as_moment(values["now"])
    try:
        values["lease_until"] = as_moment(values["lease_until"])
    except DatabaseMisconfigured:
        values["lease_until"] = None
    return Ownership(**values)


def _row(stored: Any) -> ConsumerRow:
    values: dict[str, Any] = dict(zip((*_NAMES, "now"), stored, strict=True))
    with readable(str(values["name"]), "its row"):
        for name in _TIMES:
            values[name] = as_moment(values[name])
        values["status"] = Status(values["status"])
        for name in _NUMBERS:
            values[name] = values[name] + 0  # SQLite keeps text in a column of numbers
    if values["hold_until"] is not None and values["hold_until"] <= values["now"]:
        values["hold_at"] = None
    return ConsumerRow(**values)
