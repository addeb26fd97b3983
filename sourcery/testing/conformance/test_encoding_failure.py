"""A batch with one event that cannot be stored."""

from datetime import datetime

import pytest
from attrs import frozen

from sourcery import EventStore, UnitOfWork, event
from sourcery.errors import EncodeError, UndeclaredEvent
from sourcery.testing.conformance.domain import (
    ADA,
    Deposited,
    Remarked,
    append,
    events_stored,
    messages_stored,
)


@event("meeting.held")
@frozen
class Held:
    """An event with a time."""

    place: str
    at: datetime


@frozen
class Undecorated:
    """Looks like an event, but has no kind."""

    amount: int


@pytest.mark.promise(6)
def test_the_third_event_is_named_and_nothing_written(bank: EventStore) -> None:
    """Its kind and its field."""
    bad = Remarked("fine", extra={"inner": [1, object()]})
    with pytest.raises(EncodeError) as caught, UnitOfWork(bank) as uow:
        uow.publish("payments", payload=1)
        uow.append(ADA, [Deposited(1), Deposited(2), bad])
    assert "remark.made" == caught.value.kind
    assert "extra" in caught.value.path
    assert (0, 0) == (events_stored(bank), messages_stored(bank))


@pytest.mark.promise(6)
@pytest.mark.promise(47)
def test_a_naive_datetime_is_refused(bank: EventStore) -> None:
    """Nobody could say which moment it was."""
    with pytest.raises(EncodeError) as caught:
        append(bank, ADA, [Held("here", datetime(2026, 1, 1))])  # noqa: DTZ001 - the point
    assert ("meeting.held", "at") == (caught.value.kind, caught.value.path.lstrip("."))
    assert 0 == events_stored(bank)


@pytest.mark.promise(47)
def test_what_is_no_event_is_refused(bank: EventStore) -> None:
    """Typed, and before anything is written."""
    with UnitOfWork(bank) as uow:
        for stranger in (Undecorated(1), "text", None, {"amount": 1}, Deposited):
            with pytest.raises(UndeclaredEvent):
                uow.append(ADA, [Deposited(1), stranger])
    assert 0 == events_stored(bank)
