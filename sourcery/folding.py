"""Folding a projection along the log: from its snapshot if there is one, behind the frontier.

The same fold serves a state on demand and one that is kept live.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Final, Generic, TypeVar

from attrs import define, field

from sourcery.codec import Decoder
from sourcery.database import Database
from sourcery.following import Follower, Page
from sourcery.log import PAGE, Query, page
from sourcery.offering import Candidate, Offer, offer, prepare
from sourcery.policy import Facts
from sourcery.projecting import begin, fold, resume
from sourcery.projection import Projection, projection_type
from sourcery.recorded import Recorded, StoredRow, as_uuid
from sourcery.snapshots import Keeper, Slot, Snapshot
from sourcery.stream import StreamId

P = TypeVar("P", bound=Projection[Any])

_POSITION, _EVENT_ID = 0, 4
_ANY: Final = Query()


def query_of(cls: type[Projection[Any]], id: str, decoder: Decoder) -> Query:
    """The events that an instance of a projection is folded from, as far as SQL can tell."""
    declared = projection_type(cls)
    return Query(
        kinds=tuple(sorted(decoder.kinds)),
        categories=declared.categories,
        stream_id=id if declared.per_stream else None,
    )


@define(eq=False)
class Fold(Generic[P]):
    """One instance of a projection on its way along the log. For one thread."""

    database: Database
    keeper: Keeper
    decoder: Decoder
    slot: Slot | None
    state: P
    follower: Follower
    #: The row in hand, for the error.
    row: StoredRow | None = None
    #: Stored events folded since the last stored snapshot, and the last one.
    since: int = 0
    last: StoredRow | None = None
    _classes: set[type[Any]] = field(factory=set[type[Any]])
    _began: float = field(factory=time.monotonic)
    #: A stored snapshot that is of no use.
    useless: Snapshot | None = None

    @property
    def position(self) -> int:
        """Everything at or below it is folded in."""
        return self.state.position

    def take(self, page: Page, *, in_place: bool) -> list[Recorded[Any]]:
        """Fold a page; the events that concerned the state. `in_place`: nobody else holds it."""
        events = self._events(page)
        self.state, applied = fold(self.state, events, page.upto, in_place=in_place)
        self.follower.advance(page.upto, page.rows[-1] if page.rows else None)
        self.since += len(page.rows)
        self.last = page.rows[-1] if page.rows else self.last
        return applied

    def _events(self, page: Page) -> Iterator[Recorded[Any]]:
        for self.row in page.rows:
            for recorded in self.decoder.decode(self.row):
                self._classes.add(recorded.event.__class__)
                yield recorded
        self.row = None

    def offer(self, *, asked: bool = False) -> int:
        """Store a snapshot if one is due; how many were. A failure is logged, never raised."""
        return offer(self.database, self.keeper, self.due(asked=asked))

    def due(self, *, asked: bool = False) -> list[Offer]:
        """The snapshot that is due, if one is, to be offered when no transaction is open."""
        if self.slot is None or self.last is None:
            return []
        offers = prepare(self.keeper, [self._candidate(self.slot, self.last, asked=asked)])
        if any(one.snapshot for one in offers):
            self.since, self._began = 0, time.monotonic()
            self._classes.clear()
        self.useless = None
        return offers

    def _candidate(self, slot: Slot, last: StoredRow, *, asked: bool) -> Candidate:
        seconds = time.monotonic() - self._began
        return Candidate(
            slot=slot,
            id=self.state.id,
            state=self.state,
            version=last[_POSITION],
            last_event_id=as_uuid(last[_EVENT_ID]),
            facts=Facts(since=self.since, seconds=seconds, classes=frozenset(self._classes)),
            asked=asked,
            useless=self.useless,
        )


def begin_fold(
    database: Database,
    keeper: Keeper,
    decoder: Decoder,
    cls: type[P],
    id: StreamId = "",
    *,
    size: int = PAGE,
    upto: int | None = None,
    snapshots: bool = True,
) -> Fold[P]:
    """A fold at the snapshot of an instance, if one is usable, else at the origin.

    Not at one beyond `upto`. Raises `DefinitionError` and `InvalidArgument`.
    """
    state, slot = begin(cls, id), keeper.slot(cls)
    query = query_of(cls, state.id, decoder)
    found, useless = None, None
    if slot is not None and snapshots:
        found, useless = _find(database, keeper, slot, state.id)
    if found is not None and (upto is None or found[1][_POSITION] <= upto):
        state, row = found
        follower = Follower(database, query, row[_POSITION], size=size)
        follower.advance(row[_POSITION], row)
        return Fold(database, keeper, decoder, slot, state, follower, last=row)
    follower = Follower(database, query, 0, size=size)
    return Fold(database, keeper, decoder, slot, state, follower, useless=useless)


def _find(
    database: Database, keeper: Keeper, slot: Slot, id: str
) -> tuple[tuple[Any, StoredRow] | None, Snapshot | None]:
    """The state of a snapshot with its last event; or a snapshot that is of no use."""
    with database.reading() as connection:
        usable, useless = keeper.find(connection, database.dialect, slot, id)
        if usable is None:
            return None, useless
        snapshot = usable.snapshot
        # settled when it was taken, so it is committed, whatever the frontier says just now
        last = snapshot.version
        rows = page(connection, database.dialect, _ANY, above=last - 1, upto=last, limit=1)
    if not rows or as_uuid(rows[0][_EVENT_ID]) != snapshot.last_event_id:
        keeper.complain(snapshot.key, "has a snapshot whose last event is not in the log")
        return None, snapshot
    resume(usable.state, id, last)
    return (usable.state, rows[0]), None


def fold_to_end(folding: Fold[P], upto: int | None = None) -> P:
    """Fold all that is settled now, at or below `upto`."""
    while True:
        page = folding.follower.look(upto=upto)
        folding.take(page, in_place=True)
        if not page.full:
            return folding.state
