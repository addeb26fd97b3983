"""A process that writes in every way there is, without end."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from random import Random
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid4, uuid5

from attrs import define, field, frozen
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sourcery import Consumer, EventStore, Stream, UnitOfWork, accepting, transact
from sourcery.errors import CommitUnknown, Retryable, VersionConflict
from tests.faults.load import is_servers
from tests.faults.model import Moved
from tests.soak.shop import PAID, TICK, Entry, Purse, open_shop

Say = Callable[[str], None]
PURSES: Final = 8
#: Messages of a broker a second; each comes several times, to whichever writer.
MESSAGES: Final = 5
#: Seconds until a read model must have what was written, whatever is done to its workers.
PATIENCE: Final = 60.0


@frozen(kw_only=True)
class Spec:
    """What a process is to do."""

    url: str
    topic: str
    number: int
    #: When the run began; `time.time()`.
    began: float
    #: Mean seconds between two transactions.
    pause: float


class _RolledBack(Exception):
    """Undoes a unit of work."""


def live(spec: Spec, say: Say) -> None:
    """Work until SIGTERM."""
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    with open_shop(spec.url) as store:
        writer = Writer(store, spec)
        say("working")
        while not stop.wait(writer.random.expovariate(1 / spec.pause)):
            say(writer.write())


@define(eq=False)
class Writer:
    """One kind of work after another, by chance."""

    store: EventStore
    spec: Spec
    #: Never the same work as the process before it that was killed.
    random: Random = field(factory=Random)
    #: Version before, and ids, of an append whose fate is not known.
    _unsent: tuple[int, list[UUID]] | None = None

    def write(self) -> str:
        """Do one; what was done, or the class of what prevented it."""
        work = self.random.choice(
            [self.move, self.move, self.transfer, self.join, self.undo, self.tick, self.accept]
        )
        try:
            work()
        except (Retryable, CommitUnknown) as error:
            return type(error).__name__
        except DBAPIError as error:
            if not (error.connection_invalidated or is_servers(error)):
                raise
            return type(error).__name__
        return work.__name__

    def move(self) -> None:
        """A command on one purse, tried again when others were first; and read by its token."""
        done = transact(self.store, lambda uow: self._move(uow, self._purse(), self._amount()))
        if self.random.random() < 0.1:
            Consumer(self.store, "balances").wait_for(done.token, timeout=PATIENCE)

    def transfer(self) -> None:
        """Two purses in one unit of work."""
        amount = self._amount()

        def both(uow: UnitOfWork) -> None:
            for purse, sign in zip(self.random.sample(range(PURSES), 2), (1, -1), strict=True):
                self._move(uow, f"p{purse}", sign * amount)

        transact(self.store, both)

    def join(self) -> None:
        """In a session of the caller's, after a savepoint that is undone."""
        with Session(self.store.engine) as session:
            savepoint = session.begin_nested()
            with UnitOfWork(self.store, session=session) as uow:
                self._move(uow, self._purse(), 1_000_000)
            savepoint.rollback()
            with UnitOfWork(self.store, session=session) as uow:
                self._move(uow, self._purse(), self._amount())
            session.commit()

    def undo(self) -> None:
        """Everything, at the last moment."""
        with suppress(_RolledBack), UnitOfWork(self.store) as uow:
            self._move(uow, self._purse(), 1_000_000)
            uow.session.flush()
            raise _RolledBack

    def tick(self) -> None:
        """An append that is sent again until it is known to be there, and then once more."""
        stream = Stream(TICK, self.spec.number)
        if self._unsent is None:
            version = sum(1 for _ in self.store.read(stream, unsettled=True))
            self._unsent = version, [uuid4(), uuid4()]
        version, ids = self._unsent
        try:
            for _ in range(2):
                with UnitOfWork(self.store) as uow:
                    events = [Moved(1), Moved(2)]
                    uow.append(stream, events, expected=version, event_ids=ids)
        except VersionConflict:  # what the process before this one sent has come after all
            self._unsent = None
            raise
        self._unsent = None

    def accept(self) -> None:
        """A message that others are given as well, and this one again."""
        now = int((time.time() - self.spec.began) * MESSAGES)
        number = max(0, now - self.random.randrange(10))
        paid = accepting(self.store, consumer="payments")(_paid)
        paid(uuid5(NAMESPACE_OID, f"message {number}"), number)

    def _move(self, uow: UnitOfWork, id: str, amount: int) -> None:
        purse = uow.get_or_create(Purse, id)
        purse.move(amount)
        uow.publish(self.spec.topic, key=id, payload={"n": purse.moves})
        uow.session.add(Entry(purse=id, version=purse.moves, amount=amount))

    def _purse(self) -> str:
        return f"p{self.random.randrange(PURSES)}"

    def _amount(self) -> int:
        return self.random.randrange(1, 1000)


def _paid(uow: UnitOfWork, number: int) -> None:
    """What a message asks for. A second time would be a second version."""
    uow.append(Stream(PAID, number), [Moved(number)])
