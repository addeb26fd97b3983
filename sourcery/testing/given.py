"""given, when: an aggregate with a history, and the one thing done to it.

Of a projection the history is all there is to give; what it becomes is in `projected`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast, overload

from attrs import frozen

from sourcery.aggregate import Aggregate, aggregate_type, replay, restore, take_recorded
from sourcery.errors import DefinitionError, UndeclaredEvent
from sourcery.projection import Projection, is_projection
from sourcery.stream import StreamId, stream_id_text
from sourcery.testing.outcome import Outcome
from sourcery.testing.projected import Projected, project

A = TypeVar("A", bound=Aggregate[Any])
P = TypeVar("P", bound=Projection[Any])
C = TypeVar("C")


@frozen
class Given(Generic[A]):
    """A stream's history. Each `when` begins from it afresh, so one may serve many tests."""

    cls: type[A]
    events: tuple[object, ...]
    id: str

    # C means any object: as `object` it would hide the type of a lambda's argument from mypy.
    def when(
        self,
        action: Callable[[A], object] | C,  # pyright: ignore[reportInvalidTypeVarUse]
    ) -> Outcome[A]:
        """Do one thing: call a function with the aggregate, or its `handle` with a command.

        What it raises is kept for `raises`; every other check of the outcome fails with it.
        """
        aggregate = self._aggregate()
        decide = _decision(aggregate, action)
        try:
            result, error = decide(), None
        except Exception as raised:  # noqa: BLE001 - the outcome tells of it
            result, error = None, raised
        recorded = tuple(event for event, _ in take_recorded(aggregate))
        return Outcome(aggregate, recorded, result, error)

    def _aggregate(self) -> A:
        aggregate = restore(self.cls, self.id)
        for version, event in enumerate(self.events, 1):
            replay(aggregate, event, version)
        return aggregate


def _decision(aggregate: Aggregate[Any], action: object) -> Callable[[], Any]:
    if callable(action):
        function = cast("Callable[[Any], Any]", action)
        return lambda: function(aggregate)
    handle = getattr(aggregate, "handle", None)
    if not callable(handle):
        owner = type(aggregate).__qualname__
        problem = f"has no method handle(self, command) for {type(action).__qualname__}"
        raise DefinitionError(owner, problem)
    return lambda: handle(action)


@overload
def given(cls: type[A], *events: object, id: StreamId = "1") -> Given[A]: ...


@overload
def given(cls: type[P], *events: object, id: StreamId = "") -> Projected[P]: ...


def given(
    cls: type[Any], *events: object, id: StreamId | None = None
) -> Given[Any] | Projected[Any]:
    """An aggregate whose stream holds these events, in order; without any it is new.

    Or a projection, folded from these: events, or what `recorded` gives when the envelope
    matters.

    They are applied, not recorded. Raises `UndeclaredEvent` for an event outside the
    class's union, `DefinitionError` and `InvalidName` as a unit of work does.
    """
    if is_projection(cls):
        return project(cls, events, "" if id is None else id)
    declared = aggregate_type(cls).classes
    for event in events:
        if type(event) not in declared:
            raise UndeclaredEvent(type(event).__qualname__, cls.__qualname__)
    return Given(cls, events, stream_id_text("1" if id is None else id))
