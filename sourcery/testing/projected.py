"""given, for projections: events with their envelopes, and the state folded from them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final, Generic, Self, TypeGuard, TypeVar
from uuid import UUID

from attrs import define

from sourcery.context import Metadata
from sourcery.errors import UndeclaredEvent
from sourcery.events import event_type
from sourcery.ids import new_id
from sourcery.projecting import begin, fold
from sourcery.projection import Projection, ProjectionType, projection_type
from sourcery.recorded import Recorded
from sourcery.stream import Stream, StreamId
from sourcery.testing.state import check_question, check_state

E = TypeVar("E")
P = TypeVar("P", bound=Projection[Any])

_STREAM: Final = Stream("test", "1")
_MOMENT: Final = datetime(2000, 1, 1, tzinfo=UTC)


def recorded(
    event: E,
    *,
    stream: Stream = _STREAM,
    version: int = 1,
    position: int = 1,
    recorded_at: datetime = _MOMENT,
    metadata: Metadata | None = None,
    event_id: UUID | None = None,
) -> Recorded[E]:
    """An event in an envelope of the test's own, for `apply` of a projection, or a handler."""
    declared = event_type(type(event))
    row = (
        position,
        stream.category,
        stream.id,
        version,
        event_id or new_id(),
        declared.kind,
        declared.version,
        "",  # the event is there already, so nobody reads its data
        (metadata or Metadata()).encoded,
        recorded_at.isoformat(),
    )
    return Recorded(event, row)


@define(eq=False)
class Projected(Generic[P]):
    """What a projection became."""

    projection: P

    def state(self, holds: Callable[[P], bool] | None = None, /, **fields: object) -> Self:
        """It is now like this: a function that says so, or attributes by name."""
        __tracebackhide__ = True
        check_question(holds, fields)
        check_state(self.projection, holds, fields)
        return self


def project(cls: type[P], events: tuple[object, ...], id: StreamId) -> Projected[P]:
    """Fold what a store would: events of other categories and streams are passed over."""
    declared, empty = projection_type(cls), begin(cls, id)
    stream = _default_stream(declared, empty.id)
    enveloped = [_enveloped(event, stream, n) for n, event in enumerate(events, 1)]
    for each in enveloped:
        if type(each.event) not in declared.classes:
            raise UndeclaredEvent(type(each.event).__qualname__, cls.__qualname__)
    wanted = [each for each in enveloped if _selects(declared, empty.id, each.stream)]
    upto = max((each.position for each in enveloped), default=0)
    return Projected(fold(empty, wanted, upto)[0])


def _default_stream(declared: ProjectionType, id: str) -> Stream:
    category = declared.categories[0] if declared.categories else _STREAM.category
    return Stream(category, id if declared.per_stream else _STREAM.id)


def _enveloped(event: object, stream: Stream, number: int) -> Recorded[Any]:
    if _is_recorded(event):
        return event
    return recorded(event, stream=stream, version=number, position=number)


def _is_recorded(event: object) -> TypeGuard[Recorded[Any]]:
    return isinstance(event, Recorded)


def _selects(declared: ProjectionType, id: str, stream: Stream) -> bool:
    is_ours = not declared.categories or stream.category in declared.categories
    return is_ours and (not declared.per_stream or stream.id == id)
