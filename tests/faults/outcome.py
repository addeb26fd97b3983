"""Read models held against a fold of the log."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import Any

from attrs import define, frozen
from sqlalchemy import Connection, select

from sourcery import EventStore
from tests.faults.model import Applied, Mirrored, Moved, Total


@define
class Stream:
    """One stream, folded."""

    total: int = 0
    last: int = 0
    gaps: int = 0


@frozen(kw_only=True)
class Outcome:
    """What is wrong with one consumer's read model; nothing, when all is well."""

    #: Events in the log, and those that the model never saw.
    events: int
    lost: int
    #: Rows beyond the first of an event.
    doubled: int
    #: Streams whose sum, last version or order is another than the log's.
    wrong_streams: int
    #: Streams of a process manager that are no copies, event by event.
    wrong_mirrors: int

    @property
    def faults(self) -> dict[str, int]:
        """Every kind of fault that occurred."""
        names = ("lost", "doubled", "wrong_streams", "wrong_mirrors")
        return {name: count for name in names if (count := getattr(self, name))}


def outcome_of(
    store: EventStore, consumer: str, categories: Sequence[str], *, mirrors: bool = False
) -> Outcome:
    """Compare a consumer's read model with all of the log that it reads."""
    ids: set[str] = set()
    folded: defaultdict[str, Stream] = defaultdict(Stream)
    moved: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for recorded in store.read(events=Moved, categories=categories):
        stream = folded[recorded.stream.path]
        stream.total += recorded.event.amount
        stream.last = recorded.version
        ids.add(str(recorded.event_id))
        moved[recorded.stream.id].append((recorded.event.amount, str(recorded.event_id)))
    with store.engine.connect() as connection:
        times = _times(connection, consumer)
        totals = _totals(connection, consumer)
    assert times.keys() <= ids, "the read model has events that the log has not"
    streams = folded.keys() | totals.keys()
    return Outcome(
        events=len(ids),
        lost=len(ids - times.keys()),
        doubled=times.total() - len(times),
        wrong_streams=sum(folded.get(id) != totals.get(id) for id in streams),
        wrong_mirrors=_differing(moved, _mirrored(store)) if mirrors else 0,
    )


def _times(connection: Connection, consumer: str) -> Counter[str]:
    rows = select(Applied.event_id).where(Applied.consumer == consumer)
    return Counter(connection.scalars(rows))


def _totals(connection: Connection, consumer: str) -> dict[str, Stream]:
    rows = select(Total.stream, Total.total, Total.last, Total.gaps)
    found = connection.execute(rows.where(Total.consumer == consumer))
    return {stream: Stream(total, last, gaps) for stream, total, last, gaps in found}


def _mirrored(store: EventStore) -> dict[str, list[tuple[int, str]]]:
    """Amounts and causes of what the process manager appended, by stream."""
    found: defaultdict[str, list[tuple[int, str]]] = defaultdict(list)
    for recorded in store.read(events=Mirrored):
        cause = recorded.metadata.causation_id or ""
        found[recorded.stream.id].append((recorded.event.amount, cause))
    return found


def _differing(one: dict[str, Any], other: dict[str, Any]) -> int:
    return sum(one.get(key) != other.get(key) for key in one.keys() | other.keys())
