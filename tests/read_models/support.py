"""Two versions of a read model of accounts, and a look at what they hold."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import (
    BigInteger,
    Column,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    UniqueConstraint,
    insert,
    select,
    update,
)

from sourcery import EventStore, ReadModel, Recorded, Stream, UnitOfWork
from sourcery.read_models import Tables
from tests.domain import Deposited, append

NAME = "balances"

_first, _second = MetaData(), MetaData()

#: The first version: what each account holds.
BALANCES = Table(
    NAME,
    _first,
    Column("account", String(50), primary_key=True),
    Column("cents", BigInteger, nullable=False, index=True),
)
#: The second also counts, and has a second table with a key of two columns.
COUNTED = Table(
    NAME,
    _second,
    Column("account", String(50), primary_key=True),
    Column("cents", BigInteger, nullable=False),
    Column("deposits", Integer, nullable=False),
    Index("by_cents", "cents", "account"),
    UniqueConstraint("account", "deposits", name="once"),
)
ENTRIES = Table(
    "entries",
    _second,
    Column("account", String(50), primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("cents", BigInteger, nullable=False),
)


def add_up(uow: UnitOfWork, recorded: Recorded[Deposited], tables: Tables) -> None:
    """The handler of the first version."""
    _add(uow, tables[BALANCES], recorded)


def count_too(uow: UnitOfWork, recorded: Recorded[Deposited], tables: Tables) -> None:
    """The handler of the second version."""
    table = tables[COUNTED]
    _add(uow, table, recorded, deposits=(table.c.deposits + 1, 1))
    entry = {"account": recorded.stream.id, "version": recorded.version}
    uow.session.execute(insert(tables["entries"]), entry | {"cents": recorded.event.amount})


def _add(uow: UnitOfWork, table: Table, recorded: Recorded[Deposited], **more: Any) -> None:
    amount, account = recorded.event.amount, recorded.stream.id
    changed: dict[str, Any] = {"cents": table.c.cents + amount}
    changed |= {name: then for name, (then, _) in more.items()}
    known = update(table).where(table.c.account == account).values(**changed)
    if uow.session.execute(known).rowcount == 0:  # type: ignore[attr-defined]
        first = {name: one for name, (_, one) in more.items()}
        uow.session.execute(insert(table).values(account=account, cents=amount, **first))


def first(store: EventStore, handler: Any = add_up, **tuning: Any) -> ReadModel:
    """Version 1."""
    return ReadModel(store, NAME, handler, version=1, tables=[BALANCES], events=Deposited, **tuning)


def second(store: EventStore, handler: Any = count_too, **tuning: Any) -> ReadModel:
    """Version 2."""
    return ReadModel(
        store, NAME, handler, version=2, tables=[COUNTED, ENTRIES], events=Deposited, **tuning
    )


def deposit(store: EventStore, account: str, *amounts: int) -> int:
    """Append to an account; the position of the last."""
    events = [Deposited(amount) for amount in amounts]
    return append(store, Stream("account", account), events).token.last


def held(store: EventStore, model: ReadModel) -> Mapping[str, int]:
    """What each account holds in a version."""
    table = model.tables[NAME]
    with store.engine.connect() as connection:
        rows = connection.execute(select(table.c.account, table.c.cents))
        return {row[0]: row[1] for row in rows}


def change(store: EventStore, statement: Any) -> None:
    """Do to a table what no handler did."""
    with store.engine.begin() as connection:
        connection.execute(statement)
