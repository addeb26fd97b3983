"""The stored kinds and schema versions, and whether this program's classes can read them."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, func, select

from sourcery import schema
from sourcery.codec import Decoder
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.errors import DecodeError, InvalidArgument
from sourcery.recorded import StoredRow
from sourcery.selection import check_position
from sourcery.store import EventStore

_events = schema.events.c
_NAMES: Final = (_events.kind, _events.schema_version)


@frozen(kw_only=True)
class StoredKind:
    """Events of one kind and schema version."""

    kind: str
    schema_version: int
    events: int
    #: Positions of the first and the last.
    first: int
    last: int


@frozen(kw_only=True)
class KindCheck:
    """Whether a sample of them can be read."""

    stored: StoredKind
    #: False when the store declares no class for it: whoever reads it would pass it over.
    declared: bool
    sampled: int
    #: The first that could not be read.
    error: DecodeError | None


def stored_kinds(store: EventStore) -> list[StoredKind]:
    """All kinds and schema versions, sorted; looks at every event."""
    counted = (func.count(), func.min(_events.position), func.max(_events.position))
    rows = select(*_NAMES, *counted).group_by(*_NAMES).order_by(*_NAMES)
    with store.database.reading() as connection:
        return [_kind(*row) for row in connection.execute(rows)]


def _kind(kind: str, version: int, events: int, first: int, last: int) -> StoredKind:
    return StoredKind(kind=kind, schema_version=version, events=events, first=first, last=last)


def check_kinds(store: EventStore, *, sample: int = 100) -> list[KindCheck]:
    """Read the oldest and the newest events of each kind and version as the store declares them.

    At most `sample` of each, half of them the oldest. Run it with the code of the next release
    on the data that it will find. Only reads.
    """
    if check_position("sample", sample) < 1:
        raise InvalidArgument("sample", "must be at least 1")
    decoder = store.decoder(store.wanted(None, "check_kinds"))
    found = stored_kinds(store)
    with store.database.reading() as connection:
        checking = _Checking(store.database.dialect, connection, decoder, sample)
        return [checking.of(stored) for stored in found]


@frozen
class _Checking:
    dialect: Dialect
    connection: Connection
    decoder: Decoder
    sample: int

    def of(self, stored: StoredKind) -> KindCheck:
        if stored.kind not in self.decoder.kinds:
            return KindCheck(stored=stored, declared=False, sampled=0, error=None)
        rows = self._rows(stored)
        errors = (self._error(row) for row in rows)
        error = next((one for one in errors if one is not None), None)
        return KindCheck(stored=stored, declared=True, sampled=len(rows), error=error)

    def _rows(self, stored: StoredKind) -> list[StoredRow]:
        older, newer = (self.sample + 1) // 2, self.sample // 2
        found = {
            row[0]: row
            for backward, count in ((False, older), (True, newer))
            for row in self._page(stored, count, backward=backward)
        }
        return [found[position] for position in sorted(found)]

    def _page(self, stored: StoredKind, count: int, *, backward: bool) -> list[Any]:
        values = {"of_kind": stored.kind, "of_version": stored.schema_version, "count": count}
        return list(_sample(self.dialect, backward=backward).run(self.connection, values))

    def _error(self, row: StoredRow) -> DecodeError | None:
        try:
            self.decoder.decode(row)
        except DecodeError as error:
            return error
        return None


@lru_cache(maxsize=64)
def _sample(dialect: Dialect, *, backward: bool) -> Statement:
    order = _events.position.desc() if backward else _events.position
    rows = select(*dialect.columns()).where(_events.kind == bindparam("of_kind"))
    rows = rows.where(_events.schema_version == bindparam("of_version"))
    return Statement(rows.order_by(order).limit(bindparam("count")))
