"""What an import keeps, and how it goes on after an interruption."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest

from sourcery import EventStore, Imported, PastEvent, Stream, Subscriber, UnitOfWork, import_events
from tests.domain import AccountEvent, Deposited
from tests.importing.support import ADA, expected, history, past, stored

pytestmark = pytest.mark.promise(5)


@pytest.mark.parametrize("batch", [1, 3, 1000])
def test_everything_but_the_position_is_kept(store: EventStore, batch: int) -> None:
    """Stream, version, id, metadata and time of each event, and the order of all."""
    assert Imported(read=20, written=20) == import_events(store, history(20), batch=batch)
    assert expected(20) == stored(store)


def test_what_is_left_out_is_made(store: EventStore) -> None:
    """The database's time, and the same id at each import."""
    began = datetime.now(UTC) - timedelta(minutes=5)
    import_events(store, [past(ADA, 1)])
    assert Imported(read=1) == import_events(store, [past(ADA, 1)])
    [recorded] = store.read(ADA, events=AccountEvent)
    assert began < recorded.recorded_at < began + timedelta(minutes=10)


def test_an_interrupted_import_goes_on_where_it_stood(store: EventStore) -> None:
    """Also when the second one has batches of another size."""

    def interrupt(done: Imported) -> None:
        if done.read == 8:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_events(store, history(20), batch=4, on_progress=interrupt)
    assert expected(8) == stored(store)
    assert Imported(read=20, written=12) == import_events(store, history(20), batch=3)
    assert expected(20) == stored(store)


def test_progress_is_told_after_each_batch(store: EventStore) -> None:
    """Of what is committed, so that others see it."""
    told: list[tuple[Imported, int]] = []

    def progress(done: Imported) -> None:
        told.append((done, len(stored(store))))

    import_events(store, history(7), batch=3, on_progress=progress)
    steps = [(Imported(read=n, written=n), n) for n in (3, 6, 7)]
    assert steps == told


def test_a_history_is_read_a_batch_at_a_time(store: EventStore) -> None:
    """So it may be larger than memory."""
    taken = 0

    def counted() -> Iterator[PastEvent]:
        nonlocal taken
        for one in history(40):
            taken += 1
            yield one

    seen: list[int] = []
    import_events(store, counted(), batch=10, on_progress=lambda _: seen.append(taken))
    assert [10, 20, 30, 40] == seen


def test_an_import_follows_what_is_stored(store: EventStore) -> None:
    """And a unit of work follows the import."""
    with UnitOfWork(store) as uow:
        uow.append(ADA, [past(ADA, 1).event], expected=0)
    import_events(store, [past(ADA, 2), past(ADA, 3)])
    with UnitOfWork(store) as uow:
        uow.append(ADA, [Deposited(4)], expected=3)
    assert [1, 2, 3, 4] == [r.version for r in store.read(ADA, events=AccountEvent)]


def test_a_consumer_is_handed_imported_events(store: EventStore) -> None:
    """As any others, in order."""
    seen: list[int] = []
    consumer = Subscriber(
        store, "seen", lambda _, recorded: seen.append(recorded.version), events=AccountEvent
    )
    import_events(store, history(4))
    consumer.drain(30)
    import_events(store, islice(history(8), 4, 8))
    consumer.drain(30)
    assert [1, 1, 2, 2, 3, 3, 4, 4] == seen


def test_many_streams_of_one_batch_are_told_apart(store: EventStore) -> None:
    """Each begins at its own version."""
    streams = [Stream("account", f"a'{n}\\%s") for n in range(50)]
    import_events(store, [past(stream, 1) for stream in streams])
    again = [past(stream, version) for stream in reversed(streams) for version in (1, 2)]
    assert Imported(read=100, written=50) == import_events(store, again)
    assert {2} == {len(list(store.read(stream, events=AccountEvent))) for stream in streams}
