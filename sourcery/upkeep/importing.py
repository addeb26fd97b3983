"""Importing an export: events as they were, at positions of this store."""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from itertools import groupby, islice
from typing import IO, Any, Final

from attrs import define, frozen
from sqlalchemy import Connection

from sourcery.dialects import Batch, Dialect, StreamBatch
from sourcery.errors import ImportRefused, RetryTransaction
from sourcery.log import Query, append, page, translated
from sourcery.recorded import StoredRow, moment_of
from sourcery.selection import check_call
from sourcery.store import EventStore
from sourcery.stream import Stream
from sourcery.upkeep.lines import EventLine, read

#: Events of one transaction.
_CHUNK: Final = 500
_ATTEMPTS: Final = 5
_VERSION: Final = 3
_EVENT_ID, _KIND, _SCHEMA_VERSION, _DATA, _METADATA = 4, 5, 6, 7, 8


@define(kw_only=True)
class Imported:
    """What came of an import."""

    #: Events that were appended, and those that were there already.
    appended: int = 0
    present: int = 0


def import_events(
    store: EventStore,
    file: IO[bytes],
    *,
    on_imported: Callable[[Imported], object] | None = None,
) -> Imported:
    """Append the events of an export, in its order, in transactions of at most 500; commits.

    The file is read three times: whether it is whole, to append, and to compare what is stored.
    Events that are there already are passed over, so an import that broke off goes on when it is
    run again. Events keep id, stream, version, time and payload; consumers find them at new
    positions, as any other event. Raises `ExportDamaged` before anything is written,
    `ImportRefused` where another event is at a version or one before it is missing, and
    `RetryTransaction` when the database asks again and again for another run.
    """
    check_call("on_imported", on_imported)
    store.database.start()
    for _ in read(_from_start(file)):
        pass
    done = Imported()
    for chunk in _chunks(file):
        appended = _patiently(store, chunk)
        done.appended += appended
        done.present += len(chunk) - appended
        if on_imported is not None:
            on_imported(done)
    compare_events(store, file)
    return done


def compare_events(store: EventStore, file: IO[bytes]) -> int:
    """How many events the export has, all of which are stored here. Only reads.

    Raises `ExportDamaged`, and `ImportRefused` for the first that is missing or another.
    """
    compared = 0
    dialect = store.database.dialect
    for chunk in _chunks(file):
        with store.database.reading() as connection:
            missing = _missing(connection, dialect, chunk)
        if missing:
            raise _refused(missing[0], "is not stored")
        compared += len(chunk)
    return compared


def _from_start(file: IO[bytes]) -> IO[bytes]:
    file.seek(0)
    return file


def _chunks(file: IO[bytes]) -> Iterator[list[EventLine]]:
    events = read(_from_start(file))
    while chunk := list(islice(events, _CHUNK)):
        yield chunk


def _patiently(store: EventStore, chunk: list[EventLine]) -> int:
    """Append a chunk, again when another writer was in the way."""
    for attempt in range(_ATTEMPTS):
        try:
            appended = _append(store, chunk)
        except RetryTransaction:
            if attempt == _ATTEMPTS - 1:
                raise
            time.sleep(random.uniform(0.01, 0.1))  # noqa: S311 - jitter is no secret
        else:
            if appended:
                store.database.committed()
            return appended
    raise AssertionError


def _append(store: EventStore, chunk: list[EventLine]) -> int:
    database = store.database
    dialect = database.dialect
    with translated(dialect), database.writing() as connection, connection.begin():
        dialect.begin(connection)
        missing = _missing(connection, dialect, chunk)
        _check_heads(connection, dialect, missing)
        for batch in _batches(missing):
            if append(connection, dialect, batch) is None:
                raise RetryTransaction("another writer was faster")
    return len(missing)


def _missing(connection: Connection, dialect: Dialect, chunk: list[EventLine]) -> list[EventLine]:
    """Those that are not stored. Raises `ImportRefused` where another event is."""
    by_stream: dict[Stream, list[EventLine]] = {}
    for line in chunk:
        by_stream.setdefault(line.stream, []).append(line)
    stored: dict[tuple[Stream, int], StoredRow] = {}
    for stream, lines in by_stream.items():
        versions = [line.version for line in lines]
        first, last = min(versions), max(versions)
        between = {"above": first - 1, "upto": last, "limit": last - first + 1}
        rows = page(connection, dialect, Query(stream=stream), frontier=None, **between)
        stored |= {(stream, row[_VERSION]): row for row in rows}
    for line in chunk:
        row = stored.get((line.stream, line.version))
        if row is not None and not _is_same(line, row):
            raise _refused(line, "is another event here: nothing of it can be changed")
    return [line for line in chunk if (line.stream, line.version) not in stored]


def _check_heads(connection: Connection, dialect: Dialect, missing: list[EventLine]) -> None:
    heads = dialect.heads(connection, {line.stream for line in missing})
    for line in missing:
        head = heads[line.stream]
        if line.version <= head:  # it was not there a moment ago: compare it in another run
            raise RetryTransaction("another writer was faster")
        if line.version != head + 1:
            raise _refused(line, f"cannot follow version {head}: import what comes between first")
        heads[line.stream] = line.version


def _batches(missing: list[EventLine]) -> Iterator[Batch]:
    """Events of one stream and time that follow each other: those of one append, mostly."""
    for (stream, moment), group in groupby(missing, lambda line: (line.stream, line.recorded_at)):
        lines = list(group)
        rows = [line.row for line in lines]
        streams = [StreamBatch(stream, lines[0].version - 1, rows)]
        yield Batch(streams=streams, moment=moment)


def _is_same(line: EventLine, row: StoredRow) -> bool:
    facts = (str(row[_EVENT_ID]), row[_KIND], row[_SCHEMA_VERSION])
    given = (str(line.row.event_id), line.row.kind, line.row.schema_version)
    return (
        facts == given
        and moment_of(row) == line.recorded_at
        and _same_json(row[_DATA], line.row.data)
        and _same_json(row[_METADATA], line.row.metadata)
    )


def _same_json(stored: str, given: str) -> bool:
    return stored == given or _exactly(stored) == _exactly(given)


def _exactly(text: str) -> Any:
    """Parsed, with numbers as they are written."""
    return json.loads(text, parse_float=_Number, parse_int=_Number)


@frozen
class _Number:
    text: str


def _refused(line: EventLine, problem: str) -> ImportRefused:
    return ImportRefused(line.number, line.stream.path, line.version, problem)
