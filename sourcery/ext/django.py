"""Units of work in Django's own transaction, on Django's own connection.

    with transaction.atomic():
        Invoice.objects.create(...)
        with unit_of_work(store) as uow:
            uow.get(Account, "ada").deposit(100)

Events, messages and Django's rows are committed by Django, together or not at all. A unit runs in
a savepoint: a `VersionConflict` undoes the unit alone, and Django's transaction goes on. Nothing
here commits, rolls back or closes Django's connection.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, Final, TypeVar

from sqlalchemy import URL, Connection, Engine, create_engine
from sqlalchemy.pool import NullPool

from sourcery.errors import (
    AutocommitRefused,
    DatabaseMisconfigured,
    InvalidArgument,
    Retryable,
    UnknownDatabase,
)
from sourcery.ext.borrowing import Borrowed
from sourcery.ext.extras import needs
from sourcery.retry import WAIT
from sourcery.store import EventStore
from sourcery.unit_of_work import UnitOfWork

with needs("the Django integration", "django"):
    # Django has no types of its own.
    from django import db as _django_db  # type: ignore[import-untyped]  # pyright: ignore[reportMissingTypeStubs]

T = TypeVar("T")

_db: Any = _django_db
_DRIVERS: Final = {"postgresql": "postgresql+psycopg", "sqlite": "sqlite"}
#: Transactions on SQLite that do not begin as readers.
_WRITERS: Final = ("IMMEDIATE", "EXCLUSIVE")
#: Options that mean something to Django, and nothing to psycopg.
_OWN: Final = ("assume_role", "isolation_level", "pool", "server_side_binding")


def database_url(using: str = "default") -> URL:
    """The URL of a database in Django's settings, for the store's own connections.

    A store needs them to read, and for subscribers and relays: those are not part of a request.
    Raises `UnknownDatabase` for a backend other than PostgreSQL and SQLite.
    """
    connection = _db.connections[using]
    settings, driver = connection.settings_dict, _driver_of(connection)
    if connection.vendor == "sqlite":
        return URL.create(driver, database=str(settings["NAME"]))
    given = {"host": settings["HOST"], **settings.get("OPTIONS", {})}
    return URL.create(
        driver,
        username=settings["USER"] or None,
        password=settings["PASSWORD"] or None,
        port=int(settings["PORT"]) if settings["PORT"] else None,
        database=settings["NAME"],
        query={name: str(value) for name, value in given.items() if value and name not in _OWN},
    )


@contextmanager
def unit_of_work(store: EventStore, *, using: str = "default") -> Generator[UnitOfWork]:
    """A unit of work inside the current `transaction.atomic()` of a database.

    Readers are woken, and snapshots offered, when Django has committed. Raises
    `AutocommitRefused` outside `atomic()`, `WrongDatabase` when Django's database is not the
    store's, `DatabaseMisconfigured` for SQLite whose transactions begin as readers, and what
    leaving a unit of work raises; after `RetryTransaction` the whole transaction must be run
    again, as `transact` does.
    """
    connection = _joinable(using)
    try:
        with UnitOfWork(store, session=connection) as uow:
            yield uow
    except BaseException:
        connection.close()
        raise
    # SQLAlchemy's part of the transaction ends when Django's has, and tells who waits for it
    _db.transaction.on_commit(connection.commit, using=using, robust=True)


def transact(
    store: EventStore,
    function: Callable[[UnitOfWork], T],
    *,
    using: str = "default",
    attempts: int = 5,
) -> T:
    """Run `function(uow)` in an `atomic()` of its own and commit; again on fresh state if need be.

    Repeated are conflicts, deadlocks and serialization failures of the unit of work, with 5 to
    100 ms in between; what Django's own statements raise passes through. Inside another
    `atomic()`, which could not be run again, Django raises RuntimeError.
    """
    if attempts < 1:
        raise InvalidArgument("attempts", f"must be at least 1, not {attempts}")
    for left in reversed(range(attempts)):
        try:
            with (
                _db.transaction.atomic(using=using, durable=True),
                unit_of_work(store, using=using) as uow,
            ):
                return function(uow)
        except Retryable as error:
            if not left:
                error.add_note(f"gave up after {attempts} attempts")
                raise
        time.sleep(random.uniform(*WAIT))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


def _joinable(using: str) -> Connection:
    connection = _db.connections[using]
    driver = _driver_of(connection)
    if not connection.in_atomic_block:
        raise AutocommitRefused("Django commits each statement by itself outside atomic()")
    connection.validate_no_broken_transaction()
    if connection.vendor == "sqlite" and connection.transaction_mode not in _WRITERS:
        raise DatabaseMisconfigured(
            "Django begins transactions on SQLite as a reader, so concurrent writers fail",
            'set "OPTIONS": {"transaction_mode": "IMMEDIATE"} for this database',
        )
    joinable = _engine(using, driver).connect()
    joinable.info["sourcery_configured"] = True
    return joinable


def _driver_of(connection: Any) -> str:
    driver = _DRIVERS.get(connection.vendor)
    if driver is None:
        raise UnknownDatabase(connection.vendor, sorted(_DRIVERS))
    if connection.vendor == "postgresql" and not hasattr(connection.Database, "ClientCursor"):
        raise DatabaseMisconfigured("Django uses psycopg2", "install psycopg 3, which it prefers")
    return driver


@cache
def _engine(using: str, driver: str) -> Engine:
    """Hands out whatever connection Django has for this database in the thread that asks."""
    options = {"use_native_hstore": False} if driver != "sqlite" else {}
    return create_engine(
        f"{driver}://",
        creator=lambda: _borrowed(_db.connections[using]),
        poolclass=NullPool,
        pool_reset_on_return=None,
        **options,
    )


def _borrowed(connection: Any) -> Borrowed:
    connection.ensure_connection()
    driver = connection.connection
    if connection.vendor == "sqlite":
        return Borrowed(driver, driver.cursor)
    return Borrowed(driver, partial(connection.Database.Cursor, driver))
