"""Promise 35, projections: beginning at a snapshot gives what beginning at the origin gives."""

from uuid import UUID

import pytest

from sourcery import EventStore, always
from sourcery.errors import InvalidArgument
from sourcery.schema import snapshots as snapshots_table
from sourcery.snapshots import MemorySnapshots
from tests.databases import Database
from tests.guards.effort import measuring
from tests.live.projections import History, read
from tests.ordering.support import append
from tests.project.support import (
    Asked,
    Kept,
    KeptNumber,
    KeptThing,
    append_to,
    change_event,
    forget_event,
    reading_pages,
    stored,
    versions,
    warnings,
)

pytestmark = pytest.mark.promise(35)

#: A snapshot before it, the page behind it, and where they end.
SLACK = 40


def test_only_what_follows_is_read(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the state is whole."""
    append(store, "a", 20)
    store.project(Kept)
    append(store, "b", 3)
    with reading_pages(monkeypatch) as reading:
        state = store.project(Kept)
    assert [21, 22, 23] == reading.positions
    assert (list(range(1, 24)), 23) == (state.positions, state.position)
    assert [23] == versions(store)


def test_the_database_looks_at_the_tail_alone(store: EventStore) -> None:
    """By its own count; without a snapshot it looks at everything."""
    append(store, "a", 2_000)
    assert store.snapshot(Asked)
    append(store, "a", 5)
    rows: dict[type[History], int] = {}
    for cls in (Asked, History):
        store.engine.dispose()
        with measuring(store.engine) as effort:
            assert 2_005 == len(store.project(cls).positions)
        rows[cls] = effort.rows
    assert rows[Asked] <= 5 + SLACK
    assert rows[History] >= 1_000


@pytest.mark.parametrize(("cls", "id"), [(KeptThing, "a"), (KeptNumber, "1")])
def test_each_instance_has_its_own(
    store: EventStore, cls: type[History], id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Selected by the database or in Python; of one the other knows nothing."""
    append(store, "a", 3)
    append(store, "b", 3)
    first = store.project(cls, id)
    other = store.project(cls, {"a": "b", "1": "2"}[id])
    assert first.positions != other.positions
    assert 2 == len(stored(store))
    with reading_pages(monkeypatch) as reading:
        assert first == store.project(cls, id)
    assert not set(first.positions) & set(reading.positions)


def test_an_instance_without_events_stores_nothing(store: EventStore) -> None:
    """There is no last event to prove it by."""
    append(store, "a", 3)
    store.project(KeptThing, "nobody")
    assert [] == stored(store)


def test_what_was_read_in_vain_counts(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where Python selects, a snapshot saves reading what does not concern the instance."""
    append(store, "a", 3)
    assert [] == store.project(KeptNumber, 7).positions
    assert [3] == versions(store)
    with reading_pages(monkeypatch) as reading:
        assert ([], 3) == (store.project(KeptNumber, 7).positions, store.settled())
    assert [] == reading.positions


def test_nothing_new_stores_nothing(store: EventStore) -> None:
    """The policy counts what was read."""
    append(store, "a", 3)
    store.project(Kept)
    [before] = stored(store)
    append_to(store, "thing", stream_id="b")  # nothing at all
    store.project(Kept)
    assert [before] == stored(store)


def test_asked_for_it_tells_whether_there_was_something_new(store: EventStore) -> None:
    """An empty log has nothing; the same state is stored once."""
    assert not store.snapshot(Asked)
    append(store)
    assert [True, False] == [store.snapshot(Asked), store.snapshot(Asked)]
    with pytest.raises(InvalidArgument, match="keeps no snapshots"):
        store.snapshot(History)


def test_a_snapshot_whose_last_event_is_gone_is_replaced(
    store: EventStore, caplog: pytest.LogCaptureFixture
) -> None:
    """The history was rewritten below it. It is said once; the next load has a good one."""
    append(store, "a", 5)
    store.project(Kept)
    forget_event(store, 5)
    change_event(store, 4, event_id=str(UUID(int=7)))
    for _ in range(2):
        assert [1, 2, 3, 4] == store.project(Kept).positions
    assert [4] == versions(store)
    [said] = warnings(caplog)
    assert "projection:kept" in said
    assert "last event is not in the log" in said


def test_a_snapshot_whose_last_event_is_another_is_replaced(store: EventStore) -> None:
    """At the same position, as after numbers were handed out again."""
    append(store, "a", 3)
    store.project(Kept)
    change_event(store, 3, event_id=str(UUID(int=7)), data='{"number": 9}')
    assert [1, 2, 3] == store.project(Kept).positions
    append(store)
    assert [1, 2, 3, 4] == store.project(Kept).positions
    assert [4] == versions(store)


def test_each_projection_says_its_own(store: EventStore, caplog: pytest.LogCaptureFixture) -> None:
    """One that complained does not silence another."""
    append(store, "a", 3)
    store.project(Kept)
    store.snapshot(Asked)
    forget_event(store, 3)
    store.project(Kept)
    store.project(Asked)
    assert ["kept", "asked"] == [
        next(name for name in ("kept", "asked") if f"projection:{name}" in said)
        for said in warnings(caplog)
    ]


def test_a_useless_one_goes_though_no_other_is_due(store: EventStore) -> None:
    """It would be read for nothing each time."""
    append(store, "a", 3)
    store.snapshot(Asked)
    forget_event(store, 3)
    assert [1, 2] == store.project(Asked).positions
    assert [] == stored(store)


def test_a_snapshot_ahead_of_a_restored_log_is_not_used(store: EventStore) -> None:
    """Nor does its higher position keep the right one from being stored."""
    append(store, "a", 3)
    store.project(Kept)
    append(store, "a", 7)
    store.project(Kept)
    for position in range(4, 11):
        forget_event(store, position)
    state = store.project(Kept)
    assert [1, 2, 3] == state.positions
    assert [3] == versions(store)


def test_a_damaged_one_is_replaced(store: EventStore) -> None:
    """Whatever is wrong with its bytes."""
    append(store, "a", 3)
    store.project(Kept)
    with store.database.connect_to_write() as connection, connection.begin():
        connection.execute(
            snapshots_table.update().values(state=b'{"positions": "x"}', codec="json")
        )
    for _ in range(2):
        assert [1, 2, 3] == store.project(Kept).positions
    assert [3] == versions(store)


def test_in_memory_it_is_the_same(database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """The database holds none."""
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, snapshot_store=MemorySnapshots()) as store:
        append(store, "a", 3)
        store.project(Kept)
        append(store)
        with reading_pages(monkeypatch) as reading:
            assert read(store, 4) == store.project(Kept).positions
        assert ([4], []) == (reading.positions, stored(store))


def test_a_policy_of_the_store_is_for_all(database: Database) -> None:
    """Also for a class that says nothing."""
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, snapshot=always()) as store:
        append(store, "a", 3)
        store.project(History)
        assert [3] == versions(store)
