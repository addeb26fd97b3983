"""One database as the store uses it: connections, the check at start, the frontier."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from functools import partial
from threading import Event, RLock
from typing import Any
from weakref import finalize

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.orm import sessionmaker

from sourcery.dialects import Dialect, Frontier
from sourcery.dialects.place import address
from sourcery.engine import SessionMaker, let_go, open_engine, reaching_first
from sourcery.errors import StoreClosed
from sourcery.identity import (
    Identity,
    begin_generation,
    check_environment,
    check_revision,
    read_identity,
)
from sourcery.log import translated
from sourcery.reader import Reader
from sourcery.waiting import INTERVAL, LONGEST, Signal, Waiting
from sourcery.wakeups import Wakeups


class Database:
    """Opens connections with the right options; checks the database once, at first use."""

    def __init__(
        self,
        database: str | URL | Engine | sessionmaker[Any],
        environment: str | None = None,
        *,
        notify: bool = True,
        exact_clock: bool = False,
    ) -> None:
        opened = open_engine(database)
        self.engine: Engine = opened.engine
        self.make_session: SessionMaker = opened.make_session
        self._opened = opened
        self._environment = environment
        self._notify = notify
        #: Whether times are those of the program, not of the database's coarser clock.
        self._exact_clock = exact_clock
        self._dialect = opened.dialect
        self._identity: Identity | None = None
        self._frontier: Frontier | None = None
        self._wakeups: Wakeups | None = None
        self._reader = Reader()
        self._starting = RLock()
        self._closed = False
        #: Wakes those alone that wait through this object.
        self._ending = Signal()

    @property
    def dialect(self) -> Dialect:
        """The dialect for the server that answers; the first use connects and checks."""
        self._started()
        return self._dialect

    @property
    def identity(self) -> Identity:
        """The store's row as read at start."""
        return self._started()

    def start(self) -> Identity:
        """Check schema, environment and ordering once; raises a `ConfigurationError`.

        Raises `DatabaseUnavailable` when nobody answers, `LoginRefused` if somebody does, and
        `StoreClosed` as well: call it before something long.
        """
        self.refuse_closed()
        return self._started()

    def refuse_closed(self) -> None:
        """Raise `StoreClosed` after the end. What has a connection may still let go of it."""
        if self._closed:
            raise StoreClosed(address(self.engine))

    def _started(self) -> Identity:
        identity = self._identity
        if identity is None:
            with self._starting:
                identity = self._identity = self._identity or self._first_check()
        return identity

    def restart(self) -> Identity:
        """Check again: the server was restarted, or another one took over."""
        with self._starting:
            self._frontier = None
            self._identity = self._check()
            return self._identity

    def _first_check(self) -> Identity:
        with reaching_first(self.engine, self._dialect):
            return self._check()

    def _check(self) -> Identity:
        with (
            translated(self._dialect),
            self._connected(self._dialect.read_options) as connection,
        ):
            self._dialect = self._dialect.resolve(connection)
            identity = read_identity(connection)
            check_revision(identity)
            self._dialect.check(connection)
        if identity.environment != self._environment is not None:
            with (
                translated(self._dialect),
                self._connected(self._dialect.write_options) as connection,
                connection.begin(),
            ):
                check_environment(connection, identity, self._environment)
                identity = read_identity(connection)
                check_environment(connection, identity, self._environment)
        return identity

    def _connect(self, options: Mapping[str, Any]) -> Connection:
        self.refuse_closed()
        self._reader.let_go()  # nobody needs one connection more for it
        return self._opened.connect(options)

    @contextmanager
    def _connected(self, options: Mapping[str, Any]) -> Generator[Connection]:
        connection = self._connect(options)
        try:
            yield connection
        finally:
            let_go(connection)

    def writing(self) -> AbstractContextManager[Connection]:
        """A connection for one transaction, closed at the end of the block."""
        return self._connected(self.dialect.write_options)

    def singly(self) -> AbstractContextManager[Connection]:
        """One whose statements commit one by one, closed at the end of the block."""
        return self._connected(self.dialect.single_options)

    def connect_to_write(self) -> Connection:
        """A connection for one transaction, at READ COMMITTED whatever the default is."""
        return self._connect(self.dialect.write_options)

    def connect_singly(self) -> Connection:
        """A connection whose statements commit one by one, where the database can do that."""
        return self._connect(self.dialect.single_options)

    @contextmanager
    def reading(self) -> Generator[Connection]:
        """A connection that only reads; every statement sees what is committed by then."""
        dialect = self.dialect
        self.refuse_closed()
        connect = partial(self._connect, dialect.read_options)
        with translated(dialect), self._reader.reading(connect) as connection:
            yield connection

    def keeping_reader(self) -> AbstractContextManager[None]:
        """Inside, this thread reads on one connection, until it lets go of it."""
        return self._reader.kept()

    def let_go_of_reader(self) -> None:
        """Give it back to the pool: before a rest, and before whatever may take long."""
        self._reader.let_go()

    @contextmanager
    def snapshot(self) -> Generator[Connection]:
        """A connection that only reads, at one moment: that of its first statement."""
        dialect = self.dialect
        with (
            translated(dialect),
            self._connected(dialect.snapshot_options) as connection,
            connection.begin(),
        ):
            dialect.begin_snapshot(connection)
            yield connection

    def frontier(self) -> Frontier:
        """How far the logs may be read; it never falls while one server goes on.

        What is settled stays settled, though a writer may yet lock a floor that it read a
        moment ago, which is below.
        """
        with self.reading() as connection:
            found = self.dialect.frontier(connection)
        known = self._frontier
        if known and found.incarnation is not None and known.incarnation == found.incarnation:
            found = max(known, found, key=lambda frontier: frontier.settled)
        self._frontier = found
        return found

    def earliest(self, moment: datetime) -> datetime:
        """The time that may have been recorded at a moment."""
        return moment if self._exact_clock else self.dialect.clock_floor(moment)

    def last_drawn(self) -> int:
        """The last position given out: no log has a place beyond it."""
        with self.reading() as connection:
            return self.dialect.last_drawn(connection)

    def repair(self) -> None:
        """Raise the source of positions above all that were given out; begin a generation."""
        with (
            translated(self._dialect),
            self._connected(self._dialect.read_options) as connection,
        ):
            dialect = self._dialect.resolve(connection)
            check_revision(read_identity(connection))
        with (
            translated(dialect),
            self._connected(dialect.write_options) as connection,
            connection.begin(),
        ):
            dialect.begin(connection)
            dialect.repair(connection)
            begin_generation(connection)
        self.restart()

    def renamed(self) -> Identity:
        """Read the store's row again, whose id may be another: wake-ups go by it."""
        with self._starting:
            wakeups, self._wakeups = self._wakeups, None
            identity = self.restart()
        if wakeups is not None:
            wakeups.close()
        return identity

    # -- wake-ups ----------------------------------------------------------------------

    @property
    def wakeups(self) -> Wakeups:
        """Made at the first commit or wait; nothing connects before it has something to do."""
        identity = self._started()
        wakeups = self._wakeups
        if wakeups is None:
            with self._starting:
                wakeups = self._wakeups = self._wakeups or self._make_wakeups(identity.store_id)
        return wakeups

    def _make_wakeups(self, store_id: str) -> Wakeups:
        wakeups = Wakeups(
            self.engine, self._dialect, store_id, notify=self._notify and not self._closed
        )
        finalize(self, wakeups.close, patience=0.0).atexit = False
        return wakeups

    @property
    def signal(self) -> Signal:
        """Sent when anything of this store is committed by this process, or another notifies."""
        return self.wakeups.signal

    def committed(self) -> None:
        """Wake who waits, here and in other processes. Call it when COMMIT has returned."""
        self.wakeups.committed()

    def committing(self, connection: Connection, call: Callable[[], object] | None = None) -> None:
        """Wake them when the caller's transaction on this connection commits, if it does.

        Or make a call then, in a thread; it must not raise.
        """
        self.wakeups.committing(connection, call)

    def waiting(
        self, stop: Event | None = None, *, interval: float = INTERVAL, longest: float = LONGEST
    ) -> Waiting:
        """Sleeps between two looks; from its first rest until it is closed, wake-ups are heard."""
        waiting = self.wakeups.waiting(stop, interval=interval, longest=longest)
        self._ending.attach(waiting)
        return waiting

    def close(self) -> None:
        """End the wake-ups, and the connections of an engine that was made here.

        Whoever waits looks once more, and so finds out.
        """
        self._closed = True
        self._ending.send()
        if self._wakeups is not None:
            self._wakeups.close()
        self._opened.close()
