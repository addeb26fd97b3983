"""Units of work, retries, stores: what goes in and what comes out."""

from typing import Any, assert_type
from uuid import UUID

from sqlalchemy import URL, Connection, Engine
from sqlalchemy.orm import Session, scoped_session, sessionmaker

from sourcery import (
    ANY,
    EXISTS,
    EventStore,
    Metadata,
    Stream,
    Token,
    Transacted,
    UnitOfWork,
    execute,
    metadata,
    transact,
)
from tests.typing.domain import Account, AccountEvent, Deposit, Deposited, Opened, Placed

ADA = Stream("account", "ada")


def a_unit_is_a_context_manager(store: EventStore) -> None:
    """That gives itself, and lets exceptions pass."""
    with UnitOfWork(store) as uow:
        assert_type(uow, UnitOfWork)
        assert_type(uow.session, Session)
    assert_type(uow.token, Token)


def returns_in_the_block(store: EventStore) -> int:
    """No return is missing after the block: no exception is swallowed."""
    with UnitOfWork(store) as uow:
        return uow.get(Account, "ada").balance


def a_unit_joins(
    store: EventStore,
    session: Session,
    scoped: scoped_session[Session],
    connection: Connection,
    engine: Engine,
) -> None:
    """A session or a connection, not an engine."""
    UnitOfWork(store, session=session)
    UnitOfWork(store, session=scoped)
    UnitOfWork(store, session=connection)
    UnitOfWork(store, session=engine)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    UnitOfWork(store, session)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def appends(uow: UnitOfWork, id: UUID) -> None:
    """Any event, to a stream, expecting one of four things."""
    uow.append(ADA, [Opened("Ada"), Placed()])
    uow.append(ADA, [], expected=0)
    uow.append(ADA, (Deposited(n) for n in range(5)), expected=ANY)
    uow.append(ADA, [Deposited(1)], expected=EXISTS)
    uow.append(ADA, [Deposited(1)], expected=3, event_ids=[id])
    uow.append(ADA, [Deposited(1)], expected="any")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    uow.append("ada", [Deposited(1)])  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    uow.append(ADA, [Deposited(1)], event_ids=["1"])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def publishes(uow: UnitOfWork, id: UUID) -> None:
    """The payload goes by its name."""
    uow.publish("payments", payload={"amount": 5}, key=id, headers={"priority": "1"})
    uow.publish("payments", {"amount": 5})  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def the_result_of_a_retry_is_the_functions(store: EventStore) -> None:
    """With its token and the number of attempts."""
    done = transact(store, lambda uow: uow.get(Account, "ada").balance)
    assert_type(done, Transacted[int])
    assert_type(done.result, int)
    assert_type(done.token, Token)
    assert_type(done.attempts, int)
    assert_type(execute(store, Account, "ada", Deposit(5)), Transacted[Any])


def a_store_opens(url: URL, engine: Engine, maker: sessionmaker[Session]) -> None:
    """From four things, and declares in two ways."""
    with EventStore("sqlite://", aggregates=[Account], events=AccountEvent) as store:
        assert_type(store, EventStore)
        assert_type(store.engine, Engine)
        assert_type(store.settled(), int)
    EventStore(url)
    EventStore(engine, events=Placed)
    EventStore(maker, events=[AccountEvent, Placed])
    EventStore(5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    EventStore("sqlite://", aggregates=[Opened])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def metadata_is_set_by_name() -> None:
    """A field that is not there is an error."""
    with metadata(actor="ada", correlation_id=None) as current:
        assert_type(current, Metadata)
    metadata(user="ada")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    metadata(actor=5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def streams_take_three_kinds_of_id(id: UUID) -> None:
    """And keep text."""
    assert_type(Stream("account", id).id, str)
    Stream("account", 5)
    Stream("account", None)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
