"""Dead letters: events a consumer gave up, and those that wait behind one. By reference.

A key is closed while it has a letter that is blocked, behind or parked: the head of the key
was given up, and every later event of the key queues behind it, so that the order of the key
survives. `dead` (dropped, with a reason) and `skipped` letters are kept to be looked at.
Only the owner of a shard writes here, in transactions that its epoch fences. Nothing commits.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from functools import cache
from typing import Any, Final
from uuid import UUID

from attrs import evolve, fields_dict, frozen
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, update

from sourcery import schema
from sourcery.columns import as_moment
from sourcery.consumers.rows import readable
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement


class LetterStatus(StrEnum):
    """Why an event is a letter."""

    #: The head of a relay's key, being retried.
    BLOCKED = "blocked"
    #: Waits behind an earlier letter of its key; no handler has seen it.
    BEHIND = "behind"
    #: Its attempts are spent.
    PARKED = "parked"
    #: Dropped by hand.
    DEAD = "dead"
    #: Passed over by the error policy.
    SKIPPED = "skipped"

    @property
    def closes_key(self) -> bool:
        """Whether later events of the key must queue behind it."""
        return self in (LetterStatus.BLOCKED, LetterStatus.BEHIND, LetterStatus.PARKED)


@frozen(kw_only=True)
class Letter:
    """One dead letter."""

    consumer: str
    position: int
    #: What must stay in order, as text: `category/id` of the stream, or `topic/key`.
    key: str
    bucket: int
    #: Id of the event or message.
    source_id: UUID
    status: LetterStatus
    attempts: int
    #: When the owner shall try again; None until somebody asks.
    next_attempt_at: datetime | None
    error_class: str | None
    error: str | None
    first_at: datetime
    last_at: datetime


_c = schema.dead_letters.c
_NAMES: Final = tuple(fields_dict(Letter))
_TIMES: Final = ("next_attempt_at", "first_at", "last_at")
_of_consumer = _c.consumer == bindparam("of_consumer")
_this = _of_consumer & (_c.position == bindparam("of_position"))
_closing = or_(*[_c.status == status.value for status in LetterStatus if status.closes_key])

_ALL: Final = Statement(
    select(*[_c[name] for name in _NAMES]).where(_of_consumer).order_by(_c.position)
)
_OPEN: Final = Statement(
    select(*[_c[name] for name in _NAMES]).where(_of_consumer & _closing).order_by(_c.position)
)
_DUE: Final = Statement(
    select(*[_c[name] for name in _NAMES])
    .where(_of_consumer & _closing & _c.next_attempt_at.is_not(None))
    .order_by(_c.position)
)
_CLOSED: Final = Statement(
    select(_c.key, _c.bucket, func.count())
    .where(_of_consumer & _closing)
    .group_by(_c.key, _c.bucket)
)
_OF_KEY: Final = Statement(
    select(*[_c[name] for name in _NAMES])
    .where(_of_consumer & _closing & (_c.key == bindparam("of_key")))
    .where(_c.position > bindparam("above"))
    .order_by(_c.position)
    .limit(bindparam("count"))
)
_AT: Final = Statement(select(*[_c[name] for name in _NAMES]).where(_this))
_BETWEEN: Final = Statement(
    select(*[_c[name] for name in _NAMES])
    .where(_of_consumer & (_c.position >= bindparam("first")) & (_c.position <= bindparam("last")))
    .order_by(_c.position)
)
_COUNTS: Final = Statement(select(_c.status, func.count()).where(_of_consumer).group_by(_c.status))
_INSERT: Final = Statement(insert(schema.dead_letters))
_DELETE: Final = Statement(delete(schema.dead_letters).where(_this))
_DELETE_RUN: Final = Statement(
    delete(schema.dead_letters)
    .where(_of_consumer & _closing & (_c.key == bindparam("of_key")))
    .where((_c.position >= bindparam("first")) & (_c.position <= bindparam("last")))
)
_DELETE_ABOVE: Final = Statement(
    delete(schema.dead_letters)
    .where(_of_consumer & (_c.position > bindparam("above")))
    .where(_c.bucket % bindparam("shards") == bindparam("of_shard"))
)
_FORGET: Final = Statement(delete(schema.dead_letters).where(_of_consumer))


@cache
def _update() -> Statement:
    changed: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _NAMES[5:]}
    return Statement(update(schema.dead_letters).where(_this).values(**changed))


def letters_of(connection: Connection, consumer: str) -> list[Letter]:
    """All letters of a consumer, in order of position."""
    return [_letter(row) for row in _ALL.run(connection, {"of_consumer": consumer})]


def open_letters(connection: Connection, consumer: str, shard: tuple[int, int]) -> list[Letter]:
    """The letters that close keys of a shard (its number and how many there are), in order."""
    number, shards = shard
    found = [_letter(row) for row in _OPEN.run(connection, {"of_consumer": consumer})]
    return [letter for letter in found if letter.bucket % shards == number]


def due_letters(connection: Connection, consumer: str, shard: tuple[int, int]) -> list[Letter]:
    """The letters of a shard that somebody asked to try again, in order."""
    number, shards = shard
    found = [_letter(row) for row in _DUE.run(connection, {"of_consumer": consumer})]
    return [letter for letter in found if letter.bucket % shards == number]


def closed_keys(connection: Connection, consumer: str, shard: tuple[int, int]) -> dict[str, int]:
    """The keys of a shard whose events must queue, and how many letters each has."""
    number, shards = shard
    found = _CLOSED.run(connection, {"of_consumer": consumer})
    return {row[0]: row[2] for row in found if row[1] % shards == number}


def head_of_key(connection: Connection, consumer: str, key: str) -> Letter | None:
    """The first letter that closes a key."""
    return next(iter(_of_key(connection, consumer, key, above=0, count=1)), None)


def letters_behind(connection: Connection, head: Letter, count: int) -> list[Letter]:
    """So many letters that close the same key, after one of them, in order."""
    return _of_key(connection, head.consumer, head.key, above=head.position, count=count)


def _of_key(
    connection: Connection, consumer: str, key: str, *, above: int, count: int
) -> list[Letter]:
    values = {"of_consumer": consumer, "of_key": key, "above": above, "count": count}
    return [_letter(row) for row in _OF_KEY.run(connection, values)]


def letter_at(connection: Connection, consumer: str, position: int) -> Letter | None:
    """The letter of one event, whatever its status."""
    values = {"of_consumer": consumer, "of_position": position}
    found = _AT.run(connection, values).one_or_none()
    return None if found is None else _letter(found)


def letters_between(connection: Connection, consumer: str, first: int, last: int) -> list[Letter]:
    """The letters from one position to another, both included, in order."""
    values = {"of_consumer": consumer, "first": first, "last": last}
    return [_letter(row) for row in _BETWEEN.run(connection, values)]


def count_letters(connection: Connection, consumer: str) -> dict[LetterStatus, int]:
    """How many letters of each status there are."""
    found = _COUNTS.run(connection, {"of_consumer": consumer})
    with readable(consumer, "the status of a letter"):
        return {LetterStatus(row[0]): row[1] for row in found}


def put(connection: Connection, dialect: Dialect, letters: Sequence[Letter]) -> None:
    """Store new letters. Does not commit."""
    if letters:
        _INSERT.run_many(connection, [_values(dialect, letter) for letter in letters])


def change(connection: Connection, dialect: Dialect, letter: Letter, **changes: Any) -> Letter:
    """Store other facts of a letter, which must be there; the changed letter."""
    changed = evolve(letter, **changes)
    values = {f"new_{k}": v for k, v in _values(dialect, changed).items() if k in _NAMES[5:]}
    place = {"of_consumer": letter.consumer, "of_position": letter.position}
    _hit_one(_update().run(connection, place | values).rowcount, letter)
    return changed


def remove(connection: Connection, letter: Letter) -> None:
    """Delete a letter, which must be there."""
    place = {"of_consumer": letter.consumer, "of_position": letter.position}
    _hit_one(_DELETE.run(connection, place).rowcount, letter)


def remove_run(connection: Connection, letters: Sequence[Letter]) -> None:
    """Delete letters that follow each other in their key, all of which must be there."""
    first, last = letters[0], letters[-1]
    values: dict[str, Any] = {"of_consumer": first.consumer, "of_key": first.key}
    values |= {"first": first.position, "last": last.position}
    if _DELETE_RUN.run(connection, values).rowcount != len(letters):
        raise LetterGone(first.position)


def remove_above(connection: Connection, consumer: str, shard: tuple[int, int], above: int) -> None:
    """Delete a shard's letters of later positions: they will be handled again."""
    values = {"of_consumer": consumer, "above": above, "of_shard": shard[0], "shards": shard[1]}
    _DELETE_ABOVE.run(connection, values)


def forget(connection: Connection, consumer: str) -> None:
    """Delete all letters of a consumer."""
    _FORGET.run(connection, {"of_consumer": consumer})


def _values(dialect: Dialect, letter: Letter) -> dict[str, Any]:
    values: dict[str, Any] = {name: getattr(letter, name) for name in _NAMES}
    for name in _TIMES:
        values[name] = dialect.moment_value(values[name]) if values[name] else None
    return values | {
        "source_id": dialect.id_value(letter.source_id),
        "status": letter.status.value,
    }


def _letter(row: Any) -> Letter:
    values: dict[str, Any] = dict(zip(_NAMES, row, strict=True))
    with readable(values["consumer"], f"its letter at position {values['position']}"):
        for name in _TIMES:
            values[name] = as_moment(values[name])
        stored_id = values["source_id"]
        values["source_id"] = stored_id if isinstance(stored_id, UUID) else UUID(stored_id)
        values["status"] = LetterStatus(values["status"])
    return Letter(**values)


def _hit_one(rows: int, letter: Letter) -> None:
    if rows != 1:
        raise LetterGone(letter.position)


class LetterGone(Exception):
    """A letter that this owner has in hand is no longer stored: another owner was here."""
