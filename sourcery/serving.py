"""Which version of a read model readers are given: one row, changed in one statement.

Everything here takes a connection, executes and never commits.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen
from sqlalchemy import Connection, bindparam, insert, null, select, update

from sourcery import schema
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement

_c = schema.read_models.c
_this = _c.name == bindparam("of_name")

_READ: Final = Statement(select(_c.serving, _c.previous).where(_this))
_FIRST: Final = Statement(insert(schema.read_models))
_SWITCH: Final = Statement(
    update(schema.read_models)
    .where(_this & (_c.serving == bindparam("seen")))
    .values(
        serving=bindparam("version"),
        previous=bindparam("before"),
        switched_at=bindparam("switched"),
    )
)
_FORGET_PREVIOUS: Final = Statement(
    update(schema.read_models)
    .where(_this & (_c.previous == bindparam("seen")))
    .values(previous=null())
)


@frozen
class Serving:
    """What readers are given."""

    version: int
    #: The version that served before, while it is there.
    previous: int | None


def serving_version(connection: Connection, name: str) -> Serving | None:
    """The version that serves; None before the first switch."""
    row = _READ.run(connection, {"of_name": name}).one_or_none()
    return None if row is None else Serving(*row)


def serve(
    connection: Connection, dialect: Dialect, name: str, version: int, seen: Serving | None
) -> bool:
    """Give readers another version; False when another than `seen` serves by now."""
    now = dialect.moment_value(dialect.now(connection))
    if seen is None:
        values = {"name": name, "serving": version, "previous": None, "switched_at": now}
        return _FIRST.run(connection, values).rowcount == 1
    values = {"of_name": name, "seen": seen.version, "before": seen.version}
    return _SWITCH.run(connection, values | {"version": version, "switched": now}).rowcount == 1


def forget_previous(connection: Connection, name: str, version: int) -> None:
    """A version is gone, so nobody goes back to it."""
    _FORGET_PREVIOUS.run(connection, {"of_name": name, "seen": version})
