"""An export is all of a log, and an import gives it back: ids, versions, payloads, times."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from sourcery import EventStore, Imported, Stream, UnitOfWork, importing, metadata
from sourcery.errors import ExportDamaged, ImportRefused
from sourcery.upkeep import compare_export, export_events, import_export, stored_events
from sourcery.upkeep.lines import read
from tests.databases import Database
from tests.domain import ADA, BOB, ORDER, Deposited, Opened, Remarked, append, open_bank

ODD = Stream('a/b,"data":', '\u2028"\\{}\U0001f600')


def facts(store: EventStore) -> list[Any]:
    """All that an event is, but for its position."""
    return [
        (e.stream, e.version, e.event_id, e.kind, e.schema_version, e.recorded_at, e.metadata,
         e.data)
        for e in stored_events(store)
    ]  # fmt: skip


@pytest.fixture
def bank(database: Database) -> Any:
    """Three streams, interleaved, one with names that are hard to write down."""
    with open_bank(database) as store:
        with metadata(actor='"data": x', correlation_id="c"):
            append(store, ADA, [Opened("Ada"), Deposited(1)])
        append(store, ODD, [Remarked(',"data":{}\n', {"data": [1e5, 0.1, 2**63 - 1, None]})])
        for n in range(3):
            append(store, BOB, [Deposited(n)])
            append(store, ADA, [Deposited(n)])
        yield store


@pytest.fixture
def other(empty_database: Database) -> Any:
    """Another store, of the same kind of database."""
    with open_bank(empty_database) as store:
        store.upgrade()
        yield store


def exported(store: EventStore, **options: Any) -> io.BytesIO:
    """What an export writes."""
    file = io.BytesIO()
    export_events(store, file, **options)
    return file


def test_a_round_trip_is_equal(bank: EventStore, other: EventStore) -> None:
    """In the same order, to the letter; and so is an export of it, but for positions."""
    assert Imported(read=9, written=9) == import_export(other, exported(bank))
    assert facts(bank) == facts(other)
    again, before = (exported(one).getvalue().splitlines()[1:-1] for one in (other, bank))
    assert [x.partition(b",")[2] for x in before] == [x.partition(b",")[2] for x in again]


def test_each_line_is_json(bank: EventStore) -> None:
    """So that other programs can read it."""
    header, *events, end = map(json.loads, exported(bank).getvalue().splitlines())
    assert (1, 9) == (header["sourcery_export"], end["events"])
    assert {"owner": "Ada"} == events[0]["data"]


def test_a_part_is_exported(bank: EventStore) -> None:
    """Of categories, and between positions; what is appended meanwhile is not in it."""
    file = io.BytesIO()
    done = export_events(bank, file, categories=["account"], after=3, to=5)
    assert (2, 5) == (done.events, done.to)
    append(bank, ORDER, [Deposited(1)])
    assert 9 == export_events(bank, io.BytesIO(), to=9).events


def test_a_later_export_goes_on(bank: EventStore, other: EventStore) -> None:
    """After the position that the one before has said."""
    first = io.BytesIO()
    upto = export_events(bank, first, to=5).to
    import_export(other, first)
    import_export(other, exported(bank, after=upto))
    assert facts(bank) == facts(other)


def test_an_import_again_changes_nothing(bank: EventStore, other: EventStore) -> None:
    """Into the copy, and into the store it comes from."""
    file = exported(bank)
    import_export(other, file)
    for store in (other, bank):
        assert Imported(read=9) == import_export(store, file)
        assert 9 == len(facts(store))


def test_an_import_that_broke_off_goes_on(bank: EventStore, other: EventStore) -> None:
    """Where it was, at the end of a transaction."""

    def breaks(done: Imported) -> None:
        if done.written == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_export(other, exported(bank), batch=2, on_progress=breaks)
    assert 4 == len(facts(other))
    assert Imported(read=9, written=5) == import_export(other, exported(bank))
    assert facts(bank) == facts(other)


def test_two_imports_at_once_are_one(
    bank: EventStore, other: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each event is there once, in order; what one has appended the other finds."""
    monkeypatch.setattr(importing, "_ATTEMPTS", 50)
    text = exported(bank).getvalue()

    def run(batch: int) -> Imported:
        return import_export(other, io.BytesIO(text), batch=batch)

    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(run, [3, 3, 2]))
    assert 9 == sum(done.written for done in found)
    assert facts(bank) == facts(other)


