"""Importing an export: events as they were, at positions of this store."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from itertools import islice
from typing import IO, Any, Final

from attrs import frozen
from sqlalchemy import Connection

from sourcery.dialects import Dialect, ImportedEvent
from sourcery.importing import BATCH, Imported, import_rows, refused
from sourcery.log import Query, page
from sourcery.recorded import StoredRow, moment_of
from sourcery.selection import check_call
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep.lines import read

_VERSION: Final = 3
_EVENT_ID, _KIND, _SCHEMA_VERSION, _DATA, _METADATA = 4, 5, 6, 7, 8


def import_export(
    store: EventStore,
    file: IO[bytes],
    *,
    batch: int = BATCH,
    on_progress: Callable[[Imported], object] | None = None,
) -> Imported:
    """Store the events of an export as `import_events` stores a history; commits.

    The file is read three times: whether it is whole, to store, and to compare with all that is
    stored then. Payloads are kept to the letter; kinds need not be known here. An event that is
    stored already is passed over by its id, so an import that broke off goes on when it is run
    again; that nothing else of it differs is known at the end, when the rest is stored.

    Raises `ExportDamaged` before anything is written, and otherwise what `import_events` raises.
    """
    check_call("on_progress", on_progress)
    for _ in _events(file):
        pass
    done = import_rows(store, _events(file), batch, on_progress)
    compare_export(store, file)
    return done


def compare_export(store: EventStore, file: IO[bytes]) -> int:
    """How many events the export has, all of which are stored here. Only reads.

    Raises `ExportDamaged`, and `ImportRefused` for the first that is missing or another.
    """
    store.database.start()
    compared, events = 0, _events(file)
    while given := list(islice(events, BATCH)):
        with store.database.reading() as connection:
            stored = _stored(connection, store.database.dialect, given)
        for number, row in enumerate(given, compared + 1):
            if problem := _problem(row, stored.get((row[:2], row.version))):
                raise refused(number, row, problem)
        compared += len(given)
    return compared


def _events(file: IO[bytes]) -> Iterator[ImportedEvent]:
    file.seek(0)
    return read(file)


#: Category and id of a stream, and the version in it.
_Key = tuple[tuple[str, str], int]


def _stored(
    connection: Connection, dialect: Dialect, given: list[ImportedEvent]
) -> dict[_Key, StoredRow]:
    """What is stored at the versions of these."""
    versions: dict[tuple[str, str], list[int]] = {}
    for row in given:
        versions.setdefault(row[:2], []).append(row.version)
    stored: dict[_Key, StoredRow] = {}
    for place, some in versions.items():
        first, last = min(some), max(some)
        between = {"above": first - 1, "upto": last, "limit": last - first + 1}
        rows = page(connection, dialect, Query(stream=Stream(*place)), frontier=None, **between)
        stored |= {(place, row[_VERSION]): row for row in rows}
    return stored


def _problem(given: ImportedEvent, stored: StoredRow | None) -> str | None:
    if stored is None:
        return "it is not stored"
    if str(stored[_EVENT_ID]) != str(given.event_id):
        return "another event is stored at that version"
    return None if _is_same(given, stored) else "it is stored with other contents"


def _is_same(given: ImportedEvent, stored: StoredRow) -> bool:
    return (
        (stored[_KIND], stored[_SCHEMA_VERSION]) == (given.kind, given.schema_version)
        and moment_of(stored) == given.recorded_at
        and _same_json(stored[_DATA], given.data)
        and _same_json(stored[_METADATA], given.metadata)
    )


def _same_json(stored: str, given: str) -> bool:
    return stored == given or _exactly(stored) == _exactly(given)


def _exactly(text: str) -> Any:
    """Parsed, with numbers as they are written."""
    return json.loads(text, parse_float=_Number, parse_int=_Number)


@frozen
class _Number:
    text: str
