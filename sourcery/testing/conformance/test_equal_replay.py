"""Whatever happens, and whenever snapshots are taken: a load is what a full replay would be."""

from itertools import count
from typing import Any

import attrs
import pytest
from attrs import define, field
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sourcery import (
    Aggregate,
    EventStore,
    MemorySnapshots,
    Policy,
    SqlSnapshots,
    UnitOfWork,
    always,
    any_of,
    every,
    never,
    on,
    slower_than,
)
from sourcery.aggregate import recorded_by
from sourcery.testing.conformance.databases import Database
from sourcery.testing.conformance.profile import times
from sourcery.testing.conformance.tallies import Added, Cleared, TallyEvent, counting

pytestmark: object = pytest.mark.promise(35)

POLICIES = (always(), every(2), every(5), on(Cleared), slower_than(0.0), never(), None)
POLICIES = (*POLICIES, any_of(every(4), on(Cleared)))


def first_release(policy: Policy | None) -> type[Any]:
    """A sum, and whether it is zero."""

    @define
    class Tally(Aggregate[TallyEvent], category="tally", snapshot=policy):
        total: int = 0
        cleared: bool = field(default=True, init=False)

        def apply(self, event: TallyEvent) -> None:
            self.total = self.total + event.amount if isinstance(event, Added) else 0
            self.cleared = isinstance(event, Cleared)

    return Tally


def next_release(policy: Policy | None) -> type[Any]:
    """The sum has another name, and the flag became a history."""

    @define
    class Tally(Aggregate[TallyEvent], category="tally", snapshot=policy):
        sum: int = 0
        _history: dict[int, set[int | None]] = field(factory=dict)

        def apply(self, event: TallyEvent) -> None:
            amount = event.amount if isinstance(event, Added) else None
            self.sum = 0 if amount is None else self.sum + amount
            self._history.setdefault(self.version % 3, set()).add(amount)

    return Tally


EVENTS = st.one_of(st.builds(Added, st.integers(-9, 9)), st.builds(Cleared))


@define
class Step:
    """One unit of work, by one release."""

    release: Any
    policy: Policy | None
    events: list[Any]
    #: Ask for a snapshot in the unit, or of the store afterwards.
    in_unit: bool
    after: bool


STEPS = st.builds(
    Step,
    st.sampled_from([first_release, next_release]),
    st.sampled_from(POLICIES),
    st.lists(EVENTS, max_size=4),
    st.booleans(),
    st.booleans(),
)


def carry_out(store: EventStore, id: str, step: Step) -> list[Any]:
    """The unit of work of a step; what was written."""
    cls = step.release(step.policy)
    with UnitOfWork(store) as uow:
        found = uow.get_or_create(cls, id)
        for event in step.events:
            found.record(event)
        if step.in_unit and step.policy:
            uow.snapshot(found)
        written = [event for event, _ in recorded_by(found)]
    if step.after and step.policy and found.version:
        store.snapshot(cls, id)
    return written


def state(aggregate: Any) -> tuple[Any, ...]:
    """Everything that counts."""
    return (aggregate.version, attrs.asdict(aggregate))


def replayed(cls: type[Any], events: list[Any]) -> tuple[Any, ...]:
    """By hand: nothing of the store's is asked."""
    fold = cls()
    for version, event in enumerate(events, start=1):
        fold.apply(event)
        fold._version = version
    return state(fold)


def as_of(store: EventStore, cls: type[Any], id: str, versions: int) -> list[Any]:
    """The state at each version, loaded from whatever snapshot there is."""
    return [state(store.load(cls, id, version=v)) for v in range(1, versions + 1)]


_ids = count()


@pytest.fixture(params=[SqlSnapshots, MemorySnapshots])
def keeping(request: pytest.FixtureRequest, database: Database) -> Any:
    """A store that keeps its snapshots there."""
    with EventStore(database.url, snapshot_store=request.param()) as store:
        yield store


@settings(
    max_examples=times(10, long=100),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=st.lists(STEPS, min_size=1, max_size=6))
def test_a_load_equals_a_replay(keeping: EventStore, steps: list[Step]) -> None:
    """For each release, at its end and at each version before, by every policy."""
    id, history = f"{next(_ids)}", []
    for step in steps:
        history += carry_out(keeping, id, step)
    for release in (first_release, next_release) if history else ():
        cls = release(never())
        expected = [replayed(cls, history[:v]) for v in range(1, len(history) + 1)]
        assert expected[-1] == state(keeping.load(cls, id))
        assert expected == as_of(keeping, cls, id, len(history))


def test_the_property_is_not_vacuous(keeping: EventStore) -> None:
    """Snapshots are really used on the way."""
    counted = counting(keeping)
    step = Step(next_release, always(), [Added(1), Cleared(), Added(2)], in_unit=False, after=False)
    for _ in range(2):
        carry_out(keeping, "t", step)
    assert 6 == keeping.load(next_release(never()), "t").version
    assert (2, 2) == (counted.packed, counted.unpacked)


def test_a_position_and_a_time_are_before_or_after_the_snapshot(keeping: EventStore) -> None:
    """Bounds of the log, not of the stream."""
    cls = first_release(never())
    for _ in range(4):
        carry_out(keeping, "t", Step(first_release, every(2), [Added(1)], False, False))
    found = list(keeping.read(events=TallyEvent))
    by_position = [keeping.load(cls, "t", position=each.position).total for each in found]
    by_time = [keeping.load(cls, "t", at=each.recorded_at).total for each in found]
    assert [1, 2, 3, 4] == by_position
    assert by_time == sorted(by_time)
    assert 4 == by_time[-1]
