"""Events as they are stored, for those who have no classes for them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import islice
from threading import Event
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from sqlalchemy import bindparam, select

from sourcery import schema
from sourcery.dialects import Dialect
from sourcery.dialects.statements import Statement
from sourcery.errors import InvalidArgument
from sourcery.log import Query
from sourcery.reading import read_events
from sourcery.recorded import Recorded, StoredRow
from sourcery.selection import Selection, bounds, check_categories, check_position
from sourcery.start import ORIGIN, Start
from sourcery.store import EventStore
from sourcery.stream import KIND_LENGTH, Stream, check_name
from sourcery.subscription import Subscription

_DATA: Final = 7
_METADATA: Final = 8


@frozen
class AsStored:
    """Gives rows as recorded events whose event is the stored JSON, parsed.

    What cannot be parsed is given as its text.
    """

    #: Only events of this correlation id.
    correlation_id: str | None = None

    def decode(self, row: StoredRow) -> Sequence[Recorded[Any]]:
        recorded = Recorded(parsed(row[_DATA]), row)
        return (recorded,) if self._is_wanted(recorded) else ()

    def _is_wanted(self, recorded: Recorded[Any]) -> bool:
        return self.correlation_id in (None, recorded.metadata.correlation_id)


def parsed(text: str) -> Any:
    """The JSON of a payload, or the text when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def is_json(text: str) -> bool:
    """Whether a payload can be parsed."""
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True


def stored_events(  # noqa: PLR0913 - each narrows what is read, none needs another
    store: EventStore,
    stream: Stream | None = None,
    *,
    kinds: Iterable[str] = (),
    categories: Iterable[str] = (),
    correlation_id: str | None = None,
    after: int = 0,
    to: int | None = None,
    from_version: int = 1,
    to_version: int | None = None,
    backward: bool = False,
    limit: int | None = None,
    unsettled: bool = False,
) -> Iterator[Recorded[Any]]:
    """Iterate over events of all kinds, or these, each with its payload as parsed JSON.

    No class is needed, and no upcaster is applied: `kinds` are those stored. The other arguments
    are as in `EventStore.read`. No index is on `correlation_id`: events of others are read and
    passed over.
    """
    query = Query(
        stream=stream,
        kinds=_kinds(kinds),
        categories=check_categories(stream, categories),
        backward=backward,
    )
    above, upto = bounds(stream, after, to, from_version, to_version)
    decoder, at_most = AsStored(correlation_id), limit
    if limit is not None:
        check_position("limit", limit)
    # a limit is also the size of a page, of which those of a rare correlation would be many
    limited = None if correlation_id is not None else limit
    chosen = Selection(query=query, above=above, upto=upto, limit=limited, unsettled=unsettled)
    return islice(read_events(store.database, decoder, chosen), at_most)


def follow_stored(
    store: EventStore,
    stream: Stream | None = None,
    *,
    kinds: Iterable[str] = (),
    categories: Iterable[str] = (),
    correlation_id: str | None = None,
    after: Start = ORIGIN,
    timeout: float | None = None,
    stop: Event | None = None,
) -> Subscription[Any]:
    """The same as they settle, without end: see `EventStore.subscribe`."""
    names = check_categories(stream, categories)
    query = Query(
        kinds=_kinds(kinds),
        categories=names if stream is None else (stream.category,),
        stream_id=None if stream is None else stream.id,
    )
    decoder = AsStored(correlation_id)
    return Subscription(store.database, decoder, query, after, timeout=timeout, stop=stop)


def find_stored(store: EventStore, event_id: UUID | str) -> Recorded[Any] | None:
    """The event of an id, or None. No index is on the ids: it looks through the log."""
    wanted = _as_id(event_id)
    dialect = store.database.dialect
    with store.database.reading() as connection:
        rows = _by_id(dialect).run(connection, {"of_id": dialect.id_value(wanted)})
        row = rows.one_or_none()
    return None if row is None else AsStored().decode(row)[0]


@lru_cache(maxsize=64)
def _by_id(dialect: Dialect) -> Statement:
    events = schema.events.c
    rows = select(*dialect.columns()).where(events.event_id == bindparam("of_id"))
    return Statement(rows.order_by(events.position).limit(1))


def _kinds(kinds: Iterable[str]) -> tuple[str, ...] | None:
    if isinstance(kinds, str):
        raise InvalidArgument("kinds", f"takes several: write [{kinds!a}]")
    names = tuple(sorted({check_name("event kind", kind, KIND_LENGTH) for kind in kinds}))
    return names or None


def _as_id(given: UUID | str) -> UUID:
    try:
        return given if isinstance(given, UUID) else UUID(given)
    except (ValueError, AttributeError, TypeError):
        raise InvalidArgument("event_id", "must be a UUID") from None
