"""An import in flight keeps readers below it, as every append does."""

from collections.abc import Iterable
from typing import Any

import pytest
from sqlalchemy import Connection

from sourcery import EventStore, Stream, UnitOfWork, import_events
from sourcery.dialects import floor_import
from sourcery.dialects.floors import statements_for
from sourcery.errors import ImportRefused
from tests.domain import Opened
from tests.importing.support import ADA, BOB, past, stored

pytestmark = pytest.mark.promise(13)


def append(store: EventStore) -> None:
    """By another writer, who commits."""
    with UnitOfWork(store) as uow:
        uow.append(ADA, [Opened("Ada")], expected=0)


@pytest.mark.databases("postgresql")
def test_no_reader_passes_positions_that_an_import_has_taken(store: EventStore) -> None:
    """Until its transaction ends; then at once."""
    dialect = store.database.dialect
    with store.database.writing() as connection, connection.begin() as transaction:
        taken, _ = dialect.take(connection, 5, [])
        append(store)
        assert store.settled() < taken[0]
        transaction.rollback()
    assert taken[-1] + 1 == store.settled()


@pytest.mark.databases("postgresql")
def test_without_the_floor_a_reader_would_pass_them(store: EventStore) -> None:
    """The test of the test: positions drawn from the sequence alone."""
    with store.database.writing() as connection, connection.begin():
        sequence = statements_for(connection).sequence
        taken = connection.exec_driver_sql(f"select nextval('{sequence}')").scalar_one()
        append(store)
        assert store.settled() > taken


@pytest.mark.databases("postgresql")
def test_positions_are_in_order(store: EventStore) -> None:
    """However many are taken at once."""
    with store.database.writing() as connection, connection.begin():
        taken = list(store.database.dialect.take(connection, 5000, [])[0])
    assert taken == sorted(taken)
    assert 5000 == len(set(taken))


@pytest.mark.databases("postgresql")
def test_a_writer_who_is_faster_than_the_copy_is_not_overwritten(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """COPY itself finds the version taken; the batch is undone, looked at again, and refused."""
    dialect = store.database.dialect
    heads, calls = dialect.heads, 0

    def look_and_lose(connection: Connection, streams: Iterable[Stream]) -> dict[Stream, int]:
        nonlocal calls
        calls += 1
        found = heads(connection, streams)
        if calls == 1:
            append(store)
        return found

    monkeypatch.setattr(dialect, "heads", look_and_lose)
    with pytest.raises(ImportRefused, match="another event is stored"):
        import_events(store, [past(BOB, 1), past(ADA, 1)])
    assert (2, [ADA]) == (calls, [row[0] for row in stored(store)])


@pytest.mark.databases("postgresql")
def test_an_event_is_never_below_the_one_before_it(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when that one is stored by another import right after positions were taken."""
    first, overtaken = past(ADA, 1), False

    def take_and_lose(*arguments: Any) -> Any:
        nonlocal overtaken
        taken = take(*arguments)
        if not overtaken:
            overtaken = True
            import_events(store, [first])
        return taken

    take = floor_import.take
    monkeypatch.setattr(floor_import, "take", take_and_lose)
    import_events(store, [first, past(ADA, 2)])
    assert [1, 2] == [row[1] for row in stored(store)]
