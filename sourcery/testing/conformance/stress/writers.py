"""The writers of the stress: units of work of every kind, at random."""

import time
from collections.abc import Callable
from random import Random
from typing import Any

from attrs import define
from sqlalchemy import Column, Connection, Integer, MetaData, Table
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sourcery import EventStore, Stream, UnitOfWork
from sourcery.errors import Retryable
from sourcery.testing.conformance.happened import Happened

#: Share of transactions that roll back.
ROLLBACKS = 0.15
#: Share of joined transactions that append, roll back to a savepoint, and append again.
SAVEPOINTS = 0.3
#: Share of joined transactions that go on with a second unit of work.
SECOND_UNITS = 0.1

#: A table of the application's own, written before and after events.
work: Any = Table(
    "stress_work", MetaData(), Column("id", Integer, primary_key=True), Column("n", Integer)
)


class RolledBack(Exception):
    """Raised in a transaction to undo it."""


@define
class Writer:
    """One thread that writes."""

    store: EventStore
    random: Random
    #: Number of streams to choose from.
    streams: int
    committed: int = 0
    rolled_back: int = 0
    retried: int = 0

    def write(self, least: int, most: int, deadline: float) -> None:
        """Run transactions until the deadline, at least and at most so many."""
        kinds = [self._own, self._own, self._on_connection, self._on_session]
        for done in range(most):
            if done >= least and time.monotonic() > deadline:
                return
            self._count(self.random.choice(kinds))

    def _count(self, transaction: Callable[[], None]) -> None:
        try:
            transaction()
            self.committed += 1
        except RolledBack:
            self.rolled_back += 1
        except Retryable:
            self.retried += 1
        except DBAPIError as error:  # the same from a statement that is not ours
            if not self.store.database.dialect.restarts(error):
                raise
            self.retried += 1

    def _own(self) -> None:
        with UnitOfWork(self.store) as uow:
            if self._chance(0.5):
                self._work(uow.session)
            self._fill(uow)
            self._maybe_roll_back()

    def _on_connection(self) -> None:
        with self.store.database.connect_to_write() as connection, connection.begin():
            self._joined(connection)

    def _on_session(self) -> None:
        with Session(self.store.database.engine) as session, session.begin():
            self._joined(session)

    def _joined(self, owner: Session | Connection) -> None:
        self._work(owner)
        if self._chance(SAVEPOINTS):
            savepoint = owner.begin_nested()
            self._unit(owner)
            savepoint.rollback()
        self._unit(owner)
        if self._chance(SECOND_UNITS):
            self._unit(owner)
        self._work(owner)
        self._maybe_roll_back()

    def _unit(self, owner: Session | Connection) -> None:
        with UnitOfWork(self.store, session=owner) as uow:
            self._fill(uow)

    def _fill(self, uow: UnitOfWork) -> None:
        """Append 1 to 5 events to 1 to 3 streams, and now and then messages."""
        streams = self.random.sample(range(self.streams), self.random.randint(1, 3))
        for _ in range(self.random.randint(1, 5)):
            stream = Stream("stress", self.random.choice(streams))
            uow.append(stream, [Happened(self.random.randrange(1000))])
        for _ in range(self.random.choice([0, 0, 1, 2])):
            uow.publish("stress", key=streams[0], payload={"n": 1})

    def _work(self, owner: Session | Connection) -> None:
        for _ in range(self.random.randint(0, 3)):
            owner.execute(work.insert().values(n=1))

    def _maybe_roll_back(self) -> None:
        if self._chance(ROLLBACKS):
            raise RolledBack

    def _chance(self, share: float) -> bool:
        return self.random.random() < share
