"""Promise 35: kept live = on demand = rebuilt from the origin, for random histories."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import pytest
from attrs import define
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sourcery import EventStore, LiveProjection, Projection, Recorded, never
from sourcery.testing.conformance.happened import Happened
from sourcery.testing.conformance.profile import times
from sourcery.testing.conformance.projecting import Asked, append_to, stored
from sourcery.testing.conformance.projections import History, OfNumber, OfThing

pytestmark: object = pytest.mark.promise(35)


@define
class AskedThing(
    OfThing, name="asked-thing", categories=["thing", "other"], per="stream", snapshot=never()
):
    """`OfThing` with snapshots at random."""


@define
class AskedNumber(OfNumber, name="asked-number", snapshot=never()):
    """`OfNumber` with snapshots at random."""


#: What is rebuilt from the origin each time, and the same with snapshots.
TWINS: Sequence[tuple[type[History], type[History], str]] = [
    (History, Asked, ""),
    (OfThing, AskedThing, "a"),
    (OfThing, AskedThing, "b"),
    (OfNumber, AskedNumber, "1"),
]

#: Append numbers to a stream, or take a snapshot of one of the twins.
Step: TypeAlias = tuple[str, str, list[int]] | int
steps: Any = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["thing", "other", "third"]),
            st.sampled_from(["a", "b"]),
            st.lists(st.integers(0, 2), min_size=1, max_size=4),
        ),
        st.integers(0, len(TWINS) - 1),
    ),
    max_size=12,
)
at_random: Any = settings(
    max_examples=times(6, long=50),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def take(store: EventStore, step: Step) -> None:
    """Do one step; each example goes on where the last one ended."""
    if isinstance(step, int):
        _, twin, id = TWINS[step]
        store.snapshot(twin, id)
        return
    category, stream_id, numbers = step
    append_to(store, category, *numbers, stream_id=stream_id)


def facts(state: History) -> tuple[Any, ...]:
    """All that there is to compare."""
    return state.id, state.position, state.positions, state.versions


@at_random
@given(history=steps)
def test_on_demand_is_as_rebuilt(store: EventStore, history: list[Step]) -> None:
    """From whatever snapshot it began, now and at every position of this history."""
    before = store.settled()
    for step in history:
        take(store, step)
    for origin, twin, id in TWINS:
        assert facts(store.project(origin, id)) == facts(store.project(twin, id))
        for position in range(before, store.settled() + 1):
            expected = store.project(origin, id, position=position)
            assert facts(expected) == facts(store.project(twin, id, position=position))


@settings(at_random, max_examples=times(4, long=25))
@given(before=steps, meanwhile=steps, page=st.integers(1, 5))
def test_kept_live_is_as_rebuilt(
    store: EventStore, before: list[Step], meanwhile: list[Step], page: int
) -> None:
    """It begins at a snapshot, and others are taken while it follows."""
    for step in before:
        take(store, step)
    for origin, twin, id in TWINS:
        with LiveProjection(store, twin, id, page=page) as live:
            for step in meanwhile:
                take(store, step)
            state = live.read_after(store.now())
        assert facts(store.project(origin, id)) == facts(state)
        assert facts(store.project(twin, id)) == facts(state)


@define
class Forgetful(Projection[Happened], name="forgetful", snapshot=never()):
    """A state that does not hold all that `apply` looks at."""

    count: int = 0
    seen = 0

    def apply(self, recorded: Recorded[Happened]) -> None:
        """Evolve by what is not stored."""
        type(self).seen += 1
        self.count = type(self).seen


def test_a_state_that_is_not_a_fold_is_seen(store: EventStore) -> None:
    """The test of the test: what a snapshot does not hold makes the two differ."""
    append_to(store, "thing", 0, 1)
    store.snapshot(Forgetful)
    append_to(store, "thing", 2)
    assert store.project(Forgetful) != store.project(Forgetful, position=store.settled())
    assert 1 == len(stored(store))
