"""Running work again on fresh state when another writer was first."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any, Final, Generic, TypeVar

from attrs import frozen
from sqlalchemy.exc import DBAPIError, IntegrityError

from sourcery.aggregate import Aggregate
from sourcery.arguments import check_plain, check_result
from sourcery.errors import (
    DatabaseUnavailable,
    DefinitionError,
    InvalidArgument,
    LoginRefused,
    Retryable,
)
from sourcery.log import is_lost
from sourcery.store import EventStore
from sourcery.stream import StreamId
from sourcery.token import Token
from sourcery.unit_of_work import UnitOfWork

T = TypeVar("T")

#: Seconds between two attempts, drawn at random between these.
WAIT: Final = (0.005, 0.1)


@frozen
class Transacted(Generic[T]):
    """What came of `transact`."""

    #: What the function returned in the attempt that was committed.
    result: T
    #: Names that commit.
    token: Token
    #: How many times the function was run.
    attempts: int


def transact(
    store: EventStore, function: Callable[[UnitOfWork], T], *, attempts: int = 5
) -> Transacted[T]:
    """Run `function(uow)` in a unit of work and commit; again on fresh state if need be.

    Repeated are conflicts, deadlocks, serialization failures, a connection that was not to be had
    or was lost before the commit, and an IntegrityError of your own rows when a loaded stream is
    stale: up to `attempts` runs with 5 to 100 ms between them. A refused login is not repeated.
    What the server still holds of a lost connection is ended first. So the function must have no
    effect outside the unit of work. Any other exception passes through at once. When the attempts
    are spent the last error is raised, with a note that says so.
    Raises `InvalidArgument` for a function that is async or a generator, since nothing of it would
    run, and commits nothing when one hands something back to be awaited.
    """
    check_plain("function", function)
    if attempts < 1:
        raise InvalidArgument("attempts", f"must be at least 1, not {attempts}")
    for attempt in range(1, attempts + 1):
        unit = UnitOfWork(store)
        try:
            with unit:
                result = function(unit)
                check_result(result, "function")
            return Transacted(result, unit.token, attempt)
        except Exception as error:
            if not may_run_again(store, unit, error):
                raise
            if attempt == attempts:
                error.add_note(f"gave up after {attempt} attempts")
                raise
            if is_lost(error):
                unit.end_backend()
        time.sleep(random.uniform(*WAIT))  # noqa: S311 - jitter, not a secret
    raise AssertionError("unreachable")


def may_run_again(store: EventStore, unit: UnitOfWork | None, error: Exception) -> bool:
    """Whether the same work on fresh state may succeed: another writer was first."""
    if isinstance(error, IntegrityError):
        return unit is not None and unit.find_conflict() is not None
    if isinstance(error, DatabaseUnavailable):
        return is_lost(error) and not isinstance(error, LoginRefused)
    if isinstance(error, DBAPIError):
        dialect = store.database.dialect
        return not dialect.refuses_login(error) if is_lost(error) else dialect.restarts(error)
    return isinstance(error, Retryable)


def execute(
    store: EventStore,
    cls: type[Aggregate[Any]],
    id: StreamId,
    command: object,
    *,
    attempts: int = 5,
) -> Transacted[Any]:
    """Load or begin an aggregate, call its `handle(command)`, commit; as `transact` does."""
    if not callable(getattr(cls, "handle", None)):
        raise DefinitionError(cls.__qualname__, "has no method handle(self, command)")

    def decide(uow: UnitOfWork) -> Any:
        aggregate: Any = uow.get_or_create(cls, id)
        return aggregate.handle(command)

    return transact(store, decide, attempts=attempts)
