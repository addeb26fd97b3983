"""What a process does: commands of three kinds, a subscriber, a relay, a read model.

It does all of it from the beginning whenever it starts. What was done before must show.
"""

import os
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from attrs import define, frozen
from sqlalchemy import insert

from sourcery import (
    Aggregate,
    Consumer,
    ErrorPolicy,
    EventStore,
    Recorded,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    accepting,
    every,
    transact,
)
from sourcery.errors import MessageTooOld
from tests.domain import Deposited, append
from tests.faults.model import BUSY, CALM, Applied, Model, Moved
from tests.kills.points import Points, Sending
from tests.read_models.support import first, second
from tests.relay.ledger import FilePublisher
from tests.relay.support import TOPIC

#: The stream of this category begins with an event that no handler can handle.
SOUR: Final = "sour"
POISON: Final = -1
#: Commands of a round: the kinds in turn.
COMMANDS: Final = 6
#: With `SOURCERY_KILLS` every occurrence is one to die at, and recovery dies more than once.
THOROUGH: Final = "SOURCERY_KILLS" in os.environ
#: Which time a process that recovers from a kill dies, one process after the other.
AGAIN: Final = (1, 1, 2, 3) if THOROUGH else (1,)
#: A death costs what was in hand an attempt, and so does a lease lost on a busy machine.
RETRIES: Final = len(AGAIN) + 3
#: Events or messages of a page.
PAGE: Final = 4
#: Consumer of the inbox, and the subscriber.
INBOX, SUBSCRIBER = "inbox", "balances"
PARK: Final = ErrorPolicy("park", retries=RETRIES, wait=0.001, longest_wait=0.001)
DEADLINE: Final = 60.0


@define
class Ledger(Aggregate[Moved], category=CALM, snapshot=every(1)):
    """Knows the last command that it carried out."""

    last: int = 0

    def move(self, number: int) -> bool:
        """Whether the command is new."""
        is_new = number > self.last
        if is_new:
            self.record(Moved(number))
        return is_new

    def apply(self, event: Moved) -> None:
        """Evolve."""
        self.last = event.amount


@frozen
class Work:
    """One round of it, on streams and keys of its own."""

    store: EventStore
    points: Points
    #: Names the round.
    name: str
    path: str
    lease: float
    #: When the messages of the round were sent, by the clock of the broker.
    sent_at: datetime

    # -- commands ----------------------------------------------------------------------

    def write(self) -> None:
        """Carry out all commands."""
        receive = accepting(self.store, consumer=INBOX)(self._receive)
        for number in range(1, COMMANDS + 1):
            kind = number % 3
            if kind == 1:
                transact(self.store, partial(self._move, number))
            elif kind == 2:
                self._append(number)
            else:
                with suppress(MessageTooOld):  # it was accepted, and then forgotten
                    receive(f"{self.name}-{number}", number, sent_at=self.sent_at)

    def _move(self, number: int, uow: UnitOfWork) -> None:
        """The aggregate knows whether it was done. One message of each is bad."""
        if uow.get_or_create(Ledger, f"a-{self.name}").move(number):
            self._beside(uow, number)
            uow.publish(TOPIC, key=f"bad-{self.name}", payload={"n": -number})

    def _append(self, number: int) -> None:
        """The ids of the events tell; each also makes a stream longer that begins with poison."""
        with UnitOfWork(self.store) as uow:
            before = (number - 2) // 3
            for category, amount in ((BUSY, number), (SOUR, POISON if number == 2 else number)):
                stream = Stream(category, f"b-{self.name}")
                id = uuid5(NAMESPACE_OID, f"{stream.path} {number}")
                uow.append(stream, [Moved(amount)], expected=before, event_ids=[id])
            self._beside(uow, number)

    def _receive(self, uow: UnitOfWork, number: int) -> None:
        """Nothing here tells, but the inbox."""
        uow.append(Stream(BUSY, f"c-{self.name}"), [Moved(number)])
        self._beside(uow, number)

    def _beside(self, uow: UnitOfWork, number: int) -> None:
        """A message, and a row of the application's own."""
        uow.publish(TOPIC, key=self.name, payload={"n": number})
        row = insert(Applied).values(consumer="inline", event_id=f"{self.name}-{number}")
        uow.session.execute(row)

    # -- consumers ---------------------------------------------------------------------

    def handle(self) -> None:
        """The subscriber, a process manager that also sends."""
        self.drain(
            Subscriber(
                self.store,
                SUBSCRIBER,
                self.points.handler(self._handle),
                events=Moved,
                page=PAGE,
                lease=self.lease,
                on_error=PARK,
            ),
            SUBSCRIBER,
        )

    def _handle(self, uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        amount = recorded.event.amount
        if amount == POISON:
            raise ValueError("nobody can handle this")
        Model(SUBSCRIBER, once=False).manager(uow, recorded)
        uow.publish(TOPIC, key=recorded.stream.id, payload={"n": amount})

    def send(self) -> None:
        """The relay; the broker is a file, which does not take negative numbers."""
        bad = [-number for number in range(1, COMMANDS + 1)]
        publisher = FilePublisher(self.path, self.lease / 2, bad)
        relay = Relay(
            self.store,
            Sending(publisher, self.points),
            topics=[TOPIC],
            page=PAGE,
            lease=self.lease,
            on_error=PARK,
        )
        with self.points.during("send"):
            self.drain(relay, f"relay:{TOPIC}")

    def drain(self, worker: Any, name: str) -> None:
        """A killed process may keep its floor for a moment more: what is above comes then."""
        last = self.store.database.last_drawn()
        worker.drain(DEADLINE)
        while Consumer(self.store, name).health().position < last:
            worker.drain(DEADLINE)

    # -- a read model ------------------------------------------------------------------

    def switch(self) -> None:
        """Build the version that does not serve, from events of this round too, and switch."""
        number = int(self.name.rpartition("-")[2])
        account, ids = Stream("account", self.name), [uuid5(NAMESPACE_OID, self.name)]
        append(self.store, account, [Deposited(number + 1)], expected=0, event_ids=ids)
        model = (first, second)[number % 2](self.store, page=2, lease=self.lease)
        with self.points.during("build"):
            model.build(DEADLINE)
        model.switch(DEADLINE)
