"""then: what came of it, and the checks a test makes on that.

Each check gives the outcome back, so that several can follow each other, and raises an
`AssertionError` whose text shows what was expected beside what happened.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Generic, Never, Self, TypeVar

from attrs import define

from sourcery.aggregate import Aggregate
from sourcery.testing.difference import between_events, between_values
from sourcery.testing.state import check_question, check_state, fail

A = TypeVar("A", bound=Aggregate[Any])
X = TypeVar("X", bound=Exception)


@define(eq=False)
class Outcome(Generic[A]):
    """What an aggregate recorded, returned or raised."""

    #: As it is afterwards.
    aggregate: A
    #: The new events, in order.
    recorded: tuple[object, ...]
    #: What the action returned; None when it raised.
    result: Any
    #: What it raised.
    error: Exception | None
    _error_is_expected: bool = False

    def then(self, *events: object) -> Self:
        """Exactly these events were recorded, in this order; `then()` is none at all.

        After `raises` it tells what was recorded before the exception.
        """
        __tracebackhide__ = True
        self._check_not_raised()
        if lines := between_events(events, self.recorded):
            self._fail("recorded other events than expected", lines)
        return self

    def raises(
        self,
        kind: type[X],
        match: str | None = None,
        *,
        check: Callable[[X], bool] | None = None,
    ) -> Self:
        """An exception of this class was raised.

        `match` is a regular expression to be found in its text; `check` says whether its
        attributes are right.
        """
        __tracebackhide__ = True
        self._error_is_expected = True
        error = self.error
        if error is None:
            self._fail(f"did not raise {kind.__qualname__}", self._history())
        if not isinstance(error, kind):
            self._fail(f"did not raise {kind.__qualname__}", [_shown(error)])
        if match is not None and not re.search(match, str(error)):
            lines = [f"expected {match!r}", f"actual   {str(error)!r}"]
            self._fail(f"raised {kind.__qualname__} with another text", lines)
        if check is not None and not check(error):
            self._fail("raised an exception that fails the check", [_shown(error)])
        return self

    def returns(self, expected: object) -> Self:
        """The function, or `handle`, returned this."""
        __tracebackhide__ = True
        self._check_not_raised()
        if lines := between_values("result", expected, self.result):
            self._fail("returned something else than expected", lines)
        return self

    def state(self, holds: Callable[[A], bool] | None = None, /, **fields: object) -> Self:
        """The aggregate is now like this: a function that says so, or attributes by name.

        Attributes make the better message: expected and actual value of each.
        """
        __tracebackhide__ = True
        check_question(holds, fields)
        self._check_not_raised()
        check_state(self.aggregate, holds, fields, self.error)
        return self

    def _check_not_raised(self) -> None:
        __tracebackhide__ = True
        if self.error is not None and not self._error_is_expected:
            self._fail("raised an exception", [_shown(self.error)])

    def _history(self) -> list[str]:
        return [f"it recorded {event!r}" for event in self.recorded] or ["it recorded nothing"]

    def _fail(self, what: str, lines: list[str]) -> Never:
        __tracebackhide__ = True
        fail(self.aggregate, what, lines, self.error)


def _shown(error: Exception) -> str:
    text = str(error)
    return f"it raised {type(error).__qualname__}" + (f": {text}" if text else "")
