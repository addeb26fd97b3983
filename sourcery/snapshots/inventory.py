"""The stored snapshots as they are, never decoded: listed and deleted. Nothing commits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final

from attrs import frozen
from sqlalchemy import ColumnElement, Connection, delete, func, select, true

from sourcery import schema
from sourcery.columns import moment_of, unread
from sourcery.dialects.statements import beyond
from sourcery.snapshots.contract import Key

_c = schema.snapshots.c
_KEY: Final = (_c.owner_kind, _c.owner_id, _c.schema_tag)


@frozen(kw_only=True)
class StoredSnapshot:
    """A snapshot in the table, without its state."""

    key: Key
    #: Version of the stream, or position of the log.
    version: int
    codec: str
    #: Bytes of the state.
    size: int
    #: The database's clock; UTC.
    created_at: datetime


@frozen(kw_only=True)
class Choice:
    """Which of them; what is None does not matter."""

    owner_kind: str | None = None
    owner_id: str | None = None
    schema_tag: str | None = None
    #: All but this one.
    other_than: str | None = None
    #: Stored before that moment.
    before: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """The choice in SQL."""
        equal = {"owner_kind": self.owner_kind, "owner_id": self.owner_id}
        equal["schema_tag"] = self.schema_tag
        chosen = [_c[name] == value for name, value in equal.items() if value is not None]
        if self.other_than is not None:
            chosen.append(_c.schema_tag != self.other_than)
        if self.before is not None:
            chosen.append(_c.created_at < self.before)
        return chosen


def inventory(
    connection: Connection, choice: Choice, after: Key | None, limit: int
) -> list[StoredSnapshot]:
    """Those that follow a key, in the order of keys."""
    conditions = [true(), *choice.conditions()]
    if after is not None:
        conditions.append(beyond(_KEY, (after.owner_kind, after.owner_id, after.schema_tag)))
    rows = select(*_KEY, _c.version, _c.codec, func.length(_c.state), unread(_c.created_at))
    found = connection.execute(rows.where(*conditions).order_by(*_KEY).limit(limit))
    return [_stored(row) for row in found]


def _stored(row: Sequence[Any]) -> StoredSnapshot:
    kind, owner, tag, version, codec, size, created_at = row
    return StoredSnapshot(
        key=Key(kind, owner, tag),
        version=version,
        codec=codec,
        size=size,
        created_at=moment_of(created_at),
    )


def delete_stored(connection: Connection, found: Iterable[StoredSnapshot]) -> int:
    """Delete exactly these; one that was replaced since stays. How many there were."""
    return sum(_delete(connection, one) for one in found)


def _delete(connection: Connection, one: StoredSnapshot) -> int:
    key = one.key
    this = [
        _c.owner_kind == key.owner_kind,
        _c.owner_id == key.owner_id,
        _c.schema_tag == key.schema_tag,
    ]
    return connection.execute(
        delete(schema.snapshots).where(*this, _c.version == one.version)
    ).rowcount
