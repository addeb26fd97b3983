"""What a reader was given, held against what the tables contain in the end."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from attrs import frozen
from sqlalchemy import Connection, select

from sourcery import schema
from sourcery.dialects.statements import Statement

_events = schema.events.c
_COLUMNS = ("position", "category", "stream_id", "version", "event_id")
_STORED = Statement(select(*(_events[name] for name in _COLUMNS)).order_by(_events.position))


class Delivery(NamedTuple):
    """One event as it was stored or delivered."""

    position: int
    stream: tuple[str, str]
    version: int
    event_id: str


def delivery(row: Sequence[Any]) -> Delivery:
    """Take the first five columns of a stored event."""
    position, category, stream_id, version, event_id = row[:5]
    return Delivery(position, (category, stream_id), version, str(event_id))


@frozen(kw_only=True)
class Outcome:
    """The faults of one run, and how much happened in it."""

    #: Events in the tables.
    stored: int
    #: Stored, and never delivered.
    lost: int
    #: Deliveries beyond the first of an event.
    doubled: int
    #: Delivered, and not in the tables.
    invented: int
    #: Deliveries that came after a later version of their stream.
    inverted: int
    #: Streams whose versions are not 1 to n, or not in the order of positions.
    broken_streams: int
    #: Transactions committed, rolled back, and given up because the database asked for it.
    committed: int = 0
    rolled_back: int = 0
    retried: int = 0
    #: How often the reader was started anew, and lost its connection.
    restarted: int = 0
    dropped: int = 0

    @property
    def faults(self) -> dict[str, int]:
        """Every kind of fault that occurred; empty when all went well."""
        names = ("lost", "doubled", "invented", "inverted", "broken_streams")
        return {name: count for name in names if (count := getattr(self, name))}


def compare(delivered: Sequence[Delivery], stored: Sequence[Delivery], **counts: int) -> Outcome:
    """Count the faults. Both are in the order in which they came."""
    times = Counter(each.event_id for each in delivered)
    ids = {each.event_id for each in stored}
    return Outcome(
        stored=len(stored),
        lost=len(ids - times.keys()),
        doubled=times.total() - len(times),
        invented=len(times.keys() - ids),
        inverted=sum(_steps_back(versions) for versions in _by_stream(delivered)),
        broken_streams=sum(
            versions != list(range(1, len(versions) + 1)) for versions in _by_stream(stored)
        ),
        **counts,
    )


def _steps_back(versions: Iterable[int]) -> int:
    return sum(later <= earlier for earlier, later in pairwise(versions))


def _by_stream(events: Iterable[Delivery]) -> Iterable[list[int]]:
    streams: defaultdict[tuple[str, str], list[int]] = defaultdict(list)
    for event in events:
        streams[event.stream].append(event.version)
    return streams.values()


def stored_in(connection: Connection) -> list[Delivery]:
    """Give every event of the tables in the order of positions, past all our readers."""
    return [delivery(row) for row in _STORED.run(connection, {}).all()]
