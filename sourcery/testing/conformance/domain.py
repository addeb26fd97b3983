"""A small bank and shop: the events, aggregates and rows that many tests use."""

from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any

from attrs import define, frozen
from sqlalchemy import Engine, String, func, select
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from sourcery import Aggregate, EventStore, Stream, UnitOfWork, event
from sourcery.schema import events as events_table
from sourcery.schema import outbox as outbox_table
from sourcery.testing.conformance.databases import Database


@event("account.opened")
@frozen
class Opened:
    """An account begins."""

    owner: str


@event("account.deposited")
@frozen
class Deposited:
    """Money came in."""

    amount: int


@event("account.withdrawn")
@frozen
class Withdrawn:
    """Money went out."""

    amount: int


AccountEvent = Opened | Deposited | Withdrawn


class Overdrawn(Exception):
    """The account's own refusal."""


@frozen
class Deposit:
    """A command."""

    amount: int


@define
class Account(Aggregate[AccountEvent], category="account"):
    """Money that never falls below zero."""

    owner: str = ""
    balance: int = 0

    def open(self, owner: str) -> None:
        """Begin."""
        self.record(Opened(owner))

    def deposit(self, amount: int) -> None:
        """Put money in."""
        self.record(Deposited(amount))

    def withdraw(self, amount: int) -> None:
        """Take money out."""
        if amount > self.balance:
            raise Overdrawn
        self.record(Withdrawn(amount))

    def handle(self, command: Deposit) -> int:
        """Carry out the command; the new balance."""
        self.deposit(command.amount)
        return self.balance

    def apply(self, event: AccountEvent) -> None:
        """Evolve."""
        match event:
            case Opened(owner):
                self.owner = owner
            case Deposited(amount):
                self.balance += amount
            case Withdrawn(amount):
                self.balance -= amount


@event("order.placed")
@frozen
class Placed:
    """An order begins."""

    item: str


@event("order.shipped")
@frozen
class Shipped:
    """It left."""


OrderEvent = Placed | Shipped


@define
class Order(Aggregate[OrderEvent], category="order"):
    """One item, shipped once."""

    item: str = ""
    shipped: bool = False

    def place(self, item: str) -> None:
        """Begin."""
        self.record(Placed(item))

    def ship(self) -> None:
        """Send it, if it was not sent."""
        if not self.shipped:
            self.record(Shipped())

    def apply(self, event: OrderEvent) -> None:
        """Evolve."""
        match event:
            case Placed(item):
                self.item = item
            case Shipped():
                self.shipped = True


@event("remark.made")
@frozen
class Remarked:
    """Any text, and anything else that JSON holds."""

    text: str
    extra: Any = None


AnyEvent = Opened | Deposited | Withdrawn | Placed | Shipped | Remarked

ADA = Stream("account", "ada")
BOB = Stream("account", "bob")
ORDER = Stream("order", "1")


class Base(DeclarativeBase):
    """Tables of the tests' own."""


class Note(Base):
    """A row of the caller's; no two say the same."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(String(100), unique=True)


@contextmanager
def open_bank(database: Database, **options: Any) -> Generator[EventStore]:
    """A store that declares everything here, from a URL as users give it."""
    url = database.url.render_as_string(hide_password=False)
    with EventStore(url, aggregates=[Account, Order], events=Remarked, **options) as store:
        yield store


def make_notes(engine: Engine) -> None:
    """Create the caller's table."""
    Base.metadata.create_all(engine)


def append(
    store: EventStore, stream: Stream, events: Iterable[object], **options: Any
) -> UnitOfWork:
    """Append in a unit of work of its own."""
    with UnitOfWork(store) as uow:
        uow.append(stream, events, **options)
    return uow


def history(store: EventStore, stream: Stream) -> list[object]:
    """The events of a stream."""
    return [recorded.event for recorded in store.read(stream)]


def versions(store: EventStore, stream: Stream) -> list[int]:
    """The versions of a stream, in the order they are read."""
    return [recorded.version for recorded in store.read(stream)]


def events_stored(store: EventStore) -> int:
    """Rows of the event log, by whatever stream."""
    return _count(store, events_table)


def messages_stored(store: EventStore) -> int:
    """Rows of the outbox."""
    return _count(store, outbox_table)


def notes_stored(store: EventStore) -> list[str]:
    """Texts of the caller's rows."""
    with _reader(store).connect() as connection:
        return list(connection.scalars(select(Note.text).order_by(Note.text)))


def _count(store: EventStore, table: Any) -> int:
    with _reader(store).connect() as connection:
        return connection.scalar(select(func.count()).select_from(table)) or 0


def _reader(store: EventStore) -> Engine:
    """On SQLite, one that does not wait for the writer; elsewhere no such option is known."""
    return store.engine.execution_options(sourcery_read_only=True)
