"""Mappings that fail, or give what is no message: typed, named, and nothing is written."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sourcery import EventStore, Outgoing, Stream, UnitOfWork, outgoing
from sourcery.errors import DefinitionError, MappingFailed
from tests.domain import (
    ADA,
    Account,
    Deposited,
    Note,
    Overdrawn,
    append,
    events_stored,
    messages_stored,
    notes_stored,
)
from tests.outgoing.conftest import Opening
from tests.outgoing.support import receipts

pytestmark = pytest.mark.promise(37)

SECRET = "the payload"


def raises(event: Deposited, stream: Stream) -> Outgoing:
    raise Overdrawn(SECRET)


def breaks_off(event: Deposited, stream: Stream) -> Iterator[Outgoing]:
    yield Outgoing("t", 1)
    raise Overdrawn(SECRET)


GIVEN: dict[str, Any] = {
    "a text": SECRET,
    "a number": 5,
    "a list with a dict": [Outgoing("t", 1), {"topic": SECRET}],
    "no topic": Outgoing("", SECRET),
    "a topic too long": Outgoing("t" * 201, SECRET),
    "a key of bytes": Outgoing("t", SECRET, key=b"k"),  # type: ignore[arg-type]
    "a payload nobody can store": Outgoing("t", [SECRET, float("nan")]),
    "a header of numbers": Outgoing("t", SECRET, headers={"n": 5}),  # type: ignore[dict-item]
    "headers that are none": Outgoing("t", SECRET, headers=5),  # type: ignore[arg-type]
}
FAILING: dict[str, Callable[[Deposited, Stream], Any]] = {
    "raises": raises,
    "breaks off": breaks_off,
} | {name: lambda event, stream, given=given: given for name, given in GIVEN.items()}


@pytest.mark.promise(6)
@pytest.mark.promise(48)
@pytest.mark.parametrize("how", FAILING)
@pytest.mark.parametrize("appended", [True, False])
def test_nothing_is_written_and_it_is_named(opened: Opening, how: str, appended: bool) -> None:
    """The mapping and the kind, without any of the payload."""
    bank = opened(receipts, outgoing(Deposited)(FAILING[how]))
    with pytest.raises(MappingFailed) as caught, UnitOfWork(bank) as uow:
        uow.session.add(Note(text="beside"))
        if appended:
            uow.append(ADA, [Deposited(5)])
        else:
            uow.create(Account, "ada").deposit(5)
    assert (0, 0, []) == (events_stored(bank), messages_stored(bank), notes_stored(bank))
    assert "account.deposited" == caught.value.kind
    assert FAILING[how].__qualname__ in str(caught.value)
    assert SECRET not in str(caught.value)


def test_what_it_raised_is_the_cause(opened: Opening) -> None:
    """For whoever mends it."""
    bank = opened(outgoing(Deposited)(raises))
    with pytest.raises(MappingFailed, match="raised Overdrawn") as caught:
        append(bank, ADA, [Deposited(5)])
    assert isinstance(caught.value.__cause__, Overdrawn)


def test_an_appended_event_is_refused_at_its_line(opened: Opening) -> None:
    """As one that cannot be stored; the unit may go on without it."""
    bank = opened(outgoing(Deposited)(raises))
    with UnitOfWork(bank) as uow:
        with pytest.raises(MappingFailed):
            uow.append(ADA, [Deposited(5)])
        uow.session.add(Note(text="instead"))
    assert (0, ["instead"]) == (events_stored(bank), notes_stored(bank))


async def asynchronous(event: Deposited, stream: Stream) -> None: ...


@pytest.mark.parametrize("function", [asynchronous, 5, None])
def test_only_plain_functions_are_mappings(function: Any) -> None:
    """An async one would never run."""
    with pytest.raises(DefinitionError, match="plain function"):
        outgoing(Deposited)(function)


@pytest.mark.parametrize("events", [5, str, "account.deposited", Deposited | None])
def test_only_events_are_mapped(events: Any) -> None:
    """At the line that declares it."""
    with pytest.raises(DefinitionError):
        outgoing(events)


def undeclared(event: Deposited, stream: Stream) -> None: ...


@pytest.mark.parametrize("messages", [[undeclared], [receipts, receipts]])
def test_a_store_takes_each_declared_mapping_once(messages: Any) -> None:
    """A function without its events, or a message sent twice, is a mistake."""
    with pytest.raises(DefinitionError):
        EventStore("sqlite://", messages=messages)