@pytest.mark.databases("postgresql")
def test_an_import_overtaken_by_another_compares_again(
    bank: EventStore, other: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which commits after it has looked at the heads of streams."""
    text, dialect = exported(bank).getvalue(), other.database.dialect
    heads, overtaken = dialect.heads, False

    def look(*arguments: Any) -> Any:
        nonlocal overtaken
        found = heads(*arguments)
        if not overtaken:
            overtaken = True
            import_export(other, io.BytesIO(text))
        return found

    monkeypatch.setattr(dialect, "heads", look)
    assert Imported(read=9) == import_export(other, io.BytesIO(text))
    assert facts(bank) == facts(other)


def test_consumers_find_what_is_imported(bank: EventStore, other: EventStore) -> None:
    """At positions above all that were there: a subscription that goes on meets every event."""
    append(other, ORDER, [Deposited(1)])
    following = other.subscribe(after=other.settled(), timeout=0)
    import_export(other, exported(bank))
    assert [recorded[2] for recorded in facts(bank)] == [e.event_id for e in following]


def test_another_event_at_a_version_is_refused(bank: EventStore, other: EventStore) -> None:
    """With its place; nothing of its transaction is written."""
    append(other, ADA, [Opened("Eve")])
    with pytest.raises(ImportRefused, match=r"event 1 .* version 1 of .*ada', .* another event"):
        import_export(other, exported(bank))
    assert 1 == len(facts(other))


def test_a_stream_whose_beginning_is_missing_is_refused(
    bank: EventStore, other: EventStore
) -> None:
    """Its versions would not follow each other."""
    with pytest.raises(ImportRefused, match="ends at version 0"):
        import_export(other, exported(bank, after=1))
    assert [] == facts(other)


CHANGES = {
    "kind": "account.withdrawn", "schema_version": 7, "recorded_at": "2020-01-02 03:04:05.678901",
    "data": '{"amount":1.0}', "metadata": '{"actor":"Eve"}',
}  # fmt: skip


def test_an_event_stored_with_other_contents_is_refused(
    bank: EventStore, other: EventStore
) -> None:
    """Although its id and version are those of the export; it stays as it is."""
    file = exported(bank)
    import_export(other, file)
    for version, (column, it) in zip(range(5, 0, -1), CHANGES.items(), strict=True):
        change = f"UPDATE sourcery_events SET {column} = :it WHERE stream_id = 'ada' "
        with other.engine.begin() as connection:
            connection.execute(text(f"{change} AND version = {version}"), {"it": it})
        changed = facts(other)
        with pytest.raises(ImportRefused, match=f"version {version} of .*ada.* other contents"):
            import_export(other, file)
        assert changed == facts(other)


@pytest.mark.parametrize(
    "sort", ["event", "byte", "cut", "end", "header", "more", "twice", "empty"]
)
def test_a_damaged_export_is_refused(bank: EventStore, other: EventStore, sort: str) -> None:
    """Before anything is written, whatever was done to it."""
    text = exported(bank).getvalue()
    lines = text.splitlines(keepends=True)
    damaged = {
        "event": b"".join(lines[:3] + lines[4:]),
        "byte": text.replace(b'"amount":1', b'"amount":2'),
        "cut": text[:-100],
        "end": b"".join(lines[:-1]),
        "header": b"".join(lines[1:]),
        "more": text + b"{}\n",
        "twice": b"".join([*lines[:-1], *lines[1:]]),
        "empty": b"",
    }[sort]
    assert text != damaged
    with pytest.raises(ExportDamaged):
        import_export(other, io.BytesIO(damaged))
    assert [] == facts(other)


def test_a_comparison_finds_what_is_missing(bank: EventStore, other: EventStore) -> None:
    """And says which."""
    file = exported(bank)
    assert 9 == compare_export(bank, file)
    with pytest.raises(ImportRefused, match=r"event 1 .* is not stored"):
        compare_export(other, file)


def test_an_unfinished_append_is_not_exported(bank: EventStore) -> None:
    """An export is of what is settled."""
    with UnitOfWork(bank) as uow:
        uow.append(ORDER, [Deposited(1)], expected=0, event_ids=[uuid4()])
        assert 9 == export_events(bank, io.BytesIO()).events


@cache
def good() -> bytes:
    """An export of two events."""
    with EventStore("sqlite://") as store:
        store.upgrade()
        append(store, ADA, [Opened("Ada"), Deposited(1)])
        return exported(store).getvalue()


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3000))
def test_arbitrary_bytes_are_refused(junk: bytes, place: int) -> None:
    """Wherever they are put, with a typed error alone."""
    whole = good()
    text = whole[: place % len(whole)] + junk + whole[place % len(whole) :]
    if text != whole:
        with pytest.raises(ExportDamaged):
            list(read(io.BytesIO(text)))
