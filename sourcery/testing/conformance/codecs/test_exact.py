"""What is written is what the field declares: nothing comes back changed, or not at all."""

import math
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, localcontext
from enum import Enum, Flag
from typing import Any, Literal, NamedTuple, TypedDict
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from attrs import field, frozen, make_class

from sourcery.codec import Codec
from sourcery.errors import EncodeError
from sourcery.testing.conformance.codecs.everything import Card, Cash, Colour, Level, Line

pytestmark: object = pytest.mark.promise(47)


def holder(hint: Any) -> Any:
    """An attrs class with one field of this type."""
    return make_class("Holder", {"value": field(type=hint)}, frozen=True)


@frozen
class Gift(Card):
    greeting: str = ""


@frozen
class Tree:
    name: str
    children: "list[Tree | Leaf]" = field(factory=list)


@frozen
class Leaf:
    name: str


class Access(Flag):
    READ = 1
    WRITE = 2


class Shape(Enum):
    POINT = (0, 0)
    LINE = (0, 1)


class Pair(NamedTuple):
    left: int
    right: str


class Options(TypedDict):
    depth: int


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (str, 5),
        (str, math.nan),
        (str, UUID(int=1)),
        (int, 1.5),
        (int, True),
        (int | str, True),
        (bool, "no"),
        (bool, 1),
        (float, True),
        (Literal[1, "a"], True),
        (Literal["a"], "b"),
        (dict[int, str], {True: "a"}),
        (float, 2**63 - 1),
        (object, math.nan),
        (object, object()),
        (UUID, "tiger"),
        (bytes, "tiger"),
        (Decimal, 1.5),
        (timedelta, 5),
        (datetime, date(2013, 1, 1)),
        (date, datetime(2013, 1, 1, tzinfo=UTC)),
        (time, time(12, tzinfo=ZoneInfo("Europe/Paris"))),
        (Colour, Level.LOW),
        (Access, 1),
        (Card, Gift("1", "hello")),
        (list[str], "abc"),
        (set[int], [1, 1]),
        (tuple[int, int], (1, 2, 3)),
        (dict[Colour, int], {"tiger": 1}),
        (Card | Cash, Gift("1", "hello")),
    ],
)
def test_another_class_is_refused(codec: Codec, hint: Any, value: Any) -> None:
    """It would be stored as something else, or as something that cannot be read."""
    with pytest.raises(EncodeError) as refused:
        codec.dumps(holder(hint)(value))
    assert "value" == refused.value.path


@pytest.mark.parametrize(
    ("hint", "value"),
    [
        (str | Card | Cash, Cash(Decimal(1))),
        (str | Card | Cash, "cash"),
        (int | list[Card | Cash], [Card("1"), Cash(Decimal(2))]),
        (int | float, 2.0),
        (float | None, -0.0),
        (int | Decimal, Decimal("1.0")),
        (Shape, Shape.LINE),
        (Shape | None, None),
        (dict[Literal["a", "b"], int], {"a": 1}),
        (dict[Level, int], {Level.HIGH: 1}),
        (dict[datetime, int], {datetime(2013, 1, 1, tzinfo=UTC): 1}),
        (Access, Access.READ | Access.WRITE),
        (Pair, Pair(1, "a")),
        (Options, Options(depth=1)),
        (object, {"a": [1, None]}),
        (Tree, Tree("a", [Leaf("b"), Tree("c", [Leaf("d")])])),
    ],
)
def test_rarer_types_read_back(codec: Codec, hint: Any, value: Any) -> None:
    """Equal, and of the same class."""
    cls = holder(hint)
    read = codec.reader(cls)(codec.dumps(cls(value))).value
    assert value == read
    assert type(value) is type(read)


def test_a_span_is_exact_in_any_decimal_context(codec: Codec) -> None:
    """The precision of a program's own sums does not round what it stores."""
    cls = holder(timedelta)
    with localcontext(prec=3):
        stored = codec.dumps(cls(timedelta(seconds=12345, microseconds=678901)))
        read = codec.reader(cls)(stored).value
    assert timedelta(seconds=12345, microseconds=678901) == read


def test_an_amount_that_was_a_float_keeps_its_digits(codec: Codec) -> None:
    """A field that became a Decimal reads 0.1 as it is written."""
    assert Decimal("0.1") == codec.reader(holder(Decimal))(b'{"value":0.1}').value


def test_the_path_follows_the_declared_types(codec: Codec) -> None:
    """Through optional containers and tuples, to the field that is wrong."""
    cls = holder(dict[str, tuple[Line, ...]] | None)
    wrong = Line("a", "tiger")  # type: ignore[arg-type]
    with pytest.raises(EncodeError, match="str where Decimal") as refused:
        codec.dumps(cls({"secret": (Line("a", Decimal(1)), wrong)}))
    assert "value[value 0][1].price" == refused.value.path
