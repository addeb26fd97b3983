"""Handlers as they are given: refused where no event could be handled, else ready to be called."""

from __future__ import annotations

from collections.abc import Callable

from sourcery.arguments import check_flag, check_function
from sourcery.errors import InvalidArgument
from sourcery.worker.delivery import Batch, Delivery, Each, Effects


def delivery_of(handler: Callable[..., object], *, batch: bool, effects: bool) -> Delivery:
    """How a handler is called. Raises `InvalidArgument` for what is none."""
    check_flag("batch", batch)
    check_flag("effects", effects)
    if batch and effects:
        raise InvalidArgument("batch", "effects are handled one event at a time")
    check_function(handler, ["recorded"] if effects else ["uow", "events" if batch else "recorded"])
    if effects:
        return Effects(handler)
    return Batch(handler) if batch else Each(handler)
