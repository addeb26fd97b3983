"""Messages: accepted from a broker, and led to by events."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import assert_type
from uuid import UUID

from sourcery import (
    Accepting,
    EventStore,
    MessageMapping,
    Outgoing,
    Stream,
    UnitOfWork,
    accepting,
    outgoing,
    purge_inbox,
)
from tests.typing.domain import AccountEvent, Deposited, Opened


def a_unit_accepts(uow: UnitOfWork, id: UUID, now: datetime) -> None:
    """A text or a UUID, and perhaps when it was sent."""
    assert_type(uow.accept("payments", id), bool)
    uow.accept("payments", "1", sent_at=now)
    uow.accept("payments", 1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    uow.accept("payments", "1", now)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def a_handler_is_given_its_message(store: EventStore, id: UUID) -> None:
    """Of the type that it takes."""

    @accepting(store, consumer="payments")
    def paid(uow: UnitOfWork, message: Deposited) -> None: ...

    assert_type(paid, Accepting[Deposited])
    assert_type(paid(id, Deposited(5)), bool)
    paid(id, 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def the_inbox_is_purged(store: EventStore) -> None:
    """How many rows there were."""
    assert_type(purge_inbox(store), int)
    purge_inbox(store, older_than=timedelta(days=30), chunk=100)


@outgoing(Deposited)
def one(event: Deposited, stream: Stream) -> Outgoing:
    """A message."""
    return Outgoing("receipts", {"amount": event.amount}, key=5, headers={"a": "b"})


@outgoing(Opened | Deposited)
def several(event: AccountEvent, stream: Stream) -> Iterable[Outgoing]:
    """As many as it likes."""
    yield Outgoing("all", event)


@outgoing(Opened)
def perhaps(event: AccountEvent, stream: Stream) -> Outgoing | None:
    """A function that takes more than it is declared for."""
    return None


def mappings_go_to_the_store(event: Deposited, stream: Stream) -> None:
    """All of them together; each is still a function."""
    assert_type(one, MessageMapping[Deposited])
    assert_type(several, MessageMapping[AccountEvent])
    assert_type(one(event, stream), Outgoing | Iterable[Outgoing] | None)
    EventStore("sqlite://", messages=[one, several, perhaps])
    EventStore("sqlite://", messages=[a_unit_accepts])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def what_is_no_message(event: Deposited, stream: Stream) -> str:
    """A text is none."""
    return stream.id


outgoing(Deposited)(what_is_no_message)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
