"""A state comes back exactly as it was, or not at all."""

import dataclasses
from collections import Counter, OrderedDict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum, IntFlag
from typing import Any, Literal, TypedDict
from uuid import UUID

import attrs
import pytest
from attrs import define, field, frozen

from sourcery.codec import check_state
from sourcery.errors import EncodeError
from sourcery.snapshots.packing import Packing

pytestmark = pytest.mark.promise(35)


class Colour(Enum):
    """Stored by value."""

    RED = "r"


class Rights(IntFlag):
    """Stored as a number."""

    READ = 1
    WRITE = 2


class Place(TypedDict):
    """A dict with names."""

    x: int


@frozen
class Point:
    """A record within."""

    x: int
    y: int = 0


@define
class Made:
    """Its second field is taken by no `__init__`."""

    given: int = 0
    made: int = field(init=False, default=0)
    _private: int = 0


@dataclasses.dataclass
class Data:
    """The same, of the standard library."""

    given: int = 0
    made: int = dataclasses.field(init=False, default=0)


@dataclasses.dataclass
class MoreData(Data):
    """One field more."""

    more: int = 0


@define
class Tree:
    """It contains itself."""

    children: list["Tree"] = field(factory=list)


def holder(hint: Any) -> type[Any]:
    """A class with one field of this type."""
    return attrs.make_class("Holder", {"state": attrs.field(type=hint)})


def come_back(hint: Any, value: object) -> Any:
    """What is read from what was written."""
    cls, packing = holder(hint), Packing()
    check_state(cls)
    codec, data = packing.pack(cls(value))
    return packing.unpack(cls, codec, data).state


def made(cls: type[Any]) -> Any:
    """One whose fields were all changed later."""
    value = cls(1)
    value.made = 7
    return value


VALUES: list[tuple[Any, Any]] = [
    (int, -(2**63)),
    (float, -0.0),
    (Decimal, Decimal("1.10")),
    (str, "Áda\0"),
    (bytes, b"\xff\0"),
    (datetime, datetime(2013, 2, 4, 5, 6, 7, 8, tzinfo=UTC)),
    (date, date(2013, 2, 4)),
    (timedelta, timedelta(days=-1, microseconds=3)),
    (UUID, UUID(int=7)),
    (Colour, Colour.RED),
    (Rights, Rights.READ | Rights.WRITE),
    (Literal["a", 1], 1),
    (int | None, None),
    (int | str, "1"),
    (list[int | None], [1, None]),
    (tuple[int, str], (1, "a")),
    (tuple[Point, ...], (Point(1), Point(2, 3))),
    (set[tuple[int, int]], {(1, 2)}),
    (frozenset[str], frozenset("ab")),
    (dict[int, list[Point]], {1: [Point(1)]}),
    (dict[UUID, Decimal], {UUID(int=1): Decimal("0.0")}),
    (dict[Colour, int], {Colour.RED: 1}),
    (Counter[str], Counter("aab")),
    (OrderedDict[str, int], OrderedDict(b=1, a=2)),
    (Place, {"x": 1}),
    (Made, made(Made)),
    (Data, made(Data)),
    (Tree, Tree([Tree([Tree()])])),
    (Any, {"a": [1, 2.5, None, True, "x", {}]}),
    (dict, {"a": 1}),
]


@pytest.mark.parametrize(("hint", "value"), VALUES, ids=[str(hint) for hint, _ in VALUES])
def test_it_comes_back(hint: Any, value: object) -> None:
    """Of the same class, and equal."""
    found = come_back(hint, value)
    assert (type(value), value, repr(value)) == (type(found), found, repr(found))


def test_private_fields_come_back() -> None:
    """Attrs calls their argument otherwise."""
    value = Made(1)
    value._private = 5
    assert 5 == come_back(Made, value)._private


REFUSED: list[tuple[Any, Any, str]] = [
    (int, 2**63, "beyond 64 bits"),
    (float, float("nan"), "not a finite number"),
    (int, 1.5, "class float where int"),
    (datetime, datetime(2013, 2, 4), "naive datetime"),  # noqa: DTZ001 - that is the point
    (Any, (1, 2), "class tuple where no type is declared"),
    (Any, {1: 2}, "a key that is not a str"),
    (dict, {"a": {1}}, "class set where no type is declared"),
    (list[Any], [Point(1)], "class Point where no type is declared"),
    (Data, MoreData(1), "class MoreData where Data is declared"),
    (list[Data], [MoreData(1)], "class MoreData where Data is declared"),
    (str, "\ud800", "lone surrogate"),
]


@pytest.mark.parametrize(("hint", "value", "problem"), REFUSED)
def test_what_would_come_back_changed_is_refused(hint: Any, value: object, problem: str) -> None:
    """When it is written: the snapshot is not taken."""
    cls = holder(hint)
    with pytest.raises(EncodeError, match=problem):
        Packing().pack(cls(value))


@frozen
class Before:
    """Each of the next ones is read from its bytes, as if the tag were the same."""

    total: int = 5


@frozen
class Renamed:
    """The old field would become its default."""

    sum: int = 0


@frozen
class More:
    """And so would a new one."""

    total: int = 0
    more: int = 0


@frozen
class Less:
    """A field that is no longer there."""


@dataclasses.dataclass
class DataRenamed:
    """The same in a dataclass."""

    sum: int = 0


@pytest.mark.parametrize("cls", [Renamed, More, Less, DataRenamed])
def test_a_renamed_field_never_becomes_its_default(cls: type[Any]) -> None:
    """Neither in the state itself nor in a record within."""
    codec, data = Packing().pack(Before())
    with pytest.raises(Exception, match=r"field|Extra"):
        Packing().unpack(cls, codec, data)
    within = holder(list[cls])
    codec, data = Packing().pack(holder(list[Before])([Before()]))
    with pytest.raises(Exception, match=r"field|Extra"):
        Packing().unpack(within, codec, data)
