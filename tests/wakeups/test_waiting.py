"""Sleeping between two looks: what ends it, and what does not."""

import gc
import time
from collections.abc import Callable
from threading import Event, Thread
from uuid import uuid4

import pytest

from sourcery.waiting import Signal, Waiting, signal_for
from tests.ordering.support import DEADLINE, wait_until
from tests.wakeups.support import NEVER, is_left_alone, is_woken, rested, threads

SLEEPS: dict[str, Callable[[Waiting], None]] = {
    "rest": lambda waiting: waiting.rest(),
    "sleep": lambda waiting: waiting.sleep(NEVER),
}


def a_waiting(stop: Event | None = None, interval: float = NEVER) -> Waiting:
    return Waiting(Signal(), stop, interval=interval, longest=max(interval, 1.0))


def test_there_is_one_signal_per_store() -> None:
    """Two objects of one store in this process wake each other, two stores do not."""
    one, other = str(uuid4()), str(uuid4())
    kept = signal_for(one)
    assert kept is signal_for(one)
    assert kept is not signal_for(other)


def test_a_signal_since_the_mark_ends_the_rest_at_once() -> None:
    """What comes while somebody looks is not slept over."""
    signal = Signal()
    with Waiting(signal, interval=NEVER) as waiting:
        waiting.mark()
        signal.send()
        assert is_woken(waiting)
        assert is_left_alone(waiting)


def test_a_signal_before_the_mark_does_not_count() -> None:
    """The look that follows the mark sees what it spoke of."""
    signal = Signal()
    with Waiting(signal, interval=NEVER) as waiting:
        signal.send()
        waiting.mark()
        assert is_left_alone(waiting)


def test_a_signal_wakes_all_who_wait() -> None:
    """Each has its own mark."""
    signal = Signal()
    with Waiting(signal, interval=NEVER) as one, Waiting(signal, interval=NEVER) as other:
        signal.send()
        one.mark()
        assert is_woken(other)
        assert is_left_alone(one)


def test_the_interval_doubles_to_its_longest() -> None:
    """Each rest is at least 80 % of 10, 20, 40 and again 40 ms."""
    with Waiting(Signal(), interval=0.01, longest=0.04) as waiting:
        for least in (0.008, 0.016, 0.032, 0.032):
            assert least <= rested(waiting)


def test_after_something_came_the_interval_is_short_again() -> None:
    """A rest of at least 0.64 s is followed by one of 50 ms."""
    with Waiting(Signal(), interval=0.05, longest=10.0) as waiting:
        for _ in range(4):
            waiting.rest()
        waiting.busy()
        assert rested(waiting) < 0.6


def test_a_rest_can_be_shorter_than_the_interval() -> None:
    """A caller's deadline comes first, one that has passed too."""
    with a_waiting() as waiting:
        assert 0.02 <= rested(waiting, 0.02) < DEADLINE
        assert rested(waiting, -1.0) < DEADLINE


def test_a_wake_up_does_not_end_a_back_off() -> None:
    """A failed event is not tried again earlier because others were written."""
    with a_waiting() as waiting:
        waiting.wake()
        begun = time.monotonic()
        waiting.sleep(0.05)
        assert 0.05 <= time.monotonic() - begun


@pytest.mark.promise(28)
@pytest.mark.parametrize("kind", SLEEPS)
def test_the_callers_event_interrupts_at_once(kind: str) -> None:
    """Whichever way it sleeps, without looking at the event now and then."""
    stop = Event()
    with a_waiting(stop) as waiting:
        sleeper = Thread(target=SLEEPS[kind], args=(waiting,))
        sleeper.start()
        wait_until(lambda: "sourcery-stop" in threads())
        assert sleeper.is_alive()
        stop.set()
        sleeper.join(DEADLINE)
        assert not sleeper.is_alive()
        assert waiting.stopped


@pytest.mark.promise(28)
@pytest.mark.parametrize("kind", SLEEPS)
def test_stop_from_another_thread_interrupts_at_once(kind: str) -> None:
    """And every later sleep is none."""
    with a_waiting() as waiting:
        sleeper = Thread(target=SLEEPS[kind], args=(waiting,))
        sleeper.start()
        waiting.stop()
        sleeper.join(DEADLINE)
        assert not sleeper.is_alive()
        waiting.mark()
        SLEEPS[kind](waiting)


def test_an_event_that_is_set_already_needs_no_thread() -> None:
    """Nothing is slept, and nothing is watched."""
    stop = Event()
    stop.set()
    with a_waiting(stop) as waiting:
        assert waiting.stopped
        waiting.rest()
        waiting.sleep(NEVER)


def test_the_watcher_of_the_event_ends_with_the_waiting() -> None:
    """Closed, or forgotten; and without an event there never is one."""
    wait_until(lambda: "sourcery-stop" not in threads())
    with a_waiting() as waiting:
        waiting.rest(0)
        assert "sourcery-stop" not in threads()
    closed = a_waiting(Event())
    closed.rest(0)
    closed.close()
    forgotten = a_waiting(Event())
    forgotten.rest(0)
    assert "sourcery-stop" in threads()
    del forgotten
    gc.collect()
    wait_until(lambda: "sourcery-stop" not in threads())


def test_what_it_holds_is_released_once() -> None:
    """At the first close, or when it is collected."""
    released: list[str] = []
    closed, forgotten = a_waiting(), a_waiting()
    closed.when_resting(lambda: lambda: released.append("closed"))
    forgotten.when_resting(lambda: lambda: released.append("forgotten"))
    for waiting in (closed, closed, forgotten):
        waiting.rest(0)
    del waiting
    assert [] == released
    closed.close()
    closed.close()
    del forgotten
    gc.collect()
    assert ["closed", "forgotten"] == released
