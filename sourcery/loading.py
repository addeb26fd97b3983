"""Loading an aggregate: fold its stream, page by page, as its transaction sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, TypeVar

from sqlalchemy import Connection

from sourcery.aggregate import Aggregate, pass_over, replay, restore
from sourcery.codec import Decoder
from sourcery.dialects import Dialect
from sourcery.log import PAGE, Query, page, translated
from sourcery.selection import END
from sourcery.stream import Stream

A = TypeVar("A", bound=Aggregate[Any])

_VERSION: Final = 3


def load(
    cls: type[A], stream: Stream, connection: Connection, dialect: Dialect, decoder: Decoder
) -> A:
    """The aggregate of a stream; at version 0 when there are no events.

    Events of kinds that the class no longer lists are passed over, and counted.
    """
    aggregate = restore(cls, stream.id)
    with translated(dialect):
        for row in _rows(connection, dialect, Query(stream=stream)):
            for recorded in decoder.decode(row):
                replay(aggregate, recorded.event, recorded.version)
            pass_over(aggregate, row[_VERSION])
    return aggregate


def _rows(connection: Connection, dialect: Dialect, query: Query) -> Iterator[Any]:
    above = 0
    while True:
        rows = page(connection, dialect, query, above=above, upto=END, limit=PAGE)
        yield from rows
        if len(rows) < PAGE:
            return
        above = rows[-1][_VERSION]
