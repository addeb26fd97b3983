"""A second ear at the server, and what is left of threads and connections."""

import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy import create_engine, text

from sourcery import EventStore
from sourcery.waiting import Waiting
from tests.databases import Database
from tests.ordering.support import DEADLINE, wait_until

#: An interval that no test waits for: what ends a rest before is a wake-up.
NEVER = 600.0
#: Seconds in which a wake-up that must not come would have come.
QUIET = 0.1


def channel_of(store: EventStore) -> str:
    """Where the store's notices go."""
    return f"sourcery_{store.database.identity.store_id.replace('-', '')}"


class Ear:
    """A connection that listens to stores, and another one that notifies."""

    def __init__(self, database: Database, *stores: EventStore) -> None:
        address = database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        self._connection = psycopg.connect(address, autocommit=True)
        self._other = psycopg.connect(address, autocommit=True)
        for channel in ("done", *map(channel_of, stores)):
            self._connection.execute(f'listen "{channel}"')
        self._connection.execute("select 'ear'")  # not to be taken for a listener of ours
        self._received: deque[str] = deque()

    def heard(self) -> list[str]:
        """Wait until all that was sent by now is here; the channels, in order."""
        self.send("done")
        heard: list[str] = []
        while (channel := self.next()) != "done":
            heard.append(channel)
        return heard

    def next(self) -> str:
        """Wait for one notice."""
        if not self._received:
            notices = self._connection.notifies(timeout=DEADLINE, stop_after=1)
            self._received += [notice.channel for notice in notices]
        assert self._received, "no notice came"
        return self._received.popleft()

    def send(self, channel: str) -> None:
        """Notify, as another process would."""
        self._other.execute("select pg_notify(%s, 'test')", (channel,))

    def close(self) -> None:
        """End the connections."""
        self._connection.close()
        self._other.close()


@contextmanager
def listening_to(database: Database, *stores: EventStore) -> Iterator[Ear]:
    """Listen inside the block."""
    ear = Ear(database, *stores)
    try:
        yield ear
    finally:
        ear.close()


def rested(waiting: Waiting, at_most: float = DEADLINE) -> float:
    """Rest; for how many seconds."""
    begun = time.monotonic()
    waiting.rest(at_most)
    return time.monotonic() - begun


def is_woken(waiting: Waiting) -> bool:
    """Whether a wake-up comes, or came since the mark; patient."""
    return rested(waiting) < DEADLINE


def is_left_alone(waiting: Waiting) -> bool:
    """Whether none came since the mark, nor does for a moment."""
    return rested(waiting, QUIET) >= QUIET


def threads() -> list[str]:
    """Names of our threads that run."""
    return sorted(t.name for t in threading.enumerate() if t.name.startswith("sourcery-"))


def backends(database: Database, what: str) -> list[int]:
    """Process ids of the database's connections whose last statement begins like this."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        query = text(
            "select pid from pg_stat_activity where datname = current_database() "
            "and pid <> pg_backend_pid() and state = 'idle' and query ilike :what"
        )
        found = list(connection.execute(query, {"what": f"{what}%"}).scalars())
    engine.dispose()
    return found


def terminate(database: Database, pid: int) -> None:
    """End a connection at the server; returns when it is gone."""
    engine = create_engine(database.url)
    with engine.connect() as connection:
        connection.execute(text("select pg_terminate_backend(:pid, 5000)"), {"pid": pid})
    engine.dispose()


NOTIFIER = "select set_config('synchronous_commit'"
LISTENER = 'listen "sourcery'

__all__ = [
    "LISTENER",
    "NEVER",
    "NOTIFIER",
    "QUIET",
    "Ear",
    "backends",
    "channel_of",
    "is_left_alone",
    "is_woken",
    "listening_to",
    "rested",
    "terminate",
    "threads",
    "wait_until",
]
