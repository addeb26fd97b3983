"""What comes back is compared with what was written, to the last object in it."""

from collections import Counter, OrderedDict, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from enum import Enum
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

import attrs
import pytest
from attrs import define, frozen

from sourcery.codec import difference


class Colour(Enum):
    """Two."""

    RED = 1
    BLUE = 2


@define
class Line:
    """Changes."""

    cents: int = 0


@frozen
class Price:
    """Never changes."""

    cents: int = 0


@define(slots=False)
class Open:
    """Takes any attribute."""

    lines: list[Line] = attrs.field(factory=list)

    @cached_property
    def total(self) -> int:
        """Worked out again when it is asked for."""
        return sum(line.cents for line in self.lines)


@dataclass
class Record:
    """Of the standard library."""

    names: list[str] = field(default_factory=list)


MOMENT = datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")


def totalled() -> Open:
    """With its total worked out."""
    made = Open([Line(1)])
    assert made.total == 1
    return made


SAME: list[tuple[Any, Any]] = [
    (1, 1),
    (float("nan"), float("nan")),
    ("a", "a"),
    ([1, [2]], [1, [2]]),
    ({"a": {1, 2}}, {"a": {2, 1}}),
    ((1, "b"), (1, "b")),
    (Decimal("1.50"), Decimal("1.50")),
    (MOMENT, MOMENT),
    (MOMENT.astimezone(timezone(timedelta(hours=2))),) * 2,
    (Colour.RED, Colour.RED),
    (Open([Line(1)]), Open([Line(1)])),
    (totalled(), Open([Line(1)])),
    (Record(["a"]), Record(["a"])),
]


@pytest.mark.parametrize(("written", "read"), SAME)
def test_what_is_the_same_has_no_difference(written: Any, read: Any) -> None:
    """Whatever is worked out again, and whatever the order of a set."""
    assert None is difference(written, read)


def shared() -> list[Line]:
    """One object in two places."""
    line = Line(5)
    return [line, line]


def noted() -> Open:
    """With an attribute that is no field."""
    made = Open()
    made.note = "x"  # type: ignore[attr-defined]
    return made


OTHERS: list[tuple[Any, Any, str]] = [
    (1, True, "is a int and would come back as a bool"),
    (1, 2, "another value"),
    ([1], (1,), "is a list and would come back as a tuple"),
    (defaultdict(int, a=1), {"a": 1}, "is a defaultdict and would come back as a dict"),
    (Counter("a"), {"a": 1}, "is a Counter"),
    (OrderedDict(a=1), {"a": 1}, "is a OrderedDict"),
    ({"a": 1, "b": 2}, {"b": 2, "a": 1}, "another value"),
    ([1, 2], [1], "would not come back"),
    ([1], [1, 2], "another value"),
    ({1}, {True}, "another value"),
    (MOMENT.astimezone(BERLIN), MOMENT.astimezone(timezone(timedelta(hours=2))), "time zone"),
    (time(1, tzinfo=UTC), time(1), "another value"),
    (shared(), [Line(5), Line(5)], "is the same object as [0], and would come back as another"),
    (noted(), Open(), "would not come back"),
    (Open([Line(1)]), Open([Line(2)]), "another value"),
    (Colour.RED, Colour.BLUE, "another value"),
    (Record(["a"]), Record(["b"]), "another value"),
]


@pytest.mark.parametrize(("written", "read", "problem"), OTHERS)
def test_what_differs_is_named(written: Any, read: Any, problem: str) -> None:
    """With the first thing that is not as it was."""
    found = difference(written, read)
    assert found is not None
    assert problem in found[1]


def test_the_path_leads_to_it() -> None:
    """Through fields, items and keys."""
    found = difference({"a": Open([Line(1), Line(2)])}, {"a": Open([Line(1), Line(3)])})
    assert found is not None
    assert "['a'].lines[1].cents" == found[0]


def test_what_never_changes_may_be_shared() -> None:
    """Two of it are as good as one."""
    price = Price(5)
    assert None is difference([price, price, (1,), (1,)], [Price(5), Price(5), (1,), (1,)])
