"""What is done over a connection that breaks: as an application does it, and what must be there.

Each works on streams, keys and consumers of its own name.
"""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

from attrs import frozen
from sqlalchemy import func, insert, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sourcery import (
    Consumer,
    EventStore,
    LiveProjection,
    Recorded,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    accepting,
    execute,
    serving_model,
    transact,
)
from sourcery.errors import CommitUnknown, Retryable
from sourcery.schema import outbox
from tests.connections.projections import Deposits
from tests.domain import Account, Deposit, Deposited, append, history
from tests.faults.model import BUSY, Applied, Model, Moved
from tests.read_models.support import first, held, second
from tests.relay.ledger import FilePublisher, Ledger
from tests.relay.support import publish

#: Times that an application tries what an error tells it to try again.
TRIES: Final = 5
#: Seconds after which what should go on by itself gives up.
DEADLINE: Final = 30.0


@frozen
class Place:
    """Two ways to the same database: one that breaks, and one for the test."""

    far: EventStore
    near: EventStore
    path: Path


Act = Callable[[Place, str], None]


def insistently(work: Callable[[], Any], *, is_absent: Callable[[], bool] = lambda: True) -> None:
    """Do as the errors say: each of these may be tried again, with the same ids.

    After those that say so nothing of it is there.
    """
    for left in reversed(range(TRIES)):
        try:
            work()
        except Retryable:
            assert is_absent()
        except CommitUnknown:
            pass
        except DBAPIError as error:
            if not (error.connection_invalidated or error.statement is None):
                raise
        else:
            return
        assert left, "tried in vain"


# -- writers ---------------------------------------------------------------------------


def _beside(uow: UnitOfWork, name: str) -> None:
    """A row of the application's own, and a message."""
    uow.session.execute(insert(Applied).values(consumer="inline", event_id=name))
    uow.publish("moved", key=name, payload={"n": 1})


def _append(uow: UnitOfWork, name: str) -> None:
    uow.append(Stream(BUSY, name), [Moved(1)], expected=0, event_ids=[uuid5(NAMESPACE_OID, name)])
    _beside(uow, name)


def appending(place: Place, name: str) -> None:
    """With event ids: sent again it is the same."""

    def work() -> None:
        with UnitOfWork(place.far) as uow:
            _append(uow, name)

    insistently(work, is_absent=lambda: not history(place.near, Stream(BUSY, name)))


def joined(place: Place, name: str) -> None:
    """In a session of the application's, which commits."""

    def work() -> None:
        with Session(place.far.engine) as session:
            with UnitOfWork(place.far, session=session) as uow:
                _append(uow, name)
            session.commit()

    insistently(work)


def transacted(place: Place, name: str) -> None:
    """It tries again by itself, and no id of ours tells."""

    def work(uow: UnitOfWork) -> None:
        uow.append(Stream(BUSY, name), [Moved(1)], expected=0)
        _beside(uow, name)

    transact(place.far, work)


def received(place: Place, name: str) -> None:
    """From a broker, which delivers again what was not acknowledged."""

    def handle(uow: UnitOfWork, number: int) -> None:
        uow.append(Stream(BUSY, name), [Moved(number)])
        _beside(uow, name)

    receive = accepting(place.far, "inbox")(handle)
    insistently(partial(receive, name, 1))


def is_written_once(place: Place, name: str) -> None:
    """The event, its row and its message."""
    with place.near.engine.connect() as connection:
        rows = select(func.count()).where(Applied.event_id == name)
        messages = select(func.count()).where(outbox.c.key == name)
        found = connection.scalar(rows), connection.scalar(messages)
    assert ([Moved(1)], (1, 1)) == (history(place.near, Stream(BUSY, name)), found)


def executed(place: Place, name: str) -> None:
    """A command of an aggregate, after each of which a snapshot is taken."""
    execute(place.far, Account, name, Deposit(1))


def is_deposited_once(place: Place, name: str) -> None:
    """And its snapshot, if there is one, says the same."""
    assert [Deposited(1)] == history(place.near, Stream("account", name))
    assert 1 == place.near.load(Account, name).balance


# -- readers ---------------------------------------------------------------------------


def subscribed(place: Place, name: str) -> None:
    """A subscriber that goes on by itself."""
    append(place.near, Stream(name, "1"), [Moved(1), Moved(2)])

    def handle(uow: UnitOfWork, recorded: Recorded[Moved]) -> None:
        Model(name).each(uow, recorded)

    Subscriber(place.far, name, handle, events=Moved, categories=[name], lease=5.0).drain(DEADLINE)


def is_handled_once(place: Place, name: str) -> None:
    """Each event."""
    with place.near.engine.connect() as connection:
        rows = select(Applied.event_id).where(Applied.consumer == name)
        found = sorted(connection.scalars(rows))
    assert found == sorted(str(r.event_id) for r in place.near.read(Stream(name, "1")))


def relayed(place: Place, name: str) -> None:
    """A relay, likewise."""
    publish(place.near, [1, 2, 3], topic=name)
    publisher = FilePublisher(str(place.path / name), 1.0)
    Relay(place.far, publisher, topics=[name], name=name, lease=5.0).drain(DEADLINE)


def is_sent(place: Place, name: str) -> None:
    """At least once, in order."""
    assert {} == Ledger(path=place.path / name).read().faults({"ada": [1, 2, 3]})


def waited(place: Place, name: str) -> None:
    """For a token, in a consumer that has handled it."""
    insistently(lambda: Consumer(place.far, "waited").wait_for(place.far.now(), DEADLINE))


def switched(place: Place, name: str) -> None:
    """A read model: built, and the other version serves."""
    append(place.near, Stream("account", name), [Deposited(1)])
    with Session(place.near.engine) as session:
        number = serving_model(session, first(place.near), second(place.near)).version
    model = (second if number == 1 else first)(place.far, lease=5.0)
    insistently(partial(model.build, DEADLINE))
    insistently(partial(model.switch, DEADLINE))


def is_served(place: Place, name: str) -> None:
    """What serves has it."""
    with Session(place.near.engine) as session:
        model = serving_model(session, first(place.near), second(place.near))
    assert 1 == held(place.near, model)[name]


def started(place: Place, name: str) -> None:
    """A new store, from its first connection on."""

    def work() -> None:
        with EventStore(place.far.engine.url, events=Moved) as store:
            store.settled()

    insistently(work)


def upgraded(place: Place, name: str) -> None:
    """Tables that are new enough."""
    insistently(place.far.upgrade)


def projected(place: Place, name: str) -> None:
    """A projection that is kept current, by itself."""
    with LiveProjection(place.far, Deposits) as live:
        token = append(place.near, Stream("account", name), [Deposited(1)]).token
        assert name in live.read_after(token, timeout=DEADLINE).accounts


def is_there(place: Place, name: str) -> None:
    """It came back."""


OPERATIONS: Final[dict[str, tuple[Act, Act]]] = {
    "append": (appending, is_written_once),
    "joined session": (joined, is_written_once),
    "transact": (transacted, is_written_once),
    "inbox": (received, is_written_once),
    "execute": (executed, is_deposited_once),
    "subscriber": (subscribed, is_handled_once),
    "relay": (relayed, is_sent),
    "wait for": (waited, is_there),
    "switch": (switched, is_served),
    "start": (started, is_there),
    "upgrade": (upgraded, is_there),
    "live projection": (projected, is_there),
}
