"""Expected versions: what the writer of a stream saw, or that it does not care."""

from __future__ import annotations

from enum import Enum
from typing import Final, Literal

from sourcery.errors import InvalidArgument


class Expected(Enum):
    """Expectations that are not a version."""

    ANY = "any"
    EXISTS = "exists"

    def __repr__(self) -> str:
        return self.name


#: No check: the events go after whatever is there.
ANY: Final = Expected.ANY
#: The stream must have at least one event.
EXISTS: Final = Expected.EXISTS

#: Above every version that a database can hold.
_END: Final = 2**63

ExpectedVersion = int | Literal[Expected.ANY, Expected.EXISTS]


def check_expected(expected: object) -> ExpectedVersion:
    """Give it back, or raise `InvalidArgument`."""
    if isinstance(expected, Expected):
        return expected
    if isinstance(expected, bool) or not isinstance(expected, int):
        kind = type(expected).__name__
        raise InvalidArgument("expected", f"takes 0, a version, ANY or EXISTS, not {kind}")
    if not 0 <= expected < _END:
        raise InvalidArgument("expected", "a version is a whole number from 0 to 2**63 - 1")
    return expected


def admits(expected: ExpectedVersion, actual: int) -> bool:
    """Whether a stream at version `actual` is what the writer expected."""
    if expected is Expected.ANY:
        return True
    if expected is Expected.EXISTS:
        return actual > 0
    return actual == expected
