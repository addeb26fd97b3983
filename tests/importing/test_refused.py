"""What cannot be imported, and what is left then: whole batches before it, nothing else."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

import pytest

from sourcery import EventStore, PastEvent, UnitOfWork, import_events
from sourcery.errors import EncodeError, ImportRefused, InvalidArgument
from tests.domain import Deposited, Opened
from tests.importing.support import ADA, BOB, expected, history, past, stored


def refused(store: EventStore, events: Iterable[PastEvent], batch: int = 100) -> ImportRefused:
    """The error of an import."""
    with pytest.raises(ImportRefused) as raised:
        import_events(store, events, batch=batch)
    return raised.value


@pytest.mark.parametrize("batch", [1, 100])
def test_a_gap_is_refused(store: EventStore, batch: int) -> None:
    """By the event after it, whose number in the history is named."""
    error = refused(store, [past(BOB, 1), past(ADA, 1), past(ADA, 3)], batch)
    assert (3, ADA, 3) == (error.number, error.stream, error.version)
    assert (2 if batch == 1 else 0) == len(stored(store))


def test_a_history_that_begins_above_the_stream_is_refused(store: EventStore) -> None:
    """Versions would be missing for ever."""
    import_events(store, [past(ADA, 1)])
    error = refused(store, [past(BOB, 1), past(ADA, 3)])
    assert "the stream ends at version 1" in str(error)
    assert 1 == len(stored(store))


def test_another_event_at_the_version_is_refused(store: EventStore) -> None:
    """Ids tell a repeat from somebody else's event."""
    import_events(store, history(4))
    other = [past(BOB, 2, event_id=UUID(int=99)), past(BOB, 3, event_id=UUID(int=100))]
    error = refused(store, [*list(history(3)), *other])
    assert (4, BOB, 2) == (error.number, error.stream, error.version)
    assert expected(4) == stored(store)


def test_whole_batches_before_a_refused_event_stay(store: EventStore) -> None:
    """So that the mended history goes on from there."""
    error = refused(store, [*history(5), past(BOB, 4, event_id=UUID(int=50))], batch=2)
    assert 6 == error.number
    assert expected(4) == stored(store)


def test_an_event_that_cannot_be_stored_leaves_nothing_of_its_batch(store: EventStore) -> None:
    """And is named as in a unit of work."""
    bad = PastEvent(stream=ADA, version=2, event=Deposited("much"))  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="amount"):
        import_events(store, [past(ADA, 1), bad])
    assert [] == stored(store)


def test_a_writer_between_two_batches_is_not_overwritten(store: EventStore) -> None:
    """What was appended to a stream meanwhile is another event at that version."""

    def interfere(_: object) -> None:
        with UnitOfWork(store) as uow:
            uow.append(BOB, [Opened("somebody else")], expected=0)

    with pytest.raises(ImportRefused, match="another event is stored"):
        import_events(store, [past(ADA, 1), past(BOB, 1)], batch=1, on_progress=interfere)
    assert [ADA, BOB] == [row[0] for row in stored(store)]


@pytest.mark.parametrize("version", [0, -1, True, "1"])
def test_a_version_is_a_whole_number_from_1(store: EventStore, version: object) -> None:
    """Nothing else is one."""
    bad = PastEvent(stream=ADA, version=version, event=Opened("Ada"))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="event 1"):
        import_events(store, [bad])


def test_a_naive_time_is_refused(store: EventStore) -> None:
    """It could be any of a day's."""
    with pytest.raises(InvalidArgument, match="naive"):
        import_events(store, [past(ADA, 1, recorded_at=datetime(2013, 1, 1))])  # noqa: DTZ001


def test_what_is_no_past_event_is_refused(store: EventStore) -> None:
    """The class is named."""
    with pytest.raises(InvalidArgument, match="gave a Opened"):
        import_events(store, [Opened("Ada")])  # type: ignore[list-item]


@pytest.mark.parametrize("batch", [0, True])
def test_a_batch_has_at_least_one_event(store: EventStore, batch: int) -> None:
    """Or nothing would ever be imported."""
    with pytest.raises(InvalidArgument, match="batch"):
        import_events(store, history(2), batch=batch)
