"""The topics that there are messages of."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Connection, bindparam, select

from sourcery import schema
from sourcery.dialects.statements import Statement

_topic = schema.outbox.c.topic
_FIRST: Final = Statement(select(_topic).order_by(_topic).limit(1))
_NEXT: Final = Statement(
    select(_topic).where(_topic > bindparam("before")).order_by(_topic).limit(1)
)


def topics(connection: Connection, at_most: int | None = None) -> list[str]:
    """All topics of the outbox, or the first so many; one look into its index for each."""
    found: list[str] = []
    topic = _FIRST.run(connection, {}).scalar()
    while topic is not None and (at_most is None or len(found) < at_most):
        found.append(topic)
        topic = _NEXT.run(connection, {"before": topic}).scalar()
    return found
