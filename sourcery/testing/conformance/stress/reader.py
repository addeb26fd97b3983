"""The reader of the stress: it pages behind a checkpoint, as every consumer does."""

from collections.abc import Callable, Iterator
from itertools import islice
from random import Random

from attrs import define, field
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore, Recorded
from sourcery.following import Follower
from sourcery.log import Query, page
from sourcery.recorded import StoredRow
from sourcery.testing.conformance.databases import BACKENDS, capabilities
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.stress.outcome import Delivery, delivery

#: Share of looks that leave a page in the middle, start anew, lose the connection.
CUT_SHORT = 0.1
RESTARTS = 0.02
DROPS = 0.03


@define
class Reader:
    """One reader whose checkpoint outlives its stores and its connections."""

    opening: Callable[[], EventStore]
    random: Random
    checkpoint: int = 0
    delivered: list[Delivery] = field(factory=list[Delivery])
    restarted: int = 0
    dropped: int = 0
    _store: EventStore = field(init=False)
    _can: frozenset[str] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._store = self.opening()
        self._can = capabilities(self._store.database.dialect)

    def look(self) -> int:
        """Read what there is by now, in one of the ways there are; how many events."""
        before = len(self.delivered)
        try:
            self._disturb()
            self.random.choice([self._read, self._page, self._subscribe, self._shards])()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.dropped += 1
        return len(self.delivered) - before

    def read_to_end(self) -> None:
        """Read on without disturbance until nothing comes any more."""
        self._store.close()
        self._store = self.opening()
        while self._read() or self._page() or self._subscribe() or self._shards():
            pass
        self._store.close()

    def _read(self) -> int:
        """By `store.read`: the last position read is the checkpoint."""
        limit = self.random.choice([None, 7])
        return self._take(self._store.read(events=Happened, after=self.checkpoint, limit=limit))

    def _subscribe(self) -> int:
        """By `store.subscribe`: it goes on by itself when it loses its connection."""
        subscription = self._store.subscribe(events=Happened, after=self.checkpoint, timeout=0)
        taken = self._take(islice(subscription, self.random.choice([20, 100])))
        if self.random.random() < DROPS:
            self._drop_connection()
        taken += self._take(islice(subscription, self.random.choice([20, 100])))
        self.checkpoint = max(self.checkpoint, subscription.position)
        return taken

    def _take(self, events: Iterator[Recorded[Happened]]) -> int:
        """Keep what is given until something cuts it short."""
        before = len(self.delivered)
        for recorded in events:
            place = (recorded.stream.category, recorded.stream.id)
            event_id = str(recorded.event_id)
            self.delivered.append(Delivery(recorded.position, place, recorded.version, event_id))
            self.checkpoint = recorded.position
            if self.random.random() < CUT_SHORT / 10:
                break
        return len(self.delivered) - before

    def _shards(self) -> int:
        """As the workers of a few shards that all stop at one position."""
        count = self.random.choice([2, 3, 5])
        hold_at = self._store.settled()
        rows = [row for index in range(count) for row in self._shard((index, count), hold_at)]
        self.delivered += map(delivery, rows)
        self.checkpoint = max(self.checkpoint, hold_at)
        return len(rows)

    def _shard(self, shard: tuple[int, int], hold_at: int) -> Iterator[StoredRow]:
        query = Query(kinds=("ordering.happened",), shard=shard)
        follower = Follower(self._store.database, query, self.checkpoint, size=20, durable=True)
        while follower.position < hold_at:
            page = follower.look(upto=hold_at)
            yield from page.rows
            follower.advance(page.upto)

    def _page(self, size: int = 20) -> int:
        """As a worker: a page that is not full moves the checkpoint to the settled position."""
        database = self._store.database
        frontier = database.frontier()
        with database.reading() as connection:
            rows = page(
                connection,
                database.dialect,
                Query(kinds=("ordering.happened",)),
                above=self.checkpoint,
                upto=frontier.settled,
                limit=size,
                frontier=frontier,
            )
        if rows and self.random.random() < CUT_SHORT:
            rows = rows[:1]
        elif len(rows) < size:
            self.checkpoint = max(self.checkpoint, frontier.settled)
        self.delivered += map(delivery, rows)
        self.checkpoint = max(self.checkpoint, *(row[0] for row in rows[-1:]), 0)
        return len(rows)

    def _disturb(self) -> None:
        if self.random.random() < RESTARTS or (self.delivered and not self.restarted):
            self._store.close()
            self._store = self.opening()
            self.restarted += 1
        forced = self.restarted and not self.dropped and BACKENDS in self._can
        if forced or self.random.random() < DROPS:
            self._drop_connection()

    def _drop_connection(self) -> None:
        """End our own connection from another one; its next use finds that out."""
        database = self._store.database
        with database.reading() as other:
            with database.reading() as ours:
                backend = database.dialect.backend(ours)
            if backend is not None:
                database.dialect.end_backend(other, backend)
