"""What each part of a program does all day, so that its account can be seen to suffice."""

from datetime import UTC, datetime, timedelta
from itertools import count

from attrs import define
from sqlalchemy import Column, Integer, MetaData, Table, insert

from sourcery import (
    Aggregate,
    Consumer,
    ErrorPolicy,
    EventStore,
    LiveProjection,
    ReadModel,
    Recorded,
    Relay,
    Stream,
    Subscriber,
    UnitOfWork,
    always,
    consumer_health,
    delete_snapshots,
    outbox_depth,
    outbox_messages,
    purge_inbox,
    purge_outbox,
    verify_snapshots,
)
from sourcery.messages import Message
from sourcery.publishers import CallablePublisher
from sourcery.read_models import Tables
from tests.live.projections import History
from tests.ordering.happened import Happened

#: Seconds that nothing here takes.
PATIENCE = 60.0
_PARK = ErrorPolicy("park", retries=1, wait=0.001)
_numbers = count(1)
_SEEN = Table("seen", MetaData(), Column("position", Integer, primary_key=True))


@define
class Thing(Aggregate[Happened], category="thing", snapshot=always()):
    """With a snapshot after each change."""

    last: int = 0

    def apply(self, event: Happened) -> None:
        """Evolve."""
        self.last = event.number


@define
class Everything(History, name="everything", snapshot=always()):
    """With a snapshot after each load."""


def refuse(*_: object) -> None:
    """Handle nothing."""
    raise RuntimeError


def prepare(owner: EventStore) -> str:
    """A thing, messages, and a consumer of a new name that has a letter and is not running."""
    name = f"n{next(_numbers)}"
    _write(owner, name)
    Subscriber(owner, name, refuse, events=Happened, categories=[name], on_error=_PARK).drain(
        PATIENCE
    )
    return name


def write(store: EventStore, name: str) -> None:
    """Decide, append, send, accept, keep snapshots."""
    _write(store, f"{name}-w")


def _write(store: EventStore, name: str) -> None:
    thing = Stream("thing", name)
    with UnitOfWork(store) as uow:
        uow.append(thing, [Happened(1), Happened(2)], expected=0)
        uow.append(Stream(name, "1"), [Happened(1)])
        for key in ("good", "bad"):
            uow.publish(name, key=key, payload={"n": 1})
        assert uow.accept("things", name, sent_at=datetime.now(UTC))
    with UnitOfWork(store) as uow:
        assert not uow.accept("things", name)
        uow.get(Thing, name).record(Happened(3))
        uow.project(Everything)
    with UnitOfWork(store) as uow:
        assert 3 == uow.get(Thing, name).last


def read(store: EventStore, name: str) -> None:
    """Read, fold, follow."""
    assert list(store.read(events=Happened))
    assert 3 == store.load(Thing, name).last
    store.project(Everything)
    with LiveProjection(store, Everything) as live:
        live.read_after(store.now(), timeout=PATIENCE)


def consume(store: EventStore, name: str) -> None:
    """Handle events: by commands and messages, by effects, with letters that are tried again."""

    def handle(uow: UnitOfWork, recorded: Recorded[Happened]) -> None:
        if recorded.stream == Stream("thing", name):
            uow.get_or_create(Thing, f"{name}-{recorded.version}").record(Happened(1))
            uow.publish("answers", key=name, payload={"n": 1})

    token = store.now()
    Subscriber(store, f"{name}-1", handle, events=Happened, shards=2).drain(PATIENCE)
    Consumer(store, f"{name}-1").wait_for(token, timeout=PATIENCE)
    for handler in (refuse, lambda recorded: None):
        parking = Subscriber(
            store,
            f"{name}-2",
            handler,
            events=Happened,
            categories=[name],
            effects=True,
            on_error=_PARK,
        )
        parking.drain(PATIENCE)
        Consumer(store, f"{name}-2").retry()
    parking.drain(PATIENCE)
    assert [] == Consumer(store, f"{name}-2").letters()


def build(store: EventStore, name: str) -> None:
    """Build a read model, have it served, drop it."""

    def keep(uow: UnitOfWork, recorded: Recorded[Happened], tables: Tables) -> None:
        uow.session.execute(insert(tables["seen"]).values(position=recorded.position))

    model = ReadModel(store, name, keep, version=1, tables=[_SEEN], events=Happened)
    model.build(timeout=PATIENCE)
    model.switch()
    other = ReadModel(store, name, keep, version=2, tables=[_SEEN], events=Happened)
    other.build(timeout=PATIENCE)
    other.switch()
    model.drop()


def relay(store: EventStore, name: str) -> None:
    """Send, block, park, delete what is old."""

    def judge(message: Message) -> None:
        if message.key == "bad":
            raise RuntimeError

    sender = CallablePublisher(judge)
    Relay(store, sender, name=name, topics=[name], on_error=_PARK, keep=None).drain(PATIENCE)
    assert {name: 1} == purge_outbox(store, older_than=timedelta(0)).deleted


def operate(store: EventStore, name: str) -> None:
    """Steer a consumer, and look after what is kept."""
    assert consumer_health(store)
    assert outbox_depth(store)
    assert list(outbox_messages(store))
    consumer = Consumer(store, name)
    [letter] = consumer.letters()
    consumer.pause()
    consumer.retry(letter.position)
    consumer.drop(letter.position, "no use")
    consumer.resume()
    consumer.rewind(0)
    consumer.reshard(2)
    consumer.change_filter(Happened, rewind_to=0)
    consumer.skip(store.settled())
    consumer.wait_for(store.now())
    consumer.forget()
    purge_outbox(store, older_than=timedelta(0))
    purge_inbox(store, older_than=timedelta(0))
    assert verify_snapshots(store, Thing).is_right
    assert delete_snapshots(store, of=Thing)


PARTS = {
    "writer": write,
    "reader": read,
    "consumer": consume,
    "builder": build,
    "relay": relay,
    "operator": operate,
}
