"""Kept live from a snapshot: it begins there, offers others, and is never stopped by one."""

import pytest
from attrs import define
from sqlalchemy import Connection, text

from sourcery import EventStore, LiveProjection, always, every
from sourcery.dialects import Dialect
from sourcery.errors import ProjectionFailed
from sourcery.snapshots import Snapshot, SqlSnapshots
from tests.databases import Server
from tests.live.projections import History
from tests.ordering.support import append, wait_until
from tests.project.support import (
    Asked,
    Kept,
    KeptThing,
    change_event,
    forget_event,
    reading_pages,
    stored,
    versions,
)

pytestmark = pytest.mark.promise(35)


@define
class Tenth(History, name="tenth", snapshot=every(10)):
    """A snapshot each ten events."""


class Noting(SqlSnapshots):
    """Notes each offer."""

    def __init__(self) -> None:
        self.versions: list[int] = []

    def offer(self, connection: Connection, dialect: Dialect, snapshot: Snapshot) -> bool:
        """Note, and store."""
        self.versions.append(snapshot.version)
        return super().offer(connection, dialect, snapshot)


def test_it_begins_at_its_snapshot(store: EventStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what follows is read; the state is whole, at its start and later."""
    append(store, "a", 50)
    store.snapshot(Asked)
    append(store, "a", 3)
    with reading_pages(monkeypatch) as reading, LiveProjection(store, Asked, page=7) as live:
        assert list(range(1, 54)) == live.current().positions
        assert list(range(1, 55)) == live.read_after(append(store)).positions
    assert [51, 52, 53, 54] == reading.positions
    assert [50] == versions(store)


def test_with_nothing_new_it_is_live_at_once(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It reads no event at all."""
    append(store, "a", 5)
    store.snapshot(Asked)
    with reading_pages(monkeypatch) as reading, LiveProjection(store, Asked) as live:
        assert ([1, 2, 3, 4, 5], "live") == (live.current().positions, live.status)
    assert [] == reading.positions


def test_it_offers_while_it_follows(store: EventStore) -> None:
    """When its policy says so, not at each page."""
    with LiveProjection(store, Tenth, page=3) as live:
        live.wait_for(append(store, "a", 9))
        assert [] == versions(store)
        live.wait_for(append(store, "a", 4))
        wait_until(lambda: versions(store))
        [taken] = versions(store)
        assert 10 <= taken <= 13
        live.wait_for(append(store, "a", 20))
        wait_until(lambda: versions(store) > [taken])
        state = live.current()
    assert store.project(History).positions == state.positions
    assert state == store.project(Tenth)


def test_catching_up_leaves_snapshots_on_its_way(store: EventStore) -> None:
    """So that who is stopped meanwhile need not begin anew."""
    append(store, "a", 30)
    noting = Noting()
    store.keeper._store = noting
    with LiveProjection(store, Kept, page=7):
        pass
    assert [7, 14, 21, 28, 30] == noting.versions


def test_each_instance_begins_at_its_own(
    store: EventStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of the other stream nothing is read."""
    append(store, "a", 3)
    append(store, "b", 3)
    store.snapshot(KeptThing, "a")
    append(store, "a")
    with reading_pages(monkeypatch) as reading, LiveProjection(store, KeptThing, "a") as live:
        assert [1, 2, 3, 7] == live.current().positions
    assert [7] == reading.positions


@pytest.mark.parametrize("harm", ["gone", "another", "ahead", "damaged"])
def test_a_useless_snapshot_does_not_fail_it(
    store: EventStore, harm: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It is folded from the origin, and a good one takes its place."""
    append(store, "a", 5)
    store.project(Kept)
    if harm == "another":
        change_event(store, 5, event_id="00000000-0000-0000-0000-000000000007")
    elif harm == "damaged":
        with store.database.connect_to_write() as connection, connection.begin():
            damaged = "update sourcery_snapshots set state = :state, codec = 'json'"
            connection.execute(text(damaged), {"state": b"[]"})
    for position in {"gone": [5], "ahead": [3, 4, 5]}.get(harm, []):
        forget_event(store, position)
    expected = store.project(History).positions
    with LiveProjection(store, Kept) as live:
        assert expected == live.current().positions
        wait_until(lambda: [len(expected)] == versions(store))
    assert 1 == len([r for r in caplog.records if "projection:kept" in r.getMessage()])


def test_a_snapshot_that_cannot_be_stored_does_not_stop_it(
    store: EventStore, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """It is logged, and tried again when the next one is due."""

    def broken(*_: object) -> bool:
        raise OSError("full: a payload")

    with LiveProjection(store, Kept) as live:
        with monkeypatch.context() as patch:
            patch.setattr(store.keeper, "offer", broken)
            assert [1] == live.read_after(append(store)).positions
        assert [1, 2] == live.read_after(append(store)).positions
        wait_until(lambda: [2] == versions(store))
    assert "could not be stored: OSError" in caplog.text
    assert "payload" not in caplog.text


@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_restarted_server_is_waited_for(store: EventStore, server: Server) -> None:
    """It goes on from its last event, which is in place, and offers again."""
    append(store, "a", 5)
    store.project(Kept)
    with LiveProjection(store, Kept) as live:
        live.wait_for(append(store, "a", 2))
        wait_until(lambda: [7] == versions(store))
        server.kill()
        wait_until(lambda: live.status == "retrying")
        server.start()
        wait_until(lambda: live.status == "live")
        store.engine.dispose()
        token = append(store)  # a crash leaves a hole in the sequence
        assert [*range(1, 8), token.last] == live.read_after(token, 20.0).positions
        wait_until(lambda: [token.last] == versions(store))


@pytest.mark.promise(27)
@pytest.mark.databases("postgresql", "mariadb")
def test_a_restart_before_any_event_was_read(store: EventStore, server: Server) -> None:
    """The last event of the snapshot is what it holds on to."""
    append(store, "a", 5)
    store.project(Kept)
    with LiveProjection(store, Kept) as live:
        server.kill()
        wait_until(lambda: live.status == "retrying")
        server.start()
        wait_until(lambda: live.status == "live")
        assert [1, 2, 3, 4, 5] == live.current().positions
        store.engine.dispose()
        token = append(store)
        assert [1, 2, 3, 4, 5, token.last] == live.read_after(token, 20.0).positions


@pytest.mark.promise(17)
@pytest.mark.databases("postgresql")
def test_lost_history_below_its_snapshot_fails_it(store: EventStore, server: Server) -> None:
    """Another run of the server that does not have the snapshot's last event is another log."""
    append(store, "a", 5)
    store.project(Kept)
    with LiveProjection(store, Kept) as live:
        forget_event(store, 5)
        server.kill()
        wait_until(lambda: live.status == "retrying")
        server.start()
        wait_until(lambda: live.status == "faulted")
        with pytest.raises(ProjectionFailed, match="StoreRewound"):
            live.current()
    store.engine.dispose()
    with LiveProjection(store, Kept) as live:
        assert [1, 2, 3, 4] == live.current().positions


def test_a_store_policy_is_for_live_ones_too(store: EventStore) -> None:
    """A class that says nothing, of a store that does."""
    with EventStore(store.engine, snapshot=always()) as other:
        append(other, "a", 3)
        with LiveProjection(other, History) as live:
            assert [1, 2, 3] == live.current().positions
            wait_until(lambda: ["projection:history"] == [one.owner for one in stored(other)])
