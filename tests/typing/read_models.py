"""Read models: handlers typed by the events they are given."""

from collections.abc import Sequence
from typing import assert_type

from sqlalchemy import Connection, Table
from sqlalchemy.orm import Session

from sourcery import EventStore, ReadModel, Recorded, UnitOfWork, serving_model
from sourcery.read_models import Comparison, Progress, Tables
from tests.typing.domain import Deposited, Opened


def takes_one(uow: UnitOfWork, recorded: Recorded[Deposited], tables: Tables) -> None:
    """A handler."""
    assert_type(tables["balances"], Table)


def takes_many(uow: UnitOfWork, page: Sequence[Recorded[Deposited]], tables: Tables) -> None:
    """A batch handler."""


def takes_others(uow: UnitOfWork, recorded: Recorded[Opened], tables: Tables) -> None:
    """A handler of other events."""


def a_handler_fits_its_events(store: EventStore, table: Table) -> None:
    """Of one event, or of a page."""
    ReadModel(store, "b", takes_one, version=1, tables=[table], events=Deposited, shards=2)
    ReadModel(store, "b", takes_many, version=1, tables=[table], events=Deposited, batch=True)
    ReadModel(store, "b", takes_others, version=1, tables=[table], events=Deposited)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    ReadModel(store, "b", takes_one, version=1, tables=[table], events=Deposited, batch=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
    ReadModel(store, "b", takes_one, tables=[table], events=Deposited)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


def what_it_gives_is_known(model: ReadModel, session: Session, connection: Connection) -> None:
    """Without a cast."""
    assert_type(model.switch(), int | None)
    assert_type(model.roll_back(), int)
    assert_type(model.compare(model), Comparison)
    assert_type(model.progress(), Progress)
    assert_type(serving_model(session, model), ReadModel)
    assert_type(serving_model(connection, model).tables["b"], Table)
