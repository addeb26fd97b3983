"""Appending under position floors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection

from sourcery.dialects.batch import Batch, PlacedEvent, Written
from sourcery.dialects.driver import run
from sourcery.dialects.floors import statements_for
from sourcery.errors import RetryTransaction
from sourcery.stream import Stream

if TYPE_CHECKING:
    from sourcery.dialects.base import Dialect

#: Rounds of reading heads for unchecked appends; each lost round means another writer won.
_ROUNDS: Final = 1000
_FLOOR: Final = "sourcery_floor"


def append(dialect: Dialect, connection: Connection, batch: Batch) -> Written | None:
    """Write a batch; None when an expectation does not hold (then undo to before the call)."""
    checked = {s.stream: s.expected for s in batch.streams if isinstance(s.expected, int)}
    if len(checked) == len(batch.streams):
        return _write(connection, batch, batch.placed(checked) or [])
    return _append_unchecked(dialect, connection, batch, checked)


def _append_unchecked(
    dialect: Dialect, connection: Connection, batch: Batch, checked: dict[Stream, int]
) -> Written | None:
    """Read the heads, try, and read again while other writers are faster."""
    unchecked = [s.stream for s in batch.streams if s.stream not in checked]
    for _ in range(_ROUNDS):
        placed = batch.placed(checked | dialect.heads(connection, unchecked))
        if placed is None:
            return None
        written = _write_or_undo(connection, batch, placed)
        if written or dialect.heads(connection, checked) != checked:
            return written
    raise RetryTransaction(f"{_ROUNDS} other writers were faster on {unchecked[0]}")


def _write_or_undo(
    connection: Connection, batch: Batch, placed: list[PlacedEvent]
) -> Written | None:
    if len(placed) <= 1:
        return _write(connection, batch, placed)
    # one row is written or not; several can be half written when a later version is taken
    with connection.begin_nested() as savepoint:
        written = _write(connection, batch, placed)
        if written is None:
            savepoint.rollback()
    return written


def _write(connection: Connection, batch: Batch, placed: list[PlacedEvent]) -> Written | None:
    events: tuple[int, ...] = ()
    if placed:
        events = _write_events(connection, batch, placed)
        if len(events) < len(placed):
            return None
    messages = _write_messages(connection, batch) if batch.messages else ()
    return Written(events, messages)


def _write_events(
    connection: Connection, batch: Batch, placed: list[PlacedEvent]
) -> tuple[int, ...]:
    statements = statements_for(connection)
    if len(placed) == 1:
        return first_floored(connection, statements.append_one, _one(batch, placed[0]))
    if len(batch.streams) == 1:
        return first_floored(connection, statements.append_stream, _stream(batch, placed[0]))
    return first_floored(connection, statements.append_many, _many(batch, placed))


def _one(batch: Batch, event: PlacedEvent) -> tuple[Any, ...]:
    place = event[:3]
    required = _required(batch)[event.category, event.stream_id]
    return (*place, *event.row, batch.moment, required, *place[:2], required)


def _stream(batch: Batch, first: PlacedEvent) -> tuple[Any, ...]:
    place, before = first[:2], first.version - 1
    ids, kinds, schema_versions, _, *texts = map(list, zip(*batch.streams[0].rows, strict=True))
    required = _required(batch)[place]
    shared = (*place, before, first.row.bucket, batch.moment)
    return (*shared, ids, kinds, schema_versions, *texts, required, *place, required)


def _many(batch: Batch, placed: list[PlacedEvent]) -> tuple[Any, ...]:
    required = _required(batch)
    rows = [(*e[:3], *e.row, required.pop((e.category, e.stream_id), 0)) for e in placed]
    return (batch.moment, *map(list, zip(*rows, strict=True)))


def _required(batch: Batch) -> dict[tuple[str, str], int]:
    """The version that must be there, which the unique constraint cannot see."""
    return {
        (s.stream.category, s.stream.id): s.expected if isinstance(s.expected, int) else 0
        for s in batch.streams
    }


def _write_messages(connection: Connection, batch: Batch) -> tuple[int, ...]:
    columns = map(list, zip(*batch.messages, strict=True))
    return first_floored(connection, statements_for(connection).send, (batch.moment, *columns))


def first_floored(
    connection: Connection, statement: str, values: tuple[Any, ...]
) -> tuple[int, ...]:
    """Run one append under this transaction's floor; give the positions back.

    The transaction's first floor is locked again at each append, because ROLLBACK TO
    SAVEPOINT drops locks; always the same one, or a long transaction fills the server's
    lock table. A lower floor is always safe.
    """
    sequence = statements_for(connection).sequence
    floors = _first_floors(connection)
    rows = run(connection, statement, (floors.get(sequence), *values), returns=True).all()
    if rows:
        floors.setdefault(sequence, rows[0][1])
    return tuple(row[0] for row in rows)


def _first_floors(connection: Connection) -> dict[str, int]:
    """The first floor of this transaction on each sequence; one per tenant's schema."""
    transaction = connection.get_transaction()
    known: tuple[object, dict[str, int]] | None = connection.info.get(_FLOOR)
    if known is None or known[0] is not transaction:
        known = connection.info[_FLOOR] = (transaction, dict[str, int]())
    return known[1]
