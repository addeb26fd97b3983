"""A history, and what is stored of it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

from sourcery import EventStore, Metadata, PastEvent, Recorded, Stream
from tests.domain import AccountEvent, Deposited, Opened

ADA, BOB = Stream("account", "ada"), Stream("account", "bob")
BEGAN = datetime(2013, 2, 4, 5, 6, 7, 890123, UTC)


def past(stream: Stream, version: int, **facts: object) -> PastEvent:
    """An event that says by its amount where it belongs."""
    event = Opened(stream.id) if version == 1 else Deposited(version)
    return PastEvent(stream=stream, version=version, event=event, **facts)  # type: ignore[arg-type]


def history(events: int) -> Iterator[PastEvent]:
    """Two streams in turns, with everything of their own."""
    for number in range(events):
        yield past(
            (ADA, BOB)[number % 2],
            number // 2 + 1,
            event_id=UUID(int=number + 1),
            metadata=Metadata(actor=f"actor {number}"),
            recorded_at=BEGAN + timedelta(seconds=number),
        )


def facts(recorded: Recorded[AccountEvent]) -> tuple[object, ...]:
    """What has to be kept of an event."""
    envelope = (recorded.event_id, recorded.metadata, recorded.recorded_at)
    return (recorded.stream, recorded.version, recorded.event, *envelope)


def stored(store: EventStore) -> list[tuple[object, ...]]:
    """All that is stored, in the order of positions."""
    return [facts(recorded) for recorded in store.read(events=AccountEvent)]


def expected(events: int) -> list[tuple[object, ...]]:
    """What must be stored of the history."""
    return [
        (p.stream, p.version, p.event, p.event_id, p.metadata, p.recorded_at)
        for p in history(events)
    ]
