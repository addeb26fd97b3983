"""What a caller hands over: functions that a call runs, and several things in the place of one."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from inspect import (
    isasyncgenfunction,
    isawaitable,
    iscoroutine,
    iscoroutinefunction,
    isgeneratorfunction,
    signature,
)

from sourcery.errors import InvalidArgument


def is_several(value: object) -> bool:
    """Whether it holds several; a text and a class are one thing."""
    return isinstance(value, Iterable) and not isinstance(value, str | bytes | type)


def check_flag(name: str, value: object) -> None:
    """Raise `InvalidArgument` for what is no bool: the text "no" would count as yes."""
    if not isinstance(value, bool):
        raise InvalidArgument(name, f"must be True or False, not {type(value).__name__}")


def check_plain(name: str, function: Callable[..., object]) -> None:
    """Raise `InvalidArgument` for what is no function, or is async or a generator."""
    if not callable(function):
        raise InvalidArgument(name, f"must be a function, not {type(function).__name__}")
    if only_begins(function):
        raise InvalidArgument(name, "must be a plain function, neither async nor a generator")


def check_function(
    function: Callable[..., object], takes: Sequence[str], name: str = "handler"
) -> None:
    """Raise `InvalidArgument` for what is no plain function of these arguments."""
    check_plain(name, function)
    if problem := refused_call(function, takes):
        raise InvalidArgument(name, f"must take ({', '.join(takes)}), but: {problem}")


def refused_call(function: Callable[..., object], takes: Sequence[str]) -> str | None:
    """What would fail at every call; None if nothing does, or nobody can say it."""
    try:
        known = signature(function)
    except (TypeError, ValueError):
        return None
    try:
        known.bind(*takes)
    except TypeError as error:
        return str(error)
    return None


def only_begins(function: object) -> bool:
    """Whether a call would run nothing of the body, without a word."""
    return any(map(_only_begins, (function, type(function).__call__)))


def _only_begins(function: object) -> bool:
    return (
        iscoroutinefunction(function)
        or isgeneratorfunction(function)
        or isasyncgenfunction(function)
    )


def check_result(result: object, name: str = "handler") -> None:
    """Refuse what would still have to be awaited: the body has not run."""
    if result is None or not isawaitable(result):
        return
    if iscoroutine(result):
        result.close()  # or Python warns of it a second time
    raise InvalidArgument(name, "gave back an awaitable, and so did nothing: call it plainly")
