"""One instance of a projection: empty, brought back, folded along events."""

# These are friends of the class, which users do not see on their projections.
# pyright: reportPrivateUsage=false

from __future__ import annotations

import copy
from collections.abc import Iterable
from typing import Any, TypeVar

from sourcery.errors import InvalidArgument, InvalidName
from sourcery.folded import make_empty
from sourcery.projection import Projection, projection_type
from sourcery.recorded import Recorded
from sourcery.stream import StreamId, stream_id_text

P = TypeVar("P", bound=Projection[Any])


def begin(cls: type[P], id: StreamId = "") -> P:
    """Make the state of one instance before any event.

    Raises `InvalidArgument` when an id is missing, or given to a single projection.
    """
    declared, text = projection_type(cls), _id_text(id)
    if text and not declared.has_instances:
        problem = f"{cls.__qualname__} is a single projection, without instances: leave it out"
        raise InvalidArgument("id", problem)
    if declared.has_instances and not text:
        problem = f"{cls.__qualname__} has instances (by per= or concerns): say which one"
        raise InvalidArgument("id", problem)
    empty = make_empty(cls)
    empty._id = text
    return empty


def resume(state: Projection[Any], id: str, position: int) -> None:
    """Make a state that was stored the one of its instance, at the position it had."""
    state._id, state._position = id, position


def _id_text(id: StreamId) -> str:
    if id == "":
        return ""
    try:
        return stream_id_text(id)
    except InvalidName as error:
        raise InvalidName("projection id", error.value, error.problem) from None


def fold(
    state: P, events: Iterable[Recorded[Any]], position: int, *, in_place: bool = False
) -> tuple[P, list[Recorded[Any]]]:
    """Fold in what concerns the state of a page up to `position`; the new state, and what did.

    Whoever holds the old state sees no change: it is copied before the first event, unless
    told that nobody holds it.
    """
    folded = state
    applied: list[Recorded[Any]] = []
    for recorded in events:
        if not folded.concerns(recorded):
            continue
        if folded is state and not in_place:
            folded = copy.deepcopy(state)
        folded.apply(recorded)
        applied.append(recorded)
    if folded is state and not in_place and position != state._position:
        folded = copy.copy(state)  # nothing that changes is shared: it is copied before it does
    folded._position = position
    return folded, applied
