"""Rule 29: a state that somebody holds never changes."""

import copy
from threading import Event
from typing import Any

import pytest
from attrs import define

from sourcery import EventStore, LiveProjection
from tests.live.conftest import Background
from tests.live.projections import History, OfNumber
from tests.ordering.support import append

pytestmark = pytest.mark.promise(49)

EVENTS = 120


def write(store: EventStore) -> None:
    """Many pages."""
    for n in range(EVENTS // 4):
        append(store, str(n % 3), 4)


def look(live: LiveProjection[History], enough: Event) -> tuple[int, list[int]]:
    """Look all the time: how many states, and positions of those where two fields disagree."""
    looked, broken = 0, []
    while not enough.is_set() or not looked:
        state = live.current()
        looked += 1
        if not state.is_whole or (state.positions and state.positions[-1] > state.position):
            broken.append(state.position)
    return looked, broken


def test_rule_29_a_held_state_never_changes(
    live: LiveProjection[History], store: EventStore
) -> None:
    """The first, and each that is taken while a hundred events follow."""
    held = [live.current()]
    as_it_was = [copy.deepcopy(held[0])]
    for n in range(EVENTS // 4):
        held.append(live.read_after(append(store, str(n % 3), 4)))
        as_it_was.append(copy.deepcopy(held[-1]))
    assert as_it_was == held
    assert [n * 4 for n in range(len(held))] == [state.position for state in held]


def test_rule_29_no_reader_sees_half_an_event(
    store: EventStore, background: Background, live: LiveProjection[History]
) -> None:
    """Two fields that `apply` changes one after the other agree whenever one looks."""
    enough = Event()
    readers = [background(look, live, enough) for _ in range(3)]
    write(store)
    assert EVENTS == len(live.read_after(store.now()).positions)
    enough.set()
    for reader in readers:
        looked, broken = reader.result()
        assert looked > 1
        assert [] == broken


@define
class Shared(History, name="shared"):
    """Breaks the rule on purpose: its copies are itself."""

    def __deepcopy__(self, memo: dict[int, Any]) -> "Shared":
        """Share."""
        return self


def test_rule_29_without_the_copy_it_is_seen(store: EventStore) -> None:
    """The test of the test: folded in place, a held state changes."""
    with LiveProjection(store, Shared) as live:
        held = live.current()
        live.wait_for(append(store))
        assert [1] == held.positions


def test_rule_29_the_position_of_a_held_state_stays(store: EventStore) -> None:
    """Also when what follows does not concern it; the new one shares what it can."""
    with LiveProjection(store, OfNumber, 5) as live:
        first = live.current()
        second = live.read_after(append(store, "a", 3))
        assert ([], 0) == (first.positions, first.position)
        assert ([], 3) == (second.positions, second.position)
        assert first.positions is second.positions


def test_rule_29_nothing_new_makes_no_new_state(
    live: LiveProjection[History], store: EventStore
) -> None:
    """However often the log is looked at."""
    state = live.read_after(append(store))
    for _ in range(3):
        assert state is live.read_after(store.now())
    assert state is live.current()
