"""Functions of which a call runs nothing: `transact` and `execute` commit nothing of them."""

from typing import Any

import pytest
from attrs import define

from sourcery import Aggregate, EventStore, UnitOfWork, execute, transact
from sourcery.errors import InvalidArgument
from tests.domain import ADA, Deposited, Opened, append, events_stored

pytestmark = pytest.mark.databases("sqlite")


async def later(uow: UnitOfWork) -> None:
    """Nobody awaits it."""
    append(uow, ADA)


def stepwise(uow: UnitOfWork) -> Any:
    """Nobody takes a step."""
    yield uow


@define
class Late(Aggregate[Opened | Deposited], category="late"):
    """An aggregate whose command does nothing."""

    def apply(self, event: Opened | Deposited) -> None:
        """Do nothing."""

    async def handle(self, command: object) -> None:
        """Nobody awaits it."""


@pytest.mark.parametrize("function", [later, stepwise, None, "sell"])
def test_what_is_no_plain_function_is_refused(bank: EventStore, function: Any) -> None:
    """Before it is called."""
    with pytest.raises(InvalidArgument, match="function: must be a"):
        transact(bank, function)


def test_nothing_is_committed_of_what_should_be_awaited(bank: EventStore) -> None:
    """What a lambda or a command hands back has not run: success would be a lie."""

    def half(uow: UnitOfWork) -> Any:
        uow.append(ADA, [Opened("Ada")], expected=0)
        return later(uow)

    with pytest.raises(InvalidArgument, match="gave back an awaitable"):
        transact(bank, half)
    with pytest.raises(InvalidArgument, match="gave back an awaitable"):
        execute(bank, Late, "1", object())
    assert 0 == events_stored(bank)
