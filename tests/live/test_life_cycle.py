"""Starting and stopping."""

import threading
import time
from typing import Any

import pytest
from attrs import evolve

from sourcery import EventStore, LiveProjection
from sourcery.errors import InvalidArgument, ProjectionNotRunning, SchemaMissing, WaitTimeout
from tests.databases import Database
from tests.live.conftest import Background
from tests.live.projections import Gated, History, gate
from tests.ordering.support import append, wait_until


def threads() -> list[str]:
    """Names of the threads of live projections."""
    return [t.name for t in threading.enumerate() if t.name.startswith("sourcery-live-")]


def test_it_is_asked_only_while_it_runs(store: EventStore) -> None:
    """Before and after, every method that gives a state says so."""
    live, token = LiveProjection(store, History), store.now()
    for expected in ("is not running", "was stopped"):
        for ask in (live.current, live.updates, lambda: live.wait_for(token)):
            with pytest.raises(ProjectionNotRunning, match=expected):
                ask()
        if expected == "is not running":
            with live:
                assert [] == live.current().positions
        assert "stopped" == live.status


def test_it_is_used_once(store: EventStore) -> None:
    """Starting twice is harmless while it runs; after the stop it is an error."""
    with LiveProjection(store, History) as live:
        live.start()
        assert ["sourcery-live-history"] == threads()
    live.stop()
    assert [] == threads()
    with pytest.raises(ProjectionNotRunning, match="make a new one"):
        live.start()


@pytest.mark.promise(28)
def test_it_stops_at_once(store: EventStore) -> None:
    """Whatever the interval between two looks is."""
    live = LiveProjection(store, History, interval=60.0, longest_interval=60.0)
    live.start()
    began = time.monotonic()
    live.stop()
    assert time.monotonic() - began < 5
    assert [] == threads()


@pytest.mark.promise(28)
def test_a_stop_wakes_who_waits(
    live: LiveProjection[History], store: EventStore, background: Background
) -> None:
    """For a token; updates just end."""
    updates, never = live.updates(), evolve(store.now(), last=99)
    waiting = background(live.wait_for, never, 60.0)
    iterating = background(list, updates)
    wait_until(lambda: live._board.waiting == 1)
    live.stop()
    with pytest.raises(ProjectionNotRunning, match="was stopped"):
        waiting.result(5)
    assert [] == iterating.result(5)


def test_starting_raises_what_keeps_the_store_closed(empty_database: Database) -> None:
    """And may be tried again."""
    with EventStore(empty_database.url.render_as_string(hide_password=False)) as store:
        live = LiveProjection(store, History)
        with pytest.raises(SchemaMissing):
            live.start()
        store.upgrade()
        with live:
            assert 0 == live.position


def test_catching_up_is_bounded_when_asked(store: EventStore, background: Background) -> None:
    """The error tells how far it came of how far there is, and the thread is gone."""
    gate.clear()
    append(store, "a", 5)
    live = LiveProjection(store, Gated, timeout=0.05)
    starting = background(live.start)
    wait_until(lambda: live._board.ending is not None)
    gate.set()
    with pytest.raises(WaitTimeout) as caught:
        starting.result()
    assert 0 == caught.value.reached
    wait_until(lambda: [] == threads())


@pytest.mark.parametrize(
    "argument",
    [
        {"page": 0},
        {"page": 10**30},
        {"updates_kept": 0},
        {"interval": 0},
        {"longest_interval": -1.0},
        {"timeout": -1},
        {"timeout": float("nan")},
        {"timeout": "x"},
    ],
)
def test_a_size_that_cannot_work_is_refused(store: EventStore, argument: dict[str, Any]) -> None:
    """Before anything connects."""
    with pytest.raises(InvalidArgument, match=next(iter(argument))):
        LiveProjection(store, History, **argument)


@pytest.mark.parametrize("timeout", [-1, float("nan"), "x"])
def test_what_is_no_time_to_wait_is_refused(
    live: LiveProjection[History], store: EventStore, timeout: Any
) -> None:
    """Wherever there is a timeout."""
    token = store.now()
    for ask in (
        lambda: live.wait_for(token, timeout),
        lambda: live.read_after(token, timeout),
        lambda: live.updates(timeout=timeout),
    ):
        with pytest.raises(InvalidArgument, match="timeout: must be seconds"):
            ask()
