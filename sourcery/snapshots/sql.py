"""Snapshots in the database of the events."""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Connection, bindparam, case, delete, insert, null, select, update
from sqlalchemy.exc import IntegrityError

from sourcery import schema
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.recorded import as_uuid
from sourcery.snapshots.contract import Found, Key, Snapshot

_c = schema.snapshots.c
_of_owner = (_c.owner_kind == bindparam("of_kind")) & (_c.owner_id == bindparam("of_id"))
_this = _of_owner & (_c.schema_tag == bindparam("of_tag"))

#: All tags of an owner, and the state of one. It is not even read for another.
_FIND: Final = Statement(
    select(
        _c.schema_tag,
        _c.version,
        _c.last_event_id,
        _c.codec,
        case((_c.schema_tag == bindparam("of_tag"), _c.state), else_=null()),
    ).where(_of_owner)
)
_REMOVE: Final = Statement(
    delete(schema.snapshots)
    .where(_this & (_c.version == bindparam("of_version")))
    .where(_c.last_event_id == bindparam("of_event"))
)
#: What an offer writes.
_VALUES: Final = ("version", "last_event_id", "codec", "state")


@lru_cache(maxsize=64)
def _replace(dialect: Dialect) -> Statement:
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _VALUES}
    newer = update(schema.snapshots).where(_this & (_c.version < bindparam("than")))
    return Statement(newer.values(**values, created_at=dialect.now_moment()))


@lru_cache(maxsize=64)
def _insert(dialect: Dialect) -> Statement:
    keys: dict[str, Any] = {
        "owner_kind": bindparam("of_kind"),
        "owner_id": bindparam("of_id"),
        "schema_tag": bindparam("of_tag"),
    }
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _VALUES}
    row = insert(schema.snapshots).values(**keys, **values, created_at=dialect.now_moment())
    return Statement(row)


class SqlSnapshots:
    """In the table `sourcery_snapshots`, through cattrs; they survive everything the events do."""

    def find(self, connection: Connection, dialect: Dialect, key: Key) -> Found:
        """By the primary key of the table."""
        rows = _FIND.run(connection, _place(key)).all()
        mine = [row for row in rows if row[0] == key.schema_tag]
        others = tuple(row[0] for row in rows if row[0] != key.schema_tag)
        return Found(snapshot=_snapshot(key, mine[0]) if mine else None, other_tags=others)

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Replace an older one, else insert. Each statement is whole without the other."""
        values = _place(snapshot.key) | _new(dialect, snapshot)
        older = values | {"than": snapshot.version}
        if _replace(dialect).run(connection, older).rowcount:
            return True
        if self._has_one(connection, snapshot.key):
            return False
        try:
            _insert(dialect).run(connection, values)
        except IntegrityError:  # another process was first; perhaps with an older one
            return bool(_replace(dialect).run(connection, older).rowcount)
        return True

    @staticmethod
    def _has_one(connection: Connection, key: Key) -> bool:
        return _HAS.run(connection, _place(key)).first() is not None

    def remove(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> None:
        """By its version and its last event."""
        event_id = dialect.id_value(snapshot.last_event_id)
        exactly = {"of_version": snapshot.version, "of_event": event_id}
        _REMOVE.run(connection, _place(snapshot.key) | exactly)


_HAS: Final = Statement(select(_c.version).where(_this))


def _place(key: Key) -> dict[str, Any]:
    return {"of_kind": key.owner_kind, "of_id": key.owner_id, "of_tag": key.schema_tag}


def _new(dialect: Dialect, snapshot: Snapshot) -> dict[str, Any]:
    return {
        "new_version": snapshot.version,
        "new_last_event_id": dialect.id_value(snapshot.last_event_id),
        "new_codec": snapshot.codec,
        "new_state": snapshot.state,
    }


def _snapshot(key: Key, row: Any) -> Snapshot:
    _, version, event_id, codec, state = row
    return Snapshot(
        key=key,
        version=version,
        last_event_id=as_uuid(event_id),
        codec=codec,
        state=bytes(state),
    )
