"""What JSON cannot hold faithfully is refused, with the path to it and never its value."""

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from attrs import field, frozen

from sourcery import event
from sourcery.codec import Codec
from sourcery.errors import DefinitionError, EncodeError
from sourcery.testing.conformance.codecs.everything import Card, Cash, Line

pytestmark: object = pytest.mark.promise(47)


@event("tests.order")
@frozen
class Order:
    lines: list[Line] = field(factory=list)
    when: datetime | None = None
    weight: float = 1.0
    count: int = 1
    note: str = ""
    free: Any = None
    paid: Card | Cash | None = None


def nested(depth: int) -> list[Any]:
    inner: list[Any] = []
    for _ in range(depth):
        inner = [inner]
    return inner


@pytest.mark.parametrize(
    ("order", "path", "problem"),
    [
        (lambda: Order(weight=math.nan), "weight", "finite"),
        (lambda: Order(weight=math.inf), "weight", "finite"),
        (lambda: Order(free={"a": [1.0, math.nan]}), "free[value 0][1]", "finite"),
        (
            lambda: Order(lines=[Line("a", Decimal(1)), Line("b", Decimal("NaN"))]),
            "lines[1].price",
            "finite",
        ),
        (lambda: Order(count=2**63), "count", "64 bits"),
        (lambda: Order(free=[-(2**63) - 1]), "free[0]", "64 bits"),
        (lambda: Order(note="lone \ud800 secret"), "note", "surrogate"),
        (lambda: Order(when=datetime(2013, 2, 4)), "when", "naive"),  # noqa: DTZ001
        (lambda: Order(free={1: "a"}), "free", "key"),
        (lambda: Order(free=object()), "free", "type"),
        (lambda: Order(paid=Line("a", Decimal(1))), "paid", "union"),
        (lambda: Order(free=nested(100_000)), "free", "nested too deeply"),
    ],
)
def test_it_is_refused_by_path(
    codec: Codec, order: Callable[[], Order], path: str, problem: str
) -> None:
    """The error names the event's kind, the field and what is wrong with it."""
    with pytest.raises(EncodeError, match=problem) as refused:
        codec.dumps(order())
    assert "tests.order" == refused.value.kind
    assert refused.value.path.startswith(path)
    assert "secret" not in str(refused.value)


def test_ten_megabytes_are_stored(codec: Codec) -> None:
    """A large payload is no reason to refuse."""
    large = Order(note="x" * 10_000_000)
    assert large == codec.reader(Order)(codec.dumps(large))


class Strange:
    """cattrs knows no way back to this."""


@frozen
class Holder:
    good: int
    strange: Strange


@frozen
class Twice:
    number: str


OtherCard: Any = type("Card", (), {"__annotations__": {"other": str}})


@frozen
class _SameTag:
    paid: Card | frozen(OtherCard)  # type: ignore[valid-type]


@pytest.mark.parametrize(("cls", "named"), [(Holder, "strange"), (_SameTag, "Card")])
def test_a_class_that_cannot_be_read_is_refused_at_definition(
    codec: Codec, cls: type, named: str
) -> None:
    """The store says so when it is made, not when the first event is read."""
    with pytest.raises(DefinitionError, match=named):
        codec.reader(cls)
