"""Promise 29: a token names one commit; waiting is bounded, and wakes with the cause."""

import time

import pytest
from attrs import evolve

from sourcery import EventStore, LiveProjection, Stream, Token, UnitOfWork
from sourcery.context import Causes, handling
from sourcery.errors import (
    InvalidArgument,
    ProjectionFailed,
    TokenRefused,
    UseTheHandlersSession,
    WaitTimeout,
)
from tests.domain import Remarked
from tests.live.conftest import Background
from tests.live.projections import Gated, History, OfThings, Picky, Refused, gate
from tests.ordering.happened import Happened
from tests.ordering.support import append, wait_until

pytestmark = pytest.mark.promise(29)


def test_the_state_holds_exactly_that_commit(
    live: LiveProjection[History], store: EventStore
) -> None:
    """And all before it, each time at once."""
    for n in range(1, 30):
        token = append(store, "a", 3)
        state = live.read_after(token)
        assert list(range(1, token.last + 1)) == state.positions
        assert (3 * n, 3 * n) == (token.last, live.position)


def test_of_many_writers_each_reads_its_own(
    live: LiveProjection[History], store: EventStore, background: Background
) -> None:
    """Whoever else commits meanwhile."""

    def write(stream_id: str) -> None:
        for version in range(1, 16):
            state = live.read_after(append(store, stream_id))
            assert version == state.versions[f"thing/{stream_id}"]

    for writer in [background(write, str(n)) for n in range(4)]:
        writer.result()


@pytest.mark.parametrize("what", ["other kind", "other category", "message", "nothing", "now"])
def test_what_does_not_concern_it_resolves_too(store: EventStore, what: str) -> None:
    """Its position passes what the filter leaves out."""
    with LiveProjection(store, OfThings) as live:
        append(store)
        with UnitOfWork(store) as uow:
            if what == "other kind":
                uow.append(Stream("thing", "b"), [Remarked("hello")])
            elif what == "other category":
                uow.append(Stream("other", "b"), [Happened()])
            elif what == "message":
                uow.publish("topic", payload={})
        token = store.now() if what == "now" else uow.token
        assert [1] == live.read_after(token).positions
        assert live.position >= token.last >= 1


def test_a_token_may_have_travelled_as_json(
    live: LiveProjection[History], store: EventStore
) -> None:
    """Through a cookie, say."""
    token = Token.from_json(append(store).to_json())
    assert [1] == live.read_after(token).positions


def test_waiting_is_bounded_and_tells_the_progress(
    live: LiveProjection[History], store: EventStore
) -> None:
    """It may be waited for again; it has not been lost."""
    token = append(store)
    live.wait_for(token)
    beyond = evolve(token, last=7)
    began = time.monotonic()
    with pytest.raises(WaitTimeout) as caught:
        live.wait_for(beyond, timeout=0.1)
    assert 0.1 <= time.monotonic() - began < 5
    assert (7, 1, 1) == (caught.value.needed, caught.value.reached, caught.value.settled)
    assert "live projection 'history' reached position 1 of 7" in str(caught.value)
    append(store, "b", 6)
    assert 7 == live.read_after(beyond).position


def test_no_time_at_all_asks_without_waiting(
    gated: LiveProjection[Gated], store: EventStore
) -> None:
    """Whether it is there already."""
    gated.wait_for(store.now(), timeout=0)
    token = append(store)
    with pytest.raises(WaitTimeout):
        gated.wait_for(token, timeout=0)
    gate.set()
    gated.wait_for(token)


def test_all_who_wait_wake_with_the_cause(store: EventStore, background: Background) -> None:
    """At once, and each with an error of its own."""
    with LiveProjection(store, Picky) as live:
        never = evolve(store.now(), last=99)
        waiting = [background(live.wait_for, never, 60.0) for _ in range(3)]
        wait_until(lambda: live._board.waiting == 3)
        append(store, "a", 14)
        errors = [future.exception(10) for future in waiting]
        assert 3 == len(set(map(id, errors)))
        for error in errors:
            assert isinstance(error, ProjectionFailed)
            assert isinstance(error.__cause__, Refused)
            assert 14 == error.position


def test_a_token_of_another_store_is_refused(live: LiveProjection[History]) -> None:
    """It would be a position of another log."""
    with EventStore("sqlite://") as other:
        other.upgrade()
        with pytest.raises(TokenRefused, match="is of another store"):
            live.wait_for(other.now())


def test_a_token_of_before_a_repair_is_refused(
    live: LiveProjection[History], store: EventStore
) -> None:
    """Its position may have been given to another event; new ones are fine."""
    old = append(store)
    store.repair()
    with pytest.raises(TokenRefused, match="before the store was repaired"):
        live.wait_for(old)
    with pytest.raises(TokenRefused, match="after a repair"):
        live.wait_for(evolve(old, generation=99))
    assert [1] == live.read_after(store.now()).positions


def test_what_is_no_token_is_refused(live: LiveProjection[History], store: EventStore) -> None:
    """Its JSON text, for one."""
    with pytest.raises(InvalidArgument, match="must be a Token, not str: read it with Token"):
        live.wait_for(store.now().to_json())  # type: ignore[arg-type]


@pytest.mark.promise(49)
def test_rule_15_a_handler_does_not_wait(live: LiveProjection[History], store: EventStore) -> None:
    """It would wait for itself; outside a transaction it may."""
    token = store.now()
    for ask in (live.wait_for, live.read_after):
        with handling(Causes(in_transaction=True)), pytest.raises(UseTheHandlersSession):
            ask(token)
    with handling(Causes(in_transaction=False)):
        live.wait_for(token)
