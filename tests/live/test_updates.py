"""Updates: a state and what follows it, taken together."""

import copy
import time
from random import Random

import pytest

from sourcery import EventStore, LiveProjection
from sourcery.errors import ProjectionFailed, SlowReader
from tests.live.conftest import Background
from tests.live.projections import Gated, History, OfNumber, Picky, gate
from tests.ordering.support import append, wait_until


def write(store: EventStore, stream_id: str) -> None:
    """Transactions of one to three events."""
    for n in range(30):
        append(store, stream_id, 1 + n % 3)


def follow(live: LiveProjection[History], upto: int, seed: int) -> tuple[History, int]:
    """Take updates again and again, at any time; fold on until `upto`."""
    random, taken = Random(seed), 0
    while True:
        with live.updates(timeout=20.0) as updates:
            taken += 1
            mine = copy.deepcopy(updates.state)
            leave_after = random.randrange(20)
            for n, recorded in enumerate(updates):
                mine.apply(recorded)
                if mine.positions[-1] == upto or n == leave_after:
                    break
        if mine.positions[-1] == upto or live.position >= upto:
            return mine, taken


def test_nothing_is_lost_or_doubled_between_state_and_stream(
    live: LiveProjection[History], store: EventStore, background: Background
) -> None:
    """Readers come and go while three writers write: each makes the same history of it."""
    total = 3 * 60
    readers = [background(follow, live, total, seed) for seed in range(4)]
    writers = [background(write, store, str(n)) for n in range(3)]
    for writer in writers:
        writer.result()
    expected = live.read_after(store.now()).positions
    assert total == len(expected)
    for reader in readers:
        mine, taken = reader.result()
        assert taken > 1
        assert expected[: len(mine.positions)] == mine.positions


def test_only_what_concerns_it_is_an_update(store: EventStore) -> None:
    """The events that were folded in, no others."""
    with LiveProjection(store, OfNumber, 2) as live:
        updates = live.updates(timeout=0.0)
        live.wait_for(append(store, "a", 4))
        assert [3] == [recorded.position for recorded in updates]
        assert [] == updates.state.positions


def test_a_timeout_ends_the_loop_and_a_new_one_goes_on(
    live: LiveProjection[History], store: EventStore
) -> None:
    """Nothing is lost meanwhile."""
    updates = live.updates(timeout=0.05)
    assert [] == list(updates)
    live.wait_for(append(store, "a", 2))
    assert [1, 2] == [recorded.position for recorded in updates]
    live.wait_for(append(store))
    assert [3] == [recorded.position for recorded in updates]


def test_a_slow_reader_is_told(store: EventStore) -> None:
    """It gets no more events, which would hide that some are missing; a quick one does."""
    with LiveProjection(store, History, page=2, updates_kept=4) as live:
        slow, quick = live.updates(timeout=0.0), live.updates(timeout=0.0)
        for n in range(1, 7):
            live.wait_for(append(store))
            assert [n] == [recorded.position for recorded in quick]
        for _ in range(2):
            with pytest.raises(SlowReader, match="'history' fell 5 updates behind") as caught:
                next(slow)
            assert 5 == caught.value.dropped
        again = live.updates(timeout=0.0)
        live.wait_for(append(store))
        assert (6, [7]) == (again.state.position, [r.position for r in again])


def test_a_reader_that_keeps_up_to_the_limit_loses_nothing(store: EventStore) -> None:
    """The limit itself is still kept."""
    with LiveProjection(store, History, page=2, updates_kept=4) as live:
        updates = live.updates(timeout=0.0)
        live.wait_for(append(store, "a", 4))
        assert [1, 2, 3, 4] == [recorded.position for recorded in updates]


def test_forgotten_readers_hold_no_more_than_is_kept(store: EventStore) -> None:
    """Nobody closes them; they are let go of when they fall behind."""
    with LiveProjection(store, History, page=2, updates_kept=4) as live:
        forgotten = [live.updates() for _ in range(5)]
        live.wait_for(append(store, "a", 20))
        assert [0] * 5 == [len(updates._queue) for updates in forgotten]
        assert [] == live._board._updates


def test_closing_ends_a_waiting_reader_at_once(
    live: LiveProjection[History], store: EventStore, background: Background
) -> None:
    """From whatever thread; what was not read yet is gone."""
    updates = live.updates()
    iterating = background(list, updates)
    began = time.monotonic()
    updates.close()
    assert [] == iterating.result(10)
    assert time.monotonic() - began < 5
    live.wait_for(append(store))
    updates.close()
    assert [] == list(updates)
    assert [] == live._board._updates


def test_the_stop_ends_it_after_the_last_event(store: EventStore, background: Background) -> None:
    """Those that were folded in are given first."""
    with LiveProjection(store, History) as live:
        updates, other = live.updates(), live.updates()
        live.wait_for(append(store, "a", 2))
        assert [1, 2] == [recorded.position for _, recorded in zip(range(2), other, strict=False)]
        iterating = background(list, other)
    assert [] == iterating.result(10)
    assert [1, 2] == [recorded.position for recorded in updates]


@pytest.mark.promise(29)
def test_a_failure_ends_it_after_the_last_event(store: EventStore, background: Background) -> None:
    """With the cause, at once."""
    with LiveProjection(store, Picky, page=5) as live:
        updates, seen = live.updates(), []

        def iterate() -> None:
            seen.extend(recorded.position for recorded in updates)

        iterating = background(iterate)
        append(store, "a", 20)
        error = iterating.exception(10)
        assert isinstance(error, ProjectionFailed)
        assert 14 == error.position
        assert list(range(1, 11)) == seen
        with pytest.raises(ProjectionFailed):
            iterate()


def test_updates_begin_where_the_state_is(gated: LiveProjection[Gated], store: EventStore) -> None:
    """A page that is being folded belongs to neither, until it is published to both."""
    token = append(store, "a", 3)
    wait_until(lambda: gated._board.settled == 0 and gated.position == 0)
    updates = gated.updates(timeout=20.0)
    gate.set()
    assert [1, 2, 3] == gated.read_after(token).positions
    assert ([], 1) == (updates.state.positions, next(updates).position)
