"""The reader of the stress: it pages behind a checkpoint, as every consumer does."""

from collections.abc import Callable
from random import Random

from attrs import define, field
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from sourcery import EventStore
from sourcery.log import Query, page
from tests.ordering.happened import Happened
from tests.ordering.outcome import Delivery, delivery

#: Share of looks that leave a page in the middle, start anew, lose the connection.
CUT_SHORT = 0.1
RESTARTS = 0.02
DROPS = 0.03

#: How a connection asks for its number, and how another one ends it.
_BACKENDS = {
    "postgresql": ("select pg_backend_pid()", "select pg_terminate_backend(:number)"),
    "mysql": ("select connection_id()", "kill :number"),
    "mariadb": ("select connection_id()", "kill :number"),
}


@define
class Reader:
    """One reader whose checkpoint outlives its stores and its connections."""

    opening: Callable[[], EventStore]
    random: Random
    checkpoint: int = 0
    delivered: list[Delivery] = field(factory=list)
    restarted: int = 0
    dropped: int = 0
    _store: EventStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._store = self.opening()

    def look(self) -> int:
        """Read what there is by now, in one of the ways there are; how many events."""
        before = len(self.delivered)
        try:
            self._disturb()
            self.random.choice([self._read, self._page])()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.dropped += 1
        return len(self.delivered) - before

    def read_to_end(self) -> None:
        """Read on without disturbance until nothing comes any more."""
        self._store.close()
        self._store = self.opening()
        while self._read() or self._page():
            pass
        self._store.close()

    def _read(self) -> int:
        """By `store.read`: the last position read is the checkpoint."""
        before = len(self.delivered)
        limit = self.random.choice([None, 7])
        for recorded in self._store.read(events=Happened, after=self.checkpoint, limit=limit):
            place = (recorded.stream.category, recorded.stream.id)
            event_id = str(recorded.event_id)
            self.delivered.append(Delivery(recorded.position, place, recorded.version, event_id))
            self.checkpoint = recorded.position
            if self.random.random() < CUT_SHORT / 10:
                break
        return len(self.delivered) - before

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
        if self.random.random() < RESTARTS:
            self._store.close()
            self._store = self.opening()
            self.restarted += 1
        if self.random.random() < DROPS:
            self._drop_connection()

    def _drop_connection(self) -> None:
        """End our own connection from another one; its next use finds that out."""
        engine = self._store.database.engine
        if engine.dialect.name not in _BACKENDS:
            return
        ask, kill = _BACKENDS[engine.dialect.name]
        with self._store.database.reading() as other:
            with self._store.database.reading() as ours:
                number = ours.execute(text(ask)).scalar_one()
            other.execute(text(kill.replace(":number", str(number))))
