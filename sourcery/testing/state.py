"""The check that a state is as a test expects, of whatever was folded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Never

from sourcery.errors import InvalidArgument
from sourcery.testing.difference import between_values


def fail(subject: object, what: str, lines: list[str], cause: Exception | None = None) -> Never:
    """Raise the failure of a check: what is wrong with the subject, and the lines that show it."""
    __tracebackhide__ = True
    text = "\n".join([f"{type(subject).__qualname__} {what}", *lines])
    raise AssertionError(text.replace("\n", "\n  ")) from cause


def check_question(holds: object, fields: Mapping[str, object]) -> None:
    """Refuse a check that would pass for everything."""
    __tracebackhide__ = True
    if holds is None and not fields:
        raise InvalidArgument("state", "takes a function or attributes: state(balance=5)")


def check_state(
    subject: Any,
    holds: Callable[[Any], bool] | None,
    fields: Mapping[str, object],
    cause: Exception | None = None,
) -> None:
    """Compare attributes by name, then ask the function."""
    __tracebackhide__ = True
    lines = [
        line
        for name, expected in fields.items()
        for line in between_values(name, expected, getattr(subject, name))
    ]
    if lines:
        fail(subject, "is in another state than expected", lines, cause)
    if holds is not None and not holds(subject):
        fail(subject, "is in a state that fails the check", [repr(subject)], cause)
