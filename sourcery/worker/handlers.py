"""Handlers as they are given: refused where no event could be handled, else ready to be called."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction, signature

from sourcery.errors import InvalidArgument
from sourcery.worker.delivery import Batch, Delivery, Each, Effects


def delivery_of(handler: Callable[..., object], *, batch: bool, effects: bool) -> Delivery:
    """How a handler is called. Raises `InvalidArgument` for what is none."""
    if batch and effects:
        raise InvalidArgument("batch", "effects are handled one event at a time")
    check_function(handler, ["recorded"] if effects else ["uow", "events" if batch else "recorded"])
    if effects:
        return Effects(handler)
    return Batch(handler) if batch else Each(handler)


def check_function(handler: Callable[..., object], names: Sequence[str]) -> None:
    """Raise `InvalidArgument` for what is no plain function of these arguments."""
    if not callable(handler):
        raise InvalidArgument("handler", "must be a function")
    if any(map(_only_begins, (handler, type(handler).__call__))):
        raise InvalidArgument("handler", "must be a plain function, neither async nor a generator")
    _check_takes(handler, names)


def _check_takes(handler: Callable[..., object], names: Sequence[str]) -> None:
    """Refuse what would fail at every event; of some functions nobody can say it."""
    try:
        takes = signature(handler)
    except (TypeError, ValueError):
        return
    try:
        takes.bind(*names)
    except TypeError as error:
        problem = f"must take ({', '.join(names)}), but: {error}"
        raise InvalidArgument("handler", problem) from None


def _only_begins(function: object) -> bool:
    """Whether a call would run nothing of the body, without a word."""
    return (
        iscoroutinefunction(function)
        or isgeneratorfunction(function)
        or isasyncgenfunction(function)
    )
