"""What cannot be folded ends the projection, visibly: no state that goes on no more is served."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text

from sourcery import EventStore, LiveProjection, Projection, Recorded
from sourcery.errors import DecodeError, ProjectionFailed
from tests.live.projections import History, Picky, Refused
from tests.ordering.happened import Happened
from tests.ordering.support import append, wait_until


def spoil(store: EventStore, position: int) -> None:
    """Write by hand what is no event of its class."""
    with store.database.connect_to_write() as connection, connection.begin():
        statement = text("update sourcery_events set data = :data where position = :position")
        spoilt = {"data": '{"number": "secret"}', "position": position}
        connection.execute(statement, spoilt)


def test_nothing_is_served_after_it(store: EventStore) -> None:
    """Each method raises, again and again, with the exception itself as the cause."""
    with LiveProjection(store, Picky) as live:
        append(store, "a", 14)
        wait_until(lambda: live.status == "faulted")
        token = store.now()
        asks: list[Callable[[], Any]] = [live.current, live.updates, lambda: live.wait_for(token)]
        for ask in [*asks, lambda: live.read_after(token), live.start]:
            with pytest.raises(ProjectionFailed) as caught:
                ask()
            assert isinstance(caught.value.__cause__, Refused)
            assert 14 == caught.value.position
        assert 0 == live.position


def test_what_is_there_already_keeps_it_from_starting(store: EventStore) -> None:
    """And no thread is left."""
    append(store, "a", 20)
    live = LiveProjection(store, Picky, page=3)
    with pytest.raises(ProjectionFailed, match="at position 14"):
        live.start()
    assert not live._thread or not live._thread.is_alive()


@pytest.mark.promise(48)
def test_the_text_names_the_event_and_not_what_it_holds(store: EventStore) -> None:
    """Position, id and kind, and the class of the exception; its own text is in the cause."""
    append(store, "a", 14)
    recorded = list(store.read(events=Happened))[13]
    with pytest.raises(ProjectionFailed) as caught:
        LiveProjection(store, Picky).start()
    text = str(caught.value)
    for part in ("picky", "position 14", str(recorded.event_id), "ordering.happened", "Refused"):
        assert part in text
    assert "payload" not in text


@pytest.mark.promise(26)
def test_an_event_that_cannot_be_read_ends_it(store: EventStore) -> None:
    """It is named by position and the path in its payload."""
    append(store, "a", 3)
    spoil(store, 2)
    with pytest.raises(ProjectionFailed, match=r"at position 2: DecodeError: .*number") as caught:
        LiveProjection(store, History).start()
    assert isinstance(caught.value.__cause__, DecodeError)
    assert "secret" not in str(caught.value)


class Refusing(Projection[Happened], name="refusing"):
    """Raises where it should only select."""

    def concerns(self, recorded: Recorded[Happened]) -> bool:
        """Fail."""
        raise Refused

    def apply(self, recorded: Recorded[Happened]) -> None:
        """Evolve."""


def test_what_concerns_raises_ends_it(store: EventStore) -> None:
    """As what `apply` raises does."""
    from attrs import define

    append(store)
    with pytest.raises(ProjectionFailed, match="at position 1: Refused"):
        LiveProjection(store, define(Refusing), "x").start()
